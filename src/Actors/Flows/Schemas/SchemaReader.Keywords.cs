using System.Globalization;

namespace Actors.Flows;

/// <summary>The keywords, one by one.</summary>
internal sealed partial class SchemaReader
{
    public const string Dialect = "https://json-schema.org/draft/2020-12/schema";

    private const int EntriesMax = 10_000;

    /// <summary>The keywords, each with the types it says something about.</summary>
    public static IReadOnlyDictionary<string, SchemaTypes> Keywords { get; } = new Dictionary<string, SchemaTypes>(StringComparer.Ordinal)
    {
        ["type"] = SchemaTypes.Any,
        ["enum"] = SchemaTypes.Any,
        ["const"] = SchemaTypes.Any,
        ["properties"] = SchemaTypes.Object,
        ["required"] = SchemaTypes.Object,
        ["additionalProperties"] = SchemaTypes.Object,
        ["patternProperties"] = SchemaTypes.Object,
        ["propertyNames"] = SchemaTypes.Object,
        ["minProperties"] = SchemaTypes.Object,
        ["maxProperties"] = SchemaTypes.Object,
        ["dependentRequired"] = SchemaTypes.Object,
        ["items"] = SchemaTypes.Array,
        ["prefixItems"] = SchemaTypes.Array,
        ["contains"] = SchemaTypes.Array,
        ["minItems"] = SchemaTypes.Array,
        ["maxItems"] = SchemaTypes.Array,
        ["uniqueItems"] = SchemaTypes.Array,
        ["minLength"] = SchemaTypes.String,
        ["maxLength"] = SchemaTypes.String,
        ["pattern"] = SchemaTypes.String,
        ["format"] = SchemaTypes.String,
        ["minimum"] = SchemaTypes.Number,
        ["maximum"] = SchemaTypes.Number,
        ["exclusiveMinimum"] = SchemaTypes.Number,
        ["exclusiveMaximum"] = SchemaTypes.Number,
        ["multipleOf"] = SchemaTypes.Number,
        ["allOf"] = SchemaTypes.Any,
        ["anyOf"] = SchemaTypes.Any,
        ["oneOf"] = SchemaTypes.Any,
        ["not"] = SchemaTypes.Any,
        ["if"] = SchemaTypes.Any,
        ["then"] = SchemaTypes.Any,
        ["else"] = SchemaTypes.Any,
        ["$ref"] = SchemaTypes.Any,
        ["$defs"] = SchemaTypes.Any,
        ["title"] = SchemaTypes.Any,
        ["description"] = SchemaTypes.Any,
        ["default"] = SchemaTypes.Any,
        ["examples"] = SchemaTypes.Any,
        ["deprecated"] = SchemaTypes.Any,
        ["readOnly"] = SchemaTypes.Any,
        ["writeOnly"] = SchemaTypes.Any,
        ["$schema"] = SchemaTypes.Any,
        ["$id"] = SchemaTypes.Any,
        ["$comment"] = SchemaTypes.Any,
    };

    /// <summary>What other schemas have, and what to write here instead.</summary>
    private static readonly Dictionary<string, string> Instead = new(StringComparer.Ordinal)
    {
        ["definitions"] = "Write '$defs'.",
        ["dependencies"] = "Write 'dependentRequired', or 'if' and 'then'.",
        ["dependentSchemas"] = "Write 'if' and 'then'.",
        ["additionalItems"] = "Write 'prefixItems' for the first items and 'items' for the others.",
        ["unevaluatedProperties"] = "Write 'additionalProperties'.",
        ["unevaluatedItems"] = "Write 'items'.",
        ["minContains"] = "Write 'contains': at least one item.",
        ["maxContains"] = "Write 'contains': at least one item.",
        ["nullable"] = "Write a list of types, e.g. type: [string, \"null\"].",
        ["example"] = "Write 'examples', a list.",
        ["id"] = "Write '$id'.",
        ["$anchor"] = "Write '$ref: \"#/$defs/…\"' to refer to a schema by its place.",
        ["$dynamicRef"] = "Write '$ref'.",
        ["$dynamicAnchor"] = "Write '$ref: \"#/$defs/…\"' to refer to a schema by its place.",
        ["$recursiveRef"] = "Write '$ref: \"#\"'.",
        ["divisibleBy"] = "Write 'multipleOf'.",
        ["disallow"] = "Write 'not'.",
        ["extends"] = "Write 'allOf'.",
        ["discriminator"] = "Write 'oneOf' with a 'const' in each.",
    };

