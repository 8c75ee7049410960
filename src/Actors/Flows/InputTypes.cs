namespace Actors.Flows;

/// <summary>The types of a flow's inputs.</summary>
internal static class InputTypes
{
    public const string Any = "any";

    /// <summary>All words for types, with the one that is shown.</summary>
    public static readonly IReadOnlyDictionary<string, string> All = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["string"] = "string",
        ["integer"] = "integer",
        ["int"] = "integer",
        ["number"] = "number",
        ["float"] = "number",
        ["boolean"] = "boolean",
        ["bool"] = "boolean",
        ["object"] = "object",
        ["array"] = "array",
        ["list"] = "array",
        ["any"] = Any,
    };

    /// <summary>True when the value is of the type, or becomes so without loss: 3.0 is the integer 3.</summary>
    public static bool TryFit(Value value, string type, out Value fitted)
    {
        fitted = value;
        switch (type)
        {
            case "string":
                return value.Kind == ValueKind.Text;
            case "integer":
                if (value.AsNumber is decimal number && number == decimal.Truncate(number))
                {
                    fitted = Value.Of(decimal.Truncate(number));
                    return true;
                }

                return false;
            case "number":
                return value.Kind == ValueKind.Number;
            case "boolean":
                return value.Kind == ValueKind.Bool;
            case "object":
                return value.Kind == ValueKind.Object;
            case "array":
                return value.Kind == ValueKind.List;
            default:
                return true;
        }
    }

    /// <summary>The type with its article, for messages.</summary>
    public static string Name(string type) => type switch
    {
        "integer" or "object" or "array" => "an " + type,
        Any => "any value",
        _ => "a " + type,
    };

    /// <summary>What a value is in the words of these types.</summary>
    public static string NameOf(Value value) => value.Kind switch
    {
        ValueKind.Null => "null",
        ValueKind.Bool => "a boolean",
        ValueKind.Number => "the number " + Text.Shorten(value.ToString(), 40),
        ValueKind.Text => "a string",
        ValueKind.List => "an array",
        _ => "an object",
    };
}
