using System.Collections.Concurrent;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs.NineRules;

/// <summary>Rule 3: outcomes reach flow code after their commit, one at a time, in journal order, the first time and in every walk.</summary>
public sealed class Rule3OrderOfOutcomes
{
    private static readonly ActorsTestOptions Rewalk = new() { RewalkEveryCommit = true };

    private static async Task<T> Later<T>(int turns, T value)
    {
        for (int i = 0; i < turns; i++)
        {
            await Task.Yield();
        }

        return value;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task A_parallel_flow_of_random_latency_is_given_the_same_order_after_a_crash_at_any_commit(int seed)
    {
        Random chance = new(seed);
        ConcurrentDictionary<int, int> latency = new();
        ConcurrentDictionary<string, int> runs = new();
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            List<string> order = [];
            async Task BranchAsync(IFlowContext c, int i)
            {
                for (int k = 0; k < 4; k++)
                {
                    await c.Step($"s{i}-{k}", i, (v, step) =>
                    {
                        runs.AddOrUpdate(step.StepKey, 1, (_, count) => count + 1);
                        return Later(latency.GetOrAdd(i * 10 + k, _ => { lock (chance) { return chance.Next(0, 200); } }), v);
                    });
                    order.Add($"{i}{k}");
                }
            }

            await Task.WhenAll(Enumerable.Range(0, 6).Select(i => BranchAsync(ctx, i)));
            return string.Join(" ", order);
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        // The host walks the journal again from each commit and compares the deliveries.
        RunResult result = await host.EndAsync(run);
        string[] journal = (await host.EventsAsync(run)).Where(e => e.Type == RunEventTypes.StepCompleted).Select(e => e.Step![1..].Replace("-", "", StringComparison.Ordinal)).ToArray();
        Assert.Equal(journal, result.Output.GetString()!.Split(' '));
        Assert.All(runs.Values, count => Assert.Equal(1, count));
    }

    [Fact]
    public async Task A_run_that_is_killed_at_each_of_its_commits_ends_with_the_same_result_and_no_recorded_step_runs_twice()
    {
        for (int killAt = 1; killAt < 14; killAt++)
        {
            MemoryStore store = new();
            int commits = 0;
            TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
            store.OnCommit = batch =>
            {
                // From this commit on the silo is as dead: nothing more is written.
                if (!reached.Task.IsCompleted && batch.Any(t => t.Entries.Count > 0) && ++commits >= killAt)
                {
                    reached.TrySetResult();
                }

                return reached.Task.IsCompleted ? CommitFault.FailBefore : CommitFault.None;
            };
            await using ActorsTestHost host = new(new ActorsTestOptions { Store = store });
            ConcurrentDictionary<string, int> runs = new();
            int Count(IStepContext step) => runs.AddOrUpdate(step.StepKey, 1, (_, n) => n + 1);
            host.Flow<int, int>("f", async (ctx, n) =>
            {
                int a = await ctx.Step("a", s => Task.FromResult(Count(s)));
                int[] items = await ctx.Map("m", [1, 2, 3], (c, item, _) => c.Step("i", item, (v, s) => { Count(s); return Task.FromResult(v); }));
                int loop = await ctx.Loop("l", 0, async (c, v, i) => i < 3 ? Iteration.Next(v + await c.Step("t", s => { Count(s); return Task.FromResult(1); })) : Iteration.Done(v));
                return a * 0 + items.Sum() + loop;
            });
            await host.StartAsync();
            Task<RunId> starting = host.StartRunAsync("f", 1);
            await Task.WhenAny(reached.Task, ((Func<Task>)(async () => await host.EndAsync(await starting)))());
            if (!starting.IsCompletedSuccessfully)
            {
                host.Kill();
                await Assert.ThrowsAnyAsync<Exception>(() => starting);
                await store.EndLifeAsync(host.Silo.LifeNo, host.Time.GetUtcNow(), default);
                store.OnCommit = null;
                await host.StartAsync();
                continue;
            }

            RunId run = await starting;
            string[] recorded = (await host.EventsAsync(run)).Where(e => e.Type == RunEventTypes.StepCompleted).Select(e => e.Step!).ToArray();
            Dictionary<string, int> before = runs.ToDictionary(r => r.Key, r => r.Value);
            await host.CrashAsync(() => store.OnCommit = null);
            Assert.Equal(9, (await host.EndAsync(run)).Output.GetInt32());
            Assert.All(recorded, key => Assert.Equal(before.GetValueOrDefault(key), runs.GetValueOrDefault(key)));
        }
    }

    [Fact]
    public async Task When_all_over_steps_gives_their_results()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            int[] all = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => ctx.Step($"s{i}", i, (v, _) => Later(v % 7, v))));
            return all.Sum();
        });
        await host.StartAsync();
        Assert.Equal(190, (await host.RunAsync("f", 1)).Output.GetInt32());
    }

    [Fact]
    public async Task When_any_over_steps_has_the_same_winner_in_every_walk()
    {
        await using ActorsTestHost host = new(Rewalk);
        TaskCompletionSource slow = new(TaskCreationOptions.RunContinuationsAsynchronously);
        List<string> winners = [];
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            Task<string> a = ctx.Step("a", async s => { await slow.Task; return "a"; });
            Task<string> b = ctx.Step("b", s => Task.FromResult("b"));
            string first = await await Task.WhenAny(a, b);
            lock (winners)
            {
                winners.Add(first);
            }

            await ctx.Ask("go", new HumanQuestion("Go?"));
            await a;
            return first;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(run);
        slow.SetResult();
        await host.WhenAsync(run, e => e is { Type: RunEventTypes.StepCompleted, Step: "a" });
        await host.CrashAsync();
        await host.AnswerAsync(run);
        Assert.Equal("b", (await host.EndAsync(run)).Output.GetString());
        Assert.All(winners, w => Assert.Equal("b", w));
    }

    [Fact]
    public async Task The_winner_of_any_stays_when_the_loser_would_be_first_the_next_time()
    {
        await using ActorsTestHost host = new(Rewalk);
        int lives = 0;
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            AnyResult<string> any = await ctx.Any<string>("race",
            [
                new("timer", async c => { await c.Sleep("nap", TimeSpan.FromMinutes(1)); return "timer"; }),
                new("signal", async c => { await c.WaitFor<string>("go"); return "signal"; }),
            ]);
            Interlocked.Increment(ref lives);
            await ctx.Ask("next", new HumanQuestion("Next?"));
            return any.Key;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAsync(run, e => e.Type == RunEventTypes.SignalWaiting);
        await host.SignalAsync(run, "go", "x");
        await host.WhenAskedAsync(run);
        host.Kill();
        await host.Store.EndLifeAsync(host.Silo.LifeNo, host.Time.GetUtcNow(), default);
        host.VirtualTime!.Advance(TimeSpan.FromHours(1));
        await host.StartAsync();
        await host.AnswerAsync(run);
        Assert.Equal("signal", (await host.EndAsync(run)).Output.GetString());
    }

    [Fact]
    public async Task In_a_walk_nothing_starts_before_every_recorded_outcome_is_delivered()
    {
        await using ActorsTestHost host = new(Rewalk);
        List<string> began = [];
        TaskCompletionSource hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            async Task SideAsync()
            {
                await ctx.Step("open", async s =>
                {
                    lock (began) { began.Add("open"); }
                    await hold.Task;
                    return 1;
                });
            }

            Task side = SideAsync();
            for (int i = 0; i < 5; i++)
            {
                await ctx.Step($"s{i}", s => Task.FromResult(1));
            }

            lock (began) { began.Add("recorded all"); }
            await ctx.Ask("go", new HumanQuestion("Go?"));
            await side;
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(run);
        await host.SettleAsync();
        lock (began) { began.Clear(); }
        await host.CrashAsync();
        await host.SettleAsync();
        Assert.Equal(["recorded all", "open"], began);
        hold.SetResult();
        await host.AnswerAsync(run);
        await host.EndAsync(run);
    }
}
