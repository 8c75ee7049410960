using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>
/// What columns hold, as JSON: numbers as numbers (what is not finite as a text), points in time as ISO 8601, bytes as base64, json columns as what they hold, arrays as lists, and
/// what JSON has no word for as a text.
/// </summary>
internal static class SqlValues
{
    public const int DepthMax = FlowJson.DepthMax - 8;

    /// <param name="type">The column's type as the database calls it.</param>
    public static void Write(Utf8JsonWriter writer, object? value, string type)
    {
        switch (value)
        {
            case null or DBNull:
                writer.WriteNullValue();
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case string text:
                WriteText(writer, text, type);
                break;
            case sbyte or byte or short or ushort or int or uint or long:
                writer.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case ulong number:
                writer.WriteNumberValue(number);
                break;
            case decimal number:
                writer.WriteNumberValue(number);
                break;
            case BigInteger number:
                writer.WriteStringValue(number.ToString(CultureInfo.InvariantCulture));
                break;
            case float number when float.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case byte[] bytes:
                writer.WriteBase64StringValue(bytes);
                break;
            case DateTime time:
                writer.WriteStringValue(Format(time, type));
                break;
            case DateTimeOffset time:
                writer.WriteStringValue(time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture));
                break;
            case DateOnly date:
                writer.WriteStringValue(date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
                break;
            case TimeOnly time:
                writer.WriteStringValue(time.ToString("HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture));
                break;
            case TimeSpan time:
                writer.WriteStringValue(time.ToString("c", CultureInfo.InvariantCulture));
                break;
            case BitArray bits:
                writer.WriteStringValue(string.Concat(bits.Cast<bool>().Select(static bit => bit ? '1' : '0')));
                break;
            case Array array:
                WriteArray(writer, array, type.TrimEnd('[', ']'), 0, new int[array.Rank]);
                break;
            case IDictionary<string, string?> map:
                writer.WriteStartObject();
                foreach ((string key, string? text) in map)
                {
                    writer.WriteString(key, text);
                }

                writer.WriteEndObject();
                break;
            default:
                writer.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    private static string Format(DateTime time, string type)
    {
        // How the provider says infinity.
        if (time == DateTime.MaxValue || time == DateTime.MinValue)
        {
            return time == DateTime.MaxValue ? "infinity" : "-infinity";
        }

        string format = type.Equals("date", StringComparison.OrdinalIgnoreCase) ? "yyyy-MM-dd"
            : time.Kind == DateTimeKind.Unspecified ? "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF" : "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'";
        return (time.Kind == DateTimeKind.Local ? time.ToUniversalTime() : time).ToString(format, CultureInfo.InvariantCulture);
    }

    private static void WriteText(Utf8JsonWriter writer, string text, string type)
    {
        if (type.StartsWith("json", StringComparison.OrdinalIgnoreCase))
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = DepthMax });
                Value.FromJson(document.RootElement).WriteTo(writer);
                return;
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                throw new FormatException($"its JSON cannot be kept: {Text.Shorten(e.Message, 200)}", e);
            }
        }

        writer.WriteStringValue(text);
    }

    private static void WriteArray(Utf8JsonWriter writer, Array array, string type, int dimension, int[] at)
    {
        writer.WriteStartArray();
        for (int i = array.GetLowerBound(dimension); i <= array.GetUpperBound(dimension); i++)
        {
            at[dimension] = i;
            if (dimension + 1 < array.Rank)
            {
                WriteArray(writer, array, type, dimension + 1, at);
            }
            else
            {
                Write(writer, array.GetValue(at), type);
            }
        }

        writer.WriteEndArray();
    }
}