    private void ReadKeywords(YamlMap map, SchemaNode node)
    {
        List<KeyValuePair<string, Value>> source = new(map.Entries.Count);
        foreach (YamlEntry entry in map.Entries)
        {
            string keyword = entry.Key.Value;
            if (!Keywords.ContainsKey(keyword))
            {
                Unknown(entry.Key);
                continue;
            }

            _path.Add(keyword);
            source.Add(new(keyword, ReadKeyword(keyword, entry.Value, node)));
            _path.RemoveAt(_path.Count - 1);
        }

        node.Source = Value.Object(source);
        CheckSense(map, node);
    }

    private void Unknown(YamlText key)
    {
        string name = Text.Shorten(key.Value, 60);
        string? advice = Instead.GetValueOrDefault(key.Value);
        if (advice is null && Text.Nearest(key.Value, Keywords.Keys) is { } near)
        {
            advice = $"Did you mean '{near}'?";
        }

        Error(Rules.SchemaKeyword, key, $"'{name}' is no keyword of the schemas that are supported", advice ?? "See src/Actors/Flows/Schemas/README.md for those that are.");
    }

    /// <summary>The keyword's value as JSON.</summary>
    private Value ReadKeyword(string keyword, YamlItem item, SchemaNode node)
    {
        switch (keyword)
        {
            case "type":
                return ReadTypes(item, node);
            case "enum":
                return ReadEnum(item, node);
            case "const":
                node.Const = Literal(item);
                return node.Const.Value;
            case "default":
                node.Default = Literal(item);
                _defaults.Add((node, item, Pointer()));
                return node.Default.Value;
            case "properties" or "$defs":
                return ReadSchemas(keyword, item, node);
            case "patternProperties":
                return ReadPatternProperties(item, node);
            case "required":
                return ReadRequired(item, node);
            case "dependentRequired":
                return ReadDependentRequired(item, node);
            case "prefixItems" or "allOf" or "anyOf" or "oneOf":
                return ReadList(keyword, item, node);
            case "additionalProperties" or "propertyNames" or "items" or "contains" or "not" or "if" or "then" or "else":
                return ReadOne(keyword, item, node);
            case "minProperties" or "maxProperties" or "minItems" or "maxItems" or "minLength" or "maxLength":
                return ReadCount(keyword, item, node);
            case "minimum" or "maximum" or "exclusiveMinimum" or "exclusiveMaximum" or "multipleOf":
                return ReadNumber(keyword, item, node);
            case "uniqueItems":
                node.UniqueItems = ReadBool(keyword, item);
                return Value.Of(node.UniqueItems);
            case "deprecated" or "readOnly" or "writeOnly":
                return Value.Of(ReadBool(keyword, item));
            case "pattern":
                node.Pattern = ReadPattern(item);
                return Literal(item);
            case "format":
                return ReadFormat(item, node);
            case "$ref":
                return ReadReference(item, node);
            case "examples":
                if (item is not YamlList)
                {
                    Wrong(keyword, item, "a list");
                }

                return Literal(item);
            default:
                return ReadText(keyword, item, node);
        }
    }

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

    private Value ReadSchemas(string keyword, YamlItem item, SchemaNode node)
    {
        if (item is not YamlMap map)
        {
            Wrong(keyword, item, "a mapping from names to schemas");
            return Value.Null;
        }

        KeyValuePair<string, SchemaNode>[] nodes = map.Entries.Select(e => KeyValuePair.Create(e.Key.Value, Node(e.Key.Value, e.Value))).ToArray();
        if (keyword == "properties")
        {
            node.Properties = nodes;
            node.PropertyIndex = nodes.ToDictionary(StringComparer.Ordinal);
        }

        return Value.Object(nodes.Select(n => KeyValuePair.Create(n.Key, n.Value.Source)));
    }

