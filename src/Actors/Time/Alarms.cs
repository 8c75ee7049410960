using Actors.Silos;

namespace Actors.Time;

/// <summary>
/// The near future of a silo in memory: one timer for the earliest of all alarms. An alarm is a wake-up and no promise; what must survive a crash is a reminder. Thread-safe.
/// </summary>
internal sealed class Alarms : IDisposable
{
    // The longest one timer can run is 49 days; a day is woken up for nothing.
    private static readonly TimeSpan WaitMax = TimeSpan.FromDays(1);

    private readonly Lock _lock = new();
    private readonly PriorityQueue<Alarm, (DateTimeOffset Due, long Order)> _queue = new();
    private readonly TimeProvider _time;
    private readonly EngineScheduler _scheduler;
    private readonly ITimer _timer;
    private DateTimeOffset _armedFor = DateTimeOffset.MaxValue;
    private long _order;
    private int _cancelled;
    private bool _disposed;

    public Alarms(TimeProvider time, EngineScheduler scheduler)
    {
        _time = time;
        _scheduler = scheduler;
        _timer = time.CreateTimer(static self => ((Alarms)self!).Ring(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Alarms that are set and not cancelled.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _queue.Count - _cancelled;
            }
        }
    }

    /// <summary>Calls back on the scheduler at or after the due time.</summary>
    public Alarm Set(DateTimeOffset due, Action<object?> callback, object? state)
    {
        Alarm alarm = new(this, callback, state);
        lock (_lock)
        {
            if (!_disposed)
            {
                _queue.Enqueue(alarm, (due, _order++));
                Arm();
            }
        }

        return alarm;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _queue.Clear();
        }

        _timer.Dispose();
    }

    // A cancelled alarm stays in the heap until its time or until half of the heap is cancelled: removing from the middle would cost a search.
    private void Cancelled()
    {
        lock (_lock)
        {
            if (++_cancelled > 1024 && _cancelled > _queue.Count / 2)
            {
                List<(Alarm, (DateTimeOffset, long))> kept = [.. _queue.UnorderedItems.Where(i => i.Element.IsSet)];
                _queue.Clear();
                _queue.EnqueueRange(kept);
                _cancelled = 0;
            }
        }
    }

    private void Ring()
    {
        List<Alarm> due = [];
        lock (_lock)
        {
            _armedFor = DateTimeOffset.MaxValue;
            DateTimeOffset now = _time.GetUtcNow();
            while (_queue.TryPeek(out Alarm? alarm, out (DateTimeOffset Due, long Order) at) && at.Due <= now)
            {
                _queue.Dequeue();
                if (alarm.TryFire())
                {
                    due.Add(alarm);
                }
                else
                {
                    _cancelled--;
                }
            }

            Arm();
        }

        foreach (Alarm alarm in due)
        {
            _scheduler.Post(alarm.Callback, alarm.State);
        }
    }

    private void Arm()
    {
        if (_disposed || !_queue.TryPeek(out _, out (DateTimeOffset Due, long Order) first) || first.Due >= _armedFor)
        {
            return;
        }

        TimeSpan wait = first.Due - _time.GetUtcNow();
        // Rounded up to the timer's millisecond, or it would ring just before the time and arm itself again.
        wait = wait <= TimeSpan.Zero ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Ceiling(Math.Min(wait.TotalMilliseconds, WaitMax.TotalMilliseconds)));
        _armedFor = first.Due;
        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    /// <summary>One alarm; cancelling it after it has rung does nothing.</summary>
    internal sealed class Alarm(Alarms owner, Action<object?> callback, object? state)
    {
        private int _done;

        public Action<object?> Callback { get; } = callback;

        public object? State { get; } = state;

        public bool IsSet => Volatile.Read(ref _done) == 0;

        public void Cancel()
        {
            if (TryFire())
            {
                owner.Cancelled();
            }
        }

        public bool TryFire() => Interlocked.Exchange(ref _done, 1) == 0;
    }
}
