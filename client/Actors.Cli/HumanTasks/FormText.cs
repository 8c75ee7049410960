using System.Text.Json;

namespace Actors.Cli.HumanTasks;

/// <summary>A form in one line: the fields of its object with their types.</summary>
internal static class FormText
{
    /// <summary>E.g. <c>amount*: integer, note: string</c>; the required ones have an asterisk.</summary>
    /// <param name="form">A JSON Schema.</param>
    public static string Of(JsonElement form)
    {
        if (form.ValueKind != JsonValueKind.Object || !form.TryGetProperty("properties", out JsonElement properties))
        {
            return form.ValueKind == JsonValueKind.Object && TypeOf(form) is { } type ? type : "any";
        }

        string[] required = form.TryGetProperty("required", out JsonElement names) ? names.EnumerateArray().Select(n => n.GetString()!).ToArray() : [];
        return string.Join(", ", properties.EnumerateObject().Select(p => $"{p.Name}{(required.Contains(p.Name) ? "*" : "")}{(TypeOf(p.Value) is { } word ? $": {word}" : "")}"));
    }

    private static string? TypeOf(JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        if (schema.TryGetProperty("enum", out JsonElement values))
        {
            return string.Join(" | ", values.EnumerateArray().Take(10).Select(v => v.ToString()));
        }

        return schema.TryGetProperty("type", out JsonElement type)
            ? type.ValueKind == JsonValueKind.Array ? string.Join(" | ", type.EnumerateArray().Select(t => t.GetString())) : type.GetString()
            : null;
    }
}
