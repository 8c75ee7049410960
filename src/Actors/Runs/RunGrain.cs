using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Actors.Time;

namespace Actors.Runs;

/// <summary>What a grain tells the silo that holds it; called on the grain's own thread.</summary>
internal interface IGrainHost
{
    /// <summary>The grain is out of memory. Commands that it did not take are given back.</summary>
    void OnClosed(RunGrain grain, GrainEnd end, IReadOnlyList<GrainCommand> left);

    /// <summary>A transition is committed: children begin, messages go out, watchers look again.</summary>
    void OnCommitted(RunGrain grain, Transition transition);
}

internal enum GrainEnd
{
    /// <summary>The run has ended, or was released: the next event activates it again.</summary>
    Released,

    /// <summary>The store refused a transition, or the engine broke: the run must be loaded again.</summary>
    Lost,
}

/// <summary>
/// The single-threaded owner of one run in memory. It walks the flow from the top; a verb with a recorded outcome gets it, the others act. See the engine's README for the states.
/// Parts: this file holds the turn (what happens in which order), the others the commit, the commands and the end.
/// </summary>
internal sealed partial class RunGrain : ITransitionSink
{
    /// <summary>Waits longer than this are reminders, shorter ones live in memory only.</summary>
    public static readonly TimeSpan DurableFrom = TimeSpan.FromSeconds(1);

    /// <summary>No wait goes further; a day before the last moment that can be written, so that nothing added to it overflows.</summary>
    public static readonly DateTimeOffset LastTime = new(9999, 12, 31, 0, 0, 0, TimeSpan.Zero);

    private readonly IGrainHost _host;
    private readonly Turns _turns;
    private readonly JournalIndex _journal = new();
    private readonly FlowDefinition? _definition;
    private readonly string? _definitionMissing;

    // Touched on the grain's own thread only.
    private readonly PriorityQueue<(Verb? Verb, LiveEntry Entry), long> _deliverable = new();
    private readonly Dictionary<string, Verb> _openByKey = new(StringComparer.Ordinal);
    private readonly List<SignalVerb> _waiting = [];
    private readonly HashSet<long> _takenSignals = [];
    private List<Verb> _toStart = [];
    private FlowContext? _root;
    private RunRow _row;
    private int _openLeaves;
    private int _dormantLeaves;
    private int _outcomesOnTheWay;
    private int _signalsOnTheWay;
    private long _cleanUpOrder;
    private bool _walking;
    private bool _ended;
    private bool _parked;
    private string? _cancelReason;
    private Alarms.Alarm? _idle;

    // Touched from any thread, under the lock.
    private readonly Lock _lock = new();
    private readonly Queue<GrainCommand> _mailbox = new();
    private readonly HashSet<string> _messagesHere = new(StringComparer.Ordinal);
    private readonly HashSet<Body> _bodies = [];
    private bool _closed;
    private volatile bool _draining;

    public RunGrain(EngineServices services, IGrainHost host, RunRow row, IReadOnlyList<JournalEntry> entries, FlowDefinition? definition, string? definitionMissing)
    {
        Services = services;
        _host = host;
        _row = row;
        _definition = definition;
        _definitionMissing = definitionMissing;
        Info = new RunInfo(row.Id, row.Flow, row.FlowVersion, row.Tenant, row.Principal, row.CreatedAt);
        Now = row.CreatedAt;
        _turns = new Turns(services.Scheduler, WhenDrained, OnBroken);
        foreach (JournalEntry entry in entries)
        {
            _journal.Apply(entry);
            _lastAt = entry.At > _lastAt ? entry.At : _lastAt;
        }

        _cancelReason = _journal.CancelRequested is { } cancel ? EntryBody.Read<CancelRequestedBody>(cancel.Payload).Reason : null;
    }

    public EngineServices Services { get; }

    public RunInfo Info { get; }

    public long RunNo => _row.No;

    /// <summary>The time of the last outcome that the flow was given.</summary>
    public DateTimeOffset Now { get; private set; }

    /// <summary>The whole run is cancelled, and its flow was told before its code had come to its end.</summary>
    public bool IsRunCancelled { get; private set; }

    /// <summary>The silo is stopping: bodies that its token ends have not failed.</summary>
    public bool IsDraining => _draining;

    public bool IsClosed
    {
        get
        {
            lock (_lock)
            {
                return _closed || _parked;
            }
        }
    }

