using Actors.Storage;

namespace Actors.Tests.Runs;

/// <summary>A store that counts what activations load, and can be made to refuse or to be away.</summary>
internal sealed class CountingStore(MemoryStore inner) : IStore
{
    public MemoryStore Inner => inner;

    /// <summary>For each run that was claimed: entries and bytes that came with it.</summary>
    public List<(RunId Run, int Entries, long Bytes)> Loaded { get; } = [];

    /// <summary>Asked before each commit; throws what shall go wrong.</summary>
    public Action<IReadOnlyList<Transition>>? OnCommit { get; set; }

    /// <summary>Asked before every other call.</summary>
    public Action? OnRead { get; set; }

    public string Name => "counting";

    public ValueTask<IReadOnlyList<CommitOutcome>> CommitAsync(IReadOnlyList<Transition> batch, CancellationToken cancellationToken)
    {
        try
        {
            OnCommit?.Invoke(batch);
        }
        catch (StoreException e)
        {
            return ValueTask.FromException<IReadOnlyList<CommitOutcome>>(e);
        }

        return inner.CommitAsync(batch, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<LoadedRun?>> ClaimAsync(long silo, IReadOnlyList<RunId> runs, CancellationToken cancellationToken)
    {
        OnRead?.Invoke();
        IReadOnlyList<LoadedRun?> loaded = await inner.ClaimAsync(silo, runs, cancellationToken);
        lock (Loaded)
        {
            foreach (LoadedRun run in loaded.OfType<LoadedRun>())
            {
                Loaded.Add((run.Row.Id, run.Entries.Count, run.Entries.Sum(e => (long)e.Payload.Length)));
            }
        }

        return loaded;
    }

    public async ValueTask<IReadOnlyList<RunId>> FindRunnableAsync(int limit, CancellationToken cancellationToken)
    {
        OnRead?.Invoke();
        return await inner.FindRunnableAsync(limit, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<Reminder>> FindRemindersAsync(DateTimeOffset before, Reminder? after, int limit, CancellationToken cancellationToken)
    {
        OnRead?.Invoke();
        return await inner.FindRemindersAsync(before, after, limit, cancellationToken);
    }

    public async ValueTask<long> ReserveRunNumbersAsync(long silo, int count, CancellationToken cancellationToken)
    {
        OnRead?.Invoke();
        return await inner.ReserveRunNumbersAsync(silo, count, cancellationToken);
    }

    public ValueTask<long> BeginLifeAsync(string siloName, DateTimeOffset at, CancellationToken cancellationToken) => inner.BeginLifeAsync(siloName, at, cancellationToken);

    public ValueTask EndLifeAsync(long silo, DateTimeOffset at, CancellationToken cancellationToken) => inner.EndLifeAsync(silo, at, cancellationToken);

    public ValueTask<RunRow?> GetRunAsync(string tenant, RunId id, CancellationToken cancellationToken) => inner.GetRunAsync(tenant, id, cancellationToken);

    public ValueTask<RunRow?> GetRunByIdempotencyKeyAsync(string tenant, string key, CancellationToken cancellationToken) => inner.GetRunByIdempotencyKeyAsync(tenant, key, cancellationToken);

    public ValueTask<IReadOnlyList<RunRow>> ListRunsAsync(RunQuery query, CancellationToken cancellationToken) => inner.ListRunsAsync(query, cancellationToken);

    public ValueTask<IReadOnlyList<JournalEntry>> ReadJournalAsync(string tenant, RunId id, long afterSeq, int limit, CancellationToken cancellationToken) =>
        inner.ReadJournalAsync(tenant, id, afterSeq, limit, cancellationToken);

    public ValueTask<JournalEntry?> ReadLastEntryAsync(string tenant, RunId id, CancellationToken cancellationToken) => inner.ReadLastEntryAsync(tenant, id, cancellationToken);

    public ValueTask<HumanTaskRow?> GetHumanTaskAsync(string tenant, HumanTaskId id, CancellationToken cancellationToken) => inner.GetHumanTaskAsync(tenant, id, cancellationToken);

    public ValueTask<IReadOnlyList<HumanTaskRow>> ListHumanTasksAsync(HumanTaskQuery query, CancellationToken cancellationToken) => inner.ListHumanTasksAsync(query, cancellationToken);

    public ValueTask SaveFlowAsync(FlowRow flow, CancellationToken cancellationToken) => inner.SaveFlowAsync(flow, cancellationToken);

    public ValueTask<FlowRow?> GetFlowAsync(string tenant, string name, string version, CancellationToken cancellationToken) => inner.GetFlowAsync(tenant, name, version, cancellationToken);

    public ValueTask<IReadOnlyList<string>> CheckInvariantsAsync(CancellationToken cancellationToken) => inner.CheckInvariantsAsync(cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
