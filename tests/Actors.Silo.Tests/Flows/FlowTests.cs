using System.Net;
using System.Text.Json;
using Actors.Protocol;

namespace Actors.Hosting.Tests;

[Collection(OneSilo.Name)]
public sealed class FlowTests(SiloFixture silo)
{
    [Fact]
    public async Task A_flow_shows_the_schemas_of_its_inputs_and_outputs_and_one_of_the_whole_input()
    {
        FlowDetails flow = await silo.Client.GetFlowAsync("basket");

        Assert.Equal("array", flow.Outputs[0].Schema?.GetProperty("type").GetString());
        Assert.Equal(1, flow.Inputs[0].Schema?.GetProperty("minItems").GetInt32());
        JsonElement whole = flow.InputSchema!.Value;
        Assert.Equal("https://json-schema.org/draft/2020-12/schema", whole.GetProperty("$schema").GetString());
        Assert.Equal("lines", whole.GetProperty("required")[0].GetString());
        Assert.Equal("#/properties/lines/$defs/line", whole.GetProperty("properties").GetProperty("lines").GetProperty("items").GetProperty("$ref").GetString());
    }

    [Fact]
    public async Task A_flow_that_declares_nothing_shows_no_schema()
    {
        JsonElement flow = await (await silo.Http.GetAsync(new Uri("/flows/Echo", UriKind.Relative))).JsonAsync(HttpStatusCode.OK);

        Assert.False(flow.TryGetProperty("inputSchema", out _));
        Assert.False((await (await silo.Http.GetAsync(new Uri("/flows/greeting", UriKind.Relative))).JsonAsync(HttpStatusCode.OK)).GetProperty("inputs")[0].TryGetProperty("schema", out _));
    }

    [Fact]
    public async Task Input_is_checked_and_completed_by_its_schema()
    {
        JsonElement problem = await (await silo.PostAsync("/flows/basket/execute", """{"input":{"lines":[{"sku":1}]}}""")).ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid_input");
        Assert.Equal("/input/lines/0/sku", problem.Pointer());

        ExecuteResponse done = await silo.Client.ExecuteAsync("basket", new StartRunRequest { Input = JsonDocument.Parse("""{"lines":[{"sku":"a"}]}""").RootElement });
        Assert.Equal("""{"lines":[{"sku":"a","count":1}]}""", done.Outputs?.GetRawText());
    }
}
