using Actors.Storage;

namespace Actors.Testing;

/// <summary>A store that passes every call on to another: the base of stores that count, watch or fail in tests.</summary>
public abstract class DelegatingStore(IStore inner) : IStore
{
    public virtual string Name => inner.Name;

    public virtual ValueTask<long> BeginLifeAsync(string siloName, DateTimeOffset at, CancellationToken cancellationToken) => inner.BeginLifeAsync(siloName, at, cancellationToken);

    public virtual ValueTask EndLifeAsync(long silo, DateTimeOffset at, CancellationToken cancellationToken) => inner.EndLifeAsync(silo, at, cancellationToken);

    public virtual ValueTask<long> ReserveRunNumbersAsync(long silo, int count, CancellationToken cancellationToken) => inner.ReserveRunNumbersAsync(silo, count, cancellationToken);

    public virtual ValueTask<int> DeleteEndedAsync(long silo, DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken) =>
        inner.DeleteEndedAsync(silo, endedBefore, limit, cancellationToken);

    public virtual ValueTask<CacheRow?> ReadCacheAsync(string tenant, string key, DateTimeOffset now, CancellationToken cancellationToken) =>
        inner.ReadCacheAsync(tenant, key, now, cancellationToken);

    public virtual ValueTask WriteCacheAsync(long silo, CacheRow row, CancellationToken cancellationToken) => inner.WriteCacheAsync(silo, row, cancellationToken);

    public virtual ValueTask<int> DeleteExpiredAsync(long silo, DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        inner.DeleteExpiredAsync(silo, now, limit, cancellationToken);

    public virtual ValueTask<IReadOnlyList<CommitOutcome>> CommitAsync(IReadOnlyList<Transition> batch, CancellationToken cancellationToken) => inner.CommitAsync(batch, cancellationToken);

    public virtual ValueTask<IReadOnlyList<LoadedRun?>> ClaimAsync(long silo, IReadOnlyList<RunId> runs, CancellationToken cancellationToken) => inner.ClaimAsync(silo, runs, cancellationToken);

    public virtual ValueTask<IReadOnlyList<RunId>> FindRunnableAsync(int limit, CancellationToken cancellationToken) => inner.FindRunnableAsync(limit, cancellationToken);

    public virtual ValueTask<IReadOnlyList<Reminder>> FindRemindersAsync(DateTimeOffset before, Reminder? after, int limit, CancellationToken cancellationToken) =>
        inner.FindRemindersAsync(before, after, limit, cancellationToken);

    public virtual ValueTask<RunRow?> GetRunAsync(string tenant, RunId id, CancellationToken cancellationToken) => inner.GetRunAsync(tenant, id, cancellationToken);

    public virtual ValueTask<RunRow?> GetRunByIdempotencyKeyAsync(string tenant, string key, CancellationToken cancellationToken) => inner.GetRunByIdempotencyKeyAsync(tenant, key, cancellationToken);

    public virtual ValueTask<IReadOnlyList<RunRow>> ListRunsAsync(RunQuery query, CancellationToken cancellationToken) => inner.ListRunsAsync(query, cancellationToken);

    public virtual ValueTask<IReadOnlyList<JournalEntry>> ReadJournalAsync(string tenant, RunId id, long afterSeq, int limit, CancellationToken cancellationToken) =>
        inner.ReadJournalAsync(tenant, id, afterSeq, limit, cancellationToken);

    public virtual ValueTask<JournalEntry?> ReadLastEntryAsync(string tenant, RunId id, CancellationToken cancellationToken) => inner.ReadLastEntryAsync(tenant, id, cancellationToken);

    public virtual ValueTask<HumanTaskRow?> GetHumanTaskAsync(string tenant, HumanTaskId id, CancellationToken cancellationToken) => inner.GetHumanTaskAsync(tenant, id, cancellationToken);

    public virtual ValueTask<IReadOnlyList<HumanTaskRow>> ListHumanTasksAsync(HumanTaskQuery query, CancellationToken cancellationToken) => inner.ListHumanTasksAsync(query, cancellationToken);

    public virtual ValueTask SaveFlowAsync(FlowRow flow, CancellationToken cancellationToken) => inner.SaveFlowAsync(flow, cancellationToken);

    public virtual ValueTask<FlowRow?> GetFlowAsync(string tenant, string name, string version, CancellationToken cancellationToken) => inner.GetFlowAsync(tenant, name, version, cancellationToken);

    public virtual ValueTask<IReadOnlyList<FlowVersionRow>> ListFlowVersionsAsync(string tenant, string name, int limit, CancellationToken cancellationToken) =>
        inner.ListFlowVersionsAsync(tenant, name, limit, cancellationToken);

    public virtual ValueTask<int> CountMessagesAsync(long runNo, int max, CancellationToken cancellationToken) => inner.CountMessagesAsync(runNo, max, cancellationToken);

    public virtual ValueTask<IReadOnlyList<string>> CheckInvariantsAsync(CancellationToken cancellationToken) => inner.CheckInvariantsAsync(cancellationToken);

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return inner.DisposeAsync();
    }
}
