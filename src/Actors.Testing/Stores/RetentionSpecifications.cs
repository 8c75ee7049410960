using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>Deleting what ended long ago, and nothing else.</summary>
public abstract class RetentionSpecifications(StoreFixture fixture) : StoreSpecifications(fixture)
{
    [Fact]
    public async Task A_run_that_ended_before_the_time_is_gone_with_everything_of_it()
    {
        RunRow old = await EndedAsync("old", 10, row => row with { IdempotencyKey = "k", RequestHash = "h", Metadata = Labels });
        RunRow young = await EndedAsync("young", 20, row => row with { Metadata = Labels });
        RunRow live = await StartAsync("live", row => row with { Metadata = Labels });
        string before = await SeeAsync(young) + await SeeAsync(live);

        Assert.Equal(1, await Store.DeleteEndedAsync(Silo, At(20), 10, default));

        Assert.Null(await Store.GetRunAsync(Tenant, old.Id, default));
        Assert.Null(await Store.GetRunByIdempotencyKeyAsync(Tenant, "k", default));
        Assert.Empty(await JournalAsync(old));
        Assert.Null(await Store.GetHumanTaskAsync(Tenant, new HumanTaskId("task-old"), default));
        Assert.Equal(["live", "young"], (await Store.ListRunsAsync(new RunQuery { Tenant = Tenant, Metadata = Labels }, default)).Select(static row => row.Id.Value));
        Assert.Equal(before, await SeeAsync(young) + await SeeAsync(live));
        Assert.NotNull(await Store.GetHumanTaskAsync(Tenant, new HumanTaskId("task-young"), default));
        Assert.Empty(await Store.CheckInvariantsAsync(default));
    }

    [Fact]
    public async Task The_oldest_go_first_and_no_more_than_asked()
    {
        await EndedAsync("second", 2);
        await EndedAsync("third", 3);
        await EndedAsync("first", 1);

        Assert.Equal(2, await Store.DeleteEndedAsync(Silo, At(60), 2, default));
        Assert.Equal("third", Assert.Single(await Store.ListRunsAsync(new RunQuery { Tenant = Tenant }, default)).Id.Value);
        Assert.Equal(1, await Store.DeleteEndedAsync(Silo, At(60), 2, default));
        Assert.Equal(0, await Store.DeleteEndedAsync(Silo, At(60), 2, default));
    }

    [Fact]
    public async Task A_run_that_has_not_ended_stays_however_old_it_is()
    {
        await StartAsync("running");
        await StartAsync("waiting", row => row with { Status = RunStatus.Waiting });
        await StartAsync("parked", row => row with { Status = RunStatus.Parked });

        Assert.Equal(0, await Store.DeleteEndedAsync(Silo, At(1_000_000), 10, default));
        Assert.Equal(3, (await Store.ListRunsAsync(new RunQuery { Tenant = Tenant }, default)).Count);
    }

    [Fact]
    public async Task A_tree_goes_as_a_whole_when_its_last_run_has_ended_early_enough()
    {
        RunRow parent = await StartAsync("parent");
        RunRow child = await ChildAsync(parent, 1, "child");
        RunRow grandchild = await ChildAsync(child, 1, "grandchild");
        await EndAsync(parent, 2, 5);
        await EndAsync(child, 2, 6);

        // One that is blocked by a descendant does not keep others back.
        await EndedAsync("other", 7);
        Assert.Equal(1, await Store.DeleteEndedAsync(Silo, At(60), 1, default));
        Assert.Equal(0, await Store.DeleteEndedAsync(Silo, At(60), 10, default));

        await EndAsync(grandchild, 1, 30);
        Assert.Equal(0, await Store.DeleteEndedAsync(Silo, At(30), 10, default));
        Assert.Equal(3, await Store.DeleteEndedAsync(Silo, At(31), 10, default));
        Assert.Empty(await Store.ListRunsAsync(new RunQuery { Tenant = Tenant }, default));
        Assert.Empty(await Store.CheckInvariantsAsync(default));
    }

    [Fact]
    public async Task A_freed_key_and_id_can_be_used_again()
    {
        await EndedAsync("again", 1, row => row with { IdempotencyKey = "k", RequestHash = "h" });
        Assert.Equal(1, await Store.DeleteEndedAsync(Silo, At(60), 10, default));

        RunRow run = await StartAsync("again", row => row with { IdempotencyKey = "k", RequestHash = "other" });
        Assert.Equal(run.No, (await Store.GetRunByIdempotencyKeyAsync(Tenant, "k", default))!.No);
        Assert.Single(await JournalAsync(run));
    }

    [Fact]
    public async Task A_dead_life_deletes_nothing()
    {
        RunRow run = await EndedAsync("r1", 1);
        long dead = await BeginLifeAsync("silo-b");
        await Store.EndLifeAsync(dead, At(), default);

        await FailsAsync(StoreFailure.Fenced, async () => await Store.DeleteEndedAsync(dead, At(60), 10, default));
        Assert.NotNull(await Store.GetRunAsync(Tenant, run.Id, default));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task A_limit_below_one_is_a_bug_of_the_caller(int limit) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Store.DeleteEndedAsync(Silo, At(), limit, default));

    private static Dictionary<string, string> Labels => new() { ["kind"] = "ü'\"", ["customer"] = "7" };

    private async Task<RunRow> ChildAsync(RunRow parent, long expectedSeq, string id)
    {
        RunRow child = await RowAsync(id) with { Parent = new ParentLink(parent.Id, parent.No, id, true) };
        await CommittedAsync(Next(
            parent, expectedSeq, entries: [Entry(expectedSeq + 1, EntryKind.ChildStarted, id)], children: [new ChildStart(child, Entry(1, EntryKind.RunStarted, ""))]));
        return child;
    }

    private async Task<RunRow> EndedAsync(string id, double minutes, Func<RunRow, RunRow>? vary = null)
    {
        RunRow run = await StartAsync(id, vary);
        await CommittedAsync(Next(run, 1, opened: [HumanTask(run, $"task-{id}")]));
        await CommittedAsync(Next(run, 2, closed: [Answer($"task-{id}")]));
        await EndAsync(run, 3, minutes);
        return run;
    }

    private async Task EndAsync(RunRow run, long expectedSeq, double minutes) => await CommittedAsync(Next(
        run, expectedSeq, new RunChange { Status = RunStatus.Completed, At = At(minutes), Release = true }, [Entry(expectedSeq + 1, EntryKind.RunCompleted, "")]));
}
