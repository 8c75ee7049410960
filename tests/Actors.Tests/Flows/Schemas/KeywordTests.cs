using Actors.Flows;

namespace Actors.Tests.Flows.Schemas;

/// <summary>Each keyword with values that fit and values that do not, with what is said of them.</summary>
public sealed class KeywordTests
{
    [Theory]
    // type
    [InlineData("{'type':'string'}", "'a'")]
    [InlineData("{'type':'string'}", "''")]
    [InlineData("{'type':'integer'}", "3")]
    [InlineData("{'type':'integer'}", "3.0")]
    [InlineData("{'type':'integer'}", "1e300")]
    [InlineData("{'type':'number'}", "3")]
    [InlineData("{'type':'number'}", "-0.5")]
    [InlineData("{'type':'boolean'}", "false")]
    [InlineData("{'type':'null'}", "null")]
    [InlineData("{'type':'array'}", "[]")]
    [InlineData("{'type':'object'}", "{}")]
    [InlineData("{'type':['string','null']}", "null")]
    [InlineData("{'type':['integer','string']}", "7")]
    [InlineData("{}", "[1,{'a':null}]")]
    [InlineData("true", "1")]
    // enum, const
    [InlineData("{'enum':['a',1,null,[1],{'a':1,'b':2}]}", "{'b':2,'a':1}")]
    [InlineData("{'enum':['a',1,null,[1],{'a':1}]}", "1.0")]
    [InlineData("{'enum':[null]}", "null")]
    [InlineData("{'const':{'a':[1,2]}}", "{'a':[1,2]}")]
    [InlineData("{'const':0}", "-0.0")]
    [InlineData("{'const':null}", "null")]
    // numbers
    [InlineData("{'minimum':1.1}", "1.1")]
    [InlineData("{'minimum':1}", "'text'")]
    [InlineData("{'maximum':100}", "100")]
    [InlineData("{'maximum':1e300}", "1e299")]
    [InlineData("{'exclusiveMinimum':1}", "1.0000000000000001")]
    [InlineData("{'exclusiveMaximum':1}", "0.9999999999999999")]
    [InlineData("{'multipleOf':0.01}", "19.99")]
    [InlineData("{'multipleOf':0.0001}", "0.0075")]
    [InlineData("{'multipleOf':2}", "0")]
    [InlineData("{'multipleOf':0.0000000000000000000000000001}", "79228162514264337593543950335")]
    // texts
    [InlineData("{'minLength':2}", "'äö'")]
    [InlineData("{'maxLength':2}", "'😀😀'")]
    [InlineData("{'maxLength':2}", "[1,2,3]")]
    [InlineData("{'pattern':'b+'}", "'abbc'")]
    [InlineData("{'pattern':'^a$'}", "'a'")]
    // objects
    [InlineData("{'properties':{'a':{'type':'string'}}}", "{'b':1}")]
    [InlineData("{'required':['a']}", "{'a':null}")]
    [InlineData("{'required':['a']}", "5")]
    [InlineData("{'required':['__proto__']}", "{'__proto__':1}")]
    [InlineData("{'properties':{'a':{}},'patternProperties':{'^x-':{}},'additionalProperties':false}", "{'a':1,'x-b':2}")]
    [InlineData("{'additionalProperties':{'type':'integer'}}", "{'a':1}")]
    [InlineData("{'patternProperties':{'a':{'type':'integer'},'b':{'minimum':2}}}", "{'ab':2,'c':'x'}")]
    [InlineData("{'propertyNames':{'maxLength':2}}", "{'ab':1}")]
    [InlineData("{'minProperties':1,'maxProperties':2}", "{'a':1,'b':1}")]
    [InlineData("{'dependentRequired':{'card':['number']}}", "{'number':1}")]
    [InlineData("{'dependentRequired':{'card':['number']}}", "{'card':1,'number':1}")]
    // lists
    [InlineData("{'items':{'type':'integer'}}", "[1,2]")]
    [InlineData("{'items':{'type':'integer'}}", "{'0':'a'}")]
    [InlineData("{'items':false}", "[]")]
    [InlineData("{'prefixItems':[{'type':'integer'},{'type':'string'}]}", "[1]")]
    [InlineData("{'prefixItems':[{'type':'integer'}],'items':{'type':'string'}}", "[1,'a','b']")]
    [InlineData("{'contains':{'minimum':5}}", "[1,6]")]
    [InlineData("{'minItems':1,'maxItems':2}", "[1,2]")]
    [InlineData("{'uniqueItems':true}", "[1,'1',[1],{'a':1},{'a':2},true,null,false,0]")]
    [InlineData("{'uniqueItems':false}", "[1,1]")]
    // combined
    [InlineData("{'allOf':[{'minimum':1},{'maximum':2}]}", "2")]
    [InlineData("{'anyOf':[{'type':'string'},{'minimum':2}]}", "2")]
    [InlineData("{'oneOf':[{'type':'string'},{'type':'integer'}]}", "'a'")]
    [InlineData("{'not':{'type':'string'}}", "1")]
    [InlineData("{'if':{'properties':{'kind':{'const':'card'}}},'then':{'required':['number']},'else':{'required':['iban']}}", "{'kind':'card','number':1}")]
    [InlineData("{'if':{'properties':{'kind':{'const':'card'}}},'then':{'required':['number']},'else':{'required':['iban']}}", "{'kind':'bank','iban':1}")]
    [InlineData("{'if':{'const':1},'then':{'const':2}}", "3")]
    // references
    [InlineData("{'$defs':{'n':{'type':'integer'}},'$ref':'#/$defs/n'}", "1")]
    [InlineData("{'properties':{'a':{'type':'integer'},'b':{'$ref':'#/properties/a'}}}", "{'b':1}")]
    [InlineData("{'properties':{'next':{'$ref':'#'},'value':{'type':'integer'}},'additionalProperties':false}", "{'value':1,'next':{'value':2,'next':{}}}")]
    [InlineData("{'$defs':{'a/b~c':{'type':'integer'}},'$ref':'#/$defs/a~1b~0c'}", "1")]
    [InlineData("{'$defs':{'a b':{'type':'integer'}},'$ref':'#/$defs/a%20b'}", "1")]
    [InlineData("{'prefixItems':[{'type':'integer'},{'$ref':'#/prefixItems/0'}]}", "[1,2]")]
    // what says nothing
    [InlineData("{'$schema':'https://json-schema.org/draft/2020-12/schema','$id':'urn:x','$comment':'c','title':'t','description':'d','examples':[1],'deprecated':true,'readOnly':true,'writeOnly':false}", "1")]
    public void Fits(string schema, string value) => Assert.Empty(Faults(schema, value));

