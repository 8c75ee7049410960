using System.Text.Json;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs;

/// <summary>Signals, human tasks, timers and children: what a run waits for.</summary>
public sealed class WaitingTests
{
    private static readonly ActorsTestOptions Rewalk = new() { RewalkEveryCommit = true };

    private static void AddAsking(ActorsTestHost host, TimeSpan? due = null) => host.Flow<int, string>("ask", async (ctx, n) =>
    {
        HumanAnswer answer = await ctx.Ask("q", new HumanQuestion("Good?") { Due = due, Decisions = ["yes", "no"], Details = new { n } });
        return answer.Expired ? "expired" : $"{answer.Decision} {answer.By} {answer.Comment} {answer.Data}";
    });

    // ---- signals -------------------------------------------------------------------------------------------------

    [Fact]
    public async Task Signals_that_come_before_anybody_waits_are_kept_and_taken_in_order_each_once()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            await ctx.Ask("q", new HumanQuestion("?"));
            string all = "";
            for (int i = 0; i < 3; i++)
            {
                Signal<string> signal = await ctx.WaitFor<string>("s");
                all += $"{signal.Value}:{signal.By} ";
            }

            return all + (await ctx.WaitFor<int>("other")).Value;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.SignalAsync(run, "other", 9, "o");
        await host.SignalAsync(run, "s", "a", "1");
        await host.SignalAsync(run, "s", "b", "2");
        await host.SignalAsync(run, "s", "a", "1");
        await host.CrashAsync();
        await host.SignalAsync(run, "s", "a again", "1");
        await host.AnswerAsync(run);
        await host.SignalAsync(run, "s", "c", "3");
        Assert.Equal("a:local b:local c:local 9", (await host.EndAsync(run)).Output.GetString());
    }

    [Fact]
    public async Task The_same_signal_sent_by_many_at_once_is_taken_in_once()
    {
        await using ActorsTestHost host = new();
        host.Flow<int, int>("f", async (ctx, n) => (await ctx.WaitFor<int>("a")).Value + (await ctx.WaitFor<int>("b")).Value);
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => host.SignalAsync(run, "a", 1, "same"))));
        await host.SignalAsync(run, "b", 2);
        await host.EndAsync(run);
        Assert.Equal(2, (await host.EventsAsync(run)).Count(e => e.Type == RunEventTypes.SignalReceived));
    }

    [Fact]
    public async Task A_wait_for_a_signal_ends_at_its_time_over_a_restart()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, string>("f", async (ctx, n) => $"{(await ctx.WaitFor<int>("s", TimeSpan.FromHours(2))).Received}");
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        RunRow row = await host.WhenStatusAsync(run, RunStatus.Waiting);
        Assert.StartsWith("Waits for the signal 's', at most until 2030-01-01 02:00:00Z", row.Why);
        await host.AdvanceAsync(TimeSpan.FromMinutes(90));
        await host.CrashAsync();
        await host.AdvanceAsync(TimeSpan.FromMinutes(31));
        Assert.Equal("False", (await host.EndAsync(run)).Output.GetString());
        await Assert.ThrowsAsync<ConflictException>(() => host.SignalAsync(run, "s", 1));
    }

    [Fact]
    public async Task A_run_keeps_so_many_signals_as_the_options_say_also_after_it_has_taken_many()
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { Silo = new SiloOptions { SignalsKeptMax = 3 } });
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            for (int i = 0; i < 5; i++)
            {
                await ctx.WaitFor<int>("s");
            }

            await ctx.Ask("q", new HumanQuestion("?"));
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        for (int i = 0; i < 5; i++)
        {
            await host.SignalAsync(run, "s", i);
        }

        await host.WhenAskedAsync(run);
        int refused = 0;
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(async () =>
        {
            try
            {
                await host.SignalAsync(run, "unwanted", i, $"id{i}");
            }
            catch (OverloadedException)
            {
                Interlocked.Increment(ref refused);
            }
        })));
        Assert.Equal(7, refused);
        Assert.Equal(8, (await host.EventsAsync(run)).Count(e => e.Type == RunEventTypes.SignalReceived));
    }

    [Fact]
    public async Task Of_fifty_answers_at_once_exactly_one_wins_and_the_others_learn_who_did()
    {
        await using ActorsTestHost host = new(Rewalk);
        AddAsking(host);
        await host.StartAsync();
        RunId run = await host.StartRunAsync("ask", 1);
        HumanTaskRow task = await host.WhenAskedAsync(run);
        Assert.Equal("""{"n":1}""", task.Details);
        int won = 0;
        string? winner = null;
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(async () =>
        {
            try
            {
                HumanTaskRow row = await host.Silo.AnswerAsync(task.Id, new TaskAnswer(i % 2 == 0 ? "yes" : "no", $"c{i}"), new Caller("default", $"p{i}"));
                Interlocked.Increment(ref won);
                winner = $"{row.Decision} {row.AnsweredBy} {row.Comment} ";
            }
            catch (ConflictException e)
            {
                Assert.Equal("task_closed", e.Code);
            }
        })));
        Assert.Equal(1, won);
        Assert.Equal(winner, (await host.EndAsync(run)).Output.GetString());
        ConflictException late = await Assert.ThrowsAsync<ConflictException>(() => host.Silo.AnswerAsync(task.Id, new TaskAnswer("no"), ActorsTestHost.Caller));
        Assert.Contains("was answered", late.Message);
    }

    [Fact]
    public async Task A_question_expires_at_its_time_and_late_answers_are_refused()
    {
        await using ActorsTestHost host = new(Rewalk);
        AddAsking(host, TimeSpan.FromDays(3));
        await host.StartAsync();
        RunId run = await host.StartRunAsync("ask", 1);
        HumanTaskRow task = await host.WhenAskedAsync(run);
        await host.AdvanceAsync(TimeSpan.FromDays(2));
        Assert.Equal(0, host.Silo.ActiveRuns);
        await host.AdvanceAsync(TimeSpan.FromDays(1));
        Assert.Equal("expired", (await host.EndAsync(run)).Output.GetString());
        Assert.Contains("expired", (await Assert.ThrowsAsync<ConflictException>(() => host.Silo.AnswerAsync(task.Id, new TaskAnswer("no"), ActorsTestHost.Caller))).Message);
        Assert.Equal(HumanTaskStatus.Expired, (await host.Store.GetHumanTaskAsync("default", task.Id, default))!.Status);
    }

    [Fact]
    public async Task Of_answer_expiry_and_cancel_at_once_exactly_one_wins()
    {
        for (int round = 0; round < 40; round++)
        {
            await using ActorsTestHost host = new();
            AddAsking(host, TimeSpan.FromMinutes(5));
            await host.StartAsync();
            RunId run = await host.StartRunAsync("ask", 1);
            HumanTaskRow task = await host.WhenAskedAsync(run);
            await host.SettleAsync();
            static async Task<bool> Won(Func<Task> act)
            {
                try
                {
                    await act();
                    return true;
                }
                catch (ConflictException)
                {
                    return false;
                }
            }

            Task<bool> answer = Task.Run(() => Won(() => host.Silo.AnswerAsync(task.Id, new TaskAnswer("yes"), ActorsTestHost.Caller)));
            Task<bool> cancel = Task.Run(() => Won(() => host.CancelAsync(run)));
            Task expire = Task.Run(() => host.VirtualTime!.Advance(TimeSpan.FromMinutes(5)));
            await Task.WhenAll(answer, cancel, expire);
            RunResult result = await host.EndAsync(run);
            HumanTaskRow row = (await host.Store.GetHumanTaskAsync("default", task.Id, default))!;
            Assert.Equal(row.Status == HumanTaskStatus.Answered, await answer);
            if (result.Run.Status == RunStatus.Completed)
            {
                Assert.Equal(row.Status == HumanTaskStatus.Answered ? "yes" : "expired", result.Output.GetString()![..Math.Min(result.Output.GetString()!.Length, row.Status == HumanTaskStatus.Answered ? 3 : 7)]);
            }

            Assert.NotEqual(HumanTaskStatus.Open, row.Status);
        }
    }

    [Fact]
    public async Task An_answer_after_a_cancel_is_refused_and_says_so()
    {
        await using ActorsTestHost host = new(Rewalk);
        AddAsking(host);
        await host.StartAsync();
        RunId run = await host.StartRunAsync("ask", 1);
        HumanTaskRow task = await host.WhenAskedAsync(run);
        await host.CancelAsync(run);
        await host.EndAsync(run);
        Assert.Contains("was cancelled", (await Assert.ThrowsAsync<ConflictException>(() => host.Silo.AnswerAsync(task.Id, new TaskAnswer("yes"), ActorsTestHost.Caller))).Message);
    }

    [Fact]
    public async Task An_answer_with_data_comes_to_a_run_that_was_out_of_memory()
    {
        await using ActorsTestHost host = new(Rewalk);
        AddAsking(host);
        await host.StartAsync();
        RunId run = await host.StartRunAsync("ask", 1);
        HumanTaskRow task = await host.WhenAskedAsync(run);
        await host.AdvanceAsync(TimeSpan.FromDays(10));
        Assert.Equal(0, host.Silo.ActiveRuns);
        await host.Silo.AnswerAsync(task.Id, new TaskAnswer("yes", "fine", JsonSerializer.SerializeToElement(new { sum = 5 })), ActorsTestHost.Caller);
        Assert.Equal("yes local fine {\"sum\":5}", (await host.EndAsync(run)).Output.GetString());
    }

    [Fact]
    public async Task A_decision_that_is_none_of_the_tasks_a_long_comment_and_an_unknown_task_are_refused()
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { Silo = new SiloOptions { PayloadBytesMax = 1000 } });
        AddAsking(host);
        await host.StartAsync();
        HumanTaskRow task = await host.WhenAskedAsync(await host.StartRunAsync("ask", 1));
        async Task<string> Refused(TaskAnswer answer) => (await Assert.ThrowsAsync<InvalidRequestException>(() => host.Silo.AnswerAsync(task.Id, answer, ActorsTestHost.Caller))).Code;
        Assert.Equal("invalid_decision", await Refused(new TaskAnswer("maybe")));
        Assert.Equal("invalid_comment", await Refused(new TaskAnswer("yes", new string('x', 4001))));
        Assert.Equal("payload_too_large", await Refused(new TaskAnswer("yes", null, JsonSerializer.SerializeToElement(new string('x', 2000)))));
        await Assert.ThrowsAsync<NotFoundException>(() => host.Silo.AnswerAsync(new HumanTaskId("task_none"), new TaskAnswer("yes"), ActorsTestHost.Caller));
        await Assert.ThrowsAsync<NotFoundException>(() => host.Silo.AnswerAsync(task.Id, new TaskAnswer("yes"), new Caller("other", "x")));
        Assert.Equal(HumanTaskStatus.Open, (await host.Store.GetHumanTaskAsync("default", task.Id, default))!.Status);
    }

    [Fact]
    public async Task An_answer_that_comes_before_the_walk_has_asked_again_is_kept()
    {
        await using ActorsTestHost host = new();
        TaskCompletionSource slow = new(TaskCreationOptions.RunContinuationsAsynchronously);
        AddAsking(host);
        await host.StartAsync();
        RunId run = await host.StartRunAsync("ask", 1);
        HumanTaskRow task = await host.WhenAskedAsync(run);
        await host.CrashAsync(() => host.Flow<int, string>("ask", async (ctx, n) =>
        {
            await ctx.Step("new", async s => { await slow.Task; return 1; });
            return (await ctx.Ask("q", new HumanQuestion("Good?") { Due = TimeSpan.FromSeconds(1) })).Decision;
        }));
        await host.Silo.AnswerAsync(task.Id, new TaskAnswer("yes"), ActorsTestHost.Caller);
        slow.SetResult();
        Assert.Equal("yes", (await host.EndAsync(run)).Output.GetString());
    }

    // ---- timers --------------------------------------------------------------------------------------------------

    [Fact]
    public async Task Sleeps_are_durable_and_late_ones_fire_after_the_downtime()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            await ctx.Sleep("zero", TimeSpan.Zero);
            await ctx.Sleep("short", TimeSpan.FromMilliseconds(200));
            await ctx.Until("past", ctx.Now.AddDays(-1));
            await ctx.Sleep("long", TimeSpan.FromHours(1));
            await ctx.Until("date", new DateTimeOffset(2030, 1, 2, 0, 0, 0, TimeSpan.Zero));
            return $"{ctx.Now:u}";
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.AdvanceAsync(TimeSpan.FromMinutes(10));
        host.Kill();
        await host.Store.EndLifeAsync(host.Silo.LifeNo, host.Time.GetUtcNow(), default);
        host.VirtualTime!.Advance(TimeSpan.FromHours(3));
        await host.StartAsync();
        await host.AdvanceAsync(TimeSpan.FromHours(20.8));
        Assert.Equal(RunStatus.Waiting, (await host.Silo.GetRunAsync(run, ActorsTestHost.Caller))!.Run.Status);
        await host.AdvanceAsync(TimeSpan.FromHours(0.1));
        Assert.Equal("2030-01-02 00:00:00Z", (await host.EndAsync(run)).Output.GetString());
        Assert.Equal(["short", "long", "date"], (await host.EventsAsync(run)).Where(e => e.Type == RunEventTypes.TimerFired).Select(e => e.Step));
    }

    [Fact]
    public async Task A_thousand_timers_of_sleeping_runs_fire_in_one_tick()
    {
        await using ActorsTestHost host = new();
        DateTimeOffset due = host.Time.GetUtcNow().AddHours(5);
        host.Flow<int, int>("f", async (ctx, n) => { await ctx.Until("date", due); return n; });
        await host.StartAsync();
        RunId[] runs = await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => host.StartRunAsync("f", i)));
        await host.AdvanceAsync(TimeSpan.FromHours(4));
        Assert.Equal(0, host.Silo.ActiveRuns);
        await host.AdvanceAsync(TimeSpan.FromHours(1));
        foreach (RunId run in runs)
        {
            Assert.Equal(RunStatus.Completed, (await host.EndAsync(run)).Run.Status);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_reminder_at_the_edge_of_what_is_loaded_is_not_skipped(int offset)
    {
        await using ActorsTestHost host = new();
        host.Flow<int, int>("f", async (ctx, n) => { await ctx.Sleep("nap", TimeSpan.FromMilliseconds(n)); return n; });
        await host.StartAsync();
        // The horizon is two minutes from a load, and a load comes every minute.
        foreach (int minutes in new[] { 2, 3, 4, 5 })
        {
            RunId run = await host.StartRunAsync("f", (minutes * 60_000) + offset);
            await host.SettleAsync();
            _ = run;
        }

        await host.AdvanceAsync(TimeSpan.FromMinutes(6));
        Assert.Equal(4, (await host.Store.ListRunsAsync(new RunQuery { Tenant = "default", Statuses = [RunStatus.Completed] }, default)).Count);
    }

    // ---- children ------------------------------------------------------------------------------------------------

    [Fact]
    public async Task A_child_gives_its_result_over_a_crash_of_both()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, int>("child", async (ctx, n) => { await ctx.Ask("q", new HumanQuestion("?")); return n * 2; });
        host.Flow<int, int>("parent", (ctx, n) => ctx.Call<int, int>("c", "child", n));
        await host.StartAsync();
        RunId parent = await host.StartRunAsync("parent", 21);
        RunEvent started = await host.WhenAsync(parent, e => e.Type == RunEventTypes.ChildStarted);
        RunId child = new(started.Detail!);
        await host.WhenAskedAsync(child);
        RunRow row = await host.WhenStatusAsync(parent, RunStatus.Waiting);
        Assert.Equal($"Waits for the run {child} of flow 'child' ('c').", row.Why);
        await host.CrashAsync();
        await host.AnswerAsync(child);
        Assert.Equal(42, (await host.EndAsync(parent)).Output.GetInt32());
        RunRow childRow = (await host.EndAsync(child)).Run;
        Assert.Equal((parent, "c"), (childRow.Parent!.Id, childRow.Parent.Key));
    }

    [Fact]
    public async Task A_childs_failure_and_cancellation_are_failures_of_the_call()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, int>("child", async (ctx, n) => { await ctx.WaitFor<int>("go"); throw new InvalidOperationException("child broke"); });
        host.Flow<int, string>("parent", async (ctx, n) =>
        {
            try
            {
                await ctx.Call<int, int>("c", "child", n);
                return "";
            }
            catch (StepFailedException e)
            {
                return $"{e.StepKey} {e.Error.Type} {e.Error.Message}";
            }
        });
        await host.StartAsync();
        async Task<(RunId Parent, RunId Child)> StartAsync()
        {
            RunId parent = await host.StartRunAsync("parent", 1);
            RunId child = new((await host.WhenAsync(parent, e => e.Type == RunEventTypes.ChildStarted)).Detail!);
            await host.WhenStatusAsync(child, RunStatus.Waiting);
            return (parent, child);
        }

        (RunId failing, RunId failingChild) = await StartAsync();
        await host.SignalAsync(failingChild, "go", 1);
        Assert.Equal("c InvalidOperationException child broke", (await host.EndAsync(failing)).Output.GetString());
        (RunId other, RunId cancelled) = await StartAsync();
        await host.CancelAsync(cancelled);
        Assert.StartsWith("c Cancelled", (await host.EndAsync(other)).Output.GetString());
    }

    [Fact]
    public async Task Unknown_flows_versions_and_inputs_of_a_child_fail_the_call()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, int>("child", (ctx, n) => Task.FromResult(n));
        host.Flow<int, string[]>("parent", async (ctx, n) =>
        {
            async Task<string> TryAsync(Func<Task> call)
            {
                try
                {
                    await call();
                    return "";
                }
                catch (StepFailedException e)
                {
                    return e.Error.Type;
                }
            }

            return
            [
                await TryAsync(() => ctx.Call<int, int>("a", "nobody", 1)),
                await TryAsync(() => ctx.Call<int, int>("b", "child", 1, new CallOptions { Version = "9" })),
                await TryAsync(() => ctx.Call<string, int>("c", "child", "text")),
                await TryAsync(() => ctx.Start("d", "nobody", 1)),
            ];
        });
        await host.StartAsync();
        Assert.Equal(["UnknownFlow", "UnknownFlow", "InvalidInput", "UnknownFlow"], (await host.RunAsync("parent", 1)).Output.EnumerateArray().Select(e => e.GetString()));
    }

    [Fact]
    public async Task A_started_run_is_started_once_and_outlives_its_starter()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, int>("child", async (ctx, n) => { await ctx.WaitFor<int>("go"); return n; });
        host.Flow<int, string>("parent", async (ctx, n) =>
        {
            RunId id = await ctx.Start("c", "child", n);
            await ctx.Ask("q", new HumanQuestion("?"));
            return id.Value;
        });
        await host.StartAsync();
        RunId parent = await host.StartRunAsync("parent", 5);
        await host.WhenAskedAsync(parent);
        await host.CrashAsync();
        await host.AnswerAsync(parent);
        RunId child = new((await host.EndAsync(parent)).Output.GetString()!);
        Assert.Single(await host.Store.ListRunsAsync(new RunQuery { Tenant = "default", Flow = "child" }, default));
        await host.SignalAsync(child, "go", 1);
        Assert.Equal(5, (await host.EndAsync(child)).Output.GetInt32());
    }
}
