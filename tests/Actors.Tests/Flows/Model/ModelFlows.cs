using System.Globalization;
using System.Text;
using Actors.Flows;

namespace Actors.Tests.Flows.Model;

/// <summary>Random flows that use every kind of step, from a seed.</summary>
/// <param name="server">The address that the connection <c>shop</c> has.</param>
internal sealed class ModelFlows(int seed, string server)
{
    private readonly Random _random = new(seed);
    private readonly List<SubflowNode> _subflows = [];
    private readonly ModelEffects _effects = new();
    private int _names;

    public static Dictionary<string, Value> FirstState() => new(StringComparer.Ordinal) { ["s0"] = Value.Of(0m), ["s1"] = Value.Of(5m), ["list"] = Value.EmptyList };

    /// <summary>The texts of the flows, subflows first, and what the last one is to give for the input <c>n</c> = 11, and to do.</summary>
    public (IReadOnlyList<string> Flows, Value Expected, ModelEffects Effects) Next()
    {
        List<Number> numbers = [Number.Variable("inputs.n"), Number.Variable("state.s0"), Number.Variable("state.s1")];
        List<string> ids = [];
        List<Node> steps = Steps(numbers, depth: 0, _random.Next(3, 8), mayFail: false, mayExit: true, ids);
        Env env = new(null, FirstState());
        env["inputs"] = Value.Object(new KeyValuePair<string, Value>("n", Value.Of(11m)));
        End end = default;
        foreach (Node step in steps)
        {
            end = step.Run(env);
            if (!end.IsNormal)
            {
                break;
            }
        }

        if (end.Error is not null)
        {
            throw new InvalidOperationException($"A flow that cannot fail has failed: {end.Error}");
        }

        List<string> flows = [.. _subflows.Select(sub => Write(sub.Flow, sub.Steps, [("out", sub.Output.Hole)]))];
        flows.Add(Write("model", steps, [.. ids.Select(id => (id, $"${{{id}}}")), ("s0", "${state.s0}"), ("s1", "${state.s1}"), ("list", "${state.list}")]));
        Value expected = end.Exit ?? Value.Object([.. ids.Select(id => KeyValuePair.Create(id, env[id])), .. env.State.Select(field => KeyValuePair.Create(field.Key, field.Value))]);
        return (flows, expected, _effects);
    }

