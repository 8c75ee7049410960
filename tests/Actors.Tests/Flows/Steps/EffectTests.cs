using Actors.Silos;
using Actors.Storage;
using System.Text.Json;
using Actors.Flows;

namespace Actors.Tests.Flows.Steps;

/// <summary>What is said about steps with a body: fallback, compensation, checks, background; and blocks around them.</summary>
public sealed class EffectTests : YamlRun
{
    [Theory]
    [InlineData("[{id: other, task: Echo, inputs: {why: '${error.message}'}}]")]
    [InlineData("{id: other, task: Echo, inputs: {why: '${error.message}'}}")]
    public async Task A_fallback_takes_the_place_of_a_failed_step(string fallback) =>
        Assert.Equal(
            """{"s":{"why":"broken"},"other":{"why":"broken"}}""",
            await RunAsync($"flow: f\nsteps:\n- {{id: s, task: Fail, inputs: {{message: broken}}, retry: {{max_attempts: 2, delay: 1ms}}, fallback: {fallback}}}\noutputs: [s, other]"));

    [Fact]
    public async Task A_failed_fallback_reaches_the_handler_with_its_own_error() =>
        Assert.Equal(
            """{"h":{"m":"second"}}""",
            await RunAsync(
                "flow: f\nsteps:\n- {task: Fail, fallback: [{task: Fail, inputs: {message: second}}], on_error: [{id: h, task: Echo, inputs: {m: '${error.message}'}}]}\noutputs: [h]"));

    [Fact]
    public async Task A_compensation_sees_the_result_and_what_the_step_saw_and_runs_when_the_flow_fails_later()
    {
        Host.MockTask("Undo");
        RunResult result = await EndAsync(
            """
            flow: f
            inputs: [{name: who}]
            steps:
            - {id: a, task: Echo, inputs: {n: 1}, compensate: Undo}
            - {id: b, task: Echo, inputs: {n: 2}, compensate: {task: Undo, inputs: {of: '${result.n}', by: '${inputs.who}', after: '${a.n}'}}}
            - {task: Fail}
            """,
            new { who = "ann" });

        Assert.Equal(RunStatus.Failed, result.Run.Status);
        Assert.Equal(["""{"of":2,"by":"ann","after":1}""", """{"n":1}"""], Host.CallsOf("Undo").Select(call => call.GetRawText()));
    }

    [Fact]
    public async Task A_result_that_fails_a_check_is_tried_again()
    {
        int calls = 0;
        Host.MockTask<JsonElement, object>("Count", _ => new { n = ++calls });
        string outputs = await RunAsync(
            "flow: f\nsteps:\n- {id: s, task: Count, retry: {max_attempts: 5, delay: 1ms}, validate: ['${result.n > 1}', {check: 'result.n >= 3', message: 'only ${result.n}'}], result: '${result.n * 10}'}\noutputs: [s]");

        Assert.Equal("""{"s":30}""", outputs);
        Assert.Equal(3, calls);
    }

    [Theory]
    [InlineData("[result.n > 1]", "The result does not meet: result.n > 1")]
    [InlineData("[{check: 'result.n > 1', message: 'n is ${result.n}'}]", "n is 1")]
    [InlineData("[result.m > 1]", "result.m > 1: 'result' has no field 'm'. Did you mean 'n'?")]
    public async Task A_result_that_never_meets_a_check_fails_the_step(string checks, string message)
    {
        FlowError error = await FailAsync($"flow: f\nsteps:\n- {{task: Echo, inputs: {{n: 1}}, validate: {checks}}}");

        Assert.Equal(message, error.Message);
    }

    [Fact]
    public async Task A_step_in_the_background_goes_on_beside_the_flow_which_ends_after_it()
    {
        TaskCompletionSource gate = new();
        Host.Tasks.Add<JsonElement, string>("Slow", async (_, step) =>
        {
            await gate.Task.WaitAsync(step.CancellationToken);
            return "done";
        });
        RunId run = await StartAsync(
            null, "flow: f\nsteps:\n- {task: Slow, background: true}\n- {task: Fail, background: true}\n- {id: s, task: Echo, inputs: {v: 1}}\n- {task: Echo, inputs: {v: 2}}\noutputs: [s]");
        await Host.WhenAsync(run, e => e.Step == "Echo");
        gate.SetResult();
        RunResult result = await Host.EndAsync(run);

        Assert.Equal(RunStatus.Completed, result.Run.Status);
        Assert.Equal("""{"s":{"v":1}}""", result.Output.GetRawText());
        Assert.Contains(await Host.EventsAsync(run), e => e.Step == "Fail");
    }

