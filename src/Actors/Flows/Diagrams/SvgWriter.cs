using System.Globalization;
using System.Text;

namespace Actors.Flows;

/// <summary>Writes a picture that needs nothing but itself: no script, no font, no address of anything else; light and dark as the reader's system is.</summary>
internal static class SvgWriter
{
    private const double Margin = 20;

    private const string Style = """
        .fd{font:11px system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;background:#fff}
        .fd text{fill:#1f2328}
        .fd-n text{text-anchor:middle;font-size:12px;font-weight:600}
        .fd-n .fd-d{font-size:11px;font-weight:400;fill:#57606a}
        .fd-n .fd-b{font-size:11px;font-weight:600}
        .fd-n rect,.fd-n polygon{fill:#f6f8fa;stroke:#57606a}
        .fd-k-start rect,.fd-k-end rect,.fd-k-exit rect{fill:#e7ecf2}
        .fd-c rect{fill:#fff;stroke:#8c959f}
        .fd-c text,.fd .fd-e{fill:#57606a;font-size:11px}
        .fd-l{fill:none;stroke:#57606a}
        .fd .fd-dash{stroke-dasharray:5 3}
        .fd-dash rect,.fd-dash polygon{stroke-dasharray:5 3}
        .fd-a{fill:#57606a}
        .fd .fd-done rect,.fd .fd-done polygon{stroke:#1a7f4b}
        .fd .fd-failed rect,.fd .fd-failed polygon{stroke:#c0362c}
        .fd .fd-running rect,.fd .fd-running polygon{stroke:#1f6fd1;stroke-width:2}
        .fd .fd-waiting rect,.fd .fd-waiting polygon{stroke:#b7860b;stroke-width:2}
        .fd .fd-skipped rect,.fd .fd-skipped polygon{stroke-dasharray:2 3}
        .fd-n.fd-skipped{opacity:.55}
        .fd-n.fd-done rect,.fd-n.fd-done polygon{fill:#d3f2df}
        .fd-n.fd-failed rect,.fd-n.fd-failed polygon{fill:#fbd9d7}
        .fd-n.fd-running rect,.fd-n.fd-running polygon{fill:#d6e6fc}
        .fd-n.fd-waiting rect,.fd-n.fd-waiting polygon{fill:#fdf0c8}
        .fd-n.fd-cancelled rect,.fd-n.fd-cancelled polygon{fill:#dfe2e6}
        @media (prefers-color-scheme:dark){
        .fd{background:#0d1117}
        .fd text{fill:#e6edf3}
        .fd-n .fd-d,.fd-c text,.fd .fd-e{fill:#9aa5b1}
        .fd-n rect,.fd-n polygon{fill:#1c2229;stroke:#8b949e}
        .fd-k-start rect,.fd-k-end rect,.fd-k-exit rect{fill:#2a323c}
        .fd-c rect{fill:#0d1117;stroke:#59626c}
        .fd-l{stroke:#8b949e}
        .fd-a{fill:#8b949e}
        .fd-n.fd-done rect,.fd-n.fd-done polygon{fill:#123d27}
        .fd-n.fd-failed rect,.fd-n.fd-failed polygon{fill:#55201c}
        .fd-n.fd-running rect,.fd-n.fd-running polygon{fill:#143a68}
        .fd-n.fd-waiting rect,.fd-n.fd-waiting polygon{fill:#4d3c08}
        .fd-n.fd-cancelled rect,.fd-n.fd-cancelled polygon{fill:#30363d}
        }
        """;

    public static string StyleText { get; } = Style.ReplaceLineEndings("\n");

