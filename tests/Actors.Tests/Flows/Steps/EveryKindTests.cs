using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Flows.Steps;

/// <summary>What must hold of every kind of step, whatever it does: cancelled, timed out, killed and resumed, failing, and three deep in itself.</summary>
public sealed class EveryKindTests : YamlRun
{
    // Each with a place for steps inside, or with none; what is inside is the last that it does.
    private static readonly (string Kind, string Step)[] Blocks =
    [
        ("if", "{if: '1 < inputs.n', then: [BODY]}"),
        ("switch", "{switch: '${inputs.n}', cases: [{when: 5, do: [BODY]}]}"),
        ("do", "{do: [BODY]}"),
        ("do with finally", "{do: [BODY], finally: [{task: Note, inputs: {at: finally}}]}"),
        ("for_each", "{for_each: [1], do: [BODY]}"),
        ("for_each side by side", "{for_each: [1, 2], concurrency: 2, do: [BODY]}"),
        ("loop", "{loop: [BODY], max: 1}"),
        ("while", "{while: carried < 1, carry: 0, next: 1, do: [BODY]}"),
        ("until", "{until: index == 0, do: [BODY]}"),
        ("parallel", "{parallel: {a: [BODY]}}"),
        ("parallel of steps", "{parallel: [BODY, {task: Echo}]}"),
        ("parallel with an order", "{parallel: [{id: fID, task: Echo}, {do: [BODY], depends_on: fID}]}"),
        ("route", "{route: a, branches: {a: [BODY]}}"),
        ("state_machine", "{state_machine: {start: s, states: {s: {do: [BODY]}}}}"),
        ("fallback", "{task: Fail, fallback: [BODY]}"),
        ("on_error", "{task: Fail, on_error: [BODY]}"),
        ("cache", "{do: [BODY], cache: {key: KEY, ttl: 1h}}"),
    ];

    public static TheoryData<string> Kinds => [.. Blocks.Select(block => block.Kind), "subflow", "subflow as a child"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_cancelled_run_ends_as_cancelled_and_cleans_up(string kind)
    {
        RunId run = await StartAsync(kind, 1, "{wait: {signal: never}}", onCancel: true);
        await Host.WhenStatusAsync(run, RunStatus.Waiting);
        await Host.CancelAsync(run, "enough");
        RunResult result = await EndAsync(run);

        Assert.Equal(RunStatus.Cancelled, result.Run.Status);
        Assert.Empty(result.CleanUpErrors);
        Assert.Contains(Host.CallsOf("Note"), call => call.GetProperty("at").GetString() == "on_cancel");
        Assert.Single(Host.CallsOf("Note"), call => call.GetProperty("at").GetString() == "before");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_limit_around_it_ends_it(string kind)
    {
        RunId run = await StartAsync(kind, 1, "{wait: {signal: never}}", limit: "1h");
        RunResult result = await EndAsync(run);

        Assert.Equal(RunStatus.Failed, result.Run.Status);
        Assert.Equal(ErrorTypes.Timeout, result.Error!.Type);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_failure_inside_fails_it_with_the_error_of_the_step_that_failed(string kind)
    {
        RunResult result = await EndAsync(await StartAsync(kind, 2, "{task: Fail, inputs: {message: deep, code: e1}}"));

        Assert.Equal(RunStatus.Failed, result.Run.Status);
        Assert.Contains("deep", result.Error!.Message);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_approval_three_deep_in_it_survives_a_kill_and_nothing_runs_again(string kind)
    {
        RunId run = await StartAsync(kind, 3, "{approval: 'Go on?'}");
        int asked = 0;
        bool killed = false;
        while (!(await Host.Store.GetRunAsync(Caller.Local.Tenant, run, default))!.Status.IsFinal())
        {
            await Host.SettleAsync();
            if (!killed)
            {
                killed = true;
                await Host.CrashAsync();
                await Host.SettleAsync();
            }

            foreach (HumanTaskRow task in await Host.Store.ListHumanTasksAsync(
                new HumanTaskQuery { Tenant = Caller.Local.Tenant, Status = HumanTaskStatus.Open, Limit = 100 }, default))
            {
                asked++;
                await Host.Silo.AnswerAsync(task.Id, new TaskAnswer(HumanQuestion.Approve), Caller.Local);
            }

            await Host.AdvanceAsync(TimeSpan.FromMinutes(1));
        }

        RunResult result = await Host.EndAsync(run);
        Assert.Equal(RunStatus.Completed, result.Run.Status);
        Assert.Equal(kind == "for_each side by side" ? 8 : 1, asked);
        Assert.Single(Host.CallsOf("Note"), call => call.GetProperty("at").GetString() == "before");
    }

    /// <summary>A flow with a step of this kind around another of it, and so on, and in the innermost the given step.</summary>
    private async Task<RunId> StartAsync(string kind, int depth, string body, bool onCancel = false, string? limit = null)
    {
        Host.MockTask("Note");
        List<string> flows = [];
        for (int level = 0; level < depth; level++)
        {
            if (kind.StartsWith("subflow", StringComparison.Ordinal))
            {
                flows.Add($"flow: level{level}\ninputs: [{{name: n, type: integer}}]\nsteps:\n- {body}");
                body = $"{{subflow: level{level}, inputs: {{n: '${{inputs.n}}'}}, run: {(kind == "subflow" ? "inline" : "child")}}}";
            }
            else
            {
                body = Blocks.Single(block => block.Kind == kind).Step.Replace("BODY", body).Replace("ID", $"{level}").Replace("KEY", $"[{level}]");
            }
        }

        if (limit is not null)
        {
            body = $"{{do: [{body}], timeout: {limit}}}";
        }

        string cancel = onCancel ? "\non_cancel:\n- {task: Note, inputs: {at: on_cancel}}" : "";
        flows.Add($"flow: whole\ninputs: [{{name: n, type: integer}}]\nsteps:\n- {{task: Note, inputs: {{at: before}}}}\n- {body}{cancel}");
        return await StartAsync(new { n = 5 }, [.. flows]);
    }
}
