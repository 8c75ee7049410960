using System.Globalization;

namespace Actors.Flows;

/// <summary>Steps to be drawn of what a run has come to, where there is no tree of steps: one below the other in the order in which they began, items and iterations as one.</summary>
internal static class TraceDiagram
{
    public static IReadOnlyList<DiagramStep> Steps(RunTrace trace, int stepsMax)
    {
        int count = 0;
        HashSet<string> ids = new(StringComparer.Ordinal);
        return Steps([TraceNode.Tree(trace.Steps)], "s_");

        List<DiagramStep> Steps(IReadOnlyList<TraceNode> scopes, string prefix)
        {
            List<DiagramStep> steps = [];
            // The same name in several items is one step.
            foreach (IGrouping<string, TraceNode> group in scopes.SelectMany(Named).GroupBy(node => node.Segment, StringComparer.Ordinal))
            {
                if (count++ >= stepsMax)
                {
                    break;
                }

                TraceNode first = group.First();
                string id = Unique(prefix, first.Segment);
                TraceNode[] items = [.. group.SelectMany(node => node.Children).Where(child => child.IsItem)];
                List<DiagramStep> inner = Steps([.. group, .. items], id + "_");
                string kind = first.Step?.Kind ?? "scope";
                steps.Add(new DiagramStep
                {
                    Id = id,
                    Kind = kind,
                    Shape = kind switch
                    {
                        "wait" => DiagramShape.Rounded,
                        "approval" => DiagramShape.Slanted,
                        "flow" => DiagramShape.Subroutine,
                        "signal" => DiagramShape.Flag,
                        "scope" when items.Length > 0 => DiagramShape.Hexagon,
                        _ => DiagramShape.Box,
                    },
                    Name = first.Segment,
                    StepId = null,
                    Path = "",
                    Line = 0,
                    Title = DiagramText.Line(first.Segment, DiagramBuilder.TitleLengthMax),
                    Detail = kind == "step" ? "" : items.Length > 0 ? "repeated" : kind,
                    Form = inner.Count == 0 ? DiagramForm.Leaf : items.Length > 0 ? DiagramForm.Loop : DiagramForm.Block,
                    Lanes = inner.Count == 0 ? [] : [new DiagramLane(id + "__in_do", "do", LaneRole.Body, null, "", inner, [])],
                });
            }

            return steps;
        }

        string Unique(string prefix, string segment)
        {
            string safe = prefix.Length > 120 ? "s_" : prefix;
            safe += string.Concat(segment.Take(60).Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_')).Replace("__", "_", StringComparison.Ordinal);
            string id = safe;
            for (int n = 2; !ids.Add(id); n++)
            {
                id = $"{safe}_{n.ToString(CultureInfo.InvariantCulture)}";
            }

            return id;
        }
    }

    private static IEnumerable<TraceNode> Named(TraceNode scope) => scope.Children.Where(child => !child.IsItem && !child.IsHidden);
}
