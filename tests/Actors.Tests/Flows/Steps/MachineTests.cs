using Actors.Silos;
using Actors.Storage;
namespace Actors.Tests.Flows.Steps;

public sealed class MachineTests : YamlRun
{
    private const string Review =
        """
        flow: f
        inputs: [{name: good_at, type: integer}]
        steps:
        - id: m
          state_machine:
            start: draft
            data: 0
            max_hops: 20
            states:
              draft: {do: [{task: Add, inputs: {a: '${data}', b: 1}}], next: review}
              review:
                transitions:
                - {to: done, if: data >= inputs.good_at}
                - {to: draft}
              done: {do: [{task: Echo, inputs: {at: '${data}'}}], end: true}
        outputs: [m]
        """;

    [Fact]
    public async Task States_pass_their_output_on_and_the_last_ones_is_the_steps() =>
        Assert.Equal("""{"m":{"at":3}}""", await RunAsync(Review, new { good_at = 3 }));

    [Fact]
    public async Task Too_many_hops_fail()
    {
        FlowError error = await FailAsync(Review, new { good_at = 1000 });

        Assert.Equal(ErrorTypes.LoopLimit, error.Type);
        Assert.Equal(10, Host.CallsOf("Add").Count);
    }

    [Fact]
    public async Task A_failed_state_goes_to_its_failure_transition_and_the_error_is_seen_there()
    {
        string outputs = await RunAsync(
            """
            flow: f
            steps:
            - id: m
              state_machine:
                start: try
                states:
                  try: {do: [{task: Fail, inputs: {message: broken, code: e7}}], next: done}
                  mend: {do: [{task: Echo, inputs: {why: '${error.code}'}}], next: done}
                  done:
                transitions:
                - {from: try, on: failure, to: mend}
            outputs: [m]
            """);

        Assert.Equal("""{"m":{"why":"e7"}}""", outputs);
    }

    [Fact]
    public async Task A_state_that_nothing_leads_out_of_fails_unless_it_is_an_end()
    {
        FlowError error = await FailAsync(
            "flow: f\nsteps:\n- state_machine: {start: a, states: {a: {transitions: [{to: b, if: '1 == 2'}]}, b: {}}}");

        Assert.Equal("NoTransition", error.Type);
    }

    [Fact]
    public async Task A_failure_without_a_transition_fails_the_machine() =>
        Assert.Equal("It failed.", (await FailAsync("flow: f\nsteps:\n- state_machine: {start: a, states: {a: {do: [{task: Fail}], next: b}, b: {}}}")).Message);

    [Theory]
    [InlineData("{start: x, states: {a: {}}}", "ACT1217")]
    [InlineData("{start: a, states: {a: {next: bb}, b: {}}}", "ACT1217")]
    [InlineData("{states: {a: {}}}", "ACT1102")]
    [InlineData("{start: a}", "ACT1102")]
    [InlineData("{start: a, states: {a: {transitions: [{from: a, to: a}]}}}", "ACT1217")]
    [InlineData("{start: a, states: {a: 5}}", "ACT1104")]
    [InlineData("{start: a, states: {a: {}}, max_hops: 0}", "ACT1210")]
    public void Mistakes_are_told(string machine, string rule)
    {
        Actors.Flows.FlowSyntaxException error = Assert.Throws<Actors.Flows.FlowSyntaxException>(
            () => Actors.Flows.YamlFlowDefinition.Parse($"flow: f\nsteps:\n- state_machine: {machine}", "test.yaml", Host.Tasks));

        Assert.Contains(error.Problems, p => p.RuleId == rule && p.Line == 3);
    }

    [Fact]
    public async Task An_approval_in_a_state_binds_to_its_visit()
    {
        RunId run = await StartAsync(
            null,
            "flow: f\nsteps:\n- id: m\n  state_machine:\n    start: work\n    states:\n      work: {do: [{task: Echo}], next: ask}\n      ask: {do: [{approval: Done?}], transitions: [{to: done, if: data.approved}, {to: work}]}\n      done: [{task: Echo}]\noutputs: [m]");
        await Host.WhenAskedAsync(run, "m[1]/ask/approval");
        await Host.AnswerAsync(run, "reject", "m[1]/ask/approval");
        await Host.CrashAsync();
        await Host.WhenAskedAsync(run, "m[3]/ask/approval");
        await Host.AnswerAsync(run, "approve", "m[3]/ask/approval");
        await Host.EndAsync(run);

        Assert.Equal(3, Host.CallsOf("Echo").Count);
    }
}
