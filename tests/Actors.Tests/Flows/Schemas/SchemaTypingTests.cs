using Actors.Flows;

namespace Actors.Tests.Flows.Schemas;

/// <summary>What a schema says of types holds for every value that it accepts, and no expression that works on such a value is refused.</summary>
public sealed class SchemaTypingTests
{
    private const int Schemas = 400;
    private const int ExpressionsEach = 15;

    // Rules that only types decide.
    private static readonly string[] TypeRules = ["ACT1310", "ACT1311", "ACT1312", "ACT1321", "ACT1322"];

    [Theory]
    [InlineData("""{type: integer}""", "a number")]
    [InlineData("""{type: [string, "null"]}""", "a text or null")]
    [InlineData("""{enum: [a, 1, true]}""", "a text, a number or a boolean")]
    [InlineData("""{const: [1]}""", "a list")]
    [InlineData("""{anyOf: [{type: string}, {type: number}]}""", "a text or a number")]
    [InlineData("""{allOf: [{type: [string, number]}, {type: [number, array]}]}""", "a number")]
    [InlineData("""{$ref: "#/$defs/a", $defs: {a: {type: boolean}}}""", "a boolean")]
    [InlineData("true", "any value")]
    [InlineData("""{properties: {a: {type: string}}}""", "any value")]
    public void The_kinds_of_a_schema_are_known(string schema, string name) => Assert.Equal(name, Type(schema).Name);

    [Fact]
    public void Fields_that_may_be_absent_may_be_null()
    {
        StaticType type = Type("{type: object, required: [a], properties: {a: {type: string}, b: {type: string}, c: {type: string, default: x}}}");
        Assert.Equal(["a text", "a text or null", "a text"], [type.Fields!["a"].Name, type.Fields["b"].Name, type.Fields["c"].Name]);
        Assert.False(type.IsClosed);
    }

    [Fact]
    public void What_another_schema_may_add_to_is_not_closed()
    {
        // The second schema completes what the first one has closed.
        StaticType type = Type("{allOf: [{properties: {o: {type: object, additionalProperties: false}}}, {properties: {o: {type: object, properties: {x: {default: 1}}}}}]}");
        Assert.False(type.Fields!["o"].IsClosed);
        // And so may an alternative.
        type = Type("{additionalProperties: false, properties: {a: {}}, anyOf: [{properties: {b: {default: 1}}}]}");
        Assert.True(type.IsClosed);
        Assert.True(type.Fields!.ContainsKey("b"));
    }

    [Fact]
    public void A_schema_that_holds_itself_ends()
    {
        StaticType type = Type("{$ref: '#/$defs/tree', $defs: {tree: {type: object, required: [children], properties: {children: {type: array, items: {$ref: '#/$defs/tree'}}}}}}");
        Assert.Equal("a list", type.Fields!["children"].Name);
    }

