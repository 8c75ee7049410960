using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Runs;

internal sealed partial class RunGrain
{
    // A compensation is what stands between a customer and a wrong bill: it is worth more than one attempt.
    private static readonly StepOptions CompensationOptions = new()
    {
        Retry = new RetryPolicy { MaxAttempts = 5, Delay = TimeSpan.FromSeconds(1), Backoff = Backoff.Exponential },
    };

    /// <summary>
    /// The run cannot go on by itself: what happened is recorded, the row says it in words, and the grain leaves memory without a word to the flow's code.
    /// A run that is being cancelled does not wait for an operator: it is cancelled without the rest of its clean-up, and says so.
    /// </summary>
    public void Park(string code, string reason)
    {
        if (_parked || _ended || IsClosed)
        {
            return;
        }

        Services.Log.RunParked(Info.Id.Value, code, reason);
        if (_cancelReason is not null)
        {
            AbandonOpen(_journal.Root);
            End(EntryKind.RunCancelled, RunStatus.Cancelled, new RunEndedBody(Reason: _cancelReason, CleanUpErrors: [$"The clean-up could not be run: {code}: {reason}"]), _cancelReason);
            _parked = true;
            return;
        }

        _finalWhy = Text.Shorten($"{code}: {reason}", 1000);
        Append(EntryKind.Parked, "", EntryBody.Write(new ParkedBody(code, reason)), null);
        _parked = true;
    }

    private async Task WalkAsync(FlowContext root, FlowDefinition definition)
    {
        RunStartedBody started = EntryBody.Read<RunStartedBody>(_journal.Started!.Payload);
        ReadOnlyMemory<byte> input = JsonSerializer.SerializeToUtf8Bytes(started.Input);
        ScopeLimit? limit = ScopeLimit.Begin(root, definition.RunTimeout);
        (FlowResult result, FlowError? error, bool cancelled, bool timedOut) = await root.RunToEndAsync(ctx => definition.RunAsync(ctx, input));
        limit?.End();
        if (error is null && result.Output.Length > Services.Options.PayloadBytesMax)
        {
            error = new FlowError(ErrorTypes.PayloadTooLarge, $"The output has {result.Output.Length:N0} bytes of JSON; {Services.Options.PayloadBytesMax:N0} are allowed (SiloOptions.PayloadBytesMax).");
        }

        if (cancelled)
        {
            List<string> errors = await CleanUpAsync(root.Shielded(), root.TakeCleanUps(), root.Compensations);
            End(EntryKind.RunCancelled, RunStatus.Cancelled, new RunEndedBody(Reason: _cancelReason, CleanUpErrors: errors.Count == 0 ? null : errors), _cancelReason);
        }
        else if (error is not null)
        {
            // At the limit of the run its code was interrupted as by a cancellation. A failure is its own: it has cleaned up, or did not want to.
            IReadOnlyList<CleanUpEntry> cleanUps = timedOut ? root.TakeCleanUps() : [];
            error = timedOut ? new FlowError(ErrorTypes.Timeout, $"The run did not end in time: {root.CancelReason}") : error;
            List<string> errors = await CleanUpAsync(root.Shielded(), cleanUps, root.Compensations);
            End(EntryKind.RunFailed, RunStatus.Failed, new RunEndedBody(Error: error, CleanUpErrors: errors.Count == 0 ? null : errors), Text.Shorten($"{error.Type}: {error.Message}", 1000));
        }
        else
        {
            End(EntryKind.RunCompleted, RunStatus.Completed, new RunEndedBody(EntryBody.ToElement(result.Output.Span), Reason: result.ExitReason), result.ExitReason);
        }
    }

    /// <summary>Runs clean-ups, then compensations in reverse order, where no cancellation reaches; gives what went wrong.</summary>
    public async Task<List<string>> CleanUpAsync(FlowContext shielded, IReadOnlyList<CleanUpEntry> cleanUps, IReadOnlyList<OpenCompensation> done)
    {
        if (cleanUps.Count == 0 && done.Count == 0)
        {
            return [];
        }

        OpenCompensation[] compensations = [.. done];
        Array.Reverse(compensations);
        List<string> errors = [];
        ScopeVerb<List<string>> verb = new(
            async scope =>
            {
                foreach (CleanUpEntry cleanUp in cleanUps)
                {
                    await TryAsync(errors, cleanUp.Name, () => scope.Scope(cleanUp.Name, cleanUp.Body));
                }

                foreach (OpenCompensation compensation in compensations)
                {
                    string name = CompensationName(compensation);
                    await TryAsync(errors, name, () => scope.Step(name, compensation.Input, (input, step) => UndoAsync(compensation.Handler, input, step), CompensationOptions));
                }

                return errors;
            },
            Services.Options.CleanUpLimit,
            isBranch: false);
        try
        {
            shielded.Open("~clean-up", verb);
            ScopeResult result = await verb.Task;
            return result.Value.Deserialize<List<string>>(FlowJson.Options) ?? [];
        }
        catch (StepFailedException e)
        {
            // Its limit is over. What went wrong before is still worth telling.
            return [.. errors, e.Error.Message];
        }
    }

