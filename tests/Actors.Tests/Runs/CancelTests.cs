using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs;

public sealed class CancelTests
{
    private static readonly ActorsTestOptions Rewalk = new() { RewalkEveryCommit = true };

    private static StepOptions Undo { get; } = new() { Compensation = "Undo" };

    private static List<string> Undone(ActorsTestHost host)
    {
        List<string> undone = [];
        host.Tasks.Add<string>("Undo", (what, _) => { lock (undone) { undone.Add(what); } return Task.CompletedTask; });
        return undone;
    }

    public static TheoryData<string> Waits => new("sleep", "ask", "wait", "child", "loop", "parallel", "scope", "retry", "launched");

    private static Task WaitAsync(IFlowContext ctx, string how) => how switch
    {
        "sleep" => ctx.Sleep("w", TimeSpan.FromDays(1)),
        "ask" => ctx.Ask("w", new HumanQuestion("?") { Due = TimeSpan.FromDays(1) }),
        "wait" => ctx.WaitFor<int>("w", TimeSpan.FromDays(1)),
        "child" => ctx.Call<int, int>("w", "child", 1),
        "loop" => ctx.Loop("w", 0, async (c, v, i) => { await c.Step("s", s => Task.FromResult(1)); if (i == 2) { await c.Sleep("z", TimeSpan.FromDays(1)); } return Iteration.Next(v); }),
        "parallel" => Task.WhenAll(ctx.Sleep("w1", TimeSpan.FromDays(1)), ctx.Ask("w2", new HumanQuestion("?")), ctx.WaitFor<int>("w3"), ctx.Call<int, int>("w4", "child", 1)),
        "scope" => ctx.Scope("w", c => c.Scope("x", d => d.Ask("y", new HumanQuestion("?"))), new ScopeOptions { Timeout = TimeSpan.FromDays(1) }),
        "retry" => ctx.Step("w", s => Task.FromException<int>(new InvalidOperationException("no")), new StepOptions { Retry = new RetryPolicy { Delay = TimeSpan.FromHours(1), MaxDelay = TimeSpan.FromHours(1) } }),
        _ => Task.WhenAll(ctx.Start("l", "child", 1), ctx.Sleep("w", TimeSpan.FromDays(1))),
    };

