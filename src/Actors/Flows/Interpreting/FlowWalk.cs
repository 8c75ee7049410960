using System.Text.Json;

namespace Actors.Flows;

/// <summary>
/// Runs a YAML flow: one walk over the tree, by the verbs of <see cref="IFlowContext"/> alone. It keeps nothing between walks: variables are filled again from
/// the verbs' recorded outcomes each time.
/// </summary>
internal sealed partial class FlowWalk(FlowDocument flow, TaskRegistry tasks)
{
    private const string OnCancelName = "on_cancel";

    public async Task<FlowResult> RunAsync(IFlowContext ctx, Value inputs)
    {
        Variables variables = new(null);
        variables.Set("inputs", inputs);
        if (flow.OnCancel.Count > 0)
        {
            ctx.CleanUp(OnCancelName, cleanUp => RunOnCancel(new Frame(cleanUp, new Variables(variables), Missing.Null)));
        }

        Frame frame = new(ctx, variables, Missing.Fails);
        ExitSignal? exit = await RunSteps(frame, flow.Steps);
        return exit is null
            ? new FlowResult(Write(OutputCheck.Check(flow.Outputs, Outputs(ctx, variables))))
            : new FlowResult(Write(OutputCheck.Check(flow.Outputs, exit.Outputs)), exit.Reason);
    }

    private static byte[] Write(Value value) => JsonSerializer.SerializeToUtf8Bytes(value, FlowJson.Options);

    private Value Outputs(IFlowContext ctx, Variables variables)
    {
        List<KeyValuePair<string, Value>> outputs = new(flow.OutputValues.Count);
        foreach (OutputValue output in flow.OutputValues)
        {
            Frame frame = new(ctx, variables, Missing.NullWhenSkipped);
            outputs.Add(new(output.Name, frame.Evaluate(output.Value, "outputs/" + output.Name)));
        }

        return Value.Object(outputs);
    }

    /// <summary>Every step gets its chance; all failures are told at the end.</summary>
    private async Task RunOnCancel(Frame frame)
    {
        List<StepFailedException> failures = [];
        foreach (FlowStep step in flow.OnCancel)
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
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failures[0]);
        }

        if (failures.Count > 1)
        {
            throw new TaskException(string.Join("; ", failures.Select(f => f.Message)));
        }
    }

    /// <summary>Null: the last step has ended. Otherwise the flow is to end.</summary>
    private async Task<ExitSignal?> RunSteps(Frame frame, IReadOnlyList<FlowStep> steps)
    {
        foreach (FlowStep step in steps)
        {
            StepEnd end = await RunStep(frame, step);
            if (end.Exit is not null)
            {
                return end.Exit;
            }
        }

        return null;
    }

    private async Task<StepEnd> RunStep(Frame frame, FlowStep step)
    {
        StepEnd end;
        try
        {
            end = step.If is null || frame.Test(step.If, step.Name) ? await Execute(frame, step) : default;
        }
        catch (StepFailedException e) when (step.OnError is not null)
        {
            end = await HandleError(frame, step, step.OnError, e);
        }

        if (step.Id is not null && end.Exit is null)
        {
            frame.Variables.Set(step.Id, end.Output);
        }

        return end;
    }

    private Task<StepEnd> Execute(Frame frame, FlowStep step) => step switch
    {
        TaskStep task => RunTask(frame, task),
        IfStep branch => RunBranch(frame, branch, frame.Test(branch.Condition, branch.Name) ? branch.Then : branch.Else, branch.Options),
        SwitchStep choice => RunBranch(frame, choice, Choose(frame, choice), choice.Options),
        ForEachStep loop => RunForEach(frame, loop),
        ParallelStep parallel => RunParallel(frame, parallel),
        WaitStep wait => RunWait(frame, wait),
        ApprovalStep approval => RunApproval(frame, approval),
        ExitStep exit => Task.FromResult(Exit(frame, exit)),
        _ => throw new InvalidOperationException($"no way to run {step.GetType().Name}"),
    };

    private async Task<StepEnd> HandleError(Frame frame, FlowStep step, ErrorHandler handler, StepFailedException failure)
    {
        FlowError error = failure.Error;
        if (handler.Steps.Count > 0)
        {
            Variables around = new(frame.Variables);
            around.Set("error", Value.Object(
            [
                new("type", Value.Of(error.Type)),
                new("message", Value.Of(error.Message)),
                new("code", Value.Of(error.Code)),
                new("data", error.Data is { } data ? Value.FromJson(data) : Value.Null),
                new("step", Value.Of(failure.StepKey)),
            ]));
            BlockOutcome outcome = await frame.Context.Scope(step.Name + "-error", ctx => RunBlock(frame.Inside(ctx, around), handler.Steps));
            frame.Variables.SetAll(outcome.Values);
            if (outcome.Exit is not null)
            {
                return new StepEnd(Value.Null, outcome.Exit);
            }
        }

        switch (handler.Then)
        {
            case AfterError.Fail:
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
                return default;
            case AfterError.Exit:
                return new StepEnd(Value.Null, new ExitSignal(error.Message, Value.EmptyObject));
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
