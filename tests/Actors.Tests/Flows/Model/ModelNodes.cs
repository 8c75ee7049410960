using Actors.Flows;

namespace Actors.Tests.Flows.Model;

internal sealed class AddNode(Number a, Number b) : Node
{
    protected override End Act(Env env) => new(Value.Of(a.Of(env) + b.Of(env)));

    protected override IEnumerable<(string, object)> Keys() => [("task", "Add"), ("inputs", $"{{a: '{a.Hole}', b: '{b.Hole}'}}")];
}

internal sealed class FailNode(string message) : Node
{
    protected override End Act(Env env) => new(default, message);

    protected override IEnumerable<(string, object)> Keys() => [("task", "Fail"), ("inputs", $"{{message: {message}}}")];
}

internal sealed class ExitNode(Number value) : Node
{
    protected override End Act(Env env) => new(default, null, Value.Object(new KeyValuePair<string, Value>("exited", value.Value(env))));

    protected override IEnumerable<(string, object)> Keys() => [("exit", $"{{outputs: {{exited: '{value.Hole}'}}}}")];
}

internal sealed class SetNode(string name, Number value) : Node
{
    protected override End Act(Env env)
    {
        env.State[name] = value.Value(env);
        return default;
    }

    protected override IEnumerable<(string, object)> Keys() => [("set", $"{{{name}: '{value.Hole}'}}")];
}

internal sealed class AppendNode(Number value) : Node
{
    protected override End Act(Env env)
    {
        env.State["list"] = Value.List([.. env.State["list"].AsList!.Items, value.Value(env)]);
        return default;
    }

    protected override IEnumerable<(string, object)> Keys() => [("append", $"{{list: '{value.Hole}'}}")];
}

internal sealed class WaitNode : Node
{
    protected override End Act(Env env) => default;

    protected override IEnumerable<(string, object)> Keys() => [("wait", "90s")];
}

internal sealed class SignalNode : Node
{
    protected override End Act(Env env) => new(Value.Object(new("received", Value.False), new("data", Value.Null), new("by", Value.Null)));

    protected override IEnumerable<(string, object)> Keys() => [("wait", "{signal: never, timeout: 2m}")];
}

internal sealed class EmitNode(Number value) : Node
{
    protected override End Act(Env env) => default;

    protected override IEnumerable<(string, object)> Keys() => [("emit", $"{{event: told, data: '{value.Hole}'}}")];
}

internal sealed class BackgroundNode(Number a) : Node
{
    protected override End Act(Env env) => default;

    protected override IEnumerable<(string, object)> Keys() => [("task", "Add"), ("inputs", $"{{a: '{a.Hole}', b: 1}}"), ("background", "true")];
}

/// <summary>People answer with what they were shown: the answer that comes back must be the one of exactly this question.</summary>
internal sealed class AskNode(string name, Number shown) : Node
{
    protected override End Act(Env env)
    {
        env[name] = shown.Value(env);
        return default;
    }

    protected override IEnumerable<(string, object)> Keys() => [("do", new List<Node> { new Question(name, shown), new Taken(name) })];

    private sealed class Question(string name, Number shown) : Node
    {
        protected override End Act(Env env) => default;

        protected override IEnumerable<(string, object)> Keys() => [("id", name + "q"), ("approval", $"{{title: 'Show', details: '{shown.Hole}'}}")];
    }

    private sealed class Taken(string name) : Node
    {
        protected override End Act(Env env) => default;

        protected override IEnumerable<(string, object)> Keys() => [("id", name), ("task", "Add"), ("inputs", $"{{a: '${{{name}q.data}}', b: 0}}")];
    }
}

internal sealed class IfNode(Number a, Number b, IReadOnlyList<Node> then, IReadOnlyList<Node> otherwise) : Node
{
    protected override End Act(Env env) => Out(RunBlock(env, a.Of(env) < b.Of(env) ? then : otherwise));

    protected override IEnumerable<(string, object)> Keys() => [("if", $"'{a.Text} < {b.Text}'"), ("then", then), ("else", otherwise)];

    internal static End Out(End end) => end with { Value = default };
}

