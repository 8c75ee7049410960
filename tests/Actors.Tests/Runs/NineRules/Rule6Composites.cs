using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs.NineRules;

/// <summary>Rule 6: a finished composite is one entry and never entered again; loops and snapshots keep the live set flat.</summary>
public sealed class Rule6Composites
{
    private static readonly ActorsTestOptions Rewalk = new() { RewalkEveryCommit = true };

    [Fact]
    public async Task A_finished_composite_is_never_entered_again()
    {
        await using ActorsTestHost host = new(Rewalk);
        Dictionary<string, int> entered = [];
        void Enter(string what)
        {
            lock (entered)
            {
                entered[what] = entered.GetValueOrDefault(what) + 1;
            }
        }

        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Scope("scope", async c => { Enter("scope"); await c.Step("s", s => Task.FromResult(1)); });
            await ctx.Map("map", [1, 2], async (c, item, i) => { Enter("map"); return await c.Step("s", s => Task.FromResult(1)); });
            await ctx.All<int>("all", [new("x", async c => { Enter("all"); return await c.Step("s", s => Task.FromResult(1)); })]);
            await ctx.Any<int>("any", [new("x", async c => { Enter("any"); return await c.Step("s", s => Task.FromResult(1)); })]);
            await ctx.Loop("loop", 0, async (c, v, i) => { Enter("loop"); await c.Step("s", s => Task.FromResult(1)); return i < 2 ? Iteration.Next(v) : Iteration.Done(v); });
            await ctx.Ask("go", new HumanQuestion("Go?"));
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(run);
        Dictionary<string, int> first = new(entered);
        await host.CrashAsync();
        await host.SettleAsync();
        Assert.Equal(first, entered);
        Assert.Equal([("all", 1), ("any", 1), ("loop", 3), ("map", 2), ("scope", 1)], first.Select(e => (e.Key, e.Value)).Order());
        await host.AnswerAsync(run);
        await host.EndAsync(run);
    }

    [Fact]
    public async Task A_failed_composite_fails_the_same_way_in_every_walk_and_is_not_entered_again()
    {
        await using ActorsTestHost host = new(Rewalk);
        int entered = 0;
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            string error = "";
            try
            {
                await ctx.Scope("scope", async c =>
                {
                    Interlocked.Increment(ref entered);
                    await c.Step("s", s => Task.FromResult(1));
                    throw new InvalidOperationException("broken");
                });
            }
            catch (StepFailedException e)
            {
                error = $"{e.StepKey} {e.Error.Type} {e.Error.Message}";
            }

            await ctx.Ask("go", new HumanQuestion("Go?"));
            return error;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(run);
        await host.CrashAsync();
        await host.SettleAsync();
        Assert.Equal(1, entered);
        await host.AnswerAsync(run);
        Assert.Equal("scope InvalidOperationException broken", (await host.EndAsync(run)).Output.GetString());
    }

    [Fact]
    public async Task The_ten_thousandth_wake_up_of_a_polling_loop_loads_no_more_than_the_tenth()
    {
        CountingStore store = new(new MemoryStore());
        await using ActorsTestHost host = new(new ActorsTestOptions { Store = store, Limit = TimeSpan.FromMinutes(4) });
        const int Turns = 10_000;
        host.Flow<int, int>("poll", (ctx, n) => ctx.Loop("poll", 0, async (c, found, i) =>
        {
            int now = await c.Step("look", found, (f, _) => Task.FromResult(f + 1));
            c.State.Set("last", now);
            await c.Sleep("pause", TimeSpan.FromMinutes(1));
            return i < Turns ? Iteration.Next(now) : Iteration.Done(now);
        }));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("poll", 0);
        await host.SettleAsync();
        while (store.Loaded.Count < Turns)
        {
            await host.AdvanceAsync(TimeSpan.FromMinutes(500));
            Assert.Equal(0, (await host.Silo.GetRunAsync(run, ActorsTestHost.Caller))!.Run.Status.IsFinal() ? 1 : 0);
        }

        // Between two snapshots the number of entries rises and falls; the highest of the first hundred is the bound.
        int entriesMax = store.Loaded.Take(100).Max(l => l.Entries);
        long bytesMax = store.Loaded.Take(100).Max(l => l.Bytes);
        Assert.All(store.Loaded.Skip(Turns - 200), l => Assert.InRange(l.Entries, 1, entriesMax));
        // Numbers have more digits later, nothing else grows.
        Assert.All(store.Loaded.Skip(Turns - 200), l => Assert.InRange(l.Bytes, 1, bytesMax * 11 / 10));
        await host.AdvanceAsync(TimeSpan.FromMinutes(600));
        Assert.Equal(Turns + 1, (await host.EndAsync(run)).Output.GetInt32());
    }

