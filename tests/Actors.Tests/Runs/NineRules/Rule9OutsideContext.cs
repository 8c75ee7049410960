using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs.NineRules;

/// <summary>Rule 9: a run that awaits something outside its context is parked and says so.</summary>
public sealed class Rule9OutsideContext
{
    private static async Task<RunRow> ParkedAsync(Func<IFlowContext, Task> outside)
    {
        await using ActorsTestHost host = new();
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Step("before", s => Task.FromResult(1));
            await outside(ctx);
            return 1;
        });
        await host.StartAsync();
        return await host.WhenStatusAsync(await host.StartRunAsync("f", 1), RunStatus.Parked);
    }

    [Fact]
    public async Task Awaiting_a_task_that_nobody_completes_is_reported() =>
        Assert.StartsWith("AwaitsOutsideContext", (await ParkedAsync(_ => new TaskCompletionSource().Task)).Why);

    [Fact]
    public async Task Awaiting_a_delay_is_reported() => Assert.StartsWith("AwaitsOutsideContext", (await ParkedAsync(_ => Task.Delay(TimeSpan.FromSeconds(5)))).Why);

    [Fact]
    public async Task Awaiting_the_thread_pool_is_reported()
    {
        using SemaphoreSlim never = new(0);
        Assert.StartsWith("AwaitsOutsideContext", (await ParkedAsync(_ => Task.Run(() => never.WaitAsync()))).Why);
    }

    [Fact]
    public async Task Awaiting_outside_within_a_scope_that_has_a_limit_is_reported() =>
        Assert.StartsWith("AwaitsOutsideContext", (await ParkedAsync(ctx => ctx.Scope("s", _ => new TaskCompletionSource<int>().Task, new ScopeOptions { Timeout = TimeSpan.FromHours(1) }))).Why);

    [Fact]
    public async Task Yielding_is_no_wait_outside()
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { RewalkEveryCommit = true });
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await Task.Yield();
            int value = await ctx.Step("s", s => Task.FromResult(1));
            await Task.Yield();
            return value;
        });
        await host.StartAsync();
        Assert.Equal(RunStatus.Completed, (await host.RunAsync("f", 1)).Run.Status);
    }

    [Fact]
    public async Task A_parked_run_goes_on_when_the_mended_flow_is_there_and_it_is_resumed()
    {
        await using ActorsTestHost host = new();
        int before = 0;
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Step("before", s => Task.FromResult(Interlocked.Increment(ref before)));
            await new TaskCompletionSource().Task;
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenStatusAsync(run, RunStatus.Parked);
        await host.Silo.ResumeRunAsync(run, ActorsTestHost.Caller);
        await host.WhenStatusAsync(run, RunStatus.Parked);
        host.Flow<int, int>("f", async (ctx, n) => await ctx.Step("before", s => Task.FromResult(-1)) + 41);
        await host.Silo.ResumeRunAsync(run, ActorsTestHost.Caller);
        Assert.Equal(42, (await host.EndAsync(run)).Output.GetInt32());
        Assert.Equal(1, before);
        Assert.Equal(2, (await host.EventsAsync(run)).Count(e => e.Type == RunEventTypes.RunResumed));
    }
}
