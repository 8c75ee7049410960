using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Actors.Time;

namespace Actors.Runs;

internal sealed partial class RunGrain
{
    private List<PendingEntry> _pending = [];
    private List<GrainCommand> _replies = [];
    private Dictionary<string, DateTimeOffset?>? _reminders;
    private List<HumanTaskRow>? _tasksOpened;
    private List<HumanTaskClosing>? _tasksClosed;
    private List<InboxMessage>? _messages;
    private List<string>? _consumed;
    private List<ChildStart>? _children;

    private DateTimeOffset _lastAt;
    private Transition? _inFlight;
    private List<PendingEntry> _inFlightEntries = [];
    private List<GrainCommand> _inFlightReplies = [];
    private CommitOutcome? _outcome;
    private RunStatus _finalStatus;
    private string? _finalWhy;
    private bool _releaseWanted;

    // After a refusal the entries go one at a time, until the culprit is alone.
    private bool _oneByOne;

    public void Append(EntryKind kind, string key, ReadOnlyMemory<byte> payload, Verb? verb, JournalNode? node = null)
    {
        if (_ended)
        {
            // Nothing follows a run's final entry: what still happens in abandoned bodies and forgotten tasks of the flow is of no interest.
            return;
        }

        // A clock that is set back must not let the flow's time run backwards.
        DateTimeOffset now = Services.Now();
        _lastAt = now > _lastAt ? now : _lastAt;
        _pending.Add(new PendingEntry(kind, key, payload, _lastAt, verb, node ?? verb?.Node));
        if (verb is { HasOutcome: true })
        {
            _outcomesOnTheWay++;
        }
    }

    public void SetReminder(string key, DateTimeOffset due) => (_reminders ??= new(StringComparer.Ordinal))[key] = due;

    public void ClearReminder(string key) => (_reminders ??= new(StringComparer.Ordinal))[key] = null;

    public void OpenHumanTask(HumanTaskRow task) => (_tasksOpened ??= []).Add(task);

    public void CloseHumanTask(HumanTaskClosing closing, string? reminderKey)
    {
        // One that was opened in this very transition is not there yet: it is never written.
        if (_tasksOpened?.RemoveAll(t => t.Id == closing.Id) is null or 0 && !IsDecided(closing.Id))
        {
            (_tasksClosed ??= []).Add(closing);
            _closing.TryAdd(closing.Id, []);
        }

        if (reminderKey is not null)
        {
            ClearReminder(reminderKey);
        }
    }

    public void Send(InboxMessage message) => (_messages ??= []).Add(message);

    public void StartChild(RunId id, long number, FlowDefinition definition, ReadOnlyMemory<byte> input, string key, bool wait, int? priority)
    {
        DateTimeOffset now = Services.Now();
        RunStartedBody body = new(definition.Name, definition.Version, Info.Tenant, Info.Principal, EntryBody.ToElement(input.Span), Info.Id.Value);
        RunRow row = new()
        {
            Id = id,
            No = number,
            Tenant = Info.Tenant,
            Principal = Info.Principal,
            Flow = definition.Name,
            FlowVersion = definition.Version,
            Status = RunStatus.Running,
            Owner = Services.SiloNo,
            Priority = priority ?? _row.Priority,
            Parent = new ParentLink(Info.Id, RunNo, key, wait),
            CreatedAt = now,
            UpdatedAt = now,
        };
        (_children ??= []).Add(new ChildStart(row, new JournalEntry(1, EntryKind.RunStarted, EntryBody.Version, "", now, EntryBody.Write(body))));
    }

    public bool TakeSignal(SignalVerb wait)
    {
        if (_journal.FindSignal(wait.Signal, _takenSignals) is { } kept)
        {
            _takenSignals.Add(kept.Seq);
            wait.Take(kept);
            return true;
        }

        _waiting.Add(wait);
        return false;
    }

    public void StopWaiting(SignalVerb wait) => _waiting.Remove(wait);

    void ITransitionSink.OnCommitted(Transition transition, CommitOutcome outcome)
    {
        _outcome = outcome;
        Do(static state => ((RunGrain)state!).OnAnswered(), this);
    }

