using System.Text.Json;
using Actors.Silos;
using Actors.Storage;
using Actors.Time;

namespace Actors.Runs;

/// <summary>A step: attempts of a body on the pool, until one outcome is recorded.</summary>
internal sealed class StepVerb<TIn, T>(
    TIn input,
    Func<TIn, IStepContext, Task<T>> body,
    StepOptions options,
    Func<TIn, FlowError, IStepContext, Task<T>>? fallback,
    bool isTransactional) : Verb<T>, ITransactionVerb
{
    // What a task may ask for with RetryAfter; beyond it nobody remembers why.
    private static readonly TimeSpan WaitMax = TimeSpan.FromDays(3660);

    private readonly byte[] _input = JsonSerializer.SerializeToUtf8Bytes(input, FlowJson.Options);
    private string? _hash;
    private StepBody<TIn, T>? _running;
    private Alarms.Alarm? _alarm;
    private int _attempt = 1;
    private FlowError? _lastError;
    private DateTimeOffset _nextAt;
    private bool _reminderSet;
    private AttemptFailedBody? _failed;
    private bool _cancelled;
    private StepTransaction? _waitsForCommit;

    public override string Noun => "a step";

    public override string Why => $"the next attempt ({_attempt} of {options.Retry.MaxAttempts}) of '{Key}' at {_nextAt:u}, after: {Text.Shorten(_lastError?.Message, 200)}";

    public bool IsTransactional => isTransactional;

    /// <summary>How long one attempt may take; null: as long as it likes.</summary>
    public TimeSpan? Limit => !isTransactional ? options.Timeout
        : options.Timeout is { } own && own < Grain.Services.Options.TransactionLimit ? own : Grain.Services.Options.TransactionLimit;

    private string Hash => _hash ??= InputHash.Of(_input);

    private ReadOnlySpan<byte> KeptInput => _input.Length <= Grain.Services.Options.RecordedInputBytesMax ? _input : default;

    public override void OnGrainClosed() => _alarm?.Cancel();

    public override bool Owns(EntryKind kind) =>
        kind is EntryKind.StepStarted or EntryKind.AttemptFailed or EntryKind.StepCompleted or EntryKind.StepFailed or EntryKind.StepCancelled;

    public override void Restore()
    {
        switch (Node.Progress)
        {
            case { Kind: EntryKind.AttemptFailed } failed:
                _failed = EntryBody.Read<AttemptFailedBody>(failed.Payload);
                _reminderSet = _failed.NextAt - failed.At > RunGrain.DurableFrom;
                break;
            case { } started:
                StepStartedBody body = EntryBody.Read<StepStartedBody>(started.Payload);
                _attempt = body.Attempt;
                _lastError = body.LastError;
                break;
        }
    }

    public override void Start()
    {
        if (_failed is not null)
        {
            WaitForNext(_failed);
        }
        else
        {
            Begin();
        }
    }

    public override void Deliver(LiveEntry outcome)
    {
        switch (outcome.Kind)
        {
            case EntryKind.StepCompleted:
                StepCompletedBody completed = EntryBody.ReadStepCompleted(outcome.Payload);
                if (!Grain.AcceptsInput(this, completed.Hash, Hash))
                {
                    return;
                }

                T value = Results.Decode<T>(completed.Value, Key);
                if (KeepToUndo(options.Compensation, options.CompensationInput, options.CompensationInputFrom, completed.Value))
                {
                    Complete(value);
                }

                break;
            case EntryKind.StepFailed:
                StepFailedBody failed = EntryBody.Read<StepFailedBody>(outcome.Payload);
                if (Grain.AcceptsInput(this, failed.Hash, Hash))
                {
                    Fail(failed.Error);
                }

                break;
            default:
                CancelAtOnce(Scope.EffectiveReason);
                break;
        }
    }

    public override void Cancel(string reason)
    {
        _cancelled = true;
        if (_running is null)
        {
            _alarm?.Cancel();
            ClearReminder();
            CancelAtOnce(reason);
            return;
        }

        // The body may have had its effect already: its outcome is waited for and recorded, so that what it did can be undone.
        if (_waitsForCommit is not null)
        {
            // Nothing of it is committed: it is as if the body had never run.
            _running = null;
            _alarm?.Cancel();
            GiveUpCommit();
            ClearReminder();
            CancelAtOnce(reason);
            return;
        }

        _running.CancelToken();
        _alarm?.Cancel();
        _alarm = Grain.SetAlarm(Grain.Services.Options.CancelledBodyLimit, Abandon);
    }

    public override void OnRecorded(LiveEntry entry)
    {
        if (entry.Kind == EntryKind.AttemptFailed && !HasOutcome && !Closed && _running is null)
        {
            WaitForNext(EntryBody.Read<AttemptFailedBody>(entry.Payload));
        }
    }

    private void Begin()
    {
        SetDormant(false);
        if (_attempt > options.Retry.MaxAttempts && _lastError is not null && fallback is not null)
        {
            FlowError error = _lastError;
            Run(step => fallback(Results.Copy(input, _input), error, step), isFallback: true);
        }
        else
        {
            Run(step => body(Results.Copy(input, _input), step), isFallback: false);
        }
    }

    private void Run(Func<IStepContext, Task<T>> attempt, bool isFallback)
    {
        if (Grain.Services.Probe is { } probe && !probe.MayRun(Grain.Info.Id, Key))
        {
            return;
        }

        _running = new StepBody<TIn, T>(this, _attempt, isFallback, attempt, _input, Hash, _lastError, Grain);
        Grain.Services.Bodies.Run(_running);
    }

    /// <summary>The body has begun to run on the pool.</summary>
    internal void OnBegun(StepBody<TIn, T> attempt)
    {
        if (Limit is { } limit && attempt == _running && !_cancelled)
        {
            _alarm = Grain.SetAlarm(limit, () => TimeOut(attempt, limit));
        }
    }

    internal void OnLong(StepBody<TIn, T> attempt)
    {
        if (attempt == _running && !HasOutcome)
        {
            Grain.Append(EntryKind.StepStarted, Key, EntryBody.Write(StartedBody(attempt.StartedAt)), this);
        }
    }

    internal void OnEnded(StepBody<TIn, T> attempt)
    {
        Grain.UnregisterBody(attempt);
        if (attempt != _running || HasOutcome || Closed)
        {
            attempt.RollBack();
            return;
        }

        if (attempt is { Failure: null, Transaction: { } transaction })
        {
            if (transaction.TryTake())
            {
                // The attempt's limit goes on until the commit begins.
                _waitsForCommit = transaction;
                Grain.AppendTransaction(new TransactionEntry(transaction, this, attempt.Payload, attempt.Ms, attempt.IsFallback));
                return;
            }

            attempt.FailCancelled();
        }

        _running = null;
        _alarm?.Cancel();
        if (attempt.Failure is null)
        {
            ClearReminder();
            Finish(EntryKind.StepCompleted, attempt.Payload);
        }
        else if (attempt.IsSuspended && !_cancelled && !Grain.IsDraining)
        {
            // The same attempt again, when the silo may act again.
            Begin();
        }
        else
        {
            OnFailed(attempt.Failure, attempt.Ms, attempt.IsFallback);
        }
    }

    public string? ReminderToClear()
    {
        string? key = _reminderSet ? Key : null;
        _reminderSet = false;
        return key;
    }

    public void OnCommitting()
    {
        _waitsForCommit = null;
        _running = null;
        _alarm?.Cancel();
        HasOutcome = true;
    }

    public void OnRolledBack(TransactionEntry entry, AttemptFailure failure, bool reminderKept)
    {
        HasOutcome = false;
        _reminderSet |= reminderKept;

        // Cancelled while the commit was on its way: a verb with an outcome is not told.
        _cancelled |= Scope.IsCancelled;
        OnFailed(failure, entry.Ms, entry.IsFallback);
    }

    // Out of the queue of those that wait for the run's commit slot, unless the commit has begun.
    private void GiveUpCommit()
    {
        if (_waitsForCommit is { } waiting)
        {
            _waitsForCommit = null;
            Grain.RemoveTransaction(waiting);
        }
    }

    private void TimeOut(StepBody<TIn, T> attempt, TimeSpan limit)
    {
        if (attempt != _running || HasOutcome || Closed || _cancelled)
        {
            return;
        }

        _running = null;
        GiveUpCommit();
        attempt.CancelToken();
        FlowError error = new(ErrorTypes.Timeout, $"The attempt took longer than {limit.TotalSeconds:0.###} s.");
        OnFailed(new AttemptFailure(error, true, null), (long)limit.TotalMilliseconds, attempt.IsFallback);
    }

    private void Abandon()
    {
        if (_running is not null && !HasOutcome && !Closed)
        {
            _running = null;
            Finish(EntryKind.StepCancelled, default);
        }
    }

    private void OnFailed(AttemptFailure failure, long ms, bool wasFallback)
    {
        if (_cancelled)
        {
            ClearReminder();
            Finish(EntryKind.StepCancelled, default);
            return;
        }

        if (Grain.IsDraining)
        {
            // The host stopped the body, not its own fault: neither recorded nor counted.
            return;
        }

        _lastError = failure.Error;
        bool again = failure.IsFree || !wasFallback && failure.Retryable && options.Retry.Allows(_attempt, failure.Error);
        if (!again && (wasFallback || fallback is null))
        {
            ClearReminder();
            JsonElement? kept = KeptInput.IsEmpty ? null : EntryBody.ToElement(KeptInput);
            Finish(EntryKind.StepFailed, EntryBody.Write(new StepFailedBody(Hash, _attempt, failure.Error, ms, kept)));
            return;
        }

        int counted = failure.IsFree ? _attempt - 1 : again ? _attempt : options.Retry.MaxAttempts;
        TimeSpan delay = !again ? TimeSpan.Zero : failure.RetryAfter ?? options.Retry.DelayAfter(Math.Max(1, _attempt), Grain.Services.Ids.NextDouble());
        DateTimeOffset now = Grain.Services.Now();
        DateTimeOffset nextAt = RunGrain.Later(now, TimeSpan.FromMilliseconds(Math.Round(Math.Min(delay.TotalMilliseconds, WaitMax.TotalMilliseconds))));
        Grain.Append(EntryKind.AttemptFailed, Key, EntryBody.Write(new AttemptFailedBody(counted, failure.Error, nextAt, ms)), this);
        if (nextAt - now > RunGrain.DurableFrom)
        {
            _reminderSet = true;
            Grain.SetReminder(Key, nextAt);
            // From this transition on the run waits.
            _attempt = counted + 1;
            _nextAt = nextAt;
            SetDormant(true);
        }
    }

    private void WaitForNext(AttemptFailedBody last)
    {
        _lastError = last.Error;
        _attempt = last.Attempt + 1;
        _nextAt = last.NextAt;
        TimeSpan wait = _nextAt - Grain.Services.Now();
        if (wait <= TimeSpan.Zero)
        {
            Next();
            return;
        }

        SetDormant(_reminderSet);
        _alarm = Grain.SetAlarm(wait, Next);
    }

    private void Next()
    {
        if (Closed || HasOutcome || _running is not null)
        {
            return;
        }

        if (_reminderSet)
        {
            // The wait is over: the entry that says so takes the reminder away, so that the run's row and its reasons to wake agree.
            ClearReminder();
            Grain.Append(EntryKind.StepStarted, Key, EntryBody.Write(StartedBody(Grain.Services.Now())), this);
        }

        Begin();
    }

    // The next attempt, or the fallback, is given the last error, also after a crash.
    private StepStartedBody StartedBody(DateTimeOffset at) => new(_attempt, at, KeptInput.IsEmpty ? null : EntryBody.ToElement(KeptInput), _lastError);

    private void ClearReminder()
    {
        if (_reminderSet)
        {
            _reminderSet = false;
            Grain.ClearReminder(Key);
        }
    }
}

/// <param name="Retryable">False: the body itself said that another attempt cannot help.</param>
internal sealed record AttemptFailure(FlowError Error, bool Retryable, TimeSpan? RetryAfter)
{
    /// <summary>The body has no part in it, and all that it did is rolled back: it is made again as the same attempt.</summary>
    public bool IsFree { get; init; }
}
