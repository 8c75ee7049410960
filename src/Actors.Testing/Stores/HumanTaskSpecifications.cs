using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>Questions to people: the row decides who was first.</summary>
public abstract class HumanTaskSpecifications(StoreFixture fixture) : StoreSpecifications(fixture)
{
    [Fact]
    public async Task Every_column_of_an_open_task_is_kept()
    {
        RunRow run = await StartAsync("r1");
        HumanTaskRow given = HumanTask(run, "h1", "ann", "group:fin'ance \"ü🙂\"") with { Details = """{"a":"ü"}""", DueAt = At(60), Key = "items[3]/approve#2" };

        await CommittedAsync(Next(run, 1, opened: [given]));

        HumanTaskRow? task = await Store.GetHumanTaskAsync(Tenant, given.Id, default);
        Assert.Equal(given.Decisions, task?.Decisions);
        Assert.Equal(given.Candidates, task?.Candidates);
        Assert.Equal(given with { Decisions = [], Candidates = [] }, task! with { Decisions = [], Candidates = [] });
    }

    [Theory]
    [InlineData(null, """{"type":"object","title":"ü"}""")]
    [InlineData("""{"a":"ü"}""", """{"type":"object"}""")]
    [InlineData("""{"~form":{"a":1}}""", null)]
    public async Task A_form_is_kept_beside_the_details(string? details, string? form)
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, opened: [HumanTask(run, "h1") with { Details = details, Form = form }]));

        HumanTaskRow? task = await Store.GetHumanTaskAsync(Tenant, new HumanTaskId("h1"), default);
        HumanTaskRow listed = Assert.Single(await Store.ListHumanTasksAsync(new HumanTaskQuery { Tenant = Tenant, Limit = 10 }, default));
        Assert.Equal((details, form), (task!.Details, task.Form));
        Assert.Equal((details, form), (listed.Details, listed.Form));
    }

    [Fact]
    public async Task An_answer_closes_the_task()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, opened: [HumanTask(run, "h1")]));

        await CommittedAsync(Next(run, 2, closed: [new HumanTaskClosing(new HumanTaskId("h1"), HumanTaskStatus.Answered, At(9), "ben", "reject", "too 'dear' ü")]));

        HumanTaskRow? task = await Store.GetHumanTaskAsync(Tenant, new HumanTaskId("h1"), default);
        Assert.Equal(
            (HumanTaskStatus.Answered, At(9), "ben", "reject", "too 'dear' ü"), (task!.Status, task.ClosedAt, task.AnsweredBy, task.Decision, task.Comment));
    }

    [Theory]
    [InlineData(HumanTaskStatus.Expired)]
    [InlineData(HumanTaskStatus.Cancelled)]
    public async Task A_task_that_nobody_answered_names_nobody(HumanTaskStatus status)
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, opened: [HumanTask(run, "h1")]));

        await CommittedAsync(Next(run, 2, closed: [new HumanTaskClosing(new HumanTaskId("h1"), status, At(9), "operator")]));

        HumanTaskRow? task = await Store.GetHumanTaskAsync(Tenant, new HumanTaskId("h1"), default);
        Assert.Equal((status, At(9), null, null), (task!.Status, task.ClosedAt, task.AnsweredBy, task.Decision));
    }

    [Fact]
    public async Task Closing_a_task_that_is_not_open_is_a_conflict_and_writes_nothing()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, opened: [HumanTask(run, "h1"), HumanTask(run, "h2")]));
        await CommittedAsync(Next(run, 2, closed: [Answer("h1", "first")]));
        string before = await SeeAsync(run);

        CommitOutcome outcome = await CommitAsync(
            Next(run, 3, Becomes(RunStatus.Completed), set: [Reminder(run, "t", 1)], closed: [Answer("h2"), Answer("h1", "second")]));

        Assert.Equal(CommitStatus.Conflict, outcome.Status);
        Assert.Contains("h1", outcome.Reason);
        Assert.Equal(before, await SeeAsync(run));
    }

    [Fact]
    public async Task Closing_a_task_that_does_not_exist_is_a_conflict()
    {
        RunRow run = await StartAsync("r1");

        Assert.Equal(CommitStatus.Conflict, (await CommitAsync(Next(run, 1, closed: [Answer("nowhere")]))).Status);

        Assert.Single(await JournalAsync(run));
    }

    [Fact]
    public async Task The_neighbours_of_a_lost_answer_are_unaffected()
    {
        RunRow one = await StartAsync("r1");
        RunRow two = await StartAsync("r2");
        await CommittedAsync(Next(one, 1, opened: [HumanTask(one, "h1")]), Next(two, 1, opened: [HumanTask(two, "h2")]));
        await CommittedAsync(Next(one, 2, closed: [Answer("h1")]));

        Assert.Equal([CommitStatus.Conflict, CommitStatus.Committed], await CommitAllAsync(Next(one, 3, closed: [Answer("h1")]), Next(two, 2, closed: [Answer("h2")])));

        Assert.Equal(HumanTaskStatus.Answered, (await Store.GetHumanTaskAsync(Tenant, new HumanTaskId("h2"), default))?.Status);
    }

    [Fact]
    public async Task Of_answer_and_expiry_at_once_one_wins()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, opened: [HumanTask(run, "h1")]));
        Transition answer = Next(run, 2, closed: [Answer("h1")]);
        Transition expiry = Next(run, 2, closed: [new HumanTaskClosing(new HumanTaskId("h1"), HumanTaskStatus.Expired, At(9))]);

        CommitOutcome[] outcomes = await Task.WhenAll(CommitAsync(answer), CommitAsync(expiry));

        Assert.Equal([CommitStatus.Committed, CommitStatus.Conflict], outcomes.Select(outcome => outcome.Status).Order());
        Assert.Equal(
            outcomes[0].Status == CommitStatus.Committed ? HumanTaskStatus.Answered : HumanTaskStatus.Expired,
            (await Store.GetHumanTaskAsync(Tenant, new HumanTaskId("h1"), default))?.Status);
    }

    [Fact]
    public async Task Closing_a_task_twice_in_one_transition_is_a_bug_of_the_caller()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, opened: [HumanTask(run, "h1")]));

        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.CommitAsync([Next(run, 2, closed: [Answer("h1"), Answer("h1")])], default));
    }

    [Fact]
    public async Task Tasks_are_listed_oldest_first_and_page_after_the_last()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, opened:
        [
            HumanTask(run, "c") with { CreatedAt = At(2) },
            HumanTask(run, "b") with { CreatedAt = At(2) },
            HumanTask(run, "z") with { CreatedAt = At(1) },
            HumanTask(run, "a") with { CreatedAt = At(3) },
            HumanTask(run, "B") with { CreatedAt = At(2) },
        ]));

        List<string> seen = [];
        (DateTimeOffset, HumanTaskId)? after = null;
        while (true)
        {
            IReadOnlyList<HumanTaskRow> page = await Store.ListHumanTasksAsync(new HumanTaskQuery { Tenant = Tenant, After = after, Limit = 2 }, default);
            seen.AddRange(page.Select(task => task.Id.Value));
            if (page.Count < 2)
            {
                break;
            }

            after = (page[^1].CreatedAt, page[^1].Id);
        }

        Assert.Equal(["z", "B", "b", "c", "a"], seen);
    }

    [Fact]
    public async Task Tasks_are_filtered_by_status_and_run()
    {
        RunRow one = await StartAsync("r1");
        RunRow two = await StartAsync("r2");
        await CommittedAsync(Next(one, 1, opened: [HumanTask(one, "h1"), HumanTask(one, "h2")]), Next(two, 1, opened: [HumanTask(two, "h3")]));
        await CommittedAsync(Next(one, 2, closed: [Answer("h1")]));

        Assert.Equal(["h2", "h3"], await ListAsync(query => query with { Status = HumanTaskStatus.Open }));
        Assert.Equal(["h1"], await ListAsync(query => query with { Status = HumanTaskStatus.Answered }));
        Assert.Equal(["h1", "h2"], await ListAsync(query => query with { Run = one.Id }));
        Assert.Equal(["h2"], await ListAsync(query => query with { Run = one.Id, Status = HumanTaskStatus.Open }));
        Assert.Equal(["h1", "h2", "h3"], await ListAsync(query => query));
    }

    [Theory]
    [InlineData("ann")]
    [InlineData("o'hara")]
    [InlineData("group:\"odd\" \\ ü🙂")]
    [InlineData("100%")]
    public async Task A_candidate_sees_the_tasks_that_are_for_them_or_for_everybody(string candidate)
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, opened:
        [
            HumanTask(run, "a-mine", "zoe", candidate),
            HumanTask(run, "b-everybodys"),
            HumanTask(run, "c-other", "zoe"),
            HumanTask(run, "d-near", candidate + "2", candidate[..^1]),
            HumanTask(run, "e-mine", candidate),
        ]));

        Assert.Equal(["a-mine", "b-everybodys", "e-mine"], await ListAsync(query => query with { Candidate = candidate }));
    }

    private async Task<IReadOnlyList<string>> ListAsync(Func<HumanTaskQuery, HumanTaskQuery> vary) =>
        [.. (await Store.ListHumanTasksAsync(vary(new HumanTaskQuery { Tenant = Tenant }), default)).Select(task => task.Id.Value)];
}
