using Actors.Silos;
using Actors.Storage;
namespace Actors.Tests.Flows.Steps;

public sealed class ParallelTests : YamlRun
{
    [Fact]
    public async Task Named_branches_give_the_output_of_their_last_step_in_the_order_of_the_file()
    {
        string outputs = await RunAsync(
            """
            flow: f
            steps:
            - id: p
              parallel:
                slow: [{wait: 1ms}, {id: a, task: Echo, inputs: {v: 1}}]
                fast: [{task: Add, inputs: {a: 1, b: 2}}]
            outputs:
            - p
            - {name: a, value: '${a.v}'}
            """);

        Assert.Equal("""{"p":{"slow":{"v":1},"fast":3},"a":1}""", outputs);
    }

    [Theory]
    [InlineData("error", "")]
    [InlineData("first", "1")]
    [InlineData("last", "2")]
    [InlineData("{s: first}", "1")]
    [InlineData("{'*': last}", "2")]
    [InlineData("none", "null")]
    public async Task State_that_two_branches_set_follows_the_policy(string policy, string expected)
    {
        string yaml = "flow: f\nstate: {s: integer}\nsteps:\n- parallel:\n    a: [{set: {s: 1}}, {task: Echo}]\n    b: [{task: Echo}, {set: {s: 2}}]\n  merge: " + policy
            + "\noutputs:\n- {name: s, value: '${state.s}'}";

        if (expected.Length == 0)
        {
            FlowError error = await FailAsync(yaml);
            Assert.Equal("MergeConflict", error.Type);
            Assert.Contains("two branches set state.s", error.Message);
        }
        else
        {
            Assert.Equal($$"""{"s":{{expected}}}""", await RunAsync(yaml));
        }
    }

    [Theory]
    [InlineData("first", """{"v":1,"x":{"a":1}}""")]
    [InlineData("last", """{"v":2,"x":{"b":2}}""")]
    [InlineData("deep", """{"v":2,"x":{"a":1,"b":2}}""")]
    public async Task An_id_of_two_branches_follows_the_policy(string policy, string expected) =>
        Assert.Equal(
            $$"""{"r":{{expected}}}""",
            await RunAsync(
                "flow: f\nsteps:\n- parallel:\n    a: [{id: r, task: Echo, inputs: {v: 1, x: {a: 1}}}]\n    b: [{id: r, task: Echo, inputs: {v: 2, x: {b: 2}}}]\n  merge: " + policy + "\noutputs: [r]"));

    [Theory]
    [InlineData("keys", """["a","b","c"]""")]
    [InlineData("values", """[[1,2],[2],[1,2]]""")]
    [InlineData("concat", "[1,2,2,1,2]")]
    [InlineData("first", "[1,2]")]
    [InlineData("last", "[1,2]")]
    [InlineData("majority", "[1,2]")]
    [InlineData("'${branches.b}'", "[2]")]
    public async Task Branches_are_reduced(string reduce, string expected) =>
        Assert.Equal(
            $$"""{"p":{{expected}}}""",
            await RunAsync(
                "flow: f\nsteps:\n- id: p\n  parallel:\n    a: [{task: Echo, inputs: '${inputs.x}'}]\n    b: [{task: Echo, inputs: '${inputs.y}'}]\n    c: [{task: Echo, inputs: '${inputs.x}'}]\n  reduce: " + reduce
                + "\ninputs: [{name: x}, {name: y}]\noutputs: [p]",
                new { x = new[] { 1, 2 }, y = new[] { 2 } }));

    [Theory]
    [InlineData("union", """{"v":2,"a":1,"b":2}""")]
    [InlineData("'${branches.a.a + branches.b.b}'", "3")]
    public async Task Objects_are_united(string reduce, string expected) =>
        Assert.Equal(
            $$"""{"p":{{expected}}}""",
            await RunAsync("flow: f\nsteps:\n- id: p\n  parallel:\n    a: [{task: Echo, inputs: {v: 1, a: 1}}]\n    b: [{task: Echo, inputs: {v: 2, b: 2}}]\n  reduce: " + reduce + "\noutputs: [p]"));

    [Theory]
    [InlineData("ignore", """{"good":3,"bad":null}""")]
    [InlineData("collect", """{"good":3,"bad":{"error":{"type":"TaskException","message":"It failed.","code":null,"data":null,"step":"p/bad/Fail"}}}""")]
    public async Task A_failed_branch_may_be_ignored_or_collected(string policy, string expected) =>
        Assert.Equal(
            $$"""{"p":{{expected}}}""",
            await RunAsync("flow: f\nsteps:\n- id: p\n  parallel:\n    good: [{task: Add, inputs: {a: 1, b: 2}}]\n    bad: [{task: Fail}]\n  on_branch_failure: " + policy + "\noutputs: [p]"));

