using Actors.Storage;
using Microsoft.Extensions.Logging;

namespace Actors.Silos;

/// <summary>
/// Where suspects begin, one at a time, those first that were tried least: an innocent one that was under way when its silo was killed must not be the first at the next silo again. A run that was taken over several times in a row without progress is a suspect. Mostly it is innocent: it was in the memory of silos that died for another reason.
/// One whose silo died several times while it was the only suspect under way is convicted, and is not begun again. Thread-safe.
/// </summary>
/// <param name="begin">Takes a suspect into memory; false when it could not, and somebody else sees to the run.</param>
internal sealed class SuspectLane(EngineScheduler scheduler, TimeProvider time, ILogger log, IClusterStore store, long silo, Func<LoadedRun, Task<bool>> begin)
{
    private const int AdoptionsMax = 2;
    private const int TrialsMax = 3;
    private const int LastStepsShown = 5;

    // A suspect that has done no harm for so long makes way for the next.
    public static readonly TimeSpan TrialMax = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly PriorityQueue<LoadedRun, (int Trials, long Order)> _waiting = new();
    private long _order;

    // Read outside the lock for each commit.
    private volatile Trial? _trial;
    private bool _trying;
    private bool _stopped;

    public static bool IsSuspect(LoadedRun loaded) => loaded.Adoptions >= AdoptionsMax && loaded.Trials < TrialsMax && loaded.Row.Status != RunStatus.Parked;

    /// <summary>True: it is what killed the silos, as far as anybody can tell. One that is parked is an operator's already.</summary>
    public static bool IsConvicted(LoadedRun loaded) => loaded.Trials >= TrialsMax && loaded.Row.Status != RunStatus.Parked;

    /// <summary>What an operator is told of a convicted run.</summary>
    public static string Describe(LoadedRun loaded)
    {
        string[] last = [.. loaded.Entries.Where(static e => e.Key.Length > 0).Select(static e => e.Key).Reverse().Distinct().Take(LastStepsShown).Reverse()];
        string steps = last.Length == 0 ? "It has recorded no step yet." : $"Its last steps were {string.Join(", ", last)}.";
        return $"{loaded.Adoptions} silos in a row died while they had this run, and it recorded nothing in between: it may be what killed them. {steps} Resume it when that is mended.";
    }

    /// <summary>Begins the run when all that came before it have had their time.</summary>
    public void Add(LoadedRun suspect)
    {
        lock (_lock)
        {
            if (_stopped)
            {
                return;
            }

            _waiting.Enqueue(suspect, (suspect.Trials, _order++));
            if (_trying)
            {
                return;
            }

            _trying = true;
        }

        scheduler.Post(static self => _ = ((SuspectLane)self!).RunAsync(), this);
    }

    /// <summary>Something of a run was recorded. An outcome proves that the run does no harm; the start of a step is none.</summary>
    public void OnCommitted(Transition transition)
    {
        if (_trial is not null && transition.Entries.Any(static e => e.Kind != EntryKind.StepStarted))
        {
            End(transition.Run);
        }
    }

    /// <summary>A run has left memory.</summary>
    public void OnClosed(RunId run) => End(run);

    /// <summary>The silo ends: nothing begins any more, and what is under way stays counted, since that end is what the trial is about.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _stopped = true;
            _waiting.Clear();
        }
    }

    private async Task RunAsync()
    {
        while (true)
        {
            LoadedRun? suspect;
            TaskCompletionSource over = new();
            lock (_lock)
            {
                if (_stopped || !_waiting.TryDequeue(out suspect, out _))
                {
                    _trying = false;
                    return;
                }

                _trial = new Trial(suspect.Row.Id, over);
            }

            await CountAsync(suspect.Row.Id, begins: true).ConfigureAwait(false);
            if (await begin(suspect).ConfigureAwait(false))
            {
                await Task.WhenAny(over.Task, Task.Delay(TrialMax, time)).ConfigureAwait(false);
            }

            lock (_lock)
            {
                if (_stopped)
                {
                    _trying = false;
                    return;
                }
            }

            // It may be long, or have left memory, but it has not killed: what happens from here on is not its fault alone. With an outcome the count begins anew.
            await CountAsync(suspect.Row.Id, begins: false).ConfigureAwait(false);
        }
    }

    private async Task CountAsync(RunId run, bool begins)
    {
        try
        {
            await store.CountTrialAsync(silo, run, begins, CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            // Not counted: then it cannot be quarantined too early either.
            log.StoreReadRetried(e.Message);
        }
    }

    private void End(RunId run)
    {
        if (_trial is { } trial && trial.Run == run)
        {
            lock (_lock)
            {
                if (_trial == trial)
                {
                    _trial = null;
                    scheduler.Complete(trial.Over);
                }
            }
        }
    }

    private sealed record Trial(RunId Run, TaskCompletionSource Over);
}
