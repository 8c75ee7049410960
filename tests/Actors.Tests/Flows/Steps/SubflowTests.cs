using Actors.Silos;
using Actors.Storage;
using Actors.Flows;

namespace Actors.Tests.Flows.Steps;

public sealed class SubflowTests : YamlRun
{
    private const string Price =
        """
        flow: price
        inputs: [{name: n, type: integer}, {name: each, type: integer, default: 2}]
        state: {calls: {type: integer, default: 0}}
        steps:
        - {set: {calls: '${state.calls + 1}'}}
        - {if: inputs.n == 0, then: [{exit: {reason: nothing, outputs: {total: 0}}}]}
        - {if: inputs.n < 0, then: [{task: Fail, inputs: {message: negative}}]}
        - {id: total, task: Add, inputs: {a: '${inputs.n}', b: '${inputs.each}'}}
        outputs:
        - total
        - {name: calls, value: '${state.calls}'}
        """;

    [Theory]
    [InlineData("inline")]
    [InlineData("child")]
    public async Task A_subflow_has_names_and_state_of_its_own_and_gives_its_outputs(string run)
    {
        string outputs = await RunAsync(
            $$$"""
            flow: f
            state: {calls: {type: integer, default: 7}}
            steps:
            - {id: one, subflow: price, run: {{{run}}}, inputs: {n: 3}}
            - {id: two, subflow: price, run: {{{run}}}, inputs: {n: 3, each: 10}, outputs: {sum: '${result.total}', twice: '${result.total * 2}'}}
            - {id: none, subflow: price, run: {{{run}}}, inputs: {n: 0}}
            - {id: all, for_each: [1, 2], concurrency: 2, do: [{subflow: price, run: {{{run}}}, inputs: {n: '${item}'}}]}
            outputs: [one, two, none, all, {name: mine, value: '${state.calls}'}]
            """,
            null,
            Price);

        Assert.Equal(
            """{"one":{"total":5,"calls":1},"two":{"sum":13,"twice":26},"none":{"total":0},"all":[{"total":3,"calls":1},{"total":4,"calls":1}],"mine":7}""", outputs);
    }

    [Theory]
    [InlineData("skip", "null")]
    [InlineData("default, default: {total: -1}", """{"total":-1}""")]
    public async Task A_failed_subflow_may_be_skipped_or_have_a_default(string policy, string expected) =>
        Assert.Equal($$"""{"s":{{expected}}}""", await RunAsync("flow: f\nsteps:\n- {id: s, subflow: price, inputs: {n: -1}, on_failure: " + policy + "}\noutputs: [s]", null, Price));

    [Fact]
    public async Task A_failed_subflow_fails_the_step_with_its_own_error() =>
        Assert.Equal("negative", (await FailAsync("flow: f\nsteps:\n- {subflow: price, inputs: {n: -1}}", null, Price)).Message);

    [Theory]
    [InlineData("{}", "'n'")]
    [InlineData("{n: x}", "n")]
    [InlineData("{n: 1, m: 2}", "m")]
    public async Task Inputs_are_checked_by_the_subflow(string inputs, string names)
    {
        FlowError error = await FailAsync($"flow: f\nsteps:\n- {{subflow: price, inputs: {inputs}}}", null, Price);

        Assert.Equal(ErrorTypes.InvalidInput, error.Type);
        Assert.Contains(names, error.Message);
    }

    [Fact]
    public void A_flow_that_does_not_exist_and_a_circle_are_told()
    {
        Host.Flows.Add(YamlFlowDefinition.Parse(Price, "price.yaml", Host.Tasks));

        FlowSyntaxException unknown = Assert.Throws<FlowSyntaxException>(() => Parse("flow: f\nsteps:\n- {subflow: prise}"));
        FlowSyntaxException circle = Assert.Throws<FlowSyntaxException>(() => Parse("flow: f\nsteps:\n- {subflow: f}"));

        Assert.Equal(("ACT1212", 3, 13), (unknown.Problems[0].RuleId, unknown.Problems[0].Line, unknown.Problems[0].Column));
        Assert.Equal("Did you mean 'price'?", unknown.Problems[0].Suggestion);
        Assert.Equal("flows run each other in a circle: f → f", circle.Problems[0].Message);
    }

    [Fact]
    public void The_version_of_a_flow_changes_with_those_it_runs_and_its_source_is_enough_to_read_it_again()
    {
        Host.Flows.Add(YamlFlowDefinition.Parse(Price, "price.yaml", Host.Tasks));
        YamlFlowDefinition first = Parse("flow: f\nsteps:\n- {subflow: price, inputs: {n: 1}}");
        Host.Flows.Add(YamlFlowDefinition.Parse(Price + "\n# another", "price.yaml", Host.Tasks));
        YamlFlowDefinition second = Parse("flow: f\nsteps:\n- {subflow: price, inputs: {n: 1}}");
        YamlFlowDefinition again = YamlFlowDefinition.Parse(first.Source!, "stored.yaml", Host.Tasks);

        Assert.NotEqual(first.Version, second.Version);
        Assert.Equal(first.Version, again.Version);
        Assert.Equal(["Fail", "Add"], again.Tasks);
    }

    private YamlFlowDefinition Parse(string yaml) => YamlFlowDefinition.Parse(yaml, "f.yaml", Host.Tasks, flows: Host.Flows);

    [Fact]
    public async Task Subflows_nest_and_an_approval_deep_inside_binds_to_its_place()
    {
        RunId run = await StartAsync(
            null,
            "flow: inner\nsteps:\n- {task: Echo}\n- {id: ok, approval: Deep?}\noutputs: [{name: d, value: '${ok.decision}'}]",
            "flow: middle\nsteps:\n- {id: i, subflow: inner}\noutputs: [{name: d, value: '${i.d}'}]",
            "flow: outer\nsteps:\n- {id: all, for_each: [1, 2], concurrency: 2, do: [{id: m, subflow: middle}], collect: '${m.d}'}\noutputs: [all]");
        await Host.WhenAskedAsync(run, "all[0]/m/i/ok");
        await Host.AnswerAsync(run, "reject", "all[1]/m/i/ok");
        await Host.CrashAsync();
        await Host.AnswerAsync(run, "approve", "all[0]/m/i/ok");

        Assert.Equal("""{"all":["approve","reject"]}""", (await Host.EndAsync(run)).Output.GetRawText());
        Assert.Equal(2, Host.CallsOf("Echo").Count);
    }
}