    private bool HasLeft
    {
        get
        {
            lock (_lock)
            {
                return _closed;
            }
        }
    }

    /// <summary>The grain before this one was lost without having recorded anything.</summary>
    public bool WasLost { get; set; }

    /// <summary>Begins the walk; a parked run only takes commands until it is resumed.</summary>
    /// <param name="instead">Not null: the run is parked for this reason and not walked.</param>
    public void Begin((string Code, string Reason)? instead = null) => Do(
        static state =>
        {
            (RunGrain grain, (string Code, string Reason)? reason) = ((RunGrain, (string, string)?))state!;
            if (reason is { } park)
            {
                grain.Park(park.Code, park.Reason);
            }
            else
            {
                grain.Walk(resumed: false);
            }
        },
        (this, instead));

    /// <summary>Posts work to the grain's own thread; dropped once it is closed.</summary>
    public void Do(SendOrPostCallback work, object? state) => _turns.Post(work, state);

    public Alarms.Alarm SetAlarm(TimeSpan after, Action callback) =>
        Services.Alarms.Set(Services.Time.GetUtcNow() + after, static state => ((AlarmCall)state!).Ring(), new AlarmCall(this, callback));

    /// <summary>False, and the run is parked, when a verb is called from anywhere but the flow's own code.</summary>
    public bool CheckThread()
    {
        if (_turns.IsCurrent)
        {
            return !IsClosed;
        }

        Do(
            static state => ((RunGrain)state!).Park(
                "VerbOutsideFlow",
                "A verb was called outside the flow's own thread: in the body of a step, after Task.Run or after ConfigureAwait(false). Only the flow's own code may call verbs; a body does its work itself."),
            this);
        return false;
    }

    /// <summary>A point in time that far away, or the last there is: a wait "for ever" is no error.</summary>
    public static DateTimeOffset Later(DateTimeOffset from, TimeSpan by) => by < LastTime - from ? from + by : LastTime;

    public long NextCleanUp() => ++_cleanUpOrder;

    public void StartSoon(Verb verb) => _toStart.Add(verb);

    /// <summary>A recorded outcome that is asked for; delivered in the journal's order.</summary>
    public void Enqueue(Verb verb, LiveEntry entry) => _deliverable.Enqueue((verb, entry), entry.Seq);

    public void OnVerbOpened(Verb verb)
    {
        if (verb.IsLeaf)
        {
            _openLeaves++;
        }

        _openByKey[verb.Key] = verb;
    }

    public void OnVerbClosed(Verb verb)
    {
        if (verb.IsLeaf)
        {
            _openLeaves--;
        }

        if (_openByKey.TryGetValue(verb.Key, out Verb? open) && open == verb)
        {
            _openByKey.Remove(verb.Key);
        }
    }

    public void CountDormant(int change) => _dormantLeaves += change;

    public bool AcceptsInput(Verb verb, string recorded, string current)
    {
        if (recorded == current || recorded.AsSpan(0, recorded.IndexOf(':') + 1) is var version && !current.AsSpan().StartsWith(version))
        {
            return true;
        }

        if (_definition is { Strict: true } || verb.Numbered)
        {
            string why = verb.Numbered ? "its key is numbered, so it may be another step than the one recorded" : "the flow is strict";
            Park("FlowChanged", $"The flow has changed: the input of '{verb.Key}' is not the recorded one, and {why}. Deploy the version the run began with, or give the step a name or key of its own.");
            return false;
        }

        Services.Log.InputDiffers(Info.Id.Value, verb.Key);
        return true;
    }

    public bool RegisterBody(Body body)
    {
        lock (_lock)
        {
            return !_closed && _bodies.Add(body);
        }
    }

    public void UnregisterBody(Body body)
    {
        lock (_lock)
        {
            _bodies.Remove(body);
        }
    }

    private void Walk(bool resumed)
    {
        if ((_row.Status == RunStatus.Parked && !resumed) || _journal.Final is not null)
        {
            return;
        }

        if (_definition is null)
        {
            Park("FlowMissing", _definitionMissing ?? $"No silo has {_row.Flow} {_row.FlowVersion}.");
            return;
        }

        _walking = true;
        Services.Probe?.OnWalk(Info.Id);
        Now = _journal.Started!.At;
        _root = new FlowContext(this, null, "", _journal.Root);
        if (_journal.CancelRequested is { } cancel)
        {
            _deliverable.Enqueue((null, cancel), cancel.Seq);
        }

        Guard(WalkAsync(_root, _definition));
    }

