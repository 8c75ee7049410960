using Actors.Storage;
using Microsoft.Extensions.Logging;

namespace Actors.Silos;

/// <param name="Taken">Runs that were found.</param>
/// <param name="IsLast">There is nothing more to find now.</param>
/// <param name="MayBeMore">There may be runs that found no room, or could not be taken in.</param>
internal readonly record struct RecoveryRound(int Taken, bool IsLast, bool MayBeMore)
{
    public static RecoveryRound NoRoom { get; } = new(0, true, true);
}

/// <summary>Takes in runs that are in nobody's memory, round by round as far as there is room; one at a time. Thread-safe.</summary>
internal sealed class Recovery(EngineScheduler scheduler, ILogger log, Func<Task<RecoveryRound>> takeIn)
{
    private readonly Lock _lock = new();
    private bool _running;
    private bool _again;
    private bool _mayHaveQueued;

    // Grows with every run that is queued: a round that began before knows nothing of it.
    private int _queued;
    private volatile bool _stopped;

    public void Stop() => _stopped = true;

    /// <summary>A place became free.</summary>
    public void OnRoom()
    {
        lock (_lock)
        {
            if (_running)
            {
                // The round may have looked for room before: when it has left somebody waiting, another follows.
                _again = true;
                return;
            }

            if (!_mayHaveQueued)
            {
                return;
            }
        }

        Ask();
    }

    /// <summary>A run was queued, or may have been.</summary>
    public void OnQueued()
    {
        lock (_lock)
        {
            (_mayHaveQueued, _queued) = (true, _queued + 1);
        }
    }

    /// <summary>Runs a round soon.</summary>
    public void Ask()
    {
        if (!_stopped)
        {
            scheduler.Post(static self => _ = ((Recovery)self!).RunAsync(), this);
        }
    }

    public async Task RunAsync()
    {
        lock (_lock)
        {
            if (_running || _stopped)
            {
                _again = true;
                return;
            }

            (_running, _again) = (true, false);
        }

        int taken = 0;
        try
        {
            RecoveryRound round = default;
            while (!_stopped && !round.IsLast)
            {
                int before = BeginRound();
                round = await takeIn().ConfigureAwait(false);
                taken += round.Taken;
                EndRound(before, round.MayBeMore);
            }
        }
        catch (StoreException e) when (e.Kind != StoreFailure.Fenced)
        {
            // Not again at once: the next tick asks, or the next place that becomes free, since nobody knows who is waiting.
            log.StoreReadRetried(e.Message);
            OnQueued();
        }
        catch (StoreException)
        {
            // The next beat says so as well, and acts.
            _stopped = true;
        }
        finally
        {
            if (taken > 0)
            {
                log.RunsRecovered(taken);
            }

            bool again;
            lock (_lock)
            {
                _running = false;
                again = _again && _mayHaveQueued;
            }

            if (again)
            {
                // A place became free, or a run was queued, while this round was ending.
                Ask();
            }
        }
    }

    private int BeginRound()
    {
        lock (_lock)
        {
            return _queued;
        }
    }

    private void EndRound(int before, bool mayBeMore)
    {
        lock (_lock)
        {
            _mayHaveQueued = mayBeMore || _queued != before;
        }
    }
}
