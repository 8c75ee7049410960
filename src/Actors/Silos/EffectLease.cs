namespace Actors.Silos;

/// <summary>
/// How long this silo may act outside the database without having heard from it: step bodies run only within it. Counted on the process's own monotonic time; wall clocks decide nothing. Thread-safe.
/// </summary>
internal sealed class EffectLease : IDisposable
{
    private readonly TimeProvider _time;
    private readonly TimeSpan _length;
    private readonly Action _onOver;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private long _renewedAt;
    private TimeSpan _granted;
    private bool _over = true;
    private bool _disposed;

    /// <param name="length">The lease less its margin: peers wait longer than this before they take over.</param>
    /// <param name="onOver">Called when it runs out, on any thread.</param>
    public EffectLease(TimeProvider time, TimeSpan length, Action onOver)
    {
        _time = time;
        _length = length;
        _onOver = onOver;
        _timer = time.CreateTimer(static self => ((EffectLease)self!).Ring(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>True while bodies may run.</summary>
    public bool IsValid
    {
        get
        {
            lock (_lock)
            {
                return !_over && Left() > TimeSpan.Zero;
            }
        }
    }

    /// <summary>A beat was acknowledged; the lease counts from the moment it was sent.</summary>
    /// <returns>True when it had run out before.</returns>
    public bool Renew(long sentAt)
    {
        lock (_lock)
        {
            if (_length <= _time.GetElapsedTime(sentAt))
            {
                // An answer that was so long on its way renews nothing.
                return false;
            }

            // Also when the time is over and the timer has not told yet: who was refused meanwhile waits for the answer of this.
            bool wasOver = _over || Left() <= TimeSpan.Zero;
            (_renewedAt, _granted, _over) = (sentAt, _length, false);
            Arm();
            return wasOver;
        }
    }

    /// <summary>The connection that stands for this life is gone: peers see that at once, so what is left is short.</summary>
    public void Shorten(TimeSpan left)
    {
        lock (_lock)
        {
            if (Left() > left)
            {
                (_renewedAt, _granted) = (_time.GetTimestamp(), left);
                Arm();
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            (_disposed, _over) = (true, true);
        }

        _timer.Dispose();
    }

    private TimeSpan Left() => _granted - _time.GetElapsedTime(_renewedAt);

    private void Arm()
    {
        if (!_disposed)
        {
            TimeSpan left = Left();
            _timer.Change(left > TimeSpan.Zero ? left + TimeSpan.FromMilliseconds(1) : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private void Ring()
    {
        lock (_lock)
        {
            if (_over || _disposed)
            {
                return;
            }

            if (Left() > TimeSpan.Zero)
            {
                Arm();
                return;
            }

            _over = true;
        }

        _onOver();
    }
}