    [Theory]
    // type
    [InlineData("{'type':'string'}", "5", " must be a string, but is 5")]
    [InlineData("{'type':'string'}", "null", " must be a string, but is null")]
    [InlineData("{'type':'integer'}", "3.5", " must be an integer, but is 3.5")]
    [InlineData("{'type':'integer'}", "'3'", " must be an integer, but is a string")]
    [InlineData("{'type':'number'}", "true", " must be a number, but is a boolean")]
    [InlineData("{'type':'boolean'}", "0", " must be a boolean, but is 0")]
    [InlineData("{'type':'null'}", "0", " must be null, but is 0")]
    [InlineData("{'type':'array'}", "{}", " must be an array, but is an object")]
    [InlineData("{'type':'object'}", "[]", " must be an object, but is an array")]
    [InlineData("{'type':['string','null','integer']}", "1.5", " must be an integer, a string or null, but is 1.5")]
    [InlineData("false", "1", " is not allowed")]
    // enum, const
    [InlineData("{'enum':['red','green']}", "'gren'", " must be one of \"red\", \"green\", but is \"gren\"; did you mean \"green\"?")]
    [InlineData("{'enum':[1,2]}", "true", " must be one of 1, 2, but is true")]
    [InlineData("{'enum':[false]}", "0", " must be false, but is 0")]
    [InlineData("{'const':'a'}", "'b'", " must be \"a\", but is \"b\"")]
    [InlineData("{'const':{'a':1}}", "{'a':1,'b':1}", " must be an object, but is an object")]
    // numbers
    [InlineData("{'minimum':1}", "0.5", " must be at least 1, but is 0.5")]
    [InlineData("{'maximum':100}", "250", " must be at most 100, but is 250")]
    [InlineData("{'maximum':100}", "1e300", " must be at most 100, but is 1E+300")]
    [InlineData("{'exclusiveMinimum':1}", "1", " must be more than 1, but is 1")]
    [InlineData("{'exclusiveMaximum':1}", "1.0", " must be less than 1, but is 1.0")]
    [InlineData("{'multipleOf':0.01}", "19.995", " must be a multiple of 0.01, but is 19.995")]
    [InlineData("{'multipleOf':2}", "7", " must be a multiple of 2, but is 7")]
    // texts
    [InlineData("{'minLength':2}", "'😀'", " must have at least 2 characters, but has 1")]
    [InlineData("{'maxLength':1}", "'ab'", " must have at most 1 character, but has 2")]
    [InlineData("{'pattern':'^a+$'}", "'aab'", " must match the pattern '^a+$', but is \"aab\"")]
    // objects
    [InlineData("{'properties':{'a':{'type':'string'}}}", "{'a':1}", "/a must be a string, but is 1")]
    [InlineData("{'properties':{'a':false}}", "{'a':1}", "/a is not allowed")]
    [InlineData("{'required':['a','b']}", "{'a':1}", "/b is required")]
    [InlineData("{'required':['a/b~c']}", "{}", "/a~1b~0c is required")]
    [InlineData("{'properties':{'amount':{}},'additionalProperties':false}", "{'amont':1}", "/amont is not a known property; did you mean 'amount'?")]
    [InlineData("{'additionalProperties':{'type':'integer'}}", "{'a':'x'}", "/a must be an integer, but is a string")]
    [InlineData("{'patternProperties':{'^n':{'type':'integer'}}}", "{'n1':'x'}", "/n1 must be an integer, but is a string")]
    [InlineData("{'propertyNames':{'maxLength':2}}", "{'abc':1}", "/abc has a name that must have at most 2 characters, but has 3")]
    [InlineData("{'minProperties':1}", "{}", " must have at least 1 property, but has 0")]
    [InlineData("{'maxProperties':2}", "{'a':1,'b':1,'c':1}", " must have at most 2 properties, but has 3")]
    [InlineData("{'dependentRequired':{'card':['number']}}", "{'card':1}", "/number is required, because 'card' is there")]
    // lists
    [InlineData("{'items':{'properties':{'n':{'type':'integer'}}}}", "[{'n':1},{'n':'x'}]", "/1/n must be an integer, but is a string")]
    [InlineData("{'items':false}", "[1]", "/0 is too many: there can be 0 items")]
    [InlineData("{'prefixItems':[{'type':'integer'},{'type':'string'}]}", "[1,2]", "/1 must be a string, but is 2")]
    [InlineData("{'prefixItems':[{'type':'integer'}],'items':false}", "[1,2]", "/1 is too many: there can be 1 item")]
    [InlineData("{'contains':{'minimum':5}}", "[1,2]", " must contain an item that fits the schema under 'contains', but has none")]
    [InlineData("{'contains':true}", "[]", " must contain an item that fits the schema under 'contains', but has none")]
    [InlineData("{'minItems':1}", "[]", " must have at least 1 item, but has 0")]
    [InlineData("{'maxItems':2}", "[1,2,3]", " must have at most 2 items, but has 3")]
    [InlineData("{'uniqueItems':true}", "[{'a':1,'b':[2]},3,{'b':[2.0],'a':1}]", "/2 is the same as item 0; all must differ")]
    // combined
    [InlineData("{'allOf':[{'minimum':5},{'multipleOf':2}]}", "3", " must be at least 5, but is 3", " must be a multiple of 2, but is 3")]
    [InlineData("{'anyOf':[{'type':'string'},{'type':'integer'}]}", "true", " must be an integer or a string, but is a boolean")]
    [InlineData("{'anyOf':[{'type':'string'},{'properties':{'n':{'type':'integer'}},'type':'object'}]}", "{'n':'x'}", "/n must be an integer, but is a string")]
    [InlineData("{'oneOf':[{'required':['a','b']},{'required':['c']}]}", "{}", "/c is required (or fit another of the 2 alternatives; number 2 is the nearest)")]
    [InlineData("{'oneOf':[{'minimum':1},{'minimum':2},{'minimum':9}]}", "3", " must fit exactly one of the 3 alternatives, but fits 2 of them (1, 2)")]
    [InlineData("{'not':{'type':'string'}}", "'a'", " must not fit the schema under 'not', but does")]
    [InlineData("{'not':{'enum':['a','b']}}", "'a'", " must not be one of \"a\", \"b\"")]
    [InlineData("{'if':{'properties':{'kind':{'const':'card'}}},'then':{'required':['number']},'else':{'required':['iban']}}", "{'kind':'card'}", "/number is required")]
    [InlineData("{'if':{'properties':{'kind':{'const':'card'}}},'then':{'required':['number']},'else':{'required':['iban']}}", "{'kind':'bank'}", "/iban is required")]
    // references
    [InlineData("{'$defs':{'n':{'type':'integer'}},'$ref':'#/$defs/n','minimum':5}", "4", " must be at least 5, but is 4")]
    [InlineData("{'properties':{'next':{'$ref':'#'},'value':{'type':'integer'}}}", "{'next':{'next':{'value':'x'}}}", "/next/next/value must be an integer, but is a string")]
    public void Is_refused_with_its_place_and_what_is_wrong(string schema, string value, params string[] faults) => Assert.Equal(faults, Faults(schema, value));

