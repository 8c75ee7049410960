using System.Diagnostics;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Actors.Flows;

namespace Actors.Tests.Flows.Diagrams;

public sealed class SvgTests : FlowTest
{
    [Fact]
    public void Every_kind_of_step_is_drawn_within_the_picture()
    {
        FlowDiagram diagram = Everything.Diagram();

        string text = diagram.ToSvg();

        XElement svg = Read(text);
        double width = double.Parse(svg.Attribute("width")!.Value, System.Globalization.CultureInfo.InvariantCulture);
        double height = double.Parse(svg.Attribute("height")!.Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.All(svg.Descendants().Where(e => e.Name.LocalName == "rect"), rect =>
        {
            Assert.InRange((double)rect.Attribute("x")!, 0, width - (double)rect.Attribute("width")!);
            Assert.InRange((double)rect.Attribute("y")!, 0, height - (double)rect.Attribute("height")!);
        });
        string[] shown = [.. svg.Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value)];
        Assert.All(diagram.Nodes.Where(node => node.StepId is not null), node => Assert.Contains(shown, line => line.StartsWith(node.Title, StringComparison.Ordinal)));
        Assert.Equal(text, Everything.Diagram().ToSvg());
        if (Environment.GetEnvironmentVariable("ACTORS_KEEP") is { } folder)
        {
            File.WriteAllText(Path.Combine(folder, "everything.svg"), text);
        }
    }

    private static XElement Read(string svg)
    {
        XElement root = XDocument.Parse(svg).Root!;
        Assert.Equal("svg", root.Name.LocalName);
        return root;
    }
}
