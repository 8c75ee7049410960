using System.Net;
using System.Text.Json;
using Actors.Protocol;

namespace Actors.Hosting.Tests.HumanTasks;

[Collection(OneSilo.Name)]
public sealed class HumanTaskMemoryTests(SiloFixture silo) : HumanTaskTests(silo);

[Collection(OneSqliteSilo.Name)]
public sealed class HumanTaskSqliteTests(SqliteSiloFixture silo) : HumanTaskTests(silo);

[Collection(OnePostgresSilo.Name)]
public sealed class HumanTaskPostgresTests(PostgresSiloFixture silo) : HumanTaskTests(silo);

public abstract class HumanTaskTests(SiloFixture silo)
{
    [Fact]
    public async Task A_question_is_shown_answered_and_given_to_the_flow()
    {
        HumanTaskView task = await AskAsync();
        Assert.Equal("May it go on?", task.Title);
        Assert.Equal(42, task.Details?.GetProperty("amount").GetInt32());
        Assert.Equal(["approve", "reject"], task.Decisions);
        Assert.Equal(HumanTaskStatus.Open, task.Status);
        Assert.Equal("approval", task.Step);

        JsonElement answered = await (await silo.PostAsync($"/human-tasks/{task.Id}/answer", """{"decision":"approve","comment":"fine","data":{"a":[1]},"by":"ann"}""")).JsonAsync(HttpStatusCode.OK);

        Assert.Equal("answered", answered.GetProperty("status").GetString());
        Assert.Equal("local:ann", answered.GetProperty("answeredBy").GetString());
        Assert.Equal("approve by local:ann: fine", (await silo.Client.WaitForEndAsync(task.Run)).Output?.GetString());
    }

    [Fact]
    public async Task Without_a_name_the_caller_is_recorded()
    {
        HumanTaskView task = await AskAsync();

        HumanTaskView answered = await silo.Client.AnswerHumanTaskAsync(task.Id, new AnswerRequest { Decision = "reject" });

        Assert.Equal("local", answered.AnsweredBy);
    }