internal sealed class SwitchNode(Number subject, IReadOnlyList<IReadOnlyList<Node>> cases, IReadOnlyList<Node> rest) : Node
{
    private Number Rest => Number.Sum(subject, Number.Literal(0));

    protected override End Act(Env env)
    {
        int chosen = (int)(Rest.Of(env) % 5);
        return IfNode.Out(RunBlock(env, chosen < cases.Count ? cases[chosen] : rest));
    }

    protected override IEnumerable<(string, object)> Keys()
    {
        yield return ("switch", $"'${{{Rest.Text} % 5}}'");
        yield return ("cases", new Cases(cases));
        yield return ("default", rest);
    }

    // A list of mappings, written as steps are.
    private sealed class Cases(IReadOnlyList<IReadOnlyList<Node>> cases) : List<Node>(cases.Select((steps, i) => new Case(i, steps)));

    private sealed class Case(int value, IReadOnlyList<Node> steps) : Node
    {
        protected override End Act(Env env) => default;

        protected override IEnumerable<(string, object)> Keys() => [("when", value), ("do", steps)];
    }
}

internal sealed class DoNode(IReadOnlyList<Node> steps, IReadOnlyList<Node> last) : Node
{
    protected override End Act(Env env)
    {
        Env outer = env.Block();
        End end = RunBlock(outer, steps);
        End final = RunAll(outer, last);
        if (end.Error is null && final.Error is null)
        {
            env.TakeState(outer);
            env.TakeNames(outer);
        }

        return IfNode.Out(final.Error is not null ? final : end.Exit is not null || end.Error is not null ? end : final);
    }

    protected override IEnumerable<(string, object)> Keys() => [("do", steps), ("finally", last)];
}

internal sealed class EachNode(IReadOnlyList<int> items, string variable, int concurrency, string? onError, Number collect, IReadOnlyList<Node> steps) : Node
{
    protected override End Act(Env env)
    {
        List<Value> results = [];
        Env each = env.Block();
        Dictionary<string, Value> origin = new(each.State, StringComparer.Ordinal);
        for (int i = 0; i < items.Count; i++)
        {
            Env item = new Env(each, new Dictionary<string, Value>(concurrency == 1 ? each.State : origin, StringComparer.Ordinal)).With(variable, Value.Of((decimal)items[i])).With("index", Value.Of((decimal)i));
            Env inside = new(item, item.State);
            End end = RunAll(inside, steps);
            if (end.Exit is not null)
            {
                return end;
            }

            if (end.Error is not null && onError is null)
            {
                return end;
            }

            ModelState.Join(each.State, origin, inside.State, concurrency == 1);
            if (end.Error is null)
            {
                results.Add(collect.Value(inside));
            }
            else if (onError == "collect")
            {
                results.Add(Value.Of(-1m));
            }
        }

        env.TakeState(each);

        // What failed is told apart by its error; here it only counts.
        return new End(Value.List([.. results]));
    }

    protected override IEnumerable<(string, object)> Keys()
    {
        yield return ("for_each", $"[{string.Join(", ", items)}]");
        yield return ("as", variable);
        yield return ("concurrency", concurrency);
        if (onError is not null)
        {
            yield return ("on_item_error", onError);
        }

        yield return ("collect", $"'{collect.Hole}'");
        yield return ("do", steps);
    }
}

internal static class ModelState
{
    /// <summary>What one of several blocks side by side has written: additions to the list are added, of anything else the last counts.</summary>
    public static void Join(Dictionary<string, Value> state, Dictionary<string, Value> origin, Dictionary<string, Value> written, bool replaces)
    {
        foreach ((string name, Value value) in written)
        {
            if (replaces || (name != "list" && !value.Equals(origin[name])))
            {
                state[name] = value;
            }
            else if (name == "list")
            {
                state[name] = Value.List([.. state[name].AsList!.Items, .. value.AsList!.Items[origin[name].AsList!.Items.Length..]]);
            }
        }
    }
}

