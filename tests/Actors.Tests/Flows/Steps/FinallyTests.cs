using Actors.Silos;
using Actors.Storage;

namespace Actors.Tests.Flows.Steps;

/// <summary>What is written under <c>finally</c> is done once, however the steps above it are left.</summary>
public sealed class FinallyTests : YamlRun
{
    private const string Held = "{do: [{wait: 5d}], finally: [{task: Add, inputs: {a: 1, b: 1}}]}";

    [Theory]
    [InlineData("Timeout", "do: [{wait: 5d}], finally: [{task: Add, inputs: {a: 1, b: 1}}], timeout: 1h")]
    [InlineData("Timeout", $"do: [{Held}], timeout: 1h")]
    [InlineData("Timeout", $"do: [{{if: true, then: [{Held}]}}], timeout: 1h")]
    [InlineData("Timeout", $"loop: [{Held}], max: 3, timeout: 1h")]
    [InlineData("Timeout", $"for_each: [1], do: [{Held}], timeout: 1h")]
    [InlineData("TaskException", $"parallel: [{Held}, {{do: [{{wait: 1h}}, {{task: Fail}}]}}]")]
    [InlineData("TaskException", $"for_each: [1, 2], concurrency: 2, do: [{{if: '${{item == 1}}', then: [{{wait: 1h}}, {{task: Fail}}], else: [{Held}]}}]")]
    public async Task Finally_runs_once_when_its_steps_are_ended_from_outside(string error, string block)
    {
        Assert.Equal(
            $$$"""{"h":{"type":"{{{error}}}"}}""",
            await RunAsync($"flow: f\nsteps:\n- {{{block}, id: b, on_error: [{{id: h, task: Echo, inputs: {{type: '${{error.type}}'}}}}]}}\noutputs: [h]"));
        Assert.Single(Host.CallsOf("Add"));
    }

    [Fact]
    public async Task Finally_is_done_before_the_flow_goes_on()
    {
        Host.MockTask("Next");
        await RunAsync($"flow: f\nsteps:\n- {{do: [{Held}], timeout: 1h, on_error: [{{task: Next}}]}}");
        string[] done = [.. (await Host.EventsAsync((await Host.Store.ListRunsAsync(new RunQuery { Tenant = "default" }, default))[0].Id))
            .Where(static e => e.Type == RunEventTypes.StepCompleted).Select(static e => e.Step!)];
        Assert.Equal(2, done.Length);
        Assert.Contains("finally", done[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Finally_goes_on_after_a_crash_inside_it()
    {
        TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int calls = 0;
        Host.Tasks.Add<System.Text.Json.JsonElement>("Release", async (_, step) =>
        {
            if (Interlocked.Increment(ref calls) == 1)
            {
                began.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, step.Time, step.CancellationToken);
            }
        });
        RunId run = await StartAsync(null, "flow: f\nsteps:\n- {do: [{do: [{wait: 5d}], finally: [{task: Add, inputs: {a: 1, b: 1}}, {task: Release}]}], timeout: 1h, on_error: [{task: Echo}]}");
        await Host.WhenStatusAsync(run, RunStatus.Waiting);
        await Host.AdvanceAsync(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(1));
        await began.Task.WaitAsync(Host.Settings.Limit);
        await Host.CrashAsync();
        RunResult result = await EndAsync(run);

        Assert.Equal(RunStatus.Completed, result.Run.Status);
        Assert.Single(Host.CallsOf("Add"));
        Assert.Equal(2, calls);
        Assert.Single(Host.CallsOf("Echo"));
    }
}
