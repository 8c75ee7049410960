using System.Text.Json;

namespace Actors.Flows;

/// <summary>From one kind of value to another.</summary>
internal static class ConversionFunctions
{
    public static readonly Function[] All =
    [
        new("text", "value: any", "text", "As it looks inside a text: null is empty, lists and objects are JSON.", static a => Value.Of(Show(a.E, a[0]))) { Aliases = ["stringify"] },
        new("json", "value: any", "text", "As JSON.", static a => Value.Of(Json(a.E, a[0]))) { Aliases = ["tojson"] },
        new("parse_json", "text: text", "any", "The value that a JSON text stands for.", Parse),
        new("type", "value: any", "text", "`null`, `boolean`, `number`, `text`, `list` or `object`.", static a => Value.Of(Word(a[0]))),
        new("default", "value: any, otherwise: any", "any", "The value, or the other one when it is null or leads to nothing.", static a => a[0].IsNull ? a[1] : a[0])
        {
            FirstIsLenient = true,
            Infer = static types => types[0].WithoutNull().Or(types[1]),
        },
        new("coalesce", "values…: any", "any", "The first value that is there and not null; null when there is none.", static a => Array.Find(a.Values, static value => !value.IsNull))
        {
            AllAreLenient = true,
        },
    ];

    /// <summary>As <see cref="Value.ToString"/>, within the limits.</summary>
    public static string Show(Evaluation e, Value value) => value.Kind switch
    {
        ValueKind.List or ValueKind.Object => Json(e, value),
        ValueKind.Text => Evaluation.CheckLength(value.AsText!),
        _ => value.ToString(),
    };

    private static string Json(Evaluation e, Value value)
    {
        e.Count(16 + (value.Size / 8));
        e.Charge(value.Size);
        return Evaluation.CheckLength(value.ToJsonText());
    }

    private static Value Parse(Arguments a)
    {
        string text = a.Text(0);
        a.E.Count(32 + (text.Length / 4));
        a.E.Charge(text.Length);
        try
        {
            Value value = Value.Parse(text);
            // Looks into every corner: what cannot be a value is told here and not where it happens to be used.
            return value.Depth(Evaluation.DepthMax) <= Evaluation.DepthMax ? value : throw a.Fault("needs JSON that is not nested so deep");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw a.Fault("needs a JSON text");
        }
    }

    private static string Word(Value value) => value.Kind switch
    {
        ValueKind.Null => "null",
        ValueKind.Bool => "boolean",
        ValueKind.Number => "number",
        ValueKind.Text => "text",
        ValueKind.List => "list",
        _ => "object",
    };
}
