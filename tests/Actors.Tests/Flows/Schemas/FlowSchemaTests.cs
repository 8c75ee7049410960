using System.Text.Json;
using Actors.Flows;

namespace Actors.Tests.Flows.Schemas;

/// <summary>Schemas in flow files: of inputs and outputs.</summary>
public sealed class FlowSchemaTests : FlowTest
{
    private const string Order = """
        flow: order
        inputs:
          - name: order
            type: object
            description: What is bought
            schema:
              required: [lines]
              properties:
                currency: {enum: [EUR, USD], default: EUR}
                lines: {type: array, minItems: 1, items: {$ref: '#/$defs/line'}}
              additionalProperties: false
              $defs:
                line:
                  type: object
                  required: [sku]
                  properties: {sku: {type: string, pattern: '^[A-Z]\d+$'}, quantity: {type: integer, minimum: 1, default: 1}}
          - {name: mail, schema: {type: [string, null], format: email}, required: false}
          - {name: level, schema: {type: integer, default: 3, maximum: 9}}
        steps:
          - {task: Echo, inputs: {all: "${inputs}"}}
        """;

    private const string WithOutputs = """
        flow: a
        inputs: [{name: n}]
        steps: [{task: Echo, id: e, inputs: {v: "${inputs.n}"}}]
        outputs:
          - {name: free, value: "${e.v}"}
          - name: "o/k"
            value: "${e}"
            schema: {type: object, properties: {v: {type: integer, maximum: 5}, w: {default: x}}}
        """;

    [Theory]
    [InlineData("""{"order":{"lines":[{"sku":"A1"}]}}""", """{"order":{"lines":[{"sku":"A1","quantity":1}],"currency":"EUR"},"mail":null,"level":3}""")]
    [InlineData("""{"order":{"lines":[{"sku":"A1","quantity":2.0}],"currency":"USD"},"mail":null,"level":9}""", """{"order":{"lines":[{"sku":"A1","quantity":2.0}],"currency":"USD"},"mail":null,"level":9}""")]
    [InlineData("""{"order":{"lines":[{"sku":"A1","quantity":2}]},"mail":"a@b.c","level":4.0}""", """{"order":{"lines":[{"sku":"A1","quantity":2}],"currency":"EUR"},"mail":"a@b.c","level":4}""")]
    public void Input_is_checked_and_completed_by_its_schema(string given, string journaled) => Assert.Equal(journaled, Check(given));

    [Theory]
    [InlineData("""{"order":{"lines":[]}}""", "/order/lines 'order/lines' must have at least 1 item, but has 0")]
    [InlineData("""{"order":{"lines":[{"sku":"A1"},{"sku":"a1"},{"quantity":0}],"currncy":"EUR"},"mail":"x","level":10}""",
        "/order/lines/1/sku 'order/lines/1/sku' must match the pattern '^[A-Z]\\d+$', but is \"a1\"",
        "/order/lines/2/quantity 'order/lines/2/quantity' must be at least 1, but is 0",
        "/order/lines/2/sku 'order/lines/2/sku' is required",
        "/order/currncy 'order/currncy' is not a known property; did you mean 'currency'?",
        "/mail 'mail' must be an e-mail address, but is \"x\"",
        "/level 'level' must be at most 9, but is 10")]
    [InlineData("""{"order":[],"level":"3"}""", "/order 'order' must be an object, not an array", "/level 'level' must be an integer, not a string")]
    [InlineData("""{"order":null,"level":null}""", "/order 'order' must be an object, not null")]
    public void Input_that_does_not_fit_is_refused_with_all_places(string given, params string[] faults)
    {
        InvalidFlowInputException e = Assert.Throws<InvalidFlowInputException>(() => Check(given));
        Assert.Equal(faults, e.Faults.Select(f => $"{f.Pointer} {f.Message}"));
    }