    [Fact]
    public async Task Finally_runs_whether_the_steps_fail_or_not()
    {
        const string Block = "- {id: b, do: [{id: x, task: {0}}], finally: [{task: Add, inputs: {a: 1, b: 1}}], on_error: [{id: h, task: Echo, inputs: {m: '${error.message}'}}]}\noutputs: [x, h]";

        Assert.Equal("""{"x":null,"h":{"m":"It failed."}}""", await RunAsync("flow: f\nsteps:\n" + Block.Replace("{0}", "Fail")));
        Assert.Equal("""{"x":{},"h":null}""", Value.FromJson((await RunAgainAsync("flow: f\nsteps:\n" + Block.Replace("{0}", "Echo"))).Output).ToJsonText());
        Assert.Equal(2, Host.CallsOf("Add").Count);
    }

    private async Task<RunResult> RunAgainAsync(string yaml)
    {
        Host.Flows.Add(YamlFlowDefinition.Parse(yaml, "test.yaml", Host.Tasks));
        return await Host.EndAsync(await Host.StartRunAsync("f"));
    }

    [Fact]
    public async Task Finally_runs_when_the_run_is_cancelled_inside_and_not_after()
    {
        RunId run = await StartAsync(
            null, "flow: f\nsteps:\n- {do: [{task: Echo}], finally: [{task: Add, inputs: {a: 0, b: 0}}]}\n- {do: [{wait: 5d}], finally: [{task: Add, inputs: {a: 1, b: 1}}]}\n");
        await Host.WhenStatusAsync(run, RunStatus.Waiting);
        await Host.CancelAsync(run);
        RunResult result = await Host.EndAsync(run);

        Assert.Equal(RunStatus.Cancelled, result.Run.Status);
        Assert.Equal(["""{"a":0,"b":0}""", """{"a":1,"b":1}"""], Host.CallsOf("Add").Select(call => call.GetRawText()));
    }

    [Fact]
    public async Task A_signal_is_waited_for_until_its_time_is_over()
    {
        RunId run = await StartAsync(
            null, "flow: f\nsteps:\n- {id: a, wait: {signal: go, timeout: 1d}}\n- {id: b, wait: {signal: never, timeout: 1d}}\n- {wait: {signal: never, timeout: 1d, on_timeout: fail}, on_error: [{id: h, task: Echo, inputs: {m: '${error.type}'}}]}\noutputs: [a, b, h]");
        await Host.WhenStatusAsync(run, RunStatus.Waiting);
        await Host.SignalAsync(run, "go", new { n = 5 });
        await Host.AdvanceAsync(TimeSpan.FromDays(1.1));
        await Host.AdvanceAsync(TimeSpan.FromDays(1.1));
        RunResult result = await Host.EndAsync(run);

        Assert.Equal("""{"received":true,"data":{"n":5},"by":"local"}""", result.Output.GetProperty("a").GetRawText());
        Assert.Equal("""{"received":false,"data":null,"by":null}""", result.Output.GetProperty("b").GetRawText());
        Assert.Equal("""{"m":"Timeout"}""", result.Output.GetProperty("h").GetRawText());
    }

    [Fact]
    public async Task State_is_checked_against_its_declaration()
    {
        FlowError error = await FailAsync(
            "flow: f\ninputs: [{name: v}]\nstate: {n: integer}\nsteps:\n- {set: {n: '${inputs.v}'}}", new { v = "x" });

        Assert.Equal("state.n must be an integer, not a string", error.Message);
    }

    [Theory]
    [InlineData("task: Count, inputs: {of: '${item}'}, cache: 1h")]
    [InlineData("task: Count, inputs: {of: '${item}', by: '${index}'}, cache: {key: '${item}', ttl: 1h}")]
    [InlineData("do: [{id: n, task: Count, inputs: {of: '${item}'}}], cache: {key: '${item}', ttl: 1h}")]
    public async Task A_cached_step_runs_once_for_each_key_until_its_time_is_over(string step)
    {
        Host.MockTask<JsonElement, object>("Count", input => new { of = input.GetProperty("of").GetString() });
        string yaml = $"flow: f\nsteps:\n- {{id: e, for_each: [a, b, a], do: [{{id: c, {step}}}]}}\noutputs: [e]";
        string first = await RunAsync(yaml);
        await Host.EndAsync(await Host.StartRunAsync("f"));

        Assert.Contains("\"a\"", first);
        Assert.Equal(2, Host.CallsOf("Count").Count);
        await Host.AdvanceAsync(TimeSpan.FromHours(1.1));
        await Host.EndAsync(await Host.StartRunAsync("f"));
        Assert.Equal(4, Host.CallsOf("Count").Count);
    }

