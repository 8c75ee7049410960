using System.Text.Json;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Runs;

internal sealed partial class RunGrain
{
    private readonly HashSet<string> _signalIdsOnTheWay = new(StringComparer.Ordinal);

    // Human tasks whose closing is on its way, with the answers that came too late: who won is certain when it is committed.
    private readonly Dictionary<HumanTaskId, List<GrainCommand>> _closing = [];

    /// <summary>Puts a command into the mailbox. False when the grain has left memory: the command belongs to the next activation.</summary>
    /// <exception cref="OverloadedException">The mailbox is full.</exception>
    public bool TryPost(GrainCommand command)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return false;
            }

            if (command is MessageCommand { Message.Id: var message } && !_messagesHere.Add(message))
            {
                // Announced again before it was taken: the inbox is read again and again.
                command.Succeed();
                return true;
            }

            // What comes from the inbox has a bound there: a run whose inbox is full can still be answered and cancelled.
            if (command.MayBeRefused && _mailbox.Count - _messagesHere.Count >= Services.Options.MailboxMax)
            {
                throw new OverloadedException($"Run {Info.Id} has {_mailbox.Count - _messagesHere.Count:N0} commands waiting already (SiloOptions.MailboxMax).");
            }

            _mailbox.Enqueue(command);
        }

        Do(static _ => { }, null);
        return true;
    }

    public void Answer(GrainCommand command, HumanTaskRow task, TaskAnswer answer, string by)
    {
        JournalNode? node = _journal.Find(task.Key);
        bool open = node is { Opened.Kind: EntryKind.AskOpened, Outcome: null } && EntryBody.Read<AskOpenedBody>(node.Opened.Payload).TaskId == task.Id.Value;
        Verb? verb = _openByKey.GetValueOrDefault(task.Key);
        if (!open && verb is AskVerb { Opened: { } opened } && opened == task.Id)
        {
            // The row is committed, or nobody could know the task; only the acknowledgement has not come back yet.
            (open, node) = (true, verb.Node);
        }

        if (_closing.TryGetValue(task.Id, out List<GrainCommand>? late))
        {
            late.Add(command);
            return;
        }

        if (!open || verb is { HasOutcome: true } or { Closed: true } || verb is not (null or AskVerb) || IsDecided(task.Id))
        {
            command.Fail(new ConflictException("task_closed", $"Human task {task.Id} is not open any more."));
            return;
        }

        DateTimeOffset now = Services.Now();
        JsonElement? data = answer.Data.ValueKind == JsonValueKind.Undefined ? null : answer.Data;
        AskAnsweredBody body = new(task.Id.Value, new HumanAnswer(answer.Decision, by, now, answer.Comment, data));
        (verb as AskVerb)?.OnAnswered();
        Append(EntryKind.AskAnswered, task.Key, EntryBody.Write(body), verb, node);
        CloseHumanTask(new HumanTaskClosing(task.Id, HumanTaskStatus.Answered, now, by, answer.Decision, answer.Comment), task.DueAt is null ? null : task.Key);
        _replies.Add(command);
    }

    /// <summary>
    /// Tells the grain, before it begins, which messages wait in its inbox. A human task that one of them answers is closed already, so that the walk must neither expire it nor take it back, although it comes
    /// to the message later.
    /// </summary>
    public void Expect(IReadOnlyList<InboxMessage> inbox)
    {
        foreach (InboxMessage message in inbox)
        {
            if (message.Kind == InboxKind.Answer)
            {
                _answersWaiting.Add(new HumanTaskId(EntryBody.Read<AskAnsweredBody>(message.Payload).TaskId));
            }
        }
    }

    /// <summary>An answer to the task waits in the inbox: its row is closed.</summary>
    public bool IsDecided(HumanTaskId task) => _answersWaiting.Contains(task);

    /// <summary>The task's answer is on its way to the store: it came before the walk had asked again.</summary>
    public bool IsAnswered(HumanTaskId task) => _closing.ContainsKey(task) || _answersTaken.Contains(task);

    public void Receive(GrainCommand command, SignalReceivedBody signal)
    {
        if (signal.Id is { } id && (_journal.HasSignalId(id) || !_signalIdsOnTheWay.Add(id)))
        {
            // Taken in before, or on its way: then the answer comes with that commit.
            if (_journal.HasSignalId(id))
            {
                command.Succeed();
            }
            else
            {
                (_inFlight is null ? _replies : _pending.Count > 0 ? _replies : _inFlightReplies).Add(command);
            }

            return;
        }

        if (KeepsTooMany)
        {
            if (signal.Id is { } refused)
            {
                _signalIdsOnTheWay.Remove(refused);
            }

            command.Fail(new OverloadedException($"Run {Info.Id} keeps {Services.Options.SignalsKeptMax:N0} signals that nobody has waited for (SiloOptions.SignalsKeptMax)."));
            return;
        }

        _signalsOnTheWay++;
        Append(EntryKind.SignalReceived, "", EntryBody.Write(signal), null);
        _replies.Add(command);
    }

    private bool KeepsTooMany => _journal.SignalsKept + _signalsOnTheWay - _takenSignals.Count >= Services.Options.SignalsKeptMax;

    public void RequestCancel(GrainCommand command, CancelRequestedBody request)
    {
        if (_cancelReason is null)
        {
            _cancelReason = request.Reason;
            Append(EntryKind.CancelRequested, "", EntryBody.Write(request), null);
        }

        if (_pending.Count == 0 && _inFlight is null)
        {
            command.Succeed();
        }
        else
        {
            (_pending.Count > 0 ? _replies : _inFlightReplies).Add(command);
        }

        // A parked run has to be walked, so that its clean-up can run.
        ResumeWalk(request.By);
    }

    public void Resume(GrainCommand command, string by)
    {
        if (ResumeWalk(by))
        {
            _replies.Add(command);
        }
        else
        {
            command.Succeed();
        }
    }

    /// <summary>A message of another run, or of a caller that came to another silo. It stays in the inbox until the entry that takes it in is committed.</summary>
    public void Take(GrainCommand command, InboxMessage message)
    {
        if (_messagesTaken.Contains(message.Id))
        {
            // Announced twice.
            command.Succeed();
            return;
        }

        switch (message.Kind)
        {
            case InboxKind.Cancel:
                RequestCancel(command, message.Payload.IsEmpty
                    ? new CancelRequestedBody("The run that called this one was cancelled.", message.Principal)
                    : EntryBody.Read<CancelRequestedBody>(message.Payload));
                Consume(message);
                break;
            case InboxKind.Signal when KeepsTooMany || _postponed.Count > 0:
                // It waits in the inbox, which has a bound of its own, until the run has taken others.
                _postponed.TryAdd(message.Id, message);
                command.Succeed();
                break;
            case InboxKind.Signal:
                ReceiveMessage(command, message);
                break;
            case InboxKind.Answer:
                TakeAnswer(command, message);
                break;
            case InboxKind.Resume:
                Resume(command, EntryBody.Read<ResumedBody>(message.Payload).By);
                Consume(message);
                break;
            default:
                TakeEndOfChild(command, message);
                break;
        }
    }

    public void ReceiveMessage(GrainCommand command, InboxMessage message)
    {
        Receive(command, EntryBody.Read<SignalReceivedBody>(message.Payload));
        Consume(message);
    }

    /// <summary>The task's row was closed when the answer was accepted: nobody else can have decided it.</summary>
    private void TakeAnswer(GrainCommand command, InboxMessage message)
    {
        AskAnsweredBody body = EntryBody.Read<AskAnsweredBody>(message.Payload);
        JournalNode? node = _journal.Find(message.Key);
        Verb? verb = _openByKey.GetValueOrDefault(message.Key);
        if (verb is AskVerb { Opened: { } opened } && opened.Value == body.TaskId)
        {
            node = verb.Node;
        }

        if (node is { Outcome: null } && verb is null or AskVerb { HasOutcome: false, Closed: false })
        {
            (verb as AskVerb)?.OnAnswered();
            Append(EntryKind.AskAnswered, message.Key, message.Payload, verb, node);
            ClearReminder(message.Key);
            _answersTaken.Add(new HumanTaskId(body.TaskId));
        }

        Consume(message);
        _replies.Add(command);
    }

    private void TakeEndOfChild(GrainCommand command, InboxMessage message)
    {
        JournalNode? node = _journal.Find(message.Key);
        Verb? verb = _openByKey.GetValueOrDefault(message.Key);
        EntryKind kind = message.Kind switch
        {
            InboxKind.ChildCompleted => EntryKind.ChildCompleted,
            InboxKind.ChildFailed => EntryKind.ChildFailed,
            _ => EntryKind.ChildCancelled,
        };
        bool open = node is { Opened.Kind: EntryKind.ChildStarted, Outcome: null }
            && EntryBody.Read<ChildStartedBody>(node.Opened.Payload).Run is { } child && message.Id == EndMessageId(child)
            && verb is not { HasOutcome: true };
        if (open && !(_consumed?.Contains(message.Id) ?? false) && !_messagesTaken.Contains(message.Id))
        {
            (verb as IChildVerb)?.OnEnded();
            Append(kind, message.Key, message.Payload, verb, node);
            Consume(message);
        }
        else if (_messagesTaken.Add(message.Id))
        {
            // Nobody waits for it any more. The row is taken away with an entry that says so.
            Append(EntryKind.Reported, $"~message-{message.Id}", EntryBody.Write(new ReportedBody($"A message of kind {message.Kind} for '{message.Key}' came when nobody waited for it.", null)), null);
            (_consumed ??= []).Add(message.Id);
        }

        _replies.Add(command);
    }

    private readonly HashSet<string> _messagesTaken = new(StringComparer.Ordinal);

    // Human tasks whose answers came as messages.
    private readonly HashSet<HumanTaskId> _answersTaken = [];

    // And those whose answers were in the inbox when the run was loaded.
    private readonly HashSet<HumanTaskId> _answersWaiting = [];

    // Signals in the inbox that the run has no room for, by id and in their order.
    private readonly OrderedDictionary<string, InboxMessage> _postponed = new(StringComparer.Ordinal);

    /// <summary>The first of the signals that wait in the inbox, when there is room for it; null otherwise.</summary>
    private InboxMessage? NextPostponed()
    {
        if (_postponed.Count == 0 || KeepsTooMany)
        {
            return null;
        }

        InboxMessage next = _postponed.GetAt(0).Value;
        _postponed.RemoveAt(0);
        return next;
    }

    public static string EndMessageId(string child) => child + ":end";

    private void Consume(InboxMessage message)
    {
        if (_messagesTaken.Add(message.Id))
        {
            if (_pending.Count == 0)
            {
                // Cancelled before, received before, answered before: an entry is needed for the row to go away with.
                Append(EntryKind.Reported, $"~message-{message.Id}", EntryBody.Write(new ReportedBody($"A message of kind {message.Kind} changed nothing.", null)), null);
            }

            (_consumed ??= []).Add(message.Id);
        }
    }

    private bool ResumeWalk(string by)
    {
        if (_walking || _row.Status != RunStatus.Parked || _parked)
        {
            return false;
        }

        Append(EntryKind.Resumed, "", EntryBody.Write(new ResumedBody(by)), null);
        Walk(resumed: true);
        return true;
    }
}

/// <summary>A verb that waits for a child run.</summary>
internal interface IChildVerb
{
    /// <summary>The child's end has been appended by the message that brought it.</summary>
    void OnEnded();
}