    public static string Write(FlowDiagram diagram)
    {
        Layout layout = new(diagram.Overlay);
        SvgBox main = layout.Flow(diagram);
        SvgBox? cancel = diagram.OnCancel is { } onCancel ? layout.OnCancel(onCancel) : null;
        double width = main.Width + (cancel is null ? 0 : 40 + cancel.Width) + (2 * Margin);
        double height = Math.Max(main.Height, cancel?.Height ?? 0) + (2 * Margin);
        SvgCanvas canvas = new();
        main.Draw(canvas, Margin, Margin);
        cancel?.Draw(canvas, Margin + main.Width + 40, Margin);

        string title = diagram.Overlay is { } overlay ? $"Flow {diagram.Flow}, run {overlay.Run}" : $"Flow {diagram.Flow}";
        StringBuilder svg = new();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"fd\" role=\"img\" aria-labelledby=\"fd-title fd-desc\" width=\"{SvgCanvas.Number(width)}\" height=\"{SvgCanvas.Number(height)}\" viewBox=\"0 0 {SvgCanvas.Number(width)} {SvgCanvas.Number(height)}\">\n");
        svg.Append("<title id=\"fd-title\">").Append(SvgCanvas.Escape(title)).Append("</title>\n");
        svg.Append("<desc id=\"fd-desc\">").Append(SvgCanvas.Escape(Describe(diagram))).Append("</desc>\n");
        svg.Append("<style>").Append(StyleText).Append("</style>\n");
        svg.Append("<defs><marker id=\"fd-arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path class=\"fd-a\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n");
        canvas.WriteTo(svg);
        return svg.Append("</svg>\n").ToString();
    }

    private static string Describe(FlowDiagram diagram)
    {
        int steps = diagram.Nodes.Count(node => node.Kind is not ("start" or "end" or "guard" or "join" or "state" or "undo"));
        string text = diagram.Description is { Length: > 0 } description ? description + " " : "";
        text += $"{steps.ToString(CultureInfo.InvariantCulture)} {(steps == 1 ? "step" : "steps")}.";
        if (diagram.Overlay is { } overlay)
        {
            text += " " + overlay.Standing;
            IEnumerable<string> states = diagram.Nodes.Where(node => node.State is StepState.Running or StepState.Waiting or StepState.Failed)
                .Take(10)
                .Select(node => $"{node.Title} {node.State.ToString().ToLowerInvariant()}");
            text += string.Concat(states.Select(state => $" {state}."));
        }

        return text;
    }

    private sealed class Layout(RunOverlay? overlay)
    {
        public SvgBox Flow(FlowDiagram diagram)
        {
            StepMark start = overlay is null ? StepMark.None : new StepMark(StepState.Done, null);
            StepMark end = overlay is null ? StepMark.None : new StepMark(overlay.EndState, overlay.EndNote);
            return new SequenceBox(
            [
                new NodeBox(DiagramShape.Terminal, "start", diagram.Flow, "", start, diagram.Description ?? diagram.Flow),
                .. Steps(diagram.Steps),
                new NodeBox(DiagramShape.Terminal, "end", overlay?.EndTitle ?? "end", "", end, "The end of the flow", isEnd: true),
            ]);
        }

        public SvgBox OnCancel(DiagramLane lane) => new FrameBox("on cancel", Of(lane.Id).State, new SequenceBox(Steps(lane.Steps)), isDashed: true);

        private SvgBox[] Steps(IReadOnlyList<DiagramStep> steps) => [.. steps.Select(Guarded)];

        private StepMark Of(string id) => overlay?.Of(id) ?? StepMark.None;

        private SvgBox Guarded(DiagramStep step)
        {
            SvgBox box = Whole(step);
            return step.Guard is null
                ? box
                : new LanesBox(new NodeBox(DiagramShape.Diamond, "guard", "if", step.Guard, StepMark.None, step.Guard), [new("yes", box, []), new("no", null, [])]);
        }

        private SvgBox Whole(DiagramStep step)
        {
            StepMark mark = Of(step.Id);
            SvgBox main = step.Form switch
            {
                DiagramForm.Choice => new LanesBox(Node(step, mark), [.. step.Lanes.Select(lane => new LanesBox.Lane(lane.Label, Body(lane), []))]),
                DiagramForm.Fork => new FrameBox(step.Title, mark.State, new LanesBox(Node(step, mark), Branches(step))),
                DiagramForm.Loop => new FrameBox(step.Title, mark.State, Loop(step, mark)),
                DiagramForm.Machine => new FrameBox(step.Title, mark.State, Machine(step, mark)),
                DiagramForm.Block => new FrameBox(
                    mark.Note is null ? Caption(step) : $"{Caption(step)} ({mark.Note})",
                    mark.State,
                    new SequenceBox([.. step.Lanes.SelectMany(lane => lane.Role == LaneRole.Finally ? [new FrameBox("finally", Of(lane.Id).State, new SequenceBox(Steps(lane.Steps)), isDashed: true)] : Steps(lane.Steps))])),
                _ => Node(step, mark),
            };
            List<SideBox.Side> sides = [];
            if (step.Undo is { } undo)
            {
                sides.Add(new SideBox.Side("", new NodeBox(DiagramShape.Rounded, "undo", undo, "", Of(step.Id + "__undo"), undo, isEnd: true), Joins: false));
            }

            if (step.Fallback is { } fallback)
            {
                sides.Add(new SideBox.Side("on failure", new FrameBox("fallback", Of(fallback.Id).State, new SequenceBox(Steps(fallback.Steps)), isDashed: true), Joins: true));
            }

            if (step.Then is { } then)
            {
                string label = step.Fallback is null ? "on failure" : "fallback failed";
                List<SvgBox> handled = [.. step.OnError is { } handler ? Steps(handler.Steps) : []];
                if (then != AfterError.Continue)
                {
                    handled.Add(new NodeBox(DiagramShape.Terminal, "end", then == AfterError.Exit ? "exit" : "fail", "", StepMark.None, "", isEnd: true));
                }

                SvgBox box = handled.Count == 0
                    ? new NodeBox(DiagramShape.Terminal, "end", "go on", "", StepMark.None, "The flow goes on after the failure.")
                    : new SequenceBox(handled);
                sides.Add(new SideBox.Side(label, step.OnError is null ? box : new FrameBox("on error", Of(step.OnError.Id).State, box, isDashed: true), Joins: true));
            }

            return sides.Count == 0 ? main : new SideBox(main, sides);
        }

        private static string Caption(DiagramStep step) => step.Detail.Length == 0 ? step.Title : $"{step.Title}: {step.Detail}";

        private static NodeBox Node(DiagramStep step, StepMark mark)
        {
            string place = step.Line > 0 ? $"{step.Path}, line {step.Line.ToString(CultureInfo.InvariantCulture)}" : step.Path;
            string[] tooltip = [step.Title, step.Detail, step.Description ?? "", mark.Note ?? "", place];
            return new NodeBox(step.Shape, step.Kind, step.Title, step.Detail, mark, string.Join("\n", tooltip.Where(line => line.Length > 0)), step.Kind == "exit", step.IsBackground);
        }

        private SequenceBox? Body(DiagramLane lane) => lane.Steps.Count == 0 ? null : new SequenceBox(Steps(lane.Steps));

        private List<LanesBox.Lane> Branches(DiagramStep step)
        {
            List<LanesBox.Lane> lanes = [];
            foreach (DiagramLane lane in step.Lanes)
            {
                int[] after = [.. Enumerable.Range(0, step.Lanes.Count).Where(i => step.Lanes[i].Key is { } key && lane.After.Contains(key))];
                SvgBox? body = Body(lane);
                lanes.Add(new(
                    body is null ? lane.Label : null,
                    body is null || lane.Label.Length == 0 ? body : new FrameBox(lane.Label, Of(lane.Id).State, body),
                    after));
            }

            return lanes;
        }

        private LoopBox Loop(DiagramStep step, StepMark mark) => new(
            Node(step, mark),
            new SequenceBox(step.Lanes.Count == 0 ? [] : Steps(step.Lanes[0].Steps), step.Kind == "for_each" ? "each" : "again"),
            step.Until is null ? null : new NodeBox(DiagramShape.Diamond, "guard", "until", step.Until, StepMark.None, step.Until),
            step.HeadEnds);

        private MachineBox Machine(DiagramStep step, StepMark mark)
        {
            List<MachineBox.State> states = [];
            for (int i = 0; i < step.Lanes.Count; i++)
            {
                DiagramLane lane = step.Lanes[i];
                int number = i;
                states.Add(new MachineBox.State(
                    lane.Label,
                    Of(lane.Id),
                    Body(lane),
                    [.. step.Transitions.Where(way => way.From == number).Select(way => (Way(step, way), way.To, way.IsFailure))]));
            }

            return new MachineBox(Node(step, mark), states, step.StartLane);
        }

        private static string Way(DiagramStep step, DiagramTransition way)
        {
            string to = way.To is { } lane ? step.Lanes[lane].Label : "end";
            return NodeBox.Fit($"→ {to}{(way.Label.Length == 0 ? "" : " ")}{way.Label}", 60);
        }
    }
}