    [Fact]
    public void Items_that_differ_by_place_may_be_any_of_them()
    {
        Assert.Equal("a text or a number", Type("{type: array, prefixItems: [{type: string}, {type: number}], items: false}").Item.Name);
        Assert.Equal("any value", Type("{type: array, prefixItems: [{type: string}]}").Item.Name);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_generated_schema_says_nothing_that_a_value_it_accepts_contradicts(int seed)
    {
        Random random = new(seed);
        int accepted = 0;
        int closed = 0;
        for (int i = 0; i < Schemas * 4; i++)
        {
            GeneratedSchema made = GeneratedSchema.Next(random);
            StaticType type = SchemaTyping.Of(made.Schema);
            if (made.TryValue(random, out Value value))
            {
                accepted++;
                closed += type.IsClosed ? 1 : 0;
                Assert.True(Contradiction(type, value, "$") is not { } at, $"seed {seed}, schema {i}: {made.Schema} accepts {value.ToJsonText()}, but of {Contradiction(type, value, "$")} it says another type");
            }
        }

        // The generator is worth something only while values fit what it thinks up.
        Assert.InRange(accepted, Schemas * 2, Schemas * 4);
        Assert.InRange(closed, Schemas / 20, Schemas * 4);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_generated_expression_that_works_is_not_refused(int seed)
    {
        Random random = new(seed);
        int works = 0;
        int refused = 0;
        for (int i = 0; i < Schemas; i++)
        {
            GeneratedSchema made = GeneratedSchema.Next(random);
            if (!made.TryValue(random, out Value value))
            {
                continue;
            }

            Names typed = With(SchemaTyping.Of(made.Schema));
            Names untyped = With(StaticType.Any);
            Variables variables = new(null);
            variables.Set("v", value);
            for (int j = 0; j < ExpressionsEach; j++)
            {
                GeneratedExpression expression = GeneratedExpression.Next(random, value);
                foreach (GeneratedExpression part in expression.Closed())
                {
                    Value? result = Result(part, untyped, variables);
                    works += result is null ? 0 : 1;
                    if (Fault(part, typed) is not { } fault || part.Parts.Any(inner => inner.IsClosed && Fault(inner, typed) is not null))
                    {
                        continue;
                    }

                    refused++;
                    Assert.True(
                        result is null || part.IsAlways(result.Value, fault.Rule) || part.AsksNothing(list => Result(list, untyped, variables)),
                        $"seed {seed}, schema {i}: {made.Schema} accepts {value.ToJsonText()}, and {part} gives {result?.ToJsonText()}, but is refused: {fault.Message}");
                }
            }
        }

        Assert.InRange(works, Schemas * ExpressionsEach / 2, int.MaxValue);
        Assert.InRange(refused, Schemas * ExpressionsEach / 50, int.MaxValue);
    }

    private static StaticType Type(string yaml)
    {
        Problems problems = new(new SourceText(yaml, "test.yaml"));
        JsonSchema? schema = JsonSchema.Read(YamlComposer.Compose(problems)!, problems);
        Assert.False(problems.HasErrors);
        return SchemaTyping.Of(schema!);
    }

    private static Names With(StaticType type)
    {
        Names names = new(null, new FlowIds());
        names.Add(new Name("v", NameKind.Loop, 0, Type: type));
        return names;
    }

    private static ExpressionSyntaxException? Fault(GeneratedExpression expression, Names names)
    {
        try
        {
            TemplateText.Parse("${" + expression + "}", names, 1);
            return null;
        }
        catch (ExpressionSyntaxException e)
        {
            Assert.True(TypeRules.Contains(e.Rule), $"{expression}: {e.Message}");
            return e;
        }
    }

    // Null: it fails, or can be seen to fail without knowing any type.
    private static Value? Result(GeneratedExpression expression, Names names, Variables variables)
    {
        try
        {
            return TemplateText.Parse("${" + expression + "}", names, 1).Evaluate(new Evaluation(variables, Missing.Fails));
        }
        catch (Exception e) when (e is ExpressionException or ExpressionSyntaxException)
        {
            return null;
        }
    }

    /// <summary>Where a value is not of the type; null when it is.</summary>
    private static string? Contradiction(StaticType type, Value value, string at)
    {
        TypeKinds kind = value.Kind switch
        {
            ValueKind.Null => TypeKinds.Null,
            ValueKind.Bool => TypeKinds.Bool,
            ValueKind.Number => TypeKinds.Number,
            ValueKind.Text => TypeKinds.Text,
            ValueKind.List => TypeKinds.List,
            _ => TypeKinds.Object,
        };
        if (!type.May(kind))
        {
            return at;
        }

        if (value.AsList is { } list)
        {
            return list.Items.Select(item => Contradiction(type.Item, item, at + "[]")).FirstOrDefault(found => found is not null);
        }

        if (value.AsObject is not { } map)
        {
            return null;
        }

        foreach ((string name, StaticType field) in type.Fields ?? new Dictionary<string, StaticType>())
        {
            if (map.TryGet(name, out Value inner) ? Contradiction(field, inner, $"{at}.{name}") is { } found : !field.May(TypeKinds.Null) && (found = $"{at}.{name}") is not null)
            {
                return found;
            }
        }

        return type.IsClosed && map.Entries.FirstOrDefault(entry => type.Fields?.ContainsKey(entry.Key) != true).Key is { } extra ? $"{at}.{extra}" : null;
    }
}
