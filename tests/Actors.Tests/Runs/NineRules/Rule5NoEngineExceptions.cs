using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs.NineRules;

/// <summary>Rule 5: the engine never speaks through exceptions; cancelling is delivered only at verbs without an outcome.</summary>
public sealed class Rule5NoEngineExceptions
{
    private static readonly ActorsTestOptions Rewalk = new() { RewalkEveryCommit = true };

    private sealed class Guard(List<string> log) : IDisposable
    {
        public void Dispose()
        {
            lock (log)
            {
                log.Add("dispose");
            }
        }
    }

    // What a careless author writes: everything is caught, everything has a finally.
    private static void Careless(ActorsTestHost host, List<string> log, Func<IFlowContext, Task> verb) => host.Flow<int, int>("careless", async (ctx, n) =>
    {
        using Guard guard = new(log);
        try
        {
            await verb(ctx);
            return 1;
        }
        catch (Exception e)
        {
            lock (log)
            {
                log.Add("catch " + e.GetType().Name);
            }

            return 0;
        }
        finally
        {
            lock (log)
            {
                log.Add("finally");
            }
        }
    });

    [Fact]
    public async Task Nothing_of_the_flow_runs_when_the_grain_leaves_memory_because_it_is_idle()
    {
        await using ActorsTestHost host = new(Rewalk);
        List<string> log = [];
        Careless(host, log, ctx => ctx.WaitFor<int>("go"));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("careless", 1);
        await host.WhenStatusAsync(run, RunStatus.Waiting);
        await host.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(0, host.Silo.ActiveRuns);
        GC.Collect();
        Assert.Empty(log);
        await host.SignalAsync(run, "go", 1);
        await host.EndAsync(run);
        Assert.Equal(["finally", "dispose"], log[..2]);
    }

    [Fact]
    public async Task Nothing_of_the_flow_runs_when_the_silo_loses_its_life()
    {
        await using ActorsTestHost host = new();
        List<string> log = [];
        Careless(host, log, ctx => ctx.WaitFor<int>("go"));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("careless", 1);
        await host.WhenStatusAsync(run, RunStatus.Waiting);
        await host.Store.EndLifeAsync(host.Silo.LifeNo, host.Time.GetUtcNow(), default);
        await Assert.ThrowsAsync<UnavailableException>(() => host.SignalAsync(run, "go", 1));
        await host.SettleAsync();
        Assert.Empty(log);
        Assert.False(host.Silo.IsReady);
        Assert.Equal(0, host.Silo.ActiveRuns);
        await host.StartAsync();
        await host.SignalAsync(run, "go", 1);
        Assert.Equal(1, (await host.EndAsync(run)).Output.GetInt32());
    }

    [Fact]
    public async Task Nothing_of_the_flow_runs_when_the_silo_drains()
    {
        await using ActorsTestHost host = new();
        List<string> log = [];
        Careless(host, log, ctx => ctx.Ask("go", new HumanQuestion("Go?")));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("careless", 1);
        await host.WhenAskedAsync(run);
        await host.RestartAsync();
        Assert.Empty(log);
        await host.AnswerAsync(run);
        Assert.Equal(1, (await host.EndAsync(run)).Output.GetInt32());
    }

    [Fact]
    public async Task Nothing_of_the_flow_runs_when_it_is_parked_because_it_has_changed()
    {
        await using ActorsTestHost host = new();
        List<string> log = [];
        Careless(host, log, async ctx =>
        {
            await ctx.Step("s", s => Task.FromResult(1));
            await ctx.Ask("go", new HumanQuestion("Go?"));
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("careless", 1);
        await host.WhenAskedAsync(run);
        await host.CrashAsync(() => Careless(host, log, ctx => ctx.WaitFor<int>("s")));
        await host.WhenStatusAsync(run, RunStatus.Parked);
        await host.SettleAsync();
        Assert.Empty(log);
    }

    [Fact]
    public async Task A_body_that_fails_because_the_host_stops_has_made_no_attempt()
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { Silo = new SiloOptions { DrainLimit = TimeSpan.FromSeconds(5) } });
        List<int> attempts = [];
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Flow<int, int>("f", (ctx, n) => ctx.Step("s", async s =>
        {
            lock (attempts)
            {
                attempts.Add(s.Attempt);
            }

            if (began.TrySetResult())
            {
                await Task.Delay(Timeout.Infinite, s.CancellationToken);
            }

            return 1;
        }));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await began.Task;
        Task stopping = host.Silo.StopAsync();
        await host.SettleAsync();
        // The limit of the drain passes; the body is told to stop and throws.
        host.VirtualTime!.Advance(TimeSpan.FromSeconds(6));
        await stopping.WaitAsync(TimeSpan.FromMinutes(1));
        await host.StartAsync();
        Assert.Equal(RunStatus.Completed, (await host.EndAsync(run)).Run.Status);
        Assert.Equal([1, 1], attempts);
        Assert.DoesNotContain(await host.EventsAsync(run), e => e.Type is RunEventTypes.StepFailed or RunEventTypes.StepRetrying);
    }

