using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Actors.Protocol;

namespace Actors.Client.Tests;

public sealed class RetryTests
{
    private const string Run = """{"id":"r1","flow":"order","version":"1","status":"running","createdAt":"2026-05-01T12:00:00Z","updatedAt":"2026-05-01T12:00:00Z","fieldOfTheFuture":{}}""";

    [Theory]
    [InlineData(429)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task A_read_is_repeated_while_the_silo_cannot_answer(int status)
    {
        InstantTime time = new();
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Then(status).Then(status).Then(200, Run);

        RunView run = await server.Client(time).GetRunAsync("r1");

        Assert.Equal(RunStatus.Running, run.Status);
        Assert.Equal(3, server.Requests.Count);
        Assert.Equal(2, time.Waits.Count);
    }

    [Fact]
    public async Task Waits_grow_and_keep_within_their_bounds()
    {
        InstantTime time = new();
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        ActorsClientOptions options = new() { AttemptsMax = 6, RetryDelay = TimeSpan.FromSeconds(1), RetryDelayMax = TimeSpan.FromSeconds(4) };
        for (int i = 0; i < 6; i++)
        {
            server.Then(503);
        }

        await Assert.ThrowsAsync<ActorsApiException>(() => server.Client(time, options).GetRunAsync("r1"));

        Assert.Equal(6, server.Requests.Count);
        double[] largest = [1, 2, 4, 4, 4];
        Assert.Equal(5, time.Waits.Count);
        Assert.All(time.Waits.Zip(largest), w => Assert.InRange(w.First.TotalSeconds, w.Second / 2, w.Second));
    }

    [Fact]
    public async Task Retry_After_is_honoured_in_seconds_and_as_a_date_up_to_the_bound()
    {
        InstantTime time = new();
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Then(503, retryAfter: "7")
            .Then(429, retryAfter: time.GetUtcNow().AddSeconds(9).ToString("R"))
            .Then(503, retryAfter: "86400")
            .Then(200, Run);

        await server.Client(time).GetRunAsync("r1");

        Assert.Equal([TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(30)], time.Waits);
    }

    [Fact]
    public async Task A_start_is_repeated_with_the_one_key_that_was_made_for_it()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.ThenBreak().Then(503).Then(201, Run);
        ActorsClient client = server.Client(new InstantTime());

        await client.StartRunAsync("order", JsonDocument.Parse("""{"n":1}""").RootElement);
        server.Then(201, Run);
        await client.StartRunAsync("order");

        string[] keys = server.Requests.Select(r => r.IdempotencyKey).ToArray();
        Assert.Equal(4, keys.Length);
        Assert.NotEqual("", keys[0]);
        Assert.Equal(keys[0], keys[1]);
        Assert.Equal(keys[0], keys[2]);
        Assert.NotEqual(keys[0], keys[3]);
        Assert.Equal("""{"input":{"n":1}}""", server.Requests[0].Body);
        Assert.Equal("/flows/order/runs", server.Requests[0].Path);
    }

    [Fact]
    public async Task The_callers_own_key_is_sent_as_it_is()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Then(200, Run).Then(204);
        ActorsClient client = server.Client(new InstantTime());

        await client.StartRunAsync("order", new StartRunRequest(), "order-42");
        await client.SignalRunAsync("r1", "paid", signalId: "payment-7");

        Assert.Equal(["order-42", "payment-7"], server.Requests.Select(r => r.IdempotencyKey));
    }

    [Fact]
    public async Task A_command_without_a_key_is_never_repeated()
    {
        InstantTime time = new();
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        ActorsClient client = server.Client(time);

        server.Then(503);
        await Assert.ThrowsAsync<ActorsApiException>(() => client.CancelRunAsync("r1", "why"));
        server.ThenBreak();
        await Assert.ThrowsAsync<ActorsUnreachableException>(() => client.AnswerHumanTaskAsync("t1", new AnswerRequest { Decision = "approve" }));
        server.ThenBreak();
        await Assert.ThrowsAsync<ActorsUnreachableException>(() => client.ResumeRunAsync("r1"));

        Assert.Equal(3, server.Requests.Count);
        Assert.Empty(time.Waits);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(422)]
    [InlineData(500)]
    public async Task What_repeating_cannot_mend_is_told_at_once(int status)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.ThenProblem(status, "some-code", "What happened.", """[{"pointer":"/input/n","detail":"must be a number"}]""");

        ActorsApiException e = await Assert.ThrowsAsync<ActorsApiException>(() => server.Client(new InstantTime()).StartRunAsync("order"));

        Assert.Equal((HttpStatusCode)status, e.Status);
        Assert.Equal("some-code", e.Code);
        Assert.Equal("What happened.", e.Message);
        Assert.Equal([new ProblemError("/input/n", "must be a number")], e.Errors);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task Nothing_listening_is_told_with_the_address_after_all_attempts()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Uri address = new($"http://127.0.0.1:{((IPEndPoint)socket.LocalEndPoint!).Port}");
        InstantTime time = new();
        ActorsClient client = new(new HttpClient { BaseAddress = address }, new ActorsClientOptions { AttemptsMax = 3 }, time);

        ActorsUnreachableException e = await Assert.ThrowsAsync<ActorsUnreachableException>(() => client.ListFlowsAsync());

        Assert.Contains(address.Authority, e.Message, StringComparison.Ordinal);
        Assert.Equal(2, time.Waits.Count);
    }

    [Fact]
    public async Task Another_server_than_a_silo_is_recognised()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Then(200, "<html>Welcome</html>", "text/html").Then(404, "<html>No</html>", "text/html");
        ActorsClient client = server.Client(new InstantTime());

        ActorsApiException wrong = await Assert.ThrowsAsync<ActorsApiException>(() => client.GetServiceAsync());
        ActorsApiException missing = await Assert.ThrowsAsync<ActorsApiException>(() => client.GetRunAsync("r1"));

        Assert.Contains("no Actors API", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("<html>No</html>", missing.Message, StringComparison.Ordinal);
        Assert.Equal("", missing.Code);
        Assert.Empty(missing.Errors);
    }

    [Fact]
    public async Task The_path_of_the_base_address_is_kept_and_names_are_escaped()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Then(404);
        ActorsClient client = new(new HttpClient { BaseAddress = new Uri(server.Address, "/api") });

        await Assert.ThrowsAsync<ActorsApiException>(() => client.GetFlowAsync("a b/c?d", "v 1"));

        Assert.Equal("/api/flows/a%20b%2Fc%3Fd?version=v%201", server.Requests.Single().Path);
    }

    [Fact]
    public async Task Cancellation_ends_the_waiting_between_attempts()
    {
        using CancellationTokenSource stop = new();
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Then(context =>
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.RetryAfter = "3600";
            return Task.CompletedTask;
        });
        ActorsClient client = server.Client(new StoppingTime(stop), new ActorsClientOptions { RetryDelayMax = TimeSpan.FromHours(1) });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetRunAsync("r1", stop.Token));
        Assert.Single(server.Requests);
    }

    /// <summary>Cancels when somebody begins to wait for an hour.</summary>
    private sealed class StoppingTime(CancellationTokenSource stop) : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            ITimer timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime == TimeSpan.FromHours(1))
            {
                stop.Cancel();
            }

            return timer;
        }
    }
}
