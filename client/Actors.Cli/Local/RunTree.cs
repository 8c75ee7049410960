namespace Actors.Cli.Local;

internal enum StepState
{
    Running,
    Retrying,
    Waiting,
    Completed,
    Failed,
    Cancelled,
}

/// <summary>One step of a run, as shown.</summary>
internal sealed class StepNode(string key, string name, DateTimeOffset at)
{
    public string Key { get; } = key;
    public string Name { get; } = name;
    public DateTimeOffset StartedAt { get; } = at;
    public StepState State { get; set; } = StepState.Running;
    public TimeSpan? Duration { get; set; }
    public string? Detail { get; set; }
    public List<StepNode> Children { get; } = [];

    public bool IsOpen => State is StepState.Running or StepState.Retrying or StepState.Waiting;
}

/// <summary>The steps of a run, built from its events in order. Not thread-safe.</summary>
internal sealed class RunTree
{
    private readonly Dictionary<string, StepNode> _byKey = new(StringComparer.Ordinal);

    public List<StepNode> Roots { get; } = [];

    /// <summary>What the flow reported last; null when nothing.</summary>
    public string? Report { get; private set; }

    public void Apply(RunEvent e)
    {
        if (e.Type == RunEventTypes.RunReported)
        {
            Report = e.Detail;
            return;
        }

        if (e.Step is null || StateOf(e.Type) is not { } state)
        {
            return;
        }

        StepNode node = Find(e.Step, e.At - (e.Duration ?? TimeSpan.Zero));
        node.State = state;
        node.Detail = DetailOf(e);
        if (!node.IsOpen)
        {
            node.Duration = e.Duration ?? e.At - node.StartedAt;
        }
    }

    /// <summary>What an event makes of its step; null when it says nothing about one.</summary>
    public static StepState? StateOf(string type) => type switch
    {
        RunEventTypes.StepStarted or RunEventTypes.ChildStarted or RunEventTypes.IterationCompleted => StepState.Running,
        RunEventTypes.StepRetrying => StepState.Retrying,
        RunEventTypes.TimerSet or RunEventTypes.HumanTaskOpened or RunEventTypes.SignalWaiting => StepState.Waiting,
        RunEventTypes.StepCompleted or RunEventTypes.ScopeCompleted or RunEventTypes.ChildCompleted or RunEventTypes.TimerFired
            or RunEventTypes.RunLaunched or RunEventTypes.HumanTaskAnswered or RunEventTypes.HumanTaskExpired or RunEventTypes.SignalTaken or RunEventTypes.SignalExpired
            or RunEventTypes.SignalSent or RunEventTypes.EventEmitted => StepState.Completed,
        RunEventTypes.StepFailed or RunEventTypes.ScopeFailed or RunEventTypes.ChildFailed or RunEventTypes.SignalNotSent => StepState.Failed,
        RunEventTypes.StepCancelled or RunEventTypes.ChildCancelled => StepState.Cancelled,
        _ => null,
    };

    /// <summary>One short line beside a step; null when there is nothing to say.</summary>
    public static string? DetailOf(RunEvent e) => e.Type switch
    {
        RunEventTypes.StepRetrying => $"attempt {e.Attempt} failed: {e.Error?.Message}{(e.DueAt - e.At > TimeSpan.FromSeconds(1) ? $" Next at {TimeText.Local(e.DueAt!.Value)}." : "")}",
        RunEventTypes.StepFailed or RunEventTypes.ScopeFailed or RunEventTypes.ChildFailed or RunEventTypes.SignalNotSent => e.Error?.Message,
        RunEventTypes.SignalSent => $"signal to {e.Detail}",
        RunEventTypes.EventEmitted => $"event '{e.Detail}'",
        RunEventTypes.HumanTaskOpened => "waits for a person",
        RunEventTypes.HumanTaskExpired => "nobody answered in time",
        RunEventTypes.SignalWaiting => "waits for a signal",
        RunEventTypes.SignalExpired => "no signal came in time",
        RunEventTypes.TimerSet => e.DueAt is { } due ? $"sleeps until {TimeText.Local(due)}" : "sleeps",
        RunEventTypes.HumanTaskAnswered => Decision(e),
        RunEventTypes.StepCompleted when e.Attempt > 1 => $"attempt {e.Attempt}",
        _ => null,
    };

    private static string? Decision(RunEvent e) =>
        e.Data.ValueKind == System.Text.Json.JsonValueKind.Object && e.Data.TryGetProperty("decision", out System.Text.Json.JsonElement decision)
            ? decision.ToString()
            : e.Detail;

    private StepNode Find(string key, DateTimeOffset at)
    {
        if (_byKey.TryGetValue(key, out StepNode? known))
        {
            return known;
        }

        int slash = key.LastIndexOf('/');
        StepNode node = new(key, slash < 0 ? key : key[(slash + 1)..], at);
        _byKey.Add(key, node);
        (slash < 0 ? Roots : Find(key[..slash], at).Children).Add(node);
        return node;
    }
}
