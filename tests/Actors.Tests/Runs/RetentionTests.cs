using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs;

/// <summary>What has ended is kept as long as the silo is told to.</summary>
public sealed class RetentionTests
{
    private static async Task<ActorsTestHost> HostAsync(TimeSpan? keep)
    {
        ActorsTestHost host = new(new ActorsTestOptions { Silo = new SiloOptions { KeepEndedRuns = keep } });
        host.Flow<int, int>("f", (ctx, n) => ctx.Step("s", n, static (v, _) => Task.FromResult(v)));
        host.Flow<int, int>("wait", async (ctx, n) => { await ctx.WaitFor<int>("go"); return n; });
        await host.StartAsync();
        return host;
    }

    [Fact]
    public async Task Ended_runs_are_deleted_when_they_are_old_enough_and_others_are_not()
    {
        await using ActorsTestHost host = await HostAsync(TimeSpan.FromHours(1));
        List<RunId> old = [];
        for (int i = 0; i < 450; i++)
        {
            old.Add(await host.StartRunAsync("f", i));
        }

        foreach (RunId run in old)
        {
            await host.EndAsync(run);
        }

        RunId waiting = await host.StartRunAsync("wait", 1);
        await host.AdvanceAsync(TimeSpan.FromMinutes(55));
        RunId young = await host.StartRunAsync("f", 1);
        await host.EndAsync(young);
        Assert.Equal(452, (await AllAsync(host)).Count);

        await host.AdvanceAsync(TimeSpan.FromMinutes(7));
        await host.SettleAsync();

        Assert.Equal([young, waiting], (await AllAsync(host)).Select(static row => row.Id));
    }

    [Fact]
    public async Task Without_the_setting_they_are_kept()
    {
        await using ActorsTestHost host = await HostAsync(null);
        await host.EndAsync(await host.StartRunAsync("f", 1));

        await host.AdvanceAsync(TimeSpan.FromDays(400));
        await host.SettleAsync();

        Assert.Single(await AllAsync(host));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(60)]
    public async Task The_cache_is_cleaned_every_ten_minutes_whether_ended_runs_are_kept_or_not(int? keepMinutes)
    {
        CleaningStore store = new();
        await using ActorsTestHost host = new(new ActorsTestOptions
        {
            Store = store,
            Silo = new SiloOptions { KeepEndedRuns = keepMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) : null },
        });
        await host.StartAsync();

        await host.AdvanceAsync(TimeSpan.FromMinutes(35));

        Assert.Equal((keepMinutes is null ? 0 : 35, 3), (store.Runs, store.Cache));
    }

    /// <summary>Counts how often it is asked to delete.</summary>
    private sealed class CleaningStore() : DelegatingStore(new MemoryStore())
    {
        public int Runs { get; private set; }

        public int Cache { get; private set; }

        public override ValueTask<int> DeleteEndedAsync(long silo, DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken)
        {
            Runs++;
            return base.DeleteEndedAsync(silo, endedBefore, limit, cancellationToken);
        }

        public override ValueTask<int> DeleteExpiredAsync(long silo, DateTimeOffset now, int limit, CancellationToken cancellationToken)
        {
            Cache++;
            return base.DeleteExpiredAsync(silo, now, limit, cancellationToken);
        }
    }

    private static async Task<IReadOnlyList<RunRow>> AllAsync(ActorsTestHost host) => await host.Store.ListRunsAsync(new RunQuery { Tenant = "default", Limit = 500 }, default);
}