    private Value ReadPatternProperties(YamlItem item, SchemaNode node)
    {
        if (item is not YamlMap map)
        {
            Wrong("patternProperties", item, "a mapping from patterns to schemas");
            return Value.Null;
        }

        List<(SchemaPattern, SchemaNode)> nodes = [];
        List<KeyValuePair<string, Value>> source = [];
        foreach (YamlEntry entry in map.Entries)
        {
            SchemaPattern? pattern = ReadPattern(entry.Key);
            SchemaNode inner = Node(entry.Key.Value, entry.Value);
            source.Add(new(entry.Key.Value, inner.Source));
            if (pattern is not null)
            {
                nodes.Add((pattern, inner));
            }
        }

        node.PatternProperties = [.. nodes];
        return Value.Object(source);
    }

    private Value ReadRequired(YamlItem item, SchemaNode node)
    {
        if (item is YamlText text && text.Typed().TryGetBool(out bool required))
        {
            Error(
                Rules.SchemaValue, item, "'required' must be a list of names, not a boolean",
                required ? "Name this property in the 'required' of the object around it." : "Leave it out: what is not named as required is optional.");
            return Value.Null;
        }

        node.Required = ReadNames("required", item);
        return Value.List(Array.ConvertAll(node.Required, n => Value.Of(n)));
    }

    private Value ReadDependentRequired(YamlItem item, SchemaNode node)
    {
        if (item is not YamlMap map)
        {
            Wrong("dependentRequired", item, "a mapping from names to lists of names");
            return Value.Null;
        }

        node.DependentRequired = map.Entries.Select(e => KeyValuePair.Create(e.Key.Value, ReadNames(e.Key.Value, e.Value))).ToArray();
        return Value.Object(node.DependentRequired.Select(d => KeyValuePair.Create(d.Key, Value.List(Array.ConvertAll(d.Value, n => Value.Of(n))))));
    }

    private string[] ReadNames(string keyword, YamlItem item)
    {
        if (item is not YamlList list || list.Items.Count > EntriesMax)
        {
            Wrong(keyword, item, "a list of names");
            return [];
        }

        List<string> names = [];
        HashSet<string> taken = new(StringComparer.Ordinal);
        foreach (YamlItem one in list.Items)
        {
            if (one is not YamlText text || text.Typed().AsText is not { } name)
            {
                Error(Rules.SchemaValue, one, $"a name must be a text, not {one.Name}", one is YamlText { IsNull: false } plain ? $"Write \"{Text.Shorten(plain.Value, 40)}\"." : null);
            }
            else if (!taken.Add(name))
            {
                Error(Rules.SchemaValue, one, $"'{Text.Shorten(keyword, 60)}' names '{Text.Shorten(name, 60)}' twice");
            }
            else
            {
                names.Add(name);
            }
        }

        return [.. names];
    }

    private Value ReadList(string keyword, YamlItem item, SchemaNode node)
    {
        if (item is not YamlList { Items: { Count: > 0 } items })
        {
            Wrong(keyword, item, "a list of schemas");
            return Value.Null;
        }

        SchemaNode[] nodes = items.Select((one, i) => Node(i.ToString(CultureInfo.InvariantCulture), one)).ToArray();
        switch (keyword)
        {
            case "prefixItems":
                node.PrefixItems = nodes;
                break;
            case "allOf":
                node.AllOf = nodes;
                break;
            case "anyOf":
                node.AnyOf = nodes;
                break;
            default:
                node.OneOf = nodes;
                break;
        }

        return Value.List(Array.ConvertAll(nodes, n => n.Source));
    }

