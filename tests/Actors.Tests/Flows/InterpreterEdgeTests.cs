using System.Text;
using Actors.Flows;

namespace Actors.Tests.Flows;

public sealed class InterpreterEdgeTests : FlowTest
{
    [Fact]
    public async Task A_failed_step_without_a_handler_fails_the_flow()
    {
        StepFailedException e = await Assert.ThrowsAsync<StepFailedException>(() => Execute(Flow("- {task: Fail, id: pay}\n- task: Echo")));

        Assert.Equal(("pay", "CardError", "card_declined"), (e.StepKey, e.Error.Type, e.Error.Code));
        Assert.Equal(["Fail {}"], Calls);
    }

    [Theory]
    [InlineData("[{task: Echo, inputs: {t: '${error.type}', m: '${error.message}', c: '${error.code}', d: '${error.data.limit}', s: '${error.step}'}}]")]
    [InlineData("{steps: [{task: Echo, inputs: {t: '${error.type}', m: '${error.message}', c: '${error.code}', d: '${error.data.limit}', s: '${error.step}'}}]}")]
    [InlineData("{then: continue, steps: [{task: Echo, inputs: {t: '${error.type}', m: '${error.message}', c: '${error.code}', d: '${error.data.limit}', s: '${error.step}'}}]}")]
    public async Task A_handler_sees_the_error_and_the_flow_goes_on(string handler)
    {
        string output = await Output($"flow: f\nsteps:\n- {{task: Fail, id: pay, on_error: {handler}}}\n- task: Total\noutputs: [pay]");

        Assert.Equal("""{"pay":null}""", output);
        Assert.Equal(["Fail {}", """Echo {"t":"CardError","m":"card was declined","c":"card_declined","d":5,"s":"pay"}""", "Total {}"], Calls);
        Assert.Equal(["pay", "pay-error", "pay-error/Echo", "Total"], Run.Keys);
    }

    [Fact]
    public async Task A_handler_may_fail_the_flow_with_the_first_error()
    {
        StepFailedException e = await Assert.ThrowsAsync<StepFailedException>(() => Execute(Flow("- {task: Fail, on_error: {steps: [{task: Echo}], then: fail}}\n- task: Total")));

        Assert.Equal("CardError", e.Error.Type);
        Assert.Equal(["Fail {}", "Echo {}"], Calls);
    }

    [Theory]
    [InlineData("{then: exit}", "card was declined", "{}")]
    [InlineData("[{exit: {reason: 'because of ${error.code}', outputs: {ok: false}}}]", "because of card_declined", """{"ok":false}""")]
    public async Task A_handler_may_end_the_flow(string handler, string reason, string output)
    {
        FlowResult result = await Execute(Flow($"- {{task: Fail, on_error: {handler}}}\n- task: Total"));

        Assert.Equal(reason, result.ExitReason);
        Assert.Equal(output, Encoding.UTF8.GetString(result.Output.Span));
        Assert.DoesNotContain("Total {}", Calls);
    }

    [Fact]
    public async Task A_handler_of_a_block_takes_the_failure_of_a_branch()
    {
        string output = await Output("""
            flow: f
            steps:
              - parallel:
                  - {task: Forever, id: slow}
                  - {task: Fail, id: bad}
                on_error:
                  - {task: Echo, id: told, inputs: {step: "${error.step}"}}
            outputs: [{name: step, value: "${told?.step}"}, slow]
            """);

        Assert.Equal("""{"step":"parallel/bad/bad","slow":null}""", output);
        Assert.Equal(1, Run.CancelledBranches);
    }

    [Fact]
    public async Task An_exit_of_a_branch_is_not_taken_for_an_error()
    {
        FlowResult result = await Execute(Flow("""
              - parallel:
                  - task: Forever
                  - for_each: [1, 2]
                    on_error: [{task: Total}]
                    do: [{exit: {reason: "at ${item}"}}]
                on_error: [{task: Total}]
            """));

        Assert.Equal("at 1", result.ExitReason);
        Assert.Equal(["Forever {}"], Calls);
    }

    [Fact]
    public async Task An_error_that_calls_itself_an_exit_stays_an_error()
    {
        Tasks.Add<object>("Liar", (_, _) => throw new TaskException("no exit") { Type = FlowExit.ErrorType });
        StepFailedException e = await Assert.ThrowsAsync<StepFailedException>(() => Execute(Flow("- parallel: [{task: Liar}]")));

        Assert.Equal(nameof(TaskException), e.Error.Type);
    }

