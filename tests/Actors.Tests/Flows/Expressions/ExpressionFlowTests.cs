using Actors.Flows;

namespace Actors.Tests.Flows;

/// <summary>The language where flows use it.</summary>
public sealed class ExpressionFlowTests : FlowTest
{
    [Fact]
    public async Task Steps_conditions_and_outputs_use_the_whole_language()
    {
        string result = await Output("""
            flow: report
            inputs:
              - {name: orders, type: list}
              - {name: title, type: string, required: false}
            steps:
              - task: Echo
                id: big
                if: any(inputs.orders, o => o.total > 100)
                inputs:
                  names: "{{ inputs.orders | filter(o => o.total > 100) | map(o => o.name) }}"
                  title: "{{ inputs.title or 'Report' }}"
                  at: "${format_date(now(), 'yyyy-MM-dd')}"
                  text: |
                    Orders:
                    {{#each inputs.orders as o, i}}
                    {{i + 1}}. {{o.name}}{{#if o.total > 100}} (large){{/if}}
                    {{/each}}
                    End
              - if: "{{inputs.orders | length}} in 1..2"
                then:
                  - {task: Echo, id: few, inputs: {sum: "${sum(inputs.orders, o => o.total)}"}}
            outputs:
              - {name: big, value: "${steps.big}"}
              - {name: sum, value: "${few.sum}"}
            """, """{"orders":[{"name":"a","total":5},{"name":"b ${x} {{y}}","total":500}]}""");

        string at = FakeRun.Start.UtcDateTime.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(
            $$$"""{"big":{"names":["b ${x} {{y}}"],"title":"Report","at":"{{{at}}}","text":"Orders:\n1. a\n2. b ${x} {{y}} (large)\nEnd\n"},"sum":505}""", result);
    }

    [Fact]
    public async Task The_loops_variable_can_be_read_as_an_input()
    {
        await Output("flow: f\nsteps: [{for_each: [1, 2], do: [{task: Echo, inputs: {v: '${inputs.item * 2}', w: '{{inputs.index}}'}}]}]");
        Assert.Equal(["""Echo {"v":2,"w":0}""", """Echo {"v":4,"w":1}"""], Calls);
    }

    [Theory]
    [InlineData("- {task: Echo, inputs: {a: \"${inputs.n + inputs.list}\"}}", "4:40 ACT1311")]
    [InlineData("- {task: Echo, if: \"inputs.n == 'x'\"}", "4:30 ACT1310")]
    [InlineData("- task: Echo\n  inputs:\n    text: |\n      first\n      {{#if inputs.n}}\n      {{else}}", "8:7 ACT1315")]
    [InlineData("- task: Echo\n  inputs:\n    text: |\n      first\n      {{#each inputs.list as x}}{{x | lenght}}{{/each}}", "8:39 ACT1306")]
    [InlineData("- {task: Echo, inputs: {a: '{{ secrets.KEY | upper }}'}}", "4:32 ACT1313")]
    [InlineData("- {for_each: '${inputs.n}', do: [exit]}", "4:14 ACT1209")]
    [InlineData("- {for_each: '${inputs.n | text | split(\",\")}', do: [{task: Echo, if: item == true}]}", "4:76 ACT1310")]
    [InlineData("- {for_each: '${inputs.list}', do: [{task: Echo, if: index == 'a'}]}", "4:60 ACT1310")]
    [InlineData("- {task: Echo, inputs: {a: '{{ .Names }}'}}", "4:32 ACT1301")]
    public void Faults_have_their_place_in_the_file(string steps, string place)
    {
        FlowSyntaxException e = Assert.Throws<FlowSyntaxException>(() => Parse("flow: f\ninputs: [{name: n, type: integer}, {name: list, type: list}]\nsteps:\n" + steps + "\n"));
        Assert.Equal(place, $"{e.Problems[0].Line}:{e.Problems[0].Column} {e.Problems[0].RuleId}");
    }
}
