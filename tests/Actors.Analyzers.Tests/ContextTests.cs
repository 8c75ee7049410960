using Microsoft.CodeAnalysis;

namespace Actors.Analyzers.Tests;

/// <summary>ACT2006 and ACT2007.</summary>
public sealed class ContextTests
{
    private const string Helper = "private static Task Notify(IFlowContext ctx, string to) => ctx.Step(\"notify\", to, (t, s) => Task.CompletedTask);";

    [Theory]
    [InlineData("await ctx.Scope(\"a\", async c => { await ctx.Sleep(\"b\", TimeSpan.Zero); });")]
    [InlineData("await ctx.Map(\"a\", [1], (c, item, i) => ctx.Step(\"b\", s => Task.FromResult(1)));")]
    [InlineData("await ctx.All<int>(\"a\", [new(\"x\", c => ctx.Step(\"b\", 1, (i, s) => Task.FromResult(1)))]);")]
    [InlineData("await ctx.All<int>(\"a\", [new(\"x\", [\"y\"], (c, before) => ctx.Step(\"b\", before[\"y\"], (i, s) => Task.FromResult(i)))]);")]
    [InlineData("await ctx.Cached(\"a\", 1, TimeSpan.FromHours(1), c => ctx.Step(\"b\", 1, (i, s) => Task.FromResult(1)));")]
    [InlineData("await ctx.Scope(\"a\", c => ctx.Emit(\"b\", \"event\", 1));")]
    [InlineData("await ctx.Loop(\"a\", 0, (c, v, i) => Task.FromResult(Iteration.Done(ctx.Random.Next())));")]
    [InlineData("await ctx.Scope(\"a\", async c => { ctx.State.Set(\"x\", 1); await c.Sleep(\"b\", TimeSpan.Zero); });")]
    [InlineData("ctx.CleanUp(\"a\", c => Notify(ctx, \"me\"));")]
    [InlineData("await ctx.Scope(\"a\", async c => { foreach (Guid id in new[] { 1 }.Select(_ => ctx.NewId())) { await c.Sleep(\"b\", TimeSpan.Zero); } });")]
    [InlineData("IFlowContext alias = ctx; await ctx.Scope(\"a\", c => alias.Sleep(\"b\", TimeSpan.Zero));")]
    [InlineData("Task Local(IFlowContext c) => ctx.Sleep(\"b\", TimeSpan.Zero); await ctx.Scope(\"a\", Local);")]
    public async Task An_outer_context_in_a_branch_is_a_warning(string statement)
    {
        Found found = Assert.Single(await Analysis.OfFlowAsync(statement, Helper));
        Assert.Equal(("ACT2006", DiagnosticSeverity.Warning), (found.Id, found.Severity));
        Assert.Contains("use 'c'", found.Message);
    }

    [Theory]
    [InlineData("await ctx.Step(\"a\", async s => { await ctx.Sleep(\"b\", TimeSpan.Zero); return 1; });")]
    [InlineData("await ctx.Step(\"a\", s => Task.FromResult(ctx.Now));")]
    [InlineData("await ctx.Step(\"a\", async s => { await ctx.Signal(\"b\", new RunId(\"r\"), \"signal\", 1); return 1; });")]
    [InlineData("await ctx.Step(\"a\", 1, (i, s) => Task.FromResult(i), fallback: (i, e, s) => { ctx.Report(\"no\"); return Task.FromResult(1); });")]
    [InlineData("await ctx.Scope(\"x\", c => c.Step(\"a\", s => c.Step(\"b\", t => Task.FromResult(1))));")]
    [InlineData("await ctx.Step(\"a\", async s => { await Notify(ctx, \"me\"); return 1; });")]
    public async Task A_context_in_the_body_of_a_step_is_an_error(string statement)
    {
        Found found = Assert.Single(await Analysis.OfFlowAsync(statement, Helper));
        Assert.Equal(("ACT2006", DiagnosticSeverity.Error), (found.Id, found.Severity));
        Assert.Contains("step's input", found.Message);
    }

