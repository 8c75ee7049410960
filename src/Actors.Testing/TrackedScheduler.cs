using Actors.Silos;

namespace Actors.Testing;

/// <summary>The thread pool, with a count of what is under way.</summary>
internal sealed class TrackedScheduler : EngineScheduler
{
    private readonly Lock _lock = new();
    private int _under;
    private TaskCompletionSource? _idle;

    public bool IsIdle
    {
        get
        {
            lock (_lock)
            {
                return _under == 0;
            }
        }
    }

    public override void Post(Action<object?> callback, object? state)
    {
        lock (_lock)
        {
            _under++;
        }

        ThreadPool.UnsafeQueueUserWorkItem(
            static work =>
            {
                try
                {
                    work.Callback(work.State);
                }
                finally
                {
                    work.Self.Done();
                }
            },
            (Self: this, Callback: callback, State: state),
            preferLocal: false);
    }

    public Task WhenIdleAsync()
    {
        lock (_lock)
        {
            return _under == 0 ? Task.CompletedTask : (_idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private void Done()
    {
        lock (_lock)
        {
            if (--_under == 0)
            {
                _idle?.TrySetResult();
                _idle = null;
            }
        }
    }
}
