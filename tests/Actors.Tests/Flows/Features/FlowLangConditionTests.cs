using System.Text.Json;
using Actors.Flows;

namespace Actors.Tests.Flows.Features;

/// <summary>Conditions and expressions as FlowLang's files and documents write them.</summary>
public sealed class FlowLangConditionTests : FeatureRun
{
    private const string Inputs =
        """{"n":5,"t":"admin","numeric":"10","flag":true,"no":false,"zero":0,"empty":"","word":"false","list":[1,2,3],"none":null,"o":{"p":{"q":"deep"},"v":3.14159}}""";

    // Written as a block, so that a condition stands in the file as it does in theirs.
    private static string If(string condition) => "flow: f\ninputs:\n" + string.Concat(Json(Inputs).EnumerateObject().Select(p => $"- name: {p.Name}\n"))
        + $"steps:\n- if: {condition}\n  then:\n  - {{task: Echo, id: yes, inputs: {{v: true}}}}\n  else:\n  - {{task: Echo, id: no, inputs: {{v: false}}}}";

    private async Task Is(bool expected, string condition)
    {
        await RunAsync(If(condition), Json(Inputs));
        Assert.Equal([$$"""{"v":{{(expected ? "true" : "false")}}}"""], Calls("Echo"));
    }

    private async Task<string> Of(string value)
    {
        string yaml = "flow: f\ninputs:\n" + string.Concat(Json(Inputs).EnumerateObject().Select(p => $"- name: {p.Name}\n"))
            + "steps:\n- {task: Echo, id: step, inputs: {field: {sub: [10, 20], name: x}}}\noutputs:\n- name: v\n  value: " + value;
        return (await RunAsync(yaml, Json(Inputs)))[5..^1];
    }

    [Theory]
    [InlineData("${inputs.n}", "5")]
    [InlineData("${inputs.list}", "[1,2,3]")]
    [InlineData("${inputs.o.p.q}", "\"deep\"")]
    [InlineData("${step.field.sub}", "[10,20]")]
    [InlineData("n is ${inputs.n}", "\"n is 5\"")]
    [InlineData("${inputs.flag}, ${inputs.none}, ${inputs.o.p}", "\"true, , {\\u0022q\\u0022:\\u0022deep\\u0022}\"")]
    public async Task References_keep_the_type_alone_and_are_put_into_texts(string value, string expected) => Assert.Equal(Value.FromJson(Json(expected)).ToJsonText(), await Of(value));

    [Fact]
    public void A_reference_to_an_unknown_name_is_told_before_the_run() => Assert.NotEmpty(Mistakes("flow: f\nsteps:\n- {task: Echo, inputs: {v: '${nobody.x}'}}"));

    [Theory]
    [InlineData("${inputs.n} == 5", true)]
    [InlineData("${inputs.n} != 5", false)]
    [InlineData("${inputs.n} >= 5", true)]
    [InlineData("${inputs.n} <= 4", false)]
    [InlineData("${inputs.n} > 4.5", true)]
    [InlineData("${inputs.n} < 5", false)]
    [InlineData("${inputs.numeric} > 9", true)]
    [InlineData("${inputs.numeric} == 10", true)]
    [InlineData("${inputs.numeric} > ${inputs.n}", true)]
    [InlineData("${inputs.flag} == true", true)]
    [InlineData("${inputs.no} == false", true)]
    [InlineData("${inputs.t} == admin", true)]
    public async Task Comparison_operators_compare_numbers_as_numbers(string condition, bool expected) => await Is(expected, condition);

    [Theory]
    [InlineData("${inputs.t} == \"admin\"", true)]
    [InlineData("${inputs.t} == 'admin'", true)]
    [InlineData("${inputs.t} != \"admin\"", false)]
    [InlineData("\"admin\" == ${inputs.t}", null)]
    [InlineData("${inputs.empty} == \"\"", true)]
    public async Task Quoted_strings_are_compared_without_their_quotes(string condition, bool? expected) => await Is(expected ?? true, expected is null ? $"'{condition}'" : condition);

    [Theory]
    [InlineData("${inputs.none} == null", true)]
    [InlineData("${inputs.n} == null", false)]
    [InlineData("${inputs.n} != null", true)]
    public async Task Null_is_a_value_of_its_own(string condition, bool expected) => await Is(expected, condition);