    [Fact]
    public async Task A_skipped_step_gives_null()
    {
        string output = await Output("""
            flow: f
            inputs: [{name: n, type: integer}]
            steps:
              - {task: Total, id: cart, if: inputs.n > 5}
              - if: inputs.n > 5
                then: [{task: Total, id: inner}]
              - {task: Echo, inputs: {a: "${cart}", b: "${cart?.total ?? 0}", c: "${inner}"}}
            outputs: [{name: total, value: "${cart.total}"}, {name: deep, value: "${inner.items[0]}"}, {name: n, value: "${inputs.n}"}]
            """, """{"n":1}""");

        Assert.Equal("""{"total":null,"deep":null,"n":1}""", output);
        Assert.Equal(["""Echo {"a":null,"b":0,"c":null}"""], Calls);
    }

    [Theory]
    [InlineData("{task: Echo, id: e, inputs: {a: '${cart.total}'}}", "${cart.total}: 'cart' is null (its step was skipped or gave nothing), so it has no field 'total'; write '?.' where that is expected")]
    [InlineData("{task: Echo, id: e, if: \"${inputs.x.y} == 1\"}", "${inputs.x.y} == 1: 'inputs.x' is null, so it has no field 'y'; write '?.' where that is expected")]
    [InlineData("{for_each: '${inputs.n}', id: e, do: [exit]}", "for_each needs a list, but has a number (line 5)")]
    [InlineData("{wait: '${inputs.n} weeks', id: e}", "'3 weeks' is not a length of time. Write e.g. 30s, 5m, 1h30m, 2d, PT5M, or a number of seconds.")]
    [InlineData("{wait: {until: '${inputs.n}'}, id: e}", "'3' is not a point in time. Write e.g. 2030-01-31T09:00:00Z.")]
    public async Task A_reference_to_nothing_fails_its_step(string step, string message)
    {
        YamlFlowDefinition flow = Parse($"flow: f\ninputs: [{{name: n}}, {{name: x, required: false}}]\nsteps:\n- {{task: Total, id: cart, if: inputs.n == 0}}\n- {step}");
        StepFailedException e = await Assert.ThrowsAsync<StepFailedException>(() => Execute(flow, """{"n":3}"""));

        Assert.Equal(("e", message), (e.StepKey, e.Error.Message));
    }

    [Fact]
    public async Task A_reference_to_nothing_can_be_handled_like_any_failure()
    {
        await Execute(Flow("- {task: Total, id: t}\n- {task: Echo, inputs: {a: '${t.nix}'}, on_error: [{task: Echo, inputs: {c: '${error.code}'}}]}"));
        Assert.Equal("""Echo {"c":"missing_reference"}""", Calls[^1]);
    }

    [Theory]
    [InlineData("\"gold\"", "vip")]
    [InlineData("\"silver\"", "vip")]
    [InlineData("3", "three")]
    [InlineData("\"3\"", "three")]
    [InlineData("\"tin\"", "rest")]
    [InlineData("null", "rest")]
    public async Task Switch_takes_the_first_case_that_is_equal_and_the_default_last(string tier, string expected)
    {
        string output = await Output("""
            flow: f
            inputs: [{name: tier, required: false}]
            steps:
              - switch: ${inputs.tier}
                id: choice
                cases:
                  - default: [{task: Echo, id: kind, inputs: {is: rest}}]
                  - {when: [gold, silver], do: [{task: Echo, id: kind, inputs: {is: vip}}]}
                  - {when: 3, do: [{task: Echo, id: kind, inputs: {is: three}}]}
                  - {when: 3, do: [{task: Echo, id: kind, inputs: {is: never}}]}
            outputs: [{name: a, value: "${kind.is}"}, {name: b, value: "${choice.kind.is}"}]
            """, $$"""{"tier":{{tier}}}""");

        Assert.Equal($$"""{"a":"{{expected}}","b":"{{expected}}"}""", output);
    }

    [Fact]
    public async Task A_switch_without_a_match_does_nothing()
    {
        await Execute(Flow("- switch: ${inputs}\n  default: []\n  cases: [{when: x, do: [{task: Echo}]}]".Replace("\n  default: []", "", StringComparison.Ordinal)));
        Assert.Empty(Calls);
        Assert.Empty(Run.Keys);
    }

    [Theory]
    [InlineData("any", "[inputs.n > 5, inputs.n == 3]", true)]
    [InlineData("any", "[inputs.n > 5]", false)]
    [InlineData("all", "[inputs.n > 1, '${inputs.n} == 3']", true)]
    [InlineData("all", "[inputs.n > 5, inputs.n.x.y]", false)]
    [InlineData("none", "[inputs.n > 5, {all: [inputs.n == 3, inputs.n == 4]}]", true)]
    [InlineData("none", "[inputs.n == 3]", false)]
    [InlineData("any", "[]", false)]
    [InlineData("all", "[]", true)]
    [InlineData("none", "[]", true)]
    public async Task Quantifiers_stop_at_the_part_that_decides(string quantifier, string parts, bool expected)
    {
        await Execute(Parse($"flow: f\ninputs: [{{name: n}}]\nsteps:\n- if: {{{quantifier}: {parts}}}\n  then: [{{task: Echo}}]"), """{"n":3}""");
        Assert.Equal(expected, Calls.Count == 1);
    }

