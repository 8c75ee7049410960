namespace Actors.Flows;

/// <summary>What a run has made of a step.</summary>
/// <param name="Note">Counts in words; null when there is nothing to count.</param>
internal sealed record StepMark(StepState State, string? Note)
{
    public static StepMark None { get; } = new(StepState.None, null);
}

/// <summary>What a run has made of the steps of a picture, by the ids of steps and lanes.</summary>
internal sealed class RunOverlay
{
    private readonly Dictionary<string, StepMark> _marks = new(StringComparer.Ordinal);

    /// <summary>What stands at the end of the flow; null: the usual word.</summary>
    public string? EndTitle { get; init; }

    public string? EndNote { get; init; }

    public StepState EndState { get; init; }

    public StepMark Of(string id) => _marks.GetValueOrDefault(id, StepMark.None);
}