    [Theory]
    [InlineData("date", "2030-01-31 2024-02-29 0001-01-01", "2030-02-29 2030-1-31 30-01-31 2030-01-31T00:00:00Z 2030-13-01 ٢٠٣٠-01-31")]
    [InlineData("time", "09:00:00Z 23:59:59.123456+05:30 23:59:60Z 15:59:60-08:00 00:29:60+00:30 09:00:00z", "09:00 09:00:00 24:00:00Z 09:60:00Z 22:59:60Z 09:00:00+24:00 09:00:00+0530 09:00:00.Z 9:00:00Z 09:00:00ZZ")]
    [InlineData("date-time", "2030-01-31T09:00:00Z 2030-01-31t09:00:00.5-01:00 1998-12-31T23:59:60Z", "2030-01-31 2030-01-31T09:00:00 2030-02-30T09:00:00Z 2030-01-31x09:00:00Z")]
    [InlineData("duration", "P4D PT1H30M P1Y2M3DT4H5M6S P2W PT0S P1M", "P PT P1DT 4D P1D2Y PT1D P1H P1WT1H P1W2D P1.5D -P1D p1d P2D3D")]
    [InlineData("email", "ann@example.org a.b+c@x.y \"a.b c\"@example.org a@[127.0.0.1] a@[IPv6:::1] o'neil@example.org", "ann a@ @b a..b@c .a@b a.@b a@-b a@b- a@b..c a@b_c a@.b a@[300.0.0.1]")]
    [InlineData("uri", "https://example.org/a?b=c#d urn:isbn:123 mailto:a@b.c http://[::1]:80/ ftp://ftp.is.co.za/rfc/rfc1808.txt", "/a example.org //example.org http://a{b} http://a/%zz 1http://a http://a\\b http:// ::")]
    [InlineData("uuid", "6f1f9a3e-0a53-4c2a-9b0e-3d1c6f1b7a52 6F1F9A3E-0A53-4C2A-9B0E-3D1C6F1B7A52", "6f1f9a3e0a534c2a9b0e3d1c6f1b7a52 6f1f9a3e-0a53-4c2a-9b0e-3d1c6f1b7a5 6f1f9a3e-0a53-4c2a-9b0e-3d1c6f1b7a5g {6f1f9a3e-0a53-4c2a-9b0e-3d1c6f1b7a52}")]
    public void Formats_are_asserted(string format, string fitting, string wrong)
    {
        JsonSchema schema = JsonSchema.Parse($$"""{"format":"{{format}}"}""");
        // A quoted local part of an address may hold a space.
        foreach (string text in fitting.Replace("b c", "b_c", StringComparison.Ordinal).Split(' ').Select(t => t.Replace("b_c", "b c", StringComparison.Ordinal)))
        {
            Assert.True(schema.TryValidate(Value.Of(text), out _, out _), text);
        }

        foreach (string text in wrong.Split(' ').Append("").Append(new string('1', 100_000)))
        {
            Assert.False(schema.TryValidate(Value.Of(text), out _, out _), text);
        }

        Assert.True(schema.TryValidate(Value.Of(5m), out _, out _));
    }

