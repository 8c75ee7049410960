using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Actors.Client;
using Actors.Protocol;
using Microsoft.AspNetCore.Builder;

namespace Actors.Hosting.Tests.Hosting;

public sealed class LifecycleTests
{
    [Fact]
    public async Task While_it_stops_requests_under_way_are_answered_connections_are_refused_and_bodies_end()
    {
        TaskCompletionSource entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using WebApplication app = await SiloFixture.StartAsync(b => b.AddFlow(new HeldFlow(entered, release)));
        using HttpClient http = new() { BaseAddress = new Uri(app.Urls.Single()) };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health/ready")).StatusCode);
        RunView run = await new ActorsClient(http).StartRunAsync("Held");
        await entered.Task;
        Task<string> stream = http.GetStringAsync($"/runs/{run.Id}/stream");
        Task<HttpResponseMessage> waiting = http.PostAsync($"/flows/Gate/execute?wait=5m", null);
        while ((await http.GetFromJsonAsync<JsonElement>("/runs?flow=Gate")).GetProperty("items").GetArrayLength() == 0)
        {
        }

        Task stopping = app.StopAsync();
        Assert.DoesNotContain("event: done", await stream, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Accepted, (await waiting).StatusCode);
        using HttpClient fresh = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero }) { BaseAddress = http.BaseAddress };
        await Assert.ThrowsAnyAsync<HttpRequestException>(async () =>
        {
            while (true)
            {
                await fresh.GetAsync("/health/live");
            }
        });
        Assert.False(stopping.IsCompleted);
        release.SetResult();
        await stopping;
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => http.GetAsync("/health/live"));
    }

    [Fact]
    public async Task The_service_says_what_it_is()
    {
        await using WebApplication app = await SiloFixture.StartAsync();
        using HttpClient http = new() { BaseAddress = new Uri(app.Urls.Single()) };

        ServiceInfo info = await new ActorsClient(http).GetServiceAsync();

        Assert.Equal("actors", info.Name);
        Assert.Equal("memory", info.Storage);
        Assert.True(info.Ready);
        Assert.Equal("/human-tasks", info.Links.HumanTasks);
    }

    [Fact]
    public async Task Ten_thousand_starts_at_once_are_each_accepted_or_told_to_come_later_and_none_is_lost()
    {
        await using WebApplication app = await SiloFixture.StartAsync(null, "--Actors:Silo:StartsMax=2000");
        using HttpClient http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 256 }) { BaseAddress = new Uri(app.Urls.Single()), Timeout = TimeSpan.FromMinutes(3) };
        byte[] body = """{"input":{"text":"x"}}"""u8.ToArray();

        (HttpStatusCode Status, string? Id)[] answers = await Task.WhenAll(Enumerable.Range(0, 10_000).Select(async _ =>
        {
            using ByteArrayContent content = new(body);
            content.Headers.ContentType = new("application/json");
            using HttpResponseMessage response = await http.PostAsync("/flows/Echo/runs", content);
            string? id = response.IsSuccessStatusCode ? (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString() : null;
            return (response.StatusCode, id);
        }));

        Assert.All(answers, a => Assert.True(a.Status is HttpStatusCode.Created or HttpStatusCode.TooManyRequests, a.Status.ToString()));
        string[] accepted = answers.Where(a => a.Id is not null).Select(a => a.Id!).ToArray();
        Assert.NotEmpty(accepted);
        ActorsClient client = new(http);
        await Parallel.ForEachAsync(accepted, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (id, _) =>
        {
            RunView run = await client.WaitForEndAsync(id, CancellationToken.None);
            Assert.Equal(RunStatus.Completed, run.Status);
        });
        HashSet<string> listed = [];
        await foreach (RunView run in client.ListRunsAsync(new RunFilter { PageSize = 500 }))
        {
            listed.Add(run.Id);
        }

        Assert.Equal(accepted.ToHashSet(), listed);
    }

    private sealed class HeldFlow(TaskCompletionSource entered, TaskCompletionSource release) : Flow<JsonElement, int>
    {
        public override Task<int> RunAsync(IFlowContext ctx, JsonElement input) => ctx.Step("held", 1, async (i, _) =>
        {
            entered.TrySetResult();
            await release.Task;
            return i;
        });
    }
}
