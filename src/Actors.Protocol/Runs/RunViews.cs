using System.Text.Json;
using System.Text.Json.Serialization;

namespace Actors.Protocol;

/// <summary>What a run is doing.</summary>
[JsonConverter(typeof(KebabEnumConverter<RunStatus>))]
public enum RunStatus
{
    /// <summary>Accepted, waits for a place.</summary>
    Queued,

    /// <summary>Has something to do now.</summary>
    Running,

    /// <summary>Waits for a person, a date, a signal, a child or the next attempt; why says which.</summary>
    Waiting,

    /// <summary>Cannot go on without an operator; why says what happened. Resuming tries again.</summary>
    Parked,

    Completed,
    Failed,
    Cancelled,
}

public static class RunStatuses
{
    /// <summary>True for completed, failed and cancelled: the run never changes again.</summary>
    public static bool IsFinal(this RunStatus status) => status is RunStatus.Completed or RunStatus.Failed or RunStatus.Cancelled;
}

/// <summary>A run. Lists leave out <see cref="Output"/>, <see cref="Error"/>, <see cref="ExitReason"/> and <see cref="CleanUpErrors"/>.</summary>
public sealed record RunView
{
    public required string Id { get; init; }
    public required string Flow { get; init; }

    /// <summary>The pinned definition: the content hash of YAML, the declared version of C#.</summary>
    public required string Version { get; init; }

    public required RunStatus Status { get; init; }

    /// <summary>One sentence: what it waits for, or why it ended or was parked. Absent while it runs.</summary>
    public string? Why { get; init; }

    /// <summary>Of a completed run.</summary>
    public JsonElement? Output { get; init; }

    /// <summary>Of a failed run.</summary>
    public ErrorView? Error { get; init; }

    /// <summary>Why the flow ended itself early; absent when it did not.</summary>
    public string? ExitReason { get; init; }

    /// <summary>True when the flow ended itself early.</summary>
    public bool Terminated { get; init; }

    /// <summary>What went wrong in clean-up; absent when nothing did.</summary>
    public IReadOnlyList<string>? CleanUpErrors { get; init; }

    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>The flow's own state when it last waited or ended.</summary>
    public JsonElement? State { get; init; }

    public int Priority { get; init; }

    /// <summary>Who started it.</summary>
    public string? StartedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The run that started this one as its child.</summary>
    public RunParent? Parent { get; init; }

    public RunLinks? Links { get; init; }
}

/// <param name="Step">The key of the step in the parent.</param>
public sealed record RunParent(string Id, string Step);

/// <summary>Paths on the same host.</summary>
public sealed record RunLinks(string Self, string Events, string Stream);

/// <param name="Type">The kind of error to decide by.</param>
/// <param name="Code">A code of the task's own.</param>
/// <param name="Data">Facts of the task's own.</param>
public sealed record ErrorView(string Type, string Message, string? Code = null, JsonElement? Data = null);

/// <param name="Next">Ask with <c>cursor</c> set to it for the next page; absent on the last.</param>
public sealed record RunPage(IReadOnlyList<RunView> Items, string? Next);

/// <summary>What came of an execution that the caller waited for.</summary>
/// <param name="Success">True when the run completed.</param>
/// <param name="Terminated">True when the flow ended itself early; <paramref name="Reason"/> says why.</param>
/// <param name="Reason">Why the flow ended early, or what a run that has not ended waits for.</param>
/// <param name="ExecutionTimeMs">From start to end; of a run that has not ended, until now.</param>
public sealed record ExecuteResponse(
    bool Success,
    JsonElement? Outputs,
    ErrorView? Error,
    string RunId,
    RunStatus Status,
    bool Terminated,
    string? Reason,
    long ExecutionTimeMs,
    RunLinks? Links = null);
