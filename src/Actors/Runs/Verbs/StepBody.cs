using Actors.Silos;
using Actors.Storage;

namespace Actors.Runs;

/// <summary>One attempt of a step, on the pool: runs the body, writes the outcome's bytes, and reports to the grain.</summary>
internal sealed class StepBody<TIn, T>(
    StepVerb<TIn, T> verb, int attempt, bool isFallback, Func<IStepContext, Task<T>> run, byte[] input, string hash, RunGrain grain) : Body, IStepContext
{
    private readonly CancellationTokenSource _cancellation = new();
    private bool _suspended;

    public AttemptFailure? Failure { get; private set; }

    public ReadOnlyMemory<byte> Payload { get; private set; }

    public long Ms { get; private set; }

    public bool IsFallback => isFallback;

    public RunInfo Run => grain.Info;

    public string StepKey => verb.Key;

    public int Attempt => attempt;

    public string IdempotencyKey => $"{grain.Info.Id.Value}:{verb.Key}";

    public CancellationToken CancellationToken => _cancellation.Token;

    public TimeProvider Time => grain.Services.Time;

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

        if (verb.Options.Timeout is not null)
        {
            grain.Do(static state => ((StepBody<TIn, T>)state!).Begun(), this);
        }

        try
        {
            // Cancelled while it waited for a place: it has done nothing yet, and does not begin.
            CancellationToken.ThrowIfCancellationRequested();
            T result = await run(this).ConfigureAwait(false);
            Ms = ElapsedMs();
            SiloOptions limits = grain.Services.Options;
            byte[] value = Results.Encode(result, limits.PayloadBytesMax);
            ReadOnlySpan<byte> kept = input.Length <= limits.RecordedInputBytesMax ? input : default;
            Payload = EntryBody.WriteStepCompleted(hash, attempt, Ms, isFallback, kept, value);
        }
#pragma warning disable CA1031 // Whatever a body throws is the step's failure, which is data.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Ms = ElapsedMs();
            grain.Services.Log.AttemptFailed(grain.Info.Id.Value, verb.Key, attempt, e);
            TaskException? task = e as TaskException;
            Failure = new AttemptFailure(FlowError.From(e), task?.Retryable ?? true, task?.RetryAfter);
        }
        finally
        {
            grain.UnregisterBody(this);
        }

        grain.Do(static state => ((StepBody<TIn, T>)state!).Ended(), this);
    }

    public override void OnLong() => grain.Do(static state => ((StepBody<TIn, T>)state!).Long(), this);

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
    }

    private void Begun() => verb.OnBegun(this);

    private void Ended() => verb.OnEnded(this);

    private void Long() => verb.OnLong(this);

    private long ElapsedMs() => (long)(grain.Services.Time.GetUtcNow() - StartedAt).TotalMilliseconds;
}
