using Actors.Silos;
using Actors.Storage;
namespace Actors.Tests.Flows.Steps;

public sealed class LoopTests : YamlRun
{
    [Theory]
    [InlineData("- {id: l, loop: [{task: Add, inputs: {a: '${carried}', b: 1}}], carry: 0, max: 3}", "3")]
    [InlineData("- {id: l, while: 'carried < 5', carry: 1, do: [{task: Add, inputs: {a: '${carried}', b: '${carried}'}}]}", "8")]
    [InlineData("- {id: l, until: '${sum} >= 10', carry: 0, do: [{id: sum, task: Add, inputs: {a: '${carried}', b: 4}}]}", "12")]
    [InlineData("- {id: l, while: 'carried < 0', carry: 7, do: [{task: Echo}]}", "7")]
    [InlineData("- {id: l, loop: [{id: e, task: Echo, inputs: {n: '${index}'}}], next: '${e.n}', until: index == 2}", "2")]
    [InlineData("- {id: l, until: 'false', max: 2, on_max: exit, carry: 0, do: [{task: Add, inputs: {a: '${carried}', b: 1}}]}", "2")]
    [InlineData("- {id: l, while: 'carried < 2', max: 2, carry: 0, do: [{task: Add, inputs: {a: '${carried}', b: 1}}]}", "2")]
    public async Task A_loop_repeats_and_gives_the_last_carried_value(string step, string expected) =>
        Assert.Equal($$"""{"l":{{expected}}}""", await RunAsync($"flow: f\nsteps:\n{step}\noutputs: [l]"));

    [Fact]
    public async Task A_loop_that_does_not_end_fails_with_its_limit()
    {
        FlowError error = await FailAsync("flow: f\nsteps:\n- {id: l, until: 'false', max: 3, do: [{task: Echo}]}");

        Assert.Equal(ErrorTypes.LoopLimit, error.Type);
        Assert.Contains("after 3 iterations (line 3)", error.Message);
        Assert.Equal(3, Host.CallsOf("Echo").Count);
    }

    [Fact]
    public async Task State_is_changed_after_every_iteration_the_last_included()
    {
        string outputs = await RunAsync(
            """
            flow: f
            state: {total: {type: integer, default: 0}, seen: array, facts: object}
            steps:
            - id: l
              loop: [{id: sum, task: Add, inputs: {a: '${state.total}', b: 1}}]
              max: 3
              state: {set: {total: '${sum}'}, append: {seen: '${index}'}, merge: {facts: {last: '${sum}'}}}
            outputs:
            - {name: total, value: '${state.total}'}
            - {name: seen, value: '${state.seen}'}
            - {name: facts, value: '${state.facts}'}
            """);

        Assert.Equal("""{"total":3,"seen":[0,1,2],"facts":{"last":3}}""", outputs);
    }

    [Fact]
    public async Task An_exit_in_a_loop_ends_the_flow()
    {
        RunResult result = await EndAsync(
            "flow: f\nsteps:\n- loop:\n  - {if: index == 1, then: [{exit: {reason: enough, outputs: {at: '${index}'}}}]}\n  - {task: Echo}\n  max: 5\n- {task: Fail}");

        Assert.Equal("enough", result.ExitReason);
        Assert.Equal("""{"at":1}""", result.Output.GetRawText());
        Assert.Single(Host.CallsOf("Echo"));
    }

    [Fact]
    public async Task A_failure_in_the_body_fails_the_loop()
    {
        FlowError error = await FailAsync("flow: f\nsteps:\n- {id: l, loop: [{task: Fail, inputs: {message: broken}}], max: 3}");

        Assert.Equal("broken", error.Message);
        Assert.Single(Host.CallsOf("Fail"));
    }

    [Fact]
    public async Task An_approval_in_a_loop_is_asked_in_each_iteration_and_the_answer_binds_to_it()
    {
        RunId run = await StartAsync(
            null, "flow: f\nsteps:\n- {id: l, until: '${ok.approved}', max: 5, do: [{task: Echo}, {id: ok, approval: 'Good enough?'}]}\noutputs: [l]");
        HumanTaskRow first = await Host.WhenAskedAsync(run, "l[0]/ok");
        await Host.AnswerAsync(run, "reject", "l[0]/ok");
        await Host.CrashAsync();
        HumanTaskRow second = await Host.WhenAskedAsync(run, "l[1]/ok");
        await Host.AnswerAsync(run, "approve", "l[1]/ok");
        RunResult result = await Host.EndAsync(run);

        Assert.NotEqual(first.Id, second.Id);
        Assert.True(result.Output.GetProperty("l").GetProperty("approved").GetBoolean());
        Assert.Equal(2, Host.CallsOf("Echo").Count);
    }
}
