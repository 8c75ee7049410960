using Actors.Protocol;

namespace Actors.Client.Tests;

public sealed class DiagramTests
{
    [Fact]
    public async Task Diagrams_are_asked_for_with_their_format_version_and_run()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Then(200, "flowchart TB\n", "text/plain").Then(200, "<svg/>", "image/svg+xml").Then(200, "<html/>", "text/html");
        ActorsClient client = server.Client(new InstantTime());

        Assert.Equal("flowchart TB\n", await client.DrawFlowAsync("a b"));
        Assert.Equal("<svg/>", await client.DrawFlowAsync("f", DiagramFormat.Svg, "1.2", "run_1"));
        Assert.Equal("<html/>", await client.DrawRunAsync("run_1", DiagramFormat.Html));
        Assert.Equal(
            ["/flows/a%20b/visualize?format=mermaid", "/flows/f/visualize?format=svg&version=1.2&run=run_1", "/runs/run_1/visualize?format=html"],
            server.Requests.Select(request => request.Path));
    }

    [Fact]
    public async Task A_diagram_of_a_newer_silo_is_read()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Then(503).Then(200, """
            {"flow":"f","run":"r1","mermaid":"m","later":1,"clusters":[],"edges":[{"from":"a","to":"b","kind":"newer"}],
             "nodes":[{"id":"a","kind":"newer","title":"A","state":"waiting","note":"1/2","line":3}]}
            """);

        DiagramView diagram = await server.Client(new InstantTime()).GetRunDiagramAsync("r1");

        Assert.Equal(DiagramState.Waiting, Assert.Single(diagram.Nodes).State);
        Assert.Null(diagram.Nodes[0].Cluster);
        Assert.Equal("newer", Assert.Single(diagram.Edges).Kind);
    }
}
