using System.Text.Json;

namespace Actors.Flows;

/// <summary>State machines and other flows.</summary>
internal sealed partial class FlowWalk
{
    private const string NoTransition = "NoTransition";

    private async Task<StepEnd> RunStateMachine(Frame frame, StateMachineStep step)
    {
        MachineProgress first = new(step.Start, frame.Evaluate(step.Data, step.Name));
        LoopOptions options = new() { Timeout = step.Options?.Timeout };
        MachineProgress end = await frame.Context.Loop(step.Name, first, (ctx, progress, hop) => RunState(frame, ctx, step, progress, hop), options);
        return new StepEnd(end.Exit is null ? end.Data : Value.Null, end.Exit);
    }

    private async Task<Iteration<MachineProgress>> RunState(Frame outer, IFlowContext ctx, StateMachineStep step, MachineProgress progress, int hop)
    {
        MachineState state = step.States.First(s => s.Name == progress.State);
        Variables around = new(outer.Variables);
        around.Set("data", progress.Data);
        around.Set("error", progress.Error);
        Value data = progress.Data;
        StepFailedException? failure = null;
        if (state.Do.Count > 0)
        {
            try
            {
                BlockOutcome outcome = await ctx.Scope(state.Name, inner => RunSequence(outer.Inside(inner, around), state.Do));
                if (outcome.Exit is not null)
                {
                    return Iteration.Done(progress with { Exit = outcome.Exit });
                }

                data = outcome.Result;
            }
            catch (StepFailedException e)
            {
                failure = e;
            }
        }

        Variables after = new(outer.Variables);
        after.Set("data", data);
        Value error = failure is null ? Value.Null : ErrorValue(failure);
        after.Set("error", error);
        Frame frame = outer.Inside(ctx, after);
        StateTransition? taken = state.Transitions.FirstOrDefault(
            t => (t.On == TransitionOn.Any || (t.On == TransitionOn.Failure) == failure is not null) && (t.If is null || frame.Test(t.If, step.Name)));
        if (taken is not null)
        {
            return hop + 1 < step.HopsMax
                ? Iteration.Next(new MachineProgress(taken.To, data, error))
                : throw Frame.Fail(step.Name, ErrorTypes.LoopLimit, $"The state machine has not ended after {step.HopsMax:N0} states; it would go on from '{state.Name}' to '{taken.To}' (line {step.Line}).");
        }

        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }

        return state.IsEnd
            ? Iteration.Done(new MachineProgress(state.Name, data))
            : throw Frame.Fail(step.Name, NoTransition, $"No transition leads out of state '{state.Name}' (line {step.Line}).");
    }

    private async Task<StepEnd> RunSubflow(Frame frame, SubflowStep step)
    {
        Value inputs = frame.Evaluate(step.Inputs, step.Name);
        Value result;
        try
        {
            result = step.IsChild ? await RunChild(frame, step, inputs) : await RunInline(frame, step, inputs);
        }
        catch (StepFailedException) when (step.OnFailure != SubflowFailure.Abort)
        {
            return new StepEnd(step.OnFailure == SubflowFailure.Skip ? Value.Null : frame.Evaluate(step.Default, step.Name));
        }

        return new StepEnd(step.Outputs is null ? result : frame.With("result", result).Evaluate(step.Outputs, step.Name));
    }

    private static Task<Value> RunChild(Frame frame, SubflowStep step, Value inputs)
    {
        CallOptions options = new() { Version = step.Version };
        return step.Options is null
            ? frame.Context.Call<Value, Value>(step.Name, step.Flow, inputs, options)
            : frame.Context.Scope(step.Name, ctx => ctx.Call<Value, Value>(step.Name, step.Flow, inputs, options), step.Options);
    }

    private async Task<Value> RunInline(Frame frame, SubflowStep step, Value inputs)
    {
        FlowDocument document = subflows.TryGetValue(step.Flow, out FlowDocument? found)
            ? found
            : throw Frame.Fail(step.Name, ErrorTypes.UnknownFlow, $"There is no flow '{step.Flow}' (line {step.Line}).");
        Value given;
        try
        {
            given = JsonSerializer.Deserialize<Value>(InputCheck.Check(document.Name, document.Inputs, inputs.ToJson()).Span, FlowJson.Options);
        }
        catch (InvalidFlowInputException e)
        {
            throw Frame.Fail(step.Name, ErrorTypes.InvalidInput, e.Message);
        }

        FlowWalk walk = new(document, tasks, subflows);
        string prefix = $"{frame.State.Prefix}{step.Name}.";
        // The step's limit and the flow's own: the shorter ends it.
        ScopeOptions? options = document.Timeout is { } own && !(step.Options?.Timeout <= own) ? new ScopeOptions { Timeout = own } : step.Options;
        return await frame.Context.Scope(step.Name, async ctx => (await walk.RunFlow(ctx, given, prefix)).Outputs, options);
    }
}