    [Fact]
    public async Task A_cancel_is_delivered_only_at_verbs_that_have_no_outcome()
    {
        await using ActorsTestHost host = new(Rewalk);
        List<string> log = [];
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously), go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            log.Clear();
            async Task WatchAsync(string what, Task task)
            {
                try
                {
                    await task;
                    log.Add(what + " done");
                }
                catch (FlowCancelledException)
                {
                    log.Add(what + " cancelled");
                }
            }

            await WatchAsync("first", ctx.Step("first", s => Task.FromResult(1)));
            await Task.WhenAll(
                // It does not listen, and completes although it is cancelled: its outcome is what counts.
                WatchAsync("deaf", ctx.Step("deaf", async s => { began.TrySetResult(); await go.Task; return 1; })),
                WatchAsync("nap", ctx.Sleep("nap", TimeSpan.FromDays(1))),
                WatchAsync("ask", ctx.Ask("ask", new HumanQuestion("?"))),
                WatchAsync("wait", ctx.WaitFor<int>("signal")));
            await WatchAsync("later", ctx.Step("later", s => Task.FromResult(1)));
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await began.Task;
        await host.WhenAskedAsync(run);
        await host.CancelAsync(run, "enough");
        await host.SettleAsync();
        go.SetResult();
        RunResult result = await host.EndAsync(run);
        Assert.Equal(RunStatus.Cancelled, result.Run.Status);
        Assert.Equal("enough", result.Run.Why);
        Assert.Equal(["first done", "nap cancelled", "ask cancelled", "wait cancelled", "deaf done", "later cancelled"], log);
    }

    [Fact]
    public async Task After_a_cancel_verbs_work_only_inside_clean_up()
    {
        await using ActorsTestHost host = new(Rewalk);
        List<string> ran = [];
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            ctx.CleanUp("tidy", async c =>
            {
                await c.Step("tidy", s => { lock (ran) { ran.Add("tidy"); } return Task.FromResult(1); });
                await c.Sleep("rest", TimeSpan.FromMilliseconds(500));
                await c.Step("more", s => { lock (ran) { ran.Add("more"); } return Task.FromResult(1); });
            });
            while (true)
            {
                try
                {
                    await ctx.Sleep("nap", TimeSpan.FromDays(1));
                }
                catch (Exception)
                {
                    // Catching does not un-cancel.
                    try
                    {
                        await ctx.Step("swallowed", s => { lock (ran) { ran.Add("swallowed"); } return Task.FromResult(1); });
                    }
                    catch (FlowCancelledException)
                    {
                        return 7;
                    }
                }
            }
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAsync(run, e => e.Type == RunEventTypes.TimerSet);
        await host.CancelAsync(run);
        await host.AdvanceAsync(TimeSpan.FromSeconds(1));
        RunResult result = await host.EndAsync(run);
        Assert.Equal(RunStatus.Cancelled, result.Run.Status);
        Assert.Equal(["tidy", "more"], ran);
        Assert.Empty(result.CleanUpErrors);
    }

    [Fact]
    public async Task A_closed_context_is_inert()
    {
        await using ActorsTestHost host = new();
        IFlowContext? kept = null;
        int ran = 0;
        host.Flow<int, int>("f", (ctx, n) =>
        {
            kept = ctx;
            return ctx.Step("s", s => Task.FromResult(1));
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.EndAsync(run);
        Task<int> late = kept!.Step("late", s => Task.FromResult(++ran));
        kept!.Report("late");
        await host.SettleAsync();
        Assert.False(late.IsCompleted);
        Assert.Equal(0, ran);
        Assert.DoesNotContain(await host.EventsAsync(run), e => e.Detail == "late");
    }

    [Fact]
    public async Task A_verb_in_the_body_of_a_step_parks_the_run()
    {
        await using ActorsTestHost host = new();
        host.Flow<int, int>("f", (ctx, n) => ctx.Step("s", async s =>
        {
            _ = ctx.Step("inner", _ => Task.FromResult(1));
            return await Task.FromResult(1);
        }));
        await host.StartAsync();
        RunRow row = await host.WhenStatusAsync(await host.StartRunAsync("f", 1), RunStatus.Parked);
        Assert.StartsWith("VerbOutsideFlow", row.Why);
    }

    [Fact]
    public async Task A_verb_after_ConfigureAwait_false_parks_the_run()
    {
        await using ActorsTestHost host = new();
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Step("a", s => Task.FromResult(1)).ConfigureAwait(false);
            return await ctx.Step("b", s => Task.FromResult(1));
        });
        await host.StartAsync();
        RunRow row = await host.WhenStatusAsync(await host.StartRunAsync("f", 1), RunStatus.Parked);
        Assert.Matches("^(VerbOutsideFlow|AwaitsOutsideContext)", row.Why);
    }
}