    /// <summary>Sends what has gathered as one transition, unless one is under way.</summary>
    private void Flush()
    {
        if (_inFlight is not null || CommitTransaction())
        {
            return;
        }

        bool quiet = IsQuiet;
        _releaseWanted &= quiet || _draining;
        (RunStatus status, string? why) = Status(quiet);
        bool changed = status != _row.Status || why != _row.Why;
        bool release = (_releaseWanted && _pending.Count == 0) || status.IsFinal() || status == RunStatus.Parked;
        if (_pending.Count == 0 && !changed && !release)
        {
            SetIdle(quiet);
            return;
        }

        List<PendingEntry> sent = _pending;
        if (_oneByOne && sent.Count > 1)
        {
            sent = [_pending[0]];
            _pending.RemoveAt(0);
            (status, changed, release) = (_row.Status, false, false);
        }
        else
        {
            _pending = [];
            if (_journal.WantsSnapshot && sent.Count > 0 && !_oneByOne && !status.IsFinal())
            {
                sent.Insert(0, new PendingEntry(EntryKind.Snapshot, "", _journal.WriteSnapshot(), Services.Now(), null, null));
            }
        }

        JournalEntry[] entries = new JournalEntry[sent.Count];
        for (int i = 0; i < entries.Length; i++)
        {
            PendingEntry entry = sent[i];
            entries[i] = new JournalEntry(_journal.LastSeq + 1 + i, entry.Kind, EntryBody.Version, entry.Key, entry.At, entry.Payload);
        }

        // Changes without an entry of their own (a reminder of a cancelled timer) go with the next entry: a transition without entries changes the row only.
        bool withRows = entries.Length > 0;
        _inFlight = new Transition
        {
            Id = Services.NextTransitionId(),
            Silo = Services.SiloNo,
            Run = Info.Id,
            RunNo = RunNo,
            ExpectedSeq = _journal.LastSeq,
            Entries = entries,
            Change = changed || release ? Change(status, why, release) : null,
            RemindersSet = withRows ? TakeRemindersSet() : [],
            RemindersCleared = withRows ? TakeRemindersCleared() : [],
            HumanTasksOpened = withRows ? Take(ref _tasksOpened) : [],
            HumanTasksClosed = withRows ? Take(ref _tasksClosed) : [],
            Messages = withRows ? Take(ref _messages) : [],
            MessagesConsumed = withRows ? Take(ref _consumed) : [],
            Children = withRows ? Take(ref _children) : [],
        };
        if (withRows)
        {
            _reminders = null;
        }

        _inFlightEntries = sent;
        (_replies, _inFlightReplies) = (_inFlightReplies, _replies);
        _idle?.Cancel();
        _idle = null;
        Services.Committer.Submit(_inFlight, this);
    }

    private void OnAnswered()
    {
        Transition transition = _inFlight!;
        CommitOutcome outcome = _outcome!;
        List<PendingEntry> entries = _inFlightEntries;
        _inFlight = null;
        switch (outcome.Status)
        {
            case CommitStatus.Committed:
                OnCommitted(transition, entries);
                break;
            case CommitStatus.Refused:
                OnRefused(transition, entries, outcome.Reason);
                break;
            default:
                Services.Log.GrainConflict(Info.Id.Value, outcome.Reason);
                Close(GrainEnd.Lost);
                break;
        }
    }

