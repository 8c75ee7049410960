using Actors.Silos;

namespace Actors.Tests.Silos;

/// <summary>Runs nothing until it is told to, so that a test chooses what happens between.</summary>
internal sealed class QueuedScheduler : EngineScheduler
{
    private readonly Lock _lock = new();
    private readonly Queue<(Action<object?> Callback, object? State)> _queue = new();

    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _queue.Count;
            }
        }
    }

    public override void Post(Action<object?> callback, object? state)
    {
        lock (_lock)
        {
            _queue.Enqueue((callback, state));
        }
    }

    /// <summary>Does something, then runs what waits and what that adds. All of it on this thread: what goes on without a context of its own goes on inside this call.</summary>
    public void Run(Action? first = null)
    {
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            first?.Invoke();
            while (true)
            {
                (Action<object?> Callback, object? State) next;
                lock (_lock)
                {
                    if (!_queue.TryDequeue(out next))
                    {
                        return;
                    }
                }

                next.Callback(next.State);
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }
}
