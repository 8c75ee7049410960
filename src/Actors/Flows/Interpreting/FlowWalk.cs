using System.Runtime.ExceptionServices;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>
/// Runs a YAML flow: one walk over the tree, by the verbs of <see cref="IFlowContext"/> alone. It keeps nothing between walks: variables are filled again from
/// the verbs' recorded outcomes each time.
/// </summary>
/// <param name="subflows">The flows that steps run inside this one, by name; with what those run.</param>
internal sealed partial class FlowWalk(FlowDocument flow, TaskRegistry tasks, IReadOnlyDictionary<string, FlowDocument> subflows)
{
    private const string OnCancelName = "on_cancel";

    public async Task<FlowResult> RunAsync(IFlowContext ctx, Value inputs)
    {
        (Value outputs, ExitSignal? exit) = await RunFlow(ctx, inputs, "");
        return new FlowResult(JsonSerializer.SerializeToUtf8Bytes(outputs, FlowJson.Options), exit?.Reason);
    }

    /// <param name="prefix">Of the names of its state.</param>
    private async Task<(Value Outputs, ExitSignal? Exit)> RunFlow(IFlowContext ctx, Value inputs, string prefix)
    {
        WalkState state = new(flow.State, prefix);
        if (!state.IsEmpty)
        {
            state.Reset(ctx.State);
        }

        WalkFacts facts = new(flow, ctx.Run, tasks.Resources);
        Variables variables = new(null);
        variables.Set("inputs", inputs);
        if (flow.OnCancel.Count > 0)
        {
            ctx.CleanUp(OnCancelName, cleanUp => RunOnCancel(new Frame(cleanUp, new Variables(variables), Missing.Null, state, facts)));
        }

        Frame frame = new(ctx, variables, Missing.Fails, state, facts);
        (ExitSignal? exit, _, _) = await RunSteps(frame, flow.Steps);
        return (OutputCheck.Check(flow.Outputs, exit is null ? Outputs(frame) : exit.Outputs), exit);
    }

    private Value Outputs(Frame frame)
    {
        List<KeyValuePair<string, Value>> outputs = new(flow.OutputValues.Count);
        foreach (OutputValue output in flow.OutputValues)
        {
            outputs.Add(new(output.Name, (frame with { Missing = Missing.NullWhenSkipped }).Evaluate(output.Value, "outputs/" + output.Name)));
        }

        return Value.Object(outputs);
    }

    /// <summary>Every step gets its chance; all failures are told at the end.</summary>
    private Task RunOnCancel(Frame frame) => RunBestEffort(frame, flow.OnCancel);

    private async Task RunBestEffort(Frame frame, IReadOnlyList<FlowStep> steps)
    {
        List<StepFailedException> failures = [];
        foreach (FlowStep step in steps)
        {
            try
            {
                StepEnd end = await RunStep(frame, step);
                if (end.Exit is not null)
                {
                    break;
                }
            }
            catch (StepFailedException e)
            {
                failures.Add(e);
            }
        }

        if (failures.Count == 1)
        {
            ExceptionDispatchInfo.Throw(failures[0]);
        }

        if (failures.Count > 1)
        {
            throw new TaskException(string.Join("; ", failures.Select(f => f.Message)));
        }
    }

    /// <summary>One step after the other; at the end, those in the background are waited for.</summary>
    /// <returns>
    /// Exit: null when the last step has ended, otherwise the flow is to end. Output: that of the last step. Last: its id, null when it has none.
    /// </returns>
    private async Task<(ExitSignal? Exit, Value Output, string? Last)> RunSteps(Frame frame, IReadOnlyList<FlowStep> steps)
    {
        List<Task>? background = null;
        StepEnd end = default;
        foreach (FlowStep step in steps)
        {
            if (step is EffectStep { Settings.IsBackground: true } or SubflowStep { IsBackground: true })
            {
                (background ??= []).Add(RunBackground(frame, step));
                end = default;
                continue;
            }

            // Most steps are plain: they need none of the layers between, each of which would be an allocation a step.
            try
            {
                end = !step.Common.IsPlain ? await RunGuarded(frame, step)
                    : step is EffectStep effect ? new StepEnd(await BeginEffect(frame, effect))
                    : await Execute(frame, step);
            }
            catch (StepFailedException e) when (step is EffectStep && e.Error.Type == FlowExit.ErrorType)
            {
                throw NoExit(e);
            }

            if (end.Exit is not null)
            {
                break;
            }

            if (step.Id is not null)
            {
                frame.Variables.Set(step.Id, end.Output);
            }
        }

        foreach (Task task in background ?? [])
        {
            await task;
        }

        return (end.Exit, end.Output, steps.Count > 0 ? steps[^1].Id : null);
    }

    /// <summary>Its failure is in the journal and does not reach the flow; what cannot even be started does.</summary>
    private async Task RunBackground(Frame frame, FlowStep step)
    {
        try
        {
            if (step.If is null || frame.Test(step.If, step.Name))
            {
                await RunCached(frame, step);
            }
        }
        catch (StepFailedException e) when (e.Error.Type != Frame.ErrorType)
        {
            // Recorded by the verb.
        }
    }

