using Actors.Flows;

namespace Actors.Tests.Flows;

/// <summary>Two evaluators that share nothing must agree about expressions that a generator has thought up and written down in one of many ways.</summary>
public sealed class ReferenceTests
{
    private const int Count = 1_000;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void Generated_expressions_have_the_same_value_or_fail_in_both(int seed, bool isLenient)
    {
        Random random = new(seed);
        Names names = new(null, new FlowIds());
        names.Add(new Name("inputs", NameKind.Inputs, 0));
        Variables variables = new(null);
        variables.Set("inputs", Value.Parse(ExpressionGenerator.Data));
        object? inputs = Plain(Value.Parse(ExpressionGenerator.Data));
        int failed = 0;
        int skipped = 0;
        for (int i = 0; i < Count; i++)
        {
            Node node = new ExpressionGenerator(random).Next();
            string text = node.Print(random);
            bool fails = false;
            object? expected = null;
            try
            {
                expected = new ReferenceEvaluator(new Dictionary<string, object?> { ["inputs"] = inputs }) { IsLenient = isLenient }.Evaluate(node);
            }
            catch (ReferenceEvaluator.Fails)
            {
                fails = true;
                failed++;
            }
            catch (OverflowException)
            {
                skipped++;
                continue;
            }

            Template template;
            try
            {
                template = TemplateText.Parse("${" + text + "}", names, 1);
            }
            catch (ExpressionSyntaxException e)
            {
                Assert.Fail($"{text}: {e.Rule} at {e.Offset}: {e.Message}");
                return;
            }

            try
            {
                Value value = template.Evaluate(new Evaluation(variables, isLenient ? Missing.Null : Missing.Fails));
                Assert.False(fails, $"{text} gives {value}, but should fail");
                Assert.True(ReferenceEvaluator.Same(expected, Plain(value)), $"{text} gives {value.ToJsonText()}, but should give {ReferenceEvaluator.Show(expected)}");
            }
            catch (ExpressionException e)
            {
                Assert.True(fails, $"{text} should give {ReferenceEvaluator.Show(expected)}, but fails: {e.Message}");
            }
        }

        // The generator is worth something only while most of what it thinks up has a value.
        Assert.InRange(failed, Count / 50, Count / 2);
        Assert.InRange(skipped, 0, Count / 50);
    }

    private static object? Plain(Value value)
    {
        switch (value.Kind)
        {
            case ValueKind.List:
                return value.AsList!.Items.Select(Plain).ToList();
            case ValueKind.Object:
                ReferenceEvaluator.Fields fields = [];
                fields.AddRange(value.AsObject!.Entries.Select(static e => KeyValuePair.Create(e.Key, Plain(e.Value))));
                return fields;
            case ValueKind.Number:
                return value.AsNumber is decimal number ? number : (decimal)(double)value.AsNumber!;
            case ValueKind.Bool:
                return value.Equals(Value.True);
            default:
                return value.AsText;
        }
    }
}
