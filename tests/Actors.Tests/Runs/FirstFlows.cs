using Actors.Flows;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Tests.Runs;

public sealed class FirstFlows
{
    [Fact]
    public async Task Steps_run_once_each_and_the_output_is_kept()
    {
        await using EngineFixture engine = new();
        int calls = 0;
        engine.Flows.Add(new Delegated<int, int>("sum", async (ctx, input) =>
        {
            int total = input;
            for (int i = 0; i < 10; i++)
            {
                total = await ctx.Step("add", total, (t, _) =>
                {
                    Interlocked.Increment(ref calls);
                    return Task.FromResult(t + 1);
                });
            }

            return total;
        }));
        await engine.StartAsync();
        RunResult result = await engine.RunAsync("sum", 5);
        Assert.Equal(RunStatus.Completed, result.Run.Status);
        Assert.Equal(15, result.Output.GetInt32());
        Assert.Equal(10, calls);
    }

    [Fact]
    public async Task A_question_is_answered_after_a_crash_and_finished_steps_do_not_run_again()
    {
        await using EngineFixture engine = new();
        int before = 0, after = 0;
        engine.Flows.Add(new Delegated<string, string>("ask", async (ctx, input) =>
        {
            string a = await ctx.Step("before", input, (t, _) =>
            {
                Interlocked.Increment(ref before);
                return Task.FromResult(t + "!");
            });
            HumanAnswer answer = await ctx.Ask("approve", new HumanQuestion("Good?"));
            return await ctx.Step("after", a, (t, _) =>
            {
                Interlocked.Increment(ref after);
                return Task.FromResult(t + answer.Decision);
            });
        }));
        await engine.StartAsync();
        RunId run = await engine.StartRunAsync("ask", "x");
        HumanTaskRow task = await engine.WhenAskedAsync(run);
        await engine.CrashAsync();
        await engine.Silo.AnswerAsync(task.Id, new TaskAnswer("approve"), EngineFixture.Caller);
        RunResult result = await engine.EndAsync(run);
        Assert.Equal("x!approve", result.Output.GetString());
        Assert.Equal((1, 1), (before, after));
    }

    [Fact]
    public async Task Composites_children_signals_and_state_work_together()
    {
        await using EngineFixture engine = new();
        engine.Flows.Add(new Delegated<int, int>("child", (ctx, n) => ctx.Step("double", n, (v, _) => Task.FromResult(v * 2))));
        engine.Flows.Add(new Delegated<int, string>("parent", async (ctx, n) =>
        {
            int[] squares = await ctx.Map("squares", [1, 2, 3], (c, item, _) => c.Step("square", item, (v, _) => Task.FromResult(v * v)));
            string[] both = await ctx.All<string>("both",
            [
                new("left", async c => { c.State.Set("side", "left"); return await c.Step("l", s => Task.FromResult("L")); }),
                new("right", async c => { c.State.Set("side", "right"); return await c.Step("r", s => Task.FromResult("R")); }),
            ]);
            AnyResult<string> any = await ctx.Any<string>("first",
            [
                new("slow", async c => { await c.Sleep("nap", TimeSpan.FromHours(1)); return "slow"; }),
                new("fast", c => c.Step("f", s => Task.FromResult("fast"))),
            ]);
            int loop = await ctx.Loop("count", 0, async (c, v, i) =>
            {
                int next = await c.Step("inc", v, (x, _) => Task.FromResult(x + 1));
                return next < 5 ? Iteration.Next(next) : Iteration.Done(next);
            });
            Signal<int> signal = await ctx.WaitFor<int>("go");
            int child = await ctx.Call<int, int>("child", "child", n);
            return $"{string.Join(",", squares)} {string.Concat(both)} {any.Key} {loop} {signal.Value} {child} {ctx.State.Get<string>("side")}";
        }));
        await engine.StartAsync();
        RunId run = await engine.StartRunAsync("parent", 21);
        await engine.WhenAsync(run, e => e.Type == RunEventTypes.SignalWaiting);
        await engine.CrashAsync();
        await engine.Silo.SignalRunAsync(run, "go", System.Text.Json.JsonSerializer.SerializeToElement(7), "s1", EngineFixture.Caller);
        RunResult result = await engine.EndAsync(run);
        Assert.Equal("1,4,9 LR fast 5 7 42 right", result.Output.GetString());
    }

