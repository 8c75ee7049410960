using System.Net;
using System.Text.Json;
using Actors.Protocol;

namespace Actors.Hosting.Tests.Runs;

[Collection(OneSilo.Name)]
public sealed class RunMemoryTests(SiloFixture silo) : RunTests(silo);

[Collection(OneSqliteSilo.Name)]
public sealed class RunSqliteTests(SqliteSiloFixture silo) : RunTests(silo);

[Collection(OnePostgresSilo.Name)]
public sealed class RunPostgresTests(PostgresSiloFixture silo) : RunTests(silo);

public abstract class RunTests(SiloFixture silo)
{
    [Fact]
    public async Task Pages_together_are_all_runs_that_fit_newest_first()
    {
        string mark = Guid.NewGuid().ToString();
        List<string> started = [];
        for (int i = 0; i < 7; i++)
        {
            StartRunRequest request = new() { Metadata = new Dictionary<string, string> { ["mark"] = mark, ["odd"] = i % 2 == 0 ? "no" : "yes" } };
            started.Insert(0, (await silo.Client.StartRunAsync("Gate", request)).Id);
        }

        List<string> listed = [];
        List<int> sizes = [];
        string? cursor = null;
        do
        {
            JsonElement page = await (await silo.Http.GetAsync($"/runs?metadata.mark={mark}&limit=3{(cursor is null ? "" : "&cursor=" + cursor)}")).JsonAsync(HttpStatusCode.OK);
            listed.AddRange(page.GetProperty("items").EnumerateArray().Select(r => r.GetProperty("id").GetString()!));
            sizes.Add(page.GetProperty("items").GetArrayLength());
            cursor = page.TryGetProperty("next", out JsonElement next) ? next.GetString() : null;
        }
        while (cursor is not null);

        Assert.Equal(started, listed);
        Assert.Equal([3, 3, 1], sizes);
        RunPage odd = await silo.Client.ListRunPageAsync(new Client.RunFilter { Metadata = new Dictionary<string, string> { ["mark"] = mark, ["odd"] = "yes" } });
        Assert.Equal(3, odd.Items.Count);
        Assert.Null(odd.Next);
    }

    [Fact]
    public async Task Lists_can_be_asked_by_status_flow_and_label_together()
    {
        string mark = Guid.NewGuid().ToString();
        Dictionary<string, string> label = new() { ["mark"] = mark };
        string waiting = (await silo.Client.StartRunAsync("Gate", new StartRunRequest { Metadata = label })).Id;
        ExecuteResponse failed = await silo.Client.ExecuteAsync("Fail", new StartRunRequest { Metadata = label });
        await silo.Client.ExecuteAsync("greeting", new StartRunRequest { Metadata = label, Input = JsonSerializer.SerializeToElement(new { name = "a" }) });

        Assert.Equal(failed.RunId, await OnlyAsync($"status=failed&metadata.mark={mark}"));
        Assert.Equal(waiting, await OnlyAsync($"flow=Gate&metadata.mark={mark}"));
        Assert.Equal(failed.RunId, await OnlyAsync($"status=cancelled,failed&flow=Fail&metadata.mark={mark}"));
        Assert.Null(await OnlyAsync($"parent={waiting}"));

        async Task<string?> OnlyAsync(string query)
        {
            JsonElement page = await (await silo.Http.GetAsync("/runs?" + query)).JsonAsync(HttpStatusCode.OK);
            return page.GetProperty("items").EnumerateArray().Select(r => r.GetProperty("id").GetString()).SingleOrDefault();
        }
    }

    [Theory]
    [InlineData("/runs?limit=0", "?limit")]
    [InlineData("/runs?limit=501", "?limit")]
    [InlineData("/runs?limit=ten", "?limit")]
    [InlineData("/runs?status=complet", "?status")]
    [InlineData("/runs?status=5", "?status")]
    [InlineData("/runs?status=failed&status=parked", "?status")]
    [InlineData("/runs?sttaus=failed", "?sttaus")]
    [InlineData("/runs?parent=a%20b", "?parent")]
    [InlineData("/runs?metadata.=x", "?metadata.")]
    [InlineData("/flows?limit=1", "?limit")]
    [InlineData("/runs/r1/events?after=-1", "?after")]
    [InlineData("/runs/r1/events?limit=1001", "?limit")]
    [InlineData("/human-tasks?status=done", "?status")]
    [InlineData("/human-tasks?status=open,answered", "?status")]
    public async Task A_wrong_query_is_refused_with_its_parameter(string path, string pointer)
    {
        JsonElement problem = await (await silo.Http.GetAsync(path)).ProblemAsync(HttpStatusCode.BadRequest, "invalid_query");

        Assert.Equal(pointer, problem.Pointer());
    }

    [Theory]
    [InlineData("/runs?cursor=rubbish!")]
    [InlineData("/runs?cursor=aDE6MTphYmM")] // of a list of human tasks
    [InlineData("/runs?cursor=cjE6LTE")] // r1:-1
    [InlineData("/runs?cursor=AAAA")]
    [InlineData("/human-tasks?cursor=cjE6NQ")] // of a list of runs
    [InlineData("/human-tasks?cursor=aDE6OTk5OTk5OTk5OTk5OTk5OTk5OTphYmM")] // a time out of range
    public async Task A_cursor_that_no_page_gave_is_refused(string path) =>
        await (await silo.Http.GetAsync(path)).ProblemAsync(HttpStatusCode.BadRequest, "invalid_cursor");

