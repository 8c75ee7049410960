using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>Who may take a run into memory, what is loaded, and which runs should be taken.</summary>
public abstract class ClaimSpecifications(StoreFixture fixture) : StoreSpecifications(fixture)
{
    [Fact]
    public async Task A_run_with_no_owner_is_claimed_and_loaded()
    {
        RunRow run = await StartAsync("r1", row => row with { Owner = null, Status = RunStatus.Queued });

        LoadedRun? loaded = await ClaimAsync(run);

        Assert.Equal(run with { Owner = Silo }, loaded?.Row);
        Assert.Equal(1, Assert.Single(loaded!.Entries).Seq);
        Assert.Empty(loaded.Inbox);
        Assert.Equal(Silo, (await GetAsync(run)).Owner);
    }

    [Fact]
    public async Task An_own_run_is_loaded_again()
    {
        RunRow run = await StartAsync("r1");

        Assert.Equal(run, (await ClaimAsync(run))?.Row);
        Assert.Equal(run, (await ClaimAsync(run))?.Row);
    }

    [Fact]
    public async Task A_run_of_another_living_silo_is_null_and_stays_with_it()
    {
        RunRow run = await StartAsync("r1");
        long second = await BeginLifeAsync("silo-b");

        Assert.Null(await ClaimAsync(run, second));

        Assert.Equal(Silo, (await GetAsync(run)).Owner);
    }

    [Fact]
    public async Task A_run_of_a_dead_silo_is_claimed()
    {
        long second = await BeginLifeAsync("silo-b");
        RunRow run = await StartAsync("r1", row => row with { Owner = second });
        await Store.EndLifeAsync(second, At(), default);

        Assert.Equal(Silo, (await ClaimAsync(run))?.Row.Owner);
    }

    [Fact]
    public async Task A_run_that_has_ended_or_does_not_exist_is_null()
    {
        RunRow ended = await StartAsync("r1");
        await CommittedAsync(Next(ended, 1, Becomes(RunStatus.Failed)));

        Assert.Null(await ClaimAsync(ended));
        Assert.Null(await ClaimAsync(await RowAsync("nowhere")));
        Assert.Null((await GetAsync(ended)).Owner);
    }

    [Fact]
    public async Task Parked_and_waiting_runs_can_be_claimed()
    {
        RunRow parked = await StartAsync("r1", row => row with { Owner = null, Status = RunStatus.Parked });
        RunRow waiting = await StartAsync("r2", row => row with { Owner = null, Status = RunStatus.Waiting });

        Assert.NotNull(await ClaimAsync(parked));
        Assert.NotNull(await ClaimAsync(waiting));
    }

    [Fact]
    public async Task Runs_are_loaded_in_the_order_asked()
    {
        RunRow one = await StartAsync("r1");
        RunRow two = await StartAsync("r2");

        IReadOnlyList<LoadedRun?> loaded = await Store.ClaimAsync(Silo, [two.Id, new RunId("nowhere"), one.Id], default);

        Assert.Equal([two.Id, null, one.Id], loaded.Select(run => run?.Row.Id));
    }

    [Fact]
    public async Task Claiming_changes_nothing_but_the_owner()
    {
        RunRow run = await StartAsync("r1", row => row with { Owner = null, Status = RunStatus.Waiting, Why = "for a date" });

        await ClaimAsync(run);

        Assert.Equal(run with { Owner = Silo }, await GetAsync(run));
    }

