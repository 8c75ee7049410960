using System.Text;
using Actors.Flows;

namespace Actors.Tests.Flows;

/// <summary>Hostile expressions end soon, with a fault that says why.</summary>
public sealed class LimitTests
{
    [Theory]
    [InlineData("reduce(1..1000, 'x', (a, x) => a + a)")]
    [InlineData("reduce(1..1000, [1], (a, x) => concat(a, a))")]
    [InlineData("reduce(1..1000, [1], (a, x) => [a, a])")]
    [InlineData("reduce(1..40, 'x', (a, x) => {a: a, b: a})")]
    [InlineData("reduce(1..1000, {x: 1}, (a, x) => merge(a, {a: a}))")]
    [InlineData("reduce(1..100000, {}, (a, x) => {a: a})")]
    [InlineData("reduce(1..100000, [], (a, x) => [a])")]
    [InlineData("reduce(1..100000, [], (a, x) => concat(a, [x]))")]
    [InlineData("reduce(1..100000, '', (a, x) => a + 'x')")]
    [InlineData("reduce(1..1000, 'x', (a, x) => json(a))")]
    [InlineData("reduce(1..15, [[1]], (a, x) => flatten([a, a, a, a]))")]
    [InlineData("map(1..100000, x => map(1..100000, y => y))")]
    [InlineData("map(1..100000, x => map(1..100000, y => map(1..100000, z => 1)))")]
    [InlineData("map(1..100000, x => repeat('x', 1000000))")]
    [InlineData("map(1..100000, x => 1..100000)")]
    [InlineData("any(1..100000, x => any(1..100000, y => x + y == 0))")]
    [InlineData("all(1..100000, x => repeat('x', 1000) == repeat('x', 1000))")]
    [InlineData("repeat(repeat('x', 1000), 100000)")]
    [InlineData("repeat('x', 999999999999)", false)]
    [InlineData("replace(repeat('a', 100000), 'a', repeat('b', 100000))")]
    [InlineData("join(map(1..100000, x => 'y'), repeat('z', 1000))")]
    [InlineData("pad_left('', 100000000)", false)]
    [InlineData("1..1000000000")]
    [InlineData("range(0, 1, 0.0000000000000001)")]
    [InlineData("range(-79228162514264337593543950335, 79228162514264337593543950335)")]
    [InlineData("zip(1..100000, 1..100000, 1..100000, 1..100000, 1..100000, 1..100000, 1..100000, 1..100000, 1..100000, 1..100000, 1..100000)")]
    [InlineData("map(1..10000, x => sort(1..10000))")]
    [InlineData("map(1..1000, x => unique(map(1..1000, y => {a: x, b: y})))")]
    [InlineData("map(1..100000, x => split(repeat('a,', 10000), ','))")]
    [InlineData("map(1..100000, x => parse_json(repeat('[', 50) + repeat(']', 50)))")]
    [InlineData("map(1..100000, x => matches(repeat('a', 60000), '^(a|aa|aaa)+b$'))")]
    [InlineData("map(1..100000, x => matches('a', 'a' + text(x)))")]
    [InlineData("map(1..100000, x => pow(1.0000001, 1000))")]
    [InlineData("map(1..100000, x => sha256(repeat('a', 1000000)))")]
    [InlineData("map(1..100000, x => contains(inputs.long, 'y'))")]
    [InlineData("map(1..100000, x => inputs.long < inputs.long)")]
    [InlineData("map(1..100000, x => upper(inputs.long))")]
    [InlineData("map(1..100000, x => starts_with(inputs.long, 'y'))")]
    [InlineData("map(1..100000, x => inputs.wide == inputs.wide)")]
    [InlineData("map(1..100000, x => json(inputs.wide))")]
    [InlineData("map(1..100000, x => keys(from_entries(map(1..100, y => [y, 1]))))")]
    [InlineData("map(1..100000, x => to_csv(inputs.wide))")]
    [InlineData("to_csv(map(1..3000, x => from_entries([['c' + json(x), repeat('v', 50)]])))")]
    [InlineData("group_by(1..100000, x => repeat('k', 1000) + json(x))")]
    public void A_bomb_goes_off_in_the_limit(string expression, bool isLimit = true)
    {
        Variables variables = new(null);
        variables.Set("inputs", Value.Object(
            new("long", Value.Of(new string('x', 1_000_000))), new("wide", Value.List([.. Enumerable.Range(0, 10_000).Select(static i => Value.List(Value.Of((decimal)i)))]))));
        Template template = TemplateText.Parse("${" + expression + "}", Expressions.Names(), 1);
        ExpressionException first = Assert.Throws<ExpressionException>(() => template.Evaluate(new Evaluation(variables, Missing.Fails)));
        Assert.Equal(isLimit ? ExpressionException.TooMuch : null, first.Code);
        Assert.Equal(first.Message, Assert.Throws<ExpressionException>(() => template.Evaluate(new Evaluation(variables, Missing.Null))).Message);
    }

