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

    /// <summary>The object of a flow's inputs. An input that need not be given may be null.</summary>
    public static StaticType OfInputs(IEnumerable<FlowInput> inputs) =>
        ObjectOf(inputs.ToDictionary(i => i.Name, i => i.Required ? OfWord(i.Type) : OfWord(i.Type).OrNull(), StringComparer.Ordinal));

    public bool May(TypeKinds kinds) => (Kinds & kinds) != 0;

    public bool IsOnly(TypeKinds kinds) => (Kinds & ~kinds) == 0;

    public StaticType OrNull() => May(TypeKinds.Null) ? this : new(Kinds | TypeKinds.Null, _item, Fields, IsClosed);

    public StaticType WithoutNull() => Kinds == TypeKinds.Null || !May(TypeKinds.Null) ? this : new(Kinds & ~TypeKinds.Null, _item, Fields, IsClosed);

    /// <summary>Either this or the other.</summary>
    public StaticType Or(StaticType other)
    {
        if (ReferenceEquals(this, other) || Kinds == TypeKinds.Any && Fields is null && _item is null)
        {
            return this;
        }

        StaticType? item = (May(TypeKinds.List), other.May(TypeKinds.List)) switch
        {
            (true, true) => _item is null || other._item is null ? null : _item.Or(other._item),
            (true, false) => _item,
            _ => other._item,
        };
        (IReadOnlyDictionary<string, StaticType>? fields, bool isClosed) = (May(TypeKinds.Object), other.May(TypeKinds.Object)) switch
        {
            // Two objects have in common only that they are objects: a field of one may be missing in the other.
            (true, true) => ReferenceEquals(Fields, other.Fields) ? (Fields, IsClosed && other.IsClosed) : (null, false),
            (true, false) => (Fields, IsClosed),
            _ => (other.Fields, other.IsClosed),
        };
        return new(Kinds | other.Kinds, item, fields, isClosed);
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
