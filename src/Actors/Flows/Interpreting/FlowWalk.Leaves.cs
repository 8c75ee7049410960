using System.Globalization;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>Waits, questions, signals, events, state.</summary>
internal sealed partial class FlowWalk
{
    private static StepEnd RunSet(Frame frame, SetStep step)
    {
        foreach (StateChange change in step.Changes)
        {
            frame.State.Change(frame.Context.State, change.Operation, change.Name, frame.Evaluate(change.Value, step.Name), step.Name);
        }

        return default;
    }

    private static async Task<StepEnd> RunEmit(Frame frame, EmitStep step)
    {
        string name = frame.Evaluate(step.Emits, step.Name).ToString();
        Value data = frame.Evaluate(step.Data, step.Name);
        if (step.To is null)
        {
            await frame.Context.Emit(step.Name, name, data);
        }
        else
        {
            string to = frame.Evaluate(step.To, step.Name).ToString();
            RunId run = RunId.IsValid(to) ? new RunId(to) : throw Frame.Fail(step.Name, ErrorTypes.InvalidInput, $"'{Text.Shorten(to, 60)}' is not a run id (line {step.Line})");
            await frame.Context.Signal(step.Name, run, name, data);
        }

        return default;
    }

    private static async Task<StepEnd> RunSignal(Frame frame, SignalStep step)
    {
        Signal<Value> signal = step.HasScope
            ? await frame.Context.Scope(step.Name, ctx => ctx.WaitFor<Value>(step.Signal, step.Timeout))
            : await frame.Context.WaitFor<Value>(step.Signal, step.Timeout);
        if (!signal.Received && step.FailsOnTimeout)
        {
            throw Frame.Fail(step.Name, ErrorTypes.Timeout, $"Signal '{step.Signal}' did not come in time.");
        }

        return new StepEnd(Value.Object(new("received", Value.Of(signal.Received)), new("data", signal.Value), new("by", Value.Of(signal.By))));
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
            Form = step.Form,
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