internal sealed class LoopNode(Number carry, int max, Number limit, bool asksBefore, Number next, IReadOnlyList<Node> steps) : Node
{
    protected override End Act(Env env)
    {
        Env loop = env.Block();
        Value carried = carry.Value(env);
        for (int i = 0; ; i++)
        {
            Env iteration = new Env(loop, loop.State).With("carried", carried).With("index", Value.Of((decimal)i));
            if (asksBefore && (decimal)carried.AsNumber! >= limit.Of(iteration))
            {
                break;
            }

            Env body = new(iteration, new Dictionary<string, Value>(loop.State, StringComparer.Ordinal));
            End end = RunAll(body, steps);
            if (end.Error is not null)
            {
                return end;
            }

            loop.TakeState(body);
            if (end.Exit is not null)
            {
                env.TakeState(loop);
                return end;
            }

            carried = next.Value(body);
            if ((!asksBefore && next.Of(body) >= limit.Of(body)) || i + 1 == max)
            {
                break;
            }
        }

        env.TakeState(loop);
        return new End(carried);
    }

    protected override IEnumerable<(string, object)> Keys() =>
    [
        ("loop", steps), ("carry", $"'{carry.Hole}'"), ("max", max), ("on_max", "exit"), ("next", $"'{next.Hole}'"),
        asksBefore ? ("while", $"'carried < {limit.Text}'") : ("until", $"'{next.Text} >= {limit.Text}'"),
    ];
}

internal sealed class ParallelNode(IReadOnlyList<(string Name, IReadOnlyList<Node> Steps)> branches, string? onFailure, bool isReduced) : Node
{
    protected override End Act(Env env)
    {
        List<KeyValuePair<string, Value>> outputs = [];
        Env all = env.Block();
        Dictionary<string, Value> origin = new(all.State, StringComparer.Ordinal);
        decimal sum = 0;
        foreach ((string name, IReadOnlyList<Node> steps) in branches)
        {
            Env branch = new(env, new Dictionary<string, Value>(origin, StringComparer.Ordinal));
            End end = RunAll(branch, steps);
            if (!end.IsNormal && (end.Exit is not null || onFailure is null))
            {
                return end;
            }

            ModelState.Join(all.State, origin, branch.State, replaces: false);
            if (end.Error is null)
            {
                all.TakeNames(branch);
                sum += (decimal)end.Value.AsNumber!;
            }

            outputs.Add(new(name, end.Error is null ? end.Value : Value.Null));
        }

        env.TakeState(all);
        env.TakeNames(all);
        return new End(isReduced ? Value.Of(sum) : Value.Object([.. outputs]));
    }

    protected override IEnumerable<(string, object)> Keys()
    {
        yield return ("parallel", branches.Select(b => (b.Name, (object)b.Steps)).ToList());
        yield return ("merge", "last");
        if (onFailure is not null)
        {
            yield return ("on_branch_failure", onFailure);
        }

        if (isReduced)
        {
            yield return ("reduce", "sum");
        }
    }
}

/// <summary>Branches of one step each, every one after the one before, whose output it sees.</summary>
internal sealed class ChainNode(IReadOnlyList<(string Id, Number Value)> links) : Node
{
    protected override End Act(Env env)
    {
        foreach ((string id, Number value) in links)
        {
            env[id] = value.Value(env);
        }

        return default;
    }

    protected override IEnumerable<(string, object)> Keys() =>
        [("parallel", links.Select((link, i) => (Node)new Link(link.Id, link.Value, i == 0 ? null : links[i - 1].Id)).Reverse().ToList())];

    private sealed class Link(string id, Number value, string? after) : Node
    {
        protected override End Act(Env env) => default;

        protected override IEnumerable<(string, object)> Keys()
        {
            yield return ("id", id);
            yield return ("task", "Add");
            yield return ("inputs", $"{{a: '{value.Hole}', b: 0}}");
            if (after is not null)
            {
                yield return ("depends_on", after);
            }
        }
    }
}

internal sealed class RouteNode(Number choice, IReadOnlyList<IReadOnlyList<Node>> branches) : Node
{
    protected override End Act(Env env)
    {
        int chosen = (int)(choice.Of(env) % (branches.Count + 1));
        if (chosen == branches.Count)
        {
            return new End(Value.EmptyObject);
        }

        Env branch = env.Block();
        End end = RunAll(branch, branches[chosen]);
        if (!end.IsNormal)
        {
            return end;
        }

        env.TakeState(branch);
        env.TakeNames(branch);
        return new End(Value.Object(new KeyValuePair<string, Value>("b" + chosen, end.Value)));
    }

