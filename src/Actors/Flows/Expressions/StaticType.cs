namespace Actors.Flows;

/// <summary>The kinds that a value may have, as a set.</summary>
[Flags]
internal enum TypeKinds
{
    None = 0,
    Null = 1,
    Bool = 2,
    Number = 4,
    Text = 8,
    List = 16,
    Object = 32,
    Scalar = Null | Bool | Number | Text,
    Numeric = Number | Text,
    Any = Scalar | List | Object,
}

/// <summary>
/// What is known of a value before the flow runs: which kinds it may have, and what lists and objects hold. Immutable. Types are only used to tell what can never work:
/// where nothing is known, everything is possible.
/// </summary>
internal sealed class StaticType
{
    public static readonly StaticType Any = new(TypeKinds.Any);
    public static readonly StaticType Null = new(TypeKinds.Null);
    public static readonly StaticType Bool = new(TypeKinds.Bool);
    public static readonly StaticType Number = new(TypeKinds.Number);
    public static readonly StaticType Text = new(TypeKinds.Text);
    public static readonly StaticType List = new(TypeKinds.List);
    public static readonly StaticType Object = new(TypeKinds.Object);

    // Types of which much is known are told apart field by field, but neither for ever nor for as many fields as anybody may declare.
    private const int MergedLevelsMax = 2;
    private const int MergedFieldsMax = 100;

    // Of lists that are written in the file as many items are looked at.
    private const int ItemsMax = 50;

    private readonly StaticType? _item;

    private StaticType(TypeKinds kinds, StaticType? item = null, IReadOnlyDictionary<string, StaticType>? fields = null, bool isClosed = false, Value constant = default) =>
        (Kinds, _item, Fields, IsClosed, Constant) = (kinds, item, fields, isClosed, constant);

    public TypeKinds Kinds { get; }

    /// <summary>Of the items, when it is a list.</summary>
    public StaticType Item => _item ?? Any;

    /// <summary>The known fields, when it is an object; null: none is known.</summary>
    public IReadOnlyDictionary<string, StaticType>? Fields { get; }

    /// <summary>There are no fields but <see cref="Fields"/>.</summary>
    public bool IsClosed { get; }

    /// <summary>The only value there can be, when that is a scalar written in the expression; otherwise null.</summary>
    public Value Constant { get; }

    public static StaticType Of(TypeKinds kinds) => new(kinds);

    /// <param name="item">Of the items, when it is a list; null: nothing is known.</param>
    /// <param name="fields">The known fields, when it is an object; null: none is known.</param>
    public static StaticType Of(TypeKinds kinds, StaticType? item, IReadOnlyDictionary<string, StaticType>? fields, bool isClosed) => new(kinds, item, fields, isClosed);

    public static StaticType ListOf(StaticType item) => new(TypeKinds.List, item);

    /// <param name="isClosed">True: a field that is not among them does not exist.</param>
    public static StaticType ObjectOf(IReadOnlyDictionary<string, StaticType> fields, bool isClosed = true) => new(TypeKinds.Object, null, fields, isClosed);

    /// <summary>The type of one value. Of lists and objects only the kind.</summary>
    public static StaticType Of(Value value) => value.Kind switch
    {
        ValueKind.Null => Null,
        ValueKind.List => List,
        ValueKind.Object => Object,
        ValueKind.Bool => new(TypeKinds.Bool, constant: value),
        ValueKind.Number => new(TypeKinds.Number, constant: value),
        _ => new(TypeKinds.Text, constant: value),
    };

    /// <summary>The type of a word that declarations use; <see cref="Any"/> for one that is not known.</summary>
    public static StaticType OfWord(string word) => InputTypes.All.GetValueOrDefault(word) switch
    {
        "string" => Text,
        "integer" or "number" => Number,
        "boolean" => Bool,
        "object" => Object,
        "array" => List,
        _ => Any,
    };

    /// <summary>The type of a value that is written in the file, with the types of what it holds.</summary>
    public static StaticType OfWritten(Value value, int levels = MergedLevelsMax)
    {
        if (levels == 0)
        {
            return Of(value);
        }

        if (value.AsObject is { } map)
        {
            return ObjectOf(map.Entries.ToDictionary(static entry => entry.Key, entry => OfWritten(entry.Value, levels - 1), StringComparer.Ordinal));
        }

        return value.AsList is { } list ? ListOfWritten([.. list.Items.Take(ItemsMax + 1).Select(item => OfWritten(item, levels - 1))]) : Of(value);
    }

