using System.Globalization;

namespace Actors.Flows;

/// <summary>Keywords that hold schemas: of objects and lists, and those that look at the same value.</summary>
internal sealed partial class SchemaReader
{
    /// <summary>One schema.</summary>
    private static Keyword One(SchemaTypes about, Action<SchemaNode, SchemaNode> put) => new(about, (reader, _, item, node) => reader.ReadOne(item, node, put));

    /// <summary>A list of schemas.</summary>
    private static Keyword Several(SchemaTypes about, Action<SchemaNode, SchemaNode[]> put) => new(about, (reader, keyword, item, node) =>
    {
        if (item is not YamlList { Items: { Count: > 0 } items })
        {
            reader.Wrong(keyword, item, "a list of schemas");
            return Value.Null;
        }

        SchemaNode[] nodes = items.Select((one, i) => reader.Node(i.ToString(CultureInfo.InvariantCulture), one)).ToArray();
        put(node, nodes);
        return Value.List(Array.ConvertAll(nodes, n => n.Source));
    });

    private Value ReadOne(YamlItem item, SchemaNode node, Action<SchemaNode, SchemaNode> put)
    {
        SchemaNode inner = Node(item);
        put(node, inner);
        return inner.Source;
    }

    private Value ReadItems(YamlItem item, SchemaNode node)
    {
        if (item is not YamlList)
        {
            return ReadOne(item, node, static (list, inner) => list.Items = inner);
        }

        Error(Rules.SchemaValue, item, "'items' must be one schema, not a list", "Write 'prefixItems' for items that differ by place.");
        return Value.Null;
    }

    private Value ReadProperties(string keyword, YamlItem item, SchemaNode node)
    {
        Value source = ReadSchemas(keyword, item, out KeyValuePair<string, SchemaNode>[] nodes);
        node.Properties = nodes;
        node.PropertyIndex = nodes.ToDictionary(StringComparer.Ordinal);
        return source;
    }

    private Value ReadSchemas(string keyword, YamlItem item, out KeyValuePair<string, SchemaNode>[] nodes)
    {
        if (item is not YamlMap map)
        {
            Wrong(keyword, item, "a mapping from names to schemas");
            nodes = [];
            return Value.Null;
        }

        nodes = map.Entries.Select(e => KeyValuePair.Create(e.Key.Value, Node(e.Key.Value, e.Value))).ToArray();
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
}
