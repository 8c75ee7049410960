namespace Actors.Flows;

/// <summary>
/// The picture of a flow: its steps as nodes, what follows what as edges, blocks as clusters. The same flow gives the same picture, to the letter. Immutable.
/// </summary>
public sealed class FlowDiagram
{
    /// <summary>The default of <c>stepsMax</c>: more in one picture can neither be read nor drawn by most programs.</summary>
    public const int StepsMax = 2_000;

    private readonly DiagramLane? _onCancel;
    private readonly RunOverlay? _overlay;
    private readonly Lazy<(IReadOnlyList<DiagramNode> Nodes, IReadOnlyList<DiagramEdge> Edges, IReadOnlyList<DiagramCluster> Clusters)> _graph;

    private FlowDiagram(string flow, string? description, IReadOnlyList<DiagramStep> steps, DiagramLane? onCancel, RunOverlay? overlay)
    {
        Flow = DiagramText.Line(flow, DiagramBuilder.TitleLengthMax);
        Description = description is null ? null : DiagramText.Line(description, 300);
        Steps = steps;
        _onCancel = onCancel;
        _overlay = overlay;
        _graph = new(() => new GraphBuilder(overlay).Build(Flow, steps, onCancel));
    }

    /// <summary>The flow's name.</summary>
    public string Flow { get; }

    public string? Description { get; }

    public IReadOnlyList<DiagramNode> Nodes => _graph.Value.Nodes;

    public IReadOnlyList<DiagramEdge> Edges => _graph.Value.Edges;

    /// <summary>Each after the one around it.</summary>
    public IReadOnlyList<DiagramCluster> Clusters => _graph.Value.Clusters;

    internal IReadOnlyList<DiagramStep> Steps { get; }

    internal DiagramLane? OnCancel => _onCancel;

    internal RunOverlay? Overlay => _overlay;

    /// <summary>The picture of a flow that is written in YAML; one that is written in C# has no tree of steps, only its runs have pictures.</summary>
    /// <param name="stepsMax">From 1. When the flow has more steps, blocks are drawn closed, the innermost first, with the number of steps in them.</param>
    public static FlowDiagram Of(YamlFlowDefinition flow, int stepsMax = StepsMax)
    {
        ArgumentNullException.ThrowIfNull(flow);
        ArgumentOutOfRangeException.ThrowIfLessThan(stepsMax, 1);
        DiagramBuilder builder = new(flow.Subflows, stepsMax);
        (IReadOnlyList<DiagramStep> steps, DiagramLane? onCancel) = builder.Build(flow.Name, flow.Steps, flow.OnCancel);
        return new FlowDiagram(flow.Name, flow.Description, steps, onCancel, null);
    }

    /// <summary>The picture of a run without its flow: the steps that it has come to, in the order in which they began.</summary>
    /// <param name="stepsMax">From 1; further steps are left out.</param>
    public static FlowDiagram Of(RunTrace trace, int stepsMax = StepsMax)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentOutOfRangeException.ThrowIfLessThan(stepsMax, 1);
        return new FlowDiagram(trace.Run.Flow, null, TraceDiagram.Steps(trace, stepsMax), null, null).With(trace);
    }

    /// <summary>The same picture with what a run has done so far.</summary>
    public FlowDiagram With(RunTrace trace)
    {
        ArgumentNullException.ThrowIfNull(trace);
        return new FlowDiagram(Flow, Description, Steps, _onCancel, RunOverlay.Lay(Steps, _onCancel, trace));
    }

    /// <summary>The same for steps that are in no file.</summary>
    internal static FlowDiagram Of(string flow, IReadOnlyList<FlowStep> steps, IReadOnlyList<FlowStep> onCancel, int stepsMax = StepsMax)
    {
        (IReadOnlyList<DiagramStep> drawn, DiagramLane? cancel) = new DiagramBuilder(new Dictionary<string, FlowDocument>(), stepsMax).Build(flow, steps, onCancel);
        return new FlowDiagram(flow, null, drawn, cancel, null);
    }

    /// <summary>As a flowchart of Mermaid (https://mermaid.js.org).</summary>
    public string ToMermaid() => MermaidWriter.Write(this);

    /// <summary>As an SVG image that needs nothing else: no script, no font and no address of another file.</summary>
    public string ToSvg() => SvgWriter.Write(this);

    /// <summary>As a page with that image in it. It needs <see cref="PagePolicy"/> and says so itself.</summary>
    public string ToHtml() => HtmlWriter.Write(this);

    /// <summary>The Content-Security-Policy of pages and images: nothing is loaded, nothing is run.</summary>
    public static string PagePolicy => HtmlWriter.Policy;
}
