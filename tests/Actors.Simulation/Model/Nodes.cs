namespace Actors.Simulation;

/// <summary>A flow as a tree, which the real engine runs (<see cref="TreeFlow"/>) and the reference evaluates (<see cref="Reference"/>). Each node turns one number into another.</summary>
internal abstract record Node(int Id);

/// <param name="Fails">So many attempts fail.</param>
/// <param name="Attempts">So many are made.</param>
/// <param name="BodyMs">How long the body works.</param>
/// <param name="Undo">The step has a compensation.</param>
internal sealed record StepNode(int Id, int Fails = 0, int Attempts = 1, int RetryMs = 50, int BodyMs = 0, bool Undo = false, bool Fallback = false) : Node(Id)
{
    public bool Succeeds => Fails < Attempts || Fallback;
}

/// <summary>One step name used several times, one after the other: numbered keys.</summary>
internal sealed record RepeatNode(int Id, int Count) : Node(Id);

internal sealed record SequenceNode(int Id, Node[] Items) : Node(Id);

internal sealed record IfNode(int Id, Node Then, Node Else) : Node(Id);

/// <param name="After">For each branch the numbers of those that it comes after, whose values are added to its own; null: none comes after any.</param>
internal sealed record AllNode(int Id, Node[] Branches, int[][]? After = null, int Concurrency = int.MaxValue) : Node(Id);

internal sealed record AnyNode(int Id, Node[] Branches) : Node(Id);

internal sealed record MapNode(int Id, int Count, int Concurrency, Node Body) : Node(Id);

internal sealed record LoopNode(int Id, int Count, Node Body) : Node(Id);

/// <param name="Limited">With a limit that is never reached.</param>
internal sealed record ScopeNode(int Id, Node Body, bool Limited) : Node(Id);

/// <summary>A scope that always comes to its limit: its body ends with a wait for what never comes.</summary>
internal sealed record TimeoutNode(int Id, Node Body, int LimitMs) : Node(Id);

internal sealed record SleepNode(int Id, int Ms) : Node(Id);

/// <param name="Expires">Nobody answers, and its time is over after some seconds.</param>
internal sealed record AskNode(int Id, bool Expires) : Node(Id);

/// <param name="Expires">Nobody sends it, and its time is over after some seconds.</param>
internal sealed record WaitNode(int Id, bool Expires) : Node(Id);

/// <summary>Another run of the same tree flow, with this tree.</summary>
internal sealed record CallNode(int Id, Node Body) : Node(Id);

internal sealed record SetNode(int Id) : Node(Id);

/// <summary>Catches the failure of its body.</summary>
internal sealed record TryNode(int Id, Node Body) : Node(Id);

/// <summary>Registers a clean-up.</summary>
internal sealed record CleanUpNode(int Id) : Node(Id);

internal sealed record ReportNode(int Id) : Node(Id);

internal sealed record EmitNode(int Id) : Node(Id);

/// <summary>Sends a signal to the run that called this one, if one did, and another to this run itself, and waits for that.</summary>
internal sealed record SendNode(int Id) : Node(Id);

/// <summary>A block whose value is kept for one of three keys.</summary>
internal sealed record CachedNode(int Id, Node Body) : Node(Id);

/// <summary>The arithmetic that both sides share.</summary>
internal static class Values
{
    public const long Caught = 4242;
    public const int StateKeys = 4;

    public static long Mix(long a, long b)
    {
        ulong z = (ulong)a * 0x9E3779B97F4A7C15 + (ulong)b * 0xBF58476D1CE4E5B9 + 0x94D049BB133111EB;
        z ^= z >> 29;
        // Small enough to be exact in JSON anywhere.
        return (long)(z % 1_000_003);
    }

    public static string StateKey(int id) => $"k{id % StateKeys}";

    public static string Decision(string name) => name.Sum(c => c) % 3 == 0 ? HumanQuestion.Reject : HumanQuestion.Approve;

    public static long SignalPayload(string name) => name.Sum(c => c) * 31;

    public static IEnumerable<Node> All(Node node)
    {
        yield return node;
        foreach (Node found in Children(node).SelectMany(All))
        {
            yield return found;
        }
    }

    public static Node[] Children(Node node) => node switch
    {
        SequenceNode n => n.Items,
        IfNode n => [n.Then, n.Else],
        AllNode n => n.Branches,
        AnyNode n => n.Branches,
        MapNode n => [n.Body],
        LoopNode n => [n.Body],
        ScopeNode n => [n.Body],
        TimeoutNode n => [n.Body],
        CallNode n => [n.Body],
        CachedNode n => [n.Body],
        TryNode n => [n.Body],
        _ => [],
    };
}
