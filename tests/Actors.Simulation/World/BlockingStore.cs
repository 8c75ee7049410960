using Actors.Storage;

namespace Actors.Simulation;

/// <summary>A store with threads of its own, made fit for the simulation's one thread: each call is waited for.</summary>
internal sealed class BlockingStore(IStore inner) : IStore
{
    public string Name => inner.Name;

    public ValueTask<long> BeginLifeAsync(string siloName, DateTimeOffset at, CancellationToken cancellationToken) => Wait(inner.BeginLifeAsync(siloName, at, cancellationToken));

    public ValueTask EndLifeAsync(long silo, DateTimeOffset at, CancellationToken cancellationToken) => Wait(inner.EndLifeAsync(silo, at, cancellationToken));

    public ValueTask<long> ReserveRunNumbersAsync(long silo, int count, CancellationToken cancellationToken) => Wait(inner.ReserveRunNumbersAsync(silo, count, cancellationToken));

    public ValueTask<int> DeleteEndedAsync(long silo, DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken) =>
        Wait(inner.DeleteEndedAsync(silo, endedBefore, limit, cancellationToken));

    public ValueTask<CacheRow?> ReadCacheAsync(string tenant, string key, DateTimeOffset now, CancellationToken cancellationToken) =>
        Wait(inner.ReadCacheAsync(tenant, key, now, cancellationToken));

    public ValueTask WriteCacheAsync(long silo, CacheRow row, CancellationToken cancellationToken) => Wait(inner.WriteCacheAsync(silo, row, cancellationToken));

    public ValueTask<int> DeleteExpiredAsync(long silo, DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        Wait(inner.DeleteExpiredAsync(silo, now, limit, cancellationToken));

    public ValueTask<IReadOnlyList<CommitOutcome>> CommitAsync(IReadOnlyList<Transition> batch, CancellationToken cancellationToken) => Wait(inner.CommitAsync(batch, cancellationToken));

    public ValueTask<IReadOnlyList<LoadedRun?>> ClaimAsync(long silo, IReadOnlyList<RunId> runs, CancellationToken cancellationToken) => Wait(inner.ClaimAsync(silo, runs, cancellationToken));

    public ValueTask<IReadOnlyList<RunId>> FindRunnableAsync(int limit, CancellationToken cancellationToken) => Wait(inner.FindRunnableAsync(limit, cancellationToken));

    public ValueTask<IReadOnlyList<Reminder>> FindRemindersAsync(DateTimeOffset before, Reminder? after, int limit, CancellationToken cancellationToken) =>
        Wait(inner.FindRemindersAsync(before, after, limit, cancellationToken));

    public ValueTask<RunRow?> GetRunAsync(string tenant, RunId id, CancellationToken cancellationToken) => Wait(inner.GetRunAsync(tenant, id, cancellationToken));

    public ValueTask<RunRow?> GetRunByIdempotencyKeyAsync(string tenant, string key, CancellationToken cancellationToken) => Wait(inner.GetRunByIdempotencyKeyAsync(tenant, key, cancellationToken));

    public ValueTask<IReadOnlyList<RunRow>> ListRunsAsync(RunQuery query, CancellationToken cancellationToken) => Wait(inner.ListRunsAsync(query, cancellationToken));

    public ValueTask<IReadOnlyList<JournalEntry>> ReadJournalAsync(string tenant, RunId id, long afterSeq, int limit, CancellationToken cancellationToken) =>
        Wait(inner.ReadJournalAsync(tenant, id, afterSeq, limit, cancellationToken));

    public ValueTask<JournalEntry?> ReadLastEntryAsync(string tenant, RunId id, CancellationToken cancellationToken) => Wait(inner.ReadLastEntryAsync(tenant, id, cancellationToken));

    public ValueTask<HumanTaskRow?> GetHumanTaskAsync(string tenant, HumanTaskId id, CancellationToken cancellationToken) => Wait(inner.GetHumanTaskAsync(tenant, id, cancellationToken));

    public ValueTask<IReadOnlyList<HumanTaskRow>> ListHumanTasksAsync(HumanTaskQuery query, CancellationToken cancellationToken) => Wait(inner.ListHumanTasksAsync(query, cancellationToken));

    public ValueTask SaveFlowAsync(FlowRow flow, CancellationToken cancellationToken) => Wait(inner.SaveFlowAsync(flow, cancellationToken));

    public ValueTask<FlowRow?> GetFlowAsync(string tenant, string name, string version, CancellationToken cancellationToken) => Wait(inner.GetFlowAsync(tenant, name, version, cancellationToken));

    public ValueTask<IReadOnlyList<FlowVersionRow>> ListFlowVersionsAsync(string tenant, string name, int limit, CancellationToken cancellationToken) =>
        Wait(inner.ListFlowVersionsAsync(tenant, name, limit, cancellationToken));

    public ValueTask<int> CountMessagesAsync(long runNo, int max, CancellationToken cancellationToken) => Wait(inner.CountMessagesAsync(runNo, max, cancellationToken));

    public ValueTask<IReadOnlyList<string>> CheckInvariantsAsync(CancellationToken cancellationToken) => Wait(inner.CheckInvariantsAsync(cancellationToken));

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private static ValueTask<T> Wait<T>(ValueTask<T> call)
    {
        Task<T> task = call.AsTask();
        ((IAsyncResult)task).AsyncWaitHandle.WaitOne();
        return new ValueTask<T>(task);
    }

    private static ValueTask Wait(ValueTask call)
    {
        Task task = call.AsTask();
        ((IAsyncResult)task).AsyncWaitHandle.WaitOne();
        return new ValueTask(task);
    }
}
