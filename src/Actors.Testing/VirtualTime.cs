namespace Actors.Testing;

/// <summary>
/// A clock that stands still until it is told to go on. Timers fire inside <see cref="Advance"/>, on the calling thread, in order of their due times and, at the same time, of their setting;
/// while one fires, the clock shows its due time. A timer that is due when it is set fires at once, on the thread pool. Thread-safe.
/// </summary>
public sealed class VirtualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly SortedSet<VirtualTimer> _timers = new(Comparer<VirtualTimer>.Create(static (a, b) => a.Due.CompareTo(b.Due) is not 0 and var byDue ? byDue : a.Order.CompareTo(b.Order)));
    private readonly DateTimeOffset _start;
    private DateTimeOffset _now;
    private long _order;
    private int _firing;

    /// <param name="start">Default: 2030-01-01 00:00 UTC.</param>
    public VirtualTime(DateTimeOffset? start = null) => _start = _now = (start ?? new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero)).ToUniversalTime();

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Timers that are set.</summary>
    public int Timers
    {
        get
        {
            lock (_lock)
            {
                return _timers.Count;
            }
        }
    }

    /// <summary>When the next timer is due; null when none is set.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            lock (_lock)
            {
                return _timers.Min?.Due;
            }
        }
    }

    /// <summary>Timers that were due when they were set and have not fired yet.</summary>
    internal int Firing => Volatile.Read(ref _firing);

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    public override long GetTimestamp() => (GetUtcNow() - _start).Ticks;

    /// <summary>Moves the clock on and fires what comes due on the way, also what is set on the way.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The span is negative.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        DateTimeOffset target = GetUtcNow() + by;
        while (AdvanceToNext(target))
        {
        }
    }

    /// <summary>Moves the clock to the next due time up to <paramref name="limit"/> and fires what is due then. False: nothing was, and the clock is at the limit now.</summary>
    public bool AdvanceToNext(DateTimeOffset limit)
    {
        bool any = false;
        while (true)
        {
            VirtualTimer next;
            lock (_lock)
            {
                if (_timers.Min is not { } first || first.Due > limit || (any && first.Due > _now))
                {
                    if (!any && limit > _now)
                    {
                        _now = limit;
                    }

                    return any;
                }

                next = first;
                _timers.Remove(next);
                _now = next.Due > _now ? next.Due : _now;
                next.Rearm(_now);
            }

            any = true;
            next.Fire();
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        VirtualTimer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class VirtualTimer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;
        private bool _disposed;

        public DateTimeOffset Due { get; private set; }

        public long Order { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                if (_disposed)
                {
                    return false;
                }

                time._timers.Remove(this);
                _period = period;
                if (dueTime == Timeout.InfiniteTimeSpan)
                {
                    return true;
                }

                if (dueTime > TimeSpan.Zero)
                {
                    Set(time._now, dueTime);
                    return true;
                }

                Rearm(time._now);
                Interlocked.Increment(ref time._firing);
            }

            ThreadPool.UnsafeQueueUserWorkItem(
                static self =>
                {
                    try
                    {
                        self.Fire();
                    }
                    finally
                    {
                        Interlocked.Decrement(ref self.Owner._firing);
                    }
                },
                this,
                preferLocal: false);
            return true;
        }

        private VirtualTime Owner => time;

        /// <summary>Under the lock.</summary>
        public void Rearm(DateTimeOffset now)
        {
            if (_period > TimeSpan.Zero)
            {
                Set(now, _period);
            }
        }

        public void Fire()
        {
            lock (time._lock)
            {
                if (_disposed)
                {
                    return;
                }
            }

            callback(state);
        }

        public void Dispose()
        {
            lock (time._lock)
            {
                _disposed = true;
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Set(DateTimeOffset from, TimeSpan after)
        {
            Due = after < DateTimeOffset.MaxValue - from ? from + after : DateTimeOffset.MaxValue;
            Order = ++time._order;
            time._timers.Add(this);
        }
    }
}
