using System.Text;
using Actors.Flows;

namespace Actors.Tests.Flows;

public sealed class ExpressionTests
{
    private const string Data = """
        {"n":3,"text":"abc","num":"10","flag":true,"none":null,"empty":"","list":[1,2,3],"names":["x","y"],
         "o":{"a":{"b":"deep"},"x-y":1,"inject":"${inputs.text}","n":2.50}}
        """;

    [Theory]
    // paths
    [InlineData("inputs.n", "3")]
    [InlineData("inputs.o.a.b", "\"deep\"")]
    [InlineData("inputs.o['x-y']", "1")]
    [InlineData("inputs['o']['a'].b", "\"deep\"")]
    [InlineData("inputs.list[0]", "1")]
    [InlineData("inputs.list[inputs.n - 1]", "3")]
    [InlineData("inputs.list.length", "3")]
    [InlineData("inputs.o?.zz", "null")]
    [InlineData("inputs.o?.zz.q.r", "null")]
    [InlineData("inputs.none?.x", "null")]
    [InlineData("inputs.list?[9]", "null")]
    [InlineData("inputs.zz ?? 'd'", "\"d\"")]
    [InlineData("inputs.o.zz.q ?? inputs.none ?? 5", "5")]
    [InlineData("my-step.v", "7")]
    [InlineData("my-step.v-1", "6")]
    [InlineData("my-step?.nothing", "null")]
    // literals
    [InlineData("'it\\'s'", "\"it's\"")]
    [InlineData("\"a\\n\"", "\"a\\n\"")]
    [InlineData("true", "true")]
    [InlineData("null", "null")]
    [InlineData("[1, 'a', null]", "[1,\"a\",null]")]
    [InlineData("-1.5e1", "-15")]
    // arithmetic
    [InlineData("0.1 + 0.2", "0.3")]
    [InlineData("0.1 + 0.2 == 0.3", "true")]
    [InlineData("1 + 2 * 3", "7")]
    [InlineData("(1 + 2) * 3", "9")]
    [InlineData("10 / 4", "2.5")]
    [InlineData("10 % 4", "2")]
    [InlineData("2 - 3 - 4", "-5")]
    [InlineData("-inputs.n + 1", "-2")]
    [InlineData("inputs.num + 1", "11")]
    [InlineData("'a' + 'b'", "\"ab\"")]
    [InlineData("9e27 * 9e27", "8.1E+55")]
    [InlineData("0.5 * 2", "1")]
    // comparison
    [InlineData("inputs.num == 10", "true")]
    [InlineData("10.0 == inputs.num", "true")]
    [InlineData("inputs.text == 10", "false")]
    [InlineData("'10' == '10.0'", "false")]
    [InlineData("inputs.none == null", "true")]
    [InlineData("inputs.zz.q == null", "true")]
    [InlineData("inputs.empty == null", "false")]
    [InlineData("inputs.text != 'abd'", "true")]
    [InlineData("'a' < 'b'", "true")]
    [InlineData("inputs.num > 9", "true")]
    [InlineData("2 >= 2 and 2 <= 2", "true")]
    [InlineData("inputs.list == [1, 2, 3.0]", "true")]
    [InlineData("2 in inputs.list", "true")]
    [InlineData("'b' in inputs.o.a", "true")]
    [InlineData("inputs.flag == 'true'", "false")]
    // logic
    [InlineData("inputs.flag and not inputs.none", "true")]
    [InlineData("inputs.flag && !inputs.empty", "true")]
    [InlineData("inputs.empty || inputs.none", "false")]
    [InlineData("not inputs.n == 3", "false")]
    [InlineData("false and inputs.list[99]", "false")]
    [InlineData("not not 1", "true")]
    // functions
    [InlineData("length(inputs.text)", "3")]
    [InlineData("length(inputs.o)", "4")]
    [InlineData("contains(inputs.text, 'b')", "true")]
    [InlineData("contains(inputs.list, '2')", "true")]
    [InlineData("upper(inputs.text)", "\"ABC\"")]
    [InlineData("lower('ÄB')", "\"äb\"")]
    [InlineData("join(inputs.names)", "\"x, y\"")]
    [InlineData("join(inputs.list, '-')", "\"1-2-3\"")]
    [InlineData("split('a,b', ',')[1]", "\"b\"")]
    [InlineData("json(inputs.names)", "\"[\\\"x\\\",\\\"y\\\"]\"")]
    [InlineData("default(inputs.zz.q, 4)", "4")]
    [InlineData("round(2.5)", "3")]
    [InlineData("round(2.345, 2)", "2.35")]
    [InlineData("min(inputs.list)", "1")]
    [InlineData("max(3, 9, 2)", "9")]
    [InlineData("sum(inputs.list)", "6")]
    [InlineData("number(' 12 ')", "12")]
    [InlineData("text(1.0) + ''", "\"1.0\"")]
    [InlineData("trim(' a ')", "\"a\"")]
    [InlineData("starts_with('abc', 'ab') and ends_with('abc', 'bc')", "true")]
    public void Expressions_have_these_values(string expression, string json) =>
        Assert.Equal(json, Evaluate("${" + expression + "}").ToJsonText());

