using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Actors.Flows;

namespace Actors.Tests.Flows.Diagrams;

/// <summary>Whatever a file says, a picture of it does nothing and breaks nothing.</summary>
public sealed class HostileTests
{
    public static TheoryData<string> Texts => new(
        """x"];click A "javascript:alert(1)" """,
        "</text></title></desc></style><script>alert(1)</script>",
        "<foreignObject><img src=x onerror=alert(1)></foreignObject>",
        "%%{init: {'theme':'x'}}%%",
        "end",
        "1. a list",
        "- a list",
        "`code` *bold* ~~gone~~ #quot; &quot; &#60;b&#62;",
        "a\nend\nsubgraph b\r\n\u2028c\u0085d",
        "\u202Ertl\u2066 \u200Fשלום مرحبا",
        "\0\u0001\u001b[31m\uFFFE\uFFFF\uD800 half\uDC00",
        "style a fill:#fff;",
        "classDef x:#fff;\"",
        "|\"|-->",
        "]]>",
        "--",
        "",
        " ",
        "日本語のとても長い名前 👩‍👩‍👧 é");

    [Theory]
    [MemberData(nameof(Texts))]
    public void A_hostile_text_is_only_text_in_every_place(string text) => CheckAll(text);

    [Fact]
    public void A_text_of_ten_thousand_characters_is_shortened()
    {
        (string mermaid, string svg) = CheckAll(new string('x', 10_000));

        Assert.All(mermaid.Split('\n'), line => Assert.InRange(line.Length, 0, 1500));
        Assert.DoesNotContain(new string('x', 500), svg, StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_that_look_the_same_when_they_are_cleaned_are_told_apart()
    {
        string long1 = new string('y', 10_000) + "1";
        string long2 = new string('y', 10_000) + "2";

        FlowDiagram diagram = FlowDiagram.Of("f", [.. ((string[])["a b", "a-b", "a_b", "a__if", "a", long1, long2]).Select(id => Everything.Set(id))], []);

        Assert.Equal(diagram.Nodes.Count, diagram.Nodes.Select(node => node.Id).Distinct().Count());
        MermaidSyntax.Check(diagram.ToMermaid());
        // A step before them changes nothing.
        FlowDiagram again = FlowDiagram.Of("f", [Everything.Set("new"), .. ((string[])["a b", "a-b", "a_b", "a__if", "a", long1, long2]).Select(id => Everything.Set(id))], []);
        Assert.Subset(again.Nodes.Select(node => node.Id).ToHashSet(), diagram.Nodes.Select(node => node.Id).ToHashSet());
    }

    [Fact]
    public void More_steps_than_are_drawn_leave_blocks_closed_with_their_number()
    {
        FlowStep[] many = [.. Enumerable.Range(0, 100).Select(i => Nested($"block{i}", 50))];

        FlowDiagram diagram = FlowDiagram.Of("f", many, [], stepsMax: 500);

        Assert.Equal(102, diagram.Nodes.Count);
        Assert.Equal("for_each, 50 steps inside", diagram.Nodes[1].Detail);
        FlowDiagram flat = FlowDiagram.Of("f", [.. Enumerable.Range(0, 1000).Select(i => Everything.Set($"s{i}"))], [], stepsMax: 300);
        Assert.Equal("… 700 more steps", flat.Nodes[^2].Title);
        MermaidSyntax.Check(flat.ToMermaid());
    }

    [Fact]
    public void Two_thousand_steps_are_drawn_soon()
    {
        FlowStep[] many = [.. Enumerable.Range(0, 40).Select(i => Nested($"block{i}", 49))];
        FlowDiagram.Of("f", many, []).ToSvg();

        // What is quadratic would take minutes.
        (FlowDiagram diagram, string svg, string mermaid) = Timing.Within(TimeSpan.FromSeconds(2), () =>
        {
            FlowDiagram drawn = FlowDiagram.Of("f", many, []);
            return (drawn, drawn.ToSvg(), drawn.ToMermaid());
        });

        Assert.Equal(2002, diagram.Nodes.Count);
        Assert.Equal(2000, Regex.Count(svg, "fd-k-(?:set|for_each)"));
        Assert.Equal(2000, Regex.Count(mermaid, "<br/>"));
    }

    private static ForEachStep Nested(string id, int steps) => new(Everything.Common(id))
    {
        Items = Everything.Text("${inputs.items}"),
        As = "item",
        IndexAs = "index",
        Do = [.. Enumerable.Range(0, steps).Select(i => Everything.Set($"{id}_{i}"))],
        Options = new MapOptions(),
        Key = null,
        OnItemError = ItemError.Fail,
        Collect = null,
    };

    private static (string Mermaid, string Svg) CheckAll(string text)
    {
        StepCommon common = new(text, text, 1, 1) { Description = text, If = Everything.Ask(text) };
        FlowStep[] steps =
        [
            new EmitStep(common) { Emits = Everything.Text(text), To = Everything.Text(text), Data = Everything.Text(text) },
            new SwitchStep(new StepCommon(null, text, 1, 1)) { Subject = Everything.Text(text), Cases = [new SwitchCase([], [Everything.Set(text)], text)], Default = [], Options = null },
            new ParallelStep(new StepCommon(text, text, 1, 1))
            {
                Branches = [new(text, [Everything.Set(text)], [text])], IsNamed = true, Results = Everything.Plain, Concurrency = null, Options = null,
            },
            new StateMachineStep(new StepCommon(text, text, 1, 1))
            {
                Start = text, States = [new(text, [], [new(null, text, TransitionOn.Any, Everything.Ask(text))], true)], Data = Everything.Text(text), HopsMax = 1, Options = null,
            },
        ];
        FlowDiagram diagram = FlowDiagram.Of(text, steps, [Everything.Set(text)]);
        string mermaid = diagram.ToMermaid();
        string svg = diagram.ToSvg();

        MermaidSyntax.Check(mermaid);
        Assert.All(diagram.Nodes.SelectMany(node => (string[])[node.Title, node.Detail]), line => Assert.DoesNotContain(line, char.IsControl));
        CheckSvg(svg);
        string page = diagram.ToHtml();
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<foreignObject", page, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(Encoding.UTF8.GetByteCount(svg), Encoding.UTF8.GetBytes(svg).Length);
        if (Environment.GetEnvironmentVariable("ACTORS_KEEP") is { } folder)
        {
            File.WriteAllText(Path.Combine(folder, $"hostile{text.Length}-{text.Sum(c => c)}.mmd"), mermaid);
        }

        return (mermaid, svg);
    }

    private static void CheckSvg(string svg)
    {
        XDocument document = XDocument.Parse(svg);
        string[] allowed = ["svg", "title", "desc", "style", "defs", "marker", "path", "g", "rect", "polygon", "text"];
        Assert.All(document.Descendants(), element =>
        {
            Assert.Contains(element.Name.LocalName, allowed);
            Assert.All(element.Attributes(), attribute =>
            {
                Assert.DoesNotContain("href", attribute.Name.LocalName, StringComparison.OrdinalIgnoreCase);
                Assert.False(attribute.Name.LocalName.StartsWith("on", StringComparison.OrdinalIgnoreCase));
                Assert.True(!attribute.Value.Contains("url(", StringComparison.Ordinal) || attribute.Value == "url(#fd-arrow)", attribute.Value);
            });
        });
        XElement style = Assert.Single(document.Descendants(), element => element.Name.LocalName == "style");
        Assert.DoesNotContain("url(", style.Value, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", style.Value, StringComparison.Ordinal);
    }
}
