using System.Globalization;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>One method for each kind of step.</summary>
internal sealed partial class FlowWalk
{
    private async Task<StepEnd> RunTask(Frame frame, TaskStep step)
    {
        Value input = frame.Evaluate(step.Inputs, step.Name);
        try
        {
            return new StepEnd(await frame.Context.Step(step.Name, input, (given, context) => Call(step.Task, given, context), step.Options));
        }
        catch (StepFailedException e) when (e.Error.Type == FlowExit.ErrorType)
        {
            // A task's error that carries this type by chance must not be taken for an exit further out.
            throw new StepFailedException(e.StepKey, e.Error with { Type = nameof(TaskException) });
        }
    }

    private async Task<Value> Call(string task, Value input, IStepContext context)
    {
        TaskHandler handler = tasks.Find(task) ?? throw new TaskException($"No task '{task}' is registered.") { Type = ErrorTypes.UnknownTask, Retryable = false };
        return Value.FromJson(await handler.Run(input.ToJson(), context));
    }

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

    private async Task<BlockOutcome> RunBlock(Frame frame, IReadOnlyList<FlowStep> steps)
    {
        ExitSignal? exit = await RunSteps(frame, steps);
        return new BlockOutcome(frame.Variables.Own(), exit);
    }

    private static IReadOnlyList<FlowStep> Choose(Frame frame, SwitchStep step)
    {
        Value subject = frame.Evaluate(step.Subject, step.Name);
        Evaluation evaluation = new(frame.Variables, frame.Missing);
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

    private async Task<StepEnd> RunForEach(Frame frame, ForEachStep step)
    {
        Value source = frame.Evaluate(step.Items, step.Name);
        if (source.IsNull && frame.Missing == Missing.Null)
        {
            return new StepEnd(Value.EmptyList);
        }

        Value[] items = source.AsList?.Items
            ?? throw Frame.Fail(step.Name, ErrorTypes.InvalidInput, $"for_each needs a list, but has {Operators.Name(source)} (line {step.Line})");
        try
        {
            return new StepEnd(Value.List(await frame.Context.Map<Value, Value>(
                step.Name, items, (ctx, item, index) => RunIteration(frame.Inside(ctx, Loop(frame, step, item, index)), step), step.Options)));
        }
        catch (StepFailedException e) when (FlowExit.From(e) is { } exit)
        {
            return new StepEnd(Value.Null, exit);
        }
    }

    private static Variables Loop(Frame frame, ForEachStep step, Value item, int index)
    {
        Variables variables = new(frame.Variables);
        variables.Set("index", Value.Of((decimal)index));
        variables.Set(step.As, item);
        return variables;
    }

    private async Task<Value> RunIteration(Frame frame, ForEachStep step)
    {
        Value last = Value.Null;
        foreach (FlowStep inner in step.Do)
        {
            StepEnd end = await RunStep(frame, inner);
            if (end.Exit is not null)
            {
                throw FlowExit.ToFailure(end.Exit, inner.Name);
            }

            last = end.Output;
        }

        return step.Do.Count == 1 ? last : frame.Variables.Own();
    }

    private async Task<StepEnd> RunParallel(Frame frame, ParallelStep step)
    {
        Branch<Value>[] branches = new Branch<Value>[step.Branches.Count];
        for (int i = 0; i < branches.Length; i++)
        {
            ParallelBranch branch = step.Branches[i];
            branches[i] = new Branch<Value>(branch.Key, ctx => RunParallelBranch(frame.Inside(ctx), branch.Steps[0]));
        }

        try
        {
            Value[] results = await frame.Context.All(step.Name, branches, step.Options is null ? null : new AllOptions { Timeout = step.Options.Timeout });
            Variables all = new(null);
            foreach (Value result in results)
            {
                all.SetAll(result);
            }

            Value values = all.Own();
            frame.Variables.SetAll(values);
            return new StepEnd(values);
        }
        catch (StepFailedException e) when (FlowExit.From(e) is { } exit)
        {
            return new StepEnd(Value.Null, exit);
        }
    }

    private async Task<Value> RunParallelBranch(Frame frame, FlowStep step)
    {
        StepEnd end = await RunStep(frame, step);
        return end.Exit is null ? frame.Variables.Own() : throw FlowExit.ToFailure(end.Exit, step.Name);
    }

    private static async Task<StepEnd> RunWait(Frame frame, WaitStep step)
    {
        Value time = frame.Evaluate(step.Time, step.Name);
        if (step.IsUntil)
        {
            if (!StepReader.TryTimestamp(time, out DateTimeOffset due))
            {
                throw Frame.Fail(step.Name, ErrorTypes.InvalidInput, $"'{Text.Shorten(time.ToString(), 60)}' is not a point in time. Write e.g. 2030-01-31T09:00:00Z.");
            }

            await frame.Context.Until(step.Name, due);
        }
        else
        {
            if (!Durations.TryParse(time, out TimeSpan duration))
            {
                throw Frame.Fail(step.Name, ErrorTypes.InvalidInput, $"'{Text.Shorten(time.ToString(), 60)}' is not a length of time. {Durations.Forms}");
            }

            await frame.Context.Sleep(step.Name, duration);
        }

        return default;
    }

    private static async Task<StepEnd> RunApproval(Frame frame, ApprovalStep step)
    {
        string title = frame.Evaluate(step.Title, step.Name).ToString().Trim();
        HumanQuestion question = new(Text.Shorten(title.Length == 0 ? step.Name : title, 500))
        {
            Details = step.Details is null ? null : frame.Evaluate(step.Details, step.Name),
            Decisions = step.Decisions,
            Candidates = step.Candidates is null ? [] : Candidates(frame.Evaluate(step.Candidates, step.Name)),
            Due = step.Timeout,
        };
        HumanAnswer answer = await frame.Context.Ask(step.Name, question);
        string decision = answer.Decision;
        if (answer.Expired && step.OnTimeout is not null)
        {
            decision = step.OnTimeout == ApprovalStep.Fail && !step.Decisions.Contains(ApprovalStep.Fail)
                ? throw Frame.Fail(step.Name, ErrorTypes.Timeout, $"Nobody answered '{question.Title}' in time.")
                : step.OnTimeout;
        }

        return new StepEnd(Value.Object(
            new("decision", Value.Of(decision)),
            new("approved", Value.Of(decision == HumanQuestion.Approve)),
            new("by", Value.Of(answer.By)),
            new("at", Value.Of(answer.At.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture))),
            new("comment", Value.Of(answer.Comment)),
            new("data", answer.Data is { } data ? Value.FromJson(data) : Value.Null),
            new("expired", Value.Of(answer.Expired))));
    }

    // One name, or a list of which an expression may have made texts and nothings.
    private static string[] Candidates(Value value) =>
        (value.AsList?.Items ?? [value]).Select(v => v.ToString()).Where(text => text.Length > 0).ToArray();
}
