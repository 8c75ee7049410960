using Actors.Flows;

namespace Actors.Tests.Flows.Schemas;

/// <summary>Mistakes in schemas themselves: nothing is ignored.</summary>
public sealed class SchemaMistakeTests
{
    [Theory]
    [InlineData("{'propertys':{}}", "", "'propertys' is no keyword of the schemas that are supported. Did you mean 'properties'?")]
    [InlineData("{'definitions':{}}", "", "'definitions' is no keyword of the schemas that are supported. Write '$defs'.")]
    [InlineData("{'properties':{'a':{'nullable':true}}}", "/properties/a", "'nullable' is no keyword of the schemas that are supported. Write a list of types, e.g. type: [string, \"null\"].")]
    [InlineData("{'unevaluatedProperties':false}", "", "'unevaluatedProperties' is no keyword of the schemas that are supported. Write 'additionalProperties'.")]
    [InlineData("{'x-order':1}", "", "'x-order' is no keyword of the schemas that are supported. See src/Actors/Flows/Schemas/README.md for those that are.")]
    [InlineData("{'type':'strng'}", "/type", "there is no type 'strng'. Did you mean 'string'?")]
    [InlineData("{'type':'int'}", "/type", "there is no type 'int'. Did you mean 'integer'?")]
    [InlineData("{'type':'any'}", "/type", "there is no type 'any'. Leave 'type' out for any value.")]
    [InlineData("{'type':[]}", "/type", "'type' must be one of the types, or a list of them, not a list")]
    [InlineData("{'type':['string','string']}", "/type", "'type' names 'string' twice")]
    [InlineData("{'enum':[]}", "/enum", "'enum' must be a list of 1 to 10,000 values, not a list")]
    [InlineData("{'enum':[1,1.0]}", "/enum", "'enum' has the value 1.0 twice")]
    [InlineData("{'properties':[]}", "/properties", "'properties' must be a mapping from names to schemas, not a list")]
    [InlineData("{'properties':{'a':'string'}}", "/properties/a", "a schema must be an object, true or false, not a text. Write {type: string}.")]
    [InlineData("{'properties':{'a':null}}", "/properties/a", "a schema must be an object, true or false, not nothing")]
    [InlineData("{'required':true}", "/required", "'required' must be a list of names, not a boolean. Name this property in the 'required' of the object around it.")]
    [InlineData("{'required':['a','a']}", "/required", "'required' names 'a' twice")]
    [InlineData("{'required':[1]}", "/required", "a name must be a text, not a number. Write \"1\".")]
    [InlineData("{'items':[{}]}", "/items", "'items' must be one schema, not a list. Write 'prefixItems' for items that differ by place.")]
    [InlineData("{'allOf':[]}", "/allOf", "'allOf' must be a list of schemas, not a list")]
    [InlineData("{'minLength':-1}", "/minLength", "'minLength' must be a whole number from 0, not -1")]
    [InlineData("{'minItems':1.5}", "/minItems", "'minItems' must be a whole number from 0, not 1.5")]
    [InlineData("{'exclusiveMinimum':true}", "/exclusiveMinimum", "'exclusiveMinimum' must be a number, not a boolean. Write the bound itself here.")]
    [InlineData("{'multipleOf':0}", "/multipleOf", "'multipleOf' must be a number above 0, not 0")]
    [InlineData("{'uniqueItems':1}", "/uniqueItems", "'uniqueItems' must be true or false, not 1")]
    [InlineData("{'pattern':'a('}", "/pattern", "the pattern 'a(' is no regular expression: a '(' is never closed")]
    [InlineData("{'pattern':'a\\\\Z'}", "/pattern", "the pattern 'a\\Z' uses '\\Z', which ECMA-262 does not have; write ^ and $ for the ends of the text")]
    [InlineData("{'pattern':'(?i)a'}", "/pattern", "the pattern '(?i)a' has a group '(?i…' that ECMA-262 does not have")]
    [InlineData("{'pattern':'(?<a-b>x)'}", "/pattern", "the pattern '(?<a-b>x)' has a group '(?<…' that ECMA-262 does not have")]
    [InlineData("{'patternProperties':{'[':{}}}", "/patternProperties", "the pattern '[' is no regular expression: a '[' is never closed")]
    [InlineData("{'format':'datetime'}", "/format", "there is no format 'datetime'. Did you mean 'date-time'?")]
    [InlineData("{'format':'ipv4'}", "/format", "there is no format 'ipv4'. Known: date, date-time, time, duration, email, uri, uuid. For others write a 'pattern'.")]
    [InlineData("{'$ref':'#/$defs/itm','$defs':{'item':{}}}", "/$ref", "there is no schema at '#/$defs/itm'. Did you mean '#/$defs/item'?")]
    [InlineData("{'$ref':'https://example.org/s.json'}", "/$ref", "'$ref' leads to 'https://example.org/s.json': only places in the same schema are supported. Put it under '$defs' and write '#/$defs/name'.")]
    [InlineData("{'$ref':'#'}", "/$ref", "this reference leads to itself without going deeper into the value")]
    [InlineData("{'$defs':{'a':{'anyOf':[{'$ref':'#/$defs/b'}]},'b':{'not':{'$ref':'#/$defs/a'}}}}", "/$defs/a/anyOf/0/$ref", "this reference leads to itself without going deeper into the value")]
    [InlineData("{'$ref':'#/enum/0','enum':[{}]}", "/$ref", "there is no schema at '#/enum/0'")]
    [InlineData("{'$schema':'http://json-schema.org/draft-07/schema#'}", "/$schema", "the dialect 'http://json-schema.org/draft-07/schema#' is not supported. Leave '$schema' out, or write https://json-schema.org/draft/2020-12/schema")]
    [InlineData("{'properties':{'a':{'$id':'x'}}}", "/properties/a/$id", "'$id' can only be at the root of a schema")]
    [InlineData("{'default':'x','type':'integer'}", "/default", "the default must be an integer, but is a string")]
    [InlineData("{'properties':{'a':{'default':{'b':7},'properties':{'b':{'maximum':5}}}}}", "/properties/a/default", "'b' must be at most 5, but is 7")]
    [InlineData("{'minimum':5,'maximum':4}", "", "no value fits both 'minimum' 5 and 'maximum' 4")]
    [InlineData("{'minimum':5,'exclusiveMaximum':5}", "", "no value fits both 'minimum' 5 and 'exclusiveMaximum' 5")]
    [InlineData("{'minLength':5,'maxLength':4}", "", "no value fits both 'minLength' 5 and 'maxLength' 4")]
    [InlineData("{'title':5.5,'description':[]}", "/description", "'description' must be a text, not a list")]
    [InlineData("{'examples':5}", "/examples", "'examples' must be a list, not 5")]
    [InlineData("[]", "", "a schema must be an object, true or false, not a list")]
    public void Are_told_with_their_place_in_JSON(string schema, string pointer, string message)
    {
        JsonSchemaException e = Assert.Throws<JsonSchemaException>(() => JsonSchema.Parse(schema.Replace('\'', '"')));
        SchemaFault fault = Assert.Single(e.Faults);
        Assert.Equal((pointer, message.TrimEnd('.')), (fault.Pointer, fault.Message));
    }