    [Theory]
    [InlineData("await ctx.Scope(\"a\", async c => { await c.Sleep(\"b\", TimeSpan.Zero); await Notify(c, \"me\"); });")]
    [InlineData("await ctx.Scope(\"a\", async c => await c.Scope(\"b\", async d => await d.Sleep(\"c\", TimeSpan.Zero)));")]
    [InlineData("await ctx.Scope(\"a\", c => c.Until(\"b\", ctx.Now.AddDays(1)));")]
    [InlineData("await ctx.Step(\"a\", s => Task.FromResult(ctx.Run.Id));")]
    [InlineData("await ctx.Step(\"a\", ctx.Now, (now, s) => Task.FromResult(now));")]
    [InlineData("Func<Task> later = () => ctx.Sleep(\"b\", TimeSpan.Zero); await later();")]
    [InlineData("async Task Local(string n) { await ctx.Sleep(n, TimeSpan.Zero); } await Local(\"b\");")]
    public async Task The_own_context_is_right(string statement) => Assert.Empty(await Analysis.OfFlowAsync(statement, Helper));

    [Theory]
    [InlineData("_ = ctx.Sleep(\"b\", TimeSpan.Zero);")]
    [InlineData("_ = ctx.Step(\"b\", s => Task.FromResult(1));")]
    [InlineData("_ = ctx.Emit(\"b\", \"event\", 1);")]
    [InlineData("_ = ctx.Signal(\"b\", new RunId(\"r\"), \"signal\", 1);")]
    [InlineData("void Local() { ctx.Cached(\"b\", 1, TimeSpan.FromHours(1), c => Task.FromResult(1)); } Local();")]
    [InlineData("void Local() { ctx.Ask(\"b\", new HumanQuestion(\"?\")); } Local();")]
    [InlineData("Action later = () => ctx.Sleep(\"b\", TimeSpan.Zero); later();")]
    [InlineData("void Local() { ctx?.Start(\"b\", \"flow\", 1); } Local();")]
    [InlineData("void Local() { Notify(ctx, \"me\"); } Local();")]
    [InlineData("#pragma warning disable CS4014\nctx.Sleep(\"b\", TimeSpan.Zero);")]
    public async Task A_task_that_nobody_keeps_is_a_warning(string statement)
    {
        Found found = Assert.Single(await Analysis.OfFlowAsync("\n" + statement, Helper));
        Assert.Equal(("ACT2007", DiagnosticSeverity.Warning), (found.Id, found.Severity));
    }

    [Theory]
    [InlineData("await ctx.Sleep(\"b\", TimeSpan.Zero);")]
    [InlineData("int x = await ctx.Step(\"b\", s => Task.FromResult(1)); _ = x;")]
    [InlineData("_ = await ctx.Step(\"b\", s => Task.FromResult(1));")]
    [InlineData("Task t = ctx.Sleep(\"b\", TimeSpan.Zero); await t;")]
    [InlineData("List<Task> all = [ctx.Sleep(\"b\", TimeSpan.Zero)]; all.Add(ctx.Sleep(\"c\", TimeSpan.Zero)); await Task.WhenAll(all);")]
    [InlineData("ctx.Report(\"x\"); ctx.CleanUp(\"b\", c => c.Sleep(\"c\", TimeSpan.Zero)); _ = ctx.NewId();")]
    [InlineData("Func<Task> later = () => ctx.Sleep(\"b\", TimeSpan.Zero); await later();")]
    public async Task A_task_that_is_kept_is_right(string statement) => Assert.Empty(await Analysis.OfFlowAsync(statement));

    [Fact]
    public async Task Who_hosts_a_flow_may_start_it_without_waiting() => Assert.Empty(await Analysis.OfFlowAsync("", """
        private static void Host(TestFlow flow, Holder holder) { _ = flow.RunAsync(Make(holder), 1); }
        private static IFlowContext Make(Holder holder) => null!;
        """));
}
