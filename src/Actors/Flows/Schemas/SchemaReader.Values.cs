namespace Actors.Flows;

/// <summary>Keywords that hold values: of any value, of numbers and texts, and those for people.</summary>
internal sealed partial class SchemaReader
{
    private Value ReadTypes(YamlItem item, SchemaNode node)
    {
        if (item is YamlText)
        {
            node.Types = ReadType(item, out Value word);
            return word;
        }

        if (item is not YamlList { Items.Count: > 0 } list)
        {
            Wrong("type", item, "one of the types, or a list of them");
            return Value.Null;
        }

        node.Types = SchemaTypes.None;
        List<Value> words = [];
        foreach (YamlItem one in list.Items)
        {
            SchemaTypes type = ReadType(one, out Value word);
            if (words.Contains(word))
            {
                Error(Rules.SchemaValue, one, $"'type' names '{word}' twice");
            }

            node.Types |= type;
            words.Add(word);
        }

        return Value.List([.. words]);
    }

    // In YAML a bare null is nothing, and is meant as the word here.
    private SchemaTypes ReadType(YamlItem item, out Value word)
    {
        string text = item is YamlText { IsNull: true } ? "null" : (item as YamlText)?.Value ?? "";
        word = Value.Of(text);
        if (SchemaTypeNames.TryParse(text, out SchemaTypes type))
        {
            return type;
        }

        string? near = InputTypes.All.TryGetValue(text, out string? other) && other != InputTypes.Any ? other : Text.Nearest(text, SchemaTypeNames.All);
        Error(
            Rules.SchemaValue, item, item is YamlText ? $"there is no type '{Text.Shorten(text, 60)}'" : $"a type must be a text, not {item.Name}",
            near is not null ? $"Did you mean '{near}'?" : text == InputTypes.Any ? "Leave 'type' out for any value." : $"Known: {string.Join(", ", SchemaTypeNames.All)}.");
        return SchemaTypes.Any;
    }

    private Value ReadEnum(YamlItem item, SchemaNode node)
    {
        if (item is not YamlList { Items: { Count: > 0 and <= EntriesMax } items })
        {
            Wrong("enum", item, $"a list of 1 to {EntriesMax:N0} values");
            return Value.Null;
        }

        Value[] values = items.Select(Literal).ToArray();
        HashSet<Value> set = new(DeepComparer.Instance);
        for (int i = 0; i < values.Length; i++)
        {
            if (!set.Add(values[i]))
            {
                Error(Rules.SchemaValue, items[i], $"'enum' has the value {SchemaWalk.Show(values[i])} twice");
            }
        }

        (node.Enum, node.EnumSet) = (values, set);
        return Value.List(values);
    }

    private static Value ReadConst(YamlItem item, SchemaNode node)
    {
        Value value = Literal(item);
        node.Const = value;
        return value;
    }

    private Value ReadDefault(YamlItem item, SchemaNode node)
    {
        Value value = Literal(item);
        node.Default = value;
        _defaults.Add((node, item, Pointer()));
        return value;
    }

    private Value ReadExamples(string keyword, YamlItem item)
    {
        if (item is not YamlList)
        {
            Wrong(keyword, item, "a list");
        }

        return Literal(item);
    }

    /// <summary>A whole number from 0.</summary>
    private static Keyword Whole(SchemaTypes about, Action<SchemaNode, int> put) => new(about, (reader, keyword, item, node) =>
    {
        Value value = Literal(item);
        if (value.AsNumber is not decimal number || number < 0 || number != decimal.Truncate(number))
        {
            reader.Wrong(keyword, item, "a whole number from 0");
            return Value.Null;
        }

        put(node, (int)Math.Min(number, int.MaxValue));
        return value;
    });

    private static Keyword Number(Action<SchemaNode, Value> put) => new(SchemaTypes.Number, (reader, keyword, item, node) =>
    {
        if (reader.ReadNumber(keyword, item) is not { } value)
        {
            return Value.Null;
        }

        put(node, value);
        return value;
    });

