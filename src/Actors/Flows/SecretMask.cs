using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>
/// Takes secrets out of what a step gives and tells: each becomes <c>***</c>, as it is, and escaped for JSON, for addresses and forms, and in base64, also in the middle of a longer text in base64.
/// A secret of fewer than <see cref="LengthMin"/> characters is left alone: it would be found in everything. What a server has encrypted, hashed or cut into pieces is not recognised.
/// Safe for any thread.
/// </summary>
internal sealed class SecretMask
{
    public const int LengthMin = 4;

    private const string Hidden = "***";

    // A shorter piece of base64 is found by chance.
    private const int Base64PieceMin = 6;

    // The longest first: one secret may be a part of another.
    private readonly string[] _forms;
    private readonly SearchValues<string> _any;

    public SecretMask(IEnumerable<string> secrets)
    {
        HashSet<string> forms = new(StringComparer.Ordinal);
        foreach (string secret in secrets)
        {
            Add(forms, secret);

            // Where lines are read from files, their ends are often cut off before they are used.
            Add(forms, secret.Trim());
        }

        _forms = [.. forms.OrderByDescending(static form => form.Length)];
        _any = SearchValues.Create(_forms, StringComparison.Ordinal);
    }

    /// <summary>True when there is nothing to hide.</summary>
    public bool IsEmpty => _forms.Length == 0;

    public string Hide(string text)
    {
        int found = IsEmpty ? -1 : text.AsSpan().IndexOfAny(_any);
        if (found < 0)
        {
            return text;
        }

        StringBuilder hidden = new(text.Length);
        int at = 0;
        while (found >= 0)
        {
            hidden.Append(text, at, found).Append(Hidden);
            at += found + LengthAt(text.AsSpan(at + found));
            found = text.AsSpan(at).IndexOfAny(_any);
        }

        return hidden.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>Looks into texts, names and numbers. Gives the same element when there is nothing to hide in it.</summary>
    public JsonElement Hide(JsonElement value)
    {
        if (IsEmpty || value.ValueKind == JsonValueKind.Undefined || !IsIn(value))
        {
            return value;
        }

        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Write(writer, value);
        }

        return JsonDocument.Parse(buffer.WrittenMemory).RootElement;
    }

    private bool IsIn(string? text) => text is not null && text.AsSpan().IndexOfAny(_any) >= 0;

    private bool IsIn(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().Any(property => IsIn(property.Name) || IsIn(property.Value)),
        JsonValueKind.Array => value.EnumerateArray().Any(IsIn),
        JsonValueKind.String => IsIn(value.GetString()),
        JsonValueKind.Number => IsIn(value.GetRawText()),
        _ => false,
    };

    private void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (JsonProperty property in value.EnumerateObject())
                {
                    writer.WritePropertyName(Hide(property.Name));
                    Write(writer, property.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (JsonElement item in value.EnumerateArray())
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.String:
                writer.WriteStringValue(Hide(value.GetString()!));
                break;
            case JsonValueKind.Number when IsIn(value.GetRawText()):
                writer.WriteStringValue(Hidden);
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    private int LengthAt(ReadOnlySpan<char> text)
    {
        foreach (string form in _forms)
        {
            if (text.StartsWith(form, StringComparison.Ordinal))
            {
                return form.Length;
            }
        }

        return 1;
    }

    private static void Add(HashSet<string> forms, string secret)
    {
        if (secret.Length < LengthMin)
        {
            return;
        }

        forms.Add(secret);
        foreach (JavaScriptEncoder encoder in (JavaScriptEncoder[])[JavaScriptEncoder.Default, JavaScriptEncoder.UnsafeRelaxedJsonEscaping])
        {
            string escaped = encoder.Encode(secret);
            forms.Add(escaped);

            // JSON in a text in JSON.
            forms.Add(encoder.Encode(escaped));
        }

        byte[] bytes = Encoding.UTF8.GetBytes(secret);
        string url = Uri.EscapeDataString(Encoding.UTF8.GetString(bytes));
        foreach (string form in (string[])[url, url.Replace("%20", "+", StringComparison.Ordinal)])
        {
            forms.Add(form);
            forms.Add(LowerCaseHex(form));
        }

        AddBase64(forms, bytes);
    }

    // A text in base64 that holds the secret in its middle shows it in one of three ways, by how many bytes are before it. What lies at the ends mixes with the bytes around and is left out.
    private static void AddBase64(HashSet<string> forms, byte[] secret)
    {
        string whole = Convert.ToBase64String(secret);
        AddBoth(whole);
        AddBoth(whole.TrimEnd('='));
        for (int before = 0; before < 3; before++)
        {
            byte[] shifted = [.. new byte[before], .. secret];
            int from = (before * 8 + 5) / 6;
            int to = shifted.Length * 8 / 6;
            if (to - from >= Base64PieceMin)
            {
                AddBoth(Convert.ToBase64String(shifted)[from..to]);
            }
        }

        void AddBoth(string form)
        {
            forms.Add(form);
            forms.Add(form.Replace('+', '-').Replace('/', '_'));
        }
    }

    private static string LowerCaseHex(string url)
    {
        StringBuilder lower = new(url);
        for (int i = 0; i + 2 < url.Length; i++)
        {
            if (url[i] == '%')
            {
                lower[i + 1] = char.ToLowerInvariant(url[i + 1]);
                lower[i + 2] = char.ToLowerInvariant(url[i + 2]);
            }
        }

        return lower.ToString();
    }
}
