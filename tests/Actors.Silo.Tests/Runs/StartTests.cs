using System.Net;
using System.Text.Json;
using Actors.Protocol;

namespace Actors.Hosting.Tests.Runs;

[Collection(OneSilo.Name)]
public sealed class StartMemoryTests(SiloFixture silo) : StartTests(silo);

[Collection(OneSqliteSilo.Name)]
public sealed class StartSqliteTests(SqliteSiloFixture silo) : StartTests(silo);

[Collection(OnePostgresSilo.Name)]
public sealed class StartPostgresTests(PostgresSiloFixture silo) : StartTests(silo);

public abstract class StartTests(SiloFixture silo)
{
    [Fact]
    public async Task A_start_answers_201_with_the_runs_address()
    {
        HttpResponseMessage response = await silo.PostAsync("/flows/Echo/runs", """{"input":{"text":"hi"},"metadata":{"team":"a"},"priority":3}""");

        JsonElement run = await response.JsonAsync(HttpStatusCode.Created);
        string id = run.GetProperty("id").GetString()!;
        Assert.Equal($"/runs/{id}", response.Headers.Location?.OriginalString);
        Assert.Equal("Echo", run.GetProperty("flow").GetString());
        Assert.Equal("a", run.GetProperty("metadata").GetProperty("team").GetString());
        Assert.Equal(3, run.GetProperty("priority").GetInt32());
        RunView ended = await silo.Client.WaitForEndAsync(id);
        Assert.Equal(RunStatus.Completed, ended.Status);
        Assert.Equal("hi", ended.Output?.GetString());
        Assert.NotNull(ended.FinishedAt);
        Assert.Equal("local", ended.StartedBy);
    }

    [Fact]
    public async Task The_same_key_with_the_same_request_gives_the_same_run()
    {
        string key = Guid.NewGuid().ToString();
        HttpResponseMessage first = await silo.PostAsync("/flows/Echo/runs", """{"input":{"text":"a"}}""", key);
        HttpResponseMessage second = await silo.PostAsync("/flows/Echo/runs", """{ "input" : { "text": "a" } }""", key);

        string id = (await first.JsonAsync(HttpStatusCode.Created)).GetProperty("id").GetString()!;
        Assert.False(first.Headers.Contains("Idempotency-Replayed"));
        Assert.Equal(id, (await second.JsonAsync(HttpStatusCode.OK)).GetProperty("id").GetString());
        Assert.Equal("true", second.Headers.GetValues("Idempotency-Replayed").Single());
    }

    [Fact]
    public async Task The_same_key_with_another_request_is_a_conflict()
    {
        string key = Guid.NewGuid().ToString();
        await silo.PostAsync("/flows/Echo/runs", """{"input":{"text":"a"}}""", key);
        HttpResponseMessage other = await silo.PostAsync("/flows/Echo/runs", """{"input":{"text":"b"}}""", key);

        await other.ProblemAsync(HttpStatusCode.Conflict, "idempotency_key_reused");
    }

