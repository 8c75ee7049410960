using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Tests.Flows.Steps;

/// <summary>The limit of a whole flow.</summary>
public sealed class FlowTimeoutTests : YamlRun
{
    private const string Slow = "flow: f\ntimeout: 2h\nsteps:\n- {task: Add, inputs: {a: 1, b: 1}}\n- {wait: 5d}\non_cancel:\n- {task: Add, inputs: {a: 2, b: 2}}";

    [Fact]
    public async Task A_run_that_reaches_the_limit_has_failed_and_has_done_what_is_done_on_cancel()
    {
        RunId run = await StartAsync(null, Slow);
        await Host.WhenStatusAsync(run, RunStatus.Waiting);
        await Host.AdvanceAsync(TimeSpan.FromHours(1.9));
        Assert.False((await Host.Store.GetRunAsync(Caller.Local.Tenant, run, default))!.Status.IsFinal());
        await Host.AdvanceAsync(TimeSpan.FromHours(0.2));
        RunResult result = await EndAsync(run);

        Assert.Equal(RunStatus.Failed, result.Run.Status);
        Assert.Equal((ErrorTypes.Timeout, "The run did not end in time: The limit of 7200 s was reached."), (result.Error!.Type, result.Error.Message));
        Assert.Equal(["""{"a":1,"b":1}""", """{"a":2,"b":2}"""], Host.CallsOf("Add").Select(static call => call.GetRawText()));
        await AssertNothingLeftAsync();
    }

    [Theory]
    [InlineData("{}", RunStatus.Completed)]
    [InlineData("{\"go\": false}", RunStatus.Failed)]
    public async Task A_run_that_ends_before_leaves_no_limit_behind(string inputs, RunStatus status)
    {
        RunResult result = await EndAsync("flow: f\ntimeout: 2h\ninputs: [{name: go, default: true}]\nsteps:\n- {wait: 1h}\n- {if: '${not inputs.go}', then: [{task: Fail}]}", JsonDocument.Parse(inputs).RootElement);

        Assert.Equal(status, result.Run.Status);
        await AssertNothingLeftAsync();
    }

    [Fact]
    public async Task A_cancelled_run_leaves_no_limit_behind()
    {
        RunId run = await StartAsync(null, Slow);
        await Host.WhenStatusAsync(run, RunStatus.Waiting);
        await Host.CancelAsync(run);

        Assert.Equal(RunStatus.Cancelled, (await EndAsync(run)).Run.Status);
        await AssertNothingLeftAsync();
    }

    [Fact]
    public async Task The_limit_goes_on_over_crashes()
    {
        RunId run = await StartAsync(null, Slow);
        await Host.WhenStatusAsync(run, RunStatus.Waiting);
        await Host.AdvanceAsync(TimeSpan.FromHours(1));
        await Host.CrashAsync(() => { });
        await Host.AdvanceAsync(TimeSpan.FromHours(1.1));
        RunResult result = await EndAsync(run);

        Assert.Equal(ErrorTypes.Timeout, result.Error!.Type);
        Assert.True(result.Run.UpdatedAt - result.Run.CreatedAt < TimeSpan.FromHours(2.5), $"It took {result.Run.UpdatedAt - result.Run.CreatedAt}.");
    }

    [Fact]
    public async Task What_was_done_is_undone_and_a_branch_is_cleaned_up()
    {
        Host.MockTask("Undo");
        RunResult result = await EndAsync(
            "flow: f\ntimeout: 1h\nsteps:\n- {task: Echo, inputs: {x: 1}, compensate: {task: Undo}}\n- parallel:\n  - {do: [{wait: 5d}], finally: [{task: Add, inputs: {a: 3, b: 3}}]}\n  - {id: ok, approval: {title: ok?}}");

        Assert.Equal(ErrorTypes.Timeout, result.Error!.Type);
        Assert.Single(Host.CallsOf("Undo"));
        Assert.Single(Host.CallsOf("Add"));
        Assert.Empty(await Host.Store.ListHumanTasksAsync(new HumanTaskQuery { Tenant = "default", Status = HumanTaskStatus.Open }, default));
        await AssertNothingLeftAsync();
    }

