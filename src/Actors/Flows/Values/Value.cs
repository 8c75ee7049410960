using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Actors.Flows;

public enum ValueKind
{
    Null,
    Bool,
    Number,
    Text,
    List,
    Object,
}

/// <summary>
/// An immutable JSON value, as expressions see it. Containers that come from JSON are taken apart when they are first looked into.
/// Written as JSON and read back it is the same value, and writing that again gives the same bytes. Safe for any thread.
/// </summary>
[JsonConverter(typeof(ValueJsonConverter))]
[Runs.IsItsOwnJson]
public readonly struct Value : IEquatable<Value>
{
    private static readonly object TrueBox = true;
    private static readonly object FalseBox = false;

    // Null, a boxed bool, decimal or double, a string, a ValueList or a ValueMap: one reference, so that values are cheap to pass.
    private readonly object? _content;

    private Value(object? content) => _content = content;

    public static Value Null => default;
    public static Value True { get; } = new(TrueBox);
    public static Value False { get; } = new(FalseBox);
    public static Value EmptyObject { get; } = new(new ValueMap([]));
    public static Value EmptyList { get; } = new(new ValueList([]));

    public ValueKind Kind => _content switch
    {
        null => ValueKind.Null,
        string => ValueKind.Text,
        bool => ValueKind.Bool,
        ValueMap => ValueKind.Object,
        ValueList => ValueKind.List,
        _ => ValueKind.Number,
    };

    public bool IsNull => _content is null;

    public static Value Of(bool value) => value ? True : False;

    public static Value Of(string? value) => new(value);

    public static Value Of(decimal value) => new(value);

    /// <exception cref="ArgumentOutOfRangeException">The number is not finite.</exception>
    public static Value Of(double value) => Numbers.TryCreate(value, out object number)
        ? new(number)
        : throw new ArgumentOutOfRangeException(nameof(value), "JSON has no infinity and no NaN.");

    /// <summary>The array must not be changed afterwards.</summary>
    public static Value List(params Value[] items) => new(new ValueList(items));

    /// <summary>Keeps the order; of a name that comes twice the last value counts, in the first one's place.</summary>
    public static Value Object(params KeyValuePair<string, Value>[] entries) => new(new ValueMap(entries));

    internal static Value Object(IEnumerable<KeyValuePair<string, Value>> entries) => new(new ValueMap(entries.ToArray()));

    /// <summary>The element's document must stay alive and unchanged as long as the value: clone elements of pooled documents first.</summary>
    /// <exception cref="JsonException">A number is larger than a double can be.</exception>
    public static Value FromJson(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => new(new ValueMap(element)),
        JsonValueKind.Array => new(new ValueList(element)),
        JsonValueKind.String => new(element.GetString()),
        JsonValueKind.True => True,
        JsonValueKind.False => False,
        JsonValueKind.Number => FromNumber(element),
        _ => Null,
    };

    /// <exception cref="JsonException">The text is not JSON.</exception>
    public static Value Parse([StringSyntax(StringSyntaxAttribute.Json)] string json) =>
        JsonSerializer.Deserialize<Value>(json, FlowJson.Options);

    /// <summary>False for everything but a number as expressions write it.</summary>
    internal static bool TryParseNumber(ReadOnlySpan<char> text, out Value value)
    {
        bool ok = Numbers.TryParse(text, out object number);
        value = ok ? new(number) : default;
        return ok;
    }

    internal bool TryGetBool(out bool value)
    {
        value = ReferenceEquals(_content, TrueBox);
        return _content is bool;
    }

    internal string? AsText => _content as string;

    internal ValueList? AsList => _content as ValueList;

    internal ValueMap? AsObject => _content as ValueMap;

    /// <summary>A boxed decimal or double; null when the value is no number.</summary>
    internal object? AsNumber => _content is decimal or double ? _content : null;

    internal static Value OfNumber(object number) => new(number);

    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        switch (_content)
        {
            case null:
                writer.WriteNullValue();
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case decimal number:
                writer.WriteNumberValue(number);
                break;
            case double number:
                writer.WriteNumberValue(number);
                break;
            case ValueMap map:
                map.WriteTo(writer);
                break;
            case ValueList list:
                list.WriteTo(writer);
                break;
        }
    }

    /// <summary>The JSON that a list or an object was read from; null when there is none at hand.</summary>
    internal JsonElement? Source => AsObject?.Source ?? AsList?.Source;

    public JsonElement ToJson() => Source ?? JsonSerializer.SerializeToElement(this, FlowJson.Options);

    /// <summary>Compact JSON.</summary>
    public string ToJsonText()
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter writer = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            WriteTo(writer);
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>How the value looks inside a text: null is empty, true and false in lower case, lists and objects as JSON.</summary>
    public override string ToString() => _content switch
    {
        null => "",
        string text => text,
        bool flag => flag ? "true" : "false",
        ValueMap or ValueList => ToJsonText(),
        _ => Numbers.Write(_content),
    };

    /// <summary>How deep lists and objects are nested: 0 for a scalar. No more than just above <paramref name="limit"/>.</summary>
    internal int Depth(int limit) => Math.Min(_content switch
    {
        ValueList list => list.Extent.Depth,
        ValueMap map => map.Extent.Depth,
        _ => 0,
    }, limit + 1);

    /// <summary>Roughly how many characters the value has as JSON, with everything that it holds more than once counted each time. At most <see cref="Extent.SizeMax"/>.</summary>
    internal int Size => _content switch
    {
        string text => text.Length,
        ValueList list => list.Extent.Size,
        ValueMap map => map.Extent.Size,
        _ => Extent.ScalarSize,
    };

    /// <summary>Equal as JSON: the same kind and content, numbers by value, objects without regard to order.</summary>
    public bool Equals(Value other) => (_content, other._content) switch
    {
        (null, null) => true,
        (string a, string b) => a == b,
        (bool a, bool b) => a == b,
        (decimal a, decimal b) => a == b,
        (decimal a, double b) => (double)a == b,
        (double a, decimal b) => a == (double)b,
        (double a, double b) => a == b,
        (ValueList a, ValueList b) => a.Items.AsSpan().SequenceEqual(b.Items),
        (ValueMap a, ValueMap b) => a.SameAs(b),
        _ => false,
    };

    public override bool Equals(object? obj) => obj is Value other && Equals(other);

    public override int GetHashCode() => _content switch
    {
        null => 0,
        string text => text.GetHashCode(StringComparison.Ordinal),
        bool flag => flag ? 1 : 2,
        decimal number => ((double)number).GetHashCode(),
        double number => number.GetHashCode(),
        ValueList list => HashCode.Combine(3, list.Items.Length),
        ValueMap map => HashCode.Combine(4, map.Entries.Length),
        _ => 5,
    };

    public static bool operator ==(Value left, Value right) => left.Equals(right);

    public static bool operator !=(Value left, Value right) => !left.Equals(right);

    private static Value FromNumber(JsonElement element)
    {
        if (element.TryGetInt64(out long whole))
        {
            return new((decimal)whole);
        }

        return Numbers.TryParse(element.GetRawText(), out object number) ? new(number) : throw new JsonException("A number is too large.");
    }
}

/// <summary>Reads and writes <see cref="Value"/>; JSON null is <see cref="Value.Null"/>.</summary>
public sealed class ValueJsonConverter : JsonConverter<Value>
{
    public override bool HandleNull => true;

    // Scalars need no document of their own.
    public override Value Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.String => Value.Of(reader.GetString()),
        JsonTokenType.True => Value.True,
        JsonTokenType.False => Value.False,
        JsonTokenType.Null => Value.Null,
        JsonTokenType.Number when reader.TryGetInt64(out long whole) => Value.Of((decimal)whole),
        _ => Value.FromJson(JsonElement.ParseValue(ref reader)),
    };

    public override void Write(Utf8JsonWriter writer, Value value, JsonSerializerOptions options) => value.WriteTo(writer);
}
