using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs.NineRules;

/// <summary>Rule 8: attempts, deadlines and reminders are entries, so that a crash does not reset them.</summary>
public sealed class Rule8Retries
{
    private static readonly ActorsTestOptions Rewalk = new() { RewalkEveryCommit = true };

    private sealed class Tries(ActorsTestHost host)
    {
        public List<(int Attempt, TimeSpan At)> Seen { get; } = [];

        private readonly DateTimeOffset _start = host.Time.GetUtcNow();

        public int Add(IStepContext step)
        {
            lock (Seen)
            {
                Seen.Add((step.Attempt, host.Time.GetUtcNow() - _start));
                return Seen.Count;
            }
        }
    }

    private static async Task<(RunResult Result, List<(int Attempt, TimeSpan At)> Seen)> RetryAsync(RetryPolicy retry, Func<int, Exception?> fails)
    {
        await using ActorsTestHost host = new(Rewalk);
        Tries tries = new(host);
        host.Flow<int, int>("f", (ctx, n) => ctx.Step("s", s => fails(tries.Add(s)) is { } e ? Task.FromException<int>(e) : Task.FromResult(s.Attempt), new StepOptions { Retry = retry }));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.AdvanceAsync(TimeSpan.FromHours(1));
        return (await host.EndAsync(run), tries.Seen);
    }

    private static Exception Broken => new InvalidOperationException("broken");

    [Theory]
    [InlineData(Backoff.Fixed, 2.0, new[] { 0, 10, 20, 30 })]
    [InlineData(Backoff.Linear, 2.0, new[] { 0, 10, 30, 60 })]
    [InlineData(Backoff.Exponential, 3.0, new[] { 0, 10, 40, 90 })]
    public async Task Attempts_come_at_the_times_of_the_policy(Backoff backoff, double multiplier, int[] seconds)
    {
        RetryPolicy retry = new() { MaxAttempts = 4, Delay = TimeSpan.FromSeconds(10), Backoff = backoff, Multiplier = multiplier, MaxDelay = TimeSpan.FromSeconds(50) };
        (RunResult result, List<(int Attempt, TimeSpan At)> seen) = await RetryAsync(retry, _ => Broken);
        Assert.Equal(seconds.Select((s, i) => (i + 1, TimeSpan.FromSeconds(s))), seen);
        Assert.Equal("broken", result.Error!.Message);
    }

    [Fact]
    public void Jitter_shortens_a_wait_by_at_most_its_share_and_waits_are_capped()
    {
        RetryPolicy retry = new() { Delay = TimeSpan.FromSeconds(10), Jitter = 0.5, MaxDelay = TimeSpan.FromSeconds(15) };
        Assert.Equal(TimeSpan.FromSeconds(10), retry.DelayAfter(1, 0));
        Assert.Equal(TimeSpan.FromSeconds(5), retry.DelayAfter(1, 1));
        Assert.Equal(TimeSpan.FromSeconds(15), retry.DelayAfter(9_999, 0));
        Assert.Equal(TimeSpan.Zero, (retry with { Delay = TimeSpan.Zero }).DelayAfter(9_999, 0.5));
        Assert.All(Enumerable.Range(0, 100), i => Assert.InRange(retry.DelayAfter(2, i / 100.0), TimeSpan.FromSeconds(7.5), TimeSpan.FromSeconds(15)));
    }

    [Fact]
    public async Task Only_listed_errors_are_tried_again()
    {
        RetryPolicy retry = new() { MaxAttempts = 5, Delay = TimeSpan.Zero, RetryOn = ["busy", "TimeoutException"], NotOn = ["never"] };
        Assert.Equal(3, (await RetryAsync(retry, n => n < 3 ? new TaskException("x", "busy") : null)).Seen.Count);
        Assert.Equal(2, (await RetryAsync(retry, n => n < 2 ? new TimeoutException() : null)).Seen.Count);
        Assert.Single((await RetryAsync(retry, _ => Broken)).Seen);
        Assert.Single((await RetryAsync(retry with { RetryOn = null }, _ => new TaskException("x", "never"))).Seen);
    }

    [Fact]
    public async Task A_task_can_say_that_trying_again_cannot_help_and_when_to_try_again()
    {
        RetryPolicy retry = new() { MaxAttempts = 5, Delay = TimeSpan.FromSeconds(1) };
        Assert.Single((await RetryAsync(retry, _ => new TaskException("no") { Retryable = false })).Seen);
        List<(int Attempt, TimeSpan At)> seen = (await RetryAsync(retry, n => n == 1 ? new TaskException("later") { RetryAfter = TimeSpan.FromMinutes(7) } : null)).Seen;
        Assert.Equal([(1, TimeSpan.Zero), (2, TimeSpan.FromMinutes(7))], seen);
    }

