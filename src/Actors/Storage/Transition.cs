namespace Actors.Storage;

/// <summary>
/// One change of one run, committed as a whole or not at all: new journal entries and everything that follows from them.
/// A run has at most one transition in flight.
/// </summary>
public sealed class Transition
{
    /// <summary>Unique over all silos; kept with the first entry, so that a commit whose answer was lost is recognised when it is sent again.</summary>
    public required long Id { get; init; }

    /// <summary>The life that writes. The store refuses the whole batch unless that life is alive.</summary>
    public required long Silo { get; init; }

    public required RunId Run { get; init; }
    public required long RunNo { get; init; }

    /// <summary>
    /// The gate: the run's last entry must have this number. 0 starts the run, and <see cref="Start"/> is set.
    /// Otherwise the transition is a conflict and nothing of it is written.
    /// </summary>
    public required long ExpectedSeq { get; init; }

    /// <summary>
    /// The new entries, numbered from <see cref="ExpectedSeq"/> + 1. A transition without entries may only change the
    /// run's row (a release), and does so only while the writer still owns the run; otherwise it is a conflict.
    /// </summary>
    public IReadOnlyList<JournalEntry> Entries { get; init; } = [];

    /// <summary>The new row of a run that starts here; null otherwise.</summary>
    public RunRow? Start { get; init; }

    /// <summary>The change of the run's row; null when it stays as it is.</summary>
    public RunChange? Change { get; init; }

    /// <summary>Children that begin with this transition: their rows and first entries. One that exists already is left as it is.</summary>
    public IReadOnlyList<ChildStart> Children { get; init; } = [];

    /// <summary>Reminders to set; one with the same key is replaced.</summary>
    public IReadOnlyList<Reminder> RemindersSet { get; init; } = [];

    /// <summary>Keys of reminders to delete; one that is not there is no error.</summary>
    public IReadOnlyList<string> RemindersCleared { get; init; } = [];

    public IReadOnlyList<HumanTaskRow> HumanTasksOpened { get; init; } = [];

    /// <summary>Expectation: each of these tasks is still open; otherwise the transition is a conflict.</summary>
    public IReadOnlyList<HumanTaskClosing> HumanTasksClosed { get; init; } = [];

    /// <summary>Messages to other runs. One whose id exists, or whose run has ended or does not exist, is dropped.</summary>
    public IReadOnlyList<InboxMessage> Messages { get; init; } = [];

    /// <summary>Ids of inbox messages that the entries have taken in; deleted.</summary>
    public IReadOnlyList<string> MessagesConsumed { get; init; } = [];
}

public sealed record ChildStart(RunRow Row, JournalEntry First);

public enum CommitStatus
{
    Committed,

    /// <summary>The gate or an expectation did not hold: nothing of the transition was written.</summary>
    Conflict,

    /// <summary>A start whose idempotency key or run id exists already: nothing was written; <see cref="CommitOutcome.Existing"/> is the run that has it.</summary>
    Exists,

    /// <summary>The database refuses the data of this transition for good. Only the committer gives this, after it has found the culprit in a batch.</summary>
    Refused,
}

/// <summary>The store's answer to one transition.</summary>
/// <param name="Existing">
/// The run that has the run id or the idempotency key; null unless the status is <see cref="CommitStatus.Exists"/>. Run ids are unique over all tenants, so
/// one that was met by its id may be another tenant's: compare before showing anything of it.
/// </param>
/// <param name="Reason">For a conflict or refusal: which expectation failed, for the log.</param>
public sealed record CommitOutcome(CommitStatus Status, RunRow? Existing = null, string? Reason = null)
{
    public static CommitOutcome Committed { get; } = new(CommitStatus.Committed);
}