    // The order of everything: outcomes first and one at a time, then what they made the flow ask for, then commands, then the commit.
    private bool WhenDrained()
    {
        if (_parked)
        {
            // The turn goes on for a moment after the grain has left; what it sent then would belong to nobody, beside what the run's next activation sends.
            if (!HasLeft)
            {
                Flush();
            }

            return false;
        }

        if (IsClosed)
        {
            return false;
        }

        if (_deliverable.TryDequeue(out (Verb? Verb, LiveEntry Entry) next, out _))
        {
            Deliver(next.Verb, next.Entry);
            return true;
        }

        if (_toStart.Count > 0)
        {
            List<Verb> starting = _toStart;
            _toStart = [];
            foreach (Verb verb in starting)
            {
                if (!verb.Closed)
                {
                    verb.Start();
                }
            }

            return true;
        }

        if (TakeCommand() is { } command)
        {
            command.Execute(this);
            return true;
        }

        if (_walking && !_ended && _openLeaves == 0 && _outcomesOnTheWay == 0)
        {
            Park("AwaitsOutsideContext", "The flow's code awaits something that is no verb of its context, so nothing recorded can ever bring it on. Put it into the body of a step.");
            return true;
        }

        Flush();
        return false;
    }

    private void Deliver(Verb? verb, LiveEntry entry)
    {
        if (verb is { Closed: true })
        {
            return;
        }

        Now = entry.At;
        Services.Probe?.OnDelivered(Info.Id, entry.Seq, entry.Key);
        if (verb is null)
        {
            IsRunCancelled = !_root!.IsBodyOver;
            _root.Cancel(EntryBody.Read<CancelRequestedBody>(entry.Payload).Reason);
        }
        else
        {
            try
            {
                verb.Deliver(entry);
            }
            catch (InvalidDataException e)
            {
                Park("FlowChanged", e.Message);
            }
        }
    }

    private GrainCommand? TakeCommand()
    {
        // A release or the end is on its way: what comes now belongs to the next activation, or comes too late. Nothing may follow a run's final entry.
        if (_ended || _inFlight is { Change.Release: true })
        {
            return null;
        }

        if (NextPostponed() is { } message)
        {
            return new PostponedCommand(message);
        }

        lock (_lock)
        {
            if (_mailbox.TryDequeue(out GrainCommand? command) && command is MessageCommand { Message.Id: var id })
            {
                _messagesHere.Remove(id);
            }

            return command;
        }
    }

    /// <summary>Engine code that runs beside the flow: an error in it must not leave the run waiting for nothing.</summary>
    public async void Guard(Task work)
    {
        try
        {
            await work;
        }
#pragma warning disable CA1031 // The engine's own error: the grain cannot go on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            OnBroken(e);
        }
    }

    private void OnBroken(Exception e)
    {
        Services.Log.GrainBroken(Info.Id.Value, e);
        Close(GrainEnd.Lost);
    }

    /// <summary>Leaves memory at once: what is not committed is forgotten, awaits of the flow never complete, bodies are told to stop.</summary>
    private void Close(GrainEnd end)
    {
        GrainCommand[] left;
        Body[] bodies;
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            left = [.. _mailbox];
            _mailbox.Clear();
            bodies = [.. _bodies];
            _bodies.Clear();
        }

        _turns.Close();
        _idle?.Cancel();
        foreach (Verb verb in _openByKey.Values)
        {
            verb.OnGrainClosed();
        }

        foreach (Body body in bodies)
        {
            body.Abandon();
        }

        foreach (TransactionEntry waiting in _transactions)
        {
            _ = waiting.Transaction.DisposeAsync().AsTask();
        }

        _transactions.Clear();
        FailReplies();
        _host.OnClosed(this, end, left);
    }

    private sealed record AlarmCall(RunGrain Grain, Action Callback)
    {
        public void Ring() => Grain.Do(static state => ((AlarmCall)state!).OnTurn(), this);

        private void OnTurn()
        {
            if (Grain._inFlight is { Change.Release: true })
            {
                // Too late for this activation, whose turn ends with the release; the next one finds what is due.
                Grain.TryPost(new WakeCommand());
                return;
            }

            Callback();
        }
    }
}