    private void OnCommitted(Transition transition, List<PendingEntry> entries)
    {
        _oneByOne &= _pending.Count > 0;
        if (transition.Change is { } change)
        {
            _row = _row with { Status = change.Status, Why = change.Why, UpdatedAt = change.At, State = change.State ?? _row.State };
        }

        bool signals = false;
        for (int i = 0; i < entries.Count; i++)
        {
            PendingEntry pending = entries[i];
            JournalEntry entry = transition.Entries[i];
            LiveEntry? live = _journal.Apply(entry, pending.Node);
            if (live is null)
            {
                continue;
            }

            if (entry.Kind == EntryKind.SignalReceived)
            {
                signals = true;
                _signalsOnTheWay--;
                if (_signalIdsOnTheWay.Count > 0 && EntryBody.Read<SignalReceivedBody>(entry.Payload).Id is { } id)
                {
                    _signalIdsOnTheWay.Remove(id);
                }
            }
            else if (entry.Kind == EntryKind.WaitCompleted)
            {
                _takenSignals.Remove(EntryBody.Read<WaitCompletedBody>(entry.Payload).SignalSeq);
            }

            if (entry.Kind == EntryKind.CancelRequested && _walking)
            {
                _deliverable.Enqueue((null, _journal.CancelRequested!), entry.Seq);
            }
            else if (pending.Verb is { } verb)
            {
                if (IsOutcomeOf(verb, entry.Kind))
                {
                    _outcomesOnTheWay--;
                    Enqueue(verb, live);
                }
                else
                {
                    verb.OnRecorded(live);
                }
            }
            else if (_openByKey.TryGetValue(entry.Key, out Verb? late) && !late.Closed && late.Owns(entry.Kind))
            {
                // The answer or the child's end came before the walk had come to the verb that waits for it.
                (late as AskVerb)?.OnAnswered();
                (late as IChildVerb)?.OnEnded();
                Enqueue(late, live);
            }
        }

        foreach (HumanTaskClosing closing in transition.HumanTasksClosed)
        {
            if (_closing.Remove(closing.Id, out List<GrainCommand>? late))
            {
                late.ForEach(c => c.Fail(new ConflictException("task_closed", $"Human task {closing.Id} is not open any more.")));
            }
        }

        foreach (GrainCommand reply in _inFlightReplies)
        {
            reply.Succeed();
        }

        _inFlightReplies.Clear();
        if (signals)
        {
            foreach (SignalVerb wait in _waiting.ToArray())
            {
                _waiting.Remove(wait);
                TakeSignal(wait);
            }
        }

        _host.OnCommitted(this, transition);
        if (transition.Change is { Release: true })
        {
            Close(GrainEnd.Released);
        }
    }

    /// <summary>The database refuses the data. The culprit is found by sending one entry at a time; a step's result becomes the step's failure.</summary>
    private void OnRefused(Transition transition, List<PendingEntry> entries, string? reason)
    {
        _inFlightReplies.ForEach(r => r.Fail(new InvalidOperationException($"The database refused the data: {reason}")));
        _inFlightReplies.Clear();
        if (entries.Count > 1)
        {
            _oneByOne = true;
            entries.RemoveAll(e => e.Kind == EntryKind.Snapshot);
            _pending.InsertRange(0, entries);
            PutBack(transition);
            return;
        }

        FlowError error = new(ErrorTypes.StoreRefused, Text.Shorten($"The database refused the data: {reason}", FlowError.MessageLengthMax));
        if (entries is [{ Kind: EntryKind.StepCompleted, Verb: not null } step])
        {
            StepCompletedBody body = EntryBody.ReadStepCompleted(step.Payload);
            _pending.Insert(0, step with { Kind = EntryKind.StepFailed, Payload = EntryBody.Write(new StepFailedBody(body.Hash, body.Attempt, error, body.Ms)) });
            PutBack(transition);
        }
        else if (entries is [{ Kind: EntryKind.Parked }] or [])
        {
            Close(GrainEnd.Lost);
        }
        else
        {
            // The end itself may be what is refused: then it has not come.
            _ended = false;
            Park("StoreRefused", error.Message);
        }
    }

    private void PutBack(Transition transition)
    {
        foreach (Reminder reminder in transition.RemindersSet)
        {
            (_reminders ??= new(StringComparer.Ordinal)).TryAdd(reminder.Key, reminder.DueAt);
        }

        foreach (string key in transition.RemindersCleared)
        {
            (_reminders ??= new(StringComparer.Ordinal)).TryAdd(key, null);
        }

        (_tasksOpened ??= []).InsertRange(0, transition.HumanTasksOpened);
        (_tasksClosed ??= []).InsertRange(0, transition.HumanTasksClosed);
        (_messages ??= []).InsertRange(0, transition.Messages);
        (_consumed ??= []).InsertRange(0, transition.MessagesConsumed);
        (_children ??= []).InsertRange(0, transition.Children);
    }

