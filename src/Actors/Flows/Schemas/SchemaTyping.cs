namespace Actors.Flows;

/// <summary>
/// What a schema says of the type of the values that it has accepted. A value is completed with defaults while it is checked, by every schema that looks at it, so that what one of them
/// says of its fields holds only where no other one may add to them.
/// </summary>
internal sealed class SchemaTyping
{
    // Deeper than paths of expressions go.
    private const int DepthMax = 16;

    // Schemas that look at one value, all places together: far above any real schema, and done in no time.
    private const int LooksMax = 100_000;

    private readonly Dictionary<SchemaNode, StaticType> _known = [];
    private readonly HashSet<SchemaNode> _open = [];
    private int _looks;

    public static StaticType Of(JsonSchema schema) => new SchemaTyping().Of(schema.Node, 0);

    private StaticType Of(SchemaNode node, int depth)
    {
        if (_known.TryGetValue(node, out StaticType? known))
        {
            return known;
        }

        TypeKinds kinds = Kinds(node.PossibleTypes);
        if ((kinds & (TypeKinds.List | TypeKinds.Object)) == 0 || depth == DepthMax || _looks > LooksMax || !_open.Add(node))
        {
            return StaticType.Of(kinds);
        }

        List<SchemaNode> always = SchemaShape.Conjuncts(node);
        List<SchemaNode> sometimes = SchemaShape.Alternatives(always);
        _looks += always.Count + sometimes.Count;
        StaticType? item = (kinds & TypeKinds.List) != 0 ? Item(always, sometimes, depth) : null;
        Dictionary<string, StaticType>? fields = (kinds & TypeKinds.Object) != 0 ? Fields(always, sometimes, depth) : null;
        StaticType type = StaticType.Of(kinds, item, fields, isClosed: fields is not null && !SchemaShape.IsOpen(node));
        _open.Remove(node);
        _known[node] = type;
        return type;
    }

    private StaticType? Item(List<SchemaNode> always, List<SchemaNode> sometimes, int depth)
    {
        if (sometimes.Exists(SaysOfItems) || always.FindAll(SaysOfItems) is not [var only])
        {
            return null;
        }

        StaticType? type = only.Items is null ? StaticType.Any : only.Items.Always == false ? null : Of(only.Items, depth + 1);
        foreach (SchemaNode place in only.PrefixItems)
        {
            StaticType one = Of(place, depth + 1);
            type = type?.Or(one) ?? one;
        }

        return type;
    }

    private static bool SaysOfItems(SchemaNode node) => node.Items is not null || node.PrefixItems.Length > 0;

    private Dictionary<string, StaticType> Fields(List<SchemaNode> always, List<SchemaNode> sometimes, int depth)
    {
        Dictionary<string, Field> found = new(StringComparer.Ordinal);
        HashSet<string> required = new(StringComparer.Ordinal);
        // Which names such schemas look at too is not known before there are any.
        int openEnded = 0;
        foreach (SchemaNode node in always)
        {
            required.UnionWith(node.Required);
            openEnded += Add(node, isAlways: true) ? 1 : 0;
        }

        foreach (SchemaNode node in sometimes)
        {
            openEnded += Add(node, isAlways: false) ? 1 : 0;
        }

        Dictionary<string, StaticType> fields = new(found.Count, StringComparer.Ordinal);
        foreach ((string name, Field field) in found)
        {
            bool isAlone = field.Count == 1 && field.Said is not null && !field.IsBesidePatterns && openEnded == (field.IsBesideOthers ? 1 : 0);
            StaticType type = isAlone ? Of(field.Said!, depth + 1) : StaticType.Of(field.Kinds);
            fields[name] = required.Contains(name) || field.HasDefault ? type : type.OrNull();
        }

        foreach (string name in required)
        {
            fields.TryAdd(name, StaticType.Any);
        }

        return fields;

        bool Add(SchemaNode node, bool isAlways)
        {
            bool hasOthers = node.AdditionalProperties is { Always: null };
            foreach ((string name, SchemaNode property) in node.Properties)
            {
                Field before = found.GetValueOrDefault(name, Field.None);
                found[name] = new Field(
                    before.Count + 1,
                    isAlways ? property : before.Said,
                    isAlways ? Meet(before.Kinds, Kinds(property.PossibleTypes)) : before.Kinds,
                    before.HasDefault || (isAlways && property.FindDefault() is not null),
                    node.PatternProperties.Length > 0,
                    hasOthers);
            }

            return hasOthers || node.PatternProperties.Length > 0;
        }
    }

    private static TypeKinds Meet(TypeKinds a, TypeKinds b) => (a & b) == 0 ? TypeKinds.Any : a & b;

    private static TypeKinds Kinds(SchemaTypes types)
    {
        TypeKinds kinds = TypeKinds.None;
        foreach ((SchemaTypes type, TypeKinds kind) in ((SchemaTypes, TypeKinds)[])
        [
            (SchemaTypes.Null, TypeKinds.Null), (SchemaTypes.Boolean, TypeKinds.Bool), (SchemaTypes.Number, TypeKinds.Number),
            (SchemaTypes.String, TypeKinds.Text), (SchemaTypes.Array, TypeKinds.List), (SchemaTypes.Object, TypeKinds.Object),
        ])
        {
            kinds |= (types & type) != 0 ? kind : TypeKinds.None;
        }

        // Of what nothing fits there is no value to ask for.
        return kinds == TypeKinds.None ? TypeKinds.Any : kinds;
    }

    /// <summary>What is said of one property.</summary>
    /// <param name="Count">By how many schemas.</param>
    /// <param name="Said">The last one that always holds; null: none does.</param>
    /// <param name="IsBesidePatterns">It stands beside patterns, which may look at it as well.</param>
    /// <param name="IsBesideOthers">It stands beside a schema for all properties that are not described, which it is not one of.</param>
    private readonly record struct Field(int Count, SchemaNode? Said, TypeKinds Kinds, bool HasDefault, bool IsBesidePatterns, bool IsBesideOthers)
    {
        public static readonly Field None = new(0, null, TypeKinds.Any, false, false, false);
    }
}