    private static void AddFlows(ActorsTestHost host, string how)
    {
        host.Flow<int, int>("child", async (ctx, n) => { await ctx.WaitFor<int>("never"); return 1; });
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Step("book", s => Task.FromResult("book"), Undo);
            await WaitAsync(ctx, how);
            return 1;
        });
    }

    [Theory]
    [MemberData(nameof(Waits))]
    public async Task A_run_is_cancelled_whatever_it_waits_for_and_leaves_nothing_behind(string how)
    {
        await using ActorsTestHost host = new(Rewalk);
        List<string> undone = Undone(host);
        AddFlows(host, how);
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenStatusAsync(run, RunStatus.Waiting);
        await host.CancelAsync(run, "enough");
        RunResult result = await host.EndAsync(run);
        Assert.Equal(RunStatus.Cancelled, result.Run.Status);
        Assert.Equal(["book"], undone);
        await AssertNothingLeftAsync(host, run, how);
    }

    [Theory]
    [MemberData(nameof(Waits))]
    public async Task A_run_is_cancelled_when_the_silo_dies_right_after_the_cancel_is_committed(string how)
    {
        MemoryStore store = new();
        bool dead = false;
        await using ActorsTestHost host = new(new ActorsTestOptions { Store = store });
        List<string> undone = Undone(host);
        AddFlows(host, how);
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenStatusAsync(run, RunStatus.Waiting);
        await host.SettleAsync();
        store.OnCommit = batch =>
        {
            bool before = dead;
            dead |= batch.Any(t => t.Entries.Any(e => e.Kind == EntryKind.CancelRequested));
            return before ? CommitFault.FailBefore : CommitFault.None;
        };
        await host.CancelAsync(run, "enough");
        await host.CrashAsync(() => store.OnCommit = null);
        RunResult result = await host.EndAsync(run);
        Assert.Equal(RunStatus.Cancelled, result.Run.Status);
        // Once or, when the first life had come to it unrecorded, twice.
        Assert.Equal(["book"], undone.Distinct());
        await AssertNothingLeftAsync(host, run, how);
    }

    [Theory]
    [MemberData(nameof(Waits))]
    public async Task A_run_is_cancelled_when_the_silo_dies_during_its_clean_up(string how)
    {
        await using ActorsTestHost host = new();
        AddFlows(host, how);
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int undone = 0;
        host.Tasks.Add<string>("Undo", async (what, step) =>
        {
            if (Interlocked.Increment(ref undone) == 1)
            {
                began.SetResult();
                await Task.Delay(Timeout.Infinite, step.CancellationToken);
            }
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenStatusAsync(run, RunStatus.Waiting);
        await host.CancelAsync(run);
        await began.Task;
        // The clean-up's step is journaled, and with it goes what was taken back.
        await host.AdvanceAsync(TimeSpan.FromSeconds(2));
        await host.CrashAsync();
        Assert.Equal(RunStatus.Cancelled, (await host.EndAsync(run)).Run.Status);
        Assert.Equal(2, undone);
        await AssertNothingLeftAsync(host, run, how);
    }

    private static async Task AssertNothingLeftAsync(ActorsTestHost host, RunId run, string how)
    {
        await host.SettleAsync();
        Assert.Empty(await host.Store.FindRemindersAsync(DateTimeOffset.MaxValue, null, 10, default));
        Assert.Empty(await host.Store.ListHumanTasksAsync(new HumanTaskQuery { Tenant = "default", Status = HumanTaskStatus.Open }, default));
        foreach (RunRow child in await host.Store.ListRunsAsync(new RunQuery { Tenant = "default", Parent = run }, default))
        {
            // A run that was only started is a run of its own.
            Assert.Equal(how == "launched" ? RunStatus.Waiting : RunStatus.Cancelled, child.Status);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_left_open_at_the_end_of_the_code_is_cleaned_up_when_the_cancellation_comes_then(bool fails)
    {
        await using ActorsTestHost host = new(Rewalk);
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously), go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            _ = ctx.Scope("left", async c =>
            {
                c.CleanUp("tidy", d => d.Step("tidy", _ => Task.FromResult(1)));
                await c.Step("slow", async _ => { began.TrySetResult(); await go.Task; return 1; });
                await c.Sleep("long", TimeSpan.FromDays(1));
                return 1;
            });
            await ctx.Step("first", _ => Task.FromResult(1));
            return fails ? throw new TaskException("no") : n;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await began.Task.WaitAsync(host.Settings.Limit);
        await host.SettleAsync();
        await host.CancelAsync(run);
        await host.SettleAsync();
        go.SetResult();
        RunResult result = await host.EndAsync(run);
        Assert.Equal(fails ? RunStatus.Failed : RunStatus.Completed, result.Run.Status);
        Assert.Single(await host.EventsAsync(run), static e => e.Type == RunEventTypes.StepCompleted && e.Step!.EndsWith("tidy", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_body_that_completes_although_it_is_cancelled_is_recorded_and_undone()
    {
        await using ActorsTestHost host = new(Rewalk);
        List<string> undone = Undone(host);
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously), go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Step("charge", async s => { began.SetResult(); await go.Task; return "charge"; }, Undo);
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await began.Task;
        await host.CancelAsync(run);
        await host.SettleAsync();
        go.SetResult();
        Assert.Equal(RunStatus.Cancelled, (await host.EndAsync(run)).Run.Status);
        Assert.Equal(["charge"], undone);
    }

    [Fact]
    public async Task A_body_that_listens_is_cancelled_and_not_undone()
    {
        await using ActorsTestHost host = new(Rewalk);
        List<string> undone = Undone(host);
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Step("charge", async s => { began.SetResult(); await Task.Delay(Timeout.Infinite, s.CancellationToken); return "x"; }, Undo);
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await began.Task;
        await host.CancelAsync(run);
        Assert.Equal(RunStatus.Cancelled, (await host.EndAsync(run)).Run.Status);
        Assert.Empty(undone);
        Assert.Single(await host.EventsAsync(run), e => e is { Type: RunEventTypes.StepCancelled, Step: "charge" });
    }

    [Fact]
    public async Task A_body_that_never_ends_is_given_up_after_its_limit()
    {
        await using ActorsTestHost host = new(Rewalk);
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously), never = new(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Flow<int, int>("f", (ctx, n) => ctx.Step("deaf", async s => { began.TrySetResult(); await never.Task; return 1; }));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await began.Task;
        await host.CancelAsync(run);
        await host.AdvanceAsync(host.Settings.Silo.CancelledBodyLimit + TimeSpan.FromSeconds(1));
        Assert.Equal(RunStatus.Cancelled, (await host.EndAsync(run)).Run.Status);
        never.SetResult();
    }

    [Fact]
    public async Task Compensations_of_finished_scopes_loops_and_maps_run_in_reverse_order_when_the_run_fails()
    {
        await using ActorsTestHost host = new(Rewalk);
        List<string> undone = Undone(host);
        static Task<string> Book(IFlowContext c, string what) => c.Step("book", what, (w, _) => Task.FromResult(w), Undo);
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await Book(ctx, "first");
            await ctx.Scope("scope", async c => { await Book(c, "scope"); await c.Scope("inner", d => Book(d, "inner")); });
            await ctx.Loop("loop", 0, async (c, v, i) => { await Book(c, $"loop{i}"); return i < 2 ? Iteration.Next(v) : Iteration.Done(v); });
            await ctx.Map("map", ["a", "b"], (c, item, _) => Book(c, item), new MapOptions { Concurrency = 1 });
            try
            {
                await ctx.Scope("broken", async c => { await Book(c, "in broken"); throw new InvalidOperationException(); });
            }
            catch (StepFailedException)
            {
            }

            await ctx.Step("last", s => Task.FromException<int>(new InvalidOperationException("the end")));
            return 1;
        });
        await host.StartAsync();
        RunResult result = await host.RunAsync("f", 1);
        Assert.Equal(RunStatus.Failed, result.Run.Status);
        Assert.Equal("the end", result.Error!.Message);
        Assert.Equal(["in broken", "b", "a", "loop2", "loop1", "loop0", "inner", "scope", "first"], undone);
        Assert.Empty(result.CleanUpErrors);
    }

    [Fact]
    public async Task Errors_in_clean_up_are_recorded_and_do_not_stop_the_rest()
    {
        await using ActorsTestHost host = new(Rewalk);
        List<string> done = [];
        host.Tasks.Add<string>("Undo", (what, _) =>
        {
            lock (done) { done.Add(what); }
            return what == "b" ? throw new TaskException("b cannot be undone") { Retryable = false } : Task.CompletedTask;
        });
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            ctx.CleanUp("bad", c => throw new InvalidOperationException("bad clean-up"));
            foreach (string what in new[] { "a", "b", "c" })
            {
                await ctx.Step("book " + what, what, (w, _) => Task.FromResult(w), Undo);
            }

            await ctx.Step("unknown", s => Task.FromResult("?"), new StepOptions { Compensation = "NoSuchTask" });
            await ctx.WaitFor<int>("go");
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenStatusAsync(run, RunStatus.Waiting);
        await host.CancelAsync(run);
        RunResult result = await host.EndAsync(run);
        Assert.Equal(["c", "b", "a"], done);
        Assert.Equal(3, result.CleanUpErrors.Count);
        Assert.Contains("bad clean-up", result.CleanUpErrors[0]);
        Assert.Contains("NoSuchTask", result.CleanUpErrors[1]);
        Assert.Contains("b cannot be undone", result.CleanUpErrors[2]);
    }

    [Fact]
    public async Task Clean_up_has_a_limit_of_its_own()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            ctx.CleanUp("for ever", c => c.WaitFor<int>("never"));
            await ctx.WaitFor<int>("go");
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenStatusAsync(run, RunStatus.Waiting);
        await host.CancelAsync(run);
        await host.AdvanceAsync(TimeSpan.FromMinutes(4));
        await host.CrashAsync();
        await host.AdvanceAsync(TimeSpan.FromMinutes(2));
        RunResult result = await host.EndAsync(run);
        Assert.Equal(RunStatus.Cancelled, result.Run.Status);
        Assert.Contains("limit", Assert.Single(result.CleanUpErrors));
    }

    [Fact]
    public async Task Cancelling_twice_is_cancelling_once_and_cancelling_after_the_end_is_a_conflict()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, int>("f", async (ctx, n) => { await ctx.WaitFor<int>("go"); return 1; });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenStatusAsync(run, RunStatus.Waiting);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            try
            {
                await host.CancelAsync(run, $"reason {i}");
            }
            catch (ConflictException e)
            {
                Assert.Equal("run_ended", e.Code);
            }
        }));
        await host.EndAsync(run);
        Assert.Single(await host.EventsAsync(run), e => e.Type == RunEventTypes.RunCancelRequested);
        ConflictException late = await Assert.ThrowsAsync<ConflictException>(() => host.CancelAsync(run));
        Assert.Equal("run_ended", late.Code);
        Assert.Contains("cancelled", late.Message);
        await Assert.ThrowsAsync<NotFoundException>(() => host.CancelAsync(new RunId("run_none")));
    }

    [Fact]
    public async Task A_parked_run_can_be_cancelled_and_its_clean_up_runs_when_the_flow_allows_it()
    {
        await using ActorsTestHost host = new();
        List<string> undone = Undone(host);
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Step("book", s => Task.FromResult("book"), Undo);
            await new TaskCompletionSource().Task;
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenStatusAsync(run, RunStatus.Parked);
        await host.CrashAsync(() => host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Step("book", s => Task.FromResult("book"), Undo);
            await ctx.WaitFor<int>("go");
            return 1;
        }));
        await host.CancelAsync(run);
        Assert.Equal(RunStatus.Cancelled, (await host.EndAsync(run)).Run.Status);
        Assert.Equal(["book"], undone);
    }

    [Fact]
    public async Task A_parked_run_whose_flow_cannot_be_walked_is_cancelled_all_the_same_and_says_what_was_not_done()
    {
        await using ActorsTestHost host = new();
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await Task.WhenAll(ctx.Ask("q", new HumanQuestion("?")), ctx.Sleep("z", TimeSpan.FromDays(1)), ctx.Call<int, int>("c", "child", 1));
            return 1;
        });
        host.Flow<int, int>("child", async (ctx, n) => { await ctx.WaitFor<int>("never"); return 1; });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenStatusAsync(run, RunStatus.Waiting);
        await host.CrashAsync(() => host.Flow<int, int>("f", async (ctx, n) => { await ctx.WaitFor<int>("q"); return 1; }));
        await host.WhenStatusAsync(run, RunStatus.Parked);
        await host.CancelAsync(run);
        RunResult result = await host.EndAsync(run);
        Assert.Equal(RunStatus.Cancelled, result.Run.Status);
        Assert.Contains("FlowChanged", Assert.Single(result.CleanUpErrors));
        await AssertNothingLeftAsync(host, run, "");
    }

    [Fact]
    public async Task A_signal_that_comes_while_the_run_ends_is_refused_or_recorded_before_the_end()
    {
        await using ActorsTestHost host = new();
        using ManualResetEventSlim hold = new();
        TaskCompletionSource inFlow = new(TaskCreationOptions.RunContinuationsAsynchronously);
        // The flow's last turn holds its thread while the commands come in, so that they are in the mailbox when the end is appended.
        host.Flow<int, int>("held", async (ctx, n) =>
        {
            await ctx.Step("s", s => Task.FromResult(1));
            inFlow.TrySetResult();
            hold.Wait();
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("held", 1);
        await inFlow.Task;
        Task[] commands = [host.SignalAsync(run, "x", 1), host.CancelAsync(run), host.SignalAsync(run, "y", 1)];
        hold.Set();
        await host.EndAsync(run);
        foreach (Task command in commands)
        {
            Assert.Equal("run_ended", (await Assert.ThrowsAsync<ConflictException>(() => command)).Code);
        }

        Assert.Equal(RunEventTypes.RunCompleted, (await host.EventsAsync(run))[^1].Type);
    }
}
