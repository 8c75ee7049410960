using System.Runtime.CompilerServices;
using Actors.Flows;

namespace Actors.Tests.Flows.Diagrams;

public sealed class MermaidTests : FlowTest
{
    [Fact]
    public void Every_kind_of_step_is_drawn_as_the_kept_text_says()
    {
        string text = FlowDiagram.Of("everything", Everything.Steps(), [Everything.Set("undo")]).ToMermaid();

        MermaidSyntax.Check(text);
        Assert.Equal(Kept("everything.mmd", text), text);
    }

    private static string Kept(string file, string text, [CallerFilePath] string here = "")
    {
        string path = Path.Combine(Path.GetDirectoryName(here)!, file);
        if (Environment.GetEnvironmentVariable("ACTORS_KEEP") is not null)
        {
            File.WriteAllText(path, text);
        }

        return File.ReadAllText(path).ReplaceLineEndings("\n");
    }
}