    [Theory]
    [InlineData("{{#each 1..100000 as x}}{{#each 1..100000 as y}}{{y}}{{/each}}{{/each}}")]
    [InlineData("{{#each 1..100000 as x}}{{#each 1..100000 as y}}{{/each}}{{/each}}")]
    [InlineData("{{#each 1..100000 as x}}{{repeat('x', 1000)}}{{/each}}")]
    [InlineData("{{repeat('x', 1000000)}}{{repeat('x', 1000000)}}")]
    public void So_does_one_in_a_text(string template) =>
        Assert.Equal(ExpressionException.TooMuch, Assert.Throws<ExpressionException>(() => Expressions.Evaluate(template)).Code);

    [Fact]
    public void Work_of_an_honest_size_is_done()
    {
        Assert.Equal(100_000m, Expressions.Of("1..100000 | filter(x => x % 2 == 0) | map(x => x / 2) | max").AsNumber is decimal half ? half * 2 : 0);
        Assert.Equal(1_000_000, Expressions.Of("repeat('0123456789', 100000)").AsText!.Length);
        Assert.Equal(1000, Expressions.Of("chunk(1..100000, 100)").AsList!.Items.Length);
        Assert.Equal(10_000, Expressions.Of("unique(map(1..20000, x => {a: x % 10000, b: 1}))").AsList!.Items.Length);
    }

    [Theory]
    [InlineData("(a{1000})", 1002)]
    [InlineData("a{3}b", 5)]
    [InlineData("((a{10}){10}){10}", 1111)]
    [InlineData("[a{50}]\\{50}", 3)]
    [InlineData("(a{2,30}|b)", 33)]
    public void A_pattern_is_at_least_as_large_as_its_counts(string pattern, int size) => Assert.InRange(PatternFunctions.Size(pattern), size - 5, size + 115);

    [Theory]
    [InlineData("^(a?b?){150}(ab|ba)*c", true)]
    [InlineData("(a|b|ab){0,120}c$", true)]
    [InlineData("^(a?b?){30}c", false)]
    [InlineData("(.*a){10}(.*b){10}c", false)]
    [InlineData("((a|b)*)*c", false)]
    public void A_pattern_on_the_longest_text_costs_what_it_is_counted_as(string pattern, bool isTooMuch)
    {
        // Each character may be at any place of the pattern: what a backtracking engine never ends with.
        string text = string.Concat(Enumerable.Repeat("ab", PatternFunctions.TextLengthMax / 2));
        Variables variables = new(null);
        variables.Set("inputs", Value.Object(new KeyValuePair<string, Value>("t", Value.Of(text))));
        Template template = TemplateText.Parse("${matches(inputs.t, '" + pattern + "')}", Expressions.Names(), 1);
        if (isTooMuch)
        {
            Assert.Equal(ExpressionException.TooMuch, Assert.Throws<ExpressionException>(() => template.Evaluate(new Evaluation(variables, Missing.Fails))).Code);
            return;
        }

        Assert.Equal(Value.False, template.Evaluate(new Evaluation(variables, Missing.Fails)));
    }

