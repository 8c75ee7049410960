namespace Actors.Silos;

/// <summary>
/// Where everything of the engine runs: turns of grains, the committer, step bodies. There is no other way onto a thread, so that a
/// simulation can put all of it on one thread and choose the order from a seed.
/// </summary>
public abstract class EngineScheduler
{
    /// <summary>The thread pool.</summary>
    public static EngineScheduler Pool { get; } = new PoolScheduler();

    /// <summary>Runs the callback soon, never inside this call.</summary>
    public abstract void Post(Action<object?> callback, object? state);

    /// <summary>Completes a task whose waiters then run on this scheduler, and not inside the caller's lock or turn.</summary>
    internal void Complete(TaskCompletionSource source) => Post(static s => ((TaskCompletionSource)s!).TrySetResult(), source);

    private sealed class PoolScheduler : EngineScheduler
    {
        public override void Post(Action<object?> callback, object? state) =>
            ThreadPool.UnsafeQueueUserWorkItem(callback, state, preferLocal: false);
    }
}