    [Theory]
    [InlineData(@"^\d+$", "123", "١٢٣")]
    [InlineData(@"^\d+$", "1", "1\n")]
    [InlineData(@"^\w$", "a", "ä")]
    [InlineData(@"^\W$", "ä", "a")]
    [InlineData(@"^[\W]$", "ä", "_")]
    [InlineData(@"^[\D]$", "x", "1")]
    [InlineData(@"^[^\d]$", "x", "1")]
    [InlineData(@"^[\w-.]+$", "a-b.c", "a/b")]
    [InlineData(@"^[\w.-]+$", "a-b.c", "a/b")]
    [InlineData(@"^.$", "a", "\u2028")]
    [InlineData(@"^[a-z-[x]$", "[", "]")]
    [InlineData(@"^\u0061\u{1F600}$", "a😀", "a")]
    [InlineData(@"^[]$|^b", "b", "]")]
    [InlineData(@"^[^]$", "\n", "ab")]
    [InlineData(@"^(?<a>x)\k<a>$", "xx", "xy")]
    [InlineData(@"^(?=.*[0-9]).{3,}$", "ab1", "abc")]
    [InlineData(@"^a\/b\.c$", "a/b.c", "a/bxc")]
    [InlineData(@"^\cJ\x41\t$", "\nA\t", "A")]
    [InlineData(@"^(?:a|b){2}$", "ab", "abc")]
    [InlineData(@"^.{1,5000}$", "a", "")]
    public void Patterns_mean_what_they_mean_in_ECMA_262(string pattern, string fitting, string wrong)
    {
        SchemaPattern? compiled = SchemaPattern.Create(pattern, out string fault);
        Assert.True(compiled is not null, fault);
        Assert.True(compiled.IsMatch(fitting));
        Assert.False(compiled.IsMatch(wrong));
    }