    [Fact]
    public async Task Entries_are_those_from_the_latest_snapshot_on()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, entries: [Entry(2), Entry(3, EntryKind.Snapshot, "", "old"), Entry(4)]));
        Assert.Equal([3, 4], (await ClaimAsync(run))!.Entries.Select(entry => entry.Seq));

        await CommittedAsync(Next(run, 4, entries: [Entry(5, EntryKind.Snapshot, "", "new"), Entry(6), Entry(7)]));

        IReadOnlyList<JournalEntry> entries = (await ClaimAsync(run))!.Entries;
        Assert.Equal([5, 6, 7], entries.Select(entry => entry.Seq));
        Assert.Equal("new", BodyOf(entries[0]));
        Assert.Equal(7, (await JournalAsync(run)).Count);
    }

    [Fact]
    public async Task All_entries_are_loaded_when_there_is_no_snapshot()
    {
        RunRow run = await StartAsync("r1");
        RunRow other = await StartAsync("r2");
        await CommittedAsync(Next(other, 1, entries: [Entry(2, EntryKind.Snapshot, "")]));
        for (int i = 1; i <= 50; i++)
        {
            await CommittedAsync(Next(run, i));
        }

        Assert.Equal(Enumerable.Range(1, 51).Select(i => (long)i), (await ClaimAsync(run))!.Entries.Select(entry => entry.Seq));
    }

    [Fact]
    public async Task Runnable_are_queued_and_running_runs_without_an_owner()
    {
        await StartAsync("queued", row => row with { Owner = null, Status = RunStatus.Queued });
        await StartAsync("running", row => row with { Owner = null, Status = RunStatus.Running });
        await StartAsync("waiting", row => row with { Owner = null, Status = RunStatus.Waiting });
        await StartAsync("parked", row => row with { Owner = null, Status = RunStatus.Parked });
        await StartAsync("owned");
        await StartAsync("owned-queued", row => row with { Status = RunStatus.Queued });
        RunRow ended = await StartAsync("ended");
        await CommittedAsync(Next(ended, 1, Becomes(RunStatus.Completed)));

        Assert.Equal(["queued", "running"], await RunnableAsync());
    }

    [Theory]
    [InlineData(RunStatus.Queued)]
    [InlineData(RunStatus.Running)]
    [InlineData(RunStatus.Waiting)]
    [InlineData(RunStatus.Parked)]
    public async Task Runnable_is_every_live_run_of_a_dead_owner(RunStatus status)
    {
        long second = await BeginLifeAsync("silo-b");
        await StartAsync("r1", row => row with { Owner = second, Status = status });
        Assert.Empty(await RunnableAsync());

        await Store.EndLifeAsync(second, At(), default);

        Assert.Equal(["r1"], await RunnableAsync());
    }

    [Fact]
    public async Task Runnable_is_a_waiting_run_without_an_owner_that_has_messages()
    {
        RunRow sender = await StartAsync("sender");
        RunRow waiting = await StartAsync("waiting", row => row with { Owner = null, Status = RunStatus.Waiting });
        RunRow owned = await StartAsync("owned", row => row with { Status = RunStatus.Waiting });
        RunRow parked = await StartAsync("parked", row => row with { Owner = null, Status = RunStatus.Parked });

        await CommittedAsync(Next(sender, 1, messages: [Message(waiting, "m1"), Message(waiting, "m2"), Message(owned, "m3"), Message(parked, "m4")]));

        Assert.Equal(["waiting"], await RunnableAsync());
    }

    [Fact]
    public async Task Runnable_runs_come_with_the_highest_priority_first_then_the_oldest()
    {
        RunRow sender = await StartAsync("sender");
        await StartAsync("a", row => row with { Owner = null });
        await StartAsync("b", row => row with { Owner = null, Priority = 5 });
        RunRow waiting = await StartAsync("c", row => row with { Owner = null, Priority = 5, Status = RunStatus.Waiting });
        await StartAsync("d", row => row with { Owner = null, Priority = -1 });
        await StartAsync("e", row => row with { Owner = null });
        await CommittedAsync(Next(sender, 1, messages: [Message(waiting, "m1")]));

        Assert.Equal(["b", "c", "a", "e", "d"], await RunnableAsync());
        Assert.Equal(["b", "c"], await RunnableAsync(2));
    }

    [Fact]
    public async Task A_claimed_run_is_not_runnable_any_more()
    {
        RunRow run = await StartAsync("r1", row => row with { Owner = null });
        await ClaimAsync(run);

        Assert.Empty(await RunnableAsync());
    }

    private async Task<IReadOnlyList<string>> RunnableAsync(int limit = 100) => [.. (await Store.FindRunnableAsync(limit, default)).Select(run => run.Value)];
}
