using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Actors.Hosting.Tests.OpenApi;

[Collection(OneSilo.Name)]
public sealed class OpenApiTests(SiloFixture silo)
{
    [Fact]
    public async Task Every_endpoint_is_in_the_document_with_an_id_a_summary_and_its_answers()
    {
        JsonElement paths = (await DocumentAsync()).GetProperty("paths");
        List<string> ids = [];
        foreach (JsonProperty path in paths.EnumerateObject())
        {
            foreach (JsonProperty operation in path.Value.EnumerateObject())
            {
                string name = $"{operation.Name} {path.Name}";
                ids.Add(operation.Value.GetProperty("operationId").GetString() ?? "");
                Assert.False(string.IsNullOrEmpty(operation.Value.GetProperty("summary").GetString()), name);
                Assert.Contains(operation.Value.GetProperty("responses").EnumerateObject(), r => r.Name.StartsWith('2'));
            }
        }

        string[] mapped = silo.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .Select(e => e.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName)
            .OfType<string>()
            .Where(n => !n.Contains('{'))
            .Order()
            .ToArray();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Equal(mapped, ids.Order());
        Assert.Equal(21, ids.Count);
    }

    [Fact]
    public async Task All_references_lead_somewhere()
    {
        JsonElement document = await DocumentAsync();
        List<string> references = [];
        Collect(document, references);

        Assert.NotEmpty(references);
        Assert.All(references.Distinct(), reference =>
        {
            JsonElement at = document;
            foreach (string part in reference.TrimStart('#', '/').Split('/'))
            {
                Assert.True(at.TryGetProperty(part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal), out at), reference);
            }
        });
    }

    [Fact]
    public async Task Bodies_queries_and_headers_are_described()
    {
        JsonElement paths = (await DocumentAsync()).GetProperty("paths");
        JsonElement start = paths.GetProperty("/flows/{name}/runs").GetProperty("post");
        JsonElement list = paths.GetProperty("/runs").GetProperty("get");

        Assert.Equal(
            "#/components/schemas/StartRunRequest",
            start.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("$ref").GetString());
        Assert.Contains(start.GetProperty("parameters").EnumerateArray(), p => p.GetProperty("name").GetString() == "Idempotency-Key" && p.GetProperty("in").GetString() == "header");
        Assert.Equal(
            ["cursor", "flow", "limit", "metadata.{key}", "parent", "status"],
            list.GetProperty("parameters").EnumerateArray().Select(p => p.GetProperty("name").GetString()!).Order(StringComparer.Ordinal));
        Assert.True(list.GetProperty("responses").GetProperty("400").GetProperty("content").TryGetProperty("application/problem+json", out _));
    }

    [Fact]
    public async Task Records_are_described_as_they_are_written()
    {
        JsonElement schemas = (await DocumentAsync()).GetProperty("components").GetProperty("schemas");

        Assert.Equal(
            ["queued", "running", "waiting", "parked", "completed", "failed", "cancelled"],
            schemas.GetProperty("RunStatus").GetProperty("enum").EnumerateArray().Select(v => v.GetString()));
        Assert.True(schemas.GetProperty("RunView").GetProperty("properties").TryGetProperty("createdAt", out _));
    }

    [Fact]
    public async Task There_is_a_page_to_try_it() =>
        Assert.Contains("swagger", await silo.Http.GetStringAsync("/swagger/index.html"), StringComparison.OrdinalIgnoreCase);

    private static void Collect(JsonElement element, List<string> references)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in element.EnumerateArray())
            {
                Collect(item, references);
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in element.EnumerateObject())
            {
                if (property.Name == "$ref")
                {
                    references.Add(property.Value.GetString()!);
                }
                else
                {
                    Collect(property.Value, references);
                }
            }
        }
    }

    private async Task<JsonElement> DocumentAsync() => await (await silo.Http.GetAsync("/openapi/v1.json")).JsonAsync(HttpStatusCode.OK);
}
