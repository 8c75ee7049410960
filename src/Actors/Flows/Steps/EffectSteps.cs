namespace Actors.Flows;

/// <summary>A condition on a step's result, which is <c>result</c> in it.</summary>
/// <param name="Message">What is told when it does not hold; null: the condition's text.</param>
internal sealed record Postcondition(Condition Check, Template? Message, string Source);

/// <summary>What undoes a step.</summary>
/// <param name="Inputs">See <c>result</c> and what the step saw. Null: the task is given the step's result.</param>
internal sealed record Compensate(string Task, Template? Inputs);

/// <summary>How a step with a body is run.</summary>
/// <param name="Schema">What the result must look like; null: anything.</param>
/// <param name="Result">Sees <c>result</c> and gives the step's output; null: the result itself.</param>
/// <param name="Compensate">Null: nothing is undone.</param>
/// <param name="IsBackground">True: the flow goes on at once; the block around waits at its end.</param>
/// <param name="Output">What is known of the step's output.</param>
internal sealed record EffectSettings(
    StepOptions Options, IReadOnlyList<Postcondition> Validate, JsonSchema? Schema, Template? Result, Compensate? Compensate, bool IsBackground, StaticType Output)
{
    /// <summary>True when something is asked of the result before it becomes the step's output.</summary>
    public bool LooksAtResult => Validate.Count > 0 || Schema is not null || Result is not null;
}

/// <summary>A step with a body: it acts on the world outside, is retried, timed and undone.</summary>
internal abstract class EffectStep(StepCommon common, EffectSettings settings) : FlowStep(common)
{
    public EffectSettings Settings => settings;
    public override StaticType OutputType => settings.Output;
    public required Template Inputs { get; init; }
}

internal sealed class TaskStep(StepCommon common, EffectSettings settings) : EffectStep(common, settings)
{
    public override string Kind => "task";
    public required string Task { get; init; }

    /// <summary>The connection that the task is given; null: none.</summary>
    public string? Connection { get; init; }

    /// <summary>What its body does when it needs nothing of the place where it stands; made with the first run. Two that are made at once do the same.</summary>
    public Func<Value, IStepContext, Task<Value>>? Body { get; set; }
}

/// <summary>A step of a registered kind.</summary>
internal sealed class KindStep(StepCommon common, EffectSettings settings, StepKind kind) : EffectStep(common, settings)
{
    public override string Kind => kind.Name;
    public StepKind Handler => kind;
}

internal sealed class EmitStep(StepCommon common) : FlowStep(common)
{
    public override string Kind => "emit";

    /// <summary>The signal's or the event's name.</summary>
    public required Template Emits { get; init; }

    /// <summary>The run that the signal is sent to; null: it is an event of this run.</summary>
    public required Template? To { get; init; }

    public required Template Data { get; init; }
}

internal sealed class WaitStep(StepCommon common) : FlowStep(common)
{
    public override string Kind => "wait";

    /// <summary>A duration, or a point in time when <see cref="IsUntil"/>.</summary>
    public required Template Time { get; init; }

    public required bool IsUntil { get; init; }
}

internal sealed class SignalStep(StepCommon common) : FlowStep(common)
{
    public override string Kind => "wait";
    public required string Signal { get; init; }

    /// <summary>True: other verbs may be open beside it, and it waits in a scope of its own name, because a wait is known by its signal.</summary>
    public required bool HasScope { get; init; }

    /// <summary>Null: waits for ever.</summary>
    public required TimeSpan? Timeout { get; init; }

    /// <summary>What happens at the end of the time: the step fails, or says that nothing was received.</summary>
    public required bool FailsOnTimeout { get; init; }

    public override StaticType OutputType { get; } = StaticType.ObjectOf(new Dictionary<string, StaticType>(StringComparer.Ordinal)
    {
        ["received"] = StaticType.Bool,
        ["data"] = StaticType.Any,
        ["by"] = StaticType.Text.OrNull(),
    });
}

internal sealed class ApprovalStep(StepCommon common) : FlowStep(common)
{
    /// <summary>For <see cref="OnTimeout"/>: the step fails.</summary>
    public const string Fail = "fail";

    public override string Kind => "approval";
    public required Template Title { get; init; }
    public required Template? Details { get; init; }

    /// <summary>What the answer's data must look like; null: anything.</summary>
    public JsonSchema? Form { get; init; }

    /// <summary>What is known of the data of an answer that was given.</summary>
    public StaticType Data { get; init; } = StaticType.Any;

    public override StaticType OutputType => StaticType.ObjectOf(new Dictionary<string, StaticType>(StringComparer.Ordinal)
    {
        ["decision"] = StaticType.Text.OrNull(),
        ["approved"] = StaticType.Bool,
        ["by"] = StaticType.Text.OrNull(),
        ["at"] = StaticType.Text,
        ["comment"] = StaticType.Text.OrNull(),
        // A question that expires has none.
        ["data"] = Data.OrNull(),
        ["expired"] = StaticType.Bool,
    });

    public required IReadOnlyList<string> Decisions { get; init; }

    /// <summary>A list, or one name; null when everybody may answer.</summary>
    public required Template? Candidates { get; init; }

    public required TimeSpan? Timeout { get; init; }

    /// <summary>The decision that counts when nobody answers, or <see cref="Fail"/>; null: none, and the answer says that it expired.</summary>
    public required string? OnTimeout { get; init; }
}

internal enum StateOperation
{
    Set,

    /// <summary>Adds an item at the end of a list; of nothing, a list of one is made.</summary>
    Append,

    /// <summary>Puts the fields of an object over those that are there, objects in it likewise.</summary>
    Merge,
}

internal sealed record StateChange(StateOperation Operation, string Name, Template Value);

internal sealed class SetStep(StepCommon common) : FlowStep(common)
{
    public override string Kind => "set";
    public required IReadOnlyList<StateChange> Changes { get; init; }
}

internal sealed class ExitStep(StepCommon common) : FlowStep(common)
{
    public override string Kind => "exit";
    public required Template? Reason { get; init; }
    public required Template Outputs { get; init; }
}
