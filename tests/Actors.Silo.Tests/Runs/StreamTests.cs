using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Actors.Postgres.Tests;
using Actors.Protocol;
using Microsoft.AspNetCore.Builder;

namespace Actors.Hosting.Tests.Runs;

[Collection(OneSilo.Name)]
public sealed class StreamMemoryTests(SiloFixture silo) : StreamTests(silo);

[Collection(OneSqliteSilo.Name)]
public sealed class StreamSqliteTests(SqliteSiloFixture silo) : StreamTests(silo);

[Collection(OnePostgresSilo.Name)]
public sealed class StreamPostgresTests(PostgresSiloFixture silo) : StreamTests(silo);

public abstract class StreamTests(SiloFixture silo)
{
    [Fact]
    public async Task A_stream_resumes_after_the_last_event_and_ends_with_the_run()
    {
        ExecuteResponse done = await silo.Client.ExecuteAsync("Echo", new StartRunRequest { Input = JsonSerializer.SerializeToElement(new { text = "x" }) });
        List<SseItem<string>> all = await ReadAsync(done.RunId, null);

        List<SseItem<string>> rest = await ReadAsync(done.RunId, all[1].EventId);
        List<SseItem<string>> nothing = await ReadAsync(done.RunId, all[^2].EventId);

        Assert.Equal(all.Skip(2).Select(e => e.EventType), rest.Select(e => e.EventType));
        Assert.Equal(["done"], nothing.Select(e => e.EventType));
        RunView run = JsonSerializer.Deserialize(all[^1].Data, WireJson.Default.RunView)!;
        Assert.Equal(RunStatus.Completed, run.Status);
        Assert.Equal("x", run.Output?.GetString());
    }

    [Fact]
    public async Task A_live_stream_gives_each_event_once_while_the_run_goes_on()
    {
        string id = await silo.StartWaitingAsync();
        using HttpResponseMessage response = await silo.Http.GetAsync($"/runs/{id}/stream", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.True(response.Headers.CacheControl?.NoCache);
        List<long> seqs = [];
        List<string> types = [];
        await foreach (SseItem<string> item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            types.Add(item.EventType);
            if (item.EventType == "done")
            {
                continue;
            }

            RunEventView e = JsonSerializer.Deserialize(item.Data, WireJson.Default.RunEventView)!;
            seqs.Add(e.Seq);
            if (e.Type == RunEventTypes.SignalWaiting)
            {
                await silo.Client.SignalRunAsync(id, "go", JsonSerializer.SerializeToElement("x"));
            }
        }

        Assert.Equal(seqs.Distinct().Order(), seqs);
        Assert.Equal(["run.completed", "done"], types[^2..]);
        Assert.Contains(RunEventTypes.SignalTaken, types);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("-1")]
    [InlineData("1.5")]
    public async Task A_wrong_Last_Event_ID_is_refused(string id)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/runs/r1/stream");
        request.Headers.Add("Last-Event-ID", id);

        await (await silo.Http.SendAsync(request)).ProblemAsync(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public async Task A_quiet_stream_says_that_it_is_alive()
    {
        await using WebApplication app = await SiloFixture.StartAsync(null, "--Actors:StreamHeartbeat=00:00:00.02");
        using HttpClient http = new() { BaseAddress = new Uri(app.Urls.Single()) };
        RunView run = await new Client.ActorsClient(http).StartRunAsync("Gate");
        using StreamReader stream = new(await http.GetStreamAsync($"/runs/{run.Id}/stream"));

        int beats = 0;
        while (beats < 3 && await stream.ReadLineAsync() is { } line)
        {
            beats += line == ": alive" ? 1 : 0;
        }

        Assert.Equal(3, beats);
    }

    [Fact]
    public async Task A_watch_survives_the_loss_of_the_silo()
    {
        Storage.MemoryStore store = new();
        string url = $"http://127.0.0.1:{FreePort.Take()}";
        WebApplication first = await SiloFixture.StartAsync(b => b.UseStore((_, _) => ValueTask.FromResult<Storage.IStore>(new Kept(store))), $"--urls={url}");
        Client.ActorsClient client = new(
            new HttpClient { BaseAddress = new Uri(url) },
            new Client.ActorsClientOptions { AttemptsMax = 5_000, RetryDelay = TimeSpan.FromMilliseconds(20), RetryDelayMax = TimeSpan.FromMilliseconds(50) });
        string id = (await client.StartRunAsync("Gate")).Id;
        List<RunEventView> events = [];
        WebApplication? second = null;
        await foreach (RunEventView e in client.WatchRunAsync(id))
        {
            events.Add(e);
            if (e.Type == RunEventTypes.SignalWaiting)
            {
                await first.StopAsync();
                await first.DisposeAsync();
                second = await SiloFixture.StartAsync(b => b.UseStore((_, _) => ValueTask.FromResult<Storage.IStore>(new Kept(store))), $"--urls={url}");
                await client.SignalRunAsync(id, "go", JsonSerializer.SerializeToElement("again"));
            }
        }

        Assert.Equal("again", (await client.GetRunAsync(id)).Output?.GetString());
        Assert.Equal(events.Select(e => e.Seq).Distinct().Order(), events.Select(e => e.Seq));
        Assert.Equal(RunEventTypes.RunCompleted, events[^1].Type);
        await second!.DisposeAsync();
    }

    private async Task<List<SseItem<string>>> ReadAsync(string id, string? after)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, $"/runs/{id}/stream");
        if (after is not null)
        {
            request.Headers.Add("Last-Event-ID", after);
        }

        using HttpResponseMessage response = await silo.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        List<SseItem<string>> items = [];
        await foreach (SseItem<string> item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            items.Add(item);
        }

        return items;
    }
}
