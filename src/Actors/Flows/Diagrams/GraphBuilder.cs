namespace Actors.Flows;

/// <summary>Makes nodes, edges and clusters of steps: which node follows which, and why.</summary>
internal sealed class GraphBuilder(RunOverlay? overlay)
{
    public const string StartId = "flow_start";
    public const string EndId = "flow_end";
    private const string CancelledId = "flow_cancelled";

    private readonly List<DiagramNode> _nodes = [];
    private readonly List<DiagramEdge> _edges = [];
    private readonly List<DiagramCluster> _clusters = [];
    private string? _cluster;

    public (IReadOnlyList<DiagramNode> Nodes, IReadOnlyList<DiagramEdge> Edges, IReadOnlyList<DiagramCluster> Clusters) Build(string flow, IReadOnlyList<DiagramStep> steps, DiagramLane? onCancel)
    {
        Add(new DiagramNode(StartId, "start", DiagramShape.Terminal, flow, "", null, "", 0, null, null, overlay is null ? StepState.None : StepState.Done, null));
        List<Port> exits = Steps(steps, [new Port(StartId)]);
        Add(new DiagramNode(EndId, "end", DiagramShape.Terminal, overlay?.EndTitle ?? "end", "", null, "", 0, null, null, overlay?.EndState ?? StepState.None, overlay?.EndNote));
        Connect(exits, EndId);
        if (onCancel is not null)
        {
            In("on_cancel", onCancel.Id, "on cancel", overlay?.Of(onCancel.Id).State ?? StepState.None, () =>
            {
                Add(new DiagramNode(CancelledId, "start", DiagramShape.Terminal, "cancelled", "", null, onCancel.Path, 0, _cluster, null, StepState.None, null));
                Steps(onCancel.Steps, [new Port(CancelledId)]);
            });
        }

        return (_nodes, _edges, _clusters);
    }

    private List<Port> Steps(IReadOnlyList<DiagramStep> steps, List<Port> entries)
    {
        foreach (DiagramStep step in steps)
        {
            entries = Step(step, entries);
        }

        return entries;
    }

    private List<Port> Step(DiagramStep step, List<Port> entries)
    {
        List<Port> exits = [];
        if (step.Guard is not null)
        {
            string guard = step.Id + "__if";
            Add(new DiagramNode(guard, "guard", DiagramShape.Diamond, step.Guard, "", null, step.Path, step.Line, _cluster, null, StepState.None, null));
            Connect(entries, guard);
            entries = [new Port(guard, "yes")];
            exits.Add(new Port(guard, "no"));
        }

        if (step.Lanes.Count > 0 && step.Form != DiagramForm.Choice)
        {
            In(step.Kind, step.Id + "__box", step.Title, overlay?.Of(step.Id).State ?? StepState.None, () => exits.AddRange(Inside(step, entries)));
        }
        else
        {
            exits.AddRange(Inside(step, entries));
        }

        return exits;
    }

    // The step, and what belongs to its failure.
    private List<Port> Inside(DiagramStep step, List<Port> entries)
    {
        Node(step, step.Id, step.Kind, step.Shape, step.Title, step.Detail);
        Connect(entries, step.Id);
        List<Port> exits = step.Form switch
        {
            DiagramForm.Choice => Choice(step),
            DiagramForm.Fork => Fork(step),
            DiagramForm.Loop => Loop(step),
            DiagramForm.Machine => Machine(step),
            DiagramForm.Block => Block(step),
            _ => step.Kind == "exit" ? [] : [new Port(step.Id, step.IsBackground ? "at once" : null)],
        };
        if (step.Undo is not null)
        {
            string undo = step.Id + "__undo";
            Add(new DiagramNode(undo, "undo", DiagramShape.Rounded, step.Undo, "", null, step.Path, step.Line, _cluster, null, overlay?.Of(undo).State ?? StepState.None, null));
            _edges.Add(new DiagramEdge(step.Id, undo, DiagramEdgeKind.Undo, null));
        }

        List<Port> failures = [new Port(step.Id, "on failure", DiagramEdgeKind.Failure)];
        if (step.Fallback is not null)
        {
            List<Port> from = failures;
            In("fallback", step.Fallback.Id, "fallback", overlay?.Of(step.Fallback.Id).State ?? StepState.None, () => exits.AddRange(Steps(step.Fallback.Steps, from)));
            failures = [new Port(step.Id, "fallback failed", DiagramEdgeKind.Failure)];
        }

        if (step.Then is { } then)
        {
            List<Port> handled = failures;
            if (step.OnError is not null)
            {
                In("on_error", step.OnError.Id, "on error", overlay?.Of(step.OnError.Id).State ?? StepState.None, () => handled = Steps(step.OnError.Steps, failures));
            }

            if (then == AfterError.Continue)
            {
                exits.AddRange(handled);
            }
            else if (handled.Count > 0)
            {
                string end = step.Id + "__then";
                Add(new DiagramNode(end, "end", DiagramShape.Terminal, then == AfterError.Exit ? "exit" : "fail", "", null, step.Path, step.Line, _cluster, null, StepState.None, null));
                Connect(handled, end);
            }
        }

        return exits;
    }

    private List<Port> Choice(DiagramStep step)
    {
        List<Port> exits = [];
        foreach (DiagramLane lane in step.Lanes)
        {
            exits.AddRange(Steps(lane.Steps, [new Port(step.Id, lane.Label)]));
        }

        return exits;
    }

