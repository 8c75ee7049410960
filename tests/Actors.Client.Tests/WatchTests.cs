using Actors.Protocol;

namespace Actors.Client.Tests;

public sealed class WatchTests
{
    private const string Done = "event: done\ndata: {\"id\":\"r1\"}\n\n";

    private static string Event(int seq, string type) =>
        $$"""
        id: {{seq}}
        event: {{type}}
        data: {"seq":{{seq}},"type":"{{type}}","at":"2026-05-01T12:00:00Z"}


        """.ReplaceLineEndings("\n");

    [Fact]
    public async Task Events_come_in_order_until_the_run_is_done()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.ThenStream(Event(1, "run.started") + ": alive\n\n" + Event(3, "run.completed") + Done);

        List<RunEventView> events = await ReadAsync(server.Client(new InstantTime()).WatchRunAsync("r1"));

        Assert.Equal([1L, 3L], events.Select(e => e.Seq));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_cut_stream_is_taken_up_after_the_last_event_and_gives_none_twice()
    {
        InstantTime time = new();
        TaskCompletionSource read = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.ThenStream(Event(1, "run.started") + Event(2, "step.completed"), cutAfter: read.Task)
            .ThenStream(Event(2, "step.completed") + Event(4, "step.completed"))
            .Then(503, retryAfter: "2")
            .ThenBreak()
            .ThenStream(Event(5, "run.completed") + Done);

        List<RunEventView> events = [];
        await foreach (RunEventView e in server.Client(time).WatchRunAsync("r1"))
        {
            events.Add(e);
            if (e.Seq == 2)
            {
                read.SetResult();
            }
        }

        Assert.Equal([1L, 2L, 4L, 5L], events.Select(e => e.Seq));
        Assert.Equal(["0", "2", "4", "4", "4"], server.Requests.Select(r => r.LastEventId));
        Assert.Contains(TimeSpan.FromSeconds(2), time.Waits);
    }

    [Fact]
    public async Task A_stream_that_is_cut_again_and_again_ends_the_watch()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        for (int i = 0; i < 5; i++)
        {
            server.ThenStream(": alive\n\n");
        }

        await Assert.ThrowsAsync<ActorsUnreachableException>(() => ReadAsync(server.Client(new InstantTime()).WatchRunAsync("r1")));

        Assert.Equal(5, server.Requests.Count);
    }

    [Fact]
    public async Task An_unknown_run_is_told_at_once()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.ThenProblem(404, "run-not-found", "There is no run 'r1'.");

        ActorsApiException e = await Assert.ThrowsAsync<ActorsApiException>(() => ReadAsync(server.Client(new InstantTime()).WatchRunAsync("r1")));

        Assert.Equal("run-not-found", e.Code);
    }

    [Fact]
    public async Task Lists_ask_for_the_next_page_only_when_it_is_read()
    {
        const string run = """{"id":"ID","flow":"f","version":"1","status":"completed","createdAt":"2026-05-01T12:00:00Z","updatedAt":"2026-05-01T12:00:00Z"}""";
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Then(200, $$"""{"items":[{{run.Replace("ID", "a")}},{{run.Replace("ID", "b")}}],"next":"c1"}""").Then(200, $$"""{"items":[{{run.Replace("ID", "c")}}]}""");
        RunFilter filter = new()
        {
            Statuses = [RunStatus.Completed, RunStatus.Parked],
            Flow = "f",
            Metadata = new Dictionary<string, string> { ["team"] = "a&b" },
            PageSize = 2,
        };

        List<string> ids = [];
        await foreach (RunView r in server.Client(new InstantTime()).ListRunsAsync(filter))
        {
            ids.Add(r.Id);
            Assert.Equal(ids.Count <= 2 ? 1 : 2, server.Requests.Count);
        }

        Assert.Equal(["a", "b", "c"], ids);
        Assert.Equal("/runs?status=completed%2Cparked&flow=f&limit=2&metadata.team=a%26b", server.Requests[0].Path);
        Assert.Equal("/runs?status=completed%2Cparked&flow=f&limit=2&cursor=c1&metadata.team=a%26b", server.Requests[1].Path);
    }

    private static async Task<List<RunEventView>> ReadAsync(IAsyncEnumerable<RunEventView> events)
    {
        List<RunEventView> list = [];
        await foreach (RunEventView e in events)
        {
            list.Add(e);
        }

        return list;
    }
}
