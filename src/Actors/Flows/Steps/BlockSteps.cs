namespace Actors.Flows;

internal sealed class IfStep(StepCommon common) : FlowStep(common)
{
    public override string Kind => "if";
    public required Condition Condition { get; init; }
    public required IReadOnlyList<FlowStep> Then { get; init; }
    public required IReadOnlyList<FlowStep> Else { get; init; }
    public required ScopeOptions? Options { get; init; }

    /// <summary>The condition as it is written, for pictures.</summary>
    public required string Source { get; init; }

    public override IReadOnlyList<StepBlock> Blocks => Else.Count == 0 ? [new("then", Then)] : [new("then", Then), new("else", Else)];
}

/// <param name="When">Any of them equals the subject.</param>
/// <param name="Label">The values as they are written.</param>
internal sealed record SwitchCase(IReadOnlyList<Template> When, IReadOnlyList<FlowStep> Do, string Label);

internal sealed class SwitchStep(StepCommon common) : FlowStep(common)
{
    public override string Kind => "switch";
    public required Template Subject { get; init; }
    public required IReadOnlyList<SwitchCase> Cases { get; init; }
    public required IReadOnlyList<FlowStep> Default { get; init; }
    public required ScopeOptions? Options { get; init; }

    public override IReadOnlyList<StepBlock> Blocks =>
        [.. Cases.Select(c => new StepBlock(c.Label, c.Do)), .. Default.Count == 0 ? (StepBlock[])[] : [new("default", Default)]];
}

/// <summary>A block of its own, with what is done at its end in any case.</summary>
internal sealed class DoStep(StepCommon common) : FlowStep(common)
{
    public override string Kind => "do";
    public required IReadOnlyList<FlowStep> Do { get; init; }
    public required IReadOnlyList<FlowStep> Finally { get; init; }
    public required ScopeOptions? Options { get; init; }

    public override IReadOnlyList<StepBlock> Blocks => Finally.Count == 0 ? [new("do", Do)] : [new("do", Do), new("finally", Finally)];
}

internal enum ItemError
{
    Fail,

    /// <summary>The item is left out of the results.</summary>
    Skip,

    /// <summary>The item's result is <c>{error: …}</c>.</summary>
    Collect,
}

internal sealed class ForEachStep(StepCommon common) : FlowStep(common)
{
    public override string Kind => "for_each";
    public required Template Items { get; init; }

    /// <summary>The variable that holds the item.</summary>
    public required string As { get; init; }

    /// <summary>The variable that holds the item's number, from 0.</summary>
    public required string IndexAs { get; init; }

    public required IReadOnlyList<FlowStep> Do { get; init; }
    public required MapOptions Options { get; init; }

    /// <summary>The item's key in the journal; null: its number.</summary>
    public required Template? Key { get; init; }

    public required ItemError OnItemError { get; init; }

    /// <summary>What an iteration gives; null: the output of its only step, else all its ids.</summary>
    public required Template? Collect { get; init; }

    // A collected failure stands among the results.
    public override StaticType OutputType => Collect is null || OnItemError == ItemError.Collect ? StaticType.List : StaticType.ListOf(Collect.Type);

    public override IReadOnlyList<StepBlock> Blocks => [new("do", Do)];
}

internal sealed class LoopStep(StepCommon common) : FlowStep(common)
{
    public override string Kind => "loop";
    public required IReadOnlyList<FlowStep> Do { get; init; }

    /// <summary>Asked before an iteration; null: always true.</summary>
    public required Condition? While { get; init; }

    /// <summary>Asked after an iteration; null: always false.</summary>
    public required Condition? Until { get; init; }

    /// <summary>The largest number of iterations.</summary>
    public required int Max { get; init; }

    /// <summary>True: at the largest number the loop ends well.</summary>
    public required bool ExitsOnMax { get; init; }

    /// <summary>The first <c>carried</c>.</summary>
    public required Template Carry { get; init; }

    /// <summary>The <c>carried</c> of the next iteration; null: the last step's output.</summary>
    public required Template? Next { get; init; }

    /// <summary>Applied after every iteration, in this order.</summary>
    public required IReadOnlyList<StateChange> Changes { get; init; }

    public required ScopeOptions? Options { get; init; }

    public override IReadOnlyList<StepBlock> Blocks => [new("do", Do)];
}

internal enum MergePolicy
{
    /// <summary>Two different values fail the step.</summary>
    Error,
    First,
    Last,

    /// <summary>Objects are put together, lists joined; of anything else the last counts.</summary>
    Deep,

    /// <summary>Nothing is taken out of the branches.</summary>
    None,
}

internal enum BranchFailure
{
    Propagate,
    Ignore,
    Collect,
}

internal enum Reduction
{
    Keys,
    Values,
    Union,
    Concat,
    First,
    Last,
    Majority,
    Sum,
}