    [Fact]
    public async Task Each_attempt_is_told_how_the_one_before_it_failed_also_after_a_crash()
    {
        await using ActorsTestHost host = new();
        List<string> seen = [];
        TaskCompletionSource never = new();
        int third = 0;
        host.Flow<int, string>("f", (ctx, n) => ctx.Step(
            "s",
            async s =>
            {
                lock (seen)
                {
                    seen.Add($"{s.Attempt}: {s.PreviousError?.Message}");
                }

                if (s.Attempt == 3 && Interlocked.Increment(ref third) == 1)
                {
                    // It runs for so long that its start is recorded, and dies with the silo.
                    await never.Task;
                }

                return s.Attempt < 4 ? throw new InvalidOperationException($"failure {s.Attempt}") : "done";
            },
            new StepOptions { Retry = new RetryPolicy { MaxAttempts = 4, Delay = TimeSpan.FromMinutes(1), Backoff = Backoff.Fixed } }));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.SettleAsync();
        await host.CrashAsync();
        await host.AdvanceAsync(TimeSpan.FromMinutes(3));
        await host.CrashAsync();
        await host.AdvanceAsync(TimeSpan.FromMinutes(3));
        Assert.Equal("done", (await host.EndAsync(run)).Output.GetString());
        Assert.Equal(["1: ", "2: failure 1", "3: failure 2", "3: failure 2", "4: failure 3"], seen);
    }

    [Fact]
    public async Task A_wait_without_end_between_attempts_does_not_break_the_run()
    {
        await using ActorsTestHost host = new();
        host.Flow<int, int>("f", (ctx, n) => ctx.Step("s", s => Task.FromException<int>(new TaskException("x") { RetryAfter = TimeSpan.MaxValue }), new StepOptions { Retry = new RetryPolicy() }));
        host.Flow<int, int>("sleep", async (ctx, n) => { await ctx.Sleep("for ever", TimeSpan.MaxValue); return 1; });
        await host.StartAsync();
        foreach (string flow in new[] { "f", "sleep" })
        {
            RunId run = await host.StartRunAsync(flow, 1);
            await host.WhenStatusAsync(run, RunStatus.Waiting);
            await host.CancelAsync(run);
            await host.EndAsync(run);
        }
    }

    [Fact]
    public async Task Attempts_and_waits_survive_a_crash_and_a_waiting_run_leaves_memory()
    {
        await using ActorsTestHost host = new(Rewalk);
        Tries tries = new(host);
        host.Flow<int, int>("f", (ctx, n) => ctx.Step("s", s => tries.Add(s) < 4 ? Task.FromException<int>(Broken) : Task.FromResult(s.Attempt),
            new StepOptions { Retry = new RetryPolicy { MaxAttempts = 4, Delay = TimeSpan.FromMinutes(10), MaxDelay = TimeSpan.FromHours(1), Backoff = Backoff.Fixed } }));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        RunRow row = await host.WhenStatusAsync(run, RunStatus.Waiting);
        Assert.Contains("the next attempt (2 of 4) of 's'", row.Why);
        Assert.Contains("broken", row.Why);
        await host.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(0, host.Silo.ActiveRuns);
        await host.AdvanceAsync(TimeSpan.FromMinutes(4));
        await host.CrashAsync();
        await host.AdvanceAsync(TimeSpan.FromMinutes(10));
        await host.CrashAsync();
        await host.AdvanceAsync(TimeSpan.FromHours(1));
        Assert.Equal(4, (await host.EndAsync(run)).Output.GetInt32());
        Assert.Equal([0, 10, 20, 30], tries.Seen.Select(t => (int)t.At.TotalMinutes));
        Assert.Equal([1, 2, 3, 4], tries.Seen.Select(t => t.Attempt));
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_has_failed_even_when_its_body_ignores_the_token()
    {
        await using ActorsTestHost host = new(Rewalk);
        TaskCompletionSource deaf = new(TaskCreationOptions.RunContinuationsAsynchronously);
        List<int> attempts = [];
        host.Flow<int, string>("f", (ctx, n) => ctx.Step("s", async s =>
        {
            lock (attempts)
            {
                attempts.Add(s.Attempt);
            }

            if (s.Attempt == 1)
            {
                await deaf.Task;
                return "the late result of the first";
            }

            return "second";
        }, new StepOptions { Timeout = TimeSpan.FromSeconds(30), Retry = new RetryPolicy { MaxAttempts = 2, Delay = TimeSpan.Zero } }));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.AdvanceAsync(TimeSpan.FromSeconds(31));
        Assert.Equal("second", (await host.EndAsync(run)).Output.GetString());
        deaf.SetResult();
        await host.SettleAsync();
        RunEvent retrying = Assert.Single(await host.EventsAsync(run), e => e.Type == RunEventTypes.StepRetrying);
        Assert.Equal(ErrorTypes.Timeout, retrying.Error!.Type);
        Assert.Equal([1, 2], attempts);
    }

    [Fact]
    public async Task The_fallback_gives_the_result_when_all_attempts_have_failed()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, string>("f", (ctx, n) => ctx.Step<string, string>(
            "s", "in", (v, _) => Task.FromException<string>(Broken), new StepOptions { Retry = new RetryPolicy { MaxAttempts = 2, Delay = TimeSpan.Zero } },
            (v, error, _) => Task.FromResult($"{v} {error.Message}")));
        await host.StartAsync();
        Assert.Equal("in broken", (await host.RunAsync("f", 1)).Output.GetString());
    }

