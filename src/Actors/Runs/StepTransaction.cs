using Actors.Silos;
using Actors.Storage;

namespace Actors.Runs;

/// <summary>How many transactions of steps are open at once; further ones wait in order of arrival. Thread-safe.</summary>
internal sealed class TransactionSlots(EngineScheduler scheduler, int max)
{
    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private int _taken;

    /// <summary>Completes when there is a place; the caller gives it back with <see cref="Release"/>.</summary>
    public async Task TakeAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource place;
        lock (_lock)
        {
            if (_taken < max)
            {
                _taken++;
                return;
            }

            _waiting.Enqueue(place = new());
        }

        // Registered callbacks run on whoever cancels: the waiter itself goes on by the scheduler.
        using (cancellationToken.UnsafeRegister(state => scheduler.Post(static s => ((TaskCompletionSource)s!).TrySetCanceled(), state), place))
        {
            await place.Task.ConfigureAwait(false);
        }
    }

    public void Release() => scheduler.Post(static self => ((TransactionSlots)self!).Pass(), this);

    private void Pass()
    {
        while (true)
        {
            TaskCompletionSource? next;
            lock (_lock)
            {
                if (!_waiting.TryDequeue(out next))
                {
                    _taken--;
                    return;
                }
            }

            if (next.TrySetResult())
            {
                return;
            }
        }
    }
}

/// <summary>How the commit of a transactional step ended: an answer of the store, or an error, after which everything is rolled back.</summary>
/// <param name="Answer">Null when the life is over: nobody is told any more.</param>
internal sealed record TransactionEnd(CommitOutcome? Answer, AttemptFailure? Failure);

/// <summary>The transaction of one attempt, from its place among those that may be open to its end.</summary>
internal sealed class StepTransaction : IAsyncDisposable
{
    private static readonly TimeSpan AskAgainMin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AskAgainMax = TimeSpan.FromSeconds(5);

    private readonly EngineServices _services;
    private readonly ITransactionalStore _store;
    private int _taken;
    private int _disposed;

    private StepTransaction(EngineServices services, ITransactionalStore store, IStoreTransaction inner)
    {
        _services = services;
        _store = store;
        Inner = inner;
    }

    public IStoreTransaction Inner { get; }

    /// <exception cref="TaskException">The store has no transactions for steps.</exception>
    public static async Task<StepTransaction> BeginAsync(EngineServices services, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (services.Store is not ITransactionalStore store)
        {
            throw new TaskException(
                $"A transactional step needs a database that it shares with the journal, and the store '{services.Store.Name}' has none for steps. "
                + "Use the PostgreSQL store, or an ordinary step with its idempotency key.")
            {
                Type = ErrorTypes.NotTransactional,
                Retryable = false,
            };
        }

        await services.Transactions.TakeAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return new StepTransaction(services, store, await store.BeginTransactionAsync(limit, cancellationToken).ConfigureAwait(false));
        }
        catch
        {
            services.Transactions.Release();
            throw;
        }
    }

    /// <summary>True for one caller only: who ends the transaction.</summary>
    public bool TryTake() => Interlocked.Exchange(ref _taken, 1) == 0;

    /// <summary>Commits, finds out what became of a commit whose answer was lost, and leaves. Never throws.</summary>
    /// <param name="goOn">False when nobody wants to know any more.</param>
    public async Task<TransactionEnd> CommitAsync(Transition transition, Func<bool> goOn)
    {
        try
        {
            return new TransactionEnd(await Inner.CommitAsync(transition).ConfigureAwait(false), null);
        }
        catch (StoreException e) when (e.Kind == StoreFailure.Fenced)
        {
            _services.Committer.EndLife(e.Message);
            return new TransactionEnd(null, null);
        }
        catch (StoreException e) when (e.Kind == StoreFailure.UnknownOutcome)
        {
            await DisposeAsync().ConfigureAwait(false);
            return await FindOutAsync(transition, e, goOn).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            FlowError error = new(ErrorTypes.StoreRefused, Text.Shorten(e.Message, FlowError.MessageLengthMax));
            return new TransactionEnd(null, new AttemptFailure(error, e.Kind != StoreFailure.Data, null) { IsFree = e.Kind == StoreFailure.Transient });
        }
#pragma warning disable CA1031 // Whatever it is, the transaction is rolled back and the attempt has failed.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new TransactionEnd(null, new AttemptFailure(FlowError.From(e), (e as TaskException)?.Retryable ?? true, null));
        }
        finally
        {
            await DisposeAsync().ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await Inner.DisposeAsync().ConfigureAwait(false);
            _services.Transactions.Release();
        }
    }

    // Should the commit still be on its way, then the gate decides: what is written next for this run has the same number, and only one of the two gets it.
    private async Task<TransactionEnd> FindOutAsync(Transition transition, StoreException lost, Func<bool> goOn)
    {
        for (TimeSpan delay = AskAgainMin; goOn(); delay = delay * 2 < AskAgainMax ? delay * 2 : AskAgainMax)
        {
            try
            {
                return await _store.IsCommittedAsync(transition, CancellationToken.None).ConfigureAwait(false)
                    ? new TransactionEnd(CommitOutcome.Committed, null)
                    : new TransactionEnd(null, new AttemptFailure(FlowError.From(lost), true, null) { IsFree = true });
            }
            catch (StoreException e)
            {
                _services.Log.StoreReadRetried(e.Message);
                await Task.Delay(delay, _services.Time).ConfigureAwait(false);
            }
        }

        return new TransactionEnd(null, null);
    }
}
