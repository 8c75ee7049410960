using Actors.Silos;
using Microsoft.Extensions.Logging;

namespace Actors.Storage;

/// <summary>Told once how a transition ended; called on the scheduler, not on the grain's own thread.</summary>
internal interface ITransitionSink
{
    void OnCommitted(Transition transition, CommitOutcome outcome);
}

/// <summary>
/// Collects the transitions of all grains while the previous commit is under way and hands them to the store as one batch: no timer, no added wait when idle.
/// When much has gathered it does not wait for the commit under way: further lanes take it, so that one batch is built and sent while another is flushed. A run
/// has one transition in flight at most, which is in one lane. It answers each transition exactly once, except when the silo's life is over: then nobody is
/// answered any more.
/// </summary>
internal sealed class Committer(IStore store, EngineScheduler scheduler, TimeProvider time, int batchMax, int lanesMax, ILogger log, Action<string> onFenced)
{
    // Fewer are not worth a commit of their own while another is under way: what a commit costs is nearly the same for one transition and for some dozens.
    private const int FurtherLaneFrom = 64;

    private static readonly TimeSpan RetryDelayMin = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan RetryDelayMax = TimeSpan.FromSeconds(5);

    // A database that restarts is back within these; after that, callers are told instead of kept waiting.
    private const int QuietAttempts = 6;

    private readonly Lock _lock = new();
    private readonly Queue<Pending> _queue = new();
    private int _lanes;
    private bool _stopped;
    private TaskCompletionSource? _idle;
    private long _batches, _transitions, _entries;

    /// <summary>Why nothing can be committed now: set when the store refuses for good, or has failed again and again; null while it takes commits.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Batches and transitions committed so far: figures for benchmarks and metrics.</summary>
    public long Batches => Interlocked.Read(ref _batches);

    public long Transitions => Interlocked.Read(ref _transitions);

    public long EntriesWritten => Interlocked.Read(ref _entries);

    public void Submit(Transition transition, ITransitionSink sink)
    {
        lock (_lock)
        {
            if (_stopped)
            {
                return;
            }

            _queue.Enqueue(new Pending(transition, sink));
            if (!WantsLane())
            {
                return;
            }

            _lanes++;
        }

        scheduler.Post(static self => _ = ((Committer)self!).RunAsync(), this);
    }

    /// <summary>From now on nothing is committed or answered: the life is over.</summary>
    public void Stop() => TryStop();

    // False when it was stopped before: two lanes may learn of the same end.
    private bool TryStop()
    {
        lock (_lock)
        {
            bool first = !_stopped;
            _stopped = true;
            _queue.Clear();
            return first;
        }
    }

    /// <summary>A transaction beside this committer found that the life is over: what a refused commit does.</summary>
    public void EndLife(string why)
    {
        if (TryStop())
        {
            onFenced(why);
        }
    }

    /// <summary>Completes when everything submitted before has been answered.</summary>
    public Task WhenIdleAsync()
    {
        lock (_lock)
        {
            if (_lanes == 0 || _stopped)
            {
                return Task.CompletedTask;
            }

            _idle ??= new();
            return _idle.Task;
        }
    }

    // Called under the lock.
    private bool WantsLane() => _queue.Count > 0 && (_lanes == 0 || (_lanes < lanesMax && _queue.Count >= Math.Min(FurtherLaneFrom, batchMax)));

    private async Task RunAsync()
    {
        List<Pending> batch = [];
        while (true)
        {
            batch.Clear();
            lock (_lock)
            {
                _lanes--;
                if (!WantsLane())
                {
                    if (_lanes == 0 && _idle is not null)
                    {
                        scheduler.Complete(_idle);
                        _idle = null;
                    }

                    return;
                }

                _lanes++;
                while (batch.Count < batchMax && _queue.TryDequeue(out Pending pending))
                {
                    batch.Add(pending);
                }
            }

            await CommitAsync(batch).ConfigureAwait(false);
        }
    }

    private async Task CommitAsync(IReadOnlyList<Pending> batch)
    {
        Transition[] transitions = new Transition[batch.Count];
        for (int i = 0; i < transitions.Length; i++)
        {
            transitions[i] = batch[i].Transition;
        }

        for (int attempt = 1; ; attempt++)
        {
            try
            {
                IReadOnlyList<CommitOutcome> outcomes = await store.CommitAsync(transitions, CancellationToken.None).ConfigureAwait(false);
                Trouble = null;
                Count(transitions);
                for (int i = 0; i < transitions.Length; i++)
                {
                    batch[i].Sink.OnCommitted(transitions[i], outcomes[i]);
                }

                return;
            }
            catch (StoreException e) when (e.Kind == StoreFailure.Fenced)
            {
                EndLife(e.Message);
                return;
            }
            catch (Exception e) when (e is StoreException { Kind: StoreFailure.Data } or ArgumentException)
            {
                if (batch.Count == 1)
                {
                    log.TransitionRefused(transitions[0].Run.Value, e.Message);
                    batch[0].Sink.OnCommitted(transitions[0], new CommitOutcome(CommitStatus.Refused, Reason: e.Message));
                    return;
                }

                // Somewhere in the batch is a value that the database refuses, or a transition that breaks a rule of stores, which sending it again cannot mend. Its neighbours must not suffer: halve until it is alone.
                int half = batch.Count / 2;
                await CommitAsync([.. batch.Take(half)]).ConfigureAwait(false);
                await CommitAsync([.. batch.Skip(half)]).ConfigureAwait(false);
                return;
            }
#pragma warning disable CA1031 // Whatever went wrong, the transitions are not lost: the same batch goes again, unchanged.
            catch (Exception e)
#pragma warning restore CA1031
            {
                lock (_lock)
                {
                    if (_stopped)
                    {
                        return;
                    }
                }

                if (attempt >= QuietAttempts || e is StoreException { Kind: StoreFailure.Fatal })
                {
                    Trouble = e.Message;
                }

                TimeSpan delay = TimeSpan.FromMilliseconds(Math.Min(RetryDelayMin.TotalMilliseconds * Math.Pow(2, Math.Min(attempt - 1, 20)), RetryDelayMax.TotalMilliseconds));
                log.CommitRetried(attempt, delay.TotalMilliseconds, e.Message);
                await Task.Delay(delay, time).ConfigureAwait(false);
            }
        }
    }

    private void Count(Transition[] transitions)
    {
        long entries = 0;
        foreach (Transition transition in transitions)
        {
            entries += transition.Entries.Count;
        }

        Interlocked.Increment(ref _batches);
        Interlocked.Add(ref _transitions, transitions.Length);
        Interlocked.Add(ref _entries, entries);
    }

    private readonly record struct Pending(Transition Transition, ITransitionSink Sink);
}
