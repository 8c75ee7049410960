using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Tests.Flows.Features;

/// <summary>Templates and expressions of Flujo's blueprints: here and through the importer.</summary>
public sealed class BlueprintTemplateTests : FeatureRun
{
    private const string First = """{"facts":["a","b"],"name":"Ann","none":null,"n":"5","deep":{"x":{"y":1}}}""";

    // What a second step is given, when the first has given an object.
    private async Task<string> Of(string template)
    {
        Host.MockTask<JsonElement, JsonElement>("first", _ => Json(First)).MockTask<JsonElement, JsonElement>("second", i => i.GetProperty("input"));
        return (await RunImportAsync(
            $"name: p\nsteps:\n- {{name: one, uses: m:first, sink_to: context.kept}}\n- name: two\n  uses: m:second\n  input: {JsonSerializer.Serialize(template, FlowJson.Options)}", new { input = "start" }))["{\"output\":".Length..^1];
    }

    [Theory]
    [InlineData("of {{ previous_step.name }}", "\"of Ann\"")]
    [InlineData("of {{ context.kept.name }}", "\"of Ann\"")]
    [InlineData("of {{ context.initial_prompt }}", "\"of start\"")]
    [InlineData("of {{ steps.one.name }}", "\"of Ann\"")]
    [InlineData("of {{ steps.one.output.deep.x.y }}", "\"of 1\"")]
    [InlineData("of {{ steps.one.result.name }}", "\"of Ann\"")]
    [InlineData("as {{ previous_step.facts }}", "\"as [\\u0022a\\u0022,\\u0022b\\u0022]\"")]
    [InlineData("as {{ previous_step.none }}.", "\"as .\"")]
    [InlineData("as {{ previous_step.nothing }}.", "\"as .\"")]
    [InlineData("{{ previous_step.facts }}", "[\"a\",\"b\"]")]
    public async Task Paths_begin_at_context_previous_step_and_steps(string template, string expected) => Assert.Equal(Value.FromJson(Json(expected)).ToJsonText(), await Of(template));

    [Theory]
    [InlineData("{{ previous_step.none or 'x' }}", "\"x\"")]
    [InlineData("{{ previous_step.nothing or 'x' }}!", "\"x!\"")]
    [InlineData("{{ previous_step.name or 'x' }}", "\"Ann\"")]
    public async Task Or_gives_a_fallback(string template, string expected) => Assert.Equal(expected, await Of(template));

    [Theory]
    [InlineData("{{ previous_step.facts | join('-') }}", "\"a-b\"")]
    [InlineData("{{ previous_step.name | upper }}", "\"ANN\"")]
    [InlineData("{{ previous_step.name | lower }}", "\"ann\"")]
    [InlineData("{{ previous_step.facts | length }}.", "\"2.\"")]
    [InlineData("{{ previous_step.facts | tojson }}", "\"[\\u0022a\\u0022,\\u0022b\\u0022]\"")]
    [InlineData("{{ previous_step.none | default('d') }}", "\"d\"")]
    [InlineData("{{ previous_step.name | upper | lower }}", "\"ann\"")]
    public async Task Filters_join_upper_lower_length_tojson_and_default(string template, string expected) => Assert.Equal(Value.FromJson(Json(expected)).ToJsonText(), await Of(template));

    [Theory]
    [InlineData("{{#if previous_step.name}}yes{{/if}}{{#if previous_step.none}}no{{/if}}", "\"yes\"")]
    [InlineData("{{#each previous_step.facts}}<{{ this }}>{{/each}}", "\"<a><b>\"")]
    [InlineData("\\{{ previous_step }}", "\"{{ previous_step }}\"")]
    public async Task If_each_and_the_escape_stand_in_texts(string template, string expected) => Assert.Equal(Value.FromJson(Json(expected)).ToJsonText(), await Of(template));

    [Fact]
    public void Percent_tags_are_refused() =>
        Assert.Contains(Mistakes("flow: f\nsteps:\n- {task: Echo, inputs: {v: 'a {% if x %} {{ run.id }}'}}"), m => m.Contains("{%"));

    [Fact]
    public async Task Resume_input_is_the_last_answer_of_a_person()
    {
        Host.MockTask<JsonElement, JsonElement>("second", i => i.GetProperty("input"));
        await LoadAsync("", ("p.yaml", Import("name: p\nsteps:\n- {kind: hitl, name: ask, message: Which?}\n- {name: two, uses: m:second, input: 'It is {{ resume_input }}'}").Files[0].Text));
        RunId run = await Host.StartRunAsync("p");
        HumanTaskRow asked = await Host.WhenAskedAsync(run);
        await Host.Silo.AnswerAsync(asked.Id, new TaskAnswer("submit", null, Json("\"red\"")), Caller.Local);

        Assert.Equal("""{"output":"It is red"}""", Text(await EndAsync(run)));
    }

    [Theory]
    [InlineData("previous_step.name == 'Ann'", true)]
    [InlineData("output.name != 'Ann'", false)]
    [InlineData("previous_step['name'] == 'Ann' and not context.kept.none", true)]
    [InlineData("previous_step.n > 4", true)]
    [InlineData("1 < previous_step.n <= 5", true)]
    [InlineData("'a' in previous_step.facts", true)]
    [InlineData("'z' not in steps.one.facts or False", true)]
    [InlineData("previous_step.get('nothing', 'd') == 'd'", true)]
    [InlineData("previous_step.name.lower().startswith('an')", true)]
    [InlineData("previous_step.name.upper().endswith('N') and previous_step.name.strip() == 'Ann'", true)]
    [InlineData("previous_step.nothing == None", true)]
    [InlineData("previous_step.nothing", false)]
    public async Task Expressions_of_conditions_are_translated(string expression, bool expected)
    {
        Host.MockTask<JsonElement, JsonElement>("first", _ => Json(First)).MockTask<JsonElement, JsonElement>("second", i => i.GetProperty("input"));

        Assert.Equal($$"""{"output":"{{(expected ? "yes" : "no")}}"}""", await RunImportAsync(
            $$"""
            name: p
            steps:
              - {name: one, uses: m:first, sink_to: context.kept}
              - kind: conditional
                name: choose
                condition_expression: {{JsonSerializer.Serialize(expression, FlowJson.Options)}}
                branches:
                  true: [{name: y, uses: m:second, input: "yes"}]
                  false: [{name: n, uses: m:second, input: "no"}]
            """));
    }

    [Fact]
    public void An_expression_that_is_code_is_lost() => IsLost(
        Import("name: p\nsteps:\n- kind: conditional\n  name: a\n  condition_expression: \"__import__('os').system('x')\"\n  branches: {true: [{name: b, uses: m:x}]}"), 5, "cannot be translated");
}
