using System.Text.RegularExpressions;

namespace Actors.Tests.Flows.Diagrams;

/// <summary>The part of Mermaid's flowchart syntax that is written, strictly: every line is one of these, boxes close, edges join nodes that exist.</summary>
internal static partial class MermaidSyntax
{
    private const string Quoted = """
        "(?:[^"#%<>&`;|\\]|#\d+;|<br/>)+"
        """;

    public static void Check(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        string[] lines = text[..^1].Split('\n');
        Assert.Equal("flowchart TB", lines[0]);
        HashSet<string> nodes = new(StringComparer.Ordinal);
        HashSet<string> clusters = new(StringComparer.Ordinal);
        int open = 0;
        foreach (string line in lines.Skip(1))
        {
            string trimmed = line.TrimStart(' ');
            if (Node().Match(trimmed) is { Success: true } node)
            {
                Assert.True(nodes.Add(node.Groups["id"].Value), line);
            }
            else if (Subgraph().Match(trimmed) is { Success: true } box)
            {
                Assert.True(clusters.Add(box.Groups["id"].Value), line);
                open++;
            }
            else if (trimmed == "end")
            {
                Assert.True(--open >= 0, line);
            }
            else if (Edge().Match(trimmed) is { Success: true } edge)
            {
                Assert.True(nodes.Contains(edge.Groups["from"].Value) && nodes.Contains(edge.Groups["to"].Value), line);
            }
            else if (Class().Match(trimmed) is { Success: true } marked)
            {
                Assert.All(marked.Groups["ids"].Value.Split(','), id => Assert.True(nodes.Contains(id) || clusters.Contains(id), id));
            }
            else
            {
                Assert.True(trimmed == "direction TB" || Title().IsMatch(trimmed) || ClassDefinition().IsMatch(trimmed), line);
            }
        }

        Assert.Equal(0, open);
        Assert.Empty(nodes.Intersect(clusters));
    }

    [GeneratedRegex($$"""^(?<id>\w+)(?:\(\[{{Quoted}}\]\)|\{{{Quoted}}\}|\{\{{{Quoted}}\}\}|\[\[{{Quoted}}\]\]|\[\({{Quoted}}\)\]|\({{Quoted}}\)|\[/{{Quoted}}/\]|>{{Quoted}}\]|\(\({{Quoted}}\)\)|\[{{Quoted}}\])$""")]
    private static partial Regex Node();

    [GeneratedRegex($$"""^subgraph (?<id>\w+)\[{{Quoted}}\]$""")]
    private static partial Regex Subgraph();

    [GeneratedRegex($$"""^(?<from>\w+) (?:-->|-\.->|==>)(?:\|{{Quoted}}\|)? (?<to>\w+)$""")]
    private static partial Regex Edge();

    [GeneratedRegex("""^class (?<ids>\w+(?:,\w+)*) \w+$""")]
    private static partial Regex Class();

    [GeneratedRegex("""^accTitle: (?:[^"#%<>&`;|\\]|#\d+;)+$""")]
    private static partial Regex Title();

    [GeneratedRegex("""^classDef \w+ [\w:#, -]+$""")]
    private static partial Regex ClassDefinition();
}
