using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Actors.Runs;

/// <summary>
/// The canonical hash of a step's input: <c>1:</c> (the hash's version) and the first 8 bytes, in hex, of SHA-256 over the JSON without white space and with the members of
/// objects in ordinal order of their names. Numbers and strings count as they are written.
/// </summary>
internal static class InputHash
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    public static string Of(ReadOnlySpan<byte> json)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Canonical(json), hash);
        Trim();
        return string.Create(18, BitConverter.ToUInt64(hash), static (text, value) =>
        {
            text[0] = '1';
            text[1] = ':';
            value.TryFormat(text[2..], out _, "x16");
        });
    }

    /// <summary>All 32 bytes, in hex, of SHA-256 over a text and the canonical JSON.</summary>
    public static string FullOf(string prefix, ReadOnlySpan<byte> json)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(prefix));
        hash.AppendData(Canonical(json));
        Trim();
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // Good until the next call on this thread.
    private static ReadOnlySpan<byte> Canonical(ReadOnlySpan<byte> json)
    {
        // Scalars and arrays of scalars are canonical as they were written: only objects can differ in order.
        if (!json.Contains((byte)'{'))
        {
            return json;
        }

        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = FlowJson.DepthMax + 1 });
        JsonElement element = JsonElement.ParseValue(ref reader);
        ArrayBufferWriter<byte> buffer = _buffer ??= new(1024);
        buffer.ResetWrittenCount();
        using (Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { SkipValidation = true, MaxDepth = FlowJson.DepthMax + 1 }))
        {
            Write(writer, element);
        }

        return buffer.WrittenSpan;
    }

    private static void Trim()
    {
        if (_buffer is { Capacity: > 1 << 20 })
        {
            _buffer = null;
        }
    }

    private static void Write(Utf8JsonWriter writer, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (JsonProperty property in element.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(property.Name);
                    Write(writer, property.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (JsonElement item in element.EnumerateArray())
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }
}
