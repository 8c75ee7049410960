using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Actors.Cli;

/// <summary>How data is written: text for people, JSON for programs, which is the API's own and as stable.</summary>
internal static class OutputFormat
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Option<string> Option()
    {
        Option<string> option = new("--output", "-o")
        {
            Description = "text or json",
            DefaultValueFactory = _ => "text",
            HelpName = "format",
        };
        return option.AcceptOnlyFromAmong("text", "json");
    }

    public static bool IsJson(ParseResult parsed, Option<string> option) => parsed.GetValue(option) == "json";

    public static void WriteJson<T>(TextWriter output, T value, JsonTypeInfo<T> type) => output.WriteLine(Json(value, type));

    public static string Json<T>(T value, JsonTypeInfo<T> type)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes, Indented))
        {
            JsonSerializer.Serialize(writer, value, type);
        }

        return System.Text.Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    public static string Compact(JsonElement value)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            value.WriteTo(writer);
        }

        return System.Text.Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }
}
