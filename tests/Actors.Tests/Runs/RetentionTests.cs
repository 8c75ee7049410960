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

    private static async Task<IReadOnlyList<RunRow>> AllAsync(ActorsTestHost host) => await host.Store.ListRunsAsync(new RunQuery { Tenant = "default", Limit = 500 }, default);
}
