namespace Actors.Flows;

/// <summary>What a node looks like.</summary>
public enum DiagramShape
{
    /// <summary>A step that acts.</summary>
    Box,

    /// <summary>Where the flow begins and ends.</summary>
    Terminal,

    /// <summary>A question that chooses the way.</summary>
    Diamond,

    /// <summary>The head of a loop, a route or a state machine.</summary>
    Hexagon,

    /// <summary>Another flow.</summary>
    Subroutine,

    /// <summary>State.</summary>
    Cylinder,

    /// <summary>Waits, for time or a signal.</summary>
    Rounded,

    /// <summary>People are asked.</summary>
    Slanted,

    /// <summary>Something is sent.</summary>
    Flag,

    /// <summary>Where ways part and come together.</summary>
    Dot,
}

/// <summary>What an edge says.</summary>
public enum DiagramEdgeKind
{
    Next,

    /// <summary>Taken when a step has failed.</summary>
    Failure,

    /// <summary>To the next iteration.</summary>
    Back,

    /// <summary>Between branches: the one must have ended before the other.</summary>
    Depends,

    /// <summary>From one state of a state machine to another.</summary>
    Transition,

    /// <summary>To what undoes a step when the run fails later.</summary>
    Undo,
}

/// <summary>A node of the picture of a flow. Texts are plain: one line, without control characters, shortened.</summary>
/// <param name="Id">A to Z, a to z, digits and <c>_</c>; the same as long as the step has the same id.</param>
/// <param name="Kind">The step's kind; <c>start</c>, <c>end</c>, <c>guard</c>, <c>join</c>, <c>state</c>, <c>undo</c> for nodes that are no step.</param>
/// <param name="Detail">A second line; empty when there is none.</param>
/// <param name="StepId">Null when the author gave none.</param>
/// <param name="Path">Where it stands in the file, e.g. <c>steps[2].then[0]</c>; empty for the flow itself.</param>
/// <param name="Line">From 1; 0 when it stands in no file.</param>
/// <param name="Cluster">The id of the cluster it is in; null: none.</param>
/// <param name="State">What became of it in the run that is laid over the picture.</param>
/// <param name="Note">Counts of that run, e.g. <c>37 done, 1 failed</c>; null when there is nothing to say.</param>
public sealed record DiagramNode(
    string Id, string Kind, DiagramShape Shape, string Title, string Detail, string? StepId, string Path, int Line, string? Cluster, string? Description, StepState State, string? Note);

/// <param name="Label">Null: none.</param>
public sealed record DiagramEdge(string From, string To, DiagramEdgeKind Kind, string? Label);

/// <summary>A box around nodes.</summary>
/// <param name="Kind">The step's kind, or branch, state, finally, fallback, on_error, on_cancel.</param>
/// <param name="Parent">The cluster around it; null: none.</param>
public sealed record DiagramCluster(string Id, string Kind, string Title, string? Parent, StepState State);

/// <summary>What a run has done with a step.</summary>
public enum StepState
{
    /// <summary>Nothing yet, or no run is looked at.</summary>
    None,
    Done,
    Failed,
    Running,

    /// <summary>For a person, a time, a signal, a child or the next attempt.</summary>
    Waiting,

    /// <summary>Passed by: its condition was false, or the flow went another way.</summary>
    Skipped,
    Cancelled,
}