    [Fact]
    public async Task A_cancelled_run_cleans_up_in_reverse_and_undoes_its_steps()
    {
        await using EngineFixture engine = new();
        List<string> done = [];
        engine.Tasks.Add<string>("Undo", (what, _) => { lock (done) { done.Add("undo " + what); } return Task.CompletedTask; });
        engine.Flows.Add(new Delegated<int, int>("saga", async (ctx, n) =>
        {
            ctx.CleanUp("first", c => c.Step("a", 1, (_, _) => { lock (done) { done.Add("first"); } return Task.FromResult(1); }));
            ctx.CleanUp("second", c => c.Step("b", 1, (_, _) => { lock (done) { done.Add("second"); } return Task.FromResult(1); }));
            await ctx.Step("reserve", s => Task.FromResult("stock"), new StepOptions { Compensation = "Undo" });
            await ctx.Scope("pay", async c => { await c.Step("charge", s => Task.FromResult("money"), new StepOptions { Compensation = "Undo" }); return 1; });
            try
            {
                await ctx.Sleep("long", TimeSpan.FromDays(1));
            }
            catch (Exception)
            {
                await ctx.Step("never", s => Task.FromResult(1));
            }

            return 1;
        }));
        await engine.StartAsync();
        RunId run = await engine.StartRunAsync("saga", 1);
        await engine.WhenAsync(run, e => e.Type == RunEventTypes.TimerSet);
        await engine.Silo.CancelRunAsync(run, "no more", EngineFixture.Caller);
        RunResult result = await engine.EndAsync(run);
        Assert.Equal(RunStatus.Cancelled, result.Run.Status);
        Assert.Equal(["second", "first", "undo money", "undo stock"], done);
        Assert.Empty(result.CleanUpErrors);
    }

    [Fact]
    public async Task A_signal_of_another_type_fails_the_wait_and_the_flow_may_go_on()
    {
        await using EngineFixture engine = new();
        engine.Flows.Add(new Delegated<int, string>("gate", async (ctx, _) =>
        {
            try
            {
                await ctx.WaitFor<int>("go");
                return "taken";
            }
            catch (StepFailedException e)
            {
                Signal<int> again = await ctx.WaitFor<int>("go");
                return $"{e.Error.Type}, then {again.Value}";
            }
        }));
        await engine.StartAsync();
        RunId run = await engine.StartRunAsync("gate", 1);
        await engine.Silo.SignalRunAsync(run, "go", System.Text.Json.JsonSerializer.SerializeToElement("seven"), null, EngineFixture.Caller);
        await engine.WhenAsync(run, e => e.Type == RunEventTypes.SignalWaiting && e.Step == "go#2");
        await engine.CrashAsync();
        await engine.Silo.SignalRunAsync(run, "go", System.Text.Json.JsonSerializer.SerializeToElement(7), null, EngineFixture.Caller);
        Assert.Equal("InvalidInput, then 7", (await engine.EndAsync(run)).Output.GetString());
    }

    [Fact]
    public async Task While_the_database_takes_no_commits_callers_are_told_and_nothing_accepted_is_lost()
    {
        bool away = false;
        CountingStore store = new(new MemoryStore());
        store.OnCommit = _ =>
        {
            if (away)
            {
                throw new StoreException(StoreFailure.Fatal, "The disk is gone.");
            }
        };
        await using EngineFixture engine = new() { Store = store };
        engine.Flows.Add(new Delegated<int, int>("one", (ctx, n) => ctx.Step("s", n, (v, _) => Task.FromResult(v + 1))));
        await engine.StartAsync();
        away = true;
        Task<RunResult> waiting = engine.RunAsync("one", 1);
        using CancellationTokenSource limit = new(EngineFixture.Limit);
        while (engine.Silo.Trouble is null)
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        UnavailableException told = await Assert.ThrowsAsync<UnavailableException>(() => engine.StartRunAsync("one", 2));
        Assert.Contains("The disk is gone.", told.Message);
        away = false;
        Assert.Equal(2, (await waiting).Output.GetInt32());
        Assert.Null(engine.Silo.Trouble);
    }

    private sealed record Greeting(string Name, int Times = 1);

    [Theory]
    [InlineData("nam")]
    [InlineData(null)]
    public async Task A_misspelt_or_missing_input_is_refused_and_not_read_as_nothing(string? member)
    {
        await using EngineFixture engine = new();
        engine.Flows.Add(new Delegated<Greeting, string>("greet", (ctx, input) => Task.FromResult(input.Name)));
        engine.Tasks.Add<Greeting, string>("Greet", (input, _) => Task.FromResult(input.Name));
        engine.Flows.Add(YamlFlowDefinition.Parse($"flow: greet_yaml\nsteps:\n  - task: Greet\n    inputs: {{ {member ?? "times"}: 1 }}\n", "greet.yaml", engine.Tasks));
        await engine.StartAsync();
        Dictionary<string, object> input = new() { [member ?? "times"] = 1 };
        await Assert.ThrowsAsync<InvalidFlowInputException>(() => engine.StartRunAsync("greet", input));
        RunResult result = await engine.RunAsync("greet_yaml", new Dictionary<string, object>());
        Assert.Equal(ErrorTypes.InvalidInput, result.Error?.Type);
    }
}
