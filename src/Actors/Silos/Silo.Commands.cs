using System.Text.Json;
using Actors.Runs;
using Actors.Storage;

namespace Actors.Silos;

public sealed partial class Silo
{
    /// <summary>Asks the run to cancel: its open verbs are cancelled and its clean-up runs. Asking again while it cancels does nothing.</summary>
    /// <exception cref="NotFoundException">The tenant has no such run.</exception>
    /// <exception cref="ConflictException">The run has ended.</exception>
    public async Task CancelRunAsync(RunId id, string? reason, Caller caller, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (reason?.Length > RequestChecks.CommentLengthMax)
        {
            throw new InvalidRequestException("invalid_reason", $"The reason must have at most {RequestChecks.CommentLengthMax:N0} characters.", "/reason");
        }

        RunRow row = await LiveRunAsync(id, caller, cancellationToken).ConfigureAwait(false);
        string given = string.IsNullOrWhiteSpace(reason) ? $"Cancelled by {caller.Principal}." : reason;
        await SendAsync(
            id, row.Owner, caller, new CancelCommand(given, caller.Principal),
            life => MessageTo(id, row.No, life, InboxKind.Cancel, EntryBody.Write(new CancelRequestedBody(given, caller.Principal)), caller), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a signal. It is kept until the run waits for it.</summary>
    /// <param name="signalId">The same id is taken in once; null: every call is a signal of its own. 1 to 200 characters.</param>
    /// <exception cref="NotFoundException">The tenant has no such run.</exception>
    /// <exception cref="ConflictException">The run has ended.</exception>
    /// <exception cref="OverloadedException">The run keeps too many signals already.</exception>
    public async Task SignalRunAsync(RunId id, string name, JsonElement payload, string? signalId, Caller caller, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(caller);
        RequestChecks.CheckKey(name, "The signal's name");
        RequestChecks.CheckKey(signalId, "The signal's id");
        JsonElement given = payload.ValueKind == JsonValueKind.Undefined ? JsonSerializer.SerializeToElement<object?>(null) : payload;
        CheckSize(given, "/payload");
        RunRow row = await LiveRunAsync(id, caller, cancellationToken).ConfigureAwait(false);
        SignalReceivedBody signal = new(name, signalId, given.Clone(), caller.Principal);
        await SendAsync(
            id, row.Owner, caller, new SignalCommand(signal),
            life => MessageTo(id, row.No, life, InboxKind.Signal, EntryBody.Write(signal), caller, signalId is null ? null : $"{id}:signal:{signalId}"), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Answers a human task. Of several answers, an expiry and a cancel, exactly one wins.</summary>
    /// <exception cref="NotFoundException">The tenant has no such task.</exception>
    /// <exception cref="ConflictException">The task is closed; the message says by whom and when.</exception>
    /// <exception cref="InvalidRequestException">The decision is none of the task's, the caller is no candidate, or the data does not fit the task's form.</exception>
    public async Task<HumanTaskRow> AnswerAsync(HumanTaskId id, TaskAnswer answer, Caller caller, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(caller);
        HumanTaskRow task = await TaskAsync(id, caller, cancellationToken).ConfigureAwait(false);
        if (task.Status != HumanTaskStatus.Open)
        {
            throw Closed(task);
        }

        if (!MayAnswer(task, caller))
        {
            throw new InvalidRequestException("not_a_candidate", $"'{Text.Shorten(caller.Principal, 80)}' is no candidate of human task {task.Id}: {string.Join(", ", task.Candidates.Take(10))} may answer.");
        }

        if (!task.Decisions.Contains(answer.Decision, StringComparer.Ordinal))
        {
            throw new InvalidRequestException("invalid_decision", $"'{Text.Shorten(answer.Decision, 80)}' is none of the decisions of this task: {string.Join(", ", task.Decisions)}.", "/decision");
        }

        if (answer.Comment?.Length > RequestChecks.CommentLengthMax)
        {
            throw new InvalidRequestException("invalid_comment", $"The comment must have at most {RequestChecks.CommentLengthMax:N0} characters.", "/comment");
        }

        CheckSize(answer.Data, "/data");
        JsonElement data = HumanForm.Complete(task, answer.Data);
        CheckSize(data, "/data");
        TaskAnswer kept = data.ValueKind == JsonValueKind.Undefined ? answer : answer with { Data = data.Clone() };
        try
        {
            // Whose the run is needs no looking up when it is here, or when nobody else can have it.
            SiloLife here = Life();
            long? owner = here.Grains.Holds(task.Run) || SharedStore is null
                ? here.Services.SiloNo
                : (await LiveRunAsync(task.Run, caller, cancellationToken).ConfigureAwait(false)).Owner;
            await SendAsync(
                task.Run, owner, caller, new AnswerCommand(task, kept, caller.Principal), life => AnswerTo(life, task, kept, caller), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ConflictException or UnavailableException)
        {
            // Somebody else was first, and the row says who; or this silo lost the run without knowing it yet.
            HumanTaskRow now = await TaskAsync(id, caller, cancellationToken).ConfigureAwait(false);
            throw now.Status != HumanTaskStatus.Open ? Closed(now)
                : e is UnavailableException ? e : new UnavailableException($"Human task {id} could not be closed here; try again.");
        }

        return await TaskAsync(id, caller, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Tries a parked run again, for example after the flow was mended. A run that is not parked is left as it is.</summary>
    /// <exception cref="NotFoundException">The tenant has no such run.</exception>
    /// <exception cref="ConflictException">The run has ended.</exception>
    public async Task ResumeRunAsync(RunId id, Caller caller, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(caller);
        RunRow row = await LiveRunAsync(id, caller, cancellationToken).ConfigureAwait(false);
        if (row.Status == RunStatus.Parked)
        {
            await SendAsync(
                id, row.Owner, caller, new ResumeCommand(caller.Principal),
                life => MessageTo(id, row.No, life, InboxKind.Resume, EntryBody.Write(new ResumedBody(caller.Principal)), caller), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Gives a command to the run's grain: here when it is here or in no memory, as a message when another silo holds it.</summary>
    private async Task SendAsync(RunId run, long? ownedBy, Caller caller, GrainCommand command, Func<SiloLife, PostedMessage> message, CancellationToken cancellationToken)
    {
        SiloLife life = Life();
        bool elsewhere = ownedBy is { } owner && owner != life.Services.SiloNo && life.Cluster.Living.Any(s => s.No == owner);
        if (!elsewhere || life.Grains.Holds(run))
        {
            life.Grains.Send(run, command);
            try
            {
                await command.Done.WaitAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (RunElsewhereException)
            {
                // Nothing has happened: the command did not reach a grain.
                await LiveRunAsync(run, caller, cancellationToken).ConfigureAwait(false);
            }
        }

        PostedMessage posted = message(life);
        DeliveryEffect effect = await life.Cluster.DeliverAsync(posted, cancellationToken).ConfigureAwait(false);
        if (effect == DeliveryEffect.Gone && posted.Closing is null)
        {
            // Taken in, or dropped because the run ended: the caller must not believe that an ended run has it.
            await LiveRunAsync(run, caller, cancellationToken).ConfigureAwait(false);
        }
    }

    private PostedMessage MessageTo(RunId run, long runNo, SiloLife life, InboxKind kind, ReadOnlyMemory<byte> payload, Caller caller, string? id = null, string key = "")
    {
        return new PostedMessage(new InboxMessage(
            id ?? NewMessageId(), run, runNo, kind, key, payload, caller.Principal, life.Services.Now(), life.Services.SiloNo));
    }

    private string NewMessageId()
    {
        Span<byte> chance = stackalloc byte[16];
        _ids.Fill(chance);
        return "msg_" + Base32.Encode(chance);
    }

    /// <summary>The task's row is closed by the message itself, so that of several answers exactly one is accepted, wherever they come in.</summary>
    private PostedMessage AnswerTo(SiloLife life, HumanTaskRow task, TaskAnswer answer, Caller caller)
    {
        DateTimeOffset now = life.Services.Now();
        JsonElement? data = answer.Data.ValueKind == JsonValueKind.Undefined ? null : answer.Data;
        AskAnsweredBody body = new(task.Id.Value, new HumanAnswer(answer.Decision, caller.Principal, now, answer.Comment, data));
        return MessageTo(task.Run, task.RunNo, life, InboxKind.Answer, EntryBody.Write(body), caller, key: task.Key) with
        {
            Closing = new HumanTaskClosing(task.Id, HumanTaskStatus.Answered, now, caller.Principal, answer.Decision, answer.Comment),
        };
    }

    private async Task<RunRow> LiveRunAsync(RunId id, Caller caller, CancellationToken cancellationToken)
    {
        Life();
        RunRow row = await Store.GetRunAsync(caller.Tenant, id, cancellationToken).ConfigureAwait(false) ?? throw UnknownRun(id);
        return row.Status.IsFinal()
            ? throw new ConflictException("run_ended", $"Run {id} has ended: {row.Status.ToString().ToLowerInvariant()} at {row.FinishedAt ?? row.UpdatedAt:u}.")
            : row;
    }

    private async Task<HumanTaskRow> TaskAsync(HumanTaskId id, Caller caller, CancellationToken cancellationToken)
    {
        Life();
        return await Store.GetHumanTaskAsync(caller.Tenant, id, cancellationToken).ConfigureAwait(false)
            ?? throw new NotFoundException("unknown_task", $"There is no human task '{id}'.");
    }

    private static bool MayAnswer(HumanTaskRow task, Caller caller) =>
        caller.MayAnswerAny || task.Candidates.Count == 0 || task.Candidates.Contains(caller.Principal, StringComparer.Ordinal)
        || caller.Groups.Any(g => task.Candidates.Contains(g, StringComparer.Ordinal));

    private static ConflictException Closed(HumanTaskRow task) => task.Status switch
    {
        HumanTaskStatus.Answered => new ConflictException("task_closed", $"Human task {task.Id} was answered '{task.Decision}' by {task.AnsweredBy} at {task.ClosedAt:u}."),
        HumanTaskStatus.Expired => new ConflictException("task_closed", $"Human task {task.Id} expired at {task.ClosedAt:u}."),
        _ => new ConflictException("task_closed", $"Human task {task.Id} was cancelled with its run at {task.ClosedAt:u}."),
    };

    private void CheckSize(JsonElement value, string pointer)
    {
        if (value.ValueKind != JsonValueKind.Undefined && System.Text.Encoding.UTF8.GetByteCount(value.GetRawText()) is var bytes && bytes > _options.PayloadBytesMax)
        {
            throw new InvalidRequestException("payload_too_large", $"The value has {bytes:N0} bytes of JSON; {_options.PayloadBytesMax:N0} are allowed (SiloOptions.PayloadBytesMax).", pointer);
        }
    }
}
