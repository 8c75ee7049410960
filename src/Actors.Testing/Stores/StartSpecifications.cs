using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>Starts of runs and of children, and their keys.</summary>
public abstract class StartSpecifications(StoreFixture fixture) : StoreSpecifications(fixture)
{
    [Fact]
    public async Task Every_column_of_a_new_run_is_kept()
    {
        RunRow parent = await StartAsync("parent");
        RunRow given = (await RowAsync("r1")) with
        {
            Status = RunStatus.Waiting,
            Why = "waits for 'Ann' \"now\" ü 🙂",
            Priority = -3,
            Metadata = new Dictionary<string, string> { ["order"] = "42", ["it's \"odd\".[0] $ü🙂\\"] = "" },
            IdempotencyKey = "key-1",
            RequestHash = "abc",
            Parent = new ParentLink(parent.Id, parent.No, "call[2]", false),
            State = """{"a":[1,2]}""",
            CreatedAt = At(1).ToOffset(TimeSpan.FromHours(-8)),
            UpdatedAt = At(2),
        };

        await CommittedAsync(Begin(given));

        RunRow row = await GetAsync(given);
        Assert.Equal(given.Metadata.OrderBy(label => label.Key, StringComparer.Ordinal), row.Metadata!.OrderBy(label => label.Key, StringComparer.Ordinal));
        Assert.Equal(given with { Metadata = null, CreatedAt = At(1) }, row with { Metadata = null });
    }

    [Fact]
    public async Task A_run_without_options_has_none()
    {
        RunRow run = await StartAsync("r1", row => row with { Owner = null, Metadata = new Dictionary<string, string>() });

        Assert.Equal(run with { Metadata = null }, await GetAsync(run));
    }

    [Fact]
    public async Task A_start_that_ends_at_once_has_no_owner()
    {
        RunRow run = await RowAsync("r1");

        await CommittedAsync(Begin(run, change: Becomes(RunStatus.Completed)));

        Assert.Equal((RunStatus.Completed, null, At(30)), ((await GetAsync(run)).Status, (await GetAsync(run)).Owner, (await GetAsync(run)).FinishedAt));
    }

    [Fact]
    public async Task The_same_start_sent_again_is_committed_and_changes_nothing()
    {
        RunRow row = (await RowAsync("r1")) with { IdempotencyKey = "k", Metadata = new Dictionary<string, string> { ["a"] = "b" } };
        Transition start = Begin(row);
        await CommittedAsync(start);
        await CommittedAsync(Next(row, 1, Becomes(RunStatus.Waiting)));
        string before = await SeeAsync(row);

        await CommittedAsync(start);

        Assert.Equal(before, await SeeAsync(row));
    }

    [Fact]
    public async Task A_start_with_a_taken_run_id_is_answered_with_the_run_that_has_it()
    {
        RunRow first = await StartAsync("r1", row => row with { RequestHash = "one" });
        RunRow second = (await RowAsync("r1")) with { RequestHash = "two" };

        CommitOutcome outcome = await CommitAsync(Begin(second));

        Assert.Equal((CommitStatus.Exists, first.No, "one"), (outcome.Status, outcome.Existing?.No, outcome.Existing?.RequestHash));
        Assert.Single(await JournalAsync(first));
        Assert.Equal("one", (await GetAsync(first)).RequestHash);
    }

    [Fact]
    public async Task A_run_id_is_unique_over_all_tenants()
    {
        await StartAsync("r1");
        RunRow second = (await RowAsync("r1")) with { Tenant = "other" };

        Assert.Equal(CommitStatus.Exists, (await CommitAsync(Begin(second))).Status);

        Assert.Null(await Store.GetRunAsync("other", second.Id, default));
    }

    [Fact]
    public async Task A_start_with_a_taken_idempotency_key_is_answered_with_the_run_that_has_it()
    {
        RunRow first = await StartAsync("r1", row => row with { IdempotencyKey = "k", RequestHash = "one" });
        RunRow second = (await RowAsync("r2")) with { IdempotencyKey = "k", RequestHash = "two" };

        CommitOutcome outcome = await CommitAsync(Begin(second));

        Assert.Equal((CommitStatus.Exists, first.Id, "one"), (outcome.Status, outcome.Existing?.Id, outcome.Existing?.RequestHash));
        Assert.Null(await Store.GetRunAsync(Tenant, second.Id, default));
    }

    [Fact]
    public async Task The_key_of_a_run_that_has_ended_is_still_taken()
    {
        RunRow first = await StartAsync("r1", row => row with { IdempotencyKey = "k" });
        await CommittedAsync(Next(first, 1, Becomes(RunStatus.Completed), [Entry(2, EntryKind.RunCompleted, "")]));

        CommitOutcome outcome = await CommitAsync(Begin((await RowAsync("r2")) with { IdempotencyKey = "k" }));

        Assert.Equal((CommitStatus.Exists, RunStatus.Completed), (outcome.Status, outcome.Existing?.Status));
    }