    [Fact]
    public async Task Only_mapped_fields_are_taken_out_of_a_branch()
    {
        string outputs = await RunAsync(
            """
            flow: f
            steps:
            - parallel:
                a: [{id: x, task: Echo, inputs: {v: 1}}, {id: y, task: Echo}]
                b: [{id: y, task: Echo, inputs: {v: 2}}]
              field_mapping: {a: [x]}
            outputs: [x, y]
            """);

        Assert.Equal("""{"x":{"v":1},"y":{"v":2}}""", outputs);
    }

    [Fact]
    public async Task A_branch_starts_after_those_it_depends_on_and_sees_their_outputs()
    {
        string outputs = await RunAsync(
            """
            flow: f
            steps:
            - parallel:
              - {id: sum, task: Add, depends_on: [one, two], inputs: {a: '${one.v}', b: '${two.v}'}}
              - {id: one, task: Echo, inputs: {v: 1}}
              - {id: two, task: Echo, depends_on: one, inputs: {v: '${one.v + 1}'}}
            outputs: [sum]
            """);

        Assert.Equal("""{"sum":3}""", outputs);
    }

    [Theory]
    [InlineData("- {id: a, task: Echo, depends_on: b}\n  - {id: b, task: Echo, depends_on: a}", "ACT1216")]
    [InlineData("- {id: a, task: Echo, depends_on: a}", "ACT1216")]
    [InlineData("- {id: a, task: Echo, depends_on: c}\n  - {id: b, task: Echo}", "ACT1302")]
    public void Wrong_dependencies_are_told(string branches, string rule)
    {
        Actors.Flows.FlowSyntaxException error = Assert.Throws<Actors.Flows.FlowSyntaxException>(
            () => Actors.Flows.YamlFlowDefinition.Parse($"flow: f\nsteps:\n- parallel:\n  {branches}", "test.yaml", Host.Tasks));

        Assert.Contains(error.Problems, p => p.RuleId == rule && p.Line >= 4);
    }

    [Fact]
    public async Task Approvals_in_branches_bind_to_their_branches()
    {
        RunId run = await StartAsync(
            null,
            "flow: f\nsteps:\n- id: p\n  parallel:\n    legal: [{task: Echo}, {approval: 'Legal?'}]\n    money: [{task: Echo}, {approval: 'Money?'}]\n  reduce: '${branches.legal.decision}-${branches.money.decision}'\noutputs: [p]");
        await Host.WhenAskedAsync(run, "p/legal/approval");
        await Host.WhenAskedAsync(run, "p/money/approval");
        await Host.AnswerAsync(run, "reject", "p/money/approval");
        await Host.CrashAsync();
        await Host.AnswerAsync(run, "approve", "p/legal/approval");
        RunResult result = await Host.EndAsync(run);

        Assert.Equal("""{"p":"approve-reject"}""", result.Output.GetRawText());
        Assert.Equal(2, Host.CallsOf("Echo").Count);
    }

    [Theory]
    [InlineData("a", """{"r":{"a":1}}""")]
    [InlineData("[b, a]", """{"r":{"a":1,"b":2}}""")]
    [InlineData("[]", """{"r":{"d":3}}""")]
    public async Task A_route_runs_the_branches_that_are_named(string names, string expected)
    {
        string yaml = "flow: f\nsteps:\n- {id: choose, task: Echo, inputs: {to: " + names + "}}\n- id: r\n  route: '${choose.to}'\n  branches:\n    a: [{task: Add, inputs: {a: 1, b: 0}}]\n    b: [{task: Add, inputs: {a: 1, b: 1}}]\n  default: [{id: d, task: Add, inputs: {a: 1, b: 2}}]\noutputs: [r]";

        Assert.Equal(expected, await RunAsync(yaml));
    }

    [Fact]
    public async Task A_route_may_ask_a_task_and_ignore_what_it_does_not_know()
    {
        Host.MockTask("Choose", new[] { "b", "zzz" });
        const string Yaml = "flow: f\nsteps:\n- id: r\n  route: {task: Choose, inputs: {of: 2}}\n  branches: {a: [{task: Echo}], b: [{task: Add, inputs: {a: 1, b: 1}}]}\n  on_unknown: {0}\noutputs: [r]";

        Assert.Equal("""{"r":{"b":2}}""", await RunAsync(Yaml.Replace("{0}", "ignore")));
        Assert.Single(Host.CallsOf("Choose"));
    }

    [Fact]
    public async Task A_route_to_nowhere_fails()
    {
        FlowError error = await FailAsync("flow: f\nsteps:\n- {id: r, route: '${inputs.to}', branches: {a: [{task: Echo}]}}\ninputs: [{name: to}]", new { to = "b" });

        Assert.Equal("UnknownBranch", error.Type);
        Assert.Equal("there is no branch 'b' (line 3); known: a", error.Message);
    }
}
