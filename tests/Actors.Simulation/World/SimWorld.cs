using Actors.Silos;

namespace Actors.Simulation;

/// <summary>
/// One simulated world: virtual time, processes and chance, all on one thread and all from one seed. A step runs one posted callback; time moves only when nothing
/// can run. What happens is hashed as it happens, so that two runs of one seed can be compared.
/// </summary>
internal sealed class SimWorld
{
    public static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly List<SimScheduler> _lanes = [];
    private readonly PriorityQueue<SimTimer, (long Due, long Order)> _timers = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly bool _fifo;
    private long _order;
    private long _posts;
    private volatile string? _escaped;

    /// <param name="fifo">True: callbacks run in order of arrival; false: the seed picks the next one.</param>
    public SimWorld(ulong seed, bool fifo)
    {
        Random = new SimRandom(seed);
        Ids = new SimIds(seed ^ 0x5DEECE66D);
        Trace = new SimTrace();
        _fifo = fifo;
        Network = AddLane("network");
    }

    public SimRandom Random { get; }

    public SimIds Ids { get; }

    public SimTrace Trace { get; }

    /// <summary>Where what belongs to no process runs: calls on their way to the store, faults, clients.</summary>
    public SimScheduler Network { get; }

    public DateTimeOffset Now { get; private set; } = Epoch;

    public long Steps { get; private set; }

    public SimScheduler AddLane(string name)
    {
        SimScheduler lane = new(this, name, _lanes.Count);
        _lanes.Add(lane);
        return lane;
    }

    /// <summary>Runs steps until the condition holds. False: it does not hold after so many steps, or nothing can happen any more.</summary>
    public bool RunUntil(Func<bool> done, long stepsMax)
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            for (long i = 0; i < stepsMax && !done(); i++)
            {
                if (!Step())
                {
                    break;
                }
            }

            return done();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    /// <summary>Runs one callback, or lets time pass until the next timer. False when there is neither.</summary>
    public bool Step()
    {
        while (!RunOne())
        {
            if (!_timers.TryDequeue(out SimTimer? timer, out (long Due, long Order) at))
            {
                return false;
            }

            if (timer.IsArmed(at.Order))
            {
                if (at.Due > Now.UtcTicks)
                {
                    Now = new DateTimeOffset(at.Due, TimeSpan.Zero);
                }

                timer.Ring();
            }
        }

        Steps++;
        return _escaped is null ? true : throw new InvalidOperationException(_escaped);
    }

    internal long NextOrder(SimScheduler lane)
    {
        RequireOwnThread(lane);
        return ++_order;
    }

    internal void Arm(SimTimer timer, DateTimeOffset due, long order) => _timers.Enqueue(timer, (due.UtcTicks, order));

    internal long OnPost(SimScheduler lane)
    {
        RequireOwnThread(lane);
        return ++_posts;
    }

    private void RequireOwnThread(SimScheduler lane)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            // Told to the simulation's own thread as well: whoever is here by mistake may catch everything.
            _escaped = $"Something of '{lane.Name}' escaped to another thread, where no seed rules it:\n{Environment.StackTrace}";
            throw new InvalidOperationException(_escaped);
        }
    }

    private bool RunOne()
    {
        int runnable = 0;
        foreach (SimScheduler lane in _lanes)
        {
            runnable += lane.Runnable;
        }

        if (runnable == 0)
        {
            return false;
        }

        SimScheduler? chosen = null;
        int index = 0;
        if (_fifo)
        {
            foreach (SimScheduler lane in _lanes)
            {
                if (lane.Runnable > 0 && (chosen is null || lane.FirstPost < chosen.FirstPost))
                {
                    chosen = lane;
                }
            }
        }
        else
        {
            index = Random.Next(runnable);
            foreach (SimScheduler lane in _lanes)
            {
                if (index < lane.Runnable)
                {
                    chosen = lane;
                    break;
                }

                index -= lane.Runnable;
            }
        }

        Trace.Add(chosen!.Number);
        Trace.Add(index);
        chosen.RunAt(index);
        return true;
    }
}

/// <summary>The scheduler of one simulated process. Killing it is kill -9: nothing that it posted ever runs. Pausing it is SIGSTOP.</summary>
internal sealed class SimScheduler(SimWorld world, string name, int number) : EngineScheduler
{
    private readonly List<(Action<object?> Callback, object? State, long Post)> _queue = [];

    public SimWorld World => world;