    [Fact]
    public async Task A_run_goes_on_from_a_snapshot_with_state_compensations_signals_and_open_verbs()
    {
        CountingStore store = new(new MemoryStore());
        await using ActorsTestHost host = new(new ActorsTestOptions { Store = store });
        List<string> undone = [];
        host.Tasks.Add<string>("Undo", (what, _) => { lock (undone) { undone.Add(what); } return Task.CompletedTask; });
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            await ctx.Step("first", s => Task.FromResult("first"), new StepOptions { Compensation = "Undo" });
            ctx.State.Set("outer", "kept");
            int sum = await ctx.Loop("loop", 0, async (c, v, i) =>
            {
                if (i == 3)
                {
                    await c.Step("booked", s => Task.FromResult("third"), new StepOptions { Compensation = "Undo" });
                    c.State.Set("third", true);
                }

                return i < 200 ? Iteration.Next(v + await c.Step("s", i, (x, _) => Task.FromResult(x))) : Iteration.Done(v);
            });
            await ctx.Ask("go", new HumanQuestion("Go?"));
            Signal<string> signal = await ctx.WaitFor<string>("early");
            throw new InvalidOperationException($"{sum} {signal.Value} {ctx.State.Get<string>("outer")} {ctx.State.Get<bool>("third")}");
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.SignalAsync(run, "early", "bird");
        await host.WhenAskedAsync(run);
        await host.CrashAsync();
        await host.AnswerAsync(run);
        RunResult result = await host.EndAsync(run);
        Assert.True(store.Loaded[^1].Entries < 120, $"{store.Loaded[^1].Entries} entries were loaded");
        Assert.Equal("19900 bird kept True", result.Error!.Message);
        Assert.Equal(["third", "first"], undone);
    }

    [Fact]
    public async Task A_loop_fails_at_its_limit_of_iterations()
    {
        await using ActorsTestHost host = new(Rewalk);
        int turns = 0;
        host.Flow<int, int>("f", (ctx, n) => ctx.Loop("l", 0, async (c, v, i) =>
        {
            Interlocked.Increment(ref turns);
            await c.Step("s", s => Task.FromResult(1));
            return Iteration.Next(v);
        }, new LoopOptions { MaxIterations = 5 }));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        RunResult result = await host.EndAsync(run);
        Assert.Equal(ErrorTypes.LoopLimit, result.Error!.Type);
        Assert.Equal(5, (await host.EventsAsync(run)).Count(e => e.Type == RunEventTypes.StepCompleted));
    }

    [Fact]
    public async Task A_map_keeps_to_its_concurrency_and_gives_results_in_the_order_of_the_items()
    {
        await using ActorsTestHost host = new(Rewalk);
        int now = 0, most = 0;
        TaskCompletionSource four = new(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Flow<int, int[]>("f", (ctx, n) => ctx.Map("m", Enumerable.Range(0, 30).ToArray(), (c, item, _) => c.Step("s", item, async (v, _) =>
        {
            int running = Interlocked.Increment(ref now);
            lock (host)
            {
                most = Math.Max(most, running);
            }

            if (running == 4)
            {
                four.TrySetResult();
            }

            await four.Task;
            for (int i = 0; i < (30 - v) * 3; i++)
            {
                await Task.Yield();
            }

            Interlocked.Decrement(ref now);
            return v;
        }), new MapOptions { Concurrency = 4 }));
        await host.StartAsync();
        RunResult result = await host.RunAsync("f", 1);
        Assert.Equal(Enumerable.Range(0, 30), result.Output.EnumerateArray().Select(e => e.GetInt32()));
        Assert.Equal(4, most);
    }

    [Fact]
    public async Task The_first_failure_of_a_map_cancels_the_others_and_the_rest_never_begins()
    {
        await using ActorsTestHost host = new(Rewalk);
        int cancelled = 0, began = 0;
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            try
            {
                await ctx.Map("m", Enumerable.Range(0, 10).ToArray(), async (c, item, _) =>
                {
                    Interlocked.Increment(ref began);
                    if (item == 1)
                    {
                        await c.Step("bad", s => Task.FromException<int>(new InvalidOperationException("item 1")));
                    }

                    try
                    {
                        await c.WaitFor<int>("never");
                    }
                    catch (FlowCancelledException)
                    {
                        Interlocked.Increment(ref cancelled);
                        throw;
                    }

                    return 1;
                }, new MapOptions { Concurrency = 3 });
                return "";
            }
            catch (StepFailedException e)
            {
                return $"{e.StepKey}: {e.Error.Message}";
            }
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        RunResult result = await host.Silo.WaitForEndAsync(run, ActorsTestHost.Caller, Timeout.InfiniteTimeSpan).WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal("m: item 1", result.Output.GetString());
        Assert.Equal((3, 2), (began, cancelled));
        await host.EndAsync(run);
    }
}
