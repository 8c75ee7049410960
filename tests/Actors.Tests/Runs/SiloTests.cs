using System.Text.Json;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs;

/// <summary>Admission, bounds, drain, and a store that refuses or is away.</summary>
public sealed class SiloTests
{
    private static void AddWaiting(ActorsTestHost host) => host.Flow<int, int>("wait", async (ctx, n) => { await ctx.WaitFor<int>("go"); return n; });

    [Fact]
    public async Task Ten_thousand_runs_that_wait_for_approval_are_in_no_memory_and_each_can_be_answered()
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { Limit = TimeSpan.FromMinutes(2) });
        host.Flow<int, string>("approve", async (ctx, n) => (await ctx.Ask("q", new HumanQuestion("Good?"))).Decision + n);
        await host.StartAsync();
        List<RunId> runs = [];
        for (int i = 0; i < 20; i++)
        {
            runs.AddRange(await Task.WhenAll(Enumerable.Range(0, 500).Select(k => host.StartRunAsync("approve", (i * 500) + k))));
        }

        await host.SettleAsync();
        Assert.Equal(10_000, host.Silo.ActiveRuns);
        await host.AdvanceAsync(host.Settings.Silo.IdleTimeout + TimeSpan.FromSeconds(1));
        Assert.Equal(0, host.Silo.ActiveRuns);
        await host.AnswerAsync(runs[7_777]);
        Assert.Equal("approve7777", (await host.EndAsync(runs[7_777])).Output.GetString());
    }

    [Fact]
    public async Task Runs_beyond_the_places_queue_and_are_taken_by_priority()
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { Silo = new SiloOptions { ActiveRunsMax = 1 } });
        List<int> order = [];
        TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Flow<int, int>("f", (ctx, n) => ctx.Step("s", n, async (v, _) =>
        {
            lock (order)
            {
                order.Add(v);
            }

            await go.Task;
            return v;
        }));
        await host.StartAsync();
        List<RunId> runs = [await host.StartRunAsync("f", 0)];
        foreach (int priority in new[] { 1, 5, 3, -2, 5 })
        {
            StartedRun started = await host.Silo.StartRunAsync(
                new StartRun { Flow = "f", Input = JsonSerializer.SerializeToElement(priority), Priority = priority }, ActorsTestHost.Caller);
            Assert.Equal(RunStatus.Queued, started.Run.Status);
            Assert.StartsWith("Waits for a place", started.Run.Why);
            runs.Add(started.Run.Id);
        }

        go.SetResult();
        foreach (RunId run in runs)
        {
            await host.EndAsync(run);
        }

        Assert.Equal([0, 5, 5, 3, 1, -2], order);
    }

    [Fact]
    public async Task A_full_mailbox_refuses_and_loses_nothing()
    {
        CountingStore store = new(new MemoryStore());
        await using ActorsTestHost host = new(new ActorsTestOptions { Store = store, Silo = new SiloOptions { MailboxMax = 5 } });
        TaskCompletionSource inFlow = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using ManualResetEventSlim hold = new();
        // The flow's own code holds its thread, so that commands pile up.
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Step("s", s => Task.FromResult(1));
            inFlow.TrySetResult();
            hold.Wait();
            int sum = 0;
            for (int i = 0; i < 5; i++)
            {
                sum += (await ctx.WaitFor<int>("x")).Value;
            }

            return sum;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await inFlow.Task;
        Task[] sent = [.. Enumerable.Range(0, 8).Select(_ => host.SignalAsync(run, "x", 1))];
        Task[] refused = [.. sent.Where(t => t.IsFaulted)];
        hold.Set();
        await Task.WhenAll(sent).ContinueWith(_ => { }, TaskScheduler.Default);
        Assert.Equal(3, sent.Count(t => t.IsFaulted));
        Assert.All(sent.Where(t => t.IsFaulted), t => Assert.IsType<OverloadedException>(t.Exception!.InnerException));
        Assert.Equal(5, (await host.EndAsync(run)).Output.GetInt32());
    }

    [Fact]
    public async Task Starts_that_wait_for_their_commit_are_bounded_and_the_accepted_ones_are_kept()
    {
        CountingStore store = new(new MemoryStore());
        await using ActorsTestHost host = new(new ActorsTestOptions { Store = store, Silo = new SiloOptions { StartsMax = 3 } });
        host.Flow<int, int>("f", (ctx, n) => Task.FromResult(n));
        await host.StartAsync();
        bool away = true;
        store.OnCommit = _ =>
        {
            if (away)
            {
                throw new StoreException(StoreFailure.Transient, "away");
            }
        };
        Task<RunId>[] accepted = [.. Enumerable.Range(0, 3).Select(i => host.StartRunAsync("f", i))];
        await Assert.ThrowsAsync<OverloadedException>(() => host.StartRunAsync("f", 3));
        away = false;
        Task<RunId[]> all = Task.WhenAll(accepted);
        await host.AdvanceAsync(TimeSpan.FromSeconds(10));
        foreach (RunId run in await all)
        {
            Assert.Equal(RunStatus.Completed, (await host.EndAsync(run)).Run.Status);
        }
    }

    [Fact]
    public async Task Payloads_that_are_too_large_are_refused_or_fail_their_step()
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { Silo = new SiloOptions { PayloadBytesMax = 1000 } });
        host.Flow<string, string>("step", (ctx, n) => ctx.Step("s", s => Task.FromResult(new string('x', 1000))));
        host.Flow<string, string>("output", (ctx, n) => Task.FromResult(new string('x', 1000)));
        host.Flow<string, string>("scope", (ctx, n) => ctx.Scope("s", c => Task.FromResult(new string('x', 1000))));
        AddWaiting(host);
        await host.StartAsync();
        foreach (string flow in new[] { "step", "output", "scope" })
        {
            RunResult result = await host.RunAsync(flow, "x");
            Assert.Equal((flow, RunStatus.Failed, ErrorTypes.PayloadTooLarge), (flow, result.Run.Status, result.Error?.Type));
        }

        Assert.Equal("payload_too_large", (await Assert.ThrowsAsync<InvalidRequestException>(() => host.StartRunAsync("step", new string('x', 1000)))).Code);
        RunId run = await host.StartRunAsync("wait", 1);
        Assert.Equal("payload_too_large", (await Assert.ThrowsAsync<InvalidRequestException>(() => host.SignalAsync(run, "go", new string('x', 1000)))).Code);
    }

    [Fact]
    public async Task An_idempotency_key_gives_the_same_run_for_the_same_request_and_a_conflict_for_another()
    {
        await using ActorsTestHost host = new();
        AddWaiting(host);
        await host.StartAsync();
        Task<StartedRun> StartAsync(int input, string key, string tenant = "default", int priority = 0) => Task.Run(() => host.Silo.StartRunAsync(
            new StartRun { Flow = "wait", Input = JsonSerializer.SerializeToElement(input), IdempotencyKey = key, Priority = priority }, new Caller(tenant, "p")));
        StartedRun[] same = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => StartAsync(1, "k")));
        Assert.Single(same.Select(s => s.Run.Id).Distinct());
        Assert.Single(same, s => !s.Existed);
        Assert.Equal("idempotency_key_reused", (await Assert.ThrowsAsync<ConflictException>(() => StartAsync(2, "k"))).Code);
        await Assert.ThrowsAsync<ConflictException>(() => StartAsync(1, "k", priority: 1));
        Assert.False((await StartAsync(1, "k", "other")).Existed);
        await host.RestartAsync();
        Assert.True((await StartAsync(1, "k")).Existed);
    }

    [Fact]
    public async Task Labels_keys_and_priorities_out_of_bounds_are_refused()
    {
        await using ActorsTestHost host = new();
        AddWaiting(host);
        await host.StartAsync();
        async Task<string> Refused(Func<StartRun, StartRun> change) => (await Assert.ThrowsAsync<InvalidRequestException>(() =>
            host.Silo.StartRunAsync(change(new StartRun { Flow = "wait", Input = JsonSerializer.SerializeToElement(1) }), ActorsTestHost.Caller))).Code;
        Assert.Equal("invalid_metadata", await Refused(r => r with { Metadata = Enumerable.Range(0, 33).ToDictionary(i => $"{i}", i => "") }));
        Assert.Equal("invalid_metadata", await Refused(r => r with { Metadata = new Dictionary<string, string> { [new string('n', 101)] = "" } }));
        Assert.Equal("invalid_metadata", await Refused(r => r with { Metadata = new Dictionary<string, string> { ["n"] = new string('v', 501) } }));
        Assert.Equal("invalid_key", await Refused(r => r with { IdempotencyKey = new string('k', 201) }));
        Assert.Equal("invalid_key", await Refused(r => r with { IdempotencyKey = "" }));
        Assert.Equal("invalid_priority", await Refused(r => r with { Priority = 101 }));
        StartedRun most = await host.Silo.StartRunAsync(
            new StartRun { Flow = "wait", Input = JsonSerializer.SerializeToElement(1), Metadata = Enumerable.Range(0, 32).ToDictionary(i => $"{i}".PadLeft(100, 'n'), i => new string('v', 500)) }, ActorsTestHost.Caller);
        Assert.Equal(32, most.Run.Metadata!.Count);
        Assert.Equal("unknown_flow", (await Assert.ThrowsAsync<NotFoundException>(() => host.StartRunAsync("wiat", 1))).Code);
    }

    [Fact]
    public async Task A_stopping_silo_lets_bodies_finish_and_the_run_goes_on_at_the_next()
    {
        await using ActorsTestHost host = new();
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously), go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int first = 0, second = 0;
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Step("first", async s => { first++; began.TrySetResult(); await go.Task; return 1; });
            return await ctx.Step("second", s => Task.FromResult(++second));
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await began.Task;
        Task stopping = host.Silo.StopAsync();
        Assert.False(host.Silo.IsReady);
        await Assert.ThrowsAsync<UnavailableException>(() => host.StartRunAsync("f", 1));
        Assert.False(stopping.IsCompleted);
        go.SetResult();
        await stopping.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((1, 0), (first, second));
        Assert.Null((await host.Store.GetRunAsync("default", run, default))!.Owner);
        await host.StartAsync();
        Assert.Equal(1, (await host.EndAsync(run)).Output.GetInt32());
        Assert.Equal((1, 1), (first, second));
    }

    [Fact]
    public async Task A_value_that_the_database_refuses_fails_just_its_own_step()
    {
        CountingStore store = new(new MemoryStore())
        {
            OnCommit = batch =>
            {
                if (batch.Any(t => t.Entries.Any(e => e.Kind == EntryKind.StepCompleted && System.Text.Encoding.UTF8.GetString(e.Payload.Span).Contains("poison", StringComparison.Ordinal))))
                {
                    throw new StoreException(StoreFailure.Data, "invalid byte sequence");
                }
            },
        };
        await using ActorsTestHost host = new(new ActorsTestOptions { Store = store });
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            string[] results = await Task.WhenAll(Enumerable.Range(0, 5).Select(async i =>
            {
                try
                {
                    return await ctx.Step($"s{i}", s => Task.FromResult(n == 3 && i == 2 ? "poison" : "ok"));
                }
                catch (StepFailedException e)
                {
                    return e.Error.Type;
                }
            }));
            return string.Join(" ", results);
        });
        await host.StartAsync();
        RunId[] runs = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => host.StartRunAsync("f", i)));
        for (int i = 0; i < runs.Length; i++)
        {
            Assert.Equal(i == 3 ? "ok ok StoreRefused ok ok" : "ok ok ok ok ok", (await host.EndAsync(runs[i])).Output.GetString());
        }
    }

    [Theory]
    [InlineData(StoreFailure.Transient)]
    [InlineData(StoreFailure.UnknownOutcome)]
    public async Task A_store_that_is_away_for_a_while_only_delays(StoreFailure failure)
    {
        CountingStore store = new(new MemoryStore());
        await using ActorsTestHost host = new(new ActorsTestOptions { Store = store });
        host.Flow<int, int>("child", (ctx, n) => ctx.Step("s", s => Task.FromResult(n)));
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            int sum = 0;
            for (int i = 0; i < 5; i++)
            {
                sum += await ctx.Step("s", s => Task.FromResult(1));
            }

            await ctx.Sleep("nap", TimeSpan.FromMinutes(1));
            return sum + await ctx.Call<int, int>("c", "child", 1);
        });
        await host.StartAsync();
        int commits = 0;
        bool away = false;
        store.OnCommit = batch =>
        {
            commits++;
            if (away || commits % 3 == 0)
            {
                if (failure == StoreFailure.UnknownOutcome)
                {
                    // It was written; only the answer is lost.
                    store.Inner.CommitAsync(batch, default).AsTask().Wait();
                }

                throw new StoreException(failure, "away");
            }
        };
        store.OnRead = () =>
        {
            if (away)
            {
                throw new StoreException(StoreFailure.Transient, "away");
            }
        };
        Task<RunId> starting = host.StartRunAsync("f", 1);
        await host.AdvanceAsync(TimeSpan.FromSeconds(20));
        RunId run = await starting;
        await host.AdvanceAsync(TimeSpan.FromSeconds(20));
        away = true;
        await host.AdvanceAsync(TimeSpan.FromMinutes(10));
        Assert.True(host.Silo.IsReady);
        away = false;
        await host.AdvanceAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(6, (await host.EndAsync(run)).Output.GetInt32());
    }

    [Fact]
    public async Task Callers_of_a_silo_whose_life_ends_get_an_answer()
    {
        CountingStore store = new(new MemoryStore());
        await using ActorsTestHost host = new(new ActorsTestOptions { Store = store });
        AddWaiting(host);
        await host.StartAsync();
        RunId run = await host.StartRunAsync("wait", 1);
        await host.WhenStatusAsync(run, RunStatus.Waiting);
        await host.Store.EndLifeAsync(host.Silo.LifeNo, host.Time.GetUtcNow(), default);
        Task start = host.StartRunAsync("wait", 2);
        await Assert.ThrowsAsync<UnavailableException>(() => start);
        await host.SettleAsync();
        Assert.False(host.Silo.IsReady);
        Assert.Equal(0, host.Silo.ActiveRuns);
        await host.StartAsync();
        await host.SignalAsync(run, "go", 1);
        await host.EndAsync(run);
    }

    [Fact]
    public async Task Each_version_of_a_flow_keeps_its_own_runs_and_a_missing_one_is_named()
    {
        await using ActorsTestHost host = new();
        void Add(string version) => host.Flow<int, string>("f", async (ctx, n) => { await ctx.WaitFor<int>("go"); return version; }, version);
        Add("1");
        await host.StartAsync();
        RunId one = await host.StartRunAsync("f", 1);
        Add("2");
        RunId two = await host.StartRunAsync("f", 1);
        await host.WhenStatusAsync(one, RunStatus.Waiting);
        await host.WhenStatusAsync(two, RunStatus.Waiting);
        await host.SettleAsync();
        host.Kill();
        await host.Store.EndLifeAsync(host.Silo.LifeNo, host.Time.GetUtcNow(), default);
        await using ActorsTestHost next = new(new ActorsTestOptions { Store = host.Store });
        next.Flow<int, string>("f", async (ctx, n) => { await ctx.WaitFor<int>("go"); return "2"; }, "2");
        await next.StartAsync();
        Assert.StartsWith("FlowMissing: No silo has f 1.", (await next.WhenStatusAsync(one, RunStatus.Parked)).Why);
        await next.SignalAsync(one, "go", 1);
        await next.SignalAsync(two, "go", 1);
        Assert.Equal("2", (await next.EndAsync(two)).Output.GetString());
        next.Flow<int, string>("f", async (ctx, n) => { await ctx.WaitFor<int>("go"); return "1"; }, "1");
        await next.Silo.ResumeRunAsync(one, ActorsTestHost.Caller);
        Assert.Equal("1", (await next.EndAsync(one)).Output.GetString());
    }

    [Fact]
    public async Task Every_kind_of_event_can_be_read_and_the_run_says_why_it_waits()
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { RewalkEveryCommit = true });
        host.Flow<int, int>("child", async (ctx, n) => { await ctx.Step("s", s => Task.FromResult(1)); return n == 1 ? 1 : throw new InvalidOperationException("no"); });
        host.Flow<int, int>("hang", async (ctx, n) => { await ctx.WaitFor<int>("never"); return 1; });
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            ctx.Report("hello", 0.5);
            await ctx.Emit("tell", "greeting", "hello");
            await ctx.Signal("to itself", ctx.Run.Id, "own", 1);
            try { await ctx.Signal("to nobody", new RunId("nobody"), "own", 1); } catch (StepFailedException) { }
            await ctx.Start("start", "child", 1);
            await ctx.Call<int, int>("call", "child", 1);
            try { await ctx.Call<int, int>("failing", "child", 2); } catch (StepFailedException) { }
            try { await ctx.Call<int, int>("cancelled", "hang", 2); } catch (StepFailedException) { }
            try { await ctx.Step("bad", s => Task.FromException<int>(new InvalidOperationException("x")), new StepOptions { Retry = new RetryPolicy { MaxAttempts = 2, Delay = TimeSpan.FromMilliseconds(1) } }); } catch (StepFailedException) { }
            await ctx.Scope("scope", c => c.Step("s", s => Task.FromResult(1)));
            try { await ctx.Scope<int>("broken", c => throw new InvalidOperationException("y")); } catch (StepFailedException) { }
            await ctx.Loop("loop", 0, (c, v, i) => Task.FromResult(i < 1 ? Iteration.Next(v) : Iteration.Done(v)));
            await ctx.Ask("expiring", new HumanQuestion("?") { Due = TimeSpan.FromSeconds(1) });
            await ctx.WaitFor<int>("late", TimeSpan.FromSeconds(1));
            await Task.WhenAll(ctx.Ask("q", new HumanQuestion("Good?") { Candidates = ["ann"] }), ctx.WaitFor<int>("s"), ctx.Sleep("nap", TimeSpan.FromHours(1)));
            await ctx.Step("open", async s => { await Task.Delay(Timeout.Infinite, s.CancellationToken); return 1; });
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        RunEvent hanging = await host.WhenAsync(run, e => e is { Type: RunEventTypes.ChildStarted, Step: "cancelled" });
        await host.CancelAsync(new RunId(hanging.Detail!));
        await host.WhenAsync(run, e => e.Type == RunEventTypes.ChildCancelled);
        await host.AdvanceAsync(TimeSpan.FromSeconds(5));
        await host.WhenAskedAsync(run, "q");
        RunRow row = await host.WhenStatusAsync(run, RunStatus.Waiting);
        Assert.Contains("an answer by ann to 'Good?'", row.Why);
        Assert.Contains("the signal 's'", row.Why);
        Assert.Contains("(timer 'nap')", row.Why);
        await host.AnswerAsync(run, step: "q");
        await host.SignalAsync(run, "s", 1);
        await host.AdvanceAsync(TimeSpan.FromHours(2));
        await host.WhenAsync(run, e => e is { Type: RunEventTypes.StepStarted, Step: "open" });
        await host.CancelAsync(run, "done");
        await host.EndAsync(run);
        HashSet<string> seen = [.. (await host.EventsAsync(run)).Select(e => e.Type)];
        string[] all = [.. typeof(RunEventTypes).GetFields().Select(f => (string)f.GetValue(null)!)];
        Assert.Equal(
            [RunEventTypes.RunCompleted, RunEventTypes.RunFailed, RunEventTypes.RunParked, RunEventTypes.RunResumed],
            all.Except(seen).Order());
    }

    [Fact]
    public async Task Store_invariants_hold_while_many_runs_of_all_sorts_are_killed_again_and_again()
    {
        await using ActorsTestHost host = new();
        host.Tasks.Add<int>("Undo", (_, _) => Task.CompletedTask);
        host.Flow<int, int>("child", async (ctx, n) => { await ctx.Sleep("z", TimeSpan.FromSeconds(n)); return n; });
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Step("a", s => Task.FromResult(n), new StepOptions { Compensation = "Undo" });
            AnyResult<int> any = await ctx.Any<int>("any",
            [
                new("ask", async c => { await c.Ask("q", new HumanQuestion("?")); return 1; }),
                new("nap", async c => { await c.Sleep("z", TimeSpan.FromSeconds(2 + (n % 5))); return 2; }),
                new("call", c => c.Call<int, int>("c", "child", 1 + (n % 7))),
            ], new ScopeOptions { Timeout = TimeSpan.FromMinutes(10) });
            if (n % 4 == 0)
            {
                throw new InvalidOperationException("no");
            }

            await ctx.Map("m", [1, 2, 3], async (c, item, _) => { await c.Sleep("z", TimeSpan.FromSeconds(item)); return item; });
            return any.Value;
        });
        await host.StartAsync();
        RunId[] runs = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => host.StartRunAsync("f", i)));
        for (int i = 0; i < 12; i++)
        {
            if (i % 3 == 1)
            {
                await Task.WhenAll(runs.Skip(i).Take(2).Select(async r =>
                {
                    try
                    {
                        await host.CancelAsync(r);
                    }
                    catch (ConflictException)
                    {
                    }
                }));
            }

            await host.AdvanceAsync(TimeSpan.FromSeconds(1));
            Assert.Empty(await host.Store.CheckInvariantsAsync(default));
            await host.CrashAsync();
        }

        await host.AdvanceAsync(TimeSpan.FromMinutes(1));
        foreach (RunId run in runs)
        {
            await host.EndAsync(run);
        }

        Assert.Empty(await host.Store.FindRemindersAsync(DateTimeOffset.MaxValue, null, 10, default));
        Assert.Empty(await host.Store.ListHumanTasksAsync(new HumanTaskQuery { Tenant = "default", Status = HumanTaskStatus.Open }, default));
    }

    [Fact]
    public async Task A_body_that_is_cancelled_while_it_waits_for_a_place_never_begins()
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { Silo = new SiloOptions { BodiesMax = 1 } });
        TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        List<int> began = [];
        host.Flow<int, int>("f", (ctx, n) => ctx.Step("s", n, async (v, _) =>
        {
            lock (began)
            {
                began.Add(v);
            }

            await go.Task;
            return v;
        }));
        await host.StartAsync();
        RunId first = await host.StartRunAsync("f", 1);
        await host.SettleAsync();
        RunId second = await host.StartRunAsync("f", 2);
        await host.SettleAsync();
        await host.CancelAsync(second);
        await host.SettleAsync();
        go.SetResult();
        Assert.Equal(RunStatus.Completed, (await host.EndAsync(first)).Run.Status);
        Assert.Equal(RunStatus.Cancelled, (await host.EndAsync(second)).Run.Status);
        Assert.Equal([1], began);
    }

    [Fact]
    public async Task A_start_of_a_child_waits_for_the_store_when_run_numbers_are_used_up()
    {
        CountingStore store = new(new MemoryStore());
        await using ActorsTestHost host = new(new ActorsTestOptions { Store = store });
        host.Flow<int, int>("child", (ctx, n) => Task.FromResult(n));
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.WaitFor<int>("go");
            RunId[] started = await ctx.Map("m", Enumerable.Range(0, 1100).ToArray(), (c, item, _) => c.Start("s", "child", item));
            return started.Length;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenStatusAsync(run, RunStatus.Waiting);
        store.OnRead = () => throw new StoreException(StoreFailure.Transient, "away");
        await host.SignalAsync(run, "go", 1);
        await host.SettleAsync();
        Assert.Equal(RunStatus.Running, (await host.Silo.GetRunAsync(run, ActorsTestHost.Caller))!.Run.Status);
        store.OnRead = null;
        await host.AdvanceAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(1100, (await host.EndAsync(run)).Output.GetInt32());
    }
}
