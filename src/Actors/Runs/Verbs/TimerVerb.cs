using Actors.Storage;
using Actors.Time;

namespace Actors.Runs;

/// <summary>A wait for a point in time. The point is recorded when the wait begins; from one second on a reminder keeps it.</summary>
internal sealed class TimerVerb(Func<DateTimeOffset, DateTimeOffset> dueAt) : Verb<bool>
{
    private Alarms.Alarm? _alarm;
    private DateTimeOffset _due;
    private bool _reminderSet;

    public override string Noun => "a timer";

    public override string Why => $"{_due:u} (timer '{Key}')";

    /// <summary>The limit of a scope is a timer inside it; it keeps no one waiting and is dropped when the scope ends.</summary>
    public bool IsLimit { get; init; }

    public override bool IsLeaf => !IsLimit;

    public override void OnGrainClosed() => _alarm?.Cancel();

    public override bool Owns(EntryKind kind) => kind is EntryKind.TimerSet or EntryKind.TimerFired;

    public override void Restore()
    {
        _due = EntryBody.Read<TimerSetBody>(Node.Opened!.Payload).DueAt;
        _reminderSet = IsDurable(Node.Opened.At);
    }

    public override void Start()
    {
        DateTimeOffset now = Grain.Services.Now();
        if (Node.Opened is null)
        {
            _due = dueAt(now);
            _reminderSet = IsDurable(now);
            Grain.Append(EntryKind.TimerSet, Key, EntryBody.Write(new TimerSetBody(_due)), this);
            if (_reminderSet)
            {
                Grain.SetReminder(Key, _due);
            }
        }

        if (_due <= now)
        {
            Fire();
            return;
        }

        if (IsLeaf)
        {
            SetDormant(_reminderSet);
        }

        _alarm = Grain.SetAlarm(_due - now, Fire);
    }

    public override void Deliver(LiveEntry outcome) => Complete(true);

    public override void Cancel(string reason)
    {
        Drop();
        CancelAtOnce(reason);
    }

    /// <summary>Ends the limit of a scope that has come to its end in time.</summary>
    public void Drop()
    {
        _alarm?.Cancel();
        if (_reminderSet && !HasOutcome)
        {
            Grain.ClearReminder(Key);
        }
    }

    // A limit keeps nobody awake: its run may leave memory long before a second is over, so that even a short one needs its reminder.
    private bool IsDurable(DateTimeOffset from) => IsLimit || _due - from > RunGrain.DurableFrom;

    private void Fire()
    {
        if (Closed || HasOutcome)
        {
            return;
        }

        if (_reminderSet)
        {
            Grain.ClearReminder(Key);
        }

        Finish(EntryKind.TimerFired, default);
    }
}