    [Theory]
    [InlineData("a ${inputs.n} b", "a 3 b")]
    [InlineData("${inputs.none}|${inputs.flag}|${inputs.o.n}", "|true|2.50")]
    [InlineData("${inputs.list}!", "[1,2,3]!")]
    [InlineData("${inputs.o.a}!", "{\"b\":\"deep\"}!")]
    [InlineData("cost: $${x}", "cost: ${x}")]
    [InlineData("$5 and ${inputs.n}$", "$5 and 3$")]
    [InlineData("${'}'}{${\"${\"}", "}{${")]
    // what a value holds is never read as an expression
    [InlineData("<${inputs.o.inject}>", "<${inputs.text}>")]
    public void Templates_render_text(string template, string expected) => Assert.Equal(Value.Of(expected), Evaluate(template));

    [Fact]
    public void A_value_that_looks_like_an_expression_stays_text() => Assert.Equal("${inputs.text}", Evaluate("${inputs.o.inject}").ToString());

    [Theory]
    [InlineData("inputs.text == 'abc'", true)]
    [InlineData("${inputs.text == 'abc'}", true)]
    [InlineData("${inputs.text} == 'abc'", true)]
    [InlineData("${inputs.text} == \"abc\"", true)]
    [InlineData("${inputs.text} == abc", true)]
    [InlineData("${inputs.text} == abcd", false)]
    [InlineData("abc == ${inputs.text}", true)]
    [InlineData("${inputs.text} == abc and ${inputs.n} > 2", true)]
    [InlineData("${inputs.text} == in progress or ${inputs.n} == 3", true)]
    [InlineData("${inputs.text} != eu-west-1 && ${inputs.flag}", true)]
    [InlineData("${inputs.text} != 2024-01-02", true)]
    [InlineData("${inputs.flag} == true", true)]
    [InlineData("${inputs.flag} == True", true)]
    [InlineData("${inputs.none} == null", true)]
    [InlineData("${inputs.zz} == null", true)]
    [InlineData("${inputs.num} >= 10.0", true)]
    [InlineData("not ${inputs.flag}", false)]
    [InlineData("!(${inputs.n} > 2)", false)]
    [InlineData("length(${inputs.list}) == 3", true)]
    [InlineData("${inputs.n} == inputs.n", true)]
    [InlineData("${inputs.empty}", false)]
    [InlineData("inputs.list", true)]
    [InlineData("  inputs.n>2  ", true)]
    public void Conditions_work_in_all_three_styles(string condition, bool expected)
    {
        Condition compiled = new ExpressionCondition(ExpressionParser.ParseCondition(condition, Names(), 1), condition);
        Assert.Equal(expected, compiled.Test(new Evaluation(Variables(), Missing.Fails)));
    }

