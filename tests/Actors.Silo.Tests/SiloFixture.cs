using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Actors.Client;
using Actors.Flows;
using Actors.Postgres.Tests;
using Actors.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Actors.Hosting.Tests;

/// <summary>A whole server on a loopback port, on the store in memory unless a derived fixture has another.</summary>
public class SiloFixture : IAsyncLifetime
{
    public const int PayloadBytesMax = 256 * 1024;

    private WebApplication? _app;

    public Uri Address { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    public ActorsClient Client { get; private set; } = null!;

    public IServiceProvider Services => _app!.Services;

    public static void Register(ActorsRegistration r)
    {
        r.Flows.Add(new EchoFlow()).Add(new FailFlow()).Add(new GateFlow()).Add(new AskFlow()).Add(new AskForAmountFlow());
        r.Flows.Add(YamlFlowDefinition.Parse(
            """
            flow: greeting
            version: "1.2"
            description: Greets, or leaves early.
            inputs:
              - name: name
                type: string
                required: true
              - name: shy
                type: boolean
                required: false
                default: false
            steps:
              - if: ${inputs.shy}
                then:
                  - exit:
                      reason: too shy
                      outputs:
                        text: ""
            outputs:
              - name: text
                value: Hello ${inputs.name}
            """,
            "greeting.yaml",
            r.Tasks));
        r.Flows.Add(YamlFlowDefinition.Parse(
            """
            flow: basket
            inputs:
              - name: lines
                type: array
                schema: {minItems: 1, items: {$ref: '#/$defs/line'}, $defs: {line: {type: object, required: [sku], properties: {sku: {type: string}, count: {default: 1}}}}}
            steps:
              - wait: 1ms
            outputs:
              - {name: lines, value: "${inputs.lines}", schema: {type: array}}
            """,
            "basket.yaml",
            r.Tasks));
    }

    public static async Task<WebApplication> StartAsync(Action<ActorsBuilder>? configure = null, params string[] settings)
    {
        WebApplicationBuilder builder = Server.CreateBuilder(
            ["--urls=http://127.0.0.1:0", "--Actors:Ephemeral=true", "--Logging:LogLevel:Default=Error", $"--Actors:Silo:PayloadBytesMax={PayloadBytesMax}", .. settings]);
        ActorsBuilder actors = builder.Services.AddActors().Register(Register);
        configure?.Invoke(actors);
        WebApplication app = Server.Build(builder);
        await app.StartAsync();
        return app;
    }

    public virtual Task InitializeAsync() => StartAsync([]);

    private protected async Task StartAsync(string[] settings)
    {
        _app = await StartAsync(null, settings);
        Address = new Uri(_app.Urls.Single());
        Http = new HttpClient { BaseAddress = Address };
        Client = new ActorsClient(Http);
    }

    public virtual async Task DisposeAsync()
    {
        Http.Dispose();
        await _app!.StopAsync();
        await _app.DisposeAsync();
    }

    public Task<HttpResponseMessage> PostAsync(string path, string? json, string? key = null, string contentType = "application/json")
    {
        HttpRequestMessage request = new(HttpMethod.Post, path);
        if (json is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(json));
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        }

        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        return Http.SendAsync(request);
    }

    /// <summary>Starts a run that waits for the signal <c>go</c>, and returns once it waits.</summary>
    public async Task<string> StartWaitingAsync(string flow = "Gate", string input = "null")
    {
        using JsonDocument document = JsonDocument.Parse(input);
        Protocol.RunView run = await Client.StartRunAsync(flow, document.RootElement.Clone());
        await foreach (Protocol.RunEventView e in Client.WatchRunAsync(run.Id))
        {
            if (e.Type is Protocol.RunEventTypes.SignalWaiting or Protocol.RunEventTypes.HumanTaskOpened)
            {
                break;
            }
        }

        return run.Id;
    }
}

/// <summary>The same on a database; what all tests together left in it proves sound at the end.</summary>
public abstract class DatabaseSiloFixture : SiloFixture
{
    private readonly DatabaseKind _kind;
    private TestDatabase? _database;

    private protected DatabaseSiloFixture(DatabaseKind kind) => _kind = kind;

    public override async Task InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync(_kind);
        await StartAsync(["--Actors:Ephemeral=false", $"--Actors:Database={_database.Setting}"]);
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await using (IStore store = await _database!.OpenAsync())
        {
            Assert.Empty(await store.CheckInvariantsAsync(default));
        }

        await _database.DisposeAsync();
    }
}

public sealed class SqliteSiloFixture() : DatabaseSiloFixture(DatabaseKind.Sqlite);

public sealed class PostgresSiloFixture() : DatabaseSiloFixture(DatabaseKind.Postgres);

[CollectionDefinition(Name)]
public sealed class OneSilo : ICollectionFixture<SiloFixture>
{
    public const string Name = "one silo";
}

[CollectionDefinition(Name)]
public sealed class OneSqliteSilo : ICollectionFixture<SqliteSiloFixture>
{
    public const string Name = "one silo on SQLite";
}

[CollectionDefinition(Name)]
public sealed class OnePostgresSilo : ICollectionFixture<PostgresSiloFixture>
{
    public const string Name = "one silo on PostgreSQL";
}

internal static class Responses
{
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response, HttpStatusCode expected)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(expected == response.StatusCode, $"expected {(int)expected}, got {(int)response.StatusCode}: {text}");
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    /// <summary>Checks everything that holds for every problem, and gives it.</summary>
    public static async Task<JsonElement> ProblemAsync(this HttpResponseMessage response, HttpStatusCode expected, string code)
    {
        JsonElement problem = await response.JsonAsync(expected);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.Equal((int)expected, problem.GetProperty("status").GetInt32());
        Assert.Equal($"/problems/{code}", problem.GetProperty("type").GetString());
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("title").GetString()));
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("detail").GetString()));
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("traceId").GetString()));
        return problem;
    }

    public static string Detail(this JsonElement problem) => problem.GetProperty("detail").GetString()!;

    public static string Pointer(this JsonElement problem) => problem.GetProperty("errors")[0].GetProperty("pointer").GetString()!;
}