    /// <summary>The type of a list of which every item is written in the file.</summary>
    public static StaticType ListOfWritten(IReadOnlyList<StaticType> items) =>
        items.Count is 0 or > ItemsMax ? List : ListOf(items.Aggregate(static (all, item) => all.Or(item)));

    public bool May(TypeKinds kinds) => (Kinds & kinds) != 0;

    public bool IsOnly(TypeKinds kinds) => (Kinds & ~kinds) == 0;

    public StaticType OrNull() => May(TypeKinds.Null) ? this : new(Kinds | TypeKinds.Null, _item, Fields, IsClosed);

    public StaticType WithoutNull() => Kinds == TypeKinds.Null || !May(TypeKinds.Null) ? this : new(Kinds & ~TypeKinds.Null, _item, Fields, IsClosed);

    /// <summary>What is known of it, when it is known to be one of these kinds as well; itself when it can be none of them.</summary>
    public StaticType Only(TypeKinds kinds) => IsOnly(kinds) || !May(kinds) ? this : new(Kinds & kinds, _item, Fields, IsClosed);

    /// <summary>Either this or the other.</summary>
    public StaticType Or(StaticType other) => Or(other, MergedLevelsMax);

    private StaticType Or(StaticType other, int levels)
    {
        if (ReferenceEquals(this, other) || Kinds == TypeKinds.Any && Fields is null && _item is null)
        {
            return this;
        }

        StaticType? item = (May(TypeKinds.List), other.May(TypeKinds.List)) switch
        {
            (true, true) => _item is null || other._item is null || levels == 0 ? null : _item.Or(other._item, levels - 1),
            (true, false) => _item,
            _ => other._item,
        };
        (IReadOnlyDictionary<string, StaticType>? fields, bool isClosed) = (May(TypeKinds.Object), other.May(TypeKinds.Object)) switch
        {
            (true, true) => FieldsOfEither(other, levels),
            (true, false) => (Fields, IsClosed),
            _ => (other.Fields, other.IsClosed),
        };
        return new(Kinds | other.Kinds, item, fields, isClosed);
    }

    // A field that only one of them has is missing in the other when that has no more than it says, and may be anything there when it may have more.
    private (IReadOnlyDictionary<string, StaticType>?, bool) FieldsOfEither(StaticType other, int levels)
    {
        if (ReferenceEquals(Fields, other.Fields))
        {
            return (Fields, IsClosed && other.IsClosed);
        }

        if (Fields is null || other.Fields is null || levels == 0 || Fields.Count + other.Fields.Count > MergedFieldsMax)
        {
            return (null, false);
        }

        Dictionary<string, StaticType> fields = new(StringComparer.Ordinal);
        foreach (string name in Fields.Keys.Union(other.Fields.Keys))
        {
            StaticType? mine = Fields.GetValueOrDefault(name);
            StaticType? others = other.Fields.GetValueOrDefault(name);
            StaticType? type = mine is null ? IsClosed ? others!.OrNull() : null
                : others is null ? other.IsClosed ? mine.OrNull() : null
                : mine.Or(others, levels - 1);
            if (type is not null)
            {
                fields[name] = type;
            }
        }

        return (fields, IsClosed && other.IsClosed);
    }

    /// <summary>What it is, with its article, for messages.</summary>
    public string Name
    {
        get
        {
            if (Kinds == TypeKinds.Any)
            {
                return "any value";
            }

            List<string> names = [];
            foreach ((TypeKinds kind, string name) in ((TypeKinds, string)[])
                [(TypeKinds.Text, "a text"), (TypeKinds.Number, "a number"), (TypeKinds.Bool, "a boolean"), (TypeKinds.List, "a list"), (TypeKinds.Object, "an object"), (TypeKinds.Null, "null")])
            {
                if (May(kind))
                {
                    names.Add(name);
                }
            }

            return names.Count < 2 ? string.Concat(names) : string.Join(", ", names.Take(names.Count - 1)) + " or " + names[^1];
        }
    }

    /// <summary>False for a text that is known not to be a number, and for what is neither.</summary>
    public bool MayBeNumber => Constant.AsText is not null ? Operators.TryNumber(Constant, out _) : May(TypeKinds.Numeric);
}
