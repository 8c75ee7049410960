namespace Actors.Simulation;

/// <summary>What a tree must give: plain recursion, nothing of the engine.</summary>
internal sealed class Reference
{
    /// <param name="Key">Path of the run and key of the step; with an exclamation mark for a fallback.</param>
    internal readonly record struct Call(string Key, long Input);

    /// <summary>Calls that must be made, and calls that may be made because timing decides what is cancelled.</summary>
    internal sealed class Calls
    {
        public HashSet<Call> Must { get; } = [];

        public HashSet<Call> May { get; } = [];

        public void Add(Calls inner, bool certain)
        {
            (certain ? Must : May).UnionWith(inner.Must);
            May.UnionWith(inner.May);
        }
    }

    /// <summary>The state as a scope sees it: its own writes over those around it.</summary>
    private sealed class Scope(Scope? outer, string path)
    {
        public string Path => path;

        public SortedDictionary<string, long> Own { get; } = new(StringComparer.Ordinal);

        public Calls Calls { get; } = new();

        public long Get(string key) => Own.TryGetValue(key, out long value) ? value : outer?.Get(key) ?? 0;

        public string KeyOf(string name) => path.Length == 0 ? name : $"{path}/{name}";

        public Scope Nest(string name) => new(this, KeyOf(name));

        public Scope Bracket(int i) => new(this, $"{path}[{i}]");
    }

    // The failure of a step or scope; what it says does not matter, because timing may decide which of several failures is first.
    private sealed class Failed : Exception;

    private readonly string _run;

    private Reference(string run) => _run = run;

    public bool Succeeds { get; private set; }

    public long Output { get; private set; }

    public SortedDictionary<string, long> State { get; private set; } = [];

    public Calls Made { get; private set; } = new();

    public static Reference Of(Node tree, long input, string run = "")
    {
        Reference reference = new(run);
        Scope root = new(null, "");
        try
        {
            reference.Output = reference.Eval(tree, input, root);
            reference.Succeeds = true;
        }
        catch (Failed)
        {
        }

        reference.State = root.Own;
        reference.Made = root.Calls;
        return reference;
    }

    private long Eval(Node node, long v, Scope scope)
    {
        string name = TreeFlow.NameOf(node);
        switch (node)
        {
            case StepNode step:
                if (step.Attempts > 0)
                {
                    scope.Calls.Must.Add(new Call(_run + scope.KeyOf(name), v));
                }

                if (step.Fails < step.Attempts)
                {
                    return Values.Mix(node.Id, v);
                }

                if (!step.Fallback)
                {
                    throw new Failed();
                }

                scope.Calls.Must.Add(new Call(_run + scope.KeyOf(name) + "!", v));
                return Values.Mix(node.Id, v) + 1;
            case RepeatNode repeat:
                Scope repeated = scope.Nest(name);
                for (int i = 1; i <= repeat.Count; i++)
                {
                    repeated.Calls.Must.Add(new Call(_run + repeated.KeyOf(i == 1 ? "again" : $"again#{i}"), v));
                    v = Values.Mix(node.Id, v);
                }

                scope.Calls.Add(repeated.Calls, true);
                return v;
            case SequenceNode sequence:
                return sequence.Items.Aggregate(v, (value, item) => Eval(item, value, scope));
            case IfNode branch:
                return Eval(v % 2 == 0 ? branch.Then : branch.Else, v, scope);
            case AllNode all:
                return Join(scope, name, [.. all.Branches.Select((b, i) => (b, v + i))], (whole, i) => whole.Nest($"b{i}"), all.After);
            case MapNode map:
                // One at a time: each sees what those before it have written, but is not given their values.
                int[][]? inTurn = map.Concurrency == 1 ? [.. Enumerable.Range(0, map.Count).Select(static i => i == 0 ? Array.Empty<int>() : [i - 1])] : null;
                return Join(scope, name, [.. Enumerable.Range(0, map.Count).Select(i => (map.Body, v + i))], (whole, i) => whole.Bracket(i), inTurn, addsValues: false);
            case AnyNode any:
                return Race(scope, name, any, v);
            case LoopNode loop:
                return Loop(scope, name, loop, v);
            case ScopeNode { Body: var body }:
                return Enter(scope, scope.Nest(name), inner => Eval(body, v, inner), true);
            case TimeoutNode timeout:
                Enter(scope, scope.Nest(name), inner => Eval(timeout.Body, v, inner), false, mayFail: true);
                throw new Failed();
            case AskNode ask:
                return Values.Mix(v, ask.Expires ? 3 : Values.Decision(name) == HumanQuestion.Approve ? 1 : 2);
            case WaitNode wait:
                return Values.Mix(v, wait.Expires ? 5 : Values.SignalPayload(name));
            case CallNode call:
                Reference child = Of(call.Body, v, $"{_run}{scope.KeyOf(name)}>");
                scope.Calls.Add(child.Made, true);
                return child.Succeeds ? child.Output : throw new Failed();
            case SetNode:
                long seen = scope.Get(Values.StateKey(node.Id + 1));
                scope.Own[Values.StateKey(node.Id)] = Values.Mix(v, node.Id);
                return Values.Mix(v, seen);
            case TryNode attempt:
                try
                {
                    return Eval(attempt.Body, v, scope);
                }
                catch (Failed)
                {
                    return Values.Caught;
                }

            case SendNode:
                return Values.Mix(v, 9);
            case CachedNode cached:
                // Who has its value from the cache makes none of the calls.
                return Enter(scope, scope.Nest(name).Nest("body"), inner => Eval(cached.Body, v % 3, inner), false);
            case SleepNode or CleanUpNode or ReportNode or EmitNode:
                return v;
            default:
                throw new InvalidOperationException($"{node.GetType().Name} is unknown.");
        }
    }

