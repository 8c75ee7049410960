using System.Text.Json;
using Actors.Flows;

namespace Actors.Tests.Flows.Schemas;

public sealed class DefaultTests
{
    [Theory]
    [InlineData("{'properties':{'a':{'default':1},'b':{'default':[]}}}", "{'b':2}", "{'b':2,'a':1}")]
    [InlineData("{'properties':{'a':{'default':1}},'required':['a']}", "{}", "{'a':1}")]
    [InlineData("{'properties':{'a':{'default':1}}}", "{'a':null}", "{'a':null}")]
    [InlineData("{'properties':{'a':{'properties':{'b':{'default':1}}}}}", "{'a':{}}", "{'a':{'b':1}}")]
    [InlineData("{'properties':{'a':{'properties':{'b':{'default':1}}}}}", "{}", "{}")]
    [InlineData("{'properties':{'a':{'default':{},'properties':{'b':{'default':1}}}}}", "{}", "{'a':{'b':1}}")]
    [InlineData("{'items':{'properties':{'n':{'default':1}}}}", "[{},{'n':2}]", "[{'n':1},{'n':2}]")]
    [InlineData("{'prefixItems':[{'properties':{'n':{'default':1}}}]}", "[{},{}]", "[{'n':1},{}]")]
    [InlineData("{'additionalProperties':{'properties':{'n':{'default':1}}}}", "{'x':{}}", "{'x':{'n':1}}")]
    [InlineData("{'patternProperties':{'x':{'properties':{'n':{'default':1}}}}}", "{'x':{}}", "{'x':{'n':1}}")]
    [InlineData("{'$defs':{'d':{'default':1}},'properties':{'a':{'$ref':'#/$defs/d'}}}", "{}", "{'a':1}")]
    [InlineData("{'$defs':{'d':{'default':1}},'properties':{'a':{'$ref':'#/$defs/d','default':2}}}", "{}", "{'a':2}")]
    [InlineData("{'allOf':[{'properties':{'a':{'default':1}}},{'properties':{'b':{'default':2}}}]}", "{}", "{'a':1,'b':2}")]
    [InlineData("{'anyOf':[{'required':['x']},{'properties':{'a':{'default':1}}}]}", "{}", "{'a':1}")]
    [InlineData("{'oneOf':[{'properties':{'k':{'const':1},'a':{'default':1}}},{'properties':{'k':{'const':2},'a':{'default':2}}}]}", "{'k':2}", "{'k':2,'a':2}")]
    [InlineData("{'if':{'required':['x']},'then':{'properties':{'a':{'default':1}}},'else':{'properties':{'a':{'default':2}}}}", "{}", "{'a':2}")]
    [InlineData("{'not':{'properties':{'a':{'default':1}},'required':['b']}}", "{}", "{}")]
    [InlineData("{'default':5}", "null", "null")]
    public void An_absent_property_is_given_its_default(string schema, string value, string completed)
    {
        Assert.True(JsonSchema.Parse(schema.Replace('\'', '"')).TryValidate(Value.Parse(value.Replace('\'', '"')), out Value result, out IReadOnlyList<SchemaFault> faults), string.Join(", ", faults));
        Assert.Equal(completed.Replace('\'', '"'), result.ToJsonText());
    }

    [Fact]
    public void A_value_that_does_not_fit_is_left_as_it_is()
    {
        JsonSchema schema = JsonSchema.Parse("""{"properties":{"a":{"default":1},"b":{"type":"string"}}}""");

        Assert.False(schema.TryValidate(Value.Parse("""{"b":1}"""), out Value completed, out _));
        Assert.Equal("""{"b":1}""", completed.ToJsonText());
    }

    [Fact]
    public void JSON_elements_are_completed_too()
    {
        JsonSchema schema = JsonSchema.Parse("""{"properties":{"a":{"default":1}}}""");
        using JsonDocument document = JsonDocument.Parse("{}");

        Assert.True(schema.TryValidate(document.RootElement, out JsonElement completed, out _));
        Assert.Equal("""{"a":1}""", completed.GetRawText());
    }

    [Fact]
    public void A_value_that_lacks_nothing_keeps_its_identity()
    {
        JsonSchema schema = JsonSchema.Parse("""{"properties":{"a":{"items":{"type":"integer"}}}}""");
        Value value = Value.Parse("""{"a":[1,2]}""");

        Assert.True(schema.TryValidate(value, out Value completed, out _));
        Assert.Same(value.AsObject, completed.AsObject);
    }
}