    private Value ReadMultipleOf(string keyword, YamlItem item, SchemaNode node)
    {
        if (ReadNumber(keyword, item) is not { } value)
        {
            return Value.Null;
        }

        if (Operators.ToDouble(value) <= 0)
        {
            Wrong(keyword, item, "a number above 0");
            return Value.Null;
        }

        node.MultipleOf = value;
        return value;
    }

    // Null: it is none, which is told.
    private Value? ReadNumber(string keyword, YamlItem item)
    {
        Value value = Literal(item);
        if (value.Kind == ValueKind.Number)
        {
            return value;
        }

        string? exclusive = value.TryGetBool(out bool on) && on && keyword.StartsWith("exclusive", StringComparison.Ordinal) ? "Write the bound itself here." : null;
        Error(Rules.SchemaValue, item, $"'{keyword}' must be a number, not {item.Name}", exclusive);
        return null;
    }

    private static Keyword Flag(SchemaTypes about, Action<SchemaNode, bool> put) => new(about, (reader, keyword, item, node) =>
    {
        bool flag = reader.ReadBool(keyword, item);
        put(node, flag);
        return Value.Of(flag);
    });

    private bool ReadBool(string keyword, YamlItem item)
    {
        if (item is YamlText text && text.Typed().TryGetBool(out bool value))
        {
            return value;
        }

        Wrong(keyword, item, "true or false");
        return false;
    }

    private Value ReadPattern(YamlItem item, SchemaNode node)
    {
        node.Pattern = ReadPattern(item);
        return Literal(item);
    }

    private SchemaPattern? ReadPattern(YamlItem item)
    {
        if (item is not YamlText text || text.Typed().AsText is not { } source)
        {
            Wrong("pattern", item, "a text");
            return null;
        }

        SchemaPattern? pattern = SchemaPattern.Create(source, out string fault);
        if (pattern is null)
        {
            Error(Rules.SchemaPattern, item, $"the pattern '{Text.Shorten(source, 60)}' {fault}");
        }

        return pattern;
    }

    private Value ReadFormat(YamlItem item, SchemaNode node)
    {
        if (item is not YamlText text || text.Typed().AsText is not { } name)
        {
            Wrong("format", item, "a text");
            return Value.Null;
        }

        node.Format = SchemaFormat.All.GetValueOrDefault(name);
        if (node.Format is null)
        {
            string? near = Text.Nearest(name, SchemaFormat.All.Keys);
            Error(
                Rules.SchemaValue, item, $"there is no format '{Text.Shorten(name, 60)}'",
                near is null ? $"Known: {string.Join(", ", SchemaFormat.All.Keys)}. For others write a 'pattern'." : $"Did you mean '{near}'?");
        }

        return Value.Of(name);
    }

    private static Keyword Words(Action<SchemaNode, string> put) => new(SchemaTypes.Any, (reader, keyword, item, node) =>
    {
        if (reader.ReadText(keyword, item) is not { } text)
        {
            return Value.Null;
        }

        put(node, text);
        return Value.Of(text);
    });

    private Value ReadDialect(string keyword, YamlItem item)
    {
        if (ReadText(keyword, item) is not { } text)
        {
            return Value.Null;
        }

        if (text.TrimEnd('#') != Dialect)
        {
            Error(Rules.SchemaValue, item, $"the dialect '{Text.Shorten(text, 60)}' is not supported", $"Leave '$schema' out, or write {Dialect}.");
            return Value.Of(text);
        }

        CheckRoot(keyword, item);
        return Value.Of(text);
    }

    private Value ReadIdentity(string keyword, YamlItem item)
    {
        if (ReadText(keyword, item) is not { } text)
        {
            return Value.Null;
        }

        CheckRoot(keyword, item);
        return Value.Of(text);
    }

    private void CheckRoot(string keyword, YamlItem item)
    {
        if (_path.Count > 1)
        {
            Error(Rules.SchemaKeyword, item, $"'{keyword}' can only be at the root of a schema");
        }
    }

    // Null: it is none, which is told. A title like 2030 is meant as a text.
    private string? ReadText(string keyword, YamlItem item)
    {
        if (item is YamlText { IsNull: false } text)
        {
            return text.Value;
        }

        Wrong(keyword, item, "a text");
        return null;
    }
}