    [Fact]
    public void All_faults_are_told_up_to_a_number()
    {
        JsonSchema schema = JsonSchema.Parse("""{"items":{"type":"integer","maximum":3}}""");

        Assert.Equal(["/0", "/2"], schema.Faults(Value.Parse("[4,1,\"a\"]")).Select(f => f.Pointer));
        Assert.Equal(JsonSchema.FaultsMax, schema.Faults(Value.List(Enumerable.Repeat(Value.Of(9m), 10_000).ToArray())).Count);
    }

    [Fact]
    public void Sentences_have_the_place_as_their_subject()
    {
        JsonSchema schema = JsonSchema.Parse("""{"type":"object","required":["a"]}""");

        Assert.Equal("'a' is required", Assert.Single(schema.Faults(Value.EmptyObject)).Sentence("the output"));
        Assert.Equal("the output must be an object, but is null", Assert.Single(schema.Faults(Value.Null)).Sentence("the output"));
    }

    private static string[] Faults(string schema, string value) =>
        JsonSchema.Parse(schema.Replace('\'', '"')).Faults(Value.Parse(value.Replace('\'', '"'))).Select(f => f.Pointer + " " + f.Message).ToArray();
}

internal static class SchemaTesting
{
    public static IReadOnlyList<SchemaFault> Faults(this JsonSchema schema, Value value)
    {
        bool fits = schema.TryValidate(value, out _, out IReadOnlyList<SchemaFault> faults);
        Assert.Equal(fits, faults.Count == 0);
        return faults;
    }
}
