using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs;

/// <summary><c>All</c> with branches that come after others, and with a bound on how many run at once.</summary>
public sealed class BranchOrderTests
{
    private static readonly ActorsTestOptions Rewalk = new() { RewalkEveryCommit = true };

    private static Branch<int> Adds(string key, int own, params string[] after) =>
        new(key, after, (c, before) => c.Step("s", own + before.Values.Sum(), (sum, _) => Task.FromResult(sum)));

    [Fact]
    public async Task A_branch_begins_after_those_it_comes_after_and_gets_their_results()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, int[]>("f", (ctx, n) => ctx.All("all", [Adds("sum", 1000, "left", "right"), Adds("left", 10, "first"), Adds("right", 100, "first"), Adds("first", 1)]));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        // What a branch comes after indirectly counts as well: 1000 + left 11 + right 101 + first 1.
        Assert.Equal([1113, 11, 101, 1], (await host.EndAsync(run)).Output.EnumerateArray().Select(e => e.GetInt32()));
        List<string> steps = [.. (await host.EventsAsync(run)).Where(e => e.Type == RunEventTypes.StepCompleted).Select(e => e.Step!)];
        Assert.Equal("all/first/s", steps[0]);
        Assert.Equal("all/sum/s", steps[^1]);
    }

    [Fact]
    public async Task A_branch_sees_the_state_that_those_before_it_wrote_and_no_other_and_writes_over_it()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            string[] seen = await ctx.All("all",
            [
                new Branch<string>("late", c => Write(c, "late")) { After = ["early"] },
                new Branch<string>("early", c => Write(c, "early")),
                new Branch<string>("apart", async c => { await c.Step("wait", _ => Task.FromResult(1)); return await Write(c, null); }),
            ]);
            return $"{string.Join(",", seen)} {ctx.State.Get<string>("x")}";

            static async Task<string> Write(IFlowContext c, string? what)
            {
                string before = c.State.Get<string>("x") ?? "-";
                if (what is not null)
                {
                    c.State.Set("x", what);
                }

                return await c.Step("s", before, (b, _) => Task.FromResult(b));
            }
        });
        await host.StartAsync();
        Assert.Equal("early,-,- late", (await host.RunAsync("f", 1)).Output.GetString());
    }

    [Fact]
    public async Task What_a_branch_changes_in_a_result_it_was_given_is_seen_by_nobody_else()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, int[][]>("f", (ctx, n) => ctx.All("all",
        [
            new Branch<int[]>("a", c => c.Step("s", _ => Task.FromResult(new[] { 1 }))),
            new Branch<int[]>("b", ["a"], async (c, before) => { before["a"][0] = 5; await c.Step("s", _ => Task.FromResult(0)); return before["a"]; }),
            new Branch<int[]>("c", ["b"], async (c, before) => { await c.Step("s", _ => Task.FromResult(0)); return before["a"]; }),
        ]));
        await host.StartAsync();
        Assert.Equal("[[1],[5],[1]]", (await host.RunAsync("f", 1)).Output.GetRawText());
    }

    [Fact]
    public async Task The_results_hold_what_the_branch_comes_after_and_nothing_else()
    {
        await using ActorsTestHost host = new();
        host.Flow<int, string[]>("f", (ctx, n) => ctx.All("all",
        [
            new Branch<string>("a", c => c.Step("s", _ => Task.FromResult("1"))),
            new Branch<string>("b", ["a"], (c, before) => c.Step("s", string.Join(" ", before.Select(b => $"{b.Key}={b.Value}")), (text, _) => Task.FromResult(text))),
            new Branch<string>("c", ["b", "b"], (c, before) => c.Step("s", $"{string.Join(",", before.Keys)} {before.Count} {before.ContainsKey("a")} {before.ContainsKey("c")}", (text, _) => Task.FromResult(text))),
            new Branch<string>("d", ["c"], (c, before) => Task.FromResult(Assert.Throws<KeyNotFoundException>(() => before["e"]).Message)),
            new Branch<string>("e", c => c.Step("s", _ => Task.FromResult("2"))),
        ]));
        await host.StartAsync();
        Assert.Equal(
            ["1", "a=1", "a,b 2 True False", "This branch does not come after a branch 'e'.", "2"],
            (await host.RunAsync("f", 1)).Output.EnumerateArray().Select(e => e.GetString()));
    }

    [Fact]
    public async Task A_branch_after_one_that_fails_never_begins_and_the_failure_is_that_of_the_all()
    {
        await using ActorsTestHost host = new(Rewalk);
        int entered = 0;
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            try
            {
                await ctx.All("all",
                [
                    new Branch<int>("bad", c => c.Step("s", _ => Task.FromException<int>(new InvalidOperationException("broken")))),
                    new Branch<int>("after", c => { entered++; return c.Step("s", _ => Task.FromResult(1)); }) { After = ["bad"] },
                    new Branch<int>("beside", async c => { await c.WaitFor<int>("never"); return 1; }),
                ]);
                return "";
            }
            catch (StepFailedException e)
            {
                return $"{e.StepKey}: {e.Error.Message}";
            }
        });
        await host.StartAsync();
        Assert.Equal("all: broken", (await host.RunAsync("f", 1)).Output.GetString());
        Assert.Equal(0, entered);
    }

    [Fact]
    public async Task Cancelling_reaches_the_branches_that_run_and_the_rest_never_begins()
    {
        await using ActorsTestHost host = new(Rewalk);
        List<string> undone = [];
        host.Tasks.Add<string>("Undo", (what, _) => { undone.Add(what); return Task.CompletedTask; });
        host.Flow<int, int>("f", async (ctx, n) => (await ctx.All("all",
        [
            new Branch<int>("first", async c => { await c.Step("s", _ => Task.FromResult("first"), new StepOptions { Compensation = "Undo" }); return 1; }),
            new Branch<int>("second", async c => { await c.Ask("q", new HumanQuestion("?")); return 1; }) { After = ["first"] },
            new Branch<int>("third", async c => { await c.Step("s", _ => Task.FromResult("third"), new StepOptions { Compensation = "Undo" }); return 1; }) { After = ["second"] },
        ])).Sum());
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(run, "all/second/q");
        await host.CancelAsync(run);
        Assert.Equal(RunStatus.Cancelled, (await host.EndAsync(run)).Run.Status);
        Assert.Equal(["first"], undone);
        Assert.DoesNotContain(await host.EventsAsync(run), e => e.Step?.Contains("third") == true);
    }

    [Fact]
    public async Task The_limit_of_the_whole_ends_it_before_the_later_branches_begin()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            try
            {
                await ctx.All("all",
                [
                    new Branch<int>("slow", async c => { await c.WaitFor<int>("never"); return 1; }),
                    new Branch<int>("after", c => c.Step("s", _ => Task.FromResult(1))) { After = ["slow"] },
                ], new AllOptions { Timeout = TimeSpan.FromMinutes(1) });
                return "";
            }
            catch (StepFailedException e)
            {
                return e.Error.Type;
            }
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.AdvanceAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(ErrorTypes.Timeout, (await host.EndAsync(run)).Output.GetString());
    }

    [Fact]
    public async Task After_a_crash_finished_branches_are_not_entered_again_and_still_release_those_after_them()
    {
        await using ActorsTestHost host = new();
        List<string> entered = [];
        Func<IFlowContext, IReadOnlyDictionary<string, int>, Task<int>> Asks(string key) => async (c, before) =>
        {
            lock (entered)
            {
                entered.Add(key);
            }

            await c.Ask("q", new HumanQuestion("?"));
            return 1 + before.Values.Sum();
        };
        host.Flow<int, int[]>("f", (ctx, n) => ctx.All("all", [new Branch<int>("a", [], Asks("a")), new Branch<int>("b", ["a"], Asks("b")), new Branch<int>("c", ["b"], Asks("c"))]));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.AnswerAsync(run, step: "all/a/q");
        await host.WhenAskedAsync(run, "all/b/q");
        await host.CrashAsync();
        await host.AnswerAsync(run, step: "all/b/q");
        await host.WhenAskedAsync(run, "all/c/q");
        await host.CrashAsync();
        await host.AnswerAsync(run, step: "all/c/q");
        Assert.Equal("[1,2,4]", (await host.EndAsync(run)).Output.GetRawText());
        Assert.Equal(1, entered.Count(e => e == "a"));
    }

    [Fact]
    public async Task No_more_branches_run_at_once_than_the_options_say_and_those_that_wait_for_others_take_no_place()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, int[]>("f", (ctx, n) => ctx.All(
            "all",
            [Wait("late", "x2"), .. Enumerable.Range(0, 5).Select(i => Wait($"x{i}"))],
            new AllOptions { Concurrency = 2 }));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        List<string> order = [];
        for (int i = 0; i < 6; i++)
        {
            await host.SettleAsync();
            IReadOnlyList<HumanTaskRow> open = await host.Store.ListHumanTasksAsync(new HumanTaskQuery { Tenant = ActorsTestHost.Caller.Tenant, Run = run, Status = HumanTaskStatus.Open }, default);
            Assert.Equal(Math.Min(2, 6 - i), open.Count);
            string key = open.Select(t => t.Key).Order(StringComparer.Ordinal).Last();
            order.Add(key);
            await host.AnswerAsync(run, step: key);
        }

        Assert.Equal("[1,1,1,1,1,1]", (await host.EndAsync(run)).Output.GetRawText());
        // When x2 has ended, the branch that is listed first is the next.
        Assert.Equal(["all/x1/q", "all/x2/q", "all/x0/q", "all/x3/q", "all/x4/q", "all/late/q"], order);

        static Branch<int> Wait(string key, params string[] after) => new(key, async c => { await c.Ask("q", new HumanQuestion("?")); return 1; }) { After = after };
    }

    [Theory]
    [InlineData("a:x", "Branch 'a' of 'all' comes after 'x', but there is no branch of that key.")]
    [InlineData("a: ;b:a", "Branch 'a' of 'all' comes after '', but there is no branch of that key.")]
    [InlineData("a:a", "Branch 'a' of 'all' comes after itself.")]
    [InlineData("a:b;b:a", "The branches of 'all' wait for each other: 'a' after 'b' after 'a'.")]
    [InlineData("a;b:a,d;c:b;d:c;e:d", "The branches of 'all' wait for each other: 'b' after 'd' after 'c' after 'b'.")]
    [InlineData("a;a", "The branches of 'all' need keys of their own.")]
    public async Task Branches_that_cannot_be_put_in_order_are_refused_by_name(string branches, string message)
    {
        await using ActorsTestHost host = new();
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            try
            {
                await ctx.All("all", [.. branches.Split(';').Select(b => b.Split(':')).Select(b =>
                    new Branch<int>(b[0], c => c.Step("s", _ => Task.FromResult(1))) { After = b.Length == 1 ? [] : [.. b[1].Split(',').Select(k => k.Trim())] })]);
                return "";
            }
            catch (ArgumentException e)
            {
                return e.Message;
            }
        });
        await host.StartAsync();
        Assert.StartsWith(message, (await host.RunAsync("f", 1)).Output.GetString());
    }

    [Fact]
    public async Task Any_refuses_branches_that_come_after_others_and_all_a_concurrency_of_nothing()
    {
        await using ActorsTestHost host = new();
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            Branch<int>[] branches = [new("a", c => c.Step("s", _ => Task.FromResult(1))), new("b", c => c.Step("s", _ => Task.FromResult(1))) { After = ["a"] }];
            ArgumentException any = await Assert.ThrowsAsync<ArgumentException>(() => ctx.Any("any", branches));
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ctx.All("all", branches, new AllOptions { Concurrency = 0 }));
            return any.Message;
        });
        await host.StartAsync();
        Assert.StartsWith("Branch 'b' of 'any' comes after others, but Any starts all its branches at once.", (await host.RunAsync("f", 1)).Output.GetString());
    }

    [Fact]
    public async Task A_long_chain_and_a_wide_fan_of_branches_run_to_their_end()
    {
        await using ActorsTestHost host = new();
        const int Count = 2_000;
        host.Flow<int, int>("chain", async (ctx, n) => (await ctx.All("all", [.. Enumerable.Range(0, Count).Select(i => i == 0
            ? new Branch<int>("k0", _ => Task.FromResult(1))
            : new Branch<int>($"k{i}", [$"k{i - 1}"], (_, before) => Task.FromResult(before[$"k{i - 1}"] + 1)))]))[^1]);
        host.Flow<int, int>("fan", async (ctx, n) => (await ctx.All("all", [.. Enumerable.Range(0, Count).Select(i => i == 0
            ? new Branch<int>("k0", ["~"], (_, before) => Task.FromResult(before.Values.Sum())) { After = [.. Enumerable.Range(1, Count - 1).Select(k => $"k{k}")] }
            : new Branch<int>($"k{i}", _ => Task.FromResult(1)))]))[0]);
        await host.StartAsync();
        Assert.Equal(Count, (await host.RunAsync("chain", 1)).Output.GetInt32());
        Assert.Equal(Count - 1, (await host.RunAsync("fan", 1)).Output.GetInt32());
    }
}
