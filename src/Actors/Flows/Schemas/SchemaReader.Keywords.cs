namespace Actors.Flows;

/// <summary>The keywords: which there are, and what is asked of a schema beside each one's own value.</summary>
internal sealed partial class SchemaReader
{
    public const string Dialect = "https://json-schema.org/draft/2020-12/schema";

    private const int EntriesMax = 10_000;

    /// <summary>All keywords.</summary>
    public static IReadOnlyDictionary<string, Keyword> Keywords { get; } = new Dictionary<string, Keyword>(StringComparer.Ordinal)
    {
        ["type"] = new(SchemaTypes.Any, static (reader, _, item, node) => reader.ReadTypes(item, node)),
        ["enum"] = new(SchemaTypes.Any, static (reader, _, item, node) => reader.ReadEnum(item, node)),
        ["const"] = new(SchemaTypes.Any, static (_, _, item, node) => ReadConst(item, node)),
        ["properties"] = new(SchemaTypes.Object, static (reader, keyword, item, node) => reader.ReadProperties(keyword, item, node)),
        ["required"] = new(SchemaTypes.Object, static (reader, _, item, node) => reader.ReadRequired(item, node)),
        ["additionalProperties"] = One(SchemaTypes.Object, static (node, inner) => node.AdditionalProperties = inner),
        ["patternProperties"] = new(SchemaTypes.Object, static (reader, _, item, node) => reader.ReadPatternProperties(item, node)),
        ["propertyNames"] = One(SchemaTypes.Object, static (node, inner) => node.PropertyNames = inner),
        ["minProperties"] = Whole(SchemaTypes.Object, static (node, count) => node.MinProperties = count),
        ["maxProperties"] = Whole(SchemaTypes.Object, static (node, count) => node.MaxProperties = count),
        ["dependentRequired"] = new(SchemaTypes.Object, static (reader, _, item, node) => reader.ReadDependentRequired(item, node)),
        ["items"] = new(SchemaTypes.Array, static (reader, _, item, node) => reader.ReadItems(item, node)),
        ["prefixItems"] = Several(SchemaTypes.Array, static (node, inner) => node.PrefixItems = inner),
        ["contains"] = One(SchemaTypes.Array, static (node, inner) => node.Contains = inner),
        ["minItems"] = Whole(SchemaTypes.Array, static (node, count) => node.MinItems = count),
        ["maxItems"] = Whole(SchemaTypes.Array, static (node, count) => node.MaxItems = count),
        ["uniqueItems"] = Flag(SchemaTypes.Array, static (node, flag) => node.UniqueItems = flag),
        ["minLength"] = Whole(SchemaTypes.String, static (node, count) => node.MinLength = count),
        ["maxLength"] = Whole(SchemaTypes.String, static (node, count) => node.MaxLength = count),
        ["pattern"] = new(SchemaTypes.String, static (reader, _, item, node) => reader.ReadPattern(item, node)),
        ["format"] = new(SchemaTypes.String, static (reader, _, item, node) => reader.ReadFormat(item, node)),
        ["minimum"] = Number(static (node, bound) => node.Minimum = bound),
        ["maximum"] = Number(static (node, bound) => node.Maximum = bound),
        ["exclusiveMinimum"] = Number(static (node, bound) => node.ExclusiveMinimum = bound),
        ["exclusiveMaximum"] = Number(static (node, bound) => node.ExclusiveMaximum = bound),
        ["multipleOf"] = new(SchemaTypes.Number, static (reader, keyword, item, node) => reader.ReadMultipleOf(keyword, item, node)),
        ["allOf"] = Several(SchemaTypes.Any, static (node, inner) => node.AllOf = inner),
        ["anyOf"] = Several(SchemaTypes.Any, static (node, inner) => node.AnyOf = inner),
        ["oneOf"] = Several(SchemaTypes.Any, static (node, inner) => node.OneOf = inner),
        ["not"] = One(SchemaTypes.Any, static (node, inner) => node.Not = inner),
        ["if"] = One(SchemaTypes.Any, static (node, inner) => node.If = inner),
        ["then"] = One(SchemaTypes.Any, static (node, inner) => node.Then = inner),
        ["else"] = One(SchemaTypes.Any, static (node, inner) => node.Else = inner),
        ["$ref"] = new(SchemaTypes.Any, static (reader, _, item, node) => reader.ReadReference(item, node)),
        ["$defs"] = new(SchemaTypes.Any, static (reader, keyword, item, node) => reader.ReadSchemas(keyword, item, out _)),
        ["title"] = Words(static (node, text) => node.Title = text),
        ["description"] = Words(static (node, text) => node.Description = text),
        ["default"] = new(SchemaTypes.Any, static (reader, _, item, node) => reader.ReadDefault(item, node)),
        ["examples"] = new(SchemaTypes.Any, static (reader, keyword, item, _) => reader.ReadExamples(keyword, item)),
        ["deprecated"] = Flag(SchemaTypes.Any, static (_, _) => { }),
        ["readOnly"] = Flag(SchemaTypes.Any, static (_, _) => { }),
        ["writeOnly"] = Flag(SchemaTypes.Any, static (_, _) => { }),
        ["$schema"] = new(SchemaTypes.Any, static (reader, keyword, item, _) => reader.ReadDialect(keyword, item)),
        ["$id"] = new(SchemaTypes.Any, static (reader, keyword, item, _) => reader.ReadIdentity(keyword, item)),
        ["$comment"] = Words(static (_, _) => { }),
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
            if (!Keywords.TryGetValue(keyword, out Keyword known))
            {
                Unknown(entry.Key);
                continue;
            }

            _path.Add(keyword);
            source.Add(new(keyword, known.Read(this, keyword, entry.Value, node)));
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

    // What is legal but can never be meant.
    private void CheckSense(YamlMap map, SchemaNode node)
    {
        foreach ((string low, Value? min, string high, Value? max, bool equal) in Bounds(node))
        {
            if (min is { } a && max is { } b && (Numbers.Compare(a.AsNumber!, b.AsNumber!) is var order) && (order > 0 || (order == 0 && !equal)))
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
            if (Keywords.TryGetValue(entry.Key.Value, out Keyword known) && node.Types != SchemaTypes.None && (known.About & node.Types) == 0 && _problems?.HasErrorsAt(entry.Value) != true)
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

    /// <param name="About">The types that it says something about.</param>
    /// <param name="Read">Is told the keyword, puts what it says into the node, and gives its value as JSON.</param>
    internal readonly record struct Keyword(SchemaTypes About, Func<SchemaReader, string, YamlItem, SchemaNode, Value> Read);
}