    public string Name => name;

    public int Number => number;

    public bool IsDead { get; private set; }

    public bool IsPaused { get; set; }

    public int Runnable => IsDead || IsPaused ? 0 : _queue.Count;

    public long FirstPost => _queue[0].Post;

    public override void Post(Action<object?> callback, object? state)
    {
        long post = world.OnPost(this);
        if (!IsDead)
        {
            _queue.Add((callback, state, post));
        }
    }

    public void Post(Action callback) => Post(static state => ((Action)state!)(), callback);

    /// <summary>Runs the callback after so much virtual time.</summary>
    public void PostAfter(TimeSpan after, Action callback)
    {
        if (after <= TimeSpan.Zero)
        {
            Post(callback);
        }
        else
        {
            new SimTimer(this, static state => ((Action)state!)(), callback).Change(after, Timeout.InfiniteTimeSpan);
        }
    }

    public void Kill()
    {
        IsDead = true;
        _queue.Clear();
    }

    internal void RunAt(int index)
    {
        (Action<object?> callback, object? state, _) = _queue[index];
        _queue.RemoveAt(index);
        if (SynchronizationContext.Current is not null)
        {
            throw new InvalidOperationException("The simulation runs without a synchronization context, as the thread pool does.");
        }

        callback(state);
    }
}

/// <summary>A process's clock: the world's time; its timers ring on the process's own scheduler.</summary>
internal sealed class SimTime(SimScheduler lane) : TimeProvider
{
    public SimScheduler Lane => lane;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => lane.World.Now;

    public override long GetTimestamp() => lane.World.Now.UtcTicks;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        SimTimer timer = new(lane, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}

internal sealed class SimTimer(SimScheduler lane, TimerCallback callback, object? state) : ITimer
{
    private long _armed;
    private TimeSpan _period;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        _period = period;
        _armed = 0;
        if (dueTime != Timeout.InfiniteTimeSpan && !lane.IsDead)
        {
            _armed = lane.World.NextOrder(lane);
            lane.World.Arm(this, lane.World.Now + dueTime, _armed);
        }

        return true;
    }

    public bool IsArmed(long order) => _armed == order && !lane.IsDead;

    public void Ring()
    {
        long rung = _armed;
        if (_period > TimeSpan.Zero)
        {
            Change(_period, _period);
        }

        lane.Post(static s => ((Action)s!)(), () =>
        {
            // Changed or disposed while the callback was on its way: the clock of .NET would not call any more either.
            if (_armed == rung || _period > TimeSpan.Zero)
            {
                _armed = 0;
                callback(state);
            }
        });
    }

    public void Dispose() => _armed = 0;

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Ids from the seed.</summary>
internal sealed class SimIds(ulong seed) : IdSource
{
    private readonly SimRandom _random = new(seed);

    public override void Fill(Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)_random.NextBits();
        }
    }
}

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): ours, so that a seed means the same on every version of .NET.</summary>
internal sealed class SimRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong NextBits()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 up to, not including, the given number.</summary>
    public int Next(int below) => (int)(NextBits() % (uint)below);

    public int Next(int from, int below) => from + Next(below - from);

    public bool Chance(double share) => (NextBits() >> 11) * (1.0 / (1UL << 53)) < share;

    public T Pick<T>(IReadOnlyList<T> items) => items[Next(items.Count)];
}

/// <summary>What happened, as a hash (FNV-1a, 64 bits) and, when wanted, in words.</summary>
internal sealed class SimTrace
{
    private const ulong Prime = 1099511628211;
    private const int LinesMax = 20_000;

    public ulong Hash { get; private set; } = 14695981039346656037;

    /// <summary>Null: no words are kept, which is what makes a thousand schedules cheap.</summary>
    public List<string>? Lines { get; set; }

    public void Add(long value)
    {
        for (int i = 0; i < 64; i += 16)
        {
            Hash = (Hash ^ (ulong)((value >> i) & 0xFFFF)) * Prime;
        }
    }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
        {
            Hash = (Hash ^ b) * Prime;
        }
    }

    public void Add(string text)
    {
        foreach (char c in text)
        {
            Hash = (Hash ^ c) * Prime;
        }
    }

    public void Say(SimWorld world, Func<string> line)
    {
        if (Lines is { Count: < LinesMax } lines)
        {
            lines.Add($"{world.Steps,6} {world.Now:HH:mm:ss.fff} {line()}");
        }
    }
}
