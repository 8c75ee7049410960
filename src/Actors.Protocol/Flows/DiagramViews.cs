using System.Text.Json.Serialization;

namespace Actors.Protocol;

/// <summary>How a diagram is written.</summary>
[JsonConverter(typeof(KebabEnumConverter<DiagramFormat>))]
public enum DiagramFormat
{
    /// <summary>A flowchart of Mermaid.</summary>
    Mermaid,

    /// <summary>An image that needs no other file.</summary>
    Svg,

    /// <summary>A page with that image, without scripts.</summary>
    Html,

    /// <summary>A <see cref="DiagramView"/>.</summary>
    Json,
}

/// <summary>The diagram of a flow, maybe with the state of a run laid over it.</summary>
/// <param name="Run">The run's id; absent when none is laid over it.</param>
/// <param name="Clusters">Boxes around nodes; each after the one around it.</param>
public sealed record DiagramView(
    string Flow,
    string? Run,
    string Mermaid,
    IReadOnlyList<DiagramNodeView> Nodes,
    IReadOnlyList<DiagramEdgeView> Edges,
    IReadOnlyList<DiagramClusterView> Clusters);

/// <param name="Id">The same in all formats, and as long as the step keeps its id.</param>
/// <param name="Kind">The step's kind; start, end, guard, join, state and undo are nodes that are no step. Later versions may add kinds.</param>
/// <param name="Detail">A second line; absent when there is none.</param>
/// <param name="Step">The step's id; absent when it has none.</param>
/// <param name="Path">Where it stands in the file, e.g. <c>steps[2].then[0]</c>; absent for nodes of the flow itself.</param>
/// <param name="Line">The line of the file; absent when it has none.</param>
/// <param name="Cluster">The innermost cluster that it is in; absent: none.</param>
/// <param name="State">Absent without a run, and when the run has not come to it.</param>
/// <param name="Note">Counts of the run, e.g. <c>37/50, 1 failed</c>.</param>
public sealed record DiagramNodeView(
    string Id, string Kind, string Title, string? Detail, string? Description, string? Step, string? Path, int? Line, string? Cluster, DiagramState? State, string? Note);

/// <param name="Kind">Later versions may add kinds.</param>
public sealed record DiagramEdgeView(string From, string To, string Kind, string? Label);

public sealed record DiagramClusterView(string Id, string Kind, string Title, string? Parent, DiagramState? State);

/// <summary>What a run has done with a step.</summary>
[JsonConverter(typeof(KebabEnumConverter<DiagramState>))]
public enum DiagramState
{
    Done,
    Failed,
    Running,
    Waiting,
    Skipped,
    Cancelled,
}