    private async Task<BlockOutcome> RunBlock(Frame frame, IReadOnlyList<FlowStep> steps)
    {
        (ExitSignal? exit, _, _) = await RunSteps(frame, steps);
        return new BlockOutcome(frame.Variables.Own(), exit);
    }

    /// <summary>A block whose last output is asked for.</summary>
    private async Task<BlockOutcome> RunSequence(Frame frame, IReadOnlyList<FlowStep> steps)
    {
        (ExitSignal? exit, Value output, string? last) = await RunSteps(frame, steps);
        bool named = last is not null && frame.Variables.HasOwn(last);
        return new BlockOutcome(frame.Variables.Own(), exit, named ? last : null, named ? default : output);
    }

    private async Task<StepEnd> RunStep(Frame frame, FlowStep step)
    {
        StepEnd end = await RunGuarded(frame, step);
        if (step.Id is not null && end.Exit is null)
        {
            frame.Variables.Set(step.Id, end.Output);
        }

        return end;
    }

    private async Task<StepEnd> RunGuarded(Frame frame, FlowStep step)
    {
        StepFailedException failure;
        try
        {
            return step.If is null || frame.Test(step.If, step.Name) ? await RunCached(frame, step) : default;
        }
        catch (StepFailedException e) when (step.OnError is not null || step.Common.Fallback is not null)
        {
            failure = e;
        }

        if (step.Common.Fallback is { } fallback)
        {
            try
            {
                return await RunFallback(frame, step, fallback, failure);
            }
            catch (StepFailedException e) when (step.OnError is not null)
            {
                failure = e;
            }
        }

        return await HandleError(frame, step, step.OnError!, failure);
    }

    private Task<StepEnd> RunCached(Frame frame, FlowStep step) => step.Common.Cache is null ? Execute(frame, step) : RunCachedStep(frame, step, step.Common.Cache);

    private Task<StepEnd> Execute(Frame frame, FlowStep step) => step switch
    {
        EffectStep effect => RunEffect(frame, effect),
        IfStep branch => RunBranch(frame, branch, frame.Test(branch.Condition, branch.Name) ? branch.Then : branch.Else, branch.Options),
        SwitchStep choice => RunBranch(frame, choice, Choose(frame, choice), choice.Options),
        DoStep block => RunDo(frame, block),
        ForEachStep each => RunForEach(frame, each),
        LoopStep loop => RunLoop(frame, loop),
        ParallelStep parallel => RunParallel(frame, parallel),
        RouteStep route => RunRoute(frame, route),
        StateMachineStep machine => RunStateMachine(frame, machine),
        SubflowStep subflow => RunSubflow(frame, subflow),
        SetStep set => Task.FromResult(RunSet(frame, set)),
        EmitStep emit => RunEmit(frame, emit),
        WaitStep wait => RunWait(frame, wait),
        SignalStep signal => RunSignal(frame, signal),
        ApprovalStep approval => RunApproval(frame, approval),
        ExitStep exit => Task.FromResult(Exit(frame, exit)),
        _ => throw new InvalidOperationException($"no way to run {step.GetType().Name}"),
    };

    private static Variables ErrorVariables(Frame frame, StepFailedException failure)
    {
        Variables around = new(frame.Variables);
        around.Set("error", ErrorValue(failure));
        return around;
    }

    private static Value ErrorValue(StepFailedException failure) => Value.Object(
    [
        new("type", Value.Of(failure.Error.Type)),
        new("message", Value.Of(failure.Error.Message)),
        new("code", Value.Of(failure.Error.Code)),
        new("data", failure.Error.Data is { } data ? Value.FromJson(data) : Value.Null),
        new("step", Value.Of(failure.StepKey)),
    ]);

    private async Task<StepEnd> RunFallback(Frame frame, FlowStep step, IReadOnlyList<FlowStep> fallback, StepFailedException failure)
    {
        BlockOutcome outcome = await frame.Context.Scope(step.Name + "-fallback", ctx => RunSequence(frame.Inside(ctx, ErrorVariables(frame, failure)), fallback));
        frame.Variables.SetAll(outcome.Values);
        return new StepEnd(outcome.Result, outcome.Exit);
    }

    private async Task<StepEnd> HandleError(Frame frame, FlowStep step, ErrorHandler handler, StepFailedException failure)
    {
        if (handler.Steps.Count > 0)
        {
            BlockOutcome outcome = await frame.Context.Scope(step.Name + "-error", ctx => RunBlock(frame.Inside(ctx, ErrorVariables(frame, failure)), handler.Steps));
            frame.Variables.SetAll(outcome.Values);
            if (outcome.Exit is not null)
            {
                return new StepEnd(Value.Null, outcome.Exit);
            }
        }

        switch (handler.Then)
        {
            case AfterError.Fail:
                ExceptionDispatchInfo.Throw(failure);
                return default;
            case AfterError.Exit:
                return new StepEnd(Value.Null, new ExitSignal(failure.Error.Message, Value.EmptyObject));
            default:
                return default;
        }
    }

    private static StepEnd Exit(Frame frame, ExitStep step)
    {
        string reason = step.Reason is null ? "" : frame.Evaluate(step.Reason, step.Name).ToString();
        return new StepEnd(Value.Null, new ExitSignal(reason.Length == 0 ? "The flow ended itself at an exit step." : reason, frame.Evaluate(step.Outputs, step.Name)));
    }
}
