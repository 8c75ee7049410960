namespace Actors.Flows;

/// <summary>What a schema says about the shape of its values, for whoever checks paths into them before there are any.</summary>
internal static class SchemaShape
{
    public static IEnumerable<KeyValuePair<string, SchemaNode>> Properties(SchemaNode node) =>
        Conjuncts(node).SelectMany(n => n.Properties).DistinctBy(p => p.Key, StringComparer.Ordinal);

    public static string[] Required(SchemaNode node) => Conjuncts(node).SelectMany(n => n.Required).Distinct(StringComparer.Ordinal).ToArray();

    /// <summary>Whether an object can have properties that are not described.</summary>
    public static bool IsOpen(SchemaNode node) =>
        Conjuncts(node).TrueForAll(n => n.Always ?? (n.AdditionalProperties?.Always != false || n.PatternProperties.Length > 0));

    public static SchemaNode? Items(SchemaNode node)
    {
        List<SchemaNode> all = Conjuncts(node);
        return all.Exists(n => n.PrefixItems.Length > 0) ? null : all.Find(n => n.Items is not null)?.Items;
    }

    /// <summary>The types that a value can have.</summary>
    /// <param name="known">Schemas may share parts, so that a tree of them can be far larger than what was written: each is looked at once.</param>
    public static SchemaTypes Types(SchemaNode node, Dictionary<SchemaNode, SchemaTypes> known)
    {
        if (known.TryGetValue(node, out SchemaTypes types))
        {
            return types;
        }

        types = node.Always == false ? SchemaTypes.None : node.Types;
        if (node.Enum is not null)
        {
            types &= node.Enum.Aggregate(SchemaTypes.None, (all, v) => all | SchemaTypeNames.Of(v));
        }

        if (node.Const is { } only)
        {
            types &= SchemaTypeNames.Of(only);
        }

        if (node.Reference is not null)
        {
            types &= Types(node.Reference, known);
        }

        types = node.AllOf.Aggregate(types, (all, part) => all & Types(part, known));
        foreach (SchemaNode[] alternatives in (SchemaNode[][])[node.AnyOf, node.OneOf])
        {
            types &= alternatives.Length == 0 ? SchemaTypes.Any : alternatives.Aggregate(SchemaTypes.None, (all, part) => all | Types(part, known));
        }

        known[node] = types;
        return types;
    }

    /// <summary>Schemas that hold for some of the values for which these do, and may complete them then; not those that only ask.</summary>
    public static List<SchemaNode> Alternatives(List<SchemaNode> conjuncts)
    {
        List<SchemaNode> all = [];
        HashSet<SchemaNode> taken = [.. conjuncts];
        foreach (SchemaNode node in conjuncts)
        {
            Add(Choices(node));
        }

        for (int i = 0; i < all.Count; i++)
        {
            Add(Choices(all[i]).Append(all[i].Reference).Concat(all[i].AllOf));
        }

        return all;

        void Add(IEnumerable<SchemaNode?> nodes)
        {
            foreach (SchemaNode? node in nodes)
            {
                if (node is not null && taken.Add(node))
                {
                    all.Add(node);
                }
            }
        }

        static IEnumerable<SchemaNode?> Choices(SchemaNode node) =>
            node.AnyOf.Length + node.OneOf.Length == 0 && node.Then is null && node.Else is null ? [] : node.AnyOf.Concat(node.OneOf).Append(node.Then).Append(node.Else);
    }

    /// <summary>The schema and all that hold whenever it does.</summary>
    public static List<SchemaNode> Conjuncts(SchemaNode node)
    {
        List<SchemaNode> all = [node];
        HashSet<SchemaNode> taken = [node];
        for (int i = 0; i < all.Count; i++)
        {
            foreach (SchemaNode part in all[i].Reference is { } reference ? all[i].AllOf.Prepend(reference) : all[i].AllOf)
            {
                if (taken.Add(part))
                {
                    all.Add(part);
                }
            }
        }

        return all;
    }
}
