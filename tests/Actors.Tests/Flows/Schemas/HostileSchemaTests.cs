using System.Text;
using Actors.Flows;

namespace Actors.Tests.Flows.Schemas;

/// <summary>Schemas and values that are made to cost much.</summary>
public sealed class HostileSchemaTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    [Fact]
    public void A_hundred_thousand_similar_items_are_compared_in_one_pass()
    {
        JsonSchema schema = JsonSchema.Parse("""{"uniqueItems":true}""");
        Value[] items = Enumerable.Range(0, 100_000).Select(i => Value.Object(KeyValuePair.Create("n", Value.Of(1m + (i * 0.0000000000000000000000001m))))).ToArray();

        Assert.Empty(InTime(schema, Value.List(items)));
        items[^1] = items[0];
        Assert.Equal("/99999", Assert.Single(InTime(schema, Value.List(items))).Pointer);
    }

    [Fact]
    public void A_long_enum_is_looked_up()
    {
        JsonSchema schema = JsonSchema.Parse("""{"items":{"enum":[""" + string.Join(',', Enumerable.Range(0, 10_000)) + "]}}");

        Assert.Empty(InTime(schema, Value.List(Enumerable.Range(0, 100_000).Select(i => Value.Of((decimal)(i % 10_000))).ToArray())));
    }

    [Theory]
    [InlineData("""{"anyOf":[{"properties":{"a":{"$ref":"#"}},"required":["x"]},{"properties":{"a":{"$ref":"#"}},"required":["y"]}]}""")]
    [InlineData("""{"oneOf":[{"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"}},"required":["y"]},{"properties":{"a":{"$ref":"#"}}}]}""")]
    [InlineData("""{"allOf":[{"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"}}}]}""")]
    public void Nested_alternatives_do_not_cost_exponentially(string json)
    {
        string value = string.Concat(Enumerable.Repeat("""{"a":""", 60)) + "1" + new string('}', 60);

        Assert.Equal(("", "takes more than 2,000,000 steps to check"), First(InTime(JsonSchema.Parse(json), Value.Parse(value))));
    }

    [Fact]
    public void References_that_double_at_each_name_do_not_cost_exponentially()
    {
        StringBuilder json = new("""{"$ref":"#/$defs/d0","$defs":{""");
        for (int i = 0; i < 60; i++)
        {
            json.Append(System.Globalization.CultureInfo.InvariantCulture, $$"""{{(i == 0 ? "" : ",")}}"d{{i}}":{"allOf":[{"$ref":"#/$defs/d{{i + 1}}"},{"$ref":"#/$defs/d{{i + 1}}"}]}""");
        }

        // Each name is two schemas deep.
        Assert.Contains("more than 64 schemas", Assert.Throws<JsonSchemaException>(() => JsonSchema.Parse(json + ""","d60":{"type":"string"}}}""")).Message, StringComparison.Ordinal);
        JsonSchema schema = JsonSchema.Parse(json.ToString().Replace("#/$defs/d30", "#/$defs/d60", StringComparison.Ordinal).Replace("#/$defs/d31", "#/$defs/d60", StringComparison.Ordinal) + ""","d60":{"type":"string"}}}""");
        Assert.Equal(SchemaTypes.String, schema.Types);
        Assert.Empty(schema.Required);
        Assert.Equal(("", "takes more than 2,000,000 steps to check"), First(InTime(schema, Value.Of("a"))));
    }

    [Fact]
    public void A_chain_of_references_is_limited()
    {
        string chain = string.Join(',', Enumerable.Range(0, 5000).Select(i => $$"""  "d{{i}}":{"$ref":"#/$defs/d{{i + 1}}"} """));

        Assert.Contains(
            "more than 64 schemas look at one value",
            Assert.Throws<JsonSchemaException>(() => JsonSchema.Parse("""{"$defs":{""" + chain + ""","d5000":{}},"$ref":"#/$defs/d0"}""")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("^(a+)+$")]
    [InlineData("^(a|aa)+$")]
    [InlineData("^(?=a)(a+)+$")]
    [InlineData(@"^(a*)*\1$")]
    public void A_pattern_that_backtracks_ends_soon(string pattern)
    {
        JsonSchema schema = JsonSchema.Parse("""{"items":{"pattern":""" + System.Text.Json.JsonSerializer.Serialize(pattern) + "}}");
        Value[] items = Enumerable.Repeat(Value.Of(new string('a', 5000) + "!"), 100).ToArray();

        Assert.NotEmpty(InTime(schema, Value.List(items)));
    }

    [Fact]
    public void Deep_values_and_deep_schemas_are_refused()
    {
        Value deep = Value.EmptyList;
        for (int i = 0; i < 100_000; i++)
        {
            deep = Value.List(deep);
        }

        Assert.Equal(("", "must not be nested deeper than 64 levels"), First(InTime(JsonSchema.Parse("""{"items":{"$ref":"#"}}"""), deep)));
        Assert.Equal(("", "must not be nested deeper than 64 levels"), First(InTime(JsonSchema.Parse("""{"const":1}"""), deep)));
        string schema = string.Concat(Enumerable.Repeat("""{"items":""", 60)) + "{}" + new string('}', 60);
        Assert.Contains("the schema is nested deeper than 48 levels", Assert.Throws<JsonSchemaException>(() => JsonSchema.Parse(schema)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"uniqueItems\":true}")]
    [InlineData("{\"enum\":[1,2]}")]
    [InlineData("{\"items\":{\"$ref\":\"#\"}}")]
    public void A_value_that_holds_itself_again_and_again_is_refused(string schema)
    {
        Value doubled = Value.Of(1m);
        for (int i = 0; i < 60; i++)
        {
            doubled = Value.List(doubled, doubled);
        }

        Assert.Equal(("", "takes more than 2,000,000 steps to check"), First(InTime(JsonSchema.Parse(schema), doubled)));
    }

    [Fact]
    public void A_schema_of_too_many_parts_is_refused()
    {
        string schema = $$"""{"anyOf":[{{string.Join(',', Enumerable.Repeat("true", 10_001))}}]}""";

        Assert.Contains("the schema holds more than 10,000 schemas", Assert.Throws<JsonSchemaException>(() => JsonSchema.Parse(schema)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_name_with_many_schemas_below_it_is_kept_once()
    {
        string name = new('n', 200_000);
        string schema = $"{{\"properties\":{{\"{name}\":{{\"properties\":{{{string.Join(',', Enumerable.Range(0, 5000).Select(i => $"\"p{i}\":{{\"default\":1}}"))}}}}}}}}}";
        long before = GC.GetAllocatedBytesForCurrentThread();

        JsonSchema compiled = JsonSchema.Parse(schema);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000_000);
        Assert.Equal(SchemaTypes.Any, compiled.Types);
    }

    [Fact]
    public void Little_of_a_value_is_shown()
    {
        string text = new('x', 100_000);
        Value value = Value.Object(KeyValuePair.Create(text, Value.Of(text + "\u001b[31m")));
        foreach (string schema in (string[])["""{"additionalProperties":{"maxLength":5,"pattern":"^y","format":"uri","enum":["a"],"const":"b"}}""", """{"additionalProperties":false}""", """{"propertyNames":{"pattern":"y"}}"""])
        {
            foreach (SchemaFault fault in InTime(JsonSchema.Parse(schema), value))
            {
                Assert.DoesNotContain(new string('x', 61), fault.Message, StringComparison.Ordinal);
                Assert.DoesNotContain(fault.Message, char.IsControl);
                Assert.InRange(fault.Pointer.Length, 2, 500);
            }
        }

        Assert.Equal("must be \"b\", but is \"a b😀\"", JsonSchema.Parse("""{"const":"b"}""").Faults(Value.Of("a\u0007b😀"))[0].Message);
    }

    [Fact]
    public void An_object_of_many_unknown_names_is_refused_soon()
    {
        string schema = """{"properties":{""" + string.Join(',', Enumerable.Range(0, 9000).Select(i => $"\"known{i}\":{{}}")) + """},"additionalProperties":false}""";
        Value value = Value.Object(Enumerable.Range(0, 100_000).Select(i => KeyValuePair.Create("unknown" + i, Value.Null)));

        Assert.Equal(JsonSchema.FaultsMax, InTime(JsonSchema.Parse(schema), value).Count);
    }

    private static IReadOnlyList<SchemaFault> InTime(JsonSchema schema, Value value) => Timing.Within(Soon, () => schema.Faults(value));

    private static (string, string) First(IReadOnlyList<SchemaFault> faults) => (faults[0].Pointer, faults[0].Message);
}
