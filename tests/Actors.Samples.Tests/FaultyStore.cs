using Actors.Storage;
using Actors.Testing;

namespace Actors.Samples.Tests;

/// <summary>A real store, one commit of which goes wrong: it is not written, or its answer is lost.</summary>
internal sealed class FaultyStore(IStore inner, int broken, CommitFault fault) : DelegatingStore(inner)
{
    private int _commits;

    /// <summary>How many commits were asked for.</summary>
    public int Commits => Volatile.Read(ref _commits);

    public override async ValueTask<IReadOnlyList<CommitOutcome>> CommitAsync(IReadOnlyList<Transition> batch, CancellationToken cancellationToken)
    {
        bool fails = Interlocked.Increment(ref _commits) == broken;
        if (fails && fault == CommitFault.FailBefore)
        {
            throw new StoreException(StoreFailure.Transient, "The database is away.");
        }

        IReadOnlyList<CommitOutcome> outcomes = await base.CommitAsync(batch, cancellationToken);
        return fails ? throw new StoreException(StoreFailure.UnknownOutcome, "The answer was lost.") : outcomes;
    }

    // The store is the test's, and the next round is on it as well.
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
