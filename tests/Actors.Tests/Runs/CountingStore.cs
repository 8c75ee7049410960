using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs;

/// <summary>A store that counts what activations load, and can be made to refuse or to be away.</summary>
internal sealed class CountingStore(MemoryStore inner) : DelegatingStore(inner)
{
    public MemoryStore Inner { get; } = inner;

    /// <summary>For each run that was claimed: entries and bytes that came with it.</summary>
    public List<(RunId Run, int Entries, long Bytes)> Loaded { get; } = [];

    /// <summary>Asked before each commit; throws what shall go wrong.</summary>
    public Action<IReadOnlyList<Transition>>? OnCommit { get; set; }

    /// <summary>Asked before every other call.</summary>
    public Action? OnRead { get; set; }

    public override string Name => "counting";

    public override ValueTask<IReadOnlyList<CommitOutcome>> CommitAsync(IReadOnlyList<Transition> batch, CancellationToken cancellationToken)
    {
        try
        {
            OnCommit?.Invoke(batch);
        }
        catch (StoreException e)
        {
            return ValueTask.FromException<IReadOnlyList<CommitOutcome>>(e);
        }

        return Inner.CommitAsync(batch, cancellationToken);
    }

    public override async ValueTask<IReadOnlyList<LoadedRun?>> ClaimAsync(long silo, IReadOnlyList<RunId> runs, CancellationToken cancellationToken)
    {
        OnRead?.Invoke();
        IReadOnlyList<LoadedRun?> loaded = await Inner.ClaimAsync(silo, runs, cancellationToken);
        lock (Loaded)
        {
            foreach (LoadedRun run in loaded.OfType<LoadedRun>())
            {
                Loaded.Add((run.Row.Id, run.Entries.Count, run.Entries.Sum(e => (long)e.Payload.Length)));
            }
        }

        return loaded;
    }

    public override async ValueTask<IReadOnlyList<RunId>> FindRunnableAsync(int limit, CancellationToken cancellationToken)
    {
        OnRead?.Invoke();
        return await Inner.FindRunnableAsync(limit, cancellationToken);
    }

    public override async ValueTask<IReadOnlyList<Reminder>> FindRemindersAsync(DateTimeOffset before, Reminder? after, int limit, CancellationToken cancellationToken)
    {
        OnRead?.Invoke();
        return await Inner.FindRemindersAsync(before, after, limit, cancellationToken);
    }

    public override async ValueTask<long> ReserveRunNumbersAsync(long silo, int count, CancellationToken cancellationToken)
    {
        OnRead?.Invoke();
        return await Inner.ReserveRunNumbersAsync(silo, count, cancellationToken);
    }
}
