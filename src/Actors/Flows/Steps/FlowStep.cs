namespace Actors.Flows;

/// <summary>What every step may have, whatever it does.</summary>
/// <param name="Id">Under which later steps refer to its output; null when the author gave none.</param>
/// <param name="Name">The name of its verb: the id, else the task's name or the kind; legal as part of a step key.</param>
internal sealed record StepCommon(string? Id, string Name, int Line, int Column)
{
    /// <summary>False at run time: the step is skipped and its output is null.</summary>
    public Condition? If { get; init; }

    /// <summary>One line for people; null when there is none.</summary>
    public string? Description { get; init; }

    /// <summary>Null: its output is not kept for other runs.</summary>
    public CacheSetting? Cache { get; init; }

    /// <summary>What is done in its place when it has failed; null: nothing.</summary>
    public IReadOnlyList<FlowStep>? Fallback { get; init; }

    public ErrorHandler? OnError { get; init; }

    /// <summary>True when it is neither skipped nor cached nor handled: it is just run.</summary>
    public bool IsPlain => If is null && Cache is null && Fallback is null && OnError is null;
}

/// <param name="Key">Null: the step's evaluated inputs.</param>
internal sealed record CacheSetting(Template? Key, TimeSpan Ttl);

internal enum AfterError
{
    Continue,
    Fail,
    Exit,
}

/// <summary>What a failed step leads to.</summary>
internal sealed record ErrorHandler(IReadOnlyList<FlowStep> Steps, AfterError Then);

/// <summary>A list of steps inside a step.</summary>
/// <param name="Label">What people call it, e.g. <c>then</c>, the branch's or the state's name.</param>
internal readonly record struct StepBlock(string Label, IReadOnlyList<FlowStep> Steps);

/// <summary>A step as it was read: immutable, shared by all runs.</summary>
internal abstract class FlowStep(StepCommon common)
{
    /// <summary>The key in the file that says what the step is.</summary>
    public abstract string Kind { get; }

    public StepCommon Common => common;
    public string? Id => common.Id;
    public string Name => common.Name;
    public int Line => common.Line;
    public int Column => common.Column;
    public Condition? If => common.If;
    public ErrorHandler? OnError => common.OnError;
    public string? Description => common.Description;

    /// <summary>What is known of its output when it has run to its end: not when it was skipped, and not when its failure was handled.</summary>
    public virtual StaticType OutputType => StaticType.Any;

    /// <summary>The lists of steps that it may run, in the order of the file; without fallback and on_error.</summary>
    public virtual IReadOnlyList<StepBlock> Blocks => [];

    /// <summary>All lists of steps inside.</summary>
    public IEnumerable<StepBlock> AllBlocks
    {
        get
        {
            foreach (StepBlock block in Blocks)
            {
                yield return block;
            }

            if (common.Fallback is { } fallback)
            {
                yield return new StepBlock("fallback", fallback);
            }

            if (common.OnError is { Steps.Count: > 0 } handler)
            {
                yield return new StepBlock("on_error", handler.Steps);
            }
        }
    }
}

/// <summary>An output of a flow.</summary>
internal sealed record OutputValue(string Name, Template Value);
