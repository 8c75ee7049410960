using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>Reading runs and journals; every read sees one tenant.</summary>
public abstract class RunQuerySpecifications(StoreFixture fixture) : StoreSpecifications(fixture)
{
    private const string Odd = "a'b\"c.d[0]$ü🙂\\%_";

    [Fact]
    public async Task Runs_are_listed_newest_first_and_page_by_number()
    {
        for (int i = 1; i <= 7; i++)
        {
            await StartAsync($"r{i}");
        }

        List<string> seen = [];
        long? before = null;
        while (true)
        {
            IReadOnlyList<RunRow> page = await Store.ListRunsAsync(new RunQuery { Tenant = Tenant, BeforeNo = before, Limit = 3 }, default);
            seen.AddRange(page.Select(row => row.Id.Value));
            if (page.Count < 3)
            {
                break;
            }

            before = page[^1].No;
        }

        Assert.Equal(["r7", "r6", "r5", "r4", "r3", "r2", "r1"], seen);
    }

    [Fact]
    public async Task A_listed_run_has_all_its_columns()
    {
        RunRow run = await StartAsync("r1", row => row with { Why = "x", State = "{}", Priority = 2, IdempotencyKey = "k", RequestHash = "h" });

        Assert.Equal(run, Assert.Single(await Store.ListRunsAsync(new RunQuery { Tenant = Tenant }, default)));
    }

    [Fact]
    public async Task Runs_are_filtered_by_status()
    {
        await StartAsync("running");
        await StartAsync("parked", row => row with { Status = RunStatus.Parked });
        await StartAsync("waiting", row => row with { Status = RunStatus.Waiting });
        RunRow failed = await StartAsync("failed");
        await CommittedAsync(Next(failed, 1, Becomes(RunStatus.Failed)));

        Assert.Equal(["parked"], await ListAsync(query => query with { Statuses = [RunStatus.Parked] }));
        Assert.Equal(["failed", "waiting"], await ListAsync(query => query with { Statuses = [RunStatus.Waiting, RunStatus.Failed] }));
        Assert.Equal(["failed", "waiting", "parked", "running"], await ListAsync(query => query));
        Assert.Empty(await ListAsync(query => query with { Statuses = [RunStatus.Cancelled] }));
    }

    [Fact]
    public async Task Runs_are_filtered_by_flow()
    {
        await StartAsync("r1", row => row with { Flow = "refund" });
        await StartAsync("r2", row => row with { Flow = Odd });
        await StartAsync("r3", row => row with { Flow = "Refund" });

        Assert.Equal(["r1"], await ListAsync(query => query with { Flow = "refund" }));
        Assert.Equal(["r2"], await ListAsync(query => query with { Flow = Odd }));
    }

    [Fact]
    public async Task Runs_are_filtered_by_every_label_asked()
    {
        await StartAsync("r1", row => row with { Metadata = new Dictionary<string, string> { ["order"] = "1", ["region"] = "eu" } });
        await StartAsync("r2", row => row with { Metadata = new Dictionary<string, string> { ["order"] = "1", ["region"] = "us" } });
        await StartAsync("r3", row => row with { Metadata = new Dictionary<string, string> { ["order"] = "11" } });
        await StartAsync("r4");

        Assert.Equal(["r2", "r1"], await ListAsync(query => query with { Metadata = new Dictionary<string, string> { ["order"] = "1" } }));
        Assert.Equal(["r1"], await ListAsync(query => query with { Metadata = new Dictionary<string, string> { ["order"] = "1", ["region"] = "eu" } }));
        Assert.Empty(await ListAsync(query => query with { Metadata = new Dictionary<string, string> { ["order"] = "1", ["other"] = "eu" } }));
        Assert.Equal(4, (await ListAsync(query => query with { Metadata = new Dictionary<string, string>() })).Count);
    }

    [Theory]
    [InlineData("quote'")]
    [InlineData("double\"quote")]
    [InlineData("a.b[0]")]
    [InlineData("$")]
    [InlineData("back\\slash")]
    [InlineData("100%_")]
    [InlineData("ünï🙂")]
    [InlineData("line\nbreak")]
    [InlineData("")]
    public async Task Labels_may_have_odd_characters(string odd)
    {
        await StartAsync("name", row => row with { Metadata = new Dictionary<string, string> { [odd] = "x" } });
        await StartAsync("value", row => row with { Metadata = new Dictionary<string, string> { ["x"] = odd } });
        await StartAsync("near", row => row with { Metadata = new Dictionary<string, string> { [odd + "2"] = "x", ["x"] = odd + "2" } });

        Assert.Equal(["name"], await ListAsync(query => query with { Metadata = new Dictionary<string, string> { [odd] = "x" } }));
        Assert.Equal(["value"], await ListAsync(query => query with { Metadata = new Dictionary<string, string> { ["x"] = odd } }));
    }

    [Fact]
    public async Task Runs_are_filtered_by_parent()
    {
        RunRow parent = await StartAsync("parent");
        await StartAsync("child-1", row => row with { Parent = new ParentLink(parent.Id, parent.No, "a", true) });
        await StartAsync("child-2", row => row with { Parent = new ParentLink(parent.Id, parent.No, "b", false) });
        await StartAsync("stranger");

        Assert.Equal(["child-2", "child-1"], await ListAsync(query => query with { Parent = parent.Id }));
        Assert.Empty(await ListAsync(query => query with { Parent = new RunId("stranger") }));
    }

