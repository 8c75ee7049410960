namespace Actors.Flows;

/// <summary>Reads templates, conditions, names and durations at one place of a file.</summary>
internal sealed class ValueReader(Problems problems)
{
    public Template Template(YamlItem item, Names names, List<Name>? used = null)
    {
        switch (item)
        {
            case YamlText text:
                return TextTemplate(text, names, used);
            case YamlList list:
                Template[] items = list.Items.Select(i => Template(i, names, used)).ToArray();
                return Array.TrueForAll(items, i => i is ConstantTemplate)
                    ? new ConstantTemplate(Value.List(Array.ConvertAll(items, i => ((ConstantTemplate)i).Value)))
                    : new ListTemplate(items);
            default:
                KeyValuePair<string, Template>[] entries = ((YamlMap)item).Entries
                    .Select(e => KeyValuePair.Create(e.Key.Value, Template(e.Value, names, used)))
                    .ToArray();
                return Array.TrueForAll(entries, e => e.Value is ConstantTemplate)
                    ? new ConstantTemplate(Value.Object(Array.ConvertAll(entries, e => KeyValuePair.Create(e.Key, ((ConstantTemplate)e.Value).Value))))
                    : new ObjectTemplate(entries);
        }
    }

    /// <summary>A value without expressions.</summary>
    public Value Literal(YamlItem item) => item switch
    {
        YamlText text => text.Typed(),
        YamlList list => Value.List(list.Items.Select(Literal).ToArray()),
        _ => Value.Object(((YamlMap)item).Entries.Select(e => KeyValuePair.Create(e.Key.Value, Literal(e.Value))).ToArray()),
    };

    public Condition Condition(YamlItem item, Names names)
    {
        switch (item)
        {
            case YamlText text when text.Typed().TryGetBool(out bool constant):
                return new ExpressionCondition(new LiteralExpression(Value.Of(constant)), text.Value);
            case YamlText text when text.Typed().Kind == ValueKind.Text && text.Value.Trim().Length > 0:
                try
                {
                    Expression tree = ExpressionParser.ParseCondition(text.Value, names, text.Line);
                    if (tree.IsConstant)
                    {
                        problems.Warn(Rules.ConstantCondition, text, "the condition is always the same", "Write an expression, e.g. ${inputs.total} > 100.");
                    }

                    return new ExpressionCondition(tree, text.Value);
                }
                catch (ExpressionSyntaxException e)
                {
                    problems.Error(e, text);
                    return Never;
                }

            case YamlMap map:
                return Quantified(map, names);
            default:
                problems.Error(Rules.WrongType, item, $"a condition must be a text or one of any, all, none, not {item.Name}");
                return Never;
        }
    }

    /// <summary>A name of ids, inputs and variables; null when it is not one, which is then told.</summary>
    public string? Identifier(YamlText? text, string what)
    {
        if (text is null)
        {
            return null;
        }

        if (!IsIdentifier(text.Value))
        {
            problems.Error(Rules.BadName, text, $"'{Text.Shorten(text.Value, 60)}' cannot be {what}: a letter or '_', then letters, digits, '_' and '-', at most {IdLengthMax}");
            return null;
        }

        if (Names.Reserved.Contains(text.Value))
        {
            problems.Error(Rules.BadName, text, $"'{text.Value}' cannot be {what}: expressions use the word themselves");
            return null;
        }

        return text.Value;
    }

    public const int IdLengthMax = 80;

    public static bool IsIdentifier(string text) => Text.IsIdentifier(text, IdLengthMax) && (char.IsAsciiLetter(text[0]) || text[0] == '_');

    /// <summary>A length of time above zero; null when it is absent or wrong.</summary>
    public TimeSpan? Duration(YamlItem? item, string key, string rule = Rules.Duration)
    {
        if (item is null)
        {
            return null;
        }

        if (item is not YamlText text || !Durations.TryParse(text.Typed(), out TimeSpan duration))
        {
            problems.Error(rule, item, $"'{key}' is not a length of time", Durations.Forms);
            return null;
        }

        if (duration <= TimeSpan.Zero)
        {
            problems.Error(rule, item, $"'{key}' must be longer than nothing");
            return null;
        }

        return duration;
    }

    private static readonly Condition Never = new QuantifierCondition(Quantifier.Any, []);

    private Template TextTemplate(YamlText text, Names names, List<Name>? used)
    {
        if (!TemplateText.MayHaveExpressions(text.Value))
        {
            return new ConstantTemplate(text.Typed());
        }

        try
        {
            return TemplateText.Parse(text.Value, names, text.Line, used);
        }
        catch (ExpressionSyntaxException e)
        {
            problems.Error(e, text);
            return new ConstantTemplate(Value.Null);
        }
    }

    private QuantifierCondition Quantified(YamlMap map, Names names)
    {
        Keys keys = new(map, problems, "a condition", "any", "all", "none");
        if (map.Entries.Count != 1)
        {
            problems.Error(Rules.WrongType, map, "a condition has exactly one of any, all, none");
        }

        foreach ((string key, Quantifier quantifier) in ((string, Quantifier)[])[("any", Quantifier.Any), ("all", Quantifier.All), ("none", Quantifier.None)])
        {
            if (keys.List(key) is { } list)
            {
                if (list.Items.Count == 0)
                {
                    problems.Warn(Rules.EmptyQuantifier, list, $"'{key}' of nothing is always {(quantifier == Quantifier.Any ? "false" : "true")}");
                }

                return new QuantifierCondition(quantifier, list.Items.Select(i => Condition(i, names)).ToArray());
            }
        }

        return (QuantifierCondition)Never;
    }
}
