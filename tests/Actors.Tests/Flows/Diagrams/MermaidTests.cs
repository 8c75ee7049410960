using Actors.Flows;

namespace Actors.Tests.Flows.Diagrams;

public sealed class MermaidTests : FlowTest
{
    [Fact]
    public void Every_kind_of_step_is_drawn_as_the_kept_text_says()
    {
        FlowDiagram diagram = Everything.Diagram();

        string text = diagram.ToMermaid();

        MermaidSyntax.Check(text);
        if (Environment.GetEnvironmentVariable("ACTORS_KEEP") is not null)
        {
            File.WriteAllText(Everything.Kept("everything.mmd"), text);
        }

        Assert.Equal(File.ReadAllText(Everything.Kept("everything.mmd")).ReplaceLineEndings("\n"), text);
        string[] kinds = [.. diagram.Nodes.Select(node => node.Kind).Distinct()];
        Assert.Empty(Language.Kinds.Select(table => table.Kind).Except([.. kinds, "until", "while", "append", "merge"]));
    }
}