    [Fact]
    public async Task A_secret_reaches_the_body_and_nothing_else()
    {
        Host.Tasks.Resources.Secrets = name => name == "KEY" ? "s3cr3t-value" : null;
        string? seen = null;
        Host.Tasks.Add<JsonElement, object>("Use", (input, _) =>
        {
            seen = input.GetProperty("key").GetString();
            return Task.FromResult<object>(new { echo = seen });
        });
        Host.Tasks.Add<JsonElement, object>("Leak", (input, _) => throw new TaskException("denied for " + input.GetProperty("key").GetString()));
        RunId run = await StartAsync(
            null,
            "flow: f\nsteps:\n- {id: u, task: Use, inputs: {key: '${secrets.KEY}'}}\n- {task: Leak, inputs: {key: 'Bearer ${secrets.KEY}'}, on_error: [{id: h, task: Echo, inputs: {m: '${error.message}'}}]}\n- {task: Use, inputs: {key: '${secrets.NONE}'}, on_error: [{id: n, task: Echo, inputs: {m: '${error.type}'}}]}\noutputs: [u, h, n]");
        RunResult result = await EndAsync(run);

        Assert.Equal("s3cr3t-value", seen);
        Assert.Equal("""{"u":{"echo":"***"},"h":{"m":"denied for Bearer ***"},"n":{"m":"UnknownSecret"}}""", result.Output.GetRawText());
        foreach (JournalEntry entry in await Host.Store.ReadJournalAsync(Caller.Local.Tenant, run, 0, 1000, default))
        {
            Assert.DoesNotContain("s3cr3t", System.Text.Encoding.UTF8.GetString(entry.Payload.Span));
        }
    }

    [Fact]
    public async Task Signals_reach_other_runs_and_events_the_runs_own_stream()
    {
        RunId waiting = await StartAsync(null, "flow: w\nsteps:\n- {id: s, wait: {signal: go}}\noutputs: [{name: n, value: '${s.data.n}'}]");
        Host.Flows.Add(YamlFlowDefinition.Parse(
            "flow: f\ninputs: [{name: to}]\nsteps:\n- {emit: {signal: go, to: '${inputs.to}', data: {n: 5}}}\n- {emit: {event: sent, data: {to: '${inputs.to}'}}}\n- {emit: {signal: go, to: 'not an id'}, on_error: [{id: h, task: Echo, inputs: {m: '${error.message}'}}]}\noutputs: [h]",
            "f.yaml", Host.Tasks));
        RunId sender = await Host.StartRunAsync("f", new { to = waiting.Value });

        Assert.Equal("""{"h":{"m":"'not an id' is not a run id (line 6)"}}""", (await EndAsync(sender)).Output.GetRawText());
        Assert.Equal("""{"n":5}""", (await EndAsync(waiting)).Output.GetRawText());
        Assert.Contains(await Host.EventsAsync(sender), e => e.Type == RunEventTypes.EventEmitted);
    }

    [Theory]
    [InlineData("{set: {m: 1}}", "ACT1319", "the flow's state has no 'm'")]
    [InlineData("{append: {n: 1}}", "ACT1214", "'n' is an integer, not a list")]
    [InlineData("{set: {n: x}}", "ACT1104", "'n' must be an integer, not a string")]
    [InlineData("{task: Echo, background: true, id: b}\n- {task: Echo, inputs: {v: '${b}'}}", "ACT1307", "step 'b'")]
    [InlineData("{task: Echo, background: true, on_error: [exit]}", "ACT1219", "a step in the background has no 'on_error'")]
    [InlineData("{emit: {event: e, to: r}}", "ACT1102", "an event is put into this run's stream")]
    [InlineData("{wait: {signal: 'a/b'}}", "ACT1106", "'a/b' cannot be the name of a signal")]
    [InlineData("{loop: [exit]}", "ACT1218", "the loop has no end")]
    [InlineData("{parallel: {a: {task: Echo}}}", "ACT1104", "'a' must be a list of steps")]
    [InlineData("{parallel: {a: [exit]}, merge: frist}", "ACT1210", "'merge' must be error, first, last, deep or none")]
    [InlineData("{route: b, branches: {a: [exit]}}", "ACT1215", "there is no branch 'b'")]
    [InlineData("{subflow: price, default: 1}", "ACT1210", "'default' is for on_failure: default")]
    [InlineData("{if: 'true == false', then: [exit], cache: {key: 1, ttl: 1h}}", "ACT1220", "a step that may end the flow has no cache")]
    [InlineData("{do: [{task: Echo}], cache: 1h}", "ACT1102", "the cache of a do step needs 'key'")]
    [InlineData("{task: Echo, connection: crm}", "ACT1221", "there is no connection 'crm'")]
    [InlineData("{http: {url: /orders, connection: crm}}", "ACT1221", "there is no connection 'crm'")]
    [InlineData("{sql: {connection: books, query: 'select 1'}}", "ACT1221", "there is no connection 'books'")]
    [InlineData("{task: Echo, depends_on: later}\n- {task: Echo, id: later}", "ACT1303", "step 'later' is declared later")]
    public void Mistakes_are_told(string step, string rule, string message)
    {
        FlowSyntaxException error = Assert.Throws<FlowSyntaxException>(() => YamlFlowDefinition.Parse($"flow: f\nstate: {{n: integer}}\nsteps:\n- {step}", "test.yaml", Host.Tasks));

        Assert.Contains(error.Problems, p => p.RuleId == rule && p.Message.StartsWith(message, StringComparison.Ordinal));
    }
}
