using System.Text.Json;
using Actors.Storage;
using Actors.Time;

namespace Actors.Runs;

/// <summary>A wait for a signal by name.</summary>
internal abstract class WaitVerb(string signal) : Verb<WaitOutcome>
{
    public string Signal => signal;

    /// <summary>Takes this kept signal.</summary>
    public abstract void Take(LiveEntry kept);
}

/// <param name="Payload">Undefined when the time was over first.</param>
internal readonly record struct WaitOutcome(bool Received, JsonElement Payload, string? By);

internal sealed class SignalVerb(string signal, TimeSpan? timeout) : WaitVerb(signal)
{
    private Alarms.Alarm? _alarm;
    private DateTimeOffset? _due;

    public override string Noun => "a wait for a signal";

    public override string Why => _due is { } due ? $"the signal '{Signal}', at most until {due:u}" : $"the signal '{Signal}'";

    public override void OnGrainClosed() => _alarm?.Cancel();

    public override bool Owns(EntryKind kind) => kind is EntryKind.WaitOpened or EntryKind.WaitCompleted or EntryKind.WaitExpired;

    public override void Restore() => _due = EntryBody.Read<WaitOpenedBody>(Node.Opened!.Payload).DueAt;

    public override void Start()
    {
        DateTimeOffset now = Grain.Services.Now();
        if (Node.Opened is null)
        {
            _due = timeout is { } limit ? RunGrain.Later(now, limit) : null;
            Grain.Append(EntryKind.WaitOpened, Key, EntryBody.Write(new WaitOpenedBody(Signal, _due)), this);
            if (_due is { } at)
            {
                Grain.SetReminder(Key, at);
            }
        }

        SetDormant(true);
        if (!Grain.TakeSignal(this) && _due is { } dueAt)
        {
            if (dueAt <= now)
            {
                Expire();
            }
            else
            {
                _alarm = Grain.SetAlarm(dueAt - now, Expire);
            }
        }
    }

    public override void Take(LiveEntry kept)
    {
        SignalReceivedBody signal = EntryBody.Read<SignalReceivedBody>(kept.Payload);
        _alarm?.Cancel();
        ClearReminder();
        Finish(EntryKind.WaitCompleted, EntryBody.Write(new WaitCompletedBody(kept.Seq, signal.Payload, signal.By)));
    }

    public override void Deliver(LiveEntry outcome)
    {
        if (outcome.Kind == EntryKind.WaitExpired)
        {
            Complete(new WaitOutcome(false, default, null));
            return;
        }

        WaitCompletedBody body = EntryBody.Read<WaitCompletedBody>(outcome.Payload);
        Complete(new WaitOutcome(true, body.Payload, body.By));
    }

    public override void Cancel(string reason)
    {
        _alarm?.Cancel();
        Grain.StopWaiting(this);
        ClearReminder();
        CancelAtOnce(reason);
    }

    private void Expire()
    {
        if (!Closed && !HasOutcome)
        {
            Grain.StopWaiting(this);
            ClearReminder();
            Finish(EntryKind.WaitExpired, default);
        }
    }

    private void ClearReminder()
    {
        if (_due is not null)
        {
            Grain.ClearReminder(Key);
        }
    }
}
