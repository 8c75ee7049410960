namespace Actors.Flows;

internal enum LaneRole
{
    /// <summary>What the step does, or repeats.</summary>
    Body,

    /// <summary>One of several ways.</summary>
    Choice,

    /// <summary>One of several ways at the same time.</summary>
    Branch,

    /// <summary>A state of a state machine.</summary>
    State,

    Finally,
    Fallback,
    OnError,
}

/// <summary>A list of steps inside a step.</summary>
/// <param name="Id">The cluster's id in pictures.</param>
/// <param name="Key">The part of step keys that stands for it: the branch's or the state's name; null when its steps are right beneath the step's own key.</param>
/// <param name="Path">Where it stands in the file, e.g. <c>steps[2].then</c>.</param>
/// <param name="After">The keys of lanes that must have ended before.</param>
internal sealed record DiagramLane(string Id, string Label, LaneRole Role, string? Key, string Path, IReadOnlyList<DiagramStep> Steps, IReadOnlyList<string> After);

/// <summary>A way from one state to another.</summary>
/// <param name="From">The number of the lane it leads out of.</param>
/// <param name="To">The number of the lane it leads to; null: out of the machine.</param>
internal sealed record DiagramTransition(int From, int? To, string Label, bool IsFailure);

/// <summary>How the steps of a step go together.</summary>
internal enum DiagramForm
{
    /// <summary>No steps inside.</summary>
    Leaf,

    /// <summary>One of its lanes.</summary>
    Choice,

    /// <summary>Several of its lanes, at the same time.</summary>
    Fork,

    /// <summary>Its lane, again and again.</summary>
    Loop,

    /// <summary>One lane after the other.</summary>
    Block,

    Machine,
}

/// <summary>A step as it is drawn. A step of the file, with all that people want to know about it in words.</summary>
internal sealed class DiagramStep
{
    public required string Id { get; init; }
    public required string Kind { get; init; }
    public required DiagramShape Shape { get; init; }

    /// <summary>Its name in step keys.</summary>
    public required string Name { get; init; }

    public required string? StepId { get; init; }
    public required string Path { get; init; }

    /// <summary>0: no line of the file.</summary>
    public required int Line { get; init; }

    public required string Title { get; init; }

    /// <summary>Empty: nothing more to say.</summary>
    public required string Detail { get; init; }

    public required DiagramForm Form { get; init; }
    public string? Description { get; init; }

    /// <summary>The condition without which it is skipped; null: none.</summary>
    public string? Guard { get; init; }

    /// <summary>Its own lanes, without those of failures.</summary>
    public IReadOnlyList<DiagramLane> Lanes { get; init; } = [];

    public DiagramLane? Fallback { get; init; }
    public DiagramLane? OnError { get; init; }

    /// <summary>How the flow goes on after a failure; null: it has no on_error.</summary>
    public AfterError? Then { get; init; }

    /// <summary>What undoes it; null: nothing.</summary>
    public string? Undo { get; init; }

    /// <summary>Of a for_each: the list; null for everything else.</summary>
    public Template? Items { get; init; }

    /// <summary>For loops: asked after the body; null: nothing is.</summary>
    public string? Until { get; init; }

    /// <summary>For loops: the way on may lead out of the head.</summary>
    public bool HeadEnds { get; init; } = true;

    public bool IsBackground { get; init; }

    /// <summary>Its output may come from an earlier time.</summary>
    public bool IsCached { get; init; }

    /// <summary>False: a walk can pass it without a trace in the journal.</summary>
    public bool LeavesTrace { get; init; } = true;

    public int StartLane { get; init; }
    public IReadOnlyList<DiagramTransition> Transitions { get; init; } = [];

    /// <summary>How many steps inside are left out of the picture; 0: none.</summary>
    public int Hidden { get; init; }

    public IEnumerable<DiagramLane> AllLanes
    {
        get
        {
            foreach (DiagramLane lane in Lanes)
            {
                yield return lane;
            }

            if (Fallback is not null)
            {
                yield return Fallback;
            }

            if (OnError is not null)
            {
                yield return OnError;
            }
        }
    }
}