    [Theory]
    [InlineData("${inputs.flag}", true)]
    [InlineData("${inputs.no}", false)]
    [InlineData("${inputs.zero}", false)]
    [InlineData("${inputs.empty}", false)]
    [InlineData("${inputs.none}", false)]
    [InlineData("${inputs.word}", true)]
    [InlineData("${inputs.list}", true)]
    public async Task Bare_references_are_true_unless_they_are_null_false_0_or_empty(string condition, bool expected) => await Is(expected, condition);

    [Theory]
    [InlineData("{any: ['${inputs.n} == 1', '${inputs.n} == 5']}", true)]
    [InlineData("{any: ['${inputs.n} == 1', '${inputs.n} == 2']}", false)]
    [InlineData("{any: []}", false)]
    [InlineData("{all: ['${inputs.n} == 5', '${inputs.t} == \"admin\"']}", true)]
    [InlineData("{all: ['${inputs.n} == 5', '${inputs.t} == \"user\"']}", false)]
    [InlineData("{all: []}", true)]
    [InlineData("{none: ['${inputs.n} == 1', '${inputs.n} == 2']}", true)]
    [InlineData("{none: ['${inputs.n} == 1', '${inputs.n} == 5']}", false)]
    [InlineData("{none: []}", true)]
    [InlineData("{all: [{any: ['${inputs.no}', '${inputs.flag}']}, {none: ['${inputs.zero}', {all: ['${inputs.flag}', '${inputs.no}']}]}]}", true)]
    public async Task Quantifiers_any_all_and_none_are_nested(string condition, bool expected) => await Is(expected, condition);

    [Theory]
    [InlineData("{any: ['${inputs.flag}', '${inputs.t} > 5']}", true)]
    [InlineData("{all: ['${inputs.no}', '${inputs.t} > 5']}", false)]
    [InlineData("{none: ['${inputs.flag}', '${inputs.t} > 5']}", false)]
    public async Task Quantifiers_stop_at_what_decides(string condition, bool expected) => await Is(expected, condition);

    [Theory]
    [InlineData("${inputs.n} == 5 and ${inputs.t} == \"admin\"", true)]
    [InlineData("${inputs.n} == 1 or ${inputs.t} == \"admin\"", true)]
    [InlineData("not ${inputs.flag}", false)]
    [InlineData("not (${inputs.n} == 1 or ${inputs.n} == 2) and ${inputs.flag}", true)]
    [InlineData("${inputs.list|length} == 3", true)]
    [InlineData("${inputs.list.length} > 3", false)]
    public async Task And_or_not_and_lengths_stand_in_conditions(string condition, bool expected) => await Is(expected, condition);

    [Theory]
    [InlineData("${inputs.list|length}", "3")]
    [InlineData("${inputs.list[0]}", "1")]
    [InlineData("${inputs.list.length}", "3")]
    [InlineData("${step.field.sub[1]}", "20")]
    [InlineData("${format_number(inputs.o.v, 'F2')}", "\"3.14\"")]
    public async Task Lengths_indexes_and_formats_stand_in_references(string value, string expected) => Assert.Equal(expected, await Of(value));

    [Fact]
    public void A_format_behind_a_colon_is_told() => Assert.Contains(Mistakes("flow: f\ninputs:\n- name: v\nsteps:\n- {task: Echo, inputs: {v: '${inputs.v:.2f}'}}"), m => m.Contains("format_number"));

    [Fact]
    public async Task A_missing_name_in_a_condition_fails_the_flow_and_is_not_false() =>
        Assert.Equal("missing_reference", (await FailAsync(If("${inputs.o.nothing} == 1"), Json(Inputs))).Code);

    [Fact]
    public async Task Env_stands_in_connections_and_a_missing_one_is_an_error()
    {
        Host.Tasks.Resources.EnvironmentAllowed.Add("URL");
        Host.Tasks.Resources.Environment = _ => null;
        Host.Tasks.Add<JsonElement, string>("Where", (_, step) => Task.FromResult(step.Connection!.Settings.GetProperty("base_url").GetString()!));

        FlowError error = await FailAsync("flow: f\nconnections: {c: {type: http, base_url: '${env.URL}'}}\nsteps:\n- {task: Where, connection: c, inputs: {}}");

        Assert.Contains("URL", error.Message);
    }
}
