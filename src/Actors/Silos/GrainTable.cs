using Actors.Flows;
using Actors.Runs;
using Actors.Storage;

namespace Actors.Silos;

/// <summary>
/// The grains in memory. A command for a run that is not here brings it here first: claims are gathered and made in batches, like commits. Thread-safe.
/// </summary>
internal sealed class GrainTable : IGrainHost
{
    // A command that met a leaving grain is given to the next activation; so often in a row means that something is wrong.
    private const int DeliveriesMax = 20;
    private const int ClaimBatchMax = 200;
    // A run whose grain is lost so often without a commit in between is parked: loading it again and again would help nobody see it.
    private const int LossesMax = 3;
    private static readonly TimeSpan LostRetryDelay = TimeSpan.FromSeconds(1);

    private readonly EngineServices _services;
    private readonly Func<RunRow, CancellationToken, ValueTask<(FlowDefinition? Definition, string? Missing)>> _findFlow;
    private readonly RunFeed _feed;
    private readonly Func<ICluster> _cluster;

    // Null when nobody shares the store: then no run is ever taken over from a silo that died.
    private readonly SuspectLane? _suspects;

    private readonly Lock _lock = new();
    private readonly Dictionary<RunId, Slot> _slots = [];
    private readonly Queue<RunId> _toClaim = new();
    private readonly Dictionary<RunId, int> _losses = [];

    // Those that left memory since runs were claimed without being asked for by name; null when none are being claimed.
    private HashSet<RunId>? _leftMeanwhile;
    private bool _claiming;
    private bool _stopped;
    private TaskCompletionSource? _empty;

    public GrainTable(
        EngineServices services, Func<RunRow, CancellationToken, ValueTask<(FlowDefinition? Definition, string? Missing)>> findFlow, RunFeed feed, Func<ICluster> cluster)
    {
        _services = services;
        _findFlow = findFlow;
        _feed = feed;
        _cluster = cluster;
        _suspects = services.Store is IClusterStore store ? new SuspectLane(services.Scheduler, services.Time, services.Log, store, services.SiloNo, TryBeginAsync) : null;
    }

    /// <summary>Called when the store says that the silo's life is over.</summary>
    public required Action<string> OnFenced { get; init; }