    [Fact]
    public void Faults_of_all_inputs_together_are_limited()
    {
        YamlFlowDefinition flow = Parse("flow: a\ninputs:\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"- {{name: n{i}, schema: {{items: {{type: string}}}}}}\n")) + "steps: [exit]");
        string input = "{" + string.Join(',', Enumerable.Range(0, 100).Select(i => $"\"n{i}\":[{string.Join(',', Enumerable.Repeat(1, 100))}]")) + "}";

        InvalidFlowInputException e = Assert.Throws<InvalidFlowInputException>(() => flow.CheckInput(JsonDocument.Parse(input).RootElement));
        Assert.Equal(100, e.Faults.Count);
    }

    [Fact]
    public void A_definition_shows_its_schemas_and_one_of_all_inputs()
    {
        YamlFlowDefinition flow = Parse(Order);

        Assert.Equal("""{"type":["string","null"],"format":"email"}""", flow.Inputs[1].Schema.GetRawText());
        Assert.Equal(["object", "any", "integer"], flow.Inputs.Select(i => i.Type));
        Assert.Equal([true, false, false], flow.Inputs.Select(i => i.Required));
        Assert.Equal(3, flow.Inputs[2].Default.GetInt32());
        JsonSchema whole = JsonSchema.From(flow.InputSchema);
        Assert.True(whole.TryValidate(Value.Parse("""{"order":{"lines":[{"sku":"A1"}]}}"""), out Value completed, out IReadOnlyList<SchemaFault> faults), string.Join(", ", faults));
        Assert.Equal("""{"order":{"lines":[{"sku":"A1","quantity":1}],"currency":"EUR"},"level":3}""", completed.ToJsonText());
        Assert.Equal(["/order/lines/0/sku", "/orde"], whole.Faults(Value.Parse("""{"order":{"lines":[{"sku":"1"}]},"orde":1}""")).Select(f => f.Pointer));
        Assert.Equal("What is bought", whole.Properties[0].Value.Description);
        Assert.Equal(JsonValueKind.Undefined, Parse("flow: a\nsteps: [exit]").InputSchema.ValueKind);
        Assert.Equal(JsonValueKind.Undefined, Parse("flow: a\ninputs: [{name: a}]\nsteps: [exit]").Inputs[0].Schema.ValueKind);
    }

    [Theory]
    [InlineData("inputs: [{name: n, type: string, schema: {type: integer}}]", "2:42 ACT1345", "the type is a string, but the schema allows an integer", "Write type: string in the schema, or leave 'type' beside it out.")]
    [InlineData("inputs: [{name: n, type: integer, schema: {type: number}}]", "2:43 ACT1345", "the type is an integer, but the schema allows a number", "Write type: integer in the schema, or leave 'type' beside it out.")]
    [InlineData("inputs: [{name: n, type: list, schema: {enum: [a]}}]", "2:40 ACT1345", "the type is an array, but the schema allows a string", "Write type: array in the schema, or leave 'type' beside it out.")]
    [InlineData("inputs: [{name: n, schema: {typ: string}}]", "2:29 ACT1340", "'typ' is no keyword of the schemas that are supported", "Did you mean 'type'?")]
    [InlineData("inputs: [{name: n, schema: string}]", "2:28 ACT1341", "a schema must be a mapping, true or false, not a text", "Write {type: string}.")]
    [InlineData("inputs: [{name: n, schema: {required: true}}]", "2:39 ACT1341", "'required' must be a list of names, not a boolean", "Name this property in the 'required' of the object around it.")]
    [InlineData("inputs: [{name: n, schema: {$ref: '#/$defs/a'}}]", "2:35 ACT1342", "there is no schema at '#/$defs/a'", null)]
    [InlineData("inputs: [{name: n, schema: {pattern: '('}}]", "2:38 ACT1343", "the pattern '(' is no regular expression: a '(' is never closed", null)]
    [InlineData("inputs: [{name: n, schema: {type: string, default: 5}}]", "2:52 ACT1344", "the default must be a string, but is 5", "Write \"5\".")]
    [InlineData("inputs: [{name: n, default: {a: 1}, schema: {properties: {a: {minimum: 2}}}}]", "2:29 ACT1109", "'a' must be at least 2, but is 1", null)]
    [InlineData("inputs: [{name: n, schema: {minimum: 2, maximum: 1}}]", "2:50 ACT1347", "no value fits both 'minimum' 2 and 'maximum' 1", null)]
    [InlineData("outputs: [{name: n, value: 1, schema: {type: x}}]", "2:46 ACT1341", "there is no type 'x'", "Known: null, boolean, number, integer, string, array, object.")]
    public void Mistakes_have_their_place(string declaration, string place, string message, string? suggestion)
    {
        FlowSyntaxException e = Assert.Throws<FlowSyntaxException>(() => Parse($"flow: a\n{declaration}\nsteps: [exit]"));
        FlowProblem problem = Assert.Single(e.Problems);
        Assert.Equal((place, message, suggestion), ($"{problem.Line}:{problem.Column} {problem.RuleId}", problem.Message, problem.Suggestion));
    }

    [Theory]
    [InlineData("{type: string, minimum: 2}", "2:43 ACT1348 'minimum' says nothing about a string")]
    [InlineData("{type: string, enum: [a, 1]}", "2:53 ACT1348 this value of 'enum' can never be given: the type is a string")]
    [InlineData("{then: {type: string}}", "2:28 ACT1348 'then' and 'else' say nothing without 'if'")]
    [InlineData("{allOf: [{type: string}, {type: integer}]}", "2:28 ACT1347 no value fits this schema")]
    public void What_says_nothing_is_a_warning(string schema, string warning)
    {
        FlowProblem problem = Assert.Single(Parse($"flow: a\ninputs: [{{name: n, schema: {schema}}}]\nsteps: [{{task: Echo, inputs: {{n: \"${{inputs.n}}\"}}}}]").Warnings);
        Assert.Equal(warning, $"{problem.Line}:{problem.Column} {problem.RuleId} {problem.Message}");
    }

    [Fact]
    public void A_schema_may_describe_what_looks_like_steps() =>
        Parse("""
            flow: a
            inputs: [{name: n, schema: {properties: {task: {type: string}, id: {type: string}}, default: {task: x, id: echo}}}]
            steps: [{task: Echo, id: echo}]
            """);

    [Fact]
    public void A_hostile_schema_is_refused_soon()
    {
        string deep = string.Concat(Enumerable.Repeat("{items: ", 50)) + "{}" + new string('}', 50);

        Assert.Contains("nested deeper than 48 levels", Assert.Throws<FlowSyntaxException>(() => Parse($"flow: a\ninputs: [{{name: n, schema: {deep}}}]\nsteps: [exit]")).Message, StringComparison.Ordinal);
        string wide = $"{{anyOf: [{string.Join(',', Enumerable.Repeat("x", 50_000))}]}}";
        Assert.InRange(Assert.Throws<FlowSyntaxException>(() => Parse($"flow: a\ninputs: [{{name: n, schema: {wide}}}]\nsteps: [exit]")).Problems.Count, 1, 201);
    }

    [Fact]
    public async Task Outputs_are_completed_when_the_flow_ends() => Assert.Equal("""{"free":5,"o/k":{"v":5,"w":"x"}}""", await Output(WithOutputs, """{"n":5}"""));

    [Fact]
    public async Task Outputs_that_do_not_fit_fail_the_run()
    {
        StepFailedException e = await Assert.ThrowsAsync<StepFailedException>(() => Output(WithOutputs, """{"n":6}"""));
        Assert.Equal(("InvalidOutput", "The output is not valid: 'o/k/v' must be at most 5, but is 6"), (e.Error.Type, e.Error.Message));
        Assert.Equal("/o~1k/v", e.Error.Data!.Value[0].GetProperty("pointer").GetString());
    }

    [Fact]
    public void Null_for_any_value_is_checked_too()
    {
        YamlFlowDefinition flow = Parse("flow: a\ninputs: [{name: n, schema: {enum: [1, a]}}]\nsteps: [exit]");

        InvalidFlowInputException e = Assert.Throws<InvalidFlowInputException>(() => flow.CheckInput(JsonDocument.Parse("""{"n":null}""").RootElement));
        Assert.Equal("'n' must be an integer or a string, not null", Assert.Single(e.Faults).Message);
    }

    [Fact]
    public async Task Outputs_of_an_early_end_are_checked_too()
    {
        const string Flow = """
            flow: a
            inputs: [{name: n}]
            steps: [{exit: {outputs: {a: "${inputs.n}"}}}]
            outputs:
              - {name: a, value: 1, schema: {type: integer}}
              - {name: b, value: 1, schema: {type: integer}}
            """;

        Assert.Equal("""{"a":1}""", await Output(Flow, """{"n":1}"""));
        Assert.Equal("InvalidOutput", (await Assert.ThrowsAsync<StepFailedException>(() => Output(Flow, """{"n":"x"}"""))).Error.Type);
    }

    private string Check(string given) => System.Text.Encoding.UTF8.GetString(Parse(Order).CheckInput(JsonDocument.Parse(given).RootElement).Span);
}