    private bool IsQuiet =>
        (!_walking || (_openLeaves > 0 && _openLeaves == _dormantLeaves && _deliverable.Count == 0 && _toStart.Count == 0))
        && _outcomesOnTheWay == 0 && _transactions.Count == 0 && !_ended && !_parked;

    private (RunStatus Status, string? Why) Status(bool quiet)
    {
        if (_ended)
        {
            return (_finalStatus, _finalWhy);
        }

        if (_parked)
        {
            return (RunStatus.Parked, _finalWhy);
        }

        if (!_walking)
        {
            return (_row.Status, _row.Why);
        }

        return quiet ? (RunStatus.Waiting, DescribeWait()) : (RunStatus.Running, null);
    }

    private string DescribeWait()
    {
        List<string> clauses = [];
        int more = 0;
        foreach (Verb verb in _openByKey.Values)
        {
            if (verb is { IsLeaf: true, Dormant: true })
            {
                if (clauses.Count < 3)
                {
                    clauses.Add(verb.Why);
                }
                else
                {
                    more++;
                }
            }
        }

        string rest = more > 0 ? $", and {more} more" : "";
        return Text.Shorten($"Waits for {string.Join("; and ", clauses)}{rest}.", 1000);
    }

    private RunChange Change(RunStatus status, string? why, bool release) => new()
    {
        Status = status,
        Why = why,
        Release = release,
        At = Services.Now(),
        State = status != RunStatus.Running && _root?.State.Delta is { } state ? JsonSerializer.Serialize(state, FlowJson.Options) : null,
    };

    private Reminder[] TakeRemindersSet() =>
        _reminders is null ? [] : [.. _reminders.Where(r => r.Value is not null).Select(r => new Reminder(Info.Id, RunNo, r.Key, r.Value!.Value))];

    private string[] TakeRemindersCleared() => _reminders is null ? [] : [.. _reminders.Where(r => r.Value is null).Select(r => r.Key)];

    private static IReadOnlyList<T> Take<T>(ref List<T>? list)
    {
        List<T>? taken = list;
        list = null;
        return taken is null ? [] : taken;
    }

    /// <summary>Something is due: the alarm that is about to ring must find the grain here, so that the time until it may leave begins anew.</summary>
    public void StayAwake()
    {
        _releaseWanted &= _draining;
        _idle?.Cancel();
        _idle = null;
    }

    private void SetIdle(bool quiet)
    {
        if (!quiet)
        {
            _idle?.Cancel();
            _idle = null;
        }
        else if (_idle is null)
        {
            TimeSpan after = _walking ? Services.Options.IdleTimeout : TimeSpan.Zero;
            Alarms.Alarm? alarm = null;
            alarm = SetAlarm(after, () =>
            {
                // One that was cancelled while it was on its way here does not count.
                if (_idle == alarm)
                {
                    _idle = null;
                    _releaseWanted = IsQuiet;
                }
            });
            _idle = alarm;
        }
    }

    private void FailReplies()
    {
        foreach (GrainCommand reply in _replies.Concat(_inFlightReplies).Concat(_closing.Values.SelectMany(late => late)))
        {
            reply.Fail(new Silos.UnavailableException("The silo lost or left the run before the change was committed; try again."));
        }

        _replies.Clear();
        _inFlightReplies.Clear();
        _closing.Clear();
    }

    private static bool IsOutcomeOf(Verb verb, EntryKind kind) =>
        kind is not (EntryKind.StepStarted or EntryKind.AttemptFailed or EntryKind.TimerSet or EntryKind.AskOpened or EntryKind.WaitOpened or EntryKind.ChildStarted)
        && verb.Owns(kind);

    private readonly record struct PendingEntry(
        EntryKind Kind, string Key, ReadOnlyMemory<byte> Payload, DateTimeOffset At, Verb? Verb, JournalNode? Node);
}
