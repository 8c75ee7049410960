namespace Actors.Storage;

/// <summary>
/// The seam between the engine and a database. It is batched: many transitions a call, each accepted or refused on its own.
/// Every sentence here is a test in the store specifications of Actors.Testing, which all stores run.
/// Stores are thread-safe. Errors are <see cref="StoreException"/> with the kind that says who must act.
/// </summary>
public interface IStore : IAsyncDisposable
{
    /// <summary>The store's name in messages and figures, e.g. <c>sqlite</c>.</summary>
    string Name { get; }

    // ---- lives ---------------------------------------------------------------------------------------------------

    /// <summary>Begins a life: a number above that of every earlier life. Alive until <see cref="EndLifeAsync"/>.</summary>
    ValueTask<long> BeginLifeAsync(string siloName, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>
    /// Marks a life dead, by itself at its end or by another that found it dead. From then on every write of that life is refused,
    /// and the runs it owns can be claimed. Ending a dead or unknown life does nothing.
    /// </summary>
    ValueTask EndLifeAsync(long silo, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>Reserves run numbers that no other call ever returned: the first of <paramref name="count"/> consecutive ones.</summary>
    ValueTask<long> ReserveRunNumbersAsync(long silo, int count, CancellationToken cancellationToken);

    // ---- commit --------------------------------------------------------------------------------------------------

    /// <summary>
    /// Commits a batch in one database transaction. When it returns, what was committed survives a crash of the process and of the machine.
    /// Outcomes are in the order of the batch; a transition that is refused leaves its neighbours unaffected. All transitions are of one silo,
    /// and no run occurs twice as the writer.
    /// A transition is a conflict when its run's last entry is not <see cref="Transition.ExpectedSeq"/>, or a task it closes is not open,
    /// except that the very same transition, committed before and sent again, is answered as committed and changes nothing.
    /// A start whose run id or (tenant, idempotency key) is taken is answered with <see cref="CommitStatus.Exists"/>, again except for the same transition.
    /// </summary>
    /// <exception cref="ArgumentException">The batch breaks one of the <see cref="StoreRules"/>: a bug of the caller; nothing was written.</exception>
    /// <exception cref="StoreException">
    /// Nothing is known to be written. Kind <see cref="StoreFailure.Fenced"/> when the silo is not alive, <see cref="StoreFailure.Data"/> when a value
    /// cannot be stored, <see cref="StoreFailure.UnknownOutcome"/> when the commit may have happened.
    /// </exception>
    ValueTask<IReadOnlyList<CommitOutcome>> CommitAsync(IReadOnlyList<Transition> batch, CancellationToken cancellationToken);

    // ---- activation ----------------------------------------------------------------------------------------------

    /// <summary>
    /// Makes <paramref name="silo"/> the owner of each run that has no owner, or whose owner is not alive, and loads those, and those it owns already.
    /// A run that a living other silo owns, that has ended or that does not exist is loaded as null. Same order as asked.
    /// Entries are those from the latest snapshot on (all when there is none), then everything in the run's inbox in order of arrival.
    /// </summary>
    /// <exception cref="StoreException">Fenced when the silo is not alive.</exception>
    ValueTask<IReadOnlyList<LoadedRun?>> ClaimAsync(long silo, IReadOnlyList<RunId> runs, CancellationToken cancellationToken);

    /// <summary>
    /// Up to <paramref name="limit"/> runs that should be in some silo's memory and are in none: their owner is not alive; or they have no owner and are
    /// queued or running, or have messages in their inbox. Highest priority first, then oldest. Parked runs with no owner do not count.
    /// </summary>
    ValueTask<IReadOnlyList<RunId>> FindRunnableAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Reminders due before <paramref name="before"/> and after (due, run number, key) of <paramref name="after"/>, in that order.</summary>
    ValueTask<IReadOnlyList<Reminder>> FindRemindersAsync(DateTimeOffset before, Reminder? after, int limit, CancellationToken cancellationToken);

    // ---- reading -------------------------------------------------------------------------------------------------

    /// <summary>The run's row, or null when the tenant has no such run.</summary>
    ValueTask<RunRow?> GetRunAsync(string tenant, RunId id, CancellationToken cancellationToken);

    /// <summary>The run with this idempotency key, or null.</summary>
    ValueTask<RunRow?> GetRunByIdempotencyKeyAsync(string tenant, string key, CancellationToken cancellationToken);

    /// <summary>Runs of one tenant, newest first.</summary>
    ValueTask<IReadOnlyList<RunRow>> ListRunsAsync(RunQuery query, CancellationToken cancellationToken);

    /// <summary>
    /// Journal entries of a run of this tenant with a number above <paramref name="afterSeq"/>, in order, at most <paramref name="limit"/>;
    /// empty when there is no such run.
    /// </summary>
    ValueTask<IReadOnlyList<JournalEntry>> ReadJournalAsync(string tenant, RunId id, long afterSeq, int limit, CancellationToken cancellationToken);

    /// <summary>The run's last entry, or null when the tenant has no such run.</summary>
    ValueTask<JournalEntry?> ReadLastEntryAsync(string tenant, RunId id, CancellationToken cancellationToken);

    /// <summary>How many messages are in the inbox of the run with this number, counted up to <paramref name="max"/>; 0 when there is no such run.</summary>
    ValueTask<int> CountMessagesAsync(long runNo, int max, CancellationToken cancellationToken);

    /// <summary>The task, or null when the tenant has no such task.</summary>
    ValueTask<HumanTaskRow?> GetHumanTaskAsync(string tenant, HumanTaskId id, CancellationToken cancellationToken);

    /// <summary>Human tasks of one tenant, oldest first.</summary>
    ValueTask<IReadOnlyList<HumanTaskRow>> ListHumanTasksAsync(HumanTaskQuery query, CancellationToken cancellationToken);

    // ---- flows ---------------------------------------------------------------------------------------------------

    /// <summary>Stores a definition; one with the same tenant, name and version is left as it is.</summary>
    ValueTask SaveFlowAsync(FlowRow flow, CancellationToken cancellationToken);

    ValueTask<FlowRow?> GetFlowAsync(string tenant, string name, string version, CancellationToken cancellationToken);

    /// <summary>The stored versions of a tenant's flow, the last stored first, at most <paramref name="limit"/>; empty when there is none.</summary>
    ValueTask<IReadOnlyList<FlowVersionRow>> ListFlowVersionsAsync(string tenant, string name, int limit, CancellationToken cancellationToken);

    // ---- cache ---------------------------------------------------------------------------------------------------

    /// <summary>What was written last under this key of the tenant; null when there is nothing, or when it expires at or before <paramref name="now"/>.</summary>
    ValueTask<CacheRow?> ReadCacheAsync(string tenant, string key, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Writes a row in place of one with the same tenant and key. Of several writers at once the last wins.</summary>
    /// <exception cref="StoreException">Fenced when the silo is not alive.</exception>
    ValueTask WriteCacheAsync(long silo, CacheRow row, CancellationToken cancellationToken);

    /// <summary>Deletes rows of all tenants that expire at or before <paramref name="now"/>, oldest first; at most <paramref name="limit"/>, and none that somebody is writing at this moment.</summary>
    /// <returns>How many were deleted; 0 when none has expired.</returns>
    /// <exception cref="StoreException">Fenced when the silo is not alive.</exception>
    ValueTask<int> DeleteExpiredAsync(long silo, DateTimeOffset now, int limit, CancellationToken cancellationToken);

    // ---- retention -----------------------------------------------------------------------------------------------

    /// <summary>
    /// Deletes runs that ended before <paramref name="endedBefore"/>, oldest end first, with everything of theirs: journal, labels, human tasks and their audit; an idempotency key is free again.
    /// A run without a parent is deleted with all that descend from it, and only when all of those ended before that time as well. At most <paramref name="limit"/> runs without a parent.
    /// </summary>
    /// <returns>How many runs were deleted, children included; 0 when nothing is old enough.</returns>
    /// <exception cref="StoreException">Fenced when the silo is not alive.</exception>
    ValueTask<int> DeleteEndedAsync(long silo, DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken);

    // ---- proof ---------------------------------------------------------------------------------------------------

    /// <summary>
    /// Checks the promises over the whole database and returns one sentence for each row that breaks one, at most <see cref="BrokenRows.Max"/>; empty when all hold:
    /// journals without gaps, ended runs with exactly one final entry as their last, every live run with a reason to wake, reminders, open human tasks and
    /// messages only of live runs, children and parents that know each other.
    /// </summary>
    ValueTask<IReadOnlyList<string>> CheckInvariantsAsync(CancellationToken cancellationToken);
}

/// <summary>A run as a silo takes it into memory.</summary>
/// <param name="Entries">From the latest snapshot on, in order; never empty.</param>
/// <param name="Inbox">In order of arrival.</param>
/// <param name="Adoptions">
/// How often in a row the run was taken over, while it was running, from a life that died, without an outcome in its journal in between; this time included. 0 when it was not.
/// </param>
/// <param name="Trials">How often since then it was begun alone, apart from the others that were taken over with it; see <see cref="IClusterStore.CountTrialAsync"/>.</param>
public sealed record LoadedRun(RunRow Row, IReadOnlyList<JournalEntry> Entries, IReadOnlyList<InboxMessage> Inbox, int Adoptions = 0, int Trials = 0);

/// <summary>Which runs to list. All conditions must hold; a null or empty one does not restrict.</summary>
public sealed record RunQuery
{
    public const int LimitMax = 500;

    public required string Tenant { get; init; }
    public IReadOnlyCollection<RunStatus> Statuses { get; init; } = [];
    public string? Flow { get; init; }

    /// <summary>Labels that the run must have with exactly these values.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Only children of this run.</summary>
    public RunId? Parent { get; init; }

    /// <summary>Only runs with a smaller number: the last of the page before. Null begins with the newest.</summary>
    public long? BeforeNo { get; init; }

    /// <summary>1 to <see cref="LimitMax"/>.</summary>
    public int Limit { get; init; } = 50;
}

/// <summary>Which human tasks to list. All conditions must hold; a null one does not restrict.</summary>
public sealed record HumanTaskQuery
{
    public const int LimitMax = 500;

    public required string Tenant { get; init; }
    public HumanTaskStatus? Status { get; init; }
    public RunId? Run { get; init; }

    /// <summary>Only tasks that this person or group may answer: a candidate, or tasks without candidates.</summary>
    public string? Candidate { get; init; }

    /// <summary>Only tasks after (created, id) of this one: the last of the page before.</summary>
    public (DateTimeOffset CreatedAt, HumanTaskId Id)? After { get; init; }

    /// <summary>1 to <see cref="LimitMax"/>.</summary>
    public int Limit { get; init; } = 50;
}

/// <summary>Who must act on a store's error.</summary>
public enum StoreFailure
{
    /// <summary>Nobody: it is retried (busy, deadlock, connection refused). Nothing was written.</summary>
    Transient,

    /// <summary>Nobody: the same batch is sent again, unchanged. It may have been written.</summary>
    UnknownOutcome,

    /// <summary>The author: a value cannot be stored. The committer finds the culprit.</summary>
    Data,

    /// <summary>The silo: its life is over. It drops its grains.</summary>
    Fenced,

    /// <summary>The operator: wrong schema, wrong password, full disk, damaged file.</summary>
    Fatal,
}

/// <summary>An error of a store, with the kind that says who must act.</summary>
public sealed class StoreException(StoreFailure kind, string message, Exception? inner = null) : Exception(message, inner)
{
    public StoreFailure Kind { get; } = kind;
}
