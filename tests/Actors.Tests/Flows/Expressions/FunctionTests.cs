using System.Text;
using Actors.Flows;

namespace Actors.Tests.Flows;

/// <summary>Every function and operator by example.</summary>
public sealed class FunctionTests
{
    [Theory]
    // operators
    [InlineData("1..4", "[1,2,3,4]")]
    [InlineData("3..3", "[3]")]
    [InlineData("3..1", "[]")]
    [InlineData("-1..inputs.n - 2", "[-1,0,1]")]
    [InlineData("(1..4)[1:3]", "[2,3]")]
    [InlineData("2 in 1..3", "true")]
    [InlineData("inputs.list[-1]", "3")]
    [InlineData("inputs.list[1:]", "[2,3]")]
    [InlineData("inputs.list[:2]", "[1,2]")]
    [InlineData("inputs.list[-2:-1]", "[2]")]
    [InlineData("inputs.list[:]", "[1,2,3]")]
    [InlineData("inputs.list[5:9]", "[]")]
    [InlineData("inputs.text[1:]", "\"bc\"")]
    [InlineData("'a😀b'[0:2]", "\"a\"")]
    [InlineData("'a😀b'[2:]", "\"b\"")]
    [InlineData("inputs.none?[1:2]", "null")]
    [InlineData("{a: 1, 'b c': inputs.n, d: {}}", "{\"a\":1,\"b c\":3,\"d\":{}}")]
    [InlineData("{a: {b: '}'}}.a.b", "\"}\"")]
    [InlineData("inputs.flag ? 'y' : 'n'", "\"y\"")]
    [InlineData("inputs.none ? 1 : inputs.n == 3 ? 2 : 3", "2")]
    [InlineData("inputs.flag ?[1] : [2]", "[1]")]
    [InlineData("false ? inputs.zz.q : 1", "1")]
    [InlineData("4 not in inputs.list", "true")]
    [InlineData("not 4 in inputs.list", "true")]
    [InlineData("'x' not in inputs.names and true", "false")]
    [InlineData("inputs.names | length", "2")]
    [InlineData("inputs.names|length > 1", "true")]
    [InlineData("inputs.names | join('-') | upper", "\"X-Y\"")]
    [InlineData("inputs.zz | default('n')", "\"n\"")]
    [InlineData("1 + 1 | pow(3)", "8")]
    [InlineData("inputs.zz ?? [] | length", "0")]
    [InlineData("inputs.empty || inputs.flag", "true")]
    [InlineData("steps.my-step.v", "7")]
    [InlineData("steps['my-step'].v", "7")]
    [InlineData("state.count + length(state.seen)", "5")]
    [InlineData("flow.name + run.id", "\"shopr1\"")]
    [InlineData("env.REGION", "\"eu\"")]
    [InlineData("env['REGION']", "\"eu\"")]
    [InlineData("env.UNSET ?? 'd'", "\"d\"")]
    // texts
    [InlineData("length('abc') + length([1]) + length({a: 1, b: 2})", "6")]
    [InlineData("lower('ÄB')", "\"äb\"")]
    [InlineData("upper('ıß')", "\"ıß\"")]
    [InlineData("trim(' a ')", "\"a\"")]
    [InlineData("contains('abc', 'bc')", "true")]
    [InlineData("contains(inputs.none, 'b')", "false")]
    [InlineData("starts_with('abc', 'ab')", "true")]
    [InlineData("ends_with('abc', 'ab')", "false")]
    [InlineData("replace('a-b-c', '-', '+')", "\"a+b+c\"")]
    [InlineData("replace('aaa', 'aa', 'b')", "\"ba\"")]
    [InlineData("split('a,,b', ',')", "[\"a\",\"\",\"b\"]")]
    [InlineData("join([1, null, 'x'], '-')", "\"1--x\"")]
    [InlineData("substring('abcdef', 2)", "\"cdef\"")]
    [InlineData("substring('abcdef', -3, 2)", "\"de\"")]
    [InlineData("substring('abc', 9, 2)", "\"\"")]
    [InlineData("pad_left(7, 3, '0')", "\"007\"")]
    [InlineData("pad_right('a', 3) + '|'", "\"a  |\"")]
    [InlineData("repeat('ab', 3)", "\"ababab\"")]
    [InlineData("repeat('ab', 0)", "\"\"")]
    [InlineData("url_encode('a b/ä?')", "\"a%20b%2F%C3%A4%3F\"")]
    [InlineData("base64('ä!')", "\"w6Qh\"")]
    [InlineData("base64_decode('w6Qh')", "\"ä!\"")]
    [InlineData("sha256('abc')", "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"")]
    [InlineData("matches('ab12', '^[a-z]+\\\\d{2}$')", "true")]
    [InlineData("matches('xab12', '^b')", "false")]
    // numbers
    [InlineData("round(2.5) + round(-2.5)", "0")]
    [InlineData("round(2.345, 2)", "2.35")]
    [InlineData("floor(-1.5)", "-2")]
    [InlineData("ceil('1.2')", "2")]
    [InlineData("abs(-3.5)", "3.5")]
    [InlineData("min(3, 1, 2)", "1")]
    [InlineData("min([])", "null")]
    [InlineData("max(inputs.items, x => x.price)", "5")]
    [InlineData("sum(inputs.items, x => x.price)", "8")]
    [InlineData("sum(inputs.items, (x, i) => x.price * i)", "7")]
    [InlineData("sum([])", "0")]
    [InlineData("avg([1, 2, 4.5])", "2.5")]
    [InlineData("avg([])", "null")]
    [InlineData("pow(2, 10)", "1024")]
    [InlineData("pow(2, -2)", "0.25")]
    [InlineData("pow(10, 300) > 1", "true")]
    [InlineData("number(' 12 ')", "12")]
    [InlineData("format_number(1234567.891, 'N2')", "\"1,234,567.89\"")]
    [InlineData("format_number(0.5, 'F0')", "\"1\"")]
    [InlineData("format_number(0.1234, 'P1')", "\"12.3%\"")]
    // lists
    [InlineData("first(inputs.list)", "1")]
    [InlineData("first([])", "null")]
    [InlineData("last(inputs.list)", "3")]
    [InlineData("reverse(inputs.list)", "[3,2,1]")]
    [InlineData("flatten([1, [2, [3]]])", "[1,2,[3]]")]
    [InlineData("flatten([1, [2, [3]]], 2)", "[1,2,3]")]
    [InlineData("unique([1, '1', 1.0, {a: 1, b: 2}, {b: 2, a: 1}])", "[1,\"1\",{\"a\":1,\"b\":2}]")]
    [InlineData("slice(inputs.list, 1)", "[2,3]")]
    [InlineData("slice('abc', 0, -1)", "\"ab\"")]
    [InlineData("concat([1], [], [2, 3])", "[1,2,3]")]
    [InlineData("index_of(inputs.list, '2')", "1")]
    [InlineData("index_of('abc', 'z')", "-1")]
    [InlineData("range(3)", "[0,1,2]")]
    [InlineData("range(1, 3)", "[1,2]")]
    [InlineData("range(3, 0, -1.5)", "[3,1.5]")]
    [InlineData("range(0, 5, 2)", "[0,2,4]")]
    [InlineData("zip([1, 2], ['a', 'b', 'c'])", "[[1,\"a\"],[2,\"b\"]]")]
    [InlineData("chunk(1..5, 2)", "[[1,2],[3,4],[5]]")]
    [InlineData("to_csv([{a: 1, b: 'x,y'}, {b: 'q\"', c: null}])", "\"a,b,c\\n1,\\\"x,y\\\",\\n,\\\"q\\\"\\\"\\\",\"")]
    [InlineData("to_csv([[1, 2], ['a']])", "\"1,2\\na\"")]
    [InlineData("map(inputs.items, x => x.id)", "[\"a\",\"b\",\"a\"]")]
    [InlineData("inputs.items | map((x, i) => i + x.price)", "[2,6,3]")]
    [InlineData("filter(inputs.items, x => x.price > 1) | length", "2")]
    [InlineData("find(inputs.items, x => x.id == 'b').price", "5")]
    [InlineData("find(inputs.items, x => x.id == 'q')", "null")]
    [InlineData("any(inputs.items, x => 'z' in x.tags)", "true")]
    [InlineData("any([0, '', null])", "false")]
    [InlineData("all(inputs.items, x => x.price > 1)", "false")]
    [InlineData("all([])", "true")]
    [InlineData("count(inputs.items)", "3")]
    [InlineData("count(inputs.items, x => x.id == 'a')", "2")]
    [InlineData("sort([3, '10', null, 1])", "[null,1,3,\"10\"]")]
    [InlineData("sort(['b', 'a', 'B'])", "[\"B\",\"a\",\"b\"]")]
    [InlineData("sort([true, false])", "[false,true]")]
    [InlineData("map(sort(inputs.items, x => x.price), x => x.price)", "[1,2,5]")]
    [InlineData("map(sort(inputs.items, x => x.id), x => x.price)", "[2,1,5]")]
    [InlineData("group_by(inputs.items, x => x.id) | keys", "[\"a\",\"b\"]")]
    [InlineData("group_by([1, 2, 3], x => x % 2)", "{\"1\":[1,3],\"0\":[2]}")]
    [InlineData("unique_by(inputs.items, x => x.id) | map(x => x.price)", "[2,5]")]
    [InlineData("reduce(inputs.list, 10, (sum, x) => sum + x)", "16")]
    [InlineData("reduce([5, 6], [], (acc, x, i) => concat(acc, [x * i]))", "[0,6]")]
    [InlineData("map(1..2, x => map(1..2, y => x * 10 + y))", "[[11,12],[21,22]]")]
    // objects
    [InlineData("keys({a: 1, b: 2})", "[\"a\",\"b\"]")]
    [InlineData("values({a: 1, b: 2})", "[1,2]")]
    [InlineData("entries({a: 1})", "[{\"key\":\"a\",\"value\":1}]")]
    [InlineData("from_entries([{key: 'a', value: 1}, ['b', 2], ['a', 3]])", "{\"a\":3,\"b\":2}")]
    [InlineData("merge({a: {x: 1, y: 1}, b: 1}, {a: {y: 2}}, {c: 3})", "{\"a\":{\"x\":1,\"y\":2},\"b\":1,\"c\":3}")]
    [InlineData("get(inputs, 'items[1].tags[-1]')", "\"z\"")]
    [InlineData("get(inputs.zz, 'a', 'd')", "\"d\"")]
    [InlineData("get(inputs.o, ['a', 'b'])", "\"deep\"")]
    [InlineData("pick({a: 1, b: 2, c: 3}, 'c', 'a', 'q')", "{\"a\":1,\"c\":3}")]
    [InlineData("omit({a: 1, b: 2, c: 3}, ['a', 'b'])", "{\"c\":3}")]
    [InlineData("has(inputs.o, 'a')", "true")]
    [InlineData("has(inputs.zz, 'a')", "false")]
    // dates
    [InlineData("now()", "\"2030-01-31T07:05:07.25Z\"")]
    [InlineData("date('2030-01-31')", "\"2030-01-31T00:00:00Z\"")]
    [InlineData("date('2030-01-31T10:00:00+02:00')", "\"2030-01-31T08:00:00Z\"")]
    [InlineData("add('2030-01-31', '1d')", "\"2030-02-01T00:00:00Z\"")]
    [InlineData("add('2030-01-31', '-1h30m')", "\"2030-01-30T22:30:00Z\"")]
    [InlineData("add('2030-01-31', '1mo')", "\"2030-02-28T00:00:00Z\"")]
    [InlineData("add('2028-02-29', '-1y')", "\"2027-02-28T00:00:00Z\"")]
    [InlineData("add('2030-01-31', 1.5)", "\"2030-01-31T00:00:01.5Z\"")]
    [InlineData("diff('2030-01-31', '2030-02-01T12:00:00Z')", "1.5")]
    [InlineData("diff('2030-02-01', '2030-01-31', 'hours')", "-24")]
    [InlineData("format_date('2030-01-05T15:04:09Z', 'd. MMMM yyyy HH:mm')", "\"5. January 2030 15:04\"")]
    [InlineData("format_date('2030-01-05', 'd')", "\"5\"")]
    [InlineData("format_date('2030-01-05T03:00:00Z', \"h 'hours' tt\")", "\"3 hours AM\"")]
    [InlineData("year('2030-01-31') + month('2030-01-31') + day('2030-01-31')", "2062")]
    [InlineData("year('2030-01-01T00:30:00+02:00')", "2029")]
    [InlineData("format_date('2030-01-01T00:30:00+02:00', 'yyyy-MM-dd HH')", "\"2029-12-31 22\"")]
    [InlineData("[weekday('2030-01-28'), weekday('2030-02-03')]", "[1,7]")]
    // conversions
    [InlineData("text({a: [1, 'x']})", "\"{\\\"a\\\":[1,\\\"x\\\"]}\"")]
    [InlineData("stringify(null)", "\"\"")]
    [InlineData("json('a\"b')", "\"\\\"a\\\\\\\"b\\\"\"")]
    [InlineData("tojson([true])", "\"[true]\"")]
    [InlineData("parse_json('{\"a\": [1, 2.50]}').a[1]", "2.50")]
    [InlineData("[type(null), type(true), type(1), type(''), type([]), type({})]", "[\"null\",\"boolean\",\"number\",\"text\",\"list\",\"object\"]")]
    [InlineData("default(null, 4)", "4")]
    [InlineData("coalesce(inputs.zz.q, null, inputs.n)", "3")]
    public void Expressions_have_these_values(string expression, string json) => Assert.Equal(json, Expressions.Of(expression).ToJsonText());

    [Theory]
    [InlineData("inputs.text | round", "round needs a number, but has a text")]
    [InlineData("map(inputs.text, x => x)", "map needs a list, but has a text")]
    [InlineData("reverse(inputs.none)", "reverse needs a list, but has null")]
    [InlineData("keys(inputs.list)", "keys needs an object, but has a list")]
    [InlineData("1..inputs.text", "'..' needs two whole numbers, but has a text")]
    [InlineData("1..inputs.o.n", "'..' needs two whole numbers, but has a number (2.50)")]
    [InlineData("inputs.list[inputs.text:]", "a slice needs whole numbers, but has a text")]
    [InlineData("inputs.n[0:1]", "'inputs.n' is a number, so it has no slice")]
    [InlineData("sort([1, inputs.text])", "sort cannot compare a text with a number")]
    [InlineData("sort(inputs.items)", "sort cannot order objects; give a function")]
    [InlineData("group_by(inputs.items, x => x.tags)", "group_by needs a text as key, but has a list")]
    [InlineData("replace(inputs.text, inputs.empty, 'x')", "replace needs a part that is not empty")]
    [InlineData("chunk(inputs.list, inputs.n - 3)", "chunk needs a size from 1")]
    [InlineData("range(0, inputs.n, 0)", "a step that is not zero")]
    [InlineData("pow(2, inputs.o.n)", "pow needs a whole exponent")]
    [InlineData("date(inputs.text)", "date needs a date like")]
    [InlineData("add('9999-12-31', inputs.num + 'd')", "beyond the calendar")]
    [InlineData("parse_json(inputs.text)", "parse_json needs a JSON text")]
    [InlineData("parse_json('\"\\\\ud800\"')", "parse_json needs a JSON text")]
    [InlineData("parse_json('[\"\\\\ud800\"]')", "parse_json needs a JSON text")]
    [InlineData("base64_decode(inputs.text)", "base64_decode needs the Base64 of a text")]
    [InlineData("base64_decode('/w==')", "base64_decode needs the Base64 of a text")]
    [InlineData("matches('a', inputs.text + '(')", "is no regular expression")]
    [InlineData("from_entries([inputs.n])", "from_entries needs a list of")]
    [InlineData("to_csv(inputs.list)", "to_csv needs a list of objects")]
    [InlineData("env.UNSET", "env.UNSET is not set")]
    [InlineData("map(inputs.items, x => x.prize)", "'x' has no field 'prize'. Did you mean 'price'?")]
    [InlineData("get(inputs, 'a[x]')", "cannot read the path")]
    public void Faults_say_what_is_there(string expression, string message) =>
        Assert.Contains(message, Assert.Throws<ExpressionException>(() => Expressions.Of(expression)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("round(inputs.zz)", "null")]
    [InlineData("length(inputs.zz)", "0")]
    [InlineData("sum(inputs.zz)", "0")]
    [InlineData("map(inputs.zz, x => x.a)", "[]")]
    [InlineData("keys(inputs.zz)", "[]")]
    [InlineData("1..inputs.zz", "null")]
    [InlineData("inputs.zz[1:2]", "null")]
    [InlineData("add(inputs.zz, '1d')", "null")]
    [InlineData("env.UNSET", "null")]
    [InlineData("inputs.zz in inputs.list", "false")]
    public void What_is_missing_is_null_for_clean_up(string expression, string json)
    {
        Assert.Equal(json, Expressions.Of(expression, Missing.Null).ToJsonText());
        Assert.Equal(ExpressionException.Missing, Assert.Throws<ExpressionException>(() => Expressions.Of(expression)).Code);
    }

    [Fact]
    public void The_documentation_has_the_table_of_all_functions()
    {
        string document = File.ReadAllText(Path.Combine(Repository.Root, "src/Actors/Flows/Expressions/README.md")).ReplaceLineEndings("\n");
        Assert.True(document.EndsWith("\n\n" + Function.Document().TrimEnd() + "\n", StringComparison.Ordinal), "The document must end with:\n" + Function.Document());
    }

    [Fact]
    public void Every_function_has_an_example_here()
    {
        string examples = File.ReadAllText(Path.Combine(Repository.Root, "tests/Actors.Tests/Flows/Expressions/FunctionTests.cs"));
        Assert.All(Function.All.Keys, name => Assert.True(
            examples.Contains($"[InlineData(\"{name}(", StringComparison.Ordinal) || examples.Contains($" {name}(", StringComparison.Ordinal) || examples.Contains($"[{name}(", StringComparison.Ordinal), name));
    }

    [Fact]
    public void A_random_text_goes_through_base64_and_json_unchanged()
    {
        Random random = new(5);
        for (int i = 0; i < 200; i++)
        {
            StringBuilder text = new();
            for (int j = random.Next(20); j > 0; j--)
            {
                text.Append(new Rune(random.Next(0x20, 0xD000)).ToString());
            }

            Variables variables = new(null);
            variables.Set("inputs", Value.Object(new KeyValuePair<string, Value>("t", Value.Of(text.ToString()))));
            Template template = TemplateText.Parse("${[base64_decode(base64(inputs.t)), parse_json(json(inputs.t))]}", Expressions.Names(), 1);
            Assert.Equal(Value.List(Value.Of(text.ToString()), Value.Of(text.ToString())), template.Evaluate(new Evaluation(variables, Missing.Fails)));
        }
    }
}
