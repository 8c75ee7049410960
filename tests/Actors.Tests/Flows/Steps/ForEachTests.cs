using Actors.Silos;
using Actors.Storage;
namespace Actors.Tests.Flows.Steps;

public sealed class ForEachTests : YamlRun
{
    [Theory]
    [InlineData("fail", "")]
    [InlineData("skip", "[1,3]")]
    [InlineData("collect", """[1,{"error":{"type":"TaskException","message":"It failed.","code":null,"data":null,"step":"e[1]/Fail"}},3]""")]
    public async Task A_failed_item_fails_the_step_or_is_left_out_or_collected(string policy, string expected)
    {
        string yaml = "flow: f\nsteps:\n- {id: e, for_each: [1, 2, 3], on_item_error: " + policy + ", collect: '${item}', do: [{if: item == 2, then: [{task: Fail}]}]}\noutputs: [e]";

        if (policy == "fail")
        {
            Assert.Equal("It failed.", (await FailAsync(yaml)).Message);
        }
        else
        {
            Assert.Equal($$"""{"e":{{expected.Replace("e[1]/Fail", "e[1]/if")}}}""", await RunAsync(yaml));
        }
    }

    [Fact]
    public async Task Items_have_keys_from_the_data()
    {
        RunId run = await StartAsync(
            null, "flow: f\nsteps:\n- {id: e, for_each: [{id: x}, {id: y}], as: order, index_as: n, key: '${order.id}', do: [{task: Echo, id: t, inputs: {n: '${n}'}}]}\noutputs: [e]");
        RunResult result = await Host.EndAsync(run);

        Assert.Equal("""{"e":[{"n":0},{"n":1}]}""", result.Output.GetRawText());
        Assert.Contains(await Host.EventsAsync(run), e => e.Step == "e[y]/t");
    }

    [Theory]
    [InlineData("[{id: x}, {id: x}]", "items 0 and 1 have the same key 'x' (line 3)")]
    [InlineData("[{id: ''}]", "the key of item 0 must have 1 to 100 characters, but has 0 (line 3)")]
    public async Task A_key_must_be_one(string items, string message) =>
        Assert.Equal(message, (await FailAsync($"flow: f\nsteps:\n- {{id: e, for_each: {items}, key: '${{item.id}}', do: [{{task: Echo}}]}}")).Message);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Items_add_to_the_state_whether_one_after_the_other_or_side_by_side(int concurrency)
    {
        string outputs = await RunAsync(
            $$$"""
            flow: f
            state: {seen: {type: array, default: [0]}, by: object, last: integer}
            steps:
            - for_each: [1, 2, 3]
              concurrency: {{{concurrency}}}
              do:
              - {append: {seen: '${item}'}, merge: {by: {'k': 1}}, set: {last: '${item}'}}
              - {task: Echo}
            outputs:
            - {name: seen, value: '${state.seen}'}
            - {name: by, value: '${state.by}'}
            - {name: last, value: '${state.last}'}
            """);

        Assert.Equal("""{"seen":[0,1,2,3],"by":{"k":1},"last":3}""", outputs);
    }

    [Fact]
    public async Task Items_one_after_the_other_see_what_those_before_have_set()
    {
        string outputs = await RunAsync(
            "flow: f\nstate: {sum: {type: integer, default: 0}}\nsteps:\n- for_each: [1, 2, 3]\n  do:\n  - {set: {sum: '${state.sum + item}'}}\n  - {task: Echo}\noutputs:\n- {name: sum, value: '${state.sum}'}");

        Assert.Equal("""{"sum":6}""", outputs);
    }

    [Fact]
    public async Task Approvals_in_items_bind_to_their_items()
    {
        RunId run = await StartAsync(
            null, "flow: f\nsteps:\n- {id: e, for_each: [a, b], concurrency: 2, do: [{task: Echo}, {id: ok, approval: 'Take ${item}?'}], collect: '${ok.decision}'}\noutputs: [e]");
        await Host.WhenAskedAsync(run, "e[0]/ok");
        await Host.WhenAskedAsync(run, "e[1]/ok");
        await Host.AnswerAsync(run, "reject", "e[1]/ok");
        await Host.CrashAsync();
        await Host.AnswerAsync(run, "approve", "e[0]/ok");
        RunResult result = await Host.EndAsync(run);

        Assert.Equal("""{"e":["approve","reject"]}""", result.Output.GetRawText());
        Assert.Equal(2, Host.CallsOf("Echo").Count);
    }
}