    [Theory]
    [InlineData("GET", "")]
    [InlineData("GET", "/events")]
    [InlineData("GET", "/stream")]
    [InlineData("POST", "/cancel")]
    [InlineData("POST", "/resume")]
    [InlineData("POST", "/signals/go")]
    public async Task An_unknown_run_is_404_everywhere(string method, string rest)
    {
        foreach (string id in (string[])["run_unknown", "not%20an%20id", new string('x', 100)])
        {
            HttpResponseMessage response = await silo.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), $"/runs/{id}{rest}"));
            await response.ProblemAsync(HttpStatusCode.NotFound, "unknown_run");
        }
    }

    [Fact]
    public async Task A_waiting_run_says_what_it_waits_for()
    {
        string id = await silo.StartWaitingAsync();

        RunView run = await silo.Client.GetRunAsync(id);

        Assert.Equal(RunStatus.Waiting, run.Status);
        Assert.Contains("go", run.Why, StringComparison.Ordinal);
        Assert.Equal($"/runs/{id}/stream", run.Links?.Stream);
    }

    [Fact]
    public async Task Cancelling_ends_a_run_with_its_reason_and_doing_it_again_is_a_conflict()
    {
        string id = await silo.StartWaitingAsync();

        await (await silo.PostAsync($"/runs/{id}/cancel", """{"reason":"ordered twice"}""")).JsonAsync(HttpStatusCode.Accepted);

        RunView run = await silo.Client.WaitForEndAsync(id);
        Assert.Equal(RunStatus.Cancelled, run.Status);
        Assert.Contains("ordered twice", run.Why, StringComparison.Ordinal);
        await (await silo.PostAsync($"/runs/{id}/cancel", null)).ProblemAsync(HttpStatusCode.Conflict, "run_ended");
        await (await silo.PostAsync($"/runs/{id}/resume", null)).ProblemAsync(HttpStatusCode.Conflict, "run_ended");
        await (await silo.PostAsync($"/runs/{id}/signals/go", null)).ProblemAsync(HttpStatusCode.Conflict, "run_ended");
    }

    [Fact]
    public async Task A_signal_is_taken_in_once_for_each_key()
    {
        string id = (await silo.Client.StartRunAsync("Gate")).Id;

        HttpResponseMessage first = await silo.PostAsync($"/runs/{id}/signals/other", """{"payload":{"n":1}}""", "signal-1");
        HttpResponseMessage again = await silo.PostAsync($"/runs/{id}/signals/other", """{"payload":{"n":1}}""", "signal-1");

        Assert.Equal(HttpStatusCode.NoContent, first.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, again.StatusCode);
        await silo.Client.SignalRunAsync(id, "go", JsonSerializer.SerializeToElement("end"));
        await silo.Client.WaitForEndAsync(id);
        List<RunEventView> events = await EventsAsync(id);
        Assert.Single(events, e => e.Type == RunEventTypes.SignalReceived && e.Detail == "other");
    }

    [Fact]
    public async Task Resuming_a_run_that_is_not_parked_leaves_it_as_it_is()
    {
        string id = await silo.StartWaitingAsync();

        JsonElement run = await (await silo.PostAsync($"/runs/{id}/resume", null)).JsonAsync(HttpStatusCode.Accepted);

        Assert.Equal("waiting", run.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Events_can_be_read_page_by_page_to_the_end()
    {
        ExecuteResponse done = await silo.Client.ExecuteAsync("Echo", new StartRunRequest { Input = JsonSerializer.SerializeToElement(new { text = "x" }) });

        JsonElement first = await (await silo.Http.GetAsync($"/runs/{done.RunId}/events?limit=1")).JsonAsync(HttpStatusCode.OK);
        JsonElement all = await (await silo.Http.GetAsync($"/runs/{done.RunId}/events")).JsonAsync(HttpStatusCode.OK);

        Assert.Equal(1, first.GetProperty("next").GetInt64());
        Assert.False(all.TryGetProperty("next", out _));
        List<RunEventView> events = await EventsAsync(done.RunId);
        Assert.Equal(RunEventTypes.RunStarted, events[0].Type);
        Assert.Equal("x", events[0].Data?.GetProperty("text").GetString());
        RunEventView step = events.Single(e => e.Type == RunEventTypes.StepCompleted);
        Assert.Equal("echo", step.Step);
        Assert.NotNull(step.DurationMs);
        Assert.Equal(RunEventTypes.RunCompleted, events[^1].Type);
    }

    [Fact]
    public async Task The_next_of_a_live_run_gives_what_follows()
    {
        string id = await silo.StartWaitingAsync();
        JsonElement now = await (await silo.Http.GetAsync($"/runs/{id}/events")).JsonAsync(HttpStatusCode.OK);
        long next = now.GetProperty("next").GetInt64();

        JsonElement nothing = await (await silo.Http.GetAsync($"/runs/{id}/events?after={next}")).JsonAsync(HttpStatusCode.OK);

        Assert.Equal(0, nothing.GetProperty("items").GetArrayLength());
        Assert.Equal(next, nothing.GetProperty("next").GetInt64());
    }

    private async Task<List<RunEventView>> EventsAsync(string id)
    {
        List<RunEventView> events = [];
        await foreach (RunEventView e in silo.Client.ListRunEventsAsync(id))
        {
            events.Add(e);
        }

        return events;
    }
}
