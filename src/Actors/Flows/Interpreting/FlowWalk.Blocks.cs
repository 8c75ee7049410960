using System.Text.Json;

namespace Actors.Flows;

/// <summary>if, switch, do, for_each, loop.</summary>
internal sealed partial class FlowWalk
{
    /// <summary>An if or a switch that has chosen.</summary>
    private async Task<StepEnd> RunBranch(Frame frame, FlowStep step, IReadOnlyList<FlowStep> chosen, ScopeOptions? options)
    {
        if (chosen.Count == 0)
        {
            return new StepEnd(Value.EmptyObject);
        }

        BlockOutcome outcome = await frame.Context.Scope(step.Name, ctx => RunBlock(frame.Inside(ctx), chosen), options);
        frame.Variables.SetAll(outcome.Values);
        return new StepEnd(outcome.Values, outcome.Exit);
    }

    private static IReadOnlyList<FlowStep> Choose(Frame frame, SwitchStep step)
    {
        Value subject = frame.Evaluate(step.Subject, step.Name);
        Evaluation evaluation = frame.Start();
        foreach (SwitchCase candidate in step.Cases)
        {
            foreach (Template when in candidate.When)
            {
                if (Operators.AreEqual(evaluation, subject, frame.Evaluate(when, step.Name)))
                {
                    return candidate.Do;
                }
            }
        }

        return step.Default;
    }

    // No id and no kind of step can be called so: `finally` has its names beside it.
    private const string StepsName = "(steps)";

    // The steps are a scope of their own, so that a cancellation reaches `finally` as a clean-up exactly as long as they are under way.
    private async Task<StepEnd> RunDo(Frame frame, DoStep step)
    {
        if (step.Finally.Count == 0)
        {
            return await RunBranch(frame, step, step.Do, step.Options);
        }

        BlockOutcome outcome = await frame.Context.Scope(step.Name, ctx => RunWithFinally(frame.Inside(ctx), step));
        frame.Variables.SetAll(outcome.Values);
        return new StepEnd(outcome.Values, outcome.Exit);
    }

    private async Task<BlockOutcome> RunWithFinally(Frame frame, DoStep step)
    {
        ExitSignal? exit = null;
        StepFailedException? failure = null;
        try
        {
            BlockOutcome done = await frame.Context.Scope(
                StepsName,
                ctx =>
                {
                    Frame inner = frame.Inside(ctx);
                    ctx.CleanUp("finally", cleanUp => RunBestEffort(inner.Inside(cleanUp) with { Missing = Missing.Null }, step.Finally));
                    return RunBlock(inner, step.Do);
                },
                step.Options);
            frame.Variables.SetAll(done.Values);
            exit = done.Exit;
        }
        catch (StepFailedException e)
        {
            failure = e;
        }

        (ExitSignal? last, _, _) = await RunSteps(frame with { Missing = Missing.Null }, step.Finally);
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }

        return new BlockOutcome(frame.Variables.Own(), exit ?? last);
    }

    private async Task<StepEnd> RunForEach(Frame frame, ForEachStep step)
    {
        Value source = frame.Evaluate(step.Items, step.Name);
        if (source.IsNull && frame.Missing == Missing.Null)
        {
            return new StepEnd(Value.EmptyList);
        }

        Value[] items = source.AsList?.Items
            ?? throw Frame.Fail(step.Name, ErrorTypes.InvalidInput, $"for_each needs a list, but has {Operators.Name(source)} (line {step.Line})");
        Func<Value, int, string>? key = step.Key is null ? null : ItemKeys(frame, step, items);
        try
        {
            // Items one after the other see each other's state as any steps do; those side by side are put together at the end.
            bool joins = step.Options.Concurrency > 1 && !frame.State.IsEmpty;
            if (!joins && step.OnItemError != ItemError.Skip)
            {
                return new StepEnd(Value.List(await frame.Context.Map<Value, Value>(
                    step.Name, items, async (ctx, item, index) => (await RunItem(frame.Inside(ctx, Loop(frame, step, item, index)), step)).Result, step.Options, key)));
            }

            Value origin = joins ? frame.State.Read(frame.Context.State) : default;
            ItemOutcome[] outcomes = await frame.Context.Map<Value, ItemOutcome>(
                step.Name, items, (ctx, item, index) => RunItem(frame.Inside(ctx, Loop(frame, step, item, index)), step), step.Options, key);
            if (joins)
            {
                JoinState(frame, step.Name, origin, outcomes.Select(outcome => outcome.State), (_, _) => MergePolicy.Last);
            }

            return new StepEnd(Value.List([.. outcomes.Where(outcome => !outcome.IsSkipped).Select(outcome => outcome.Result)]));
        }
        catch (StepFailedException e) when (FlowExit.From(e) is { } exit)
        {
            return new StepEnd(Value.Null, exit);
        }
    }

    private static Func<Value, int, string> ItemKeys(Frame frame, ForEachStep step, Value[] items)
    {
        string[] keys = new string[items.Length];
        Dictionary<string, int> first = new(StringComparer.Ordinal);
        for (int i = 0; i < items.Length; i++)
        {
            keys[i] = frame.Inside(frame.Context, Loop(frame, step, items[i], i)).Evaluate(step.Key!, step.Name).ToString();
            if (keys[i].Length is 0 or > ItemKeyLengthMax)
            {
                throw Frame.Fail(step.Name, ErrorTypes.InvalidInput, $"the key of item {i} must have 1 to {ItemKeyLengthMax} characters, but has {keys[i].Length} (line {step.Line})");
            }

            if (!first.TryAdd(keys[i], i))
            {
                throw Frame.Fail(step.Name, ErrorTypes.InvalidInput, $"items {first[keys[i]]} and {i} have the same key '{Text.Shorten(keys[i], 60)}' (line {step.Line})");
            }
        }

        return (_, index) => keys[index];
    }

    private const int ItemKeyLengthMax = 100;

    private static Variables Loop(Frame frame, ForEachStep step, Value item, int index)
    {
        Variables variables = new(frame.Variables);
        variables.Set(step.IndexAs, Value.Of((decimal)index));
        variables.Set(step.As, item);
        return variables;
    }

    private async Task<ItemOutcome> RunItem(Frame frame, ForEachStep step)
    {
        Value result;
        try
        {
            (ExitSignal? exit, Value last, _) = await RunSteps(frame, step.Do);
            if (exit is not null)
            {
                throw FlowExit.ToFailure(exit, step.Name);
            }

            result = step.Collect is not null ? frame.Evaluate(step.Collect, step.Name)
                : step.Do.Count == 1 ? last
                : frame.Variables.Own();
        }
        catch (StepFailedException e) when (step.OnItemError != ItemError.Fail && e.Error.Type != FlowExit.ErrorType)
        {
            return new ItemOutcome(Value.Object(new KeyValuePair<string, Value>("error", ErrorValue(e))), step.OnItemError == ItemError.Skip, frame.StateDelta);
        }

        return new ItemOutcome(result, State: frame.StateDelta);
    }

    private async Task<StepEnd> RunLoop(Frame frame, LoopStep step)
    {
        LoopProgress first = new(frame.Evaluate(step.Carry, step.Name));
        LoopOptions options = new() { Timeout = step.Options?.Timeout };
        LoopProgress end = await frame.Context.Loop(step.Name, first, (ctx, progress, index) => RunIteration(frame, ctx, step, progress, index), options);
        return new StepEnd(end.Exit is null ? end.Carried : Value.Null, end.Exit);
    }

    private static Frame InIteration(Frame frame, IFlowContext ctx, Value carried, int index)
    {
        Variables around = new(frame.Variables);
        around.Set("index", Value.Of((decimal)index));
        around.Set("carried", carried);
        return frame.Inside(ctx, around);
    }

    private async Task<Iteration<LoopProgress>> RunIteration(Frame outer, IFlowContext ctx, LoopStep step, LoopProgress progress, int index)
    {
        Frame frame = InIteration(outer, ctx, progress.Carried, index);
        if (step.While is not null && !frame.Test(step.While, step.Name))
        {
            return Iteration.Done(progress);
        }

        (ExitSignal? exit, Value last, _) = await RunSteps(frame, step.Do);
        if (exit is not null)
        {
            return Iteration.Done(progress with { Exit = exit });
        }

        LoopProgress next = new(step.Next is null ? last : frame.Evaluate(step.Next, step.Name));
        foreach (StateChange change in step.Changes)
        {
            frame.State.Change(ctx.State, change.Operation, change.Name, frame.Evaluate(change.Value, step.Name), step.Name);
        }

        if (step.Until is not null && frame.Test(step.Until, step.Name))
        {
            return Iteration.Done(next);
        }

        if (index + 1 < step.Max)
        {
            return Iteration.Next(next);
        }

        bool hasEnded = step.ExitsOnMax || (step.While is not null && !InIteration(outer, ctx, next.Carried, index + 1).Test(step.While, step.Name));
        return hasEnded
            ? Iteration.Done(next)
            : throw Frame.Fail(step.Name, ErrorTypes.LoopLimit, $"The loop has not ended after {step.Max:N0} iterations (line {step.Line}).");
    }
}
