using System.Text;
using System.Text.Json;
using Actors.Flows;
using Actors.Runs;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Simulation;

/// <summary>A simulated process with a silo in it.</summary>
internal sealed class SimProcess(string name, SimScheduler lane, Silo silo)
{
    public string Name => name;

    public SimScheduler Lane => lane;

    public Silo Silo => silo;

    public Task? Started { get; set; }

    public bool IsAlive => !lane.IsDead;

    public bool IsUp => IsAlive && silo.IsReady;
}

/// <summary>
/// Processes on one simulated database, clients that start runs, answer, signal and cancel, and what must be true of everything that happens. Clients try again until they are answered.
/// </summary>
internal sealed class SimCluster : IProbe
{
    public const string UndoPrefix = "undo:";

    private static readonly Caller Client = new(Caller.DefaultTenant, "client");
    private static readonly TimeSpan ClientPatience = TimeSpan.FromSeconds(20);

    private readonly SiloOptions _options;
    private readonly FlowRegistry _flows = new();
    private readonly TaskRegistry _tasks = new();
    private readonly List<SimProcess> _processes = [];
    private readonly Dictionary<(RunId, string), int> _signalsSent = [];
    private readonly Dictionary<(RunId, string), int> _signalsWanted = [];
    private readonly List<(RunId Run, string Id)> _acceptedSignals = [];
    private readonly List<(HumanTaskId Task, string Decision)> _acceptedAnswers = [];
    private readonly HashSet<RunId> _acceptedCancels = [];
    private readonly Dictionary<(RunId, string Key, int Attempt, bool Fallback), List<long>> _calls = [];
    private readonly Dictionary<(SimScheduler, string), (long Life, DateTimeOffset Begun)> _acting = [];
    private readonly HashSet<(RunId, string Key, int Attempt)> _interrupted = [];
    private int _ids;

    /// <param name="store">Null: the in-memory store.</param>
    public SimCluster(SimWorld world, IReadOnlyList<Node> trees, SiloOptions? options = null, IStore? store = null)
    {
        World = world;
        Database = new SimDatabase(world, store ?? new MemoryStore()) { Kill = Kill, OnApplied = OnApplied };
        _options = options ?? new SiloOptions { Name = "sim" };
        _flows.Add(new TreeFlow(trees, this));
    }

    public SimWorld World { get; }

    public SimDatabase Database { get; }

    public FlowRegistry Flows => _flows;

    public TaskRegistry Tasks => _tasks;

    public IReadOnlyList<SimProcess> Processes => _processes;

    public List<RunId> Roots { get; } = [];

    /// <summary>All runs with their rows as last seen final; children included.</summary>
    public HashSet<RunId> Live { get; } = [];

    public List<RunId> AllRuns { get; } = [];

    /// <summary>Calls of bodies, without those of processes that were dead already and did not know it.</summary>
    public HashSet<Reference.Call> Calls { get; } = [];

    public int RepeatedCalls { get; private set; }

    public int PendingOps { get; private set; }

    /// <summary>Told of each transition when it is newly written.</summary>
    public Action<Transition>? OnTransition { get; set; }

    /// <summary>True for a body that kills its process.</summary>
    public Func<IStepContext, bool> IsPoison { get; set; } = static _ => false;

    /// <summary>Called when a process was killed by a fault, so that another begins.</summary>
    public Action<SimProcess>? OnKilled { get; set; }