    [Fact]
    public async Task Many_starts_with_one_key_at_once_make_one_run()
    {
        string key = Guid.NewGuid().ToString();
        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => silo.PostAsync("/flows/Echo/runs", """{"input":{"text":"a"}}""", key)));

        string?[] ids = await Task.WhenAll(responses.Select(async r => (await r.JsonAsync(r.StatusCode)).GetProperty("id").GetString()));
        Assert.Single(ids.Distinct());
        Assert.Single(responses, r => r.StatusCode == HttpStatusCode.Created);
        Assert.All(responses, r => Assert.True(r.StatusCode is HttpStatusCode.Created or HttpStatusCode.OK));
    }

    [Fact]
    public async Task Executing_answers_the_outputs_in_the_words_of_before()
    {
        JsonElement done = await (await silo.PostAsync("/flows/greeting/execute", """{"inputs":{"name":"Ann"}}""")).JsonAsync(HttpStatusCode.OK);

        Assert.True(done.GetProperty("success").GetBoolean());
        Assert.Equal("Hello Ann", done.GetProperty("outputs").GetProperty("text").GetString());
        Assert.Equal("completed", done.GetProperty("status").GetString());
        Assert.False(done.GetProperty("terminated").GetBoolean());
        Assert.True(done.GetProperty("executionTimeMs").GetInt64() >= 0);
        Assert.False(string.IsNullOrEmpty(done.GetProperty("runId").GetString()));
    }

    [Fact]
    public async Task A_flow_that_ends_early_says_so()
    {
        ExecuteResponse done = await silo.Client.ExecuteAsync("greeting", new StartRunRequest { Input = Json("""{"name":"Ann","shy":true}""") });

        Assert.True(done.Success);
        Assert.True(done.Terminated);
        Assert.Equal("too shy", done.Reason);
        Assert.True((await silo.Client.GetRunAsync(done.RunId)).Terminated);
    }

    [Fact]
    public async Task A_failed_flow_is_an_answer_not_an_error()
    {
        ExecuteResponse done = await silo.Client.ExecuteAsync("Fail");

        Assert.False(done.Success);
        Assert.Equal(RunStatus.Failed, done.Status);
        Assert.Equal("card_declined", done.Error?.Code);
        Assert.Equal("The card was declined.", done.Error?.Message);
        Assert.Null(done.Outputs);
    }

    [Fact]
    public async Task When_the_wait_is_over_the_answer_is_202_and_the_same_run_goes_on()
    {
        HttpResponseMessage response = await silo.PostAsync("/flows/Gate/execute?wait=0", null);

        JsonElement body = await response.JsonAsync(HttpStatusCode.Accepted);
        string id = body.GetProperty("runId").GetString()!;
        Assert.False(body.GetProperty("success").GetBoolean());
        Assert.Equal($"/runs/{id}", response.Headers.Location?.OriginalString);
        await silo.Client.SignalRunAsync(id, "go", Json("\"x\""));
        Assert.Equal("x", (await silo.Client.WaitForEndAsync(id)).Output?.GetString());
    }

    [Fact]
    public async Task A_caller_that_goes_away_leaves_its_run_behind()
    {
        string mark = Guid.NewGuid().ToString();
        using CancellationTokenSource away = new();
        using HttpRequestMessage request = new(HttpMethod.Post, "/flows/Gate/execute?wait=5m");
        request.Content = new StringContent($$$"""{"metadata":{"mark":"{{{mark}}}"}}""", System.Text.Encoding.UTF8, "application/json");
        Task<HttpResponseMessage> call = silo.Http.SendAsync(request, away.Token);
        Client.RunFilter mine = new() { Metadata = new Dictionary<string, string> { ["mark"] = mark } };
        RunPage page = await silo.Client.ListRunPageAsync(mine);
        while (page.Items.Count == 0)
        {
            page = await silo.Client.ListRunPageAsync(mine);
        }

        await away.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        string id = page.Items.Single().Id;
        await silo.Client.SignalRunAsync(id, "go", Json("\"late\""));
        Assert.Equal("late", (await silo.Client.WaitForEndAsync(id)).Output?.GetString());
    }

    [Fact]
    public async Task Executing_with_a_stream_gives_the_events_and_the_run()
    {
        HttpResponseMessage response = await silo.PostAsync("/flows/Echo/execute/stream", """{"input":{"text":"hi"}}""");

        string text = await response.Content.ReadAsStringAsync();
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        string[] events = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("id: 1\nevent: run.started\ndata: {\"seq\":1,", events[0], StringComparison.Ordinal);
        Assert.StartsWith("event: done\ndata: {\"id\":\"", events[^1], StringComparison.Ordinal);
        Assert.Contains("event: run.completed", events[^2], StringComparison.Ordinal);
        Assert.StartsWith("/runs/", response.Headers.Location?.OriginalString, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_executed_stream_tells_the_start_of_each_step_before_its_end()
    {
        HttpResponseMessage response = await silo.PostAsync("/flows/Echo/execute/stream", """{"input":{"text":"hi"}}""");

        string[] events = (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        int end = Array.FindIndex(events, e => e.Contains("event: step.completed", StringComparison.Ordinal));
        Assert.StartsWith("event: step.started\ndata: ", events[end - 1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/flows/Echo/runs", """{"input":{"text":5}}""", "/input/text")]
    [InlineData("/flows/greeting/runs", """{"inputs":{}}""", "/inputs/name")]
    [InlineData("/flows/greeting/execute", """{"input":{"name":1}}""", "/input/name")]
    [InlineData("/flows/greeting/execute/stream", """{"input":{"name":"a","nmae":"b"}}""", "/input/nmae")]
    public async Task An_input_that_does_not_fit_is_refused_with_its_place(string path, string body, string pointer)
    {
        JsonElement problem = await (await silo.PostAsync(path, body)).ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid_input");

        Assert.Equal(pointer, problem.Pointer());
    }

    [Theory]
    [InlineData("""{"priority":101}""", "invalid_priority", "/priority")]
    [InlineData("""{"metadata":{"":"x"}}""", "invalid_metadata", "/metadata")]
    [InlineData("""{"input":1,"inputs":2}""", "invalid_request", "/inputs")]
    [InlineData("""{"priority":"high"}""", "invalid_request", "/priority")]
    [InlineData("""{"priority":1.5}""", "invalid_request", "/priority")]
    [InlineData("""{"metadata":{"a":1}}""", "invalid_request", "/metadata/a")]
    [InlineData("""{"metadata":[]}""", "invalid_request", "/metadata")]
    [InlineData("""{"version":7}""", "invalid_request", "/version")]
    public async Task What_is_out_of_bounds_or_of_a_wrong_type_is_refused_with_its_place(string body, string code, string pointer)
    {
        JsonElement problem = await (await silo.PostAsync("/flows/Gate/runs", body)).ProblemAsync(HttpStatusCode.UnprocessableEntity, code);

        Assert.Equal(pointer, problem.Pointer());
    }

    [Fact]
    public async Task An_unknown_flow_or_version_is_told_with_what_was_meant()
    {
        JsonElement flow = await (await silo.PostAsync("/flows/greting/runs", "{}")).ProblemAsync(HttpStatusCode.NotFound, "unknown_flow");
        Assert.Contains("Did you mean 'greeting'?", flow.Detail(), StringComparison.Ordinal);
        JsonElement version = await (await silo.PostAsync("/flows/greeting/runs", """{"version":"9","input":{"name":"a"}}""")).ProblemAsync(HttpStatusCode.NotFound, "unknown_version");
        Assert.Contains("1.2", version.Detail(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?wait=6m")]
    [InlineData("?wait=soon")]
    [InlineData("?wait=-1s")]
    [InlineData("?wait=1s&wait=2s")]
    public async Task A_wrong_wait_is_refused_before_anything_starts(string query)
    {
        JsonElement problem = await (await silo.PostAsync("/flows/Gate/execute" + query, null)).ProblemAsync(HttpStatusCode.BadRequest, "invalid_query");

        Assert.Equal("?wait", problem.Pointer());
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    public async Task An_empty_key_is_refused(string key) =>
        await (await silo.PostAsync("/flows/Gate/runs", null, key)).ProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

    [Fact]
    public async Task A_key_that_is_too_long_is_refused() =>
        await (await silo.PostAsync("/flows/Gate/runs", null, new string('k', 201))).ProblemAsync(HttpStatusCode.BadRequest, "invalid_request");

    private static JsonElement Json(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