    // Mutations keep the numbers small: what costs much is tested above.
    private static readonly string[] Corpus =
    [
        "${inputs.items | map(x => x.price * 2) | sum}", "{{#if inputs.flag and inputs.n > 2}}a{{else if inputs.text}}b{{else}}c{{/if}}",
        "a {{#each inputs.items as x, i}}{{i}}: {{x.id or 'none'}} {{#each x.tags}}{{this}},{{index}}{{/each}}\n{{/each}} z", "Bearer ${secrets.KEY} \\{{x}} $${y}",
        "${ {a: 1, 'b c': [1, inputs.text, null], d: {e: inputs.o?.a?.b ?? 'x'}} }", "${inputs.flag ? inputs.list[-1] : inputs.list[0:2]}",
        "${reduce(1..5, 0, (sum, x) => sum + x) | format_number('N2')}", "${format_date(add(now(), '1d'), 'yyyy-MM-dd')} ${matches(inputs.text, '^[a-c]{3}$')}",
        "${'x' not in inputs.names or not (1 + 2 * 3 - 4 / 5 % 6 <= 7 && !inputs.none)}", "${steps.my-step.v - 1}${state.count}${run.id}${env.REGION}",
        "${sort(inputs.items, x => x.price) | map(x => x.id) | join('-') | upper}", "${merge({a: 1}, pick(inputs.o, 'n')) | json | parse_json}",
        "${inputs.text} == abc and ${inputs.n} > 2", "{{inputs.names | length}} in 1..3 or any(${inputs.list}, x => x > 2)", "not (inputs.flag == true) && length(inputs.list) >= 3",
    ];

    [Fact]
    public void Ten_thousand_mutations_are_evaluated_or_faults_with_a_place()
    {
        Random random = new(20260);
        Names names = Expressions.Typed();
        Names untyped = Expressions.Names();
        Variables variables = Expressions.Variables();
        int evaluated = 0;
        for (int i = 0; i < 10_000; i++)
        {
            string source = Mutated(Corpus[random.Next(Corpus.Length)], random);
            Names known = i % 2 == 0 ? names : untyped;
            try
            {
                Evaluation evaluation = new(variables, i % 3 == 0 ? Missing.Null : Missing.Fails) { Now = Expressions.Now };
                TemplateText.Parse(source, known, 1).Evaluate(evaluation);
                evaluated++;
                new ExpressionCondition(ExpressionParser.ParseCondition(source, known, 1), source).Test(evaluation);
            }
            catch (ExpressionSyntaxException e)
            {
                Assert.True(e.Offset >= 0 && e.Offset <= source.Length && e.Message.Length is > 5 and < 400 && e.Rule.StartsWith("ACT1", StringComparison.Ordinal), $"{source}: {e.Rule} {e.Offset} {e.Message}");
            }
            catch (ExpressionException e)
            {
                Assert.True(e.Message.Length is > 5 and < 1000, source);
            }
            catch (Exception e)
            {
                Assert.Fail($"{source}: {e}");
            }
        }

        Assert.InRange(evaluated, 1_000, 9_000);
    }

    private static string Mutated(string source, Random random)
    {
        StringBuilder text = new(source);
        for (int changes = random.Next(1, 4); changes > 0; changes--)
        {
            int at = random.Next(text.Length);
            switch (random.Next(5))
            {
                case 0:
                    text.Remove(at, 1);
                    break;
                case 1:
                    text.Insert(at, (char)random.Next(1, 127));
                    break;
                case 2:
                    text[at] = (char)random.Next(1, 256);
                    break;
                case 3:
                    // A piece of another one.
                    string other = Corpus[random.Next(Corpus.Length)];
                    int from = random.Next(other.Length);
                    text.Insert(at, other.AsSpan(from, random.Next(Math.Min(12, other.Length - from) + 1)));
                    break;
                default:
                    text.Remove(at, Math.Min(random.Next(8), text.Length - at));
                    break;
            }

            if (text.Length == 0)
            {
                text.Append('{');
            }
        }

        return text.ToString();
    }
}
