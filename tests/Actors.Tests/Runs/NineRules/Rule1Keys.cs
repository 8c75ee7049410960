using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs.NineRules;

/// <summary>Rule 1: a step's key is its scope plus its explicit name.</summary>
public sealed class Rule1Keys
{
    private static readonly ActorsTestOptions Rewalk = new() { RewalkEveryCommit = true };

    [Fact]
    public async Task A_name_that_is_used_again_one_after_the_other_is_numbered()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            string all = "";
            for (int i = 0; i < 3; i++)
            {
                all += await ctx.Step("poll", i, (v, step) => Task.FromResult(step.StepKey + " "));
            }

            return all;
        });
        await host.StartAsync();
        RunResult result = await host.RunAsync("f", 1);
        Assert.Equal("poll poll#2 poll#3 ", result.Output.GetString());
    }

    [Fact]
    public async Task A_name_that_is_used_again_where_two_verbs_were_open_at_once_parks_the_run_and_suggests_map()
    {
        await using ActorsTestHost host = new();
        int third = 0;
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await Task.WhenAll(ctx.Step("a", s => Task.FromResult(1)), ctx.Step("b", s => Task.FromResult(1)));
            await ctx.Step("a", s => Task.FromResult(Interlocked.Increment(ref third)));
            return 1;
        });
        await host.StartAsync();
        RunRow row = await host.WhenStatusAsync(await host.StartRunAsync("f", 1), RunStatus.Parked);
        Assert.StartsWith("AmbiguousStep: 'a'", row.Why);
        Assert.Contains("Map", row.Why);
        Assert.Equal(0, third);
    }

    [Fact]
    public async Task The_same_name_called_twice_at_once_is_ambiguous()
    {
        await using ActorsTestHost host = new();
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            Task<int>[] both = [ctx.Step("a", s => Task.FromResult(1)), ctx.Step("a", s => Task.FromResult(2))];
            return (await Task.WhenAll(both)).Sum();
        });
        await host.StartAsync();
        RunRow row = await host.WhenStatusAsync(await host.StartRunAsync("f", 1), RunStatus.Parked);
        Assert.StartsWith("AmbiguousStep", row.Why);
    }

    [Fact]
    public async Task Keys_of_scopes_maps_and_loops_come_from_the_data_and_cannot_collide()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, string[]>("f", async (ctx, n) =>
        {
            List<string> keys = [];
            keys.Add(await ctx.Scope("pay", c => c.Step("charge", s => Task.FromResult(s.StepKey))));
            string[] items = ["a/b", "a", "x]y", "50%", new string('z', 300)];
            keys.AddRange(await ctx.Map("items", items, (c, item, _) => c.Step("reserve", s => Task.FromResult(s.StepKey)), key: (item, _) => item));
            keys.Add(await ctx.Loop("turns", "", async (c, v, i) => i < 2
                ? Iteration.Next(v + await c.Step("turn", s => Task.FromResult(s.StepKey)) + " ")
                : Iteration.Done(v)));
            return keys.ToArray();
        });
        await host.StartAsync();
        string[] keys = (await host.RunAsync("f", 1)).Output.EnumerateArray().Select(e => e.GetString()!).ToArray();
        Assert.Equal("pay/charge", keys[0]);
        Assert.Equal(["items[a%2Fb]/reserve", "items[a]/reserve", "items[x%5Dy]/reserve", "items[50%25]/reserve"], keys[1..5]);
        Assert.StartsWith("items[~", keys[5]);
        Assert.Equal("turns[0]/turn turns[1]/turn ", keys[6]);
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("a[0]")]
    [InlineData("a#2")]
    [InlineData("~a")]
    [InlineData("a%")]
    [InlineData("a\n")]
    [InlineData("")]
    public async Task A_name_with_characters_of_keys_is_refused_with_a_sentence(string name)
    {
        await using ActorsTestHost host = new();
        host.Flow<int, int>("f", (ctx, n) => ctx.Step(name, s => Task.FromResult(1)));
        await host.StartAsync();
        RunResult result = await host.RunAsync("f", 1);
        Assert.Equal(RunStatus.Failed, result.Run.Status);
        Assert.Equal("ArgumentException", result.Error!.Type);
    }

    [Fact]
    public async Task Items_with_the_same_key_are_refused()
    {
        await using ActorsTestHost host = new();
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Map("items", new[] { 1, 1 }, (c, item, _) => c.Step("s", s => Task.FromResult(1)), key: (item, _) => $"{item}");
            return 1;
        });
        await host.StartAsync();
        Assert.Contains("not unique", (await host.RunAsync("f", 1)).Error!.Message);
    }

    [Fact]
    public async Task Every_attempt_of_a_step_has_the_same_idempotency_key_also_after_a_crash()
    {
        await using ActorsTestHost host = new();
        List<string> keys = [];
        TaskCompletionSource began = new();
        host.Flow<int, int>("f", (ctx, n) => ctx.Step("pay", async s =>
        {
            int seen;
            lock (keys)
            {
                keys.Add(s.IdempotencyKey);
                seen = keys.Count;
            }

            if (seen == 1)
            {
                began.SetResult();
                await Task.Delay(Timeout.Infinite, s.CancellationToken);
            }

            return seen < 3 ? throw new InvalidOperationException("no") : 1;
        }, new StepOptions { Retry = new RetryPolicy { Delay = TimeSpan.Zero } }));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await began.Task;
        await host.CrashAsync();
        await host.EndAsync(run);
        Assert.Equal([$"{run}:pay", $"{run}:pay", $"{run}:pay"], keys);
    }
}