    private Value ReadOne(string keyword, YamlItem item, SchemaNode node)
    {
        if (keyword == "items" && item is YamlList)
        {
            Error(Rules.SchemaValue, item, "'items' must be one schema, not a list", "Write 'prefixItems' for items that differ by place.");
            return Value.Null;
        }

        SchemaNode inner = Node(item);
        switch (keyword)
        {
            case "additionalProperties":
                node.AdditionalProperties = inner;
                break;
            case "propertyNames":
                node.PropertyNames = inner;
                break;
            case "items":
                node.Items = inner;
                break;
            case "contains":
                node.Contains = inner;
                break;
            case "not":
                node.Not = inner;
                break;
            case "if":
                node.If = inner;
                break;
            case "then":
                node.Then = inner;
                break;
            default:
                node.Else = inner;
                break;
        }

        return inner.Source;
    }

    private Value ReadCount(string keyword, YamlItem item, SchemaNode node)
    {
        Value value = Literal(item);
        if (value.AsNumber is not decimal number || number < 0 || number != decimal.Truncate(number))
        {
            Wrong(keyword, item, "a whole number from 0");
            return Value.Null;
        }

        int count = (int)Math.Min(number, int.MaxValue);
        switch (keyword)
        {
            case "minProperties":
                node.MinProperties = count;
                break;
            case "maxProperties":
                node.MaxProperties = count;
                break;
            case "minItems":
                node.MinItems = count;
                break;
            case "maxItems":
                node.MaxItems = count;
                break;
            case "minLength":
                node.MinLength = count;
                break;
            default:
                node.MaxLength = count;
                break;
        }

        return value;
    }

    private Value ReadNumber(string keyword, YamlItem item, SchemaNode node)
    {
        Value value = Literal(item);
        if (value.Kind != ValueKind.Number)
        {
            string? exclusive = value.TryGetBool(out bool on) && on && keyword.StartsWith("exclusive", StringComparison.Ordinal) ? "Write the bound itself here." : null;
            Error(Rules.SchemaValue, item, $"'{keyword}' must be a number, not {item.Name}", exclusive);
            return Value.Null;
        }

        switch (keyword)
        {
            case "minimum":
                node.Minimum = value;
                break;
            case "maximum":
                node.Maximum = value;
                break;
            case "exclusiveMinimum":
                node.ExclusiveMinimum = value;
                break;
            case "exclusiveMaximum":
                node.ExclusiveMaximum = value;
                break;
            default:
                if (Operators.ToDouble(value) <= 0)
                {
                    Wrong(keyword, item, "a number above 0");
                    return Value.Null;
                }

                node.MultipleOf = value;
                break;
        }

        return value;
    }