    [Fact]
    public async Task Of_two_starts_with_one_key_in_one_batch_one_is_committed()
    {
        RunRow first = (await RowAsync("r1")) with { IdempotencyKey = "k" };
        RunRow second = (await RowAsync("r2")) with { IdempotencyKey = "k" };

        IReadOnlyList<CommitOutcome> outcomes = await Store.CommitAsync([Begin(first), Begin(second)], default);

        Assert.Equal([CommitStatus.Committed, CommitStatus.Exists], outcomes.Select(outcome => outcome.Status).Order());
        Assert.Equal(outcomes[0].Status == CommitStatus.Committed ? first.Id : second.Id, outcomes.Single(outcome => outcome.Existing is not null).Existing!.Id);
        Assert.Single(await Store.ListRunsAsync(new RunQuery { Tenant = Tenant }, default));
    }

    [Fact]
    public async Task Another_tenant_may_use_the_same_idempotency_key()
    {
        RunRow first = await StartAsync("r1", row => row with { IdempotencyKey = "k" });
        RunRow second = await StartAsync("r2", row => row with { IdempotencyKey = "k", Tenant = "other" });

        Assert.Equal(first.Id, (await Store.GetRunByIdempotencyKeyAsync(Tenant, "k", default))?.Id);
        Assert.Equal(second.Id, (await Store.GetRunByIdempotencyKeyAsync("other", "k", default))?.Id);
    }

    [Fact]
    public async Task Keys_differ_by_case_and_by_every_character()
    {
        string[] keys = ["k", "K", "k ", "'k'", "k\u0301", "ḱ"];
        foreach ((string key, int i) in keys.Select((key, i) => (key, i)))
        {
            await StartAsync($"r{i}", row => row with { IdempotencyKey = key });
        }

        foreach ((string key, int i) in keys.Select((key, i) => (key, i)))
        {
            Assert.Equal($"r{i}", (await Store.GetRunByIdempotencyKeyAsync(Tenant, key, default))?.Id.Value);
        }
    }

    [Fact]
    public async Task Runs_without_a_key_do_not_meet()
    {
        await StartAsync("r1");
        await StartAsync("r2");

        Assert.Null(await Store.GetRunByIdempotencyKeyAsync(Tenant, "", default));
    }

    [Fact]
    public async Task A_start_without_its_first_entry_is_a_bug_of_the_caller()
    {
        RunRow row = await RowAsync("r1");
        Transition start = new() { Id = 1, Silo = Silo, Run = row.Id, RunNo = row.No, ExpectedSeq = 0, Start = row };

        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.CommitAsync([start], default));
    }

    [Fact]
    public async Task A_child_begins_with_its_parents_transition()
    {
        RunRow parent = await StartAsync("parent");
        RunRow child = await ChildOfAsync(parent, "child");

        await CommittedAsync(Next(parent, 1, entries: [Entry(2, EntryKind.ChildStarted, "call")], children: [new ChildStart(child, Entry(1, EntryKind.RunStarted, "", "input"))]));

        Assert.Equal(child, await GetAsync(child));
        JournalEntry first = Assert.Single(await JournalAsync(child));
        Assert.Equal((1, EntryKind.RunStarted, "input"), (first.Seq, first.Kind, BodyOf(first)));
        await CommittedAsync(Next(child, 1));
    }

    [Fact]
    public async Task A_child_of_a_refused_transition_does_not_begin()
    {
        RunRow parent = await StartAsync("parent");
        RunRow child = await ChildOfAsync(parent, "child");

        Assert.Equal(CommitStatus.Conflict, (await CommitAsync(Next(parent, 4, children: [new ChildStart(child, Entry(1))]))).Status);

        Assert.Null(await Store.GetRunAsync(Tenant, child.Id, default));
    }

    [Fact]
    public async Task A_child_that_exists_already_is_left_as_it_is()
    {
        RunRow parent = await StartAsync("parent");
        RunRow child = await ChildOfAsync(parent, "child");
        await CommittedAsync(Next(parent, 1, children: [new ChildStart(child, Entry(1))]));
        await CommittedAsync(Next(child, 1, Becomes(RunStatus.Waiting, "busy")));
        string before = await SeeAsync(child);
        RunRow again = (await ChildOfAsync(parent, "child")) with { Principal = "mallory" };

        await CommittedAsync(Next(parent, 2, children: [new ChildStart(again, Entry(1, body: "other"))]));

        Assert.Equal(before, await SeeAsync(child));
        Assert.Equal(3, (await JournalAsync(parent)).Count);
    }

    private async Task<RunRow> ChildOfAsync(RunRow parent, string id) =>
        (await RowAsync(id)) with { Owner = null, Status = RunStatus.Queued, Parent = new ParentLink(parent.Id, parent.No, "call", true) };
}