    protected override IEnumerable<(string, object)> Keys() =>
    [
        ("route", $"'b${{{choice.Text} % {branches.Count + 1}}}'"), ("on_unknown", "ignore"),
        ("branches", branches.Select((steps, i) => ("b" + i, (object)steps)).ToList()),
    ];
}

/// <summary>Two states that lead to each other until a number is reached, and one that a failure leads to.</summary>
internal sealed class MachineNode(Number data, int step, bool fails, IReadOnlyList<Node> body) : Node
{
    private const int Limit = 40;

    protected override End Act(Env env)
    {
        Env machine = env.Block();
        decimal value = data.Of(env);
        while (true)
        {
            Env state = new Env(machine, new Dictionary<string, Value>(machine.State, StringComparer.Ordinal)).With("data", Value.Of(value));
            End end = RunAll(new Env(state, state.State), body);
            if (end.Exit is not null)
            {
                machine.TakeState(state);
                env.TakeState(machine);
                return end;
            }

            if (end.Error is not null)
            {
                // The failed state has changed nothing; the next one says what happened.
                env.TakeState(machine);
                return new End(Value.Of(end.Error));
            }

            machine.TakeState(state);
            value += step;
            if (value >= Limit)
            {
                env.TakeState(machine);
                return fails ? new End(Value.Of("over")) : new End(Value.Of(value));
            }
        }
    }

    protected override IEnumerable<(string, object)> Keys()
    {
        List<Node> work = [.. body, new Work(step)];
        List<(string, object)> states =
        [
            ("work", new List<(string, object)> { ("do", work), ("transitions", $"[{{to: end, if: 'data >= {Limit}'}}, {{to: work}}, {{to: failed, on: failure}}]") }),
            ("failed", new List<(string, object)> { ("do", new List<Node> { new Told() }) }),
            ("end", fails
                ? new List<(string, object)> { ("do", new List<Node> { new FailNode("over") }), ("transitions", "[{to: failed, on: failure}]") }
                : "{end: true}"),
        ];
        return [("state_machine", new List<(string, object)> { ("start", "work"), ("data", $"'{data.Hole}'"), ("states", states) })];
    }

    private sealed class Work(int step) : Node
    {
        protected override End Act(Env env) => default;

        protected override IEnumerable<(string, object)> Keys() => [("task", "Add"), ("inputs", $"{{a: '${{data}}', b: {step}}}")];
    }

    private sealed class Told : Node
    {
        protected override End Act(Env env) => default;

        protected override IEnumerable<(string, object)> Keys() => [("task", "Say"), ("inputs", "{text: '${error.message}'}")];
    }
}

/// <summary>A flow that is given a number, works with it, and gives another.</summary>
internal sealed class SubflowNode(string flow, bool isChild, Number given, string? onFailure, IReadOnlyList<Node> steps, Number output) : Node
{
    public string Flow => flow;

    public IReadOnlyList<Node> Steps => steps;

    public Number Output => output;

    protected override End Act(Env env)
    {
        Env own = new(null, ModelFlows.FirstState());
        own["inputs"] = Value.Object(new KeyValuePair<string, Value>("n", given.Value(env)));
        End end = RunAll(own, steps);
        Value result = end.Exit ?? (end.Error is null ? Value.Object(new KeyValuePair<string, Value>("out", output.Value(own))) : Value.Null);
        return end.Error is null ? new End(result) : onFailure is null ? end : new End(onFailure == "skip" ? Value.Null : Value.Object(new KeyValuePair<string, Value>("out", Value.Of(-7m))));
    }

    protected override IEnumerable<(string, object)> Keys()
    {
        yield return ("subflow", flow);
        yield return ("inputs", $"{{n: '{given.Hole}'}}");
        yield return ("run", isChild ? "child" : "inline");
        if (onFailure is not null)
        {
            yield return ("on_failure", onFailure);
        }

        if (onFailure == "default")
        {
            yield return ("default", "{out: -7}");
        }
    }
}
