using System.Globalization;
using System.Text;

namespace Actors.Flows;

/// <summary>Writes a flowchart of Mermaid. Labels are quoted, and every character that Mermaid, Markdown or HTML give a meaning is written as an entity.</summary>
internal static class MermaidWriter
{
    private static readonly (StepState State, string Name, string Style)[] States =
    [
        (StepState.Done, "done", "fill:#d3f2df,stroke:#1a7f4b,color:#0b3d24"),
        (StepState.Failed, "failed", "fill:#fbd9d7,stroke:#c0362c,color:#5c120c"),
        (StepState.Running, "running", "fill:#d6e6fc,stroke:#1f6fd1,color:#0c315f"),
        (StepState.Waiting, "waiting", "fill:#fdf0c8,stroke:#b7860b,color:#553d00"),
        (StepState.Skipped, "skipped", "fill:#f1f1f1,stroke:#9a9a9a,color:#767676,stroke-dasharray:4 3"),
        (StepState.Cancelled, "cancelled", "fill:#e6e6e6,stroke:#5f5f5f,color:#3c3c3c"),
    ];

    public static string Write(FlowDiagram diagram)
    {
        StringBuilder text = new();
        text.Append("flowchart TB\n");
        text.Append("  accTitle: ").Append(Escape(diagram.Overlay is { } overlay ? $"Flow {diagram.Flow}. {overlay.Standing}" : $"Flow {diagram.Flow}")).Append('\n');
        ILookup<string, DiagramNode> nodes = diagram.Nodes.ToLookup(node => node.Cluster ?? "");
        ILookup<string, DiagramCluster> clusters = diagram.Clusters.ToLookup(cluster => cluster.Parent ?? "");
        WriteInside(text, "", 1, nodes, clusters);
        foreach (DiagramEdge edge in diagram.Edges)
        {
            string arrow = edge.Kind switch
            {
                DiagramEdgeKind.Failure or DiagramEdgeKind.Undo => "-.->",
                DiagramEdgeKind.Depends => "==>",
                _ => "-->",
            };
            text.Append("  ").Append(edge.From).Append(' ').Append(arrow);
            if (edge.Label is { Length: > 0 } label)
            {
                text.Append("|\"").Append(Escape(label)).Append("\"|");
            }

            text.Append(' ').Append(edge.To).Append('\n');
        }

        foreach ((StepState state, string name, string style) in States)
        {
            string[] marked = [.. diagram.Nodes.Where(node => node.State == state).Select(node => node.Id), .. diagram.Clusters.Where(cluster => cluster.State == state).Select(cluster => cluster.Id)];
            if (marked.Length > 0)
            {
                text.Append("  classDef ").Append(name).Append(' ').Append(style).Append('\n');
                text.Append("  class ").AppendJoin(',', marked).Append(' ').Append(name).Append('\n');
            }
        }

        return text.ToString();
    }

    private static void WriteInside(StringBuilder text, string cluster, int depth, ILookup<string, DiagramNode> nodes, ILookup<string, DiagramCluster> clusters)
    {
        // Nodes and boxes in the order of the file: what is declared first, most drawing programs put first.
        foreach (DiagramNode node in nodes[cluster])
        {
            Indent(text, depth).Append(node.Id);
            (string open, string close) = Brackets(node.Shape);
            text.Append(open).Append('"').Append(Label(node)).Append('"').Append(close).Append('\n');
        }

        foreach (DiagramCluster inner in clusters[cluster])
        {
            Indent(text, depth).Append("subgraph ").Append(inner.Id).Append("[\"").Append(Escape(inner.Title)).Append("\"]\n");
            Indent(text, depth + 1).Append("direction TB\n");
            WriteInside(text, inner.Id, depth + 1, nodes, clusters);
            Indent(text, depth).Append("end\n");
        }
    }

    private static StringBuilder Indent(StringBuilder text, int depth) => text.Append(' ', 2 * Math.Min(depth, 20));

    private static string Label(DiagramNode node)
    {
        string detail = node.Detail.Length == 0 ? "" : "<br/>" + Escape(node.Detail);
        string note = node.Note is null ? "" : "<br/>" + Escape(node.Note);
        return Escape(node.Title) + detail + note;
    }

    private static (string Open, string Close) Brackets(DiagramShape shape) => shape switch
    {
        DiagramShape.Terminal => ("([", "])"),
        DiagramShape.Diamond => ("{", "}"),
        DiagramShape.Hexagon => ("{{", "}}"),
        DiagramShape.Subroutine => ("[[", "]]"),
        DiagramShape.Cylinder => ("[(", ")]"),
        DiagramShape.Rounded => ("(", ")"),
        DiagramShape.Slanted => ("[/", "/]"),
        DiagramShape.Flag => (">", "]"),
        DiagramShape.Dot => ("((", "))"),
        _ => ("[", "]"),
    };

    /// <summary>A label's text for between quotes.</summary>
    public static string Escape(string text)
    {
        if (text.Length == 0)
        {
            // An empty label is no label to Mermaid.
            return " ";
        }

        StringBuilder escaped = new(text.Length + 16);
        bool start = true;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            // A list of Markdown begins with '-', '+' or '1.'.
            bool list = start && c is '-' or '+' || (c == '.' && i > 0 && text.AsSpan(0, i).ContainsAnyExceptInRange('0', '9') is false);
            start = start && c == ' ';
            // Mermaid takes ';' off after 'style … :…#'; a colon before a space is safe from that.
            bool style = c == ':' && (i + 1 == text.Length || text[i + 1] != ' ');
            if (list || style || c is '"' or '#' or '<' or '>' or '&' or '%' or '`' or '*' or '~' or '\\' or ';' or '|' || char.IsControl(c))
            {
                escaped.Append('#').Append(((int)c).ToString(CultureInfo.InvariantCulture)).Append(';');
            }
            else
            {
                escaped.Append(c);
            }
        }

        return escaped.ToString();
    }
}
