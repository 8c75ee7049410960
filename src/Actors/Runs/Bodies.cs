using Actors.Silos;
using Actors.Time;

namespace Actors.Runs;

/// <summary>One attempt of a step's body on its way through the pool.</summary>
internal abstract class Body
{
    internal LinkedListNode<Body>? Place;

    internal DateTimeOffset StartedAt;

    /// <summary>Runs on the pool, never throws.</summary>
    public abstract Task RunAsync();

    /// <summary>Tells the body to stop; what it still does is of no interest.</summary>
    public abstract void Abandon();

    /// <summary>Tells the body to stop because the silo must not act now: when it fails, that is neither its failure nor an attempt.</summary>
    public abstract void Suspend();

    /// <summary>The body has been running for <see cref="Bodies.LongAfter"/>; called on the scheduler.</summary>
    public abstract void OnLong();
}

/// <summary>
/// Runs step bodies, so many at once as the silo allows, the others in order of arrival; and tells a step whose body has been running for a second. Thread-safe.
/// </summary>
/// <param name="mayAct">Asked before each body begins; false: it waits until <see cref="Resume"/>.</param>
internal sealed class Bodies(EngineScheduler scheduler, TimeProvider time, Alarms alarms, int runningMax, Func<bool> mayAct)
{
    /// <summary>A body that runs longer is journaled as started, so that every silo can say what the run is doing.</summary>
    public static readonly TimeSpan LongAfter = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Queue<Body> _waiting = new();

    // In order of start and so of becoming long: one alarm for the first is enough.
    private readonly LinkedList<Body> _young = new();
    private readonly HashSet<Body> _all = [];
    private int _running;
    private bool _alarmSet;
    private bool _stopped;
    private TaskCompletionSource? _idle;

    public void Run(Body body)
    {
        lock (_lock)
        {
            if (_stopped)
            {
                return;
            }

            if (_running == runningMax || !mayAct())
            {
                _waiting.Enqueue(body);
                return;
            }

            Begin(body);
        }

        scheduler.Post(static state => _ = Run((Bodies.Start)state!), new Start(this, body));
    }

    /// <summary>No further body begins.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _stopped = true;
            _waiting.Clear();
        }
    }

    /// <summary>Tells all that run to stop; see <see cref="Body.Suspend"/>.</summary>
    public void Suspend()
    {
        Body[] bodies;
        lock (_lock)
        {
            bodies = [.. _all];
        }

        foreach (Body body in bodies)
        {
            body.Suspend();
        }
    }

    /// <summary>Begins those that wait, as far as there is room.</summary>
    public void Resume()
    {
        List<Body> next = [];
        lock (_lock)
        {
            while (!_stopped && _running < runningMax && mayAct() && _waiting.TryDequeue(out Body? body))
            {
                Begin(body);
                next.Add(body);
            }
        }

        foreach (Body body in next)
        {
            scheduler.Post(static state => _ = Run((Start)state!), new Start(this, body));
        }
    }

    /// <summary>Completes when no body runs.</summary>
    public Task WhenIdleAsync()
    {
        lock (_lock)
        {
            if (_running == 0)
            {
                return Task.CompletedTask;
            }

            _idle ??= new();
            return _idle.Task;
        }
    }

    private static async Task Run(Start start)
    {
        if (start.Owner.PutBack(start.Body))
        {
            return;
        }

        await start.Body.RunAsync().ConfigureAwait(false);
        start.Owner.Ended(start.Body);
    }

    private void Begin(Body body)
    {
        _running++;
        _all.Add(body);
        body.StartedAt = time.GetUtcNow();
        body.Place = _young.AddLast(body);
        SetAlarm();
    }

    /// <summary>Asked again by the thread that is about to run it: the process may have stood still since the body got its place.</summary>
    private bool PutBack(Body body)
    {
        lock (_lock)
        {
            if (mayAct())
            {
                return false;
            }

            Leave(body);
            if (!_stopped)
            {
                _waiting.Enqueue(body);
            }

            CompleteIdle();
            return true;
        }
    }

    private void Ended(Body body)
    {
        Body? next = null;
        lock (_lock)
        {
            Leave(body);
            if (!_stopped && mayAct() && _waiting.TryDequeue(out next))
            {
                Begin(next);
            }
            else
            {
                CompleteIdle();
            }
        }

        if (next is not null)
        {
            scheduler.Post(static state => _ = Run((Start)state!), new Start(this, next));
        }
    }

    private void Leave(Body body)
    {
        _running--;
        _all.Remove(body);
        if (body.Place is { } place)
        {
            _young.Remove(place);
            body.Place = null;
        }
    }

    private void CompleteIdle()
    {
        if (_running == 0 && _idle is not null)
        {
            scheduler.Complete(_idle);
            _idle = null;
        }
    }

    private void SetAlarm()
    {
        if (!_alarmSet && _young.First is { } first)
        {
            _alarmSet = true;
            alarms.Set(first.Value.StartedAt + LongAfter, static self => ((Bodies)self!).FindLong(), this);
        }
    }

    private void FindLong()
    {
        List<Body> old = [];
        lock (_lock)
        {
            DateTimeOffset before = time.GetUtcNow() - LongAfter;
            while (_young.First is { } first && first.Value.StartedAt <= before)
            {
                _young.RemoveFirst();
                first.Value.Place = null;
                old.Add(first.Value);
            }

            _alarmSet = false;
            SetAlarm();
        }

        foreach (Body body in old)
        {
            body.OnLong();
        }
    }

    private sealed record Start(Bodies Owner, Body Body);
}