    [Fact]
    public async Task The_second_answer_is_a_conflict_that_names_the_first()
    {
        HumanTaskView task = await AskAsync();
        await silo.PostAsync($"/human-tasks/{task.Id}/answer", """{"decision":"approve","by":"ann"}""");

        JsonElement problem = await (await silo.PostAsync($"/human-tasks/{task.Id}/answer", """{"decision":"reject","by":"bob"}""")).ProblemAsync(HttpStatusCode.Conflict, "task_closed");

        Assert.Contains("ann", problem.Detail(), StringComparison.Ordinal);
        Assert.Contains("approve", problem.Detail(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_many_answers_at_once_exactly_one_wins()
    {
        HumanTaskView task = await AskAsync();

        HttpResponseMessage[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i =>
            silo.PostAsync($"/human-tasks/{task.Id}/answer", $$"""{"decision":"{{(i % 2 == 0 ? "approve" : "reject")}}","by":"p{{i}}"}""")));

        HttpResponseMessage winner = Assert.Single(answers, a => a.StatusCode == HttpStatusCode.OK);
        Assert.All(answers.Where(a => a != winner), a => Assert.Equal(HttpStatusCode.Conflict, a.StatusCode));
        string by = (await winner.JsonAsync(HttpStatusCode.OK)).GetProperty("answeredBy").GetString()!;
        Assert.Contains(by, (await silo.Client.WaitForEndAsync(task.Run)).Output?.GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_after_a_cancel_is_a_conflict()
    {
        HumanTaskView task = await AskAsync();
        await silo.Client.CancelRunAsync(task.Run, "no longer needed");
        await silo.Client.WaitForEndAsync(task.Run);

        await (await silo.PostAsync($"/human-tasks/{task.Id}/answer", """{"decision":"approve"}""")).ProblemAsync(HttpStatusCode.Conflict, "task_closed");

        Assert.Equal(HumanTaskStatus.Cancelled, (await silo.Client.GetHumanTaskAsync(task.Id)).Status);
    }

    [Theory]
    [InlineData("""{"decision":"perhaps"}""", "invalid_decision", "/decision")]
    [InlineData("""{}""", "invalid_request", "/decision")]
    [InlineData("""{"decision":null}""", "invalid_request", "/decision")]
    [InlineData("""{"decision":5}""", "invalid_request", "/decision")]
    [InlineData("""{"decision":"approve","by":""}""", "invalid_request", "/by")]
    [InlineData("""{"decision":"approve","by":"a\nb"}""", "invalid_request", "/by")]
    public async Task A_wrong_answer_is_refused_with_its_place_and_the_task_stays_open(string body, string code, string pointer)
    {
        HumanTaskView task = await AskAsync();

        JsonElement problem = await (await silo.PostAsync($"/human-tasks/{task.Id}/answer", body)).ProblemAsync(HttpStatusCode.UnprocessableEntity, code);

        Assert.Equal(pointer, problem.Pointer());
        Assert.Equal(HumanTaskStatus.Open, (await silo.Client.GetHumanTaskAsync(task.Id)).Status);
    }

    [Fact]
    public async Task Data_that_does_not_fit_the_form_is_refused_with_its_places_and_the_task_stays_open()
    {
        string run = await silo.StartWaitingAsync("AskForAmount", "null");
        HumanTaskView task = (await silo.Client.ListHumanTaskPageAsync(new Client.HumanTaskFilter { Run = run })).Items.Single();
        Assert.Equal(100, task.Form?.GetProperty("properties").GetProperty("amount").GetProperty("maximum").GetInt32());

        JsonElement problem = await (await silo.PostAsync($"/human-tasks/{task.Id}/answer", """{"decision":"approve","data":{"amount":101}}""")).ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid_data");

        Assert.Equal("/data/amount", problem.Pointer());
        Assert.Equal("The answer's data does not fit the form: 'amount' must be at most 100, but is 101.", problem.Detail());
        HumanTaskView answered = await silo.Client.AnswerHumanTaskAsync(task.Id, new AnswerRequest { Decision = "approve", Data = JsonDocument.Parse("""{"amount":99}""").RootElement });
        Assert.NotNull(answered.Form);
        Assert.Equal("""{"amount":99,"note":"none"}""", (await silo.Client.WaitForEndAsync(run)).Output?.GetRawText());
    }

    [Fact]
    public async Task A_comment_that_is_too_long_is_refused()
    {
        HumanTaskView task = await AskAsync();

        string body = $$"""{"decision":"approve","comment":"{{new string('c', 4001)}}"}""";
        await (await silo.PostAsync($"/human-tasks/{task.Id}/answer", body)).ProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid_comment");
    }

    [Fact]
    public async Task Tasks_are_listed_by_run_status_and_candidate_page_by_page()
    {
        string group = "g" + Guid.NewGuid().ToString("N");
        List<HumanTaskView> asked = [];
        for (int i = 0; i < 5; i++)
        {
            asked.Add(await AskAsync(group));
        }

        await silo.Client.AnswerHumanTaskAsync(asked[0].Id, new AnswerRequest { Decision = "approve" });
        List<string> listed = [];
        await foreach (HumanTaskView task in silo.Client.ListHumanTasksAsync(new Client.HumanTaskFilter { Candidate = group, Status = HumanTaskStatus.Open, PageSize = 2 }))
        {
            if (task.Candidates.Count > 0)
            {
                listed.Add(task.Id);
            }
        }

        // The oldest first; those of one millisecond by id.
        Assert.Equal(asked.Skip(1).OrderBy(task => task.CreatedAt).ThenBy(task => task.Id, StringComparer.Ordinal).Select(task => task.Id), listed);
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("POST", "/answer")]
    public async Task An_unknown_task_is_404(string method, string rest)
    {
        foreach (string id in (string[])["task_unknown", "not%20an%20id"])
        {
            using HttpRequestMessage request = new(new HttpMethod(method), $"/human-tasks/{id}{rest}");
            if (method == "POST")
            {
                request.Content = new StringContent("""{"decision":"approve"}""", System.Text.Encoding.UTF8, "application/json");
            }

            await (await silo.Http.SendAsync(request)).ProblemAsync(HttpStatusCode.NotFound, "unknown_task");
        }
    }

    private async Task<HumanTaskView> AskAsync(params string[] candidates)
    {
        string run = await silo.StartWaitingAsync("Ask", JsonSerializer.Serialize(candidates));
        HumanTaskPage page = await silo.Client.ListHumanTaskPageAsync(new Client.HumanTaskFilter { Run = run });
        return page.Items.Single();
    }
}
