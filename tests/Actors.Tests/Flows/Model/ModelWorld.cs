using System.Collections.Concurrent;
using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Actors.Flows;
using Actors.Sqlite;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Actors.Tests.Flows.Model;

/// <summary>
/// What the flows of the model act upon: an HTTP server, a database and a kind of step of the test's own. What they answer depends on the request alone, except that <see cref="ModelAnswer.Late"/> is
/// an error at the first attempt; and they note by idempotency key what they were asked.
/// </summary>
internal sealed class ModelWorld : IAsyncDisposable
{
    public const string Insert = "insert into told (place, n) values (@place, @n) on conflict do nothing";

    private readonly ConcurrentDictionary<int, ConcurrentDictionary<string, Asked>> _asked = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("actors-model-").FullName;
    private readonly WebApplication _server;

    private ModelWorld(WebApplication server) => _server = server;

    public static async Task<ModelWorld> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        ModelWorld world = new(builder.Build());
        world._server.Run(world.AnswerAsync);
        await world._server.StartAsync();
        return world;
    }

    /// <summary>What the server's sum, the own kind and the queries compute.</summary>
    public static decimal Sum(decimal a, decimal b) => ((a * 5) + b) % 97;

    /// <summary>The address beneath which the flow of this seed calls.</summary>
    public string UrlOf(int seed) => string.Create(CultureInfo.InvariantCulture, $"{_server.Urls.Single()}/{seed}");

    /// <summary>Gives a host's flows what is here.</summary>
    public async Task OfferAsync(int seed, FlowResources resources)
    {
        // Of what waits for the database's only writer none may give up because others are many.
        resources.Connections.AddSqlite()
            .Add("books", "sqlite", new Dictionary<string, object?> { ["database"] = FileOf(seed), ["timeout"] = 600 })
            .Add("shop", "http", new Dictionary<string, object?> { ["base_url"] = UrlOf(seed) });
        await using DbCommand create = Books(resources).CreateCommand("create table told (place text not null, n integer not null, primary key (place, n)) without rowid");
        await create.ExecuteNonQueryAsync();
        resources.Kinds.Add(new StepKind("weigh", "Gives a number of two others.", (settings, step) => Task.FromResult(Weigh(seed, settings, step)))
        {
            Settings = JsonDocument.Parse("""{"type":"object","required":["place","answer","a","b"],"additionalProperties":false,"properties":{"place":{},"answer":{},"a":{},"b":{}}}""").RootElement,
        });
    }

    /// <summary>Compares what was done with what the model says.</summary>
    /// <param name="kills">So many attempts of a step may have been lost with their process, and made again.</param>
    public async Task ExpectAsync(int seed, FlowResources resources, ModelEffects expected, int kills)
    {
        ILookup<string, KeyValuePair<string, Asked>> byPlace = AskedOf(seed).ToLookup(static one => one.Value.Place);
        Assert.Empty(byPlace.Select(static place => place.Key).Except(expected.Calls.Keys));
        foreach ((string place, (int times, int attempts, bool isCertain)) in expected.Calls)
        {
            KeyValuePair<string, Asked>[] asked = [.. byPlace[place]];
            Assert.True(isCertain ? asked.Length == times : asked.Length <= times, $"{place} was carried out {asked.Length} times instead of {times}: {string.Join(", ", asked.Select(static one => one.Key))}");
            foreach ((string key, Asked one) in asked)
            {
                Assert.True(one.Count >= attempts && one.Count <= attempts + kills, $"{key} at {place} was tried {one.Count} times instead of {attempts}, with {kills} kills.");
                Assert.True(!one.HasChanged, $"{key} at {place} was not the same at each attempt.");
            }
        }

        HashSet<(string, decimal)> rows = [];
        await using DbCommand read = Books(resources).CreateCommand("select place, n from told");
        await using DbDataReader reader = await read.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            rows.Add((reader.GetString(0), reader.GetDecimal(1)));
        }

        Assert.Equal(expected.Rows.Order(), rows.Order());
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private string FileOf(int seed) => Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{seed}.db"));

    private static DbDataSource Books(FlowResources resources) => resources.Connections.Find("books").Database!;

    private ConcurrentDictionary<string, Asked> AskedOf(int seed) => _asked.GetOrAdd(seed, static _ => []);

    private async Task AnswerAsync(HttpContext http)
    {
        // /SEED/ANSWER/PLACE
        string[] path = http.Request.Path.Value!.Split('/');
        ModelAnswer answer = Enum.Parse<ModelAnswer>(path[2], ignoreCase: true);
        decimal a, b;
        int attempt = 1;
        if (HttpMethods.IsGet(http.Request.Method))
        {
            a = Number(http.Request.Query["a"].Single()!);
            b = Number(http.Request.Query["b"].Single()!);
        }
        else
        {
            using JsonDocument sent = await JsonDocument.ParseAsync(http.Request.Body);
            a = sent.RootElement.GetProperty("a").GetDecimal();
            b = sent.RootElement.GetProperty("b").GetDecimal();
            attempt = Note(int.Parse(path[1], CultureInfo.InvariantCulture), http.Request.Headers["Idempotency-Key"].Single()!, path[3], $"{answer} {sent.RootElement}");
        }

        http.Response.StatusCode = answer switch
        {
            ModelAnswer.Late when attempt == 1 => StatusCodes.Status503ServiceUnavailable,
            ModelAnswer.Refused => StatusCodes.Status422UnprocessableEntity,
            ModelAnswer.Down => StatusCodes.Status500InternalServerError,
            ModelAnswer.Missing => StatusCodes.Status404NotFound,
            _ => StatusCodes.Status200OK,
        };
        bool isError = http.Response.StatusCode != StatusCodes.Status200OK;
        http.Response.ContentType = isError ? "text/plain" : "application/json";
        await http.Response.WriteAsync(isError ? string.Create(CultureInfo.InvariantCulture, $"no {a}") : string.Create(CultureInfo.InvariantCulture, $$"""{"n":{{Sum(a, b)}}}"""));
    }

    private JsonElement Weigh(int seed, JsonElement settings, IStepContext step)
    {
        ModelAnswer answer = Enum.Parse<ModelAnswer>(settings.GetProperty("answer").GetString()!);
        int attempt = Note(seed, step.IdempotencyKey, settings.GetProperty("place").GetString()!, settings.GetRawText());
        decimal a = settings.GetProperty("a").GetDecimal();
        return answer switch
        {
            ModelAnswer.Late when attempt == 1 => throw new TaskException("not yet"),
            ModelAnswer.Refused => throw new TaskException(string.Create(CultureInfo.InvariantCulture, $"too heavy: {a}")) { Retryable = false },
            _ => JsonSerializer.SerializeToElement(Sum(a, settings.GetProperty("b").GetDecimal())),
        };
    }

    /// <returns>How often this key has come, this time included.</returns>
    private int Note(int seed, string key, string place, string request) => AskedOf(seed).AddOrUpdate(
        key,
        static (_, now) => new Asked(now.place, now.request, 1, false),
        static (_, before, now) => before with { Count = before.Count + 1, HasChanged = before.HasChanged || (before.Place, before.Request) != now },
        (place, request)).Count;

    private static decimal Number(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>What was asked under one idempotency key.</summary>
    private sealed record Asked(string Place, string Request, int Count, bool HasChanged);
}
