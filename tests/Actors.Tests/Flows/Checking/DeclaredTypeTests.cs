using System.Text.Json;
using System.Text.Json.Serialization;
using Actors.Flows;

namespace Actors.Tests.Flows;

/// <summary>What a flow declares of its values, and what its tasks give, decides which expressions can never work.</summary>
public sealed class DeclaredTypeTests
{
    private const string Inputs = """
        flow: f
        inputs:
          - name: order
            schema:
              type: object
              required: [total, lines]
              additionalProperties: false
              properties:
                total: {type: number}
                note: {type: string}
                lines: {type: array, items: {$ref: "#/$defs/line"}}
                extra: {type: object, properties: {color: {type: string}}}
              $defs:
                line: {type: object, additionalProperties: false, required: [sku], properties: {sku: {type: string}, qty: {type: integer, default: 1}}}
          - {name: title, type: string}
        state:
          seen: {type: array, schema: {type: array, items: {type: object, additionalProperties: false, properties: {sku: {type: string}}}}}
        steps:

        """;

    private static readonly TaskRegistry Tasks = new TaskRegistry()
        .Add<JsonElement, Receipt>("Charge", static (_, _) => Task.FromResult(new Receipt(1, "a", null, null, [], 0, Level.High)))
        .Add<JsonElement, JsonElement>("Ask", static (input, _) => Task.FromResult(input))
        .Add<JsonElement, Animal>("Pet", static (_, _) => Task.FromResult<Animal>(new Cat("x")))
        .AddFrom(new More());

    private enum Level
    {
        Low,
        High,
    }

    [Theory]
    [InlineData("${inputs.order.lines[0].qyt}", "ACT1322", "the object has no field 'qyt'", "Did you mean 'qty'?")]
    [InlineData("${inputs.order['totl']}", "ACT1322", "the object has no field 'totl'", "Did you mean 'total'?")]
    [InlineData("${inputs.order.total > 'x'}", "ACT1310", "'>' cannot compare a number with the text 'x'", null)]
    [InlineData("${inputs.order.total.net}", "ACT1321", "a number has no field 'net'", null)]
    [InlineData("${inputs.order.note | sum}", "ACT1312", "sum needs a list as 'list', not a text or null", null)]
    [InlineData("${map(inputs.order.lines, l => l.price)}", "ACT1322", "the object has no field 'price'", "It has sku, qty.")]
    [InlineData("{{#each inputs.order.lines as l}}{{l.skuu}}{{/each}}", "ACT1322", "the object has no field 'skuu'", "Did you mean 'sku'?")]
    [InlineData("${state.seen[0].skus}", "ACT1322", "the object has no field 'skus'", "Did you mean 'sku'?")]
    public void A_path_that_the_schema_does_not_allow_is_refused_with_its_place(string expression, string rule, string message, string? suggestion)
    {
        FlowProblem problem = Refused(Inputs + $"  - {{task: Ask, inputs: {{x: \"{expression}\"}}}}\n");
        Assert.Equal((rule, message, suggestion, 19), (problem.RuleId, problem.Message, problem.Suggestion, problem.Line));
        Assert.InRange(problem.Column, 31, 31 + expression.Length);
    }

    [Theory]
    [InlineData("${inputs.order.lines[0].qty + inputs.order.total}")]
    [InlineData("${inputs.order.note ?? 'none'}")]
    [InlineData("${inputs.order.note?.length}")]
    [InlineData("${inputs.order.note == null}")]
    [InlineData("${has(inputs.order, 'gone')}")]
    [InlineData("${inputs.order.gone ?? 1}")]
    [InlineData("${inputs.order?.gone}")]
    [InlineData("${get(inputs.order, 'gone')}")]
    [InlineData("${inputs.order.extra.colour}")]
    [InlineData("${inputs.order.lines.length}")]
    public void What_may_be_there_is_taken(string expression) => Accepted(Inputs + $"  - {{task: Ask, inputs: {{x: \"{expression}\"}}}}\n");

