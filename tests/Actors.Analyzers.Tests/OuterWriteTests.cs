namespace Actors.Analyzers.Tests;

/// <summary>ACT2005.</summary>
public sealed class OuterWriteTests
{
    public static TheoryData<string, string> Writes => new()
    {
        { "total = 1", "total" },
        { "total += 1", "total" },
        { "total++", "total" },
        { "--total", "total" },
        { "text ??= \"a\"", "text" },
        { "(total, _) = (1, 2)", "total" },
        { "int.TryParse(\"1\", out total)", "total" },
        { "Interlocked.Increment(ref total)", "total" },
        { "array[0] = 1", "array[0]" },
        { "map[\"a\"] = 1", "map[\"a\"]" },
        { "map.Add(\"a\", 1)", "map" },
        { "list.AddRange([1])", "list" },
        { "builder.Append('a')", "builder" },
        { "_field = 1", "_field" },
        { "this._field++", "this._field" },
        { "s_static = 1", "s_static" },
        { "_holder.Value = 1", "_holder.Value" },
        { "holder.Value++", "holder.Value" },
        { "holder.Field = 1", "holder.Field" },
        { "holder!.Field = 1", "holder!.Field" },
        { "pair.A = 1", "pair.A" },
        { "input = 1", "input" },
    };

    private const string Outer = """
        int total = 0; string? text = null; int[] array = [0]; Dictionary<string, int> map = []; List<int> list = []; System.Text.StringBuilder builder = new();
        Holder holder = new(); (int A, int B) pair = (1, 2);
        """;

    private static string In(string body) => $"{Outer}\n{body}\nctx.Report($\"{{total}}{{text}}{{array}}{{map}}{{list}}{{builder}}{{holder}}{{pair}}\");";

    [Theory]
    [MemberData(nameof(Writes))]
    public async Task A_write_to_an_outer_scope_is_found_in_every_kind_of_body(string write, string target)
    {
        IReadOnlyList<Found> found = await Analysis.OfFlowAsync(In($$"""
            await ctx.Step("step", s => { {{write}}; return Task.FromResult(1); });
            await ctx.Step("fallback", 1, (i, s) => Task.FromResult(i), fallback: (i, e, s) => { {{write}}; return Task.FromResult(1); });
            await ctx.Scope("scope", async c => { {{write}}; await c.Sleep("n", TimeSpan.Zero); });
            await ctx.Map("map", [1], (c, item, i) => { {{write}}; return Task.FromResult(1); });
            await ctx.All<int>("all", [new("a", c => { {{write}}; return Task.FromResult(1); })]);
            await ctx.Any<int>("any", [new Branch<int>("a", c => { {{write}}; return Task.FromResult(1); })]);
            await ctx.Loop("loop", 0, (c, v, i) => { {{write}}; return Task.FromResult(Iteration.Done(v)); });
            await ctx.All<int>("ordered", [new Branch<int>("b", ["a"], (c, before) => { {{write}}; return Task.FromResult(before["a"]); })]);
            await ctx.Cached("cached", 1, TimeSpan.FromHours(1), c => { {{write}}; return Task.FromResult(1); });
            ctx.CleanUp("clean", c => { {{write}}; return Task.CompletedTask; });
            """));
        Assert.Equal(Enumerable.Repeat(("ACT2005", target), 10), found.Select(f => (f.Id, f.Text)));
    }

    [Theory]
    [MemberData(nameof(Writes))]
    public async Task A_write_deeper_inside_the_body_is_found_once(string write, string target)
    {
        Found found = Assert.Single(await Analysis.OfFlowAsync(In(
            $$"""await ctx.Scope("a", c => c.Step("b", s => { void Deep() { Action x = () => { {{write}}; }; x(); } Deep(); return Task.FromResult(1); }));""")));
        Assert.Equal(("ACT2005", target), (found.Id, found.Text));
    }

