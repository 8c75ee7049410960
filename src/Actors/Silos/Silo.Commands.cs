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

        await LiveRunAsync(id, caller, cancellationToken).ConfigureAwait(false);
        string given = string.IsNullOrWhiteSpace(reason) ? $"Cancelled by {caller.Principal}." : reason;
        await SendAsync(id, caller, new CancelCommand(given, caller.Principal), cancellationToken).ConfigureAwait(false);
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
        await LiveRunAsync(id, caller, cancellationToken).ConfigureAwait(false);
        await SendAsync(id, caller, new SignalCommand(name, given.Clone(), signalId, caller.Principal), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Answers a human task. Of several answers, an expiry and a cancel, exactly one wins.</summary>
    /// <exception cref="NotFoundException">The tenant has no such task.</exception>
    /// <exception cref="ConflictException">The task is closed; the message says by whom and when.</exception>
    /// <exception cref="InvalidRequestException">The decision is none of the task's, or the caller is no candidate.</exception>
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
        TaskAnswer kept = answer.Data.ValueKind == JsonValueKind.Undefined ? answer : answer with { Data = answer.Data.Clone() };
        try
        {
            await SendAsync(task.Run, caller, new AnswerCommand(task, kept, caller.Principal), cancellationToken).ConfigureAwait(false);
        }
        catch (ConflictException)
        {
            // Somebody else was first, and the row says who; or this silo lost the run without knowing it yet.
            HumanTaskRow now = await TaskAsync(id, caller, cancellationToken).ConfigureAwait(false);
            throw now.Status == HumanTaskStatus.Open ? new UnavailableException($"Human task {id} could not be closed here; try again.") : Closed(now);
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
            await SendAsync(id, caller, new ResumeCommand(caller.Principal), cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task SendAsync(RunId id, Caller caller, GrainCommand command, CancellationToken cancellationToken)
    {
        Services();
        _grains!.Send(id, command);
        try
        {
            await command.Done.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ConflictException e) when (e.Code == "run_ended")
        {
            await LiveRunAsync(id, caller, cancellationToken).ConfigureAwait(false);
            throw new UnavailableException($"Run {id} is held by another silo; send this to it, or try again.");
        }
    }

    private async Task<RunRow> LiveRunAsync(RunId id, Caller caller, CancellationToken cancellationToken)
    {
        Services();
        RunRow row = await Store.GetRunAsync(caller.Tenant, id, cancellationToken).ConfigureAwait(false) ?? throw UnknownRun(id);
        return row.Status.IsFinal()
            ? throw new ConflictException("run_ended", $"Run {id} has ended: {row.Status.ToString().ToLowerInvariant()} at {row.FinishedAt ?? row.UpdatedAt:u}.")
            : row;
    }

    private async Task<HumanTaskRow> TaskAsync(HumanTaskId id, Caller caller, CancellationToken cancellationToken)
    {
        Services();
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
