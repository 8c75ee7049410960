using System.Text.Json;
using System.Text.Json.Serialization;
using Actors.Runs;

namespace Actors.Flows;

/// <summary>Why and with what a flow ends itself early.</summary>
[IsItsOwnJson]
internal sealed record ExitSignal(string Reason, Value Outputs);

/// <summary>What a finished block leaves behind: recorded once, so that the block is never entered again.</summary>
/// <param name="Values">The outputs of the steps in it by id.</param>
/// <param name="Exit">Null: the flow goes on.</param>
/// <param name="Last">The id of the last step, whose output is the block's; null when it has none.</param>
/// <param name="Output">The last step's output when it has no id.</param>
[IsItsOwnJson]
internal sealed record BlockOutcome(
    Value Values,
    ExitSignal? Exit,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Last = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] Value Output = default)
{
    [JsonIgnore]
    public Value Result => Last is not null && Values.AsObject is { } map && map.TryGet(Last, out Value value) ? value : Output;
}

/// <summary>What a branch leaves behind.</summary>
/// <param name="Block">Null when the branch has failed.</param>
/// <param name="State">What it wrote to the flow's state, by field; null when nothing.</param>
/// <param name="Error">Null when the branch has not failed.</param>
[IsItsOwnJson]
internal sealed record BranchOutcome(
    BlockOutcome? Block,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, JsonElement>? State = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] Value Error = default)
{
    [JsonIgnore]
    public bool HasFailed => Block is null;
}

/// <summary>What an iteration leaves behind when there is more to say than its result.</summary>
[IsItsOwnJson]
internal sealed record ItemOutcome(
    Value Result,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool IsSkipped = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, JsonElement>? State = null);

/// <summary>Where a loop stands between two iterations.</summary>
[IsItsOwnJson]
internal sealed record LoopProgress(
    Value Carried,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ExitSignal? Exit = null);

/// <summary>Where a state machine stands between two states.</summary>
/// <param name="State">The state that is entered next; the last one at the end.</param>
/// <param name="Error">Why the state before has failed; null when it has not.</param>
[IsItsOwnJson]
internal sealed record MachineProgress(
    string State,
    Value Data,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] Value Error = default,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ExitSignal? Exit = null);

/// <summary>How a step ended.</summary>
internal readonly record struct StepEnd(Value Output, ExitSignal? Exit = null);

/// <summary>
/// An exit inside a branch or an iteration must end its siblings. The verbs end siblings for a failure only, so it travels as one, out of the branch to the verb that
/// runs the branches, where it becomes an exit again.
/// </summary>
internal static class FlowExit
{
    public const string ErrorType = "FlowExit";

    public static StepFailedException ToFailure(ExitSignal exit, string step) =>
        new(step, new FlowError(ErrorType, exit.Reason, null, JsonSerializer.SerializeToElement(exit, FlowJson.Options)));

    /// <summary>The signal; null when the failure is a real one.</summary>
    public static ExitSignal? From(StepFailedException failure) => failure.Error is { Type: ErrorType, Data: { } data }
        ? data.Deserialize<ExitSignal>(FlowJson.Options)
        : null;
}