    [Theory]
    [InlineData("for_each: \"${inputs.order.lines}\"\n    do: [{task: Ask, inputs: {x: \"${item.qyt}\"}}]", "ACT1322")]
    [InlineData("for_each: [{sku: a}, {sku: b, qty: 2}]\n    do: [{task: Ask, inputs: {x: \"${item.qyt}\"}}]", "ACT1322")]
    [InlineData("for_each: \"${inputs.order.total}\"\n    do: [exit]", "ACT1209")]
    [InlineData("for_each: \"${inputs.order.lines}\"\n    id: each\n    collect: \"${item.qty}\"\n    do: [exit]\n  - {task: Ask, if: \"${each[0] == 'x'}\"}", "ACT1310")]
    [InlineData("{task: Ask, id: a, output_schema: {type: object, additionalProperties: false, properties: {n: {type: number}}}}\n  - {task: Ask, if: \"${a.m > 1}\"}", "ACT1322")]
    [InlineData("{task: Ask, output_schema: {type: number}, validate: [\"${result == 'x'}\"]}", "ACT1310")]
    [InlineData("{task: Ask, id: a, output_schema: {type: number}, result: {twice: \"${result * 2}\"}}\n  - {task: Ask, if: \"${a.twice == 'x'}\"}", "ACT1310")]
    [InlineData("{task: Ask, id: a, output_schema: {type: number}, result: \"${text(result)}\", compensate: {task: Ask, inputs: {x: \"${result - 'x'}\"}}}", "ACT1311")]
    [InlineData("approval: {title: ok, form: {type: object, additionalProperties: false, properties: {why: {type: string}}}}\n    id: ok\n  - {task: Ask, if: \"${ok.data.wyh == 'x'}\"}", "ACT1322")]
    [InlineData("approval: ok\n    id: ok\n  - {task: Ask, if: \"${ok.approved == 'yes'}\"}", "ACT1310")]
    [InlineData("wait: {signal: go, timeout: 1h}\n    id: go\n  - {task: Ask, if: \"${go.received == 'yes'}\"}", "ACT1310")]
    [InlineData("{task: Charge, id: c}\n  - {task: Ask, if: \"${c.orderid == 1}\"}", "ACT1322")]
    [InlineData("{task: Charge, id: c}\n  - {task: Ask, if: \"${c.order_id == 'x'}\"}", "ACT1310")]
    [InlineData("{task: Charge, id: c}\n  - {task: Ask, if: \"${c.parts[0].nmae == 'x'}\"}", "ACT1322")]
    [InlineData("{task: Later, id: c}\n  - {task: Ask, if: \"${c.orderid == 1}\"}", "ACT1322")]
    [InlineData("subflow: other\n    run: child\n    id: s\n    outputs: {n: \"${1}\"}\n  - {task: Ask, if: \"${s.n == 'x'}\"}", "ACT1310")]
    public void What_a_step_declares_is_known_after_it(string steps, string rule) => Assert.Equal(rule, Refused(Inputs + $"  - {steps}\n").RuleId);

    [Theory]
    [InlineData("{task: Charge, id: c, if: \"${inputs.title == 'x'}\"}\n  - {task: Ask, if: \"${c == null}\"}")]
    [InlineData("{task: Charge, id: c, if: \"${inputs.title == 'x'}\"}\n  - {task: Ask, inputs: {x: \"${c?.order_id}\"}}")]
    [InlineData("{task: Charge, id: c, on_error: [{task: Ask}]}\n  - {task: Ask, if: \"${c == null}\"}")]
    [InlineData("{task: Charge, id: c, fallback: [{task: Ask}]}\n  - {task: Ask, if: \"${c.anything == 'x'}\"}")]
    [InlineData("{subflow: other, run: child, id: c, outputs: {n: \"${1}\"}, on_failure: default, default: {n: x}}\n  - {task: Ask, if: \"${c.n == 'x'}\"}")]
    [InlineData("{task: Charge, id: c}\n  - {task: Ask, if: \"${c.note?.length > 1 or c.level == 'high' or c.level == 3}\"}")]
    [InlineData("{task: Charge, id: c}\n  - {task: Ask, if: \"${c.ratio == 'NaN' or c.data.x == 1 or c.parts[0].name == 'x'}\"}")]
    [InlineData("{task: Pet, id: c}\n  - {task: Ask, if: \"${c.lives == 9}\"}")]
    [InlineData("{task: Ask, id: c}\n  - {task: Ask, if: \"${c.anything == 9}\"}")]
    [InlineData("if: \"${inputs.title == 'x'}\"\n    then: [{task: Charge, id: c}]\n    else: [{task: Ask, id: c}]\n  - {task: Ask, if: \"${c.anything == 9}\"}")]
    [InlineData("for_each: \"${inputs.order.lines}\"\n    id: each\n    collect: \"${item.qty}\"\n    on_item_error: collect\n    do: [{task: Ask}]\n  - {task: Ask, if: \"${each[0].error.type == 'x'}\"}")]
    [InlineData("{task: Ask, output_schema: {type: number}, result: \"${text(result)}\", compensate: {task: Ask, inputs: {x: \"${result == 'x'}\"}}}")]
    public void What_may_be_another_value_is_taken(string steps) => Accepted(Inputs + $"  - {steps}\n");

