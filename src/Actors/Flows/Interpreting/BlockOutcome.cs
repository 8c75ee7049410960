using System.Text.Json;

namespace Actors.Flows;

/// <summary>Why and with what a flow ends itself early.</summary>
internal sealed record ExitSignal(string Reason, Value Outputs);

/// <summary>What a finished block leaves behind: recorded once, so that the block is never entered again.</summary>
/// <param name="Values">The outputs of the steps in it by id.</param>
/// <param name="Exit">Null: the flow goes on.</param>
internal sealed record BlockOutcome(Value Values, ExitSignal? Exit);

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
