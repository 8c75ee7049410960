using System.Data.Common;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Runs;

/// <summary>One attempt of a step, on the pool: runs the body, writes the outcome's bytes, and reports to the grain.</summary>
internal sealed class StepBody<TIn, T>(
    StepVerb<TIn, T> verb, int attempt, bool isFallback, Func<IStepContext, Task<T>> run, byte[] input, string hash, FlowError? previousError, RunGrain grain) : Body, ITransactionalStepContext
{
    private readonly CancellationTokenSource _cancellation = new();
    private bool _suspended;
    private StepTransaction? _transaction;
    private int _finished;

    public AttemptFailure? Failure { get; private set; }

    public ReadOnlyMemory<byte> Payload { get; private set; }

    public long Ms { get; private set; }

    public bool IsFallback => isFallback;

    /// <summary>What is to be committed with the outcome, by whom takes it; null for a step without a transaction.</summary>
    public StepTransaction? Transaction => _transaction;

    public DbConnection Connection => Open.Connection;

    DbTransaction ITransactionalStepContext.Transaction => Open.Transaction;

    private IStoreTransaction Open => _transaction?.Inner ?? throw new InvalidOperationException($"'{verb.Key}' is no transactional step: use the verb Transaction in place of Step.");

    public RunInfo Run => grain.Info;

    public string StepKey => verb.Key;

    public int Attempt => attempt;

    public FlowError? PreviousError => previousError;

    public string IdempotencyKey => $"{grain.Info.Id.Value}:{verb.Key}";

    public CancellationToken CancellationToken => _cancellation.Token;

    public TimeProvider Time => grain.Services.Time;

    public IStepConnection GetConnection(string name) => grain.Services.Tasks.Resources.Connections.Find(name);

    // On the scheduler: what bodies have registered with the token is their code, which has no business inside a grain's turn.
    public void CancelToken() => grain.Services.Scheduler.Post(static state => ((StepBody<TIn, T>)state!).CancelNow(), this);

    public override void Abandon() => CancelToken();

    /// <summary>The silo told it to stop: a failure of it is not its own.</summary>
    public bool IsSuspended => Volatile.Read(ref _suspended);

    public override void Suspend()
    {
        Volatile.Write(ref _suspended, true);
        CancelToken();
    }

    public override async Task RunAsync()
    {
        if (!grain.RegisterBody(this))
        {
            return;
        }

        if (verb.Limit is not null && !verb.IsTransactional)
        {
            grain.Do(static state => ((StepBody<TIn, T>)state!).Begun(), this);
        }

        try
        {
            // Cancelled while it waited for a place: it has done nothing yet, and does not begin.
            CancellationToken.ThrowIfCancellationRequested();
            if (verb.IsTransactional)
            {
                _transaction = await StepTransaction.BeginAsync(grain.Services, verb.Limit!.Value, CancellationToken).ConfigureAwait(false);
                grain.Do(static state => ((StepBody<TIn, T>)state!).Begun(), this);
            }

            T result = await run(this).ConfigureAwait(false);
            Ms = ElapsedMs();
            SiloOptions limits = grain.Services.Options;
            byte[] value = Results.Encode(result, limits.PayloadBytesMax);
            ReadOnlySpan<byte> kept = input.Length <= limits.RecordedInputBytesMax ? input : default;
            Payload = EntryBody.WriteStepCompleted(hash, attempt, Ms, isFallback, kept, value);
            Volatile.Write(ref _finished, 1);
            Interlocked.MemoryBarrier();
            if (_transaction is not null)
            {
                // Who was told to stop meanwhile has done nothing: it is rolled back.
                CancellationToken.ThrowIfCancellationRequested();
            }
        }
#pragma warning disable CA1031 // Whatever a body throws is the step's failure, which is data.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Ms = ElapsedMs();
            grain.Services.Log.AttemptFailed(grain.Info.Id.Value, verb.Key, attempt, e);
            TaskException? task = e as TaskException;
            Failure = new AttemptFailure(FlowError.From(e), task?.Retryable ?? true, task?.RetryAfter)
            {
                // No transaction could be opened: the body has not even begun.
                IsFree = verb.IsTransactional && _transaction is null && e is StoreException { Kind: StoreFailure.Transient },
            };
        }

        if (_transaction is not null && Failure is not null)
        {
            await RollBackAsync().ConfigureAwait(false);
        }

        if (_transaction is null || Failure is not null)
        {
            grain.UnregisterBody(this);
        }

        grain.Do(static state => ((StepBody<TIn, T>)state!).Ended(), this);
    }

    public override void OnLong() => grain.Do(static state => ((StepBody<TIn, T>)state!).Long(), this);

    /// <summary>Ends the transaction, if there is one and nobody else has taken it.</summary>
    public void RollBack() => _ = RollBackAsync();

    /// <summary>The transaction was rolled back before the grain could take it.</summary>
    public void FailCancelled() => Failure = new AttemptFailure(FlowError.From(new OperationCanceledException("The attempt was told to stop, and is rolled back.")), true, null);

    private async Task RollBackAsync()
    {
        if (_transaction is { } open && open.TryTake())
        {
            await open.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void CancelNow()
    {
        try
        {
            _cancellation.Cancel();
        }
#pragma warning disable CA1031 // Thrown by a callback that the body has registered: its own affair.
        catch (Exception e)
#pragma warning restore CA1031
        {
            grain.Services.Log.AttemptFailed(grain.Info.Id.Value, verb.Key, attempt, e);
        }

        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _finished) == 1)
        {
            // The grain may have gone without taking it.
            RollBack();
        }
    }

    private void Begun() => verb.OnBegun(this);

    private void Ended() => verb.OnEnded(this);

    private void Long() => verb.OnLong(this);

    private long ElapsedMs() => (long)(grain.Services.Time.GetUtcNow() - StartedAt).TotalMilliseconds;
}
