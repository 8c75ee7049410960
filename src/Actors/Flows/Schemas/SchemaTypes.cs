namespace Actors.Flows;

/// <summary>The types of JSON Schema. Every integer is a number as well.</summary>
[Flags]
public enum SchemaTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Integer = 4,

    /// <summary>Numbers that are no integers; <see cref="Number"/> is both.</summary>
    Fraction = 8,
    Number = Integer | Fraction,
    String = 16,
    Array = 32,
    Object = 64,
    Any = Null | Boolean | Number | String | Array | Object,
}

/// <summary>Words for <see cref="SchemaTypes"/>.</summary>
internal static class SchemaTypeNames
{
    private static readonly (SchemaTypes Type, string Word)[] Words =
    [
        (SchemaTypes.Null, "null"), (SchemaTypes.Boolean, "boolean"), (SchemaTypes.Number, "number"), (SchemaTypes.Integer, "integer"),
        (SchemaTypes.String, "string"), (SchemaTypes.Array, "array"), (SchemaTypes.Object, "object"),
    ];

    /// <summary>The seven words that <c>type</c> takes.</summary>
    public static IReadOnlyList<string> All { get; } = Words.Select(w => w.Word).ToArray();

    public static bool TryParse(string word, out SchemaTypes type)
    {
        foreach ((SchemaTypes known, string text) in Words)
        {
            if (text == word)
            {
                type = known;
                return true;
            }
        }

        type = SchemaTypes.None;
        return false;
    }

    public static SchemaTypes Of(Value value) => value.Kind switch
    {
        ValueKind.Null => SchemaTypes.Null,
        ValueKind.Bool => SchemaTypes.Boolean,
        ValueKind.Number => IsWhole(value) ? SchemaTypes.Integer : SchemaTypes.Fraction,
        ValueKind.Text => SchemaTypes.String,
        ValueKind.List => SchemaTypes.Array,
        _ => SchemaTypes.Object,
    };

    /// <summary>"a string", "a string or null": with articles, for messages.</summary>
    public static string Describe(SchemaTypes types)
    {
        List<string> names = [];
        foreach ((SchemaTypes type, string word) in Words)
        {
            if ((types & type) == type && !(type == SchemaTypes.Integer && (types & SchemaTypes.Number) == SchemaTypes.Number))
            {
                names.Add(type == SchemaTypes.Null ? word : InputTypes.Name(word));
            }
        }

        // Null reads best at the end.
        if (names.Remove("null"))
        {
            names.Add("null");
        }

        return names.Count switch
        {
            0 => "nothing",
            1 => names[0],
            _ => $"{string.Join(", ", names.Take(names.Count - 1))} or {names[^1]}",
        };
    }

    private static bool IsWhole(Value number) => number.AsNumber switch
    {
        decimal d => d == decimal.Truncate(d),
        double d => d == Math.Truncate(d),
        _ => false,
    };
}
