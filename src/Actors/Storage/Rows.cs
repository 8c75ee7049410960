namespace Actors.Storage;

/// <summary>What a run is doing. The numbers are stored: never change one.</summary>
public enum RunStatus
{
    /// <summary>Accepted, waits for a place.</summary>
    Queued = 1,

    /// <summary>Has something to do now.</summary>
    Running = 2,

    /// <summary>Waits for a person, a date, a signal, a child or the next attempt; <see cref="RunRow.Why"/> says which.</summary>
    Waiting = 3,

    /// <summary>Cannot go on without an operator; <see cref="RunRow.Why"/> says what happened. Nothing is lost; resuming tries again.</summary>
    Parked = 4,

    Completed = 5,
    Failed = 6,
    Cancelled = 7,
}

public static class RunStatuses
{
    /// <summary>True for completed, failed and cancelled: the run never changes again.</summary>
    public static bool IsFinal(this RunStatus status) => status >= RunStatus.Completed;
}

/// <summary>What happened, as stored in a journal entry. The numbers are stored: never change or reuse one.</summary>
public enum EntryKind : byte
{
    RunStarted = 1,
    RunCompleted = 2,
    RunFailed = 3,
    RunCancelled = 4,
    CancelRequested = 5,
    Parked = 6,
    Resumed = 7,
    Snapshot = 8,
    Reported = 9,
    EventEmitted = 10,

    StepStarted = 20,
    AttemptFailed = 21,
    StepCompleted = 22,
    StepFailed = 23,
    StepCancelled = 24,

    TimerSet = 30,
    TimerFired = 31,

    AskOpened = 40,
    AskAnswered = 41,
    AskExpired = 42,

    SignalReceived = 50,
    WaitOpened = 51,
    WaitCompleted = 52,
    WaitExpired = 53,
    SignalSent = 54,
    SignalNotSent = 55,

    ChildStarted = 60,
    ChildCompleted = 61,
    ChildFailed = 62,
    ChildCancelled = 63,
    RunLaunched = 64,

    ScopeProgress = 71,
    ScopeCompleted = 72,
    ScopeFailed = 73,
}

/// <summary>One line of a run's journal.</summary>
/// <param name="Seq">1 for the first entry of a run, then without gaps.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Version">The version of the payload's form for this kind, from 1.</param>
/// <param name="Key">The step's key; empty for entries of the run itself.</param>
/// <param name="At">When the writing silo recorded it; milliseconds are kept.</param>
/// <param name="Payload">Bytes with the header of <see cref="Payload"/>; may be empty.</param>
public readonly record struct JournalEntry(
    long Seq, EntryKind Kind, byte Version, string Key, DateTimeOffset At, ReadOnlyMemory<byte> Payload);

/// <summary>A run's row: what lists and dashboards read. It changes when the run starts, waits, goes on or ends, not at each step.</summary>
public sealed record RunRow
{
    public required RunId Id { get; init; }

    /// <summary>The short key of the run's journal rows; from blocks that a silo reserves.</summary>
    public required long No { get; init; }

    public required string Tenant { get; init; }
    public required string Principal { get; init; }
    public required string Flow { get; init; }

    /// <summary>The pinned definition: the content hash of a YAML flow, the declared version of a C# flow.</summary>
    public required string FlowVersion { get; init; }

    public required RunStatus Status { get; init; }

    /// <summary>One sentence: what the run waits for, or why it ended or was parked. Null while it runs.</summary>
    public string? Why { get; init; }

    /// <summary>The life of the silo that holds the run's grain; null when the grain is in no memory.</summary>
    public long? Owner { get; init; }

    /// <summary>Higher goes first where runs queue. Default 0.</summary>
    public int Priority { get; init; }

    /// <summary>Caller's labels for search; null when there are none.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Unique per tenant; null when the caller gave none.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Hash of what was asked to start, compared when the same idempotency key comes again.</summary>
    public string? RequestHash { get; init; }

    /// <summary>The run that started this one as its child; null for a run of its own.</summary>
    public ParentLink? Parent { get; init; }

    /// <summary>The run's state for queries, as JSON; a projection of the last time the run waited or ended. Null when it never set any.</summary>
    public string? State { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
}

/// <param name="Id">The parent run.</param>
/// <param name="No">The parent's run number.</param>
/// <param name="Key">The key of the step in the parent that waits for the child.</param>
/// <param name="Notify">False when the parent only started the child and does not wait for its end.</param>
public sealed record ParentLink(RunId Id, long No, string Key, bool Notify);

/// <summary>A change of a run's row. Null leaves a column as it is, but for <see cref="Why"/>, which is always written.</summary>
public sealed record RunChange
{
    public required RunStatus Status { get; init; }
    public string? Why { get; init; }
    public string? State { get; init; }