    private List<Port> Fork(DiagramStep step)
    {
        List<Port> ends = [];
        Dictionary<string, (string First, List<Port> Exits)> lanes = new(StringComparer.Ordinal);
        foreach (DiagramLane lane in step.Lanes)
        {
            Port entry = new(step.Id, lane.Label.Length == 0 ? null : lane.Label);
            if (lane.Steps.Count == 0)
            {
                ends.Add(entry);
                continue;
            }

            int first = _nodes.Count;
            List<Port> exits = [];
            List<Port> entries = lane.After.Count == 0 ? [entry] : [];
            if (lane.Label.Length == 0)
            {
                exits = Steps(lane.Steps, entries);
            }
            else
            {
                In("branch", lane.Id, lane.Label, overlay?.Of(lane.Id).State ?? StepState.None, () => exits = Steps(lane.Steps, entries));
            }

            lanes[lane.Key ?? lane.Id] = (_nodes[first].Id, exits);
            ends.AddRange(exits);
        }

        foreach (DiagramLane lane in step.Lanes)
        {
            foreach (string after in lane.After)
            {
                if (lane.Key is not null && lanes.TryGetValue(lane.Key, out (string First, List<Port> Exits) to) && lanes.TryGetValue(after, out (string First, List<Port> Exits) from))
                {
                    foreach (Port exit in from.Exits)
                    {
                        _edges.Add(new DiagramEdge(exit.Node, to.First, DiagramEdgeKind.Depends, null));
                    }
                }
            }
        }

        string join = step.Id + "__join";
        Add(new DiagramNode(join, "join", DiagramShape.Dot, "join", "", null, step.Path, step.Line, _cluster, null, StepState.None, null));
        Connect(ends, join);
        return [new Port(join)];
    }

    private List<Port> Loop(DiagramStep step)
    {
        List<Port> ends = step.Lanes.Count == 0 ? [] : Steps(step.Lanes[0].Steps, [new Port(step.Id, step.Kind == "for_each" ? "each" : "again")]);
        List<Port> exits = step.HeadEnds ? [new Port(step.Id, "done")] : [];
        if (step.Until is not null)
        {
            string until = step.Id + "__until";
            Add(new DiagramNode(until, "guard", DiagramShape.Diamond, $"until {step.Until}", "", null, step.Path, step.Line, _cluster, null, StepState.None, null));
            Connect(ends, until);
            ends = [new Port(until, "no")];
            exits.Insert(0, new Port(until, "yes"));
        }

        foreach (Port end in ends)
        {
            _edges.Add(new DiagramEdge(end.Node, step.Id, DiagramEdgeKind.Back, end.Label));
        }

        return exits;
    }

    private List<Port> Block(DiagramStep step)
    {
        List<Port> exits = [new Port(step.Id)];
        foreach (DiagramLane lane in step.Lanes)
        {
            if (lane.Role == LaneRole.Finally)
            {
                List<Port> entries = [.. exits, new Port(step.Id, "in any case", DiagramEdgeKind.Failure)];
                In("finally", lane.Id, "finally", overlay?.Of(lane.Id).State ?? StepState.None, () => exits = Steps(lane.Steps, entries));
            }
            else
            {
                exits = Steps(lane.Steps, exits);
            }
        }

        return exits;
    }

    private List<Port> Machine(DiagramStep step)
    {
        List<Port>[] ends = new List<Port>[step.Lanes.Count];
        for (int i = 0; i < step.Lanes.Count; i++)
        {
            DiagramLane lane = step.Lanes[i];
            StepMark mark = overlay?.Of(lane.Id) ?? StepMark.None;
            int number = i;
            In("state", lane.Id, lane.Label, mark.State, () =>
            {
                string state = lane.Id + "__state";
                Add(new DiagramNode(state, "state", DiagramShape.Rounded, lane.Label, "", null, lane.Path, step.Line, _cluster, null, mark.State, mark.Note));
                ends[number] = Steps(lane.Steps, [new Port(state)]);
            });
        }

        if (step.Lanes.Count > 0)
        {
            _edges.Add(new DiagramEdge(step.Id, step.Lanes[step.StartLane].Id + "__state", DiagramEdgeKind.Next, "start"));
        }

        List<Port> exits = [];
        foreach (DiagramTransition transition in step.Transitions)
        {
            string? label = transition.Label.Length == 0 ? null : transition.Label;
            List<Port> from = transition.IsFailure ? [new Port(step.Lanes[transition.From].Id + "__state")] : ends[transition.From];
            if (transition.To is not { } to)
            {
                exits.AddRange(from.Select(port => port with { Label = label ?? port.Label }));
                continue;
            }

            foreach (Port port in from)
            {
                _edges.Add(new DiagramEdge(
                    port.Node, step.Lanes[to].Id + "__state", transition.IsFailure ? DiagramEdgeKind.Failure : DiagramEdgeKind.Transition, label ?? port.Label));
            }
        }

        return exits;
    }

    private void Node(DiagramStep step, string id, string kind, DiagramShape shape, string title, string detail)
    {
        StepMark mark = overlay?.Of(step.Id) ?? StepMark.None;
        Add(new DiagramNode(id, kind, shape, title, detail, step.StepId, step.Path, step.Line, _cluster, step.Description, mark.State, mark.Note));
    }

    private void Add(DiagramNode node) => _nodes.Add(node);

    private void Connect(List<Port> from, string to)
    {
        foreach (Port port in from)
        {
            _edges.Add(new DiagramEdge(port.Node, to, port.Kind, port.Label));
        }
    }

    private void In(string kind, string id, string title, StepState state, Action body)
    {
        string? around = _cluster;
        _clusters.Add(new DiagramCluster(id, kind, title, around, state));
        _cluster = id;
        body();
        _cluster = around;
    }

    /// <summary>A way out of a node.</summary>
    private readonly record struct Port(string Node, string? Label = null, DiagramEdgeKind Kind = DiagramEdgeKind.Next);
}