    [Theory]
    [InlineData("", "", "The limit of 3600 s was reached.")]
    [InlineData(", timeout: 1m", "", "The limit of 60 s was reached.")]
    [InlineData(", timeout: 2h", "", "The limit of 3600 s was reached.")]
    [InlineData("", ", run: child", "The run did not end in time: The limit of 3600 s was reached.")]
    public async Task A_subflow_keeps_its_own_limit(string limit, string how, string message)
    {
        string output = await RunAsync(
            $"flow: f\nsteps:\n- {{subflow: slow{limit}{how}, id: s, on_error: [{{id: h, task: Echo, inputs: {{type: '${{error.type}}', message: '${{error.message}}'}}}}]}}\noutputs: [h]",
            null,
            "flow: slow\ntimeout: 1h\nsteps:\n- {wait: 5d}");

        Assert.Contains("\"type\":\"Timeout\"", output, StringComparison.Ordinal);
        Assert.Contains(message, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flow_in_code_has_a_limit_as_well_and_a_run_keeps_the_one_it_began_with()
    {
        Host.Flow<int, int>("code", async (ctx, n) => { ctx.CleanUp("tidy", c => c.Step("tidy", _ => Task.FromResult(1))); await ctx.Sleep("long", TimeSpan.FromDays(9)); return n; }, timeout: TimeSpan.FromHours(1));
        await Host.StartAsync();
        RunId run = await Host.StartRunAsync("code", 1);
        await Host.WhenStatusAsync(run, RunStatus.Waiting);
        await Host.CrashAsync(() => Host.Flow<int, int>("code", async (ctx, n) => { ctx.CleanUp("tidy", c => c.Step("tidy", _ => Task.FromResult(1))); await ctx.Sleep("long", TimeSpan.FromDays(9)); return n; }));
        RunResult result = await EndAsync(run);

        Assert.Equal(ErrorTypes.Timeout, result.Error!.Type);
        Assert.True(result.Run.UpdatedAt - result.Run.CreatedAt < TimeSpan.FromHours(1.5));
        Assert.Contains(await Host.EventsAsync(run), static e => e.Type == RunEventTypes.StepCompleted && e.Step!.EndsWith("tidy", StringComparison.Ordinal));
        await AssertNothingLeftAsync();
    }

    [Theory]
    [InlineData("0s", "must be longer than nothing")]
    [InlineData("soon", "is not a length of time")]
    [InlineData("[1h]", "is not a length of time")]
    public void A_wrong_limit_is_told(string limit, string message)
    {
        FlowSyntaxException told = Assert.Throws<FlowSyntaxException>(() => YamlFlowDefinition.Parse($"flow: f\ntimeout: {limit}\nsteps:\n- {{task: Echo}}", "f.yaml", Host.Tasks));
        Assert.Contains(message, told.Message, StringComparison.Ordinal);
        Assert.Contains("f.yaml:2:", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_limit_in_code_is_more_than_zero() =>
        Assert.Contains("must be more than zero", Assert.Throws<ArgumentException>(() => Host.Flow<int, int>("code", (_, n) => Task.FromResult(n), timeout: TimeSpan.Zero)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_wait_that_is_longer_than_the_flow_may_take_is_told()
    {
        FlowProblem told = Assert.Single(YamlFlowDefinition.Parse("flow: f\ntimeout: 1h\nsteps:\n- {wait: 2h}", "f.yaml", Host.Tasks).Warnings);
        Assert.Contains("longer than that of the whole flow in line 2", told.Message, StringComparison.Ordinal);
    }

    private async Task AssertNothingLeftAsync()
    {
        await Host.SettleAsync();
        Assert.Empty(await Host.Store.FindRemindersAsync(DateTimeOffset.MaxValue, null, 10, default));
    }
}
