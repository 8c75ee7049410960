using System.Net;
using System.Text.Json;
using System.Xml.Linq;
using Actors.Protocol;

namespace Actors.Hosting.Tests.Diagrams;

[Collection(OneSilo.Name)]
public sealed class DiagramTests(SiloFixture silo)
{
    [Fact]
    public async Task A_flow_is_drawn_as_Mermaid_unless_something_else_is_asked_for()
    {
        HttpResponseMessage response = await silo.Http.GetAsync("/flows/greeting/visualize");

        Assert.Equal("text/plain", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.StartsWith("flowchart TB\n", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(await silo.Client.DrawFlowAsync("greeting", version: "1.2"), await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html")]
    [InlineData("", "image/avif,image/*;q=0.9", "image/svg+xml")]
    [InlineData("", "application/json", "application/json")]
    [InlineData("", "text/html;q=0.1, application/json", "application/json")]
    [InlineData("", "text/html;q=0, */*", "text/plain")]
    [InlineData("", "application/pdf", "text/plain")]
    [InlineData("?format=svg", "application/json", "image/svg+xml")]
    [InlineData("?format=html", "*/*", "text/html")]
    [InlineData("?format=json", "text/html", "application/json")]
    [InlineData("?format=mermaid", "text/html", "text/plain")]
    public async Task The_format_is_that_of_the_query_or_else_what_the_header_Accept_likes_most(string query, string accept, string expected)
    {
        HttpRequestMessage request = new(HttpMethod.Get, "/flows/greeting/visualize" + query);
        request.Headers.TryAddWithoutValidation("Accept", accept);

        HttpResponseMessage response = await silo.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(expected, response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Pages_and_images_may_load_and_run_nothing()
    {
        foreach (string format in (string[])["html", "svg"])
        {
            HttpResponseMessage response = await silo.Http.GetAsync($"/flows/greeting/visualize?format={format}");

            string policy = response.Headers.GetValues("Content-Security-Policy").Single();
            Assert.StartsWith("default-src 'none'; style-src 'sha256-", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            string text = await response.Content.ReadAsStringAsync();
            Assert.Contains("Greets, or leaves early.", text, StringComparison.Ordinal);
            Assert.DoesNotContain("<script", text, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task A_run_is_laid_over_its_flow()
    {
        ExecuteResponse done = await silo.Client.ExecuteAsync("greeting", new StartRunRequest { Input = JsonSerializer.SerializeToElement(new { name = "ann", shy = true }) });

        DiagramView diagram = await silo.Client.GetFlowDiagramAsync("greeting", run: done.RunId);

        Assert.Equal(done.RunId, diagram.Run);
        Assert.Equal(DiagramState.Done, diagram.Nodes.Single(node => node.Kind == "if").State);
        Assert.Equal("completed", diagram.Nodes.Single(node => node.Id == "flow_end").Title);
        Assert.Contains("classDef done", diagram.Mermaid, StringComparison.Ordinal);
        Assert.All(diagram.Edges, edge => Assert.Contains(diagram.Nodes, node => node.Id == edge.From));
        Assert.Equal(await silo.Client.DrawRunAsync(done.RunId, DiagramFormat.Svg), await silo.Client.DrawFlowAsync("greeting", DiagramFormat.Svg, run: done.RunId));
        Assert.Null((await silo.Client.GetFlowDiagramAsync("greeting")).Nodes.First(node => node.Kind == "if").State);
    }

    [Fact]
    public async Task A_flow_in_code_has_a_diagram_of_its_runs_only()
    {
        string id = await silo.StartWaitingAsync();

        JsonElement problem = await (await silo.Http.GetAsync("/flows/Gate/visualize")).ProblemAsync(HttpStatusCode.NotFound, "no_diagram");
        DiagramView diagram = await silo.Client.GetRunDiagramAsync(id);

        Assert.Contains("run=ID", problem.Detail(), StringComparison.Ordinal);
        Assert.Equal(DiagramState.Done, diagram.Nodes.Single(node => node.Title == "before").State);
        Assert.Equal(DiagramState.Waiting, diagram.Nodes.Single(node => node.Title == "go").State);
        XDocument.Parse(await silo.Client.DrawRunAsync(id, DiagramFormat.Svg));
    }

    [Theory]
    [InlineData("/flows/greeting/visualize?format=png", HttpStatusCode.BadRequest, "invalid_query")]
    [InlineData("/flows/greeting/visualize?format=svg,json", HttpStatusCode.BadRequest, "invalid_query")]
    [InlineData("/flows/greeting/visualize?format=1", HttpStatusCode.BadRequest, "invalid_query")]
    [InlineData("/flows/greeting/visualize?fromat=svg", HttpStatusCode.BadRequest, "invalid_query")]
    [InlineData("/flows/greeting/visualize?run=a%20b", HttpStatusCode.BadRequest, "invalid_query")]
    [InlineData("/flows/greeting/visualize?run=run_unknown", HttpStatusCode.NotFound, "unknown_run")]
    [InlineData("/flows/greeting/visualize?version=9", HttpStatusCode.NotFound, "unknown_version")]
    [InlineData("/flows/greetign/visualize", HttpStatusCode.NotFound, "unknown_flow")]
    [InlineData("/runs/run_unknown/visualize", HttpStatusCode.NotFound, "unknown_run")]
    [InlineData("/runs/not%20an%20id/visualize", HttpStatusCode.NotFound, "unknown_run")]
    [InlineData("/runs/run_unknown/visualize?version=1", HttpStatusCode.BadRequest, "invalid_query")]
    public async Task What_cannot_be_drawn_is_a_problem(string path, HttpStatusCode status, string code) => await (await silo.Http.GetAsync(path)).ProblemAsync(status, code);

    [Fact]
    public async Task A_run_of_another_flow_or_version_is_refused()
    {
        string id = await silo.StartWaitingAsync();

        JsonElement flow = await (await silo.Http.GetAsync($"/flows/greeting/visualize?run={id}")).ProblemAsync(HttpStatusCode.BadRequest, "invalid_query");

        Assert.Equal("?run", flow.Pointer());
        Assert.Contains("'Gate'", flow.Detail(), StringComparison.Ordinal);
    }
}
