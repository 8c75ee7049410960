using System.Collections.Concurrent;

namespace Actors.Silos;

/// <summary>
/// Tells those who watch a run that something was committed. It carries no data: watchers read the store, so what they see is what was committed. A run that nobody watches costs one look-up.
/// </summary>
internal sealed class RunFeed
{
    private readonly ConcurrentDictionary<RunId, Watchers> _runs = new();

    /// <summary>Called when somebody begins to watch a run.</summary>
    public Action<RunId>? OnWatched { get; set; }

    /// <summary>The runs that somebody watches now.</summary>
    public ICollection<RunId> Watched => _runs.Keys;

    /// <summary>Registers before the caller reads, so that nothing committed in between is missed.</summary>
    public Watch Subscribe(RunId run, bool endOnly)
    {
        while (true)
        {
            Watchers watchers = _runs.GetOrAdd(run, static _ => new Watchers());
            Watch? watch = null;
            lock (watchers)
            {
                if (!watchers.Dead)
                {
                    watchers.All.Add(watch = new(this, run, endOnly));
                }
            }

            if (watch is not null)
            {
                OnWatched?.Invoke(run);
                return watch;
            }
        }
    }

    public void Publish(RunId run, bool ended)
    {
        if (!_runs.TryGetValue(run, out Watchers? watchers))
        {
            return;
        }

        lock (watchers)
        {
            foreach (Watch watch in watchers.All)
            {
                if (ended || !watch.EndOnly)
                {
                    watch.Set();
                }
            }
        }
    }

    private void Unsubscribe(Watch watch)
    {
        if (_runs.TryGetValue(watch.Run, out Watchers? watchers))
        {
            lock (watchers)
            {
                watchers.All.Remove(watch);
                if (watchers.All.Count == 0)
                {
                    watchers.Dead = true;
                    _runs.TryRemove(watch.Run, out _);
                }
            }
        }
    }

    private sealed class Watchers
    {
        public HashSet<Watch> All { get; } = [];

        public bool Dead { get; set; }
    }

    /// <summary>One watcher's signal: set by a commit, awaited and reset by the watcher.</summary>
    internal sealed class Watch(RunFeed feed, RunId run, bool endOnly) : IDisposable
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource _signal = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public RunId Run => run;

        public bool EndOnly => endOnly;

        public void Set()
        {
            lock (_lock)
            {
                _signal.TrySetResult();
            }
        }

        public async Task WaitAsync(CancellationToken cancellationToken)
        {
            Task signal;
            lock (_lock)
            {
                signal = _signal.Task;
            }

            await signal.WaitAsync(cancellationToken).ConfigureAwait(false);
            lock (_lock)
            {
                _signal = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        public void Dispose() => feed.Unsubscribe(this);
    }
}
