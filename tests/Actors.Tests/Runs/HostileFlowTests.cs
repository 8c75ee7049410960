using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;
using Actors.Tests.Storage;

namespace Actors.Tests.Runs;

/// <summary>Flows and callers that do what nobody should, and what the engine makes of it.</summary>
public sealed class HostileFlowTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_limit_of_a_loop_counts_from_its_first_start_over_iterations_and_activations(bool crash)
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { RewalkEveryCommit = true });
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            try
            {
                await ctx.Loop(
                    "poll",
                    0,
                    async (c, found, i) =>
                    {
                        await c.Sleep("pause", TimeSpan.FromHours(1));
                        return Iteration.Next(found + 1);
                    },
                    new LoopOptions { Timeout = TimeSpan.FromHours(3.5) });
                return "done";
            }
            catch (StepFailedException e)
            {
                return $"{e.Error.Type} {ctx.Now - ctx.Run.StartedAt}";
            }
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        for (int i = 0; i < 8; i++)
        {
            await host.AdvanceAsync(TimeSpan.FromMinutes(30));
            if (crash)
            {
                await host.CrashAsync();
            }
        }

        Assert.Equal("Timeout 03:30:00", (await host.EndAsync(run)).Output.GetString());
    }

    [Fact]
    public async Task A_child_of_yaml_that_only_a_flow_has_started_ends_on_its_own_text_after_a_deployment()
    {
        await using ActorsTestHost host = new();
        const string Text = "flow: child\nsteps:\n- approval: {title: Good?}\n  id: ok\noutputs:\n- {name: v, value: VERSION}\n";
        host.Flows.Add(YamlFlowDefinition.Parse(Text.Replace("VERSION", "1"), "child.yaml", host.Tasks));
        host.Flow<int, JsonElement>("parent", (ctx, n) => ctx.Call<object, JsonElement>("c", "child", new { }));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("parent", 1);
        RunEvent started = await host.WhenAsync(run, e => e.Type == RunEventTypes.ChildStarted);
        RunId child = new(started.Detail!.Split(' ')[^1]);
        await host.WhenAskedAsync(child);
        await host.SettleAsync();
        host.Kill();
        await host.Store.EndLifeAsync(host.Silo.LifeNo, host.Time.GetUtcNow(), default);

        await using ActorsTestHost next = new(new ActorsTestOptions { Store = host.Store });
        next.Flows.Add(YamlFlowDefinition.Parse(Text.Replace("VERSION", "2"), "child.yaml", next.Tasks));
        next.Flow<int, JsonElement>("parent", (ctx, n) => ctx.Call<object, JsonElement>("c", "child", new { }));
        await next.StartAsync();
        await next.AnswerAsync(child);
        Assert.Equal("""{"v":1}""", (await next.EndAsync(run)).Output.GetRawText());
    }

    [Fact]
    public async Task A_signal_id_that_was_forgotten_counts_as_new_and_is_answered()
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { Silo = new SiloOptions { SignalsKeptMax = 20_000 } });
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Loop("all", 0, async (c, sum, i) => (await c.WaitFor<int>("s")).Value < 0 ? Iteration.Done(i) : Iteration.Next(i));
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        for (int i = 0; i <= 10_000; i += 100)
        {
            await Task.WhenAll(Enumerable.Range(i, 100).Select(j => host.SignalAsync(run, "s", j, $"id{j}")));
        }

        await host.SettleAsync();
        Task again = host.SignalAsync(run, "s", 1, "id0");
        await again.WaitAsync(TimeSpan.FromMinutes(1));
        await host.SignalAsync(run, "s", -1);
        await host.EndAsync(run);
    }

    [Fact]
    public async Task A_flow_that_blocks_its_thread_does_not_keep_a_silo_from_starting()
    {
        using ManualResetEventSlim hold = new();
        await using EngineFixture engine = new();
        engine.Flows.Add(new Delegated<int, int>("blocks", async (ctx, n) =>
        {
            await ctx.Step("s", 1, (i, s) => Task.FromResult(i));
            hold.Wait();
            return 1;
        }));
        engine.Flows.Add(new Delegated<int, int>("good", (ctx, n) => ctx.Step("s", n, (i, s) => Task.FromResult(i))));
        await engine.StartAsync();
        RunId run = await engine.StartRunAsync("blocks", 1);
        await engine.WhenAsync(run, e => e.Type == RunEventTypes.StepCompleted);
        try
        {
            await engine.CrashAsync().WaitAsync(TimeSpan.FromMinutes(1));
            Assert.Equal(RunStatus.Completed, (await engine.RunAsync("good", 1)).Run.Status);
        }
        finally
        {
            hold.Set();
        }

        await engine.EndAsync(run);
    }

    [Fact]
    public async Task A_wait_until_the_last_moment_there_is_is_a_wait()
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { VirtualTime = false });
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Map("m", Enumerable.Range(0, 300).ToArray(), async (c, item, i) => { await c.Until("never", DateTimeOffset.MaxValue); return 1; }, new MapOptions { Concurrency = 300 });
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        Assert.Contains("9999", (await host.WhenStatusAsync(run, RunStatus.Waiting)).Why);
        await host.CancelAsync(run);
        await host.EndAsync(run);
    }

    [Fact]
    public async Task A_key_cut_in_the_middle_of_a_character_is_the_same_key_after_a_restart()
    {
        int ran = 0;
        string[] items = ["a\ud83d", "b\ude00", "ok\ud83d\ude00"];
        await using ActorsTestHost host = new(new ActorsTestOptions { Store = await new SqliteFixture().OpenAsync() });
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.All("all", [new Branch<int>("wait", async c => { await c.Ask("q", new HumanQuestion("?")); return 1; }),
                new Branch<int>("map", async c => (await c.Map("m", items, (d, item, i) => d.Step("s", s => Task.FromResult(Interlocked.Increment(ref ran))), key: (item, _) => item))[0])]);
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAsync(run, e => e.Step == "all/map/m");
        int before = ran;
        await host.CrashAsync();
        await host.AnswerAsync(run);
        await host.EndAsync(run);
        Assert.Equal(before, ran);
    }

    [Fact]
    public async Task A_verb_of_a_scope_that_has_ended_parks_the_run_and_says_so()
    {
        await using ActorsTestHost host = new();
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            IFlowContext? kept = null;
            await ctx.Scope("s", c =>
            {
                kept = c;
                return Task.FromResult(1);
            });
            return (await kept!.WaitFor<int>("never")).Value;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        Assert.Contains("'s' has ended", (await host.WhenStatusAsync(run, RunStatus.Parked)).Why);
    }

    [Fact]
    public async Task A_stream_from_behind_the_last_event_ends_with_the_run()
    {
        await using ActorsTestHost host = new();
        host.Flow<int, int>("f", async (ctx, n) => (await ctx.WaitFor<int>("s")).Value);
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenStatusAsync(run, RunStatus.Waiting);
        await using IAsyncEnumerator<RunEvent> watch = host.Silo.WatchAsync(run, ActorsTestHost.Caller, 1_000_000).GetAsyncEnumerator();
        Task<bool> next = watch.MoveNextAsync().AsTask();
        await host.SignalAsync(run, "s", 1);
        await host.EndAsync(run);
        Assert.False(await next.WaitAsync(host.Settings.Limit));
    }

    [Fact]
    public async Task Ends_of_more_children_than_the_mailbox_takes_all_arrive_at_once()
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { Silo = new SiloOptions { MailboxMax = 5 } });
        using ManualResetEventSlim hold = new();
        host.Flow<int, int>("child", (ctx, n) => ctx.Step("s", n, (i, s) => Task.FromResult(i)));
        host.Flow<int, int>("parent", async (ctx, n) =>
        {
            Task<int[]> all = ctx.Map("m", Enumerable.Range(0, 50).ToArray(), (c, i, _) => c.Call<int, int>("c", "child", i), new MapOptions { Concurrency = 50 });
            return (await all).Sum();
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("parent", 1);
        Assert.Equal(1225, (await host.EndAsync(run)).Output.GetInt32());
    }

    [Theory]
    [InlineData(200)]
    [InlineData(100_000)]
    public async Task Scopes_within_scopes_go_deep_but_not_for_ever(int depth)
    {
        await using ActorsTestHost host = new();
        async Task<int> DownAsync(IFlowContext ctx, int left) =>
            left == 0 ? await ctx.Step("bottom", s => Task.FromResult(7)) : await ctx.Scope("s", c => DownAsync(c, left - 1));
        host.Flow<int, int>("f", DownAsync);
        await host.StartAsync();
        RunResult result = await host.RunAsync("f", depth);
        if (depth == 200)
        {
            Assert.Equal(7, result.Output.GetInt32());
        }
        else
        {
            Assert.Contains("deep", result.Error!.Message);
        }
    }
}