    [Fact]
    public async Task A_fallback_that_was_running_when_the_silo_died_runs_again_and_the_body_does_not()
    {
        await using ActorsTestHost host = new(Rewalk);
        int bodies = 0, fallbacks = 0;
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Flow<int, string>("f", (ctx, n) => ctx.Step<string, string>(
            "s", "in", (v, _) => { Interlocked.Increment(ref bodies); return Task.FromException<string>(Broken); }, null,
            async (v, error, step) =>
            {
                if (Interlocked.Increment(ref fallbacks) == 1)
                {
                    began.SetResult();
                    await Task.Delay(Timeout.Infinite, step.CancellationToken);
                }

                return error.Message;
            }));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await began.Task;
        // Long enough to be journaled as started.
        await host.AdvanceAsync(TimeSpan.FromSeconds(2));
        Assert.Contains(await host.EventsAsync(run), e => e.Type == RunEventTypes.StepStarted);
        await host.CrashAsync();
        Assert.Equal("broken", (await host.EndAsync(run)).Output.GetString());
        Assert.Equal((1, 2), (bodies, fallbacks));
    }

    [Fact]
    public async Task A_fallback_that_fails_fails_the_step_with_its_own_error()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, string>("f", (ctx, n) => ctx.Step<string, string>(
            "s", "in", (v, _) => Task.FromException<string>(Broken), null, (v, error, _) => Task.FromException<string>(new InvalidOperationException("worse"))));
        await host.StartAsync();
        Assert.Equal("worse", (await host.RunAsync("f", 1)).Error!.Message);
    }

    [Fact]
    public async Task A_step_that_runs_longer_than_a_second_is_journaled_as_started()
    {
        await using ActorsTestHost host = new(Rewalk);
        TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Flow<int, int>("f", (ctx, n) => ctx.Step("s", async s => { await go.Task; return 1; }));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.AdvanceAsync(TimeSpan.FromSeconds(0.9));
        Assert.DoesNotContain(await host.EventsAsync(run), e => e.Type == RunEventTypes.StepStarted);
        await host.AdvanceAsync(TimeSpan.FromSeconds(0.2));
        Assert.Single(await host.EventsAsync(run), e => e is { Type: RunEventTypes.StepStarted, Step: "s", Attempt: 1 });
        go.SetResult();
        await host.EndAsync(run);
    }

    [Fact]
    public async Task The_limit_of_a_scope_counts_from_its_first_start_over_restarts()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            try
            {
                return await ctx.Scope("s", async c =>
                {
                    await c.Step("x", s => Task.FromResult(1));
                    await c.Sleep("long", TimeSpan.FromHours(5));
                    return "slept";
                }, new ScopeOptions { Timeout = TimeSpan.FromHours(1) });
            }
            catch (StepFailedException e)
            {
                return $"{e.Error.Type} {ctx.Now - ctx.Run.StartedAt}";
            }
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.AdvanceAsync(TimeSpan.FromMinutes(40));
        await host.CrashAsync();
        await host.AdvanceAsync(TimeSpan.FromMinutes(19));
        Assert.Equal(RunStatus.Waiting, (await host.Silo.GetRunAsync(run, ActorsTestHost.Caller))!.Run.Status);
        await host.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal("Timeout 01:00:00", (await host.EndAsync(run)).Output.GetString());
    }

    [Fact]
    public async Task A_scope_that_ends_in_time_leaves_no_reminder_also_when_the_silo_died_in_it()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Scope("s", async c => { await c.Ask("q", new HumanQuestion("?")); return 1; }, new ScopeOptions { Timeout = TimeSpan.FromHours(1) });
            await ctx.Ask("r", new HumanQuestion("?"));
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(run, "s/q");
        await host.CrashAsync();
        await host.AnswerAsync(run, step: "s/q");
        await host.WhenAskedAsync(run, "r");
        Assert.Empty(await host.Store.FindRemindersAsync(DateTimeOffset.MaxValue, null, 10, default));
        await host.AnswerAsync(run, step: "r");
        await host.EndAsync(run);
    }
}
