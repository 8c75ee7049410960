using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>Changes of a run's row, and its release.</summary>
public abstract class RunChangeSpecifications(StoreFixture fixture) : StoreSpecifications(fixture)
{
    [Fact]
    public async Task Null_leaves_a_column_as_it_is_but_the_reason_is_always_written()
    {
        RunRow run = await StartAsync("r1", row => row with { State = """{"n":1}""", Why = "begins", Priority = 4, Metadata = new Dictionary<string, string> { ["a"] = "b" } });

        await CommittedAsync(Next(run, 1, Becomes(RunStatus.Running)));

        RunRow row = await GetAsync(run);
        Assert.Equal((RunStatus.Running, null, """{"n":1}""", 4, Silo), (row.Status, row.Why, row.State, row.Priority, row.Owner));
        Assert.Equal("b", row.Metadata!["a"]);
        Assert.Equal((At(), At(30), null), (row.CreatedAt, row.UpdatedAt, row.FinishedAt));
    }

    [Fact]
    public async Task Status_reason_and_state_are_written()
    {
        RunRow run = await StartAsync("r1");

        await CommittedAsync(Next(run, 1, new RunChange { Status = RunStatus.Waiting, Why = "for a person", State = """{"n":2}""", At = At(31).AddTicks(1) }));

        RunRow row = await GetAsync(run);
        Assert.Equal((RunStatus.Waiting, "for a person", """{"n":2}""", At(31)), (row.Status, row.Why, row.State, row.UpdatedAt));
    }

    [Fact]
    public async Task Entries_alone_leave_the_row_as_it_is()
    {
        RunRow run = await StartAsync("r1");

        await CommittedAsync(Next(run, 1));

        Assert.Equal(run, await GetAsync(run));
    }

    [Theory]
    [InlineData(RunStatus.Completed)]
    [InlineData(RunStatus.Failed)]
    [InlineData(RunStatus.Cancelled)]
    public async Task A_final_status_releases_the_owner_and_has_a_time(RunStatus status)
    {
        RunRow run = await StartAsync("r1");

        await CommittedAsync(Next(run, 1, Becomes(status, "over")));

        RunRow row = await GetAsync(run);
        Assert.Equal((status, "over", null, At(30)), (row.Status, row.Why, row.Owner, row.FinishedAt));
    }

    [Fact]
    public async Task A_release_with_entries_takes_the_owner_away()
    {
        RunRow run = await StartAsync("r1");

        await CommittedAsync(Next(run, 1, Becomes(RunStatus.Waiting, "for a date", release: true)));

        Assert.Null((await GetAsync(run)).Owner);
    }

    [Fact]
    public async Task The_owner_may_release_without_an_entry()
    {
        RunRow run = await StartAsync("r1");

        await CommittedAsync(RowOnly(run, 1, Becomes(RunStatus.Waiting, "for a date", release: true)));

        RunRow row = await GetAsync(run);
        Assert.Equal((RunStatus.Waiting, "for a date", null), (row.Status, row.Why, row.Owner));
        Assert.Single(await JournalAsync(run));
        await CommittedAsync(Next(run, 1));
    }

    [Fact]
    public async Task The_same_release_sent_again_is_committed_and_changes_nothing()
    {
        RunRow run = await StartAsync("r1");
        Transition release = RowOnly(run, 1, Becomes(RunStatus.Waiting, release: true));
        await CommittedAsync(release);
        long second = await BeginLifeAsync("silo-b");
        await ClaimAsync(run, second);
        string before = await SeeAsync(run);

        await CommittedAsync(release);

        Assert.Equal(before, await SeeAsync(run));
        Assert.Equal(second, (await GetAsync(run)).Owner);
    }

    [Fact]
    public async Task Only_the_owner_may_change_the_row_without_an_entry()
    {
        RunRow owned = await StartAsync("r1");
        RunRow free = await StartAsync("r2", row => row with { Owner = null });
        long second = await BeginLifeAsync("silo-b");

        Assert.Equal(CommitStatus.Conflict, (await CommitAsync(RowOnly(owned, 1, Becomes(RunStatus.Parked, release: true), silo: second))).Status);
        Assert.Equal(CommitStatus.Conflict, (await CommitAsync(RowOnly(free, 1, Becomes(RunStatus.Parked, release: true), silo: second))).Status);

        Assert.Equal(owned, await GetAsync(owned));
        Assert.Equal(free, await GetAsync(free));
    }

    [Fact]
    public async Task A_release_that_expects_another_last_entry_is_a_conflict()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1));

        Assert.Equal(CommitStatus.Conflict, (await CommitAsync(RowOnly(run, 1, Becomes(RunStatus.Waiting, release: true)))).Status);
        Assert.Equal(CommitStatus.Conflict, (await CommitAsync(RowOnly(run, 3, Becomes(RunStatus.Waiting, release: true)))).Status);

        Assert.Equal(run, await GetAsync(run));
    }

    [Fact]
    public async Task A_release_of_a_run_that_another_silo_owns_leaves_the_owner()
    {
        long second = await BeginLifeAsync("silo-b");
        RunRow run = await StartAsync("r1");

        await CommittedAsync(Next(run, 1, Becomes(RunStatus.Waiting, release: true), silo: second));

        Assert.Equal(Silo, (await GetAsync(run)).Owner);
    }
}
