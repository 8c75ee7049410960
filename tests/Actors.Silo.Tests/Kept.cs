using Actors.Storage;

namespace Actors.Hosting.Tests;

/// <summary>A store that outlives the host that was given it, as a database does.</summary>
internal sealed class Kept(IStore store) : IStore
{
    public string Name => store.Name;

    public ValueTask<long> BeginLifeAsync(string siloName, DateTimeOffset at, CancellationToken cancellationToken) => store.BeginLifeAsync(siloName, at, cancellationToken);

    public ValueTask EndLifeAsync(long silo, DateTimeOffset at, CancellationToken cancellationToken) => store.EndLifeAsync(silo, at, cancellationToken);

    public ValueTask<long> ReserveRunNumbersAsync(long silo, int count, CancellationToken cancellationToken) => store.ReserveRunNumbersAsync(silo, count, cancellationToken);

    public ValueTask<IReadOnlyList<CommitOutcome>> CommitAsync(IReadOnlyList<Transition> batch, CancellationToken cancellationToken) => store.CommitAsync(batch, cancellationToken);

    public ValueTask<IReadOnlyList<LoadedRun?>> ClaimAsync(long silo, IReadOnlyList<RunId> runs, CancellationToken cancellationToken) => store.ClaimAsync(silo, runs, cancellationToken);

    public ValueTask<IReadOnlyList<RunId>> FindRunnableAsync(int limit, CancellationToken cancellationToken) => store.FindRunnableAsync(limit, cancellationToken);

    public ValueTask<IReadOnlyList<Reminder>> FindRemindersAsync(DateTimeOffset before, Reminder? after, int limit, CancellationToken cancellationToken) =>
        store.FindRemindersAsync(before, after, limit, cancellationToken);

    public ValueTask<RunRow?> GetRunAsync(string tenant, RunId id, CancellationToken cancellationToken) => store.GetRunAsync(tenant, id, cancellationToken);

    public ValueTask<RunRow?> GetRunByIdempotencyKeyAsync(string tenant, string key, CancellationToken cancellationToken) => store.GetRunByIdempotencyKeyAsync(tenant, key, cancellationToken);

    public ValueTask<IReadOnlyList<RunRow>> ListRunsAsync(RunQuery query, CancellationToken cancellationToken) => store.ListRunsAsync(query, cancellationToken);

    public ValueTask<IReadOnlyList<JournalEntry>> ReadJournalAsync(string tenant, RunId id, long afterSeq, int limit, CancellationToken cancellationToken) =>
        store.ReadJournalAsync(tenant, id, afterSeq, limit, cancellationToken);

    public ValueTask<JournalEntry?> ReadLastEntryAsync(string tenant, RunId id, CancellationToken cancellationToken) => store.ReadLastEntryAsync(tenant, id, cancellationToken);

    public ValueTask<HumanTaskRow?> GetHumanTaskAsync(string tenant, HumanTaskId id, CancellationToken cancellationToken) => store.GetHumanTaskAsync(tenant, id, cancellationToken);

    public ValueTask<IReadOnlyList<HumanTaskRow>> ListHumanTasksAsync(HumanTaskQuery query, CancellationToken cancellationToken) => store.ListHumanTasksAsync(query, cancellationToken);

    public ValueTask SaveFlowAsync(FlowRow flow, CancellationToken cancellationToken) => store.SaveFlowAsync(flow, cancellationToken);

    public ValueTask<FlowRow?> GetFlowAsync(string tenant, string name, string version, CancellationToken cancellationToken) => store.GetFlowAsync(tenant, name, version, cancellationToken);

    public ValueTask<IReadOnlyList<string>> CheckInvariantsAsync(CancellationToken cancellationToken) => store.CheckInvariantsAsync(cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