/// <summary>What becomes of the results of branches.</summary>
/// <param name="Merge">By key; <c>*</c> is for all others.</param>
/// <param name="Fields">By branch: the keys that are taken out of it; a branch that is not there gives all.</param>
/// <param name="Reduce">Null: the output is an object of all branches.</param>
/// <param name="ReduceBy">An expression that sees <c>branches</c>; null: none.</param>
internal sealed record BranchResults(
    IReadOnlyDictionary<string, MergePolicy> Merge,
    IReadOnlyDictionary<string, IReadOnlyCollection<string>> Fields,
    Reduction? Reduce,
    Template? ReduceBy,
    BranchFailure OnFailure)
{
    public const string Others = "*";

    public MergePolicy PolicyOf(string key) => Merge.TryGetValue(key, out MergePolicy policy) || Merge.TryGetValue(Others, out policy) ? policy : MergePolicy.Error;
}

/// <param name="After">The keys of the branches that must have ended before.</param>
internal sealed record ParallelBranch(string Key, IReadOnlyList<FlowStep> Steps, IReadOnlyList<string> After);

internal sealed class ParallelStep(StepCommon common) : FlowStep(common)
{
    public override string Kind => "parallel";
    public required IReadOnlyList<ParallelBranch> Branches { get; init; }

    /// <summary>True: the branches have names, and the output has one field for each. False: each branch is one step, and the output has one field for each id.</summary>
    public required bool IsNamed { get; init; }

    public required BranchResults Results { get; init; }

    /// <summary>How many branches at a time; null: all.</summary>
    public required int? Concurrency { get; init; }

    public required ScopeOptions? Options { get; init; }

    public override IReadOnlyList<StepBlock> Blocks => [.. Branches.Select(b => new StepBlock(b.Key, b.Steps))];
}

internal sealed class RouteStep(StepCommon common) : FlowStep(common)
{
    public override string Kind => "route";

    /// <summary>Gives a name or a list of names; null when <see cref="Task"/> does.</summary>
    public required Template? Choice { get; init; }

    public required TaskStep? Task { get; init; }
    public required IReadOnlyList<ParallelBranch> Branches { get; init; }

    /// <summary>Run when no branch is chosen.</summary>
    public required IReadOnlyList<FlowStep> Default { get; init; }

    public required bool IgnoresUnknown { get; init; }
    public required BranchResults Results { get; init; }
    public required ScopeOptions? Options { get; init; }

    public override IReadOnlyList<StepBlock> Blocks =>
        [.. Branches.Select(b => new StepBlock(b.Key, b.Steps)), .. Default.Count == 0 ? (StepBlock[])[] : [new("default", Default)]];
}

internal enum TransitionOn
{
    Success,
    Failure,
    Any,
}

/// <param name="From">The states it leads out of; null: all.</param>
internal sealed record StateTransition(IReadOnlyCollection<string>? From, string To, TransitionOn On, Condition? If);

/// <param name="Transitions">Its own, then those that several states share.</param>
internal sealed record MachineState(string Name, IReadOnlyList<FlowStep> Do, IReadOnlyList<StateTransition> Transitions, bool IsEnd);

internal sealed class StateMachineStep(StepCommon common) : FlowStep(common)
{
    public override string Kind => "state_machine";
    public required string Start { get; init; }
    public required IReadOnlyList<MachineState> States { get; init; }

    /// <summary>The first <c>data</c>.</summary>
    public required Template Data { get; init; }

    public required int HopsMax { get; init; }
    public required ScopeOptions? Options { get; init; }

    public override IReadOnlyList<StepBlock> Blocks => [.. States.Select(s => new StepBlock(s.Name, s.Do))];
}

internal enum SubflowFailure
{
    /// <summary>The step fails.</summary>
    Abort,

    /// <summary>Its output is null.</summary>
    Skip,

    /// <summary>Its output is a given value.</summary>
    Default,
}

internal sealed class SubflowStep(StepCommon common) : FlowStep(common)
{
    public override string Kind => "subflow";
    public required string Flow { get; init; }

    /// <summary>The version label or pinned version, for a child run; null: the latest.</summary>
    public required string? Version { get; init; }

    public required Template Inputs { get; init; }

    /// <summary>Sees <c>result</c>; null: the subflow's outputs as they are.</summary>
    public required Template? Outputs { get; init; }

    /// <summary>True: a run of its own.</summary>
    public required bool IsChild { get; init; }

    public required SubflowFailure OnFailure { get; init; }
    public required Template Default { get; init; }
    public required ScopeOptions? Options { get; init; }

    /// <summary>True: the flow goes on at once; the block around waits at its end.</summary>
    public bool IsBackground { get; init; }

    public override StaticType OutputType => Outputs is null ? StaticType.Any
        : OnFailure == SubflowFailure.Default ? Outputs.Type.Or(Default.Type)
        : Outputs.Type;
}