    [Theory]
    [MemberData(nameof(Writes))]
    public async Task Flow_code_itself_may_write(string write, string target)
    {
        IReadOnlyList<Found> found = await Analysis.OfFlowAsync(In($$"""
            {{write}};
            foreach (int i in new[] { 1, 2 }.Select(x => { {{write}}; return x; })) { {{write}}; }
            async Task Helper(IFlowContext c) { {{write}}; await c.Sleep("a", TimeSpan.Zero); }
            await Helper(ctx);
            """));
        Assert.True(found.Count == 0, $"{target}: {string.Join(", ", found)}");
    }

    [Theory]
    [MemberData(nameof(Writes))]
    public async Task A_body_may_write_what_it_declares(string write, string target)
    {
        if (target.Contains("_field") || target.Contains("s_") || target.Contains("_holder") || target == "input")
        {
            return;
        }

        IReadOnlyList<Found> found = await Analysis.OfFlowAsync($$"""
            await ctx.Step("step", s => { {{In($"{write};")}} return Task.FromResult(1); });
            await ctx.Scope("scope", async c => { {{In($"void Deep() {{ {write}; }} Deep();").Replace("ctx", "c")}} await c.Sleep("n", TimeSpan.Zero); });
            """.Replace("ctx.Report(", "_ = string.Concat(").Replace("c.Report(", "_ = string.Concat("));
        Assert.Empty(found);
    }

    [Theory]
    [InlineData("await ctx.Step(\"a\", new Holder(), (h, s) => { h.Value = 1; return Task.FromResult(h.Value); });")]
    [InlineData("await ctx.Map(\"a\", [1], (c, item, i) => { item++; return Task.FromResult(new Holder { Value = item, Field = 2 }); });")]
    [InlineData("await ctx.Scope(\"a\", async c => { c.State.Set(\"a\", 1); _ = await c.Step(\"x\", s => Task.FromResult(new { a = 1 })); });")]
    [InlineData("await ctx.Step(\"a\", s => { (int x, int y) = (1, 2); int[] z = [x]; z[0] = y; _ = z; return Task.FromResult(z); });")]
    [InlineData("List<int> l = [1]; await ctx.Step(\"a\", s => Task.FromResult(l.Count + l.IndexOf(1)));")]
    public async Task Values_of_its_own_are_free(string statement) => Assert.Empty(await Analysis.OfFlowAsync(statement));

    [Fact]
    public async Task A_write_through_a_null_check_is_found()
    {
        Found found = Assert.Single(await Analysis.OfFlowAsync(
            "Holder? h = null; await ctx.Step(\"a\", s => { if (h is { } known) { known.Value = 1; } int.TryParse(\"1\", out h!.Field); return Task.FromResult(1); });"));
        Assert.Equal("ACT2005", found.Id);
    }

    [Fact]
    public async Task A_test_may_observe_its_flow_from_outside()
    {
        Assert.Empty(await Analysis.OfAsync("""
            public sealed class Delegated<TIn, TOut>(Func<IFlowContext, TIn, Task<TOut>> run) : Flow<TIn, TOut>
            {
                public override Task<TOut> RunAsync(IFlowContext ctx, TIn input) => run(ctx, input);
            }

            public static class Tests
            {
                public static object Observed()
                {
                    int calls = 0;
                    List<string> done = [];
                    Delegated<int, int> flow = new(async (ctx, input) => await ctx.Step("a", input, (i, _) =>
                    {
                        Interlocked.Increment(ref calls);
                        lock (done) { done.Add("a"); }
                        return Task.FromResult(i);
                    }));
                    return (flow, calls, done);
                }
            }
            """));
    }

    [Fact]
    public async Task A_parameter_of_the_primary_constructor_is_shared()
    {
        Found found = Assert.Single(await Analysis.OfAsync("""
            public sealed class F(int count) : Flow<int, int>
            {
                public override Task<int> RunAsync(IFlowContext ctx, int input) => ctx.Step("a", s => { count++; return Task.FromResult(count); });
            }
            """));
        Assert.Equal(("ACT2005", "count"), (found.Id, found.Text));
    }
}
