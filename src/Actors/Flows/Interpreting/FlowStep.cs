namespace Actors.Flows;

/// <summary>A step as it was read: immutable, shared by all runs.</summary>
internal abstract class FlowStep
{
    /// <summary>Under which later steps refer to its output; null when the author gave none.</summary>
    public string? Id { get; init; }

    /// <summary>The name of its verb: the id, else the task's name or the kind; legal as part of a step key.</summary>
    public required string Name { get; init; }

    public required int Line { get; init; }

    /// <summary>False at run time: the step is skipped and its output is null.</summary>
    public Condition? If { get; init; }

    public ErrorHandler? OnError { get; init; }

    /// <summary>One line for people; null when there is none.</summary>
    public string? Description { get; init; }
}

internal enum AfterError
{
    Continue,
    Fail,
    Exit,
}

/// <summary>What a failed step leads to.</summary>
internal sealed record ErrorHandler(IReadOnlyList<FlowStep> Steps, AfterError Then);

internal sealed class TaskStep : FlowStep
{
    public required string Task { get; init; }
    public required Template Inputs { get; init; }
    public required StepOptions Options { get; init; }
}

internal sealed class IfStep : FlowStep
{
    public required Condition Condition { get; init; }
    public required IReadOnlyList<FlowStep> Then { get; init; }
    public required IReadOnlyList<FlowStep> Else { get; init; }
    public required ScopeOptions? Options { get; init; }
}

/// <param name="When">Any of them equals the subject.</param>
internal sealed record SwitchCase(IReadOnlyList<Template> When, IReadOnlyList<FlowStep> Do);

internal sealed class SwitchStep : FlowStep
{
    public required Template Subject { get; init; }
    public required IReadOnlyList<SwitchCase> Cases { get; init; }
    public required IReadOnlyList<FlowStep> Default { get; init; }
    public required ScopeOptions? Options { get; init; }
}

internal sealed class ForEachStep : FlowStep
{
    public required Template Items { get; init; }

    /// <summary>The variable that holds the item.</summary>
    public required string As { get; init; }

    public required IReadOnlyList<FlowStep> Do { get; init; }
    public required MapOptions Options { get; init; }
}

internal sealed class ParallelStep : FlowStep
{
    public required IReadOnlyList<(string Key, FlowStep Step)> Branches { get; init; }
    public required ScopeOptions? Options { get; init; }
}

internal sealed class ExitStep : FlowStep
{
    public required Template? Reason { get; init; }
    public required Template Outputs { get; init; }
}

internal sealed class WaitStep : FlowStep
{
    /// <summary>A duration, or a point in time when <see cref="IsUntil"/>.</summary>
    public required Template Time { get; init; }

    public required bool IsUntil { get; init; }
}

internal sealed class ApprovalStep : FlowStep
{
    /// <summary>For <see cref="OnTimeout"/>: the step fails.</summary>
    public const string Fail = "fail";

    public required Template Title { get; init; }
    public required Template? Details { get; init; }
    public required IReadOnlyList<string> Decisions { get; init; }

    /// <summary>A list, or one name; null when everybody may answer.</summary>
    public required Template? Candidates { get; init; }

    public required TimeSpan? Timeout { get; init; }

    /// <summary>The decision that counts when nobody answers, or <see cref="Fail"/>; null: none, and the answer says that it expired.</summary>
    public required string? OnTimeout { get; init; }
}

/// <summary>An output of a flow.</summary>
internal sealed record OutputValue(string Name, Template Value);