    [Fact]
    public async Task All_filters_hold_together()
    {
        RunRow parent = await StartAsync("parent");
        Dictionary<string, string> labels = new() { ["a"] = "b" };
        RunRow match = await StartAsync("match", row => row with { Parent = new ParentLink(parent.Id, parent.No, "a", true), Metadata = labels, Flow = "f" });
        await StartAsync("flow", row => row with { Parent = new ParentLink(parent.Id, parent.No, "a", true), Metadata = labels });
        await StartAsync("label", row => row with { Parent = new ParentLink(parent.Id, parent.No, "a", true), Flow = "f" });
        await StartAsync("orphan", row => row with { Metadata = labels, Flow = "f" });
        RunQuery all = new() { Tenant = Tenant, Flow = "f", Metadata = labels, Parent = parent.Id, Statuses = [RunStatus.Running], BeforeNo = match.No + 1, Limit = 5 };

        Assert.Equal(["match"], (await Store.ListRunsAsync(all, default)).Select(row => row.Id.Value));
        Assert.Empty(await Store.ListRunsAsync(all with { BeforeNo = match.No }, default));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(RunQuery.LimitMax + 1)]
    public async Task A_limit_out_of_range_is_a_bug_of_the_caller(int limit)
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Store.ListRunsAsync(new RunQuery { Tenant = Tenant, Limit = limit }, default));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Store.ListHumanTasksAsync(new HumanTaskQuery { Tenant = Tenant, Limit = limit }, default));
    }

    [Fact]
    public async Task A_journal_is_read_in_pages()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, entries: [Entry(2), Entry(3, EntryKind.Snapshot), Entry(4), Entry(5)]));

        Assert.Equal([1, 2], (await Store.ReadJournalAsync(Tenant, run.Id, 0, 2, default)).Select(entry => entry.Seq));
        Assert.Equal([3, 4], (await Store.ReadJournalAsync(Tenant, run.Id, 2, 2, default)).Select(entry => entry.Seq));
        Assert.Equal([5], (await Store.ReadJournalAsync(Tenant, run.Id, 4, 2, default)).Select(entry => entry.Seq));
        Assert.Empty(await Store.ReadJournalAsync(Tenant, run.Id, 5, 2, default));
        Assert.Equal(5, (await Store.ReadLastEntryAsync(Tenant, run.Id, default))?.Seq);
    }

    [Fact]
    public async Task A_run_that_does_not_exist_reads_as_nothing()
    {
        RunId nowhere = new("nowhere");

        Assert.Null(await Store.GetRunAsync(Tenant, nowhere, default));
        Assert.Null(await Store.GetRunByIdempotencyKeyAsync(Tenant, "k", default));
        Assert.Empty(await Store.ReadJournalAsync(Tenant, nowhere, 0, 10, default));
        Assert.Null(await Store.ReadLastEntryAsync(Tenant, nowhere, default));
        Assert.Null(await Store.GetHumanTaskAsync(Tenant, new HumanTaskId("h1"), default));
        Assert.Null(await Store.GetFlowAsync(Tenant, "f", "v", default));
    }

    [Theory]
    [InlineData("other")]
    [InlineData("ACME")]
    [InlineData("acme ")]
    [InlineData("")]
    public async Task No_read_shows_another_tenants_rows(string stranger)
    {
        RunRow run = await StartAsync("r1", row => row with { IdempotencyKey = "k", Metadata = new Dictionary<string, string> { ["a"] = "b" } });
        RunRow child = await StartAsync("r2", row => row with { Parent = new ParentLink(run.Id, run.No, "call", true) });
        await CommittedAsync(Next(run, 1, opened: [HumanTask(run, "h1")]));
        await Store.SaveFlowAsync(new FlowRow(Tenant, "f", "v", null, null, At()), default);

        Assert.Null(await Store.GetRunAsync(stranger, run.Id, default));
        Assert.Null(await Store.GetRunByIdempotencyKeyAsync(stranger, "k", default));
        Assert.Empty(await Store.ListRunsAsync(new RunQuery { Tenant = stranger }, default));
        Assert.Empty(await Store.ListRunsAsync(new RunQuery { Tenant = stranger, Parent = run.Id }, default));
        Assert.Empty(await Store.ListRunsAsync(new RunQuery { Tenant = stranger, Metadata = new Dictionary<string, string> { ["a"] = "b" } }, default));
        Assert.Empty(await Store.ReadJournalAsync(stranger, child.Id, 0, 10, default));
        Assert.Null(await Store.ReadLastEntryAsync(stranger, run.Id, default));
        Assert.Null(await Store.GetHumanTaskAsync(stranger, new HumanTaskId("h1"), default));
        Assert.Empty(await Store.ListHumanTasksAsync(new HumanTaskQuery { Tenant = stranger }, default));
        Assert.Empty(await Store.ListHumanTasksAsync(new HumanTaskQuery { Tenant = stranger, Run = run.Id }, default));
        Assert.Null(await Store.GetFlowAsync(stranger, "f", "v", default));
    }

    [Fact]
    public async Task Every_read_sees_what_was_acknowledged_before()
    {
        RunRow run = await StartAsync("r1");
        for (int i = 1; i <= 100; i++)
        {
            await CommittedAsync(Next(run, i, new RunChange { Status = RunStatus.Running, Why = $"step {i}", At = At(i) }));

            Assert.Equal($"step {i}", (await GetAsync(run)).Why);
            Assert.Equal(i + 1, (await Store.ReadLastEntryAsync(Tenant, run.Id, default))?.Seq);
        }
    }

    private async Task<IReadOnlyList<string>> ListAsync(Func<RunQuery, RunQuery> vary) =>
        [.. (await Store.ListRunsAsync(vary(new RunQuery { Tenant = Tenant }), default)).Select(row => row.Id.Value)];
}