    public SimProcess Start(string name)
    {
        SimScheduler lane = World.AddLane(name);
        Silo silo = new(_options, Database.IsShared ? new SimSharedStore(Database, lane) : new SimStore(Database, lane), _flows, _tasks, new SimTime(lane), NullLoggerFactory.Instance, lane, World.Ids);
        SimProcess process = new(name, lane, silo);
        _processes.Add(process);
        World.Trace.Say(World, () => $"{name} starts");
        lane.Post(() =>
        {
            process.Started = silo.StartAsync();
            // A process that cannot start ends, and whoever watches over it starts another.
            process.Started.ContinueWith(_ => Kill(lane), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        });
        return process;
    }

    public SimProcess? ProcessOf(SimScheduler lane) => _processes.Find(p => p.Lane == lane);

    public void Kill(SimScheduler lane)
    {
        if (lane.IsDead)
        {
            return;
        }

        World.Trace.Say(World, () => $"{lane.Name} is killed");
        lane.Kill();

        // The server hears it from the process's operating system.
        World.Network.PostAfter(TimeSpan.FromMilliseconds(5), () => BreakSession(lane));
        if (ProcessOf(lane) is { } process)
        {
            OnKilled?.Invoke(process);
        }
    }

    /// <summary>Breaks the connection that stands for a process's life. False when it has none.</summary>
    public bool BreakSession(SimScheduler lane)
    {
        SimSession[] sessions = [.. Database.Sessions.Values.Where(s => s.Lane == lane)];
        Array.ForEach(sessions, static s => s.Break());
        return sessions.Length > 0;
    }

    /// <summary>Marks all lives of a process dead, as a peer or a successor does.</summary>
    public void Bury(SimProcess process)
    {
        if (process.Silo.LifeNo > 0)
        {
            _ = Database.EndLifeAsync(process.Silo.LifeNo);
        }

        foreach (long life in Database.LivesOf(process.Lane))
        {
            _ = Database.EndLifeAsync(life);
        }
    }

    // ---- clients -------------------------------------------------------------------------------------------------

    /// <summary>True when every run that anybody started has ended and every client is answered.</summary>
    public bool IsOver => PendingOps == 0 && Live.Count == 0 && Roots.Count > 0;

    public void StartRun(int tree, long input)
    {
        string key = $"start-{++_ids}";
        StartRun request = new()
        {
            Flow = TreeFlow.FlowName,
            Input = JsonSerializer.SerializeToElement(new TreeInput(tree, "", input), FlowJson.Options),
            IdempotencyKey = key,
        };
        Issue(null, silo => silo.StartRunAsync(request, Client), result => Roots.Add(((Task<StartedRun>)result).Result.Run.Id));
    }

    public void Signal(RunId run, string name)
    {
        _signalsSent[(run, name)] = _signalsSent.GetValueOrDefault((run, name)) + 1;
        string id = $"signal-{++_ids}";
        JsonElement payload = JsonSerializer.SerializeToElement(Values.SignalPayload(name));
        Issue(run, silo => silo.SignalRunAsync(run, name, payload, id, Client), _ => _acceptedSignals.Add((run, id)));
    }

    public void Answer(RunId run, HumanTaskId task, string decision) =>
        Issue(run, silo => silo.AnswerAsync(task, new TaskAnswer(decision), Client), _ => _acceptedAnswers.Add((task, decision)));

    /// <summary>What an operator does with a parked run.</summary>
    public void Resume(RunId run) => Issue(run, silo => silo.ResumeRunAsync(run, Client), static _ => { });

    public void Cancel(RunId run) => Issue(run, silo => silo.CancelRunAsync(run, "enough", Client), _ => _acceptedCancels.Add(run));

    private void Issue(RunId? run, Func<Silo, Task> call, Action<Task> accepted)
    {
        PendingOps++;
        World.Network.Post(() => Try(run, call, accepted));
    }

    private void Try(RunId? run, Func<Silo, Task> call, Action<Task> accepted)
    {
        bool answered = false;
        void Again()
        {
            answered = true;
            World.Network.PostAfter(TimeSpan.FromMilliseconds(200), () => Try(run, call, accepted));
        }

        if (Route(run) is not { } process)
        {
            Again();
            return;
        }

        process.Lane.Post(() =>
        {
            Task task = call(process.Silo);
            task.ContinueWith(
                t => World.Network.Post(() =>
                {
                    if (answered)
                    {
                        return;
                    }

                    switch (t.Exception?.InnerException)
                    {
                        case null:
                            answered = true;
                            PendingOps--;
                            accepted(t);
                            break;
                        case ConflictException:
                            answered = true;
                            PendingOps--;
                            break;
                        case UnavailableException or OverloadedException or StoreException:
                            Again();
                            break;
                        case { } error:
                            answered = true;
                            PendingOps--;
                            Database.Broken.Add($"A client got {error}");
                            break;
                    }
                }),
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        });
        World.Network.PostAfter(ClientPatience, () =>
        {
            if (!answered)
            {
                Again();
            }
        });
    }

    private SimProcess? Route(RunId? run)
    {
        List<SimProcess> up = [.. _processes.Where(p => p.IsUp)];
        if (up.Count == 0)
        {
            return null;
        }

        // Where silos hear of each other, any of them will do.
        if (!Database.IsShared && run is { } id && Row(id)?.Owner is { } owner && up.Find(p => p.Silo.LifeNo == owner) is { } holder)
        {
            return holder;
        }

        return World.Random.Pick(up);
    }

    public RunRow? Row(RunId run) => Database.Store.GetRunAsync(Caller.DefaultTenant, run, default).Result;

    public IReadOnlyList<JournalEntry> Journal(RunId run) => Database.Store.ReadJournalAsync(Caller.DefaultTenant, run, 0, int.MaxValue, default).Result;

    // People and senders of signals look at what was committed, as everybody does.
    private void OnApplied(Transition transition)
    {
        OnTransition?.Invoke(transition);
        if (transition.Start is not null)
        {
            Live.Add(transition.Run);
            AllRuns.Add(transition.Run);
        }

        foreach (ChildStart child in transition.Children)
        {
            Live.Add(child.Row.Id);
            AllRuns.Add(child.Row.Id);
        }

        if (transition.Change is { Status: var status } && status.IsFinal())
        {
            Live.Remove(transition.Run);
        }

        foreach (HumanTaskRow task in transition.HumanTasksOpened)
        {
            string name = task.Key[(task.Key.LastIndexOf('/') + 1)..];
            if (name[0] == 'n')
            {
                World.Network.PostAfter(TimeSpan.FromMilliseconds(World.Random.Next(0, 3_000)), () => Answer(transition.Run, task.Id, Values.Decision(name)));
            }
        }

        foreach (JournalEntry entry in transition.Entries)
        {
            if (entry.Kind == EntryKind.WaitOpened)
            {
                string name = entry.Key[(entry.Key.LastIndexOf('/') + 1)..];
                if (name[0] == 'n' && name != "never")
                {
                    int wanted = _signalsWanted[(transition.Run, name)] = _signalsWanted.GetValueOrDefault((transition.Run, name)) + 1;
                    if (wanted > _signalsSent.GetValueOrDefault((transition.Run, name)))
                    {
                        World.Network.PostAfter(TimeSpan.FromMilliseconds(World.Random.Next(0, 3_000)), () => Signal(transition.Run, name));
                    }
                }
            }
        }

        if (Database.IsShared)
        {
            return;
        }

        // What a notification between silos does where they share a database: a message for a run of another living silo is announced there.
        foreach (InboxMessage message in transition.Messages)
        {
            if (Row(message.Run)?.Owner is { } owner && owner != transition.Silo && _processes.Find(p => p.IsAlive && p.Silo.LifeNo == owner) is { } holder)
            {
                holder.Lane.Post(() => holder.Silo.Announce(message));
            }
        }
    }

    // ---- what bodies do ------------------------------------------------------------------------------------------

    void IProbe.OnCall(IStepContext step, string key, long input)
    {
        if (Begin(step, key.EndsWith('!')))
        {
            Calls.Add(new Reference.Call(key, input));
        }

        if (IsPoison(step))
        {
            Kill(((SimTime)step.Time).Lane);
        }
    }

    void IProbe.OnEnd(IStepContext step)
    {
        SimScheduler lane = ((SimTime)step.Time).Lane;
        if (_acting.Remove((lane, step.IdempotencyKey), out (long Life, DateTimeOffset Begun) acting))
        {
            TimeSpan lease = _options.Lease * 0.75;
            bool stoodStill = World.Now - acting.Begun >= lease || World.Now - Database.Beats[acting.Life] >= lease;
            if (step.CancellationToken.IsCancellationRequested || !Database.Sessions.ContainsKey(acting.Life) || stoodStill)
            {
                // Its silo might not act any longer, and has told it to stop or is about to: if it fails now that is no attempt, and it is made again.
                _interrupted.Add((step.Run.Id, step.StepKey, step.Attempt));
            }

            World.Trace.Say(World, () => $"    body {step.Run.Id.Value[^6..]} {step.StepKey} is over");
        }
    }

    void IProbe.OnUndo(IStepContext step, string what)
    {
        if (Begin(step, false))
        {
            Calls.Add(new Reference.Call($"{UndoPrefix}{step.StepKey}", 0));
        }
    }

    private bool Begin(IStepContext step, bool fallback)
    {
        World.Trace.Add(step.IdempotencyKey);
        World.Trace.Say(World, () => $"    body {step.Run.Id.Value[^6..]} {step.StepKey}, attempt {step.Attempt}");
        SimProcess process = _processes.Find(p => ReferenceEquals(p.Lane, ((SimTime)step.Time).Lane))!;
        long life = process.Silo.LifeNo;
        if (Database.IsShared)
        {
            BeginShared(step, process, life);
        }
        else if (Database.DeadLives.Contains(life))
        {
            // A process that was paused, declared dead and woken up: until it asks the store it cannot know. Its calls carry the same idempotency key.
            return false;
        }

        if (Database.HasOutcome(step.Run.Id, step.StepKey))
        {
            Database.Broken.Add($"The body of '{step.StepKey}' of run {step.Run.Id} runs although its outcome is recorded.");
        }

        (RunId, string, int, bool) call = (step.Run.Id, step.StepKey, step.Attempt, fallback);
        if (_calls.TryGetValue(call, out List<long>? lives))
        {
            RepeatedCalls++;
            if (lives.Contains(life) && !_interrupted.Remove((step.Run.Id, step.StepKey, step.Attempt)) && !(Database.IsShared && Database.Conflicts.Contains((step.Run.Id, life))))
            {
                Database.Broken.Add($"Attempt {step.Attempt} of '{step.StepKey}' of run {step.Run.Id} was made twice in one life, with no crash between.");
            }
        }
        else
        {
            _calls[call] = lives = [];
        }

        lives.Add(life);
        return true;
    }

    // A silo on a shared database knows when it must not act, and waits with its next life for the end of what the last one did.
    private void BeginShared(IStepContext step, SimProcess process, long life)
    {
        if (Database.DeadLives.Contains(life))
        {
            Database.Broken.Add($"A body of '{step.StepKey}' of run {step.Run.Id} begins in {process.Name}, whose life {life} is dead.");
        }

        if (!Database.Beats.TryGetValue(life, out DateTimeOffset beat) || World.Now - beat >= _options.Lease)
        {
            Database.Broken.Add($"A body of '{step.StepKey}' of run {step.Run.Id} begins in life {life}, whose last beat was {(World.Now - beat).TotalSeconds:0.0} s ago.");
        }

        foreach (((SimScheduler lane, string key), (long earlier, _)) in _acting)
        {
            if (lane == process.Lane && earlier != life)
            {
                Database.Broken.Add($"A body of life {life} begins in {process.Name} while '{key}' of life {earlier} is still under way.");
            }
        }

        _acting[(process.Lane, step.IdempotencyKey)] = (life, World.Now);
    }

    // ---- oracles -------------------------------------------------------------------------------------------------

    /// <summary>What must be true when everything has ended, one sentence for each breach.</summary>
    public List<string> Check()
    {
        List<string> broken = [.. Database.Broken, .. Database.Store.CheckInvariantsAsync(default).Result];
        foreach ((RunId run, string id) in _acceptedSignals)
        {
            int times = Journal(run).Count(e => e.Kind == EntryKind.SignalReceived && EntryBody.Read<SignalReceivedBody>(e).Id == id);
            if (times != 1)
            {
                broken.Add($"Signal {id} was accepted, but the journal of run {run} has it {times} times.");
            }
        }

        foreach (RunId run in AllRuns)
        {
            IEnumerable<string?> ids = Journal(run).Where(e => e.Kind == EntryKind.SignalReceived).Select(e => EntryBody.Read<SignalReceivedBody>(e).Id);
            broken.AddRange(ids.GroupBy(id => id).Where(same => same.Count() > 1).Select(same => $"The journal of run {run} has signal {same.Key} {same.Count()} times."));
        }

        foreach ((HumanTaskId id, string decision) in _acceptedAnswers)
        {
            HumanTaskRow task = Database.Store.GetHumanTaskAsync(Caller.DefaultTenant, id, default).Result!;
            if (task.Status != HumanTaskStatus.Answered || task.Decision != decision)
            {
                broken.Add($"The answer '{decision}' to {id} was accepted, but the task is {task.Status} with '{task.Decision}'.");
            }
        }

        foreach (RunId run in _acceptedCancels)
        {
            if (!Journal(run).Any(e => e.Kind == EntryKind.CancelRequested))
            {
                broken.Add($"The cancellation of run {run} was accepted, but its journal does not have it.");
            }
        }

        return broken;
    }

    /// <summary>Every finished step with a compensation was undone exactly once, if its run did not end well; and none, if it did.</summary>
    public IEnumerable<string> CheckUndone(RunId run, IReadOnlySet<int> undoable)
    {
        RunRow row = Row(run)!;
        int finished = 0;
        int undone = 0;
        foreach (JournalEntry entry in Journal(run))
        {
            if (entry.Kind == EntryKind.StepCompleted)
            {
                string name = entry.Key[(entry.Key.LastIndexOf('/') + 1)..];
                if (name[0] == 's' && int.TryParse(name.AsSpan(1), out int id) && undoable.Contains(id))
                {
                    finished++;
                }
                else if (entry.Key.StartsWith("~clean-up/undo", StringComparison.Ordinal))
                {
                    undone++;
                }
            }
        }

        int expected = row.Status == RunStatus.Completed ? 0 : finished;
        if (undone != expected)
        {
            yield return $"Run {run} ended {row.Status} with {finished} finished steps to undo, and {undone} were undone.";
        }
    }

    /// <summary>How the root with this tree must have ended, against the reference; one sentence for each difference.</summary>
    public IEnumerable<string> CheckRoot(RunId run, Reference expected)
    {
        RunRow row = Row(run)!;
        RunStatus status = expected.Succeeds ? RunStatus.Completed : RunStatus.Failed;
        // A cancellation may be recorded although its sender never heard of it.
        if (row.Status == RunStatus.Cancelled && Journal(run).Any(e => e.Kind == EntryKind.CancelRequested))
        {
            yield break;
        }

        if (row.Status != status)
        {
            yield return $"Run {run} is {row.Status} ({row.Why}), expected {status}.";
            yield break;
        }

        if (expected.Succeeds)
        {
            RunEndedBody ended = EntryBody.Read<RunEndedBody>(Journal(run)[^1]);
            if (ended.Output?.GetInt64() != expected.Output)
            {
                yield return $"Run {run} gives {ended.Output}, expected {expected.Output}.";
            }
        }

        string state = StateOf(row.State);
        string wanted = string.Join(",", expected.State.Select(p => $"{p.Key}={p.Value}"));
        if (state != wanted)
        {
            yield return $"Run {run} has the state {state}, expected {wanted}.";
        }
    }

    /// <summary>Every call that had to be made was made, and none that must not be.</summary>
    public IEnumerable<string> CheckCalls(Reference expected, bool cancelled)
    {
        foreach (Reference.Call call in expected.Made.Must)
        {
            if (!cancelled && !Calls.Contains(call))
            {
                yield return $"'{call.Key}' was not called with {call.Input}.";
            }
        }

        foreach (Reference.Call call in Calls)
        {
            if (!expected.Made.Must.Contains(call) && !expected.Made.May.Contains(call) && !call.Key.StartsWith(UndoPrefix, StringComparison.Ordinal) && !call.Key.EndsWith("/sweep", StringComparison.Ordinal))
            {
                yield return $"'{call.Key}' was called with {call.Input}.";
            }
        }
    }

    private static string StateOf(string? json) => json is null
        ? ""
        : string.Join(",", JsonSerializer.Deserialize<SortedDictionary<string, long>>(json)!.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"));

    /// <summary>Why nothing goes on, for the message of a failed test.</summary>
    public string Describe()
    {
        StringBuilder text = new();
        text.AppendLine($"At step {World.Steps}, {World.Now:u}; {PendingOps} client calls are not answered.");
        foreach (SimProcess process in _processes.Where(p => p.IsAlive))
        {
            text.AppendLine($"{process.Name}: life {process.Silo.LifeNo}, {(process.Lane.IsPaused ? "paused" : process.Silo.IsReady ? "ready" : "not ready")}, {process.Silo.ActiveRuns} runs in memory, started: {process.Started?.Status}");
        }

        foreach (RunId run in Live.Take(5))
        {
            RunRow row = Row(run)!;
            text.AppendLine($"{run}: {row.Status}, owner {row.Owner}, {row.Why}");
            foreach (JournalEntry entry in Journal(run).TakeLast(40))
            {
                text.AppendLine($"    {entry.Seq} {entry.At:HH:mm:ss.fff} {entry.Kind} {entry.Key}");
            }
        }

        return text.ToString();
    }
}