    /// <summary>
    /// True: the row has no owner from this commit on, if the writer owned it. A final status releases as well, whoever owned it, and drops what is left
    /// in the run's inbox: a message may arrive while the owner writes the end.
    /// </summary>
    public bool Release { get; init; }

    public required DateTimeOffset At { get; init; }
}

/// <summary>A durable timer of a run. Firing it only wakes the run's grain; the owner deletes it when it records what happened.</summary>
public readonly record struct Reminder(RunId Run, long RunNo, string Key, DateTimeOffset DueAt);

public enum HumanTaskStatus
{
    Open = 1,
    Answered = 2,
    Expired = 3,
    Cancelled = 4,
}

/// <summary>A question to people, as stored.</summary>
public sealed record HumanTaskRow
{
    public required HumanTaskId Id { get; init; }
    public required RunId Run { get; init; }
    public required long RunNo { get; init; }
    public required string Tenant { get; init; }
    public required string Flow { get; init; }

    /// <summary>The key of the step that asks.</summary>
    public required string Key { get; init; }

    public required string Title { get; init; }

    /// <summary>What the person needs to decide, as JSON; null when there is nothing more than the title.</summary>
    public string? Details { get; init; }

    /// <summary>The JSON Schema of the answer's data; null when any data will do. Stores keep it together with the details (<see cref="HumanTaskDetails"/>).</summary>
    public string? Form { get; init; }

    /// <summary>The decisions that can be given, e.g. approve and reject; never empty.</summary>
    public required IReadOnlyList<string> Decisions { get; init; }

    /// <summary>Who may answer; empty means everybody of the tenant.</summary>
    public required IReadOnlyList<string> Candidates { get; init; }

    public required HumanTaskStatus Status { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? DueAt { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }

    /// <summary>Who answered; null until then.</summary>
    public string? AnsweredBy { get; init; }

    public string? Decision { get; init; }
    public string? Comment { get; init; }
}

/// <summary>Closing of a human task. The row must still be open: it decides between answer, expiry and cancel.</summary>
public sealed record HumanTaskClosing(
    HumanTaskId Id, HumanTaskStatus Status, DateTimeOffset At, string? By = null, string? Decision = null, string? Comment = null);

/// <summary>What one run tells another.</summary>
/// <param name="Id">Deterministic, so that a message that is sent again is the same message. Unique.</param>
/// <param name="Run">The run it is for.</param>
/// <param name="Kind">What it says.</param>
/// <param name="Key">The step in the receiving run that it concerns; may be empty.</param>
/// <param name="Payload">Bytes with a payload header; may be empty.</param>
/// <param name="Principal">On whose behalf it was sent.</param>
/// <param name="Sender">The life that wants to hear when the run has taken it in; null: nobody.</param>
public sealed record InboxMessage(
    string Id, RunId Run, long RunNo, InboxKind Kind, string Key, ReadOnlyMemory<byte> Payload, string Principal, DateTimeOffset At, long? Sender = null);

/// <summary>The numbers are stored: never change one.</summary>
public enum InboxKind
{
    ChildCompleted = 1,
    ChildFailed = 2,
    ChildCancelled = 3,

    /// <summary>With a payload: somebody asks for it. Without: the run that called this one was cancelled.</summary>
    Cancel = 4,
    Signal = 5,

    /// <summary>The human task's row was closed when this was sent.</summary>
    Answer = 6,
    Resume = 7,
}

/// <summary>Something that flows keep for a while, over runs.</summary>
/// <param name="Key">Any text; the engine gives a hash of 64 characters.</param>
/// <param name="Payload">Bytes with the header of <see cref="Storage.Payload"/>; may be empty.</param>
/// <param name="ExpiresAt">From then on nobody is given it; milliseconds are kept.</param>
public sealed record CacheRow(string Tenant, string Key, ReadOnlyMemory<byte> Payload, DateTimeOffset ExpiresAt);

/// <summary>A flow's stored definition; immutable.</summary>
/// <param name="Version">Content hash of a YAML flow, declared version of a C# flow.</param>
/// <param name="Label">The version that people read; null when the author gave none.</param>
/// <param name="Source">The YAML text; null for C#.</param>
/// <param name="Tasks">The tasks that a YAML flow calls: a silo without one of them does not claim its runs. Only written; null when it is read.</param>
public sealed record FlowRow(
    string Tenant, string Name, string Version, string? Label, string? Source, DateTimeOffset CreatedAt, IReadOnlyList<string>? Tasks = null);

/// <param name="Label">The version that people read; null when the author gave none.</param>
public sealed record FlowVersionRow(string Version, string? Label, DateTimeOffset StoredAt);
