using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs.NineRules;

/// <summary>Rule 2: the input is an argument; its hash is compared, and so is the kind of the verb.</summary>
public sealed class Rule2Inputs
{
    private sealed record Order(string Id, List<string> Lines);

    // Runs a flow up to a question, lets the test deploy another code for the same version, and answers.
    private static async Task<(ActorsTestHost Host, RunId Run)> ChangedAsync<T>(Func<IFlowContext, int, Task<T>> before, Func<IFlowContext, int, Task<T>> after, bool strict = false)
    {
        ActorsTestHost host = new();
        host.Flow("f", before, strict: strict);
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(run);
        await host.CrashAsync(() => host.Flow("f", after, strict: strict));
        return (host, run);
    }

    private static async Task<string> AskAfterAsync(IFlowContext ctx, Task<string> step)
    {
        string value = await step;
        await ctx.Ask("go", new HumanQuestion("Go?"));
        return value;
    }

    [Fact]
    public async Task Another_input_is_only_reported_and_the_recorded_outcome_stays()
    {
        (ActorsTestHost host, RunId run) = await ChangedAsync<string>(
            (ctx, n) => AskAfterAsync(ctx, ctx.Step("s", "old", (v, _) => Task.FromResult(v))),
            (ctx, n) => AskAfterAsync(ctx, ctx.Step("s", "new", (v, _) => Task.FromResult(v))));
        await using (host)
        {
            await host.AnswerAsync(run);
            Assert.Equal("old", (await host.EndAsync(run)).Output.GetString());
        }
    }

    [Fact]
    public async Task Another_input_parks_a_strict_flow()
    {
        (ActorsTestHost host, RunId run) = await ChangedAsync<string>(
            (ctx, n) => AskAfterAsync(ctx, ctx.Step("s", "old", (v, _) => Task.FromResult(v))),
            (ctx, n) => AskAfterAsync(ctx, ctx.Step("s", "new", (v, _) => Task.FromResult(v))),
            strict: true);
        await using (host)
        {
            RunRow row = await host.WhenStatusAsync(run, RunStatus.Parked);
            Assert.Contains("FlowChanged", row.Why);
            Assert.Contains("the input of 's' is not the recorded one, and the flow is strict", row.Why);
        }
    }

    [Fact]
    public async Task Another_input_under_a_numbered_key_always_parks()
    {
        (ActorsTestHost host, RunId run) = await ChangedAsync<string>(
            async (ctx, n) =>
            {
                await ctx.Step("s", 1, (v, _) => Task.FromResult("x"));
                return await AskAfterAsync(ctx, ctx.Step("s", 2, (v, _) => Task.FromResult("x")));
            },
            async (ctx, n) =>
            {
                await ctx.Step("s", 1, (v, _) => Task.FromResult("x"));
                return await AskAfterAsync(ctx, ctx.Step("s", 3, (v, _) => Task.FromResult("x")));
            });
        await using (host)
        {
            RunRow row = await host.WhenStatusAsync(run, RunStatus.Parked);
            Assert.Contains("the input of 's#2' is not the recorded one, and its key is numbered", row.Why);
        }
    }

    [Fact]
    public async Task Members_of_an_input_in_another_order_are_the_same_input()
    {
        (ActorsTestHost host, RunId run) = await ChangedAsync<string>(
            (ctx, n) => AskAfterAsync(ctx, ctx.Step("s", new Dictionary<string, int> { ["a"] = 1, ["b"] = 2 }, (v, _) => Task.FromResult("x"))),
            (ctx, n) => AskAfterAsync(ctx, ctx.Step("s", new Dictionary<string, int> { ["b"] = 2, ["a"] = 1 }, (v, _) => Task.FromResult("x"))),
            strict: true);
        await using (host)
        {
            await host.AnswerAsync(run);
            Assert.Equal(RunStatus.Completed, (await host.EndAsync(run)).Run.Status);
        }
    }

    [Fact]
    public async Task Another_kind_under_the_same_key_parks_and_names_both()
    {
        (ActorsTestHost host, RunId run) = await ChangedAsync<string>(
            (ctx, n) => AskAfterAsync(ctx, ctx.Step("s", "x", (v, _) => Task.FromResult(v))),
            async (ctx, n) =>
            {
                await ctx.Sleep("s", TimeSpan.FromHours(1));
                return "slept";
            });
        await using (host)
        {
            RunRow row = await host.WhenStatusAsync(run, RunStatus.Parked);
            Assert.Contains("FlowChanged", row.Why);
            Assert.Contains("'s' is a timer now", row.Why);
            Assert.Contains("StepCompleted", row.Why);
        }
    }

    [Fact]
    public async Task A_recorded_result_that_the_new_code_cannot_read_parks_the_run()
    {
        (ActorsTestHost host, RunId run) = await ChangedAsync<string>(
            (ctx, n) => AskAfterAsync(ctx, ctx.Step("s", "x", (v, _) => Task.FromResult("text"))),
            async (ctx, n) =>
            {
                int number = await ctx.Step("s", "x", (v, _) => Task.FromResult(1));
                return number.ToString();
            });
        await using (host)
        {
            RunRow row = await host.WhenStatusAsync(run, RunStatus.Parked);
            Assert.Contains("cannot be read as Int32", row.Why);
        }
    }

    [Fact]
    public async Task New_steps_and_reordered_branches_do_not_disturb_a_run()
    {
        int ran = 0;
        (ActorsTestHost host, RunId run) = await ChangedAsync<string>(
            async (ctx, n) =>
            {
                string[] both = await Task.WhenAll(
                    ctx.Step("a", s => { ran++; return Task.FromResult("A"); }),
                    ctx.Step("b", s => { ran++; return Task.FromResult("B"); }));
                await ctx.Ask("go", new HumanQuestion("Go?"));
                return string.Concat(both);
            },
            async (ctx, n) =>
            {
                string c = await ctx.Step("c", s => Task.FromResult("C"));
                string[] both = await Task.WhenAll(
                    ctx.Step("b", s => { ran++; return Task.FromResult("?"); }),
                    ctx.Step("a", s => { ran++; return Task.FromResult("?"); }));
                await ctx.Ask("go", new HumanQuestion("Go?"));
                return c + string.Concat(both);
            });
        await using (host)
        {
            await host.AnswerAsync(run);
            Assert.Equal("CBA", (await host.EndAsync(run)).Output.GetString());
            Assert.Equal(2, ran);
        }
    }

    [Fact]
    public async Task What_a_body_changes_in_its_input_does_not_reach_the_flow()
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { RewalkEveryCommit = true });
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            Order order = new("1", ["a"]);
            await ctx.Step("s", order, (o, _) =>
            {
                o.Lines.Add("b");
                return Task.FromResult(1);
            });
            return await ctx.Step("count", order.Lines.Count, (count, _) => Task.FromResult(count));
        });
        await host.StartAsync();
        Assert.Equal(1, (await host.RunAsync("f", 1)).Output.GetInt32());
    }
}
