using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs.NineRules;

/// <summary>Rule 7: state is rebuilt by the walk; branches write their own; time, ids and chance come from the context.</summary>
public sealed class Rule7State
{
    private static readonly ActorsTestOptions Rewalk = new() { RewalkEveryCommit = true };

    [Fact]
    public async Task Increments_and_captured_counters_count_each_time_once_over_crashes()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            int captured = 0;
            for (int i = 0; i < 5; i++)
            {
                await ctx.Step("s", i, (v, _) => Task.FromResult(v));
                captured++;
                ctx.State.Set("count", ctx.State.Get<int>("count") + 1);
                if (i is 1 or 3)
                {
                    await ctx.Ask("go" + i, new HumanQuestion("Go?"));
                }
            }

            return $"{captured} {ctx.State.Get<int>("count")}";
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(run, "go1");
        await host.CrashAsync();
        await host.AnswerAsync(run, step: "go1");
        await host.WhenAskedAsync(run, "go3");
        await host.CrashAsync();
        await host.AnswerAsync(run, step: "go3");
        RunResult result = await host.EndAsync(run);
        Assert.Equal("5 5", result.Output.GetString());
        Assert.Equal("""{"count":5}""", result.Run.State);
    }

    [Fact]
    public async Task Branches_write_their_own_state_and_are_merged_in_the_order_of_their_declaration()
    {
        await using ActorsTestHost host = new(Rewalk);
        TaskCompletionSource lastDone = new(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            ctx.State.Set("who", "nobody");
            string[] seen = await ctx.All<string>("all",
            [
                new("first", async c => { c.State.Set("who", "first"); await c.Step("s", async s => { await lastDone.Task; return 1; }); return c.State.Get<string>("who")!; }),
                new("second", async c => { string before = c.State.Get<string>("who")!; c.State.Set("who", "second"); await c.Step("s", s => Task.FromResult(1)); return before; }),
            ]);
            string[] items = await ctx.Map("map", ["a", "b", "c"], async (c, item, _) =>
            {
                string before = c.State.Get<string>("who")!;
                c.State.Set("who", item);
                c.State.Set(item, 1);
                await c.Step("s", s => Task.FromResult(1));
                return before;
            });
            return $"{string.Join(",", seen)} {string.Join(",", items)} {ctx.State.Get<string>("who")} {string.Join(",", ctx.State.Names.Order())}";
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAsync(run, e => e is { Type: RunEventTypes.StepCompleted, Step: "all/second/s" });
        // The branch that is declared first ends last; the one declared last is merged last all the same.
        lastDone.SetResult();
        Assert.Equal("first,nobody second,second,second c a,b,c,who", (await host.EndAsync(run)).Output.GetString());
    }

    [Fact]
    public async Task What_a_failed_scope_wrote_is_gone()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, bool>("f", async (ctx, n) =>
        {
            try
            {
                await ctx.Scope("s", async c =>
                {
                    c.State.Set("x", 1);
                    await c.Step("bad", _ => Task.FromException<int>(new InvalidOperationException()));
                });
            }
            catch (StepFailedException)
            {
            }

            return ctx.State.Has("x");
        });
        await host.StartAsync();
        Assert.False((await host.RunAsync("f", 1)).Output.GetBoolean());
    }

    [Fact]
    public async Task The_stored_state_can_be_read_while_the_run_waits()
    {
        await using ActorsTestHost host = new();
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            ctx.State.Set("phase", "asked");
            ctx.State.Set("gone", 1);
            ctx.State.Set<int?>("gone", null);
            await ctx.Ask("go", new HumanQuestion("Go?"));
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        RunRow row = await host.WhenStatusAsync(run, RunStatus.Waiting);
        Assert.Contains("\"phase\":\"asked\"", row.State);
    }

    [Fact]
    public async Task Time_ids_and_chance_are_the_same_in_every_walk_and_time_goes_on_with_the_outcomes()
    {
        await using ActorsTestHost host = new(Rewalk);
        List<string> walks = [];
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            List<string> seen = [$"{ctx.Now:O} {ctx.NewId()} {ctx.NewId()} {ctx.Random.Next()} {ctx.Random.NextDouble()}"];
            await ctx.Sleep("nap", TimeSpan.FromMinutes(1));
            seen.Add($"{ctx.Now:O} {ctx.NewId()}");
            await ctx.All<int>("all", [new("a", c => { seen.Add($"{c.NewId()} {c.Random.Next()}"); return c.Step("s", s => Task.FromResult(1)); })]);
            seen.RemoveAt(seen.Count - 1);
            await ctx.Ask("go", new HumanQuestion("Go?"));
            seen.Add($"{ctx.NewId()}");
            lock (walks)
            {
                walks.Add(string.Join("|", seen.Take(2)));
            }

            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAsync(run, e => e.Type == RunEventTypes.TimerSet);
        await host.AdvanceAsync(TimeSpan.FromMinutes(2));
        await host.WhenAskedAsync(run);
        await host.CrashAsync();
        await host.AnswerAsync(run);
        await host.WhenStatusAsync(run, RunStatus.Completed);
        await host.EndAsync(run);
        Assert.NotEmpty(walks);
        Assert.Single(walks.Distinct());
    }

    [Fact]
    public async Task Ids_differ_between_calls_scopes_and_runs()
    {
        await using ActorsTestHost host = new();
        host.Flow<int, Guid[]>("f", async (ctx, n) => [ctx.NewId(), ctx.NewId(), await ctx.Scope("a", c => Task.FromResult(c.NewId())), await ctx.Scope("b", c => Task.FromResult(c.NewId()))]);
        await host.StartAsync();
        List<Guid> ids = [];
        for (int i = 0; i < 2; i++)
        {
            ids.AddRange((await host.RunAsync("f", 1)).Output.EnumerateArray().Select(e => e.GetGuid()));
        }

        Assert.Equal(8, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Equal(8, id.Version));
    }

    [Fact]
    public async Task Reports_are_written_once_over_crashes()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            ctx.Report("begun", 0);
            await ctx.Scope("s", async c => { c.Report("inside"); await c.Step("x", s => Task.FromResult(1)); });
            ctx.Report("asking", 2);
            await ctx.Ask("go", new HumanQuestion("Go?"));
            ctx.Report("done", 1);
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(run);
        await host.CrashAsync();
        await host.SettleAsync();
        await host.CrashAsync();
        await host.AnswerAsync(run);
        await host.EndAsync(run);
        RunEvent[] reports = (await host.EventsAsync(run)).Where(e => e.Type == RunEventTypes.RunReported).ToArray();
        Assert.Equal(["begun", "inside", "asking", "done"], reports.Select(r => r.Detail));
        Assert.Equal(1, reports[2].Data.GetProperty("progress").GetDouble());
        Assert.Equal("s", reports[1].Step);
    }
}