    [Theory]
    [InlineData("inputs.o.tezt", "'inputs.o' has no field 'tezt'; it has a, x-y, inject, n")]
    [InlineData("inputs.o.injct", "Did you mean 'inject'?")]
    [InlineData("inputs.none.x", "'inputs.none' is null, so it has no field 'x'")]
    [InlineData("skipped.x", "'skipped' is null (its step was skipped or gave nothing)")]
    [InlineData("inputs.list[3]", "'inputs.list' has 3 items, so it has no item [3]")]
    [InlineData("inputs.list[0-4]", "has no item [-4]")]
    [InlineData("inputs.text.x", "'inputs.text' is a text")]
    [InlineData("inputs.text > 3", "'>' cannot compare a text with a number")]
    [InlineData("inputs.none < 3", "'<' cannot compare null with a number")]
    [InlineData("inputs.text * 2", "'*' needs two numbers, but has a text and a number")]
    [InlineData("inputs.text + 1", "to join texts write")]
    [InlineData("1 / 0", "division by zero")]
    [InlineData("1 % 0", "division by zero")]
    [InlineData("sum(inputs.text)", "sum needs a list, but has a text")]
    [InlineData("length(inputs.n)", "length needs a text, a list or an object")]
    [InlineData("1e308 * 10", "too large")]
    [InlineData("join(inputs.big)", "longer than")]
    [InlineData("inputs.long + inputs.long", "longer than")]
    public void Faults_say_what_is_there(string expression, string message)
    {
        ExpressionException e = Assert.Throws<ExpressionException>(() => Evaluate("${" + expression + "}"));
        Assert.StartsWith("${" + expression + "}: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("inputs.o.zz.q", "null")]
    [InlineData("inputs.zz + 1", "null")]
    [InlineData("inputs.zz > 1", "false")]
    [InlineData("skipped.x.y", "null")]
    [InlineData("inputs.list[7]", "null")]
    public void Clean_up_takes_what_is_missing_as_null(string expression, string json) =>
        Assert.Equal(json, TemplateText.Parse("${" + expression + "}", Names(), 1).Evaluate(new Evaluation(Variables(), Missing.Null)).ToJsonText());

    [Theory]
    [InlineData("${inputs.n", "ACT1301", 0)]
    [InlineData("a ${", "ACT1301", 2)]
    [InlineData("${}", "ACT1301", 2)]
    [InlineData("${1 +}", "ACT1301", 5)]
    [InlineData("${(1}", "ACT1301", 4)]
    [InlineData("${'a}", "ACT1301", 2)]
    [InlineData("${1 2}", "ACT1301", 4)]
    [InlineData("${inputs.list|lenght}", "ACT1306", 14)]
    [InlineData("${inputs.list| |length}", "ACT1301", 15)]
    [InlineData("${1 = 1}", "ACT1301", 4)]
    [InlineData("${1 < 2 < 3}", "ACT1301", 8)]
    [InlineData("${inputs..n}", "ACT1302", 10)]
    [InlineData("${inputs...n}", "ACT1301", 10)]
    [InlineData("${${inputs.n}}", "ACT1301", 2)]
    [InlineData("${--1}", "ACT1301", 2)]
    [InlineData("${01}", "ACT1301", 2)]
    [InlineData("${#}", "ACT1301", 2)]
    [InlineData("${admin}", "ACT1302", 2)]
    [InlineData("${inputs.nn}", "ACT1304", 9)]
    [InlineData("${env.HOME}", "ACT1105", 2)]
    [InlineData("${secrets.key}", "ACT1313", 2)]
    [InlineData("${error.type}", "ACT1307", 2)]
    [InlineData("${item}", "ACT1307", 2)]
    [InlineData("${lenght('a')}", "ACT1306", 2)]
    [InlineData("${length()}", "ACT1306", 2)]
    [InlineData("${round(1, 2, 3)}", "ACT1306", 2)]
    [InlineData("${later.x}", "ACT1303", 2)]
    [InlineData("${my-step.w}", "ACT1305", 10)]
    public void Wrong_expressions_have_a_rule_and_a_place(string template, string rule, int offset)
    {
        ExpressionSyntaxException e = Assert.Throws<ExpressionSyntaxException>(() => TemplateText.Parse(template, Names(strict: true), 5));
        Assert.Equal((rule, offset), (e.Rule, e.Offset));
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("not ", "")]
    [InlineData("!", "")]
    [InlineData("1+", "")]
    [InlineData("1??", "")]
    [InlineData("length(", ")")]
    [InlineData("true and ", "")]
    public void Deep_or_long_expressions_are_refused_or_evaluated_but_never_overflow(string open, string close)
    {
        foreach (int depth in (int[])[50, 1_000, 100_000])
        {
            string text = string.Concat(Enumerable.Repeat(open, depth)) + "'a'" + string.Concat(Enumerable.Repeat(close, depth));
            try
            {
                TemplateText.Parse("${" + text + "}", Names(), 1).Evaluate(new Evaluation(Variables(), Missing.Fails));
            }
            catch (Exception e) when (e is ExpressionSyntaxException or ExpressionException)
            {
                Assert.InRange(e.Message.Length, 1, 500);
            }
        }
    }

    [Fact]
    public void Random_text_is_an_expression_or_a_fault()
    {
        const string Alphabet = "inputs.n()[]'\"+-*/%!=<>&|?: ${}019eE_a\\,";
        Random random = new(11);
        for (int i = 0; i < 10_000; i++)
        {
            StringBuilder text = new("${");
            for (int j = random.Next(30); j > 0; j--)
            {
                text.Append(random.Next(6) == 0 ? "inputs.n" : Alphabet[random.Next(Alphabet.Length)].ToString());
            }

            text.Append('}');
            string source = text.ToString();
            try
            {
                TemplateText.Parse(source, Names(), 1).Evaluate(new Evaluation(Variables(), Missing.Fails));
                new ExpressionCondition(ExpressionParser.ParseCondition(source[2..^1], Names(), 1), source).Test(new Evaluation(Variables(), Missing.Fails));
            }
            catch (Exception e) when (e is ExpressionException or ExpressionSyntaxException)
            {
                Assert.False(e is ExpressionSyntaxException s && (s.Offset < 0 || s.Offset > source.Length), source);
            }
        }
    }

    [Fact]
    public void An_evaluation_has_a_limit_of_steps()
    {
        Value many = Value.List(Enumerable.Repeat(Value.Of(1m), Evaluation.StepsMax + 1).ToArray());
        Variables variables = new(null);
        variables.Set("inputs", Value.Object([new("many", many)]));
        Names names = new(null, new FlowIds());
        names.Add(new Name("inputs", NameKind.Inputs, 0));
        ExpressionException e = Assert.Throws<ExpressionException>(() =>
            TemplateText.Parse("${sum(inputs.many)}", names, 1).Evaluate(new Evaluation(variables, Missing.Fails)));
        Assert.Equal(ExpressionException.TooMuch, e.Code);
    }

    private static Value Evaluate(string template) => TemplateText.Parse(template, Names(), 1).Evaluate(new Evaluation(Variables(), Missing.Fails));

    private static Names Names(bool strict = false)
    {
        FlowIds ids = new();
        ids.Lines["later"] = 9;
        Names names = new(null, ids);
        string[] known = [.. Value.Parse(Data).AsObject!.Entries.Select(e => e.Key), "big", "long"];
        names.Add(new Name("inputs", NameKind.Inputs, 0, strict ? known : null));
        names.Add(new Name("my-step", NameKind.Step, 1, strict ? ["v"] : null));
        names.Add(new Name("skipped", NameKind.Step, 2));
        return names;
    }

    private static Variables Variables()
    {
        Variables variables = new(null);
        List<KeyValuePair<string, Value>> entries = [.. Value.Parse(Data).AsObject!.Entries];
        entries.Add(new("long", Value.Of(new string('x', Evaluation.TextLengthMax - 5))));
        entries.Add(new("big", Value.List(Value.Of(new string('x', 600_000)), Value.Of(new string('y', 600_000)))));
        variables.Set("inputs", Value.Object(entries));
        variables.Set("my-step", Value.Parse("""{"v":7}"""));
        return variables;
    }
}