    // A scope's writes count when it ends well, its calls in any case.
    private static long Enter(Scope outer, Scope inner, Func<Scope, long> body, bool certain, bool mayFail = false)
    {
        try
        {
            long value = body(inner);
            if (certain)
            {
                Apply(inner, outer);
            }

            return value;
        }
        catch (Failed) when (mayFail)
        {
            return 0;
        }
        finally
        {
            outer.Calls.Add(inner.Calls, certain);
        }
    }

    private long Join(Scope scope, string name, (Node Body, long Value)[] branches, Func<Scope, int, Scope> nest, int[][]? after = null, bool addsValues = true)
    {
        Scope whole = scope.Nest(name);
        (Scope Scope, long? Value)[] ended = new (Scope, long?)[branches.Length];
        int[] order = Order(branches.Length, after);
        foreach (int i in order)
        {
            int[] before = [.. order.Where(b => IsBefore(b, i, after))];
            if (before.Any(b => ended[b].Value is null))
            {
                // Never begun.
                ended[i] = (nest(whole, i), null);
                continue;
            }

            Scope seen = new(whole, whole.Path);
            foreach (int b in before)
            {
                Apply(ended[b].Scope, seen);
            }

            ended[i] = Try(nest(before.Length == 0 ? whole : seen, i), branches[i].Body, branches[i].Value + (addsValues ? before.Sum(b => ended[b].Value!.Value) : 0));
        }

        int failures = ended.Count(e => e.Value is null);
        foreach ((Scope branch, long? value) in ended)
        {
            // A failure cancels the others wherever they are; the only one that fails is cancelled by nobody.
            whole.Calls.Add(branch.Calls, failures == 0);
        }

        scope.Calls.Add(whole.Calls, true);
        if (failures > 0)
        {
            throw new Failed();
        }

        foreach (int i in order)
        {
            Apply(ended[i].Scope, whole);
        }

        Apply(whole, scope);
        return ended.Aggregate(0L, (sum, e) => Values.Mix(sum, e.Value!.Value));
    }

    private static bool IsBefore(int before, int branch, int[][]? after) =>
        after is not null && after[branch].Any(a => a == before || IsBefore(before, a, after));

    // Always the first that waits for nothing.
    private static int[] Order(int count, int[][]? after)
    {
        List<int> order = [];
        while (order.Count < count)
        {
            order.Add(Enumerable.Range(0, count).First(i => !order.Contains(i) && (after is null || after[i].All(order.Contains))));
        }

        return [.. order];
    }

    private long Race(Scope scope, string name, AnyNode any, long v)
    {
        Scope whole = scope.Nest(name);
        (Scope Scope, long? Value)[] ended = [.. any.Branches.Select((b, i) => Try(whole.Nest($"b{i}"), b, v + i))];
        bool won = ended.Any(e => e.Value is not null);
        foreach ((Scope branch, _) in ended)
        {
            whole.Calls.Add(branch.Calls, !won);
        }

        scope.Calls.Add(whole.Calls, true);
        return won ? Values.Mix(any.Id, v) : throw new Failed();
    }

    private long Loop(Scope scope, string name, LoopNode loop, long v)
    {
        Scope whole = scope.Nest(name);
        return Enter(scope, whole, _ =>
        {
            for (int i = 0; i < loop.Count; i++)
            {
                v = Enter(whole, whole.Bracket(i), inner => Eval(loop.Body, v, inner), true);
            }

            return v;
        }, true);
    }

    private (Scope, long?) Try(Scope scope, Node body, long v)
    {
        try
        {
            return (scope, Eval(body, v, scope));
        }
        catch (Failed)
        {
            return (scope, null);
        }
    }

    private static void Apply(Scope from, Scope to)
    {
        foreach ((string key, long value) in from.Own)
        {
            to.Own[key] = value;
        }
    }
}
