using Actors.Silos;

namespace Actors.Runs;

/// <summary>
/// One grain's single thread: a queue of work that runs in order, one item at a time, on whatever thread the scheduler gives. It is the synchronization context
/// of the flow's code, so that every continuation of an await comes back here. Posting is thread-safe.
/// </summary>
internal sealed class Turns : SynchronizationContext
{
    // After so many items the grain goes to the end of the scheduler's queue, so that a long walk does not keep a thread from the others.
    private const int ItemsPerTurn = 500;

    private readonly EngineScheduler _scheduler;
    private readonly Func<bool> _whenDrained;
    private readonly Action<Exception> _onError;
    private readonly Lock _lock = new();
    private readonly Queue<(SendOrPostCallback Work, object? State)> _queue = new();
    private bool _scheduled;
    private bool _closed;

    /// <param name="whenDrained">Called when the queue is empty; returns true when it has done something after which the queue must be drained again.</param>
    public Turns(EngineScheduler scheduler, Func<bool> whenDrained, Action<Exception> onError)
    {
        _scheduler = scheduler;
        _whenDrained = whenDrained;
        _onError = onError;
    }

    /// <summary>True on the thread that runs this grain's turn now, in code that belongs to the grain.</summary>
    public bool IsCurrent => ReferenceEquals(Current, this);

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            _queue.Enqueue((d, state));
            if (_scheduled)
            {
                return;
            }

            _scheduled = true;
        }

        _scheduler.Post(static self => ((Turns)self!).Run(), this);
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("A flow never blocks on its own thread.");

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Drops what is queued and everything that is posted later: continuations of a closed grain never run.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            _queue.Clear();
        }
    }

    private void Run()
    {
        SynchronizationContext? before = Current;
        SetSynchronizationContext(this);
        try
        {
            for (int items = 0; items < ItemsPerTurn; items++)
            {
                (SendOrPostCallback Work, object? State) item;
                lock (_lock)
                {
                    _queue.TryDequeue(out item);
                }

                if (item.Work is not null)
                {
                    item.Work(item.State);
                }
                else if (!_whenDrained())
                {
                    lock (_lock)
                    {
                        if (_queue.Count == 0)
                        {
                            _scheduled = false;
                            return;
                        }
                    }
                }
            }
        }
#pragma warning disable CA1031 // An error here is the engine's own, or an async void of the flow: the grain cannot go on, the others can.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _onError(e);
        }
        finally
        {
            SetSynchronizationContext(before);
        }

        _scheduler.Post(static self => ((Turns)self!).Run(), this);
    }
}
