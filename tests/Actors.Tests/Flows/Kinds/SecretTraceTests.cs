using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Sqlite;
using Actors.Storage;
using Microsoft.Extensions.Logging;

namespace Actors.Tests.Flows;

/// <summary>A secret reaches the server that it is for, and nothing that is kept or shown.</summary>
public sealed class SecretTraceTests
{
    private const string Secret = "s3cret \"tóken\"/+x";

    // What can be sent in a header.
    private const string Key = "s3cret-key-of-crm";

    private static readonly string[] Forms =
    [
        Secret, Key, "s3cret", "tóken", Uri.EscapeDataString(Secret), Convert.ToBase64String(Encoding.UTF8.GetBytes(Secret)), Convert.ToBase64String(Encoding.UTF8.GetBytes(Key)), "s3cret \\\"",
    ];

    [Fact]
    public async Task A_secret_is_in_no_file_result_event_error_or_log()
    {
        string folder = Directory.CreateTempSubdirectory("actors-secret-").FullName;
        await using RawServer server = new(request => RawServer.Answer(
            request.Contains("/fail", StringComparison.Ordinal) ? 500 : 200,
            JsonSerializer.Serialize(new { request, coded = Convert.ToBase64String(Encoding.UTF8.GetBytes($"user:{Key}")), plain = request.Contains("/ok", StringComparison.Ordinal) ? Secret : "" }),
            $"Content-Type: application/json\r\nX-Echo: {Key}"));
        TaskRegistry tasks = new();
        tasks.Resources.Secrets = static name => name switch { "TOKEN" => Secret, "CRM" => Key, _ => null };
        tasks.Add<JsonElement, JsonElement>("Throw", static (input, _) => throw new InvalidOperationException($"could not use {input}"));
        tasks.Add<JsonElement, JsonElement>("Echo", static (input, _) => Task.FromResult(input.Clone()));
        FlowRegistry flows = new();
        flows.Add(YamlFlowDefinition.Parse(
            $$"""
            flow: secrets
            connections:
              crm: {type: http, base_url: "{{server.Url}}", headers: {X-Crm: "${secrets.CRM}"} }
            steps:
              - {id: echo, task: Echo, inputs: {a: "${secrets.TOKEN}", b: ["x ${secrets.TOKEN} y"]} }
              - {id: called, http: {url: "{{server.Url}}/ok", body: {token: "${secrets.TOKEN}"}, query: {t: "${secrets.TOKEN}"}, headers: {X-Key: "${secrets.CRM}"} } }
              - {id: connected, http: {connection: crm, url: customers} }
              - {id: failed, http: {connection: crm, url: fail}, retry: {max_attempts: 2, delay: 10ms}, on_error: {steps: [{id: told, task: Echo, inputs: {e: "${error}"} }], then: continue} }
              - {id: thrown, task: Throw, inputs: {token: "${secrets.TOKEN}"} }
            outputs:
              - {name: echo, value: "${echo}"}
            """,
            "secrets.yaml",
            tasks));
        Log log = new();
        StringBuilder shown = new();
        await using (SqliteStore store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Path = Path.Combine(folder, "runs.db") }))
        await using (Silo silo = new(new SiloOptions(), store, flows, tasks, TimeProvider.System, log))
        {
            await silo.StartAsync();
            StartedRun started = await silo.StartRunAsync(new StartRun { Flow = "secrets" }, Caller.Local);
            RunResult result = await silo.WaitForEndAsync(started.Run.Id, Caller.Local, TimeSpan.FromMinutes(2));
            Assert.Equal((RunStatus.Failed, nameof(InvalidOperationException)), (result.Run.Status, result.Error?.Type));
            Assert.Contains("could not use", result.Error?.Message, StringComparison.Ordinal);
            Assert.Contains("***", result.Error?.Message, StringComparison.Ordinal);
            shown.Append(result).Append(JsonSerializer.Serialize(result.Error));
            shown.AppendJoin("\n", await silo.ReadEventsAsync(started.Run.Id, Caller.Local, 0, 1000));
            await silo.StopAsync();
        }

        // The server was given them.
        Assert.Contains(server.Requests, static request => request.Contains($"X-Key: {Key}", StringComparison.Ordinal) && request.Contains(Uri.EscapeDataString(Secret), StringComparison.Ordinal));
        Assert.Equal(3, server.Requests.Count(static request => request.Contains($"X-Crm: {Key}", StringComparison.Ordinal)));

        await tasks.Resources.DisposeAsync();
        Dictionary<string, string> places = Directory.GetFiles(folder).ToDictionary(static file => Path.GetFileName(file), static file => Encoding.UTF8.GetString(File.ReadAllBytes(file)));
        places["shown"] = shown.ToString();
        places["log"] = string.Join('\n', log.Lines);
        Assert.Contains("runs.db", places.Keys);
        Assert.NotEmpty(log.Lines);
        foreach ((string place, string text) in places)
        {
            foreach (string form in Forms)
            {
                int at = text.IndexOf(form, StringComparison.Ordinal);
                Assert.True(at < 0, $"{place} has {form}: {(at < 0 ? "" : text[Math.Max(0, at - 200)..Math.Min(text.Length, at + 200)])}");
            }
        }

        Assert.Contains("***", places["shown"] + places["runs.db"], StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    private sealed class Log : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