    [Theory]
    [InlineData("{task: Ask, inputs: {x: \"${inputs.order.totl}\"}}")]
    [InlineData("{task: Ask, inputs: {x: 1}, result: {id: \"${result.body.id}\"}, compensate: {task: Ask, inputs: {x: \"${result.status}\"}}}")]
    [InlineData("{task: Ask, inputs: {x: 1}, result: \"id ${result.id}\", compensate: {task: Ask, inputs: {x: \"${result.id}\"}}}")]
    public void A_stored_flow_is_read_as_it_was_when_it_was_accepted(string step)
    {
        string flow = Inputs + $"  - {step}\n";
        Refused(flow);
        Assert.Equal("f", YamlFlowDefinition.Parse(flow, "f.yaml", Tasks, checkTasks: false).Name);
    }

    [Fact]
    public void Files_are_checked_where_their_tasks_are_not_at_hand()
    {
        FlowCheckOptions options = new() { ChecksTasks = false };
        FlowCheck check = FlowChecker.CheckText(Inputs + "  - {task: Gone, id: g, inputs: {x: \"${inputs.order.totl}\"}}\n  - {task: Gone, inputs: {x: \"${g.anything}\"}}\n", "f.yaml", options);
        Assert.Equal(["ACT1322"], check.Problems.Where(p => p.Severity == FlowProblemSeverity.Error).Select(p => p.RuleId));
    }

    [Fact]
    public void A_number_that_is_written_as_a_text_in_one_place_is_one_there_only()
    {
        StaticType type = new TaskResultTypes().Of(typeof(Numbers));
        Assert.Equal(["a number", "a text or a number", "a number"], ((string[])["first", "second", "third"]).Select(name => type.Fields![name].Name));
    }

    private sealed record Numbers(int First, [property: JsonNumberHandling(JsonNumberHandling.WriteAsString)] int Second, int Third);

    [Fact]
    public void The_names_of_fields_are_those_that_the_serializer_writes()
    {
        StaticType type = new TaskResultTypes().Of(typeof(Receipt));
        JsonElement written = JsonSerializer.SerializeToElement(new Receipt(1, "a", null, null, [new Part("p", null)], 0.5, Level.High), FlowJson.TaskOptions);
        Assert.Equal(written.EnumerateObject().Select(static p => p.Name).Append("sometimes").Order(), type.Fields!.Keys.Order());
        Assert.True(type.IsClosed);
        Assert.Equal(
            ["a number", "a text or null", "a text or null", "any value", "a list or null", "a text or a number", "a text or a number"],
            ((string[])["order_id", "Ref", "note", "data", "parts", "ratio", "level"]).Select(name => type.Fields[name].Name));
        // A part that holds parts ends somewhere.
        Assert.Equal("any value", type.Fields["parts"].Item.Fields!["inner"].Name);
    }

    private static FlowProblem Refused(string flow)
    {
        FlowSyntaxException e = Assert.Throws<FlowSyntaxException>(() => YamlFlowDefinition.Parse(flow, "f.yaml", Tasks));
        return Assert.Single(e.Problems, p => p.Severity == FlowProblemSeverity.Error);
    }

    private static void Accepted(string flow) => Assert.Equal("f", YamlFlowDefinition.Parse(flow, "f.yaml", Tasks).Name);

    private sealed record Receipt(
        long OrderId, [property: JsonPropertyName("Ref")] string Reference, string? Note, object? Data, IReadOnlyList<Part> Parts, double Ratio, Level Level)
    {
        [JsonIgnore]
        public string Hidden => "";

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Sometimes => null;
    }

    private sealed record Part(string Name, Part? Inner);

    [JsonDerivedType(typeof(Cat))]
    private abstract record Animal(string Name);

    private sealed record Cat(string Name) : Animal(Name);

    private sealed class More
    {
        [FlowTask("Later")]
        public Task<Receipt> Later() => Task.FromResult(new Receipt(1, "a", null, null, [], 0, Level.Low));
    }
}