    /// <summary>Grains in memory, and those on their way.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _slots.Count;
            }
        }
    }

    public bool Holds(RunId run)
    {
        lock (_lock)
        {
            return _slots.ContainsKey(run);
        }
    }

    /// <summary>True: the run is here, of this tenant, and its end has not been published: who watches it will be told.</summary>
    public bool WillPublishEnd(RunId run, string tenant)
    {
        lock (_lock)
        {
            return _slots.TryGetValue(run, out Slot? slot) && slot is { Ended: false, Grain: { } grain } && grain.Info.Tenant == tenant;
        }
    }

    /// <summary>Gives the command to the run's grain, in memory or brought there. The answer comes through <see cref="GrainCommand.Done"/>.</summary>
    public void Send(RunId run, GrainCommand command)
    {
        command.AnswerOn(_services.Scheduler);
        if (++command.Deliveries > DeliveriesMax)
        {
            command.Fail(new UnavailableException($"Run {run} could not be reached; try again."));
            return;
        }

        RunGrain? grain;
        lock (_lock)
        {
            if (_stopped)
            {
                command.Fail(new UnavailableException("The silo is stopping."));
                return;
            }

            if (!_slots.TryGetValue(run, out Slot? slot))
            {
                _slots.Add(run, slot = new Slot());
                _toClaim.Enqueue(run);
            }

            grain = slot.Grain;
            if (grain is null)
            {
                if (command.MayBeRefused && slot.Waiting.Count >= _services.Options.MailboxMax && slot.Waiting.Count(static c => c.MayBeRefused) >= _services.Options.MailboxMax)
                {
                    command.Fail(new OverloadedException($"Run {run} has {slot.Waiting.Count:N0} commands waiting already (SiloOptions.MailboxMax)."));
                    return;
                }

                slot.Waiting.Add(command);
                StartClaiming();
                return;
            }
        }

        try
        {
            if (!grain.TryPost(command))
            {
                // It has left, but its place is not free yet: what it leaves behind is sent again by OnClosed, and so is this.
                lock (_lock)
                {
                    if (_slots.TryGetValue(run, out Slot? slot) && slot.Grain == grain)
                    {
                        slot.Waiting.Add(command);
                        return;
                    }
                }

                Send(run, command);
            }
            else if (command is WakeCommand)
            {
                // The run is in memory, which is all that was asked for: a flow that blocks its thread must not keep the silo from starting, or from taking others in.
                command.Succeed();
            }
        }
        catch (OverloadedException e)
        {
            command.Fail(e);
        }
    }

    /// <summary>A run whose row and first entry were just committed here begins.</summary>
    public void Add(RunRow row, JournalEntry first, FlowDefinition? definition)
    {
        RunGrain grain = new(_services, this, row, [first], definition, null);
        lock (_lock)
        {
            if (_stopped || !_slots.TryAdd(row.Id, new Slot { Grain = grain }))
            {
                return;
            }
        }

        grain.Begin();
    }

    public void OnCommitted(RunGrain grain, Transition transition)
    {
        _suspects?.OnCommitted(transition);

        if (grain.WasLost)
        {
            lock (_lock)
            {
                _losses.Remove(transition.Run);
            }
        }

        foreach (ChildStart child in transition.Children)
        {
            Add(child.Row, child.First, _services.Flows.FindPinned(child.Row.Flow, child.Row.FlowVersion));
        }

        if (transition.Messages.Count > 0)
        {
            _cluster().Activate(transition.Messages);
        }

        if (transition.RemindersSet.Count > 0)
        {
            _cluster().SetReminders(transition.RemindersSet);
        }

        bool ended = transition.Change is { Status: var status } && status.IsFinal();
        if (ended)
        {
            // Before it is published: who begins to watch after that must read.
            lock (_lock)
            {
                if (_slots.TryGetValue(transition.Run, out Slot? slot))
                {
                    slot.Ended = true;
                }
            }
        }

        if (ended || transition.MessagesConsumed.Count > 0)
        {
            _services.InboxRoom.OnConsumed(transition.RunNo);
        }

        _feed.Publish(transition.Run, ended);
        _cluster().OnCommitted(transition);
    }

    public void OnClosed(RunGrain grain, GrainEnd end, IReadOnlyList<GrainCommand> left)
    {
        _suspects?.OnClosed(grain.Info.Id);
        List<GrainCommand> again = [.. left];
        lock (_lock)
        {
            if (_slots.TryGetValue(grain.Info.Id, out Slot? slot) && slot.Grain == grain)
            {
                again.AddRange(slot.Waiting);
                _slots.Remove(grain.Info.Id);
                _leftMeanwhile?.Add(grain.Info.Id);
                if (_slots.Count == 0 && _empty is not null)
                {
                    _services.Scheduler.Complete(_empty);
                }
            }
        }

        foreach (GrainCommand command in again)
        {
            Send(grain.Info.Id, command);
        }

        if (end == GrainEnd.Lost && !_stopped)
        {
            lock (_lock)
            {
                _losses[grain.Info.Id] = _losses.GetValueOrDefault(grain.Info.Id) + 1;
            }

            // Whoever owns the run now, the store knows: load it again if it is still ours.
            _services.Alarms.Set(_services.Time.GetUtcNow() + LostRetryDelay, static state => ((LostRun)state!).Wake(), new LostRun(this, grain.Info.Id));
        }

        _cluster().OnRoom();
    }

    /// <summary>Drops every grain as it is: the life is over.</summary>
    public void DropAll()
    {
        foreach (RunGrain grain in Stop())
        {
            grain.Drop();
        }
    }

    /// <summary>Takes nothing new in; gives the grains in memory.</summary>
    public IReadOnlyList<RunGrain> Stop()
    {
        List<GrainCommand> waiting;
        List<RunGrain> grains;
        lock (_lock)
        {
            _stopped = true;
            _toClaim.Clear();
            waiting = [.. _slots.Values.SelectMany(s => s.Waiting)];
            grains = [.. _slots.Values.Select(s => s.Grain).OfType<RunGrain>()];
            foreach (RunId run in _slots.Where(s => s.Value.Grain is null).Select(s => s.Key).ToArray())
            {
                _slots.Remove(run);
            }
        }

        _suspects?.Stop();
        waiting.ForEach(c => c.Fail(new UnavailableException("The silo is stopping.")));
        return grains;
    }

    public Task WhenEmptyAsync()
    {
        lock (_lock)
        {
            if (_slots.Count == 0)
            {
                return Task.CompletedTask;
            }

            _empty ??= new();
            return _empty.Task;
        }
    }

    private void StartClaiming()
    {
        if (!_claiming)
        {
            _claiming = true;
            _services.Scheduler.Post(static self => _ = ((GrainTable)self!).ClaimAsync(), this);
        }
    }

    private async Task ClaimAsync()
    {
        TimeSpan delay = TimeSpan.FromMilliseconds(20);
        while (true)
        {
            List<RunId> runs = [];
            lock (_lock)
            {
                while (runs.Count < ClaimBatchMax && _toClaim.TryDequeue(out RunId run))
                {
                    runs.Add(run);
                }

                if (runs.Count == 0)
                {
                    _claiming = false;
                    return;
                }
            }

            int taken = 0;
            try
            {
                IReadOnlyList<LoadedRun?> loaded = await _services.Store.ClaimAsync(_services.SiloNo, runs, CancellationToken.None).ConfigureAwait(false);
                for (; taken < runs.Count; taken++)
                {
                    await TakeInAsync(runs[taken], loaded[taken]).ConfigureAwait(false);
                }

                delay = TimeSpan.FromMilliseconds(20);
            }
            catch (StoreException e) when (e.Kind == StoreFailure.Fenced)
            {
                // Once: what is left in the queue was dropped with the life.
                OnFenced(e.Message);
                runs.ForEach(r => GiveUp(r, new UnavailableException("The silo's life is over.")));
            }
#pragma warning disable CA1031 // The store did not answer: those that are not here yet are asked for again.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _services.Log.StoreReadRetried(e.Message);
                lock (_lock)
                {
                    runs.GetRange(taken, runs.Count - taken).ForEach(_toClaim.Enqueue);
                }

                await Task.Delay(delay, _services.Time).ConfigureAwait(false);
                delay = TimeSpan.FromMilliseconds(Math.Min(delay.TotalMilliseconds * 2, 5000));
            }
        }
    }

    /// <summary>
    /// Runs are about to be claimed for this silo without being asked for by name. The answer may be long on its way, and a run in it may have come here by a command, gone on and left: then what was loaded with it is old.
    /// </summary>
    public void OnClaiming()
    {
        lock (_lock)
        {
            _leftMeanwhile = [];
        }
    }

    /// <summary>Runs that were claimed for this silo without having been asked for by name.</summary>
    public async Task TakeInAsync(IReadOnlyList<LoadedRun> runs)
    {
        foreach (LoadedRun loaded in runs)
        {
            RunId run = loaded.Row.Id;
            bool there;
            lock (_lock)
            {
                there = _stopped || _leftMeanwhile?.Contains(run) == true || !_slots.TryAdd(run, new Slot());
            }

            if (there)
            {
                // Its release was committed a moment ago and its grain is about to leave, or it is on its way in: whoever comes after it finds the run owned by this silo.
                Send(run, new WakeCommand());
            }
            else
            {
                await TryTakeInAsync(run, loaded).ConfigureAwait(false);
            }
        }

        lock (_lock)
        {
            _leftMeanwhile = null;
        }
    }

    private async Task TakeInAsync(RunId run, LoadedRun? loaded)
    {
        if (loaded is null)
        {
            GiveUp(run, new RunElsewhereException(run));
        }
        else if (_suspects is { } suspects && SuspectLane.IsSuspect(loaded))
        {
            suspects.Add(loaded);
        }
        else
        {
            await BeginAsync(loaded).ConfigureAwait(false);
        }
    }

    // Nobody claims it again for this silo, which owns it already: it is asked for by name.
    private async Task TryTakeInAsync(RunId run, LoadedRun loaded)
    {
        try
        {
            await TakeInAsync(run, loaded).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            ClaimAgain(run, e);
        }
    }

    /// <returns>False when no grain began. When the store did not give what is needed, the run comes again when it does.</returns>
    private async Task<bool> TryBeginAsync(LoadedRun loaded)
    {
        try
        {
            return await BeginAsync(loaded).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            ClaimAgain(loaded.Row.Id, e);
            return false;
        }
    }

    private void ClaimAgain(RunId run, StoreException reason)
    {
        _services.Log.StoreReadRetried(reason.Message);
        lock (_lock)
        {
            if (!_stopped)
            {
                _toClaim.Enqueue(run);
                StartClaiming();
            }
        }
    }

    /// <returns>False: it cannot be read, or was begun before.</returns>
    private async Task<bool> BeginAsync(LoadedRun loaded)
    {
        RunId run = loaded.Row.Id;
        RunGrain grain;
        try
        {
            (FlowDefinition? definition, string? missing) = await _findFlow(loaded.Row, CancellationToken.None).ConfigureAwait(false);
            grain = new RunGrain(_services, this, loaded.Row, loaded.Entries, definition, missing);
            grain.Expect(loaded.Inbox);
        }
        catch (InvalidDataException e)
        {
            _services.Log.GrainBroken(run.Value, e);
            Park(loaded, $"Unreadable: {e.Message}");
            GiveUp(run, new UnavailableException($"Run {run} cannot be loaded: {e.Message}"));
            return false;
        }

        List<GrainCommand> waiting;
        int losses;
        lock (_lock)
        {
            if (_stopped || !_slots.TryGetValue(run, out Slot? slot) || slot.Grain is not null)
            {
                return false;
            }

            slot.Grain = grain;
            if (loaded.Row.Status == RunStatus.Parked)
            {
                // An operator looks after it now.
                _losses.Remove(run);
            }

            losses = _losses.GetValueOrDefault(run);
            waiting = [.. slot.Waiting];
            slot.Waiting.Clear();
        }

        grain.WasLost = losses > 0;
        grain.Begin(ReasonToPark(loaded, losses));
        if (loaded.Inbox.Count > 0)
        {
            _cluster().Activate(loaded.Inbox);
        }

        waiting.ForEach(c => Send(run, c));
        return true;
    }

    private static (string Code, string Reason)? ReasonToPark(LoadedRun loaded, int losses)
    {
        if (losses >= LossesMax)
        {
            return ("EngineError", $"The run was loaded {losses} times and broke each time before it recorded anything; the silo's log says why.");
        }

        return SuspectLane.IsConvicted(loaded) ? ("Quarantined", SuspectLane.Describe(loaded)) : null;
    }

    /// <summary>A run that cannot even be loaded says so in its row; nothing of its journal is touched.</summary>
    private void Park(LoadedRun loaded, string reason)
    {
        if (loaded.Row.Status == RunStatus.Parked && loaded.Row.Why == reason)
        {
            return;
        }

        _services.Committer.Submit(
            new Transition
            {
                Id = _services.NextTransitionId(),
                Silo = _services.SiloNo,
                Run = loaded.Row.Id,
                RunNo = loaded.Row.No,
                ExpectedSeq = loaded.Entries[^1].Seq,
                Change = new RunChange { Status = RunStatus.Parked, Why = Text.Shorten(reason, 1000), Release = true, At = _services.Now() },
            },
            NoSink.Instance);
    }

    private void GiveUp(RunId run, Exception reason)
    {
        List<GrainCommand> waiting = [];
        lock (_lock)
        {
            if (_slots.TryGetValue(run, out Slot? slot) && slot.Grain is null)
            {
                waiting = slot.Waiting;
                _slots.Remove(run);
                if (_slots.Count == 0 && _empty is not null)
                {
                    _services.Scheduler.Complete(_empty);
                }
            }
        }

        waiting.ForEach(c => c.Fail(reason));
    }

    private sealed class NoSink : ITransitionSink
    {
        public static NoSink Instance { get; } = new();

        public void OnCommitted(Transition transition, CommitOutcome outcome)
        {
        }
    }

    private sealed class Slot
    {
        public RunGrain? Grain { get; set; }

        public List<GrainCommand> Waiting { get; } = [];

        public bool Ended { get; set; }
    }

    private sealed record LostRun(GrainTable Table, RunId Run)
    {
        public void Wake() => Table.Send(Run, new WakeCommand());
    }
}