    private bool ReadBool(string keyword, YamlItem item)
    {
        if (item is YamlText text && text.Typed().TryGetBool(out bool value))
        {
            return value;
        }

        Wrong(keyword, item, "true or false");
        return false;
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

    private Value ReadReference(YamlItem item, SchemaNode node)
    {
        if (item is not YamlText text || text.Typed().AsText is not { } name)
        {
            Wrong("$ref", item, "a text");
            return Value.Null;
        }

        if (name.Length == 0 || name[0] != '#' || (name.Length > 1 && name[1] != '/'))
        {
            Error(
                Rules.SchemaReference, item, $"'$ref' leads to '{Text.Shorten(name, 60)}': only places in the same schema are supported", "Put it under '$defs' and write '#/$defs/name'.");
            return Value.Of(name);
        }

        // The pointer is part of a URI; the nodes are known by pointers as they are.
        string target = string.Concat(Uri.UnescapeDataString(name[1..]));
        _references.Add((node, target, item, Pointer()));
        return Value.Of(name);
    }

    private Value ReadText(string keyword, YamlItem item, SchemaNode node)
    {
        // A title like 2030 is meant as a text.
        if (item is not YamlText { IsNull: false } text)
        {
            Wrong(keyword, item, "a text");
            return Value.Null;
        }

        switch (keyword)
        {
            case "title":
                node.Title = text.Value;
                break;
            case "description":
                node.Description = text.Value;
                break;
            case "$schema" when text.Value.TrimEnd('#') != Dialect:
                Error(Rules.SchemaValue, item, $"the dialect '{Text.Shorten(text.Value, 60)}' is not supported", $"Leave '$schema' out, or write {Dialect}.");
                break;
            case "$schema" or "$id" when _path.Count > 1:
                Error(Rules.SchemaKeyword, item, $"'{keyword}' can only be at the root of a schema");
                break;
        }

        return Value.Of(text.Value);
    }

    // What is legal but can never be meant.
    private void CheckSense(YamlMap map, SchemaNode node)
    {
        foreach ((string low, Value? min, string high, Value? max, bool equal) in Bounds(node))
        {
            if (min is { } a && max is { } b && (SchemaWalk.Compare(a.AsNumber!, b.AsNumber!) is var order) && (order > 0 || (order == 0 && !equal)))
            {
                Error(Rules.SchemaNever, map.Find(high) ?? map, $"no value fits both '{low}' {a} and '{high}' {b}");
            }
        }

        if (node.EnumSet is not null && map.Find("type") is not null && map.Find("enum") is YamlList { Items: { } items } && items.Count == node.Enum!.Length)
        {
            for (int i = 0; i < items.Count; i++)
            {
                if ((SchemaTypeNames.Of(node.Enum[i]) & node.Types) == 0)
                {
                    string? quotes = items[i] is YamlText { IsPlain: true } text && node.Types == SchemaTypes.String ? $"Write \"{Text.Shorten(text.Value, 40)}\"." : null;
                    Warn(Rules.SchemaUseless, items[i], $"this value of 'enum' can never be given: the type is {SchemaTypeNames.Describe(node.Types)}", quotes);
                }
            }
        }

        foreach (YamlEntry entry in map.Entries)
        {
            if (Keywords.TryGetValue(entry.Key.Value, out SchemaTypes about) && node.Types != SchemaTypes.None && (about & node.Types) == 0 && _problems?.HasErrorsAt(entry.Value) != true)
            {
                Warn(Rules.SchemaUseless, entry.Key, $"'{entry.Key.Value}' says nothing about {SchemaTypeNames.Describe(node.Types)}");
            }
        }

        if (node.If is null && (node.Then is not null || node.Else is not null))
        {
            Warn(Rules.SchemaUseless, map, "'then' and 'else' say nothing without 'if'");
        }
    }

    private static IEnumerable<(string, Value?, string, Value?, bool)> Bounds(SchemaNode node)
    {
        yield return ("minimum", node.Minimum, "maximum", node.Maximum, true);
        yield return ("exclusiveMinimum", node.ExclusiveMinimum, "exclusiveMaximum", node.ExclusiveMaximum, false);
        yield return ("minimum", node.Minimum, "exclusiveMaximum", node.ExclusiveMaximum, false);
        yield return ("exclusiveMinimum", node.ExclusiveMinimum, "maximum", node.Maximum, false);
        yield return ("minLength", Count(node.MinLength), "maxLength", Count(node.MaxLength), true);
        yield return ("minItems", Count(node.MinItems), "maxItems", Count(node.MaxItems), true);
        yield return ("minProperties", Count(node.MinProperties), "maxProperties", Count(node.MaxProperties), true);
    }

    private static Value? Count(int? count) => count is { } n ? Value.Of((decimal)n) : null;

    private void Wrong(string keyword, YamlItem item, string wanted) =>
        Error(Rules.SchemaValue, item, $"'{Text.Shorten(keyword, 60)}' must be {wanted}, not {(item is YamlText { IsNull: false } text ? SchemaWalk.Show(text.Typed()) : item.Name)}");

    internal static Value Literal(YamlItem item) => item switch
    {
        YamlText text => text.Typed(),
        YamlList list => Value.List(list.Items.Select(Literal).ToArray()),
        _ => Value.Object(((YamlMap)item).Entries.Select(e => KeyValuePair.Create(e.Key.Value, Literal(e.Value)))),
    };
}