    private static string Write(string name, IReadOnlyList<Node> steps, IReadOnlyList<(string Name, string Value)> outputs)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"flow: {name}\ninputs:\n- {{name: n, type: integer}}\nstate:\n  s0: {{type: integer, default: 0}}\n  s1: {{type: integer, default: 5}}\n  list: {{type: array, default: []}}\nsteps:\n");
        foreach (Node step in steps)
        {
            step.Write(text, 0);
        }

        text.Append("outputs:\n");
        foreach ((string output, string value) in outputs)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {{name: {output}, value: '{value}'}}\n");
        }

        return text.ToString();
    }

    private string NewId() => $"v{_names++}";

    private Number Any(List<Number> numbers)
    {
        Number first = _random.Next(4) == 0 ? Number.Literal(_random.Next(30)) : numbers[_random.Next(numbers.Count)];
        return _random.Next(2) == 0 ? first : Number.Sum(first, numbers[_random.Next(numbers.Count)]);
    }

    /// <param name="numbers">What expressions may use; grows by what the steps give.</param>
    /// <param name="ids">Takes the ids that are given to the outside; null: none are.</param>
    private List<Node> Steps(List<Number> numbers, int depth, int count, bool mayFail, bool mayExit, List<string>? ids = null)
    {
        List<Node> steps = [];
        for (int i = 0; i < count; i++)
        {
            steps.Add(Step(numbers, depth, mayFail, mayExit, ids));
        }

        return steps;
    }

    /// <summary>Steps of which the last gives a number.</summary>
    private List<Node> Giving(List<Number> numbers, int depth, bool mayFail, bool mayExit)
    {
        List<Node> steps = Steps(numbers, depth, _random.Next(0, 3), mayFail, mayExit);
        steps.Add(new AddNode(Any(numbers), Any(numbers)));
        return steps;
    }

    private List<Node> Inside(List<Number> numbers, int depth, bool mayFail, bool mayExit) => Giving([.. numbers], depth + 1, mayFail, mayExit);

    private Node Step(List<Number> numbers, int depth, bool mayFail, bool mayExit, List<string>? ids)
    {
        int kind = _random.Next(depth >= 3 ? 10 : 21);
        switch (kind)
        {
            case 0:
                return new SetNode("s" + _random.Next(2), Any(numbers));
            case 1:
                return new AppendNode(Any(numbers));
            case 2:
                return _random.Next(3) == 0 ? new SignalNode() : new WaitNode();
            case 3:
                return new EmitNode(Any(numbers));
            case 4:
                return _random.Next(2) == 0 ? new BackgroundNode(Any(numbers)) : new BackgroundHttpNode(_effects, NewId(), Any(numbers));
            case 5:
                string asked = NewId();
                AskNode ask = new(asked, Any(numbers));
                Give(asked, numbers, ids);
                return ask;
            case 6 when mayFail:
                return new IfNode(Any(numbers), Any(numbers), [Failing(numbers)], [new AddNode(Any(numbers), Any(numbers))]);
            case 7 when mayExit && _random.Next(3) == 0:
                return new IfNode(Any(numbers), Number.Literal(6), [new ExitNode(Any(numbers))], [new AddNode(Any(numbers), Any(numbers))]);
            case 8:
                return Outside(numbers, ids);
            case < 10:
                return Leaf(numbers, ids);
            case 10:
                return new IfNode(Any(numbers), Any(numbers), Inside(numbers, depth, mayFail, mayExit), Inside(numbers, depth, mayFail, mayExit));
            case 11:
                return new SwitchNode(Any(numbers), [Inside(numbers, depth, mayFail, mayExit), Inside(numbers, depth, mayFail, mayExit)], Inside(numbers, depth, mayFail, mayExit));
            case 12:
                DoNode guarded = new(Inside(numbers, depth, mayFail: true, mayExit), Inside(numbers, depth, mayFail: false, mayExit: false))
                {
                    After = (_, end) => end.Error is null ? end : default,
                };
                guarded.Extra.Add(("on_error", "[{task: Say, inputs: {text: '${error.message}'}}]"));
                return guarded;
            case 13 or 14:
                return Each(numbers, depth, mayExit, ids);
            case 15 or 16:
                return Loop(numbers, depth, mayFail, mayExit, ids);
            case 17:
                return Parallel(numbers, depth, mayFail, ids);
            case 18:
                string first = NewId(), second = NewId(), third = NewId();
                ChainNode chain = new([(first, Any(numbers)), (second, Number.Sum(Number.Variable(first), Any(numbers))), (third, Number.Sum(Number.Variable(second), Number.Literal(3)))]);
                Give(third, numbers, ids);
                return chain;
            case 19:
                string chosen = NewId();
                ids?.Add(chosen);
                return _random.Next(2) == 0
                    ? new RouteNode(Any(numbers), [Inside(numbers, depth, mayFail, mayExit: false), Inside(numbers, depth, mayFail, mayExit: false)]) { Id = chosen }
                    : Machine(chosen, numbers, depth, mayExit);
            default:
                return Subflow(numbers, depth, mayFail, ids);
        }
    }

    private static void Give(string id, List<Number> numbers, List<string>? ids)
    {
        numbers.Add(Number.Variable(id));
        ids?.Add(id);
    }

    private Node Leaf(List<Number> numbers, List<string>? ids)
    {
        string id = NewId();
        Number a = Any(numbers);
        Number b = Any(numbers);
        switch (_random.Next(5))
        {
            case 0:
                FailNode failing = new("broken") { Id = id, After = (_, end) => end.Error is null ? end : new End(Value.Of(7m)) };
                failing.Extra.Add(("fallback", "{task: Add, inputs: {a: 3, b: 4}}"));
                Give(id, numbers, ids);
                return failing;
            case 1:
                AddNode mapped = new(a, b) { Id = id, After = (_, end) => end with { Value = Value.Of((decimal)end.Value.AsNumber! + 1) } };
                mapped.Extra.Add(("validate", "['${result >= 0}']"));
                mapped.Extra.Add(("result", "'${result + 1}'"));
                Give(id, numbers, ids);
                return mapped;
            case 2:
                AddNode cached = new(a, b) { Id = id };
                cached.Extra.Add(("cache", "1h"));
                Give(id, numbers, ids);
                return cached;
            default:
                AddNode add = new(a, b) { Id = id };
                Give(id, numbers, ids);
                return add;
        }
    }

    /// <summary>A step that acts outside, and comes to a good end.</summary>
    private Node Outside(List<Number> numbers, List<string>? ids)
    {
        string id = NewId();
        Number a = Any(numbers);
        Number b = Any(numbers);
        Node? node = _random.Next(9) switch
        {
            0 => new HttpNode(_effects, server, id, ModelAnswer.Sum, isRead: true, a, b) { Id = id },
            1 => new HttpNode(_effects, server, id, ModelAnswer.Sum, isRead: false, a, b) { Id = id },
            2 => new HttpNode(_effects, server, id, ModelAnswer.Late, isRead: false, a, b) { Id = id },
            3 => new HttpNode(_effects, server, id, ModelAnswer.Missing, isRead: _random.Next(2) == 0, a, b) { Id = id },
            4 => new WeighNode(_effects, id, _random.Next(2) == 0 ? ModelAnswer.Sum : ModelAnswer.Late, a, b) { Id = id },
            5 => new QueryNode(a, b) { Id = id },
            6 => new TransactionNode(_effects, id, a, isRefused: false) { Id = id },
            7 => FallenBack(numbers, id),
            _ => null,
        };
        if (node is null)
        {
            return new WriteNode(_effects, id, a);
        }

        Give(id, numbers, ids);
        return node;
    }

    private Node FallenBack(List<Number> numbers, string id)
    {
        Node failing = Failing(numbers, id);
        failing.After = static (_, end) => end.Error is null ? end : new End(Value.Of(7m));
        failing.Extra.Add(("fallback", "{task: Add, inputs: {a: 3, b: 4}}"));
        return failing;
    }

    /// <summary>A step that fails.</summary>
    private Node Failing(List<Number> numbers, string? id = null)
    {
        string place = id ?? NewId();
        return _random.Next(6) switch
        {
            0 => new HttpNode(_effects, server, place, ModelAnswer.Refused, isRead: _random.Next(2) == 0, Any(numbers), Any(numbers)) { Id = id },
            1 => new HttpNode(_effects, server, place, ModelAnswer.Down, isRead: false, Any(numbers), Any(numbers)) { Id = id },
            2 => new WeighNode(_effects, place, ModelAnswer.Refused, Any(numbers), Any(numbers)) { Id = id },
            3 => new TransactionNode(_effects, place, Any(numbers), isRefused: true) { Id = id },
            _ => new FailNode($"broken{_random.Next(3)}") { Id = id },
        };
    }

    private EachNode Each(List<Number> numbers, int depth, bool mayExit, List<string>? ids)
    {
        string id = NewId();
        string variable = NewId();
        string? onError = _random.Next(3) switch { 0 => "skip", 1 => "collect", _ => null };
        int concurrency = _random.Next(2) == 0 ? 1 : 3;
        List<Number> inner = [.. numbers, Number.Variable(variable)];
        List<Node> steps = Steps(inner, depth + 1, _random.Next(1, 4), onError is not null, mayExit && concurrency == 1);
        ids?.Add(id);
        return new EachNode([.. Enumerable.Range(0, _random.Next(0, 4)).Select(_ => _random.Next(20))], variable, concurrency, onError, Any(inner), steps) { Id = id };
    }

    private LoopNode Loop(List<Number> numbers, int depth, bool mayFail, bool mayExit, List<string>? ids)
    {
        string id = NewId();
        Number carry = Any(numbers);
        List<Number> around = [.. numbers.Where(n => n.Text is not ("carried" or "index")), Number.Variable("carried"), Number.Variable("index")];
        List<Number> inner = [.. around];
        List<Node> steps = Steps(inner, depth + 1, _random.Next(1, 4), mayFail, mayExit);
        bool before = _random.Next(2) == 0;
        LoopNode loop = new(carry, _random.Next(1, 5), Any(before ? around : inner), before, Any(inner), steps) { Id = id };
        Give(id, numbers, ids);
        return loop;
    }

    private ParallelNode Parallel(List<Number> numbers, int depth, bool mayFail, List<string>? ids)
    {
        bool ignores = _random.Next(2) == 0;
        bool reduces = _random.Next(2) == 0;
        string id = NewId();
        (string, IReadOnlyList<Node>)[] branches = [.. Enumerable.Range(0, _random.Next(1, 4)).Select(i => ("b" + i, (IReadOnlyList<Node>)Inside(numbers, depth, ignores, mayExit: false)))];
        _ = mayFail;
        ids?.Add(id);
        if (reduces)
        {
            numbers.Add(Number.Variable(id));
        }

        return new ParallelNode(branches, ignores ? "ignore" : null, reduces) { Id = id };
    }

    private MachineNode Machine(string id, List<Number> numbers, int depth, bool mayExit)
    {
        List<Number> inner = [.. numbers.Where(n => n.Text != "data"), Number.Variable("data")];
        return new MachineNode(Any(numbers), _random.Next(9, 30), _random.Next(3) == 0, Steps(inner, depth + 1, _random.Next(1, 3), mayFail: true, mayExit)) { Id = id };
    }

    private SubflowNode Subflow(List<Number> numbers, int depth, bool mayFail, List<string>? ids)
    {
        _ = mayFail;
        string id = NewId();
        ids?.Add(id);
        string? onFailure = _random.Next(3) switch { 0 => "skip", 1 => "default", _ => null };
        Number given = Any(numbers);
        List<Number> own = [Number.Variable("inputs.n"), Number.Variable("state.s0"), Number.Variable("state.s1")];
        List<Node> steps = Steps(own, depth + 1, _random.Next(1, 4), onFailure is not null, mayExit: true);
        SubflowNode subflow = new($"sub{_subflows.Count}", _random.Next(3) == 0, given, onFailure, steps, Any(own)) { Id = id };
        _subflows.Add(subflow);
        return subflow;
    }
}