    [Fact]
    public void All_are_told_at_once()
    {
        JsonSchemaException e = Assert.Throws<JsonSchemaException>(() => JsonSchema.Parse("""{"typ":"string","minLength":-1,"properties":{"a":{"type":"x"}}}"""));

        Assert.Equal(["", "/minLength", "/properties/a/type"], e.Faults.Select(f => f.Pointer));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("{\"a\":\"\\ud800\"}")]
    [InlineData("")]
    public void What_is_no_JSON_is_refused(string json) => Assert.Throws<JsonSchemaException>(() => JsonSchema.Parse(json));

    [Theory]
    [InlineData("string", "{'type':'string'}", SchemaTypes.String)]
    [InlineData("int", "{'type':'integer'}", SchemaTypes.Integer)]
    [InlineData("float", "{'type':'number'}", SchemaTypes.Number)]
    [InlineData("list", "{'type':'array'}", SchemaTypes.Array)]
    [InlineData("any", "{}", SchemaTypes.Any)]
    public void Type_words_are_schemas(string word, string json, SchemaTypes types)
    {
        JsonSchema schema = JsonSchema.OfType(word)!;
        Assert.Equal((json.Replace('\'', '"'), types), (schema.ToString(), schema.Types));
    }

    [Fact]
    public void Unknown_type_words_have_no_schema() => Assert.Null(JsonSchema.OfType("date"));

    [Theory]
    [InlineData("{'type':'string','enum':['a',5]}", SchemaTypes.String)]
    [InlineData("{'enum':['a',5,1.5]}", SchemaTypes.String | SchemaTypes.Number)]
    [InlineData("{'const':null}", SchemaTypes.Null)]
    [InlineData("{'anyOf':[{'type':'string'},{'type':'null'}]}", SchemaTypes.String | SchemaTypes.Null)]
    [InlineData("{'$ref':'#/$defs/a','$defs':{'a':{'type':['integer','null']}}}", SchemaTypes.Integer | SchemaTypes.Null)]
    [InlineData("{'allOf':[{'type':['string','integer']},{'type':['integer','null']}]}", SchemaTypes.Integer)]
    [InlineData("false", SchemaTypes.None)]
    public void The_types_of_values_are_known_beforehand(string schema, SchemaTypes types) => Assert.Equal(types, JsonSchema.Parse(schema.Replace('\'', '"')).Types);

    [Fact]
    public void The_shape_of_values_is_known_beforehand()
    {
        JsonSchema schema = JsonSchema.Parse("""
            {"$defs":{"base":{"properties":{"id":{"type":"integer"}},"required":["id"]},"line":{"type":"object"}},
             "allOf":[{"$ref":"#/$defs/base"}],"properties":{"lines":{"items":{"$ref":"#/$defs/line"}}},"required":["lines"]}
            """);

        Assert.Equal(["lines", "id"], schema.Properties.Select(p => p.Key));
        Assert.Equal(["lines", "id"], schema.Required);
        Assert.True(schema.AllowsOtherProperties);
        Assert.False(JsonSchema.Parse("""{"allOf":[{"additionalProperties":false}]}""").AllowsOtherProperties);
        Assert.Equal(SchemaTypes.Object, schema.Properties[0].Value.Items!.Types);
        Assert.Null(JsonSchema.Parse("""{"prefixItems":[true],"items":false}""").Items);
    }
}