    private static async Task TryAsync(List<string> errors, string name, Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (StepFailedException e)
        {
            errors.Add($"{name}: {e.Error.Message}");
        }
    }

    private async Task UndoAsync(string handler, JsonElement input, IStepContext step)
    {
        if (_definition!.FindCompensation(handler) is { } own)
        {
            await own.Undo(JsonSerializer.SerializeToUtf8Bytes(input), step).ConfigureAwait(false);
        }
        else if (Services.Tasks.Find(handler) is { } task)
        {
            await task.Run(input, step).ConfigureAwait(false);
        }
        else
        {
            throw new TaskException($"No compensation '{handler}' is declared by the flow, and no task of that name is registered.") { Type = ErrorTypes.UnknownTask, Retryable = false };
        }
    }

    private static string CompensationName(OpenCompensation compensation)
    {
        string step = compensation.Step.Replace('/', '.').Replace('[', '(').Replace(']', ')').Replace('#', '-').Replace("%", "", StringComparison.Ordinal);
        return Text.Shorten($"undo {step}", 90);
    }

    private void End(EntryKind kind, RunStatus status, RunEndedBody body, string? why)
    {
        if (_ended)
        {
            return;
        }

        Append(kind, "", EntryBody.Write(body), null);
        if (_row.Parent is { Notify: true } parent)
        {
            (InboxKind message, ChildEndedBody ended) = status switch
            {
                RunStatus.Completed => (InboxKind.ChildCompleted, new ChildEndedBody(Info.Id.Value, body.Output)),
                RunStatus.Failed => (InboxKind.ChildFailed, new ChildEndedBody(Info.Id.Value, Error: body.Error)),
                _ => (InboxKind.ChildCancelled, new ChildEndedBody(Info.Id.Value)),
            };
            Send(new InboxMessage(EndMessageId(Info.Id.Value), parent.Id, parent.No, message, parent.Key, EntryBody.Write(ended), Info.Principal, Services.Now()));
        }

        _finalStatus = status;
        _finalWhy = why;
        _ended = true;
    }

    /// <summary>Takes back what open verbs beneath a node have outside the journal, when the flow itself can no longer be walked.</summary>
    private void AbandonOpen(JournalNode node)
    {
        if (node.Progress is { Kind: EntryKind.AttemptFailed } failed)
        {
            ClearReminder(failed.Key);
        }

        if (node.Opened is { } opened)
        {
            ClearReminder(opened.Key);
            if (node.Find("~cancel") is { Outcome: not null })
            {
                // Taken back before the crash or the change that brought us here.
            }
            else if (opened.Kind == EntryKind.AskOpened)
            {
                CloseHumanTask(new HumanTaskClosing(new HumanTaskId(EntryBody.Read<AskOpenedBody>(opened.Payload).TaskId), HumanTaskStatus.Cancelled, Services.Now()), null);
            }
            else if (opened.Kind == EntryKind.ChildStarted)
            {
                ChildStartedBody child = EntryBody.Read<ChildStartedBody>(opened.Payload);
                Send(CancelMessage(child));
            }
        }

        foreach (JournalNode child in node.Children)
        {
            AbandonOpen(child);
        }
    }

    public InboxMessage CancelMessage(ChildStartedBody child) =>
        new(child.Run + ":cancel", new RunId(child.Run), child.No, InboxKind.Cancel, "", default, Info.Principal, Services.Now());

    /// <summary>Leaves memory when nothing is under way any more, as the silo stops; the run goes on at its next owner.</summary>
    public void Drain()
    {
        _draining = true;
        Do(
            static state =>
            {
                RunGrain grain = (RunGrain)state!;
                grain._releaseWanted = true;
            },
            this);
    }

    /// <summary>The silo's life is over: the grain is dropped as it is.</summary>
    public void Drop() => Do(static state => ((RunGrain)state!).Close(GrainEnd.Lost), this);

    /// <summary>Tells running bodies to stop; their failures do not count.</summary>
    public void StopBodies()
    {
        _draining = true;
        Body[] bodies;
        lock (_lock)
        {
            bodies = [.. _bodies];
        }

        foreach (Body body in bodies)
        {
            body.Abandon();
        }
    }
}