    [Theory]
    [InlineData("30s", 30)]
    [InlineData("5m", 300)]
    [InlineData("1h30m", 5400)]
    [InlineData("2d", 172800)]
    [InlineData("1w", 604800)]
    [InlineData("500ms", 0.5)]
    [InlineData("0s", 0)]
    [InlineData("90", 90)]
    [InlineData("0.5", 0.5)]
    [InlineData("PT5M", 300)]
    [InlineData("P1DT2H", 93600)]
    [InlineData("{for: 10s}", 10)]
    [InlineData("'${inputs.pause}'", 42)]
    [InlineData("{for: '${inputs.pause}s'}", 42)]
    public async Task Wait_sleeps(string wait, double seconds)
    {
        await Execute(Parse($"flow: f\ninputs: [{{name: pause, default: 42}}]\nsteps: [{{wait: {wait}}}]"));
        Assert.Equal(TimeSpan.FromSeconds(seconds), Run.Waits["wait"]);
    }

    [Theory]
    [InlineData("'2030-01-31T09:00:00Z'", "2030-01-31T09:00:00+00:00")]
    [InlineData("2030-01-31", "2030-01-31T00:00:00+00:00")]
    [InlineData("'2030-01-31T09:00:00+02:00'", "2030-01-31T09:00:00+02:00")]
    [InlineData("'${inputs.day}T10:00:00Z'", "2031-02-03T10:00:00+00:00")]
    public async Task Wait_until_a_point_in_time(string until, string expected)
    {
        await Execute(Parse($"flow: f\ninputs: [{{name: day, default: '2031-02-03'}}]\nsteps: [{{id: w, wait: {{until: {until}}}}}]"));
        Assert.Equal(DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), Run.Untils["w"]);
    }

    [Theory]
    [InlineData("", "", false)]
    [InlineData("on_timeout: approve", "approve", true)]
    [InlineData("on_timeout: reject", "reject", false)]
    [InlineData("decisions: [later, now], on_timeout: later", "later", false)]
    public async Task An_approval_that_nobody_answers_takes_the_decision_of_on_timeout(string setting, string decision, bool approved)
    {
        Run.Answers["ok"] = new HumanAnswer("", "", FakeRun.Start, Expired: true);
        string output = await Output($"flow: f\nsteps: [{{id: ok, approval: {{title: Go?, timeout: 1h, {setting}}}}}]\noutputs: [ok]");
        Assert.Equal(
            $$$"""{"ok":{"decision":"{{{decision}}}","approved":{{{(approved ? "true" : "false")}}},"by":"","at":"2030-01-02T03:04:05Z","comment":null,"data":null,"expired":true}}""",
            output);
    }

    [Fact]
    public async Task An_approval_that_nobody_answers_may_fail()
    {
        Run.Answers["ok"] = new HumanAnswer("", "", FakeRun.Start, Expired: true);
        StepFailedException e = await Assert.ThrowsAsync<StepFailedException>(() => Execute(Flow("- {id: ok, approval: {title: Go?, timeout: 1h, on_timeout: fail}}")));
        Assert.Equal(("ok", ErrorTypes.Timeout), (e.StepKey, e.Error.Type));
    }

    [Fact]
    public async Task Candidates_may_come_from_expressions()
    {
        await Execute(Parse("flow: f\ninputs: [{name: who, default: [a, b]}, {name: one, default: c}]\nsteps:\n- {id: x, approval: {title: X, candidates: '${inputs.who}'}}\n- {id: y, approval: {title: Y, candidates: ['${inputs.one}', d]}}"));
        Assert.Equal(["a", "b"], Run.Questions["x"].Candidates);
        Assert.Equal(["c", "d"], Run.Questions["y"].Candidates);
    }

    [Fact]
    public async Task Retry_and_timeout_reach_the_verbs()
    {
        await Execute(Flow("""
              - task: Echo
                id: a
                timeout: 30s
                retry: {max_attempts: 5, delay: 2, backoff: linear, max_delay: 1m, jitter: 0.5, retry_on: [CardError, timeout], not_on: fatal}
              - {task: Echo, id: b, retry: {max_attempts: 3, backoff: 4}}
              - {task: Echo, id: c, retry: {delay_seconds: 600, backoff: fixed, backoff_multiplier: 3, timeout: 5s}}
              - {id: p, timeout: 1m, parallel: [{task: Echo}]}
              - {id: l, timeout: 2m, for_each: [1], do: [{task: Echo}]}
              - {id: i, timeout: 3m, if: true, then: [{task: Echo}]}
            """));

        RetryPolicy a = Run.Options["a"].Retry;
        Assert.Equal((5, TimeSpan.FromSeconds(2), Backoff.Linear, TimeSpan.FromMinutes(1), 0.5), (a.MaxAttempts, a.Delay, a.Backoff, a.MaxDelay, a.Jitter));
        Assert.Equal(["CardError", "timeout"], a.RetryOn!);
        Assert.Equal(["fatal"], a.NotOn!);
        Assert.Equal(TimeSpan.FromSeconds(30), Run.Options["a"].Timeout);
        RetryPolicy b = Run.Options["b"].Retry;
        Assert.Equal((3, 4, 8, 16), (b.MaxAttempts, b.DelayAfter(1, 0).TotalSeconds, b.DelayAfter(2, 0).TotalSeconds, b.DelayAfter(3, 0).TotalSeconds));
        RetryPolicy c = Run.Options["c"].Retry;
        Assert.Equal((TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(5)), (c.DelayAfter(4, 0), Run.Options["c"].Timeout));
        Assert.Equal([TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(3)], [Run.Timeouts["p"]!.Value, Run.Timeouts["l"]!.Value, Run.Timeouts["i"]!.Value]);
    }

    [Fact]
    public async Task A_task_that_is_gone_when_it_is_called_fails_its_step_without_retry()
    {
        YamlFlowDefinition flow = YamlFlowDefinition.Parse("flow: f\nsteps: [{task: Gone, retry: {max_attempts: 9, delay: 0}}]", "f.yaml", Tasks, checkTasks: false);
        StepFailedException e = await Assert.ThrowsAsync<StepFailedException>(() => Execute(flow));
        Assert.Equal((ErrorTypes.UnknownTask, "No task 'Gone' is registered."), (e.Error.Type, e.Error.Message));
    }

    [Fact]
    public async Task Clean_up_runs_every_step_and_takes_what_is_missing_as_null()
    {
        YamlFlowDefinition flow = Parse("""
            flow: f
            steps:
              - {task: Total, id: cart}
              - {task: Fail, id: pay}
            on_cancel:
              - {task: Echo, inputs: {pay: "${pay.receipt.id}", total: "${cart.total}", text: "x${pay.id}"}}
              - {task: Fail, id: undo}
              - {task: Echo, if: pay.done, inputs: {never: 1}}
              - {task: Echo, inputs: {last: true}}
            """);
        await Assert.ThrowsAsync<StepFailedException>(() => Execute(flow));
        Calls.Clear();

        StepFailedException e = await Assert.ThrowsAsync<StepFailedException>(Run.CleanUps.Single());
        Assert.Equal("on_cancel/undo", e.StepKey);
        Assert.Equal(["""Echo {"pay":null,"total":12.50,"text":"x"}""", "Fail {}", """Echo {"last":true}"""], Calls);
    }

    [Fact]
    public async Task Ids_of_parallel_branches_are_visible_after_it_and_hold_what_nested_blocks_gave()
    {
        string output = await Output("""
            flow: f
            steps:
              - parallel:
                  - if: 1 == 1
                    then:
                      - {task: Echo, id: deep, inputs: {v: 1}}
                  - for_each: [1, 2]
                    id: loop
                    concurrency: 2
                    do: [{task: Echo, id: x, inputs: {v: "${item}"}}]
            outputs: [deep, loop]
            """);
        Assert.Equal("""{"deep":{"v":1},"loop":[{"v":1},{"v":2}]}""", output);
    }

    [Fact]
    public async Task Names_of_steps_are_legal_whatever_the_task_is_called()
    {
        Tasks.Add<object>("a/b#[c]%" + new string('x', 150), (_, _) => Task.CompletedTask);
        await Execute(Flow($"- task: 'a/b#[c]%{new string('x', 150)}'\n- parallel:\n  - task: 'a/b#[c]%{new string('x', 150)}'\n  - task: 'a/b#[c]%{new string('x', 150)}'"));
        Assert.Equal(4, Run.Keys.Count);
    }

    [Fact]
    public async Task The_same_input_gives_the_same_verbs_in_every_walk()
    {
        YamlFlowDefinition flow = Flow("- for_each: [3, 1]\n  do: [{task: Echo, id: a, inputs: {v: '${item}'}}, {wait: 1s}]\n- exit");
        await Execute(flow);
        string[] first = [.. Run.Keys];
        Run.Keys.Clear();
        await Execute(flow);
        Assert.Equal(first, Run.Keys);
    }
}
