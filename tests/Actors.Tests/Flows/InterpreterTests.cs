using System.Text;
using Actors.Flows;

namespace Actors.Tests.Flows;

public sealed class InterpreterTests : FlowTest
{
    [Fact]
    public async Task Tasks_get_typed_inputs_and_give_outputs_to_later_steps()
    {
        string result = await Output("""
            flow: order
            version: 1.0
            inputs:
              - {name: user, type: string}
              - {name: count, type: integer, default: 2}
            steps:
              - task: Total
                id: cart
                inputs: {user: "${inputs.user}", count: "${inputs.count}", note: "for ${inputs.user}", nested: {list: ["${inputs.count}", 1.0]}}
              - task: Echo
                inputs: {total: "${cart.total * 2}", first: "${cart.items[0]}"}
            outputs:
              - {name: total, value: "${cart.total}"}
              - {name: text, value: "Total: ${cart.total}"}
              - cart
            """, """{"user":"ann"}""");

        Assert.Equal("""{"total":12.50,"text":"Total: 12.50","cart":{"total":12.50,"items":[1,2,3],"name":"ann"}}""", result);
        Assert.Equal(["""Total {"user":"ann","count":2,"note":"for ann","nested":{"list":[2,1.0]}}""", """Echo {"total":25,"first":1}"""], Calls);
        Assert.Equal(["cart", "Echo"], Run.Keys);
    }

    [Theory]
    [InlineData(5, "small")]
    [InlineData(50, "large")]
    public async Task If_runs_one_branch_and_its_ids_are_visible_afterwards(int count, string size)
    {
        string result = await Output("""
            flow: f
            inputs: [{name: n, type: integer}]
            steps:
              - if: ${inputs.n} > 10
                then:
                  - {task: Echo, id: size, inputs: {is: large}}
                else:
                  - {task: Echo, id: size, inputs: {is: small}}
            outputs: [{name: size, value: "${size?.is}"}]
            """, $$"""{"n":{{count}}}""");

        Assert.Equal($$"""{"size":"{{size}}"}""", result);
        Assert.Equal(["if", "if/size"], Run.Keys);
    }

    [Fact]
    public async Task Parallel_gives_inner_ids_and_an_object_under_its_own()
    {
        string result = await Output("""
            flow: f
            steps:
              - id: both
                parallel:
                  - {task: Echo, id: a, inputs: {v: 1}}
                  - {task: Echo, inputs: {v: 2}}
                  - {task: Echo, inputs: {v: 3}}
            outputs:
              - {name: a, value: "${a.v}"}
              - both
            """);

        Assert.Equal("""{"a":1,"both":{"a":{"v":1}}}""", result);
        Assert.Equal(["both", "both/a/a", "both/Echo/Echo", "both/Echo-2/Echo"], Run.Keys);
    }

    [Fact]
    public async Task For_each_collects_the_single_output_of_each_item()
    {
        string result = await Output("""
            flow: f
            inputs: [{name: items, type: list}]
            steps:
              - for_each: ${inputs.items}
                id: sent
                as: line
                do:
                  - {task: Echo, inputs: {sku: "${line.sku}", at: "${index}"}}
            outputs: [sent]
            """, """{"items":[{"sku":"x"},{"sku":"y"}]}""");

        Assert.Equal("""{"sent":[{"sku":"x","at":0},{"sku":"y","at":1}]}""", result);
        Assert.Equal(["sent", "sent[0]/Echo", "sent[1]/Echo"], Run.Keys);
        Assert.Equal(1, Run.Concurrency["sent"]);
    }

    [Fact]
    public async Task For_each_collects_an_object_of_ids_when_it_has_several_steps()
    {
        string result = await Output("""
            flow: f
            steps:
              - for_each: [1, 2]
                id: done
                concurrency: 2
                do:
                  - {task: Echo, id: a, inputs: {v: "${item}"}}
                  - {task: Echo, id: b, inputs: {v: "${a.v + 1}"}}
            outputs: [done]
            """);

        Assert.Equal("""{"done":[{"a":{"v":1},"b":{"v":2}},{"a":{"v":2},"b":{"v":3}}]}""", result);
        Assert.Equal(2, Run.Concurrency["done"]);
    }

    [Fact]
    public async Task Exit_ends_the_flow_from_any_depth()
    {
        FlowResult result = await Execute(Flow("""
              - for_each: [1, 2, 3]
                do:
                  - if: item == 2
                    then:
                      - exit: {reason: "found ${item}", outputs: {at: "${index}"}}
                  - {task: Echo, inputs: {v: "${item}"}}
              - task: Total
            """));

        Assert.Equal("found 2", result.ExitReason);
        Assert.Equal("""{"at":1}""", Encoding.UTF8.GetString(result.Output.Span));
        Assert.Equal(["""Echo {"v":1}"""], Calls);
    }

    [Fact]
    public async Task Exit_inside_parallel_cancels_the_other_branches()
    {
        FlowResult result = await Execute(Flow("""
              - parallel:
                  - task: Forever
                  - exit
              - task: Total
            """));

        Assert.NotNull(result.ExitReason);
        Assert.Equal(1, Run.CancelledBranches);
        Assert.Equal(["Forever {}"], Calls);
    }

    [Fact]
    public async Task Approval_asks_and_gives_the_answer()
    {
        Run.Answers["ok"] = new HumanAnswer("reject", "carl", FakeRun.Start, "too much");
        string result = await Output("""
            flow: f
            inputs: [{name: total, type: number}]
            steps:
              - id: ok
                approval:
                  title: Pay ${inputs.total}?
                  details: {total: "${inputs.total}"}
                  candidates: [finance]
                  timeout: 2d
              - if: not ok.approved
                then:
                  - exit: {reason: "${ok.comment}"}
            outputs: [ok]
            """, """{"total":99.5}""");

        Assert.Equal("{}", result);
        HumanQuestion question = Run.Questions["ok"];
        Assert.Equal("Pay 99.5?", question.Title);
        Assert.Equal(["finance"], question.Candidates);
        Assert.Equal(TimeSpan.FromDays(2), question.Due);
        Assert.Equal("""{"total":99.5}""", ((Value)question.Details!).ToJsonText());
    }
}
