using Actors.Flows;
using Actors.Runs;
using Actors.Storage;

namespace Actors.Silos;

/// <summary>
/// The grains in memory. A command for a run that is not here brings it here first: claims are gathered and made in batches, like commits. Thread-safe.
/// </summary>
internal sealed class GrainTable(EngineServices services, Func<RunRow, CancellationToken, ValueTask<(FlowDefinition? Definition, string? Missing)>> findFlow, RunFeed feed) : IGrainHost
{
    // A command that met a leaving grain is given to the next activation; so often in a row means that something is wrong.
    private const int DeliveriesMax = 20;
    private const int ClaimBatchMax = 200;
    // A run whose grain is lost so often without a commit in between is parked: loading it again and again would help nobody see it.
    private const int LossesMax = 3;
    private static readonly TimeSpan LostRetryDelay = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<RunId, Slot> _slots = [];
    private readonly Queue<RunId> _toClaim = new();
    private readonly Dictionary<RunId, int> _losses = [];
    private bool _claiming;
    private bool _stopped;
    private TaskCompletionSource? _empty;

    /// <summary>Called when a grain has left, so that the silo can take in queued runs.</summary>
    public Action? OnRoom { get; set; }

    /// <summary>Called when the store says that the silo's life is over.</summary>
    public Action? OnFenced { get; set; }

    /// <summary>Called with reminders that were committed, so that the near ones are kept in memory.</summary>
    public Action<IReadOnlyList<Reminder>>? OnReminders { get; set; }

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

    /// <summary>Gives the command to the run's grain, in memory or brought there. The answer comes through <see cref="GrainCommand.Done"/>.</summary>
    public void Send(RunId run, GrainCommand command)
    {
        command.AnswerOn(services.Scheduler);
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
                if (command.MayBeRefused && slot.Waiting.Count >= services.Options.MailboxMax)
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
        RunGrain grain = new(services, this, row, [first], definition, null);
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
        if (grain.WasLost)
        {
            lock (_lock)
            {
                _losses.Remove(transition.Run);
            }
        }

        foreach (ChildStart child in transition.Children)
        {
            Add(child.Row, child.First, services.Flows.Find(child.Row.Flow, child.Row.FlowVersion));
        }

        foreach (InboxMessage message in transition.Messages)
        {
            Send(message.Run, new MessageCommand(message));
        }

        if (transition.RemindersSet.Count > 0)
        {
            OnReminders?.Invoke(transition.RemindersSet);
        }

        feed.Publish(transition.Run, transition.Change is { Status: var status } && status.IsFinal());
    }

    public void OnClosed(RunGrain grain, GrainEnd end, IReadOnlyList<GrainCommand> left)
    {
        List<GrainCommand> again = [.. left];
        lock (_lock)
        {
            if (_slots.TryGetValue(grain.Info.Id, out Slot? slot) && slot.Grain == grain)
            {
                again.AddRange(slot.Waiting);
                _slots.Remove(grain.Info.Id);
                if (_slots.Count == 0 && _empty is not null)
                {
                    services.Scheduler.Complete(_empty);
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
            services.Alarms.Set(services.Time.GetUtcNow() + LostRetryDelay, static state => ((LostRun)state!).Wake(), new LostRun(this, grain.Info.Id));
        }

        OnRoom?.Invoke();
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
            services.Scheduler.Post(static self => _ = ((GrainTable)self!).ClaimAsync(), this);
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

            try
            {
                IReadOnlyList<LoadedRun?> loaded = await services.Store.ClaimAsync(services.SiloNo, runs, CancellationToken.None).ConfigureAwait(false);
                for (int i = 0; i < runs.Count; i++)
                {
                    await TakeInAsync(runs[i], loaded[i]).ConfigureAwait(false);
                }

                delay = TimeSpan.FromMilliseconds(20);
            }
            catch (StoreException e) when (e.Kind == StoreFailure.Fenced)
            {
                OnFenced?.Invoke();
                runs.ForEach(r => GiveUp(r, new UnavailableException("The silo's life is over.")));
            }
#pragma warning disable CA1031 // The store did not answer: the same runs are asked for again.
            catch (Exception e)
#pragma warning restore CA1031
            {
                services.Log.StoreReadRetried(e.Message);
                lock (_lock)
                {
                    runs.ForEach(_toClaim.Enqueue);
                }

                await Task.Delay(delay, services.Time).ConfigureAwait(false);
                delay = TimeSpan.FromMilliseconds(Math.Min(delay.TotalMilliseconds * 2, 5000));
            }
        }
    }

    private async Task TakeInAsync(RunId run, LoadedRun? loaded)
    {
        if (loaded is null)
        {
            GiveUp(run, new ConflictException("run_ended", $"Run {run} has ended, or another silo has it."));
            return;
        }

        RunGrain grain;
        try
        {
            (FlowDefinition? definition, string? missing) = await findFlow(loaded.Row, CancellationToken.None).ConfigureAwait(false);
            grain = new RunGrain(services, this, loaded.Row, loaded.Entries, definition, missing);
        }
        catch (InvalidDataException e)
        {
            services.Log.GrainBroken(run.Value, e);
            Park(loaded, $"Unreadable: {e.Message}");
            GiveUp(run, new UnavailableException($"Run {run} cannot be loaded: {e.Message}"));
            return;
        }

        List<GrainCommand> waiting;
        int losses;
        lock (_lock)
        {
            if (_stopped || !_slots.TryGetValue(run, out Slot? slot) || slot.Grain is not null)
            {
                return;
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
        grain.Begin(losses >= LossesMax ? $"The run was loaded {losses} times and broke each time before it recorded anything; the silo's log says why." : null);
        foreach (InboxMessage message in loaded.Inbox)
        {
            Send(run, new MessageCommand(message));
        }

        waiting.ForEach(c => Send(run, c));
    }

    /// <summary>A run that cannot even be loaded says so in its row; nothing of its journal is touched.</summary>
    private void Park(LoadedRun loaded, string reason)
    {
        if (loaded.Row.Status == RunStatus.Parked && loaded.Row.Why == reason)
        {
            return;
        }

        services.Committer.Submit(
            new Transition
            {
                Id = services.NextTransitionId(),
                Silo = services.SiloNo,
                Run = loaded.Row.Id,
                RunNo = loaded.Row.No,
                ExpectedSeq = loaded.Entries[^1].Seq,
                Change = new RunChange { Status = RunStatus.Parked, Why = Text.Shorten(reason, 1000), Release = true, At = services.Now() },
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
                    services.Scheduler.Complete(_empty);
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
    }

    private sealed record LostRun(GrainTable Table, RunId Run)
    {
        public void Wake() => Table.Send(Run, new WakeCommand());
    }
}
