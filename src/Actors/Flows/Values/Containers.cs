using System.Text.Json;

namespace Actors.Flows;

/// <summary>The items of a list. Two threads may both take the source apart; they arrive at the same items, and one of the arrays is kept.</summary>
internal sealed class ValueList
{
    private Value[]? _items;
    private Extent _extent;

    public ValueList(Value[] items) => _items = items;

    public ValueList(JsonElement source) => Source = source;

    public JsonElement? Source { get; }

    public Value[] Items => _items ??= Read(Source!.Value);

    /// <inheritdoc cref="Extent"/>
    public Extent Extent => _extent.IsKnown ? _extent : _extent = Extent.Of(this);

    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartArray();
        foreach (Value item in Items)
        {
            item.WriteTo(writer);
        }

        writer.WriteEndArray();
    }

    private static Value[] Read(JsonElement source)
    {
        Value[] items = new Value[source.GetArrayLength()];
        int i = 0;
        foreach (JsonElement element in source.EnumerateArray())
        {
            items[i++] = Value.FromJson(element);
        }

        return items;
    }
}

/// <summary>The entries of an object, in order.</summary>
internal sealed class ValueMap
{
    // Below this size a scan is faster than hashing.
    private const int ScanMax = 8;

    private KeyValuePair<string, Value>[]? _entries;
    private Extent _extent;
    private Dictionary<string, int>? _index;

    public ValueMap(KeyValuePair<string, Value>[] entries) => _entries = WithoutRepeats(entries);

    public ValueMap(JsonElement source) => Source = source;

    public JsonElement? Source { get; }

    public KeyValuePair<string, Value>[] Entries => _entries ??= Read(Source!.Value);

    /// <inheritdoc cref="Extent"/>
    public Extent Extent => _extent.IsKnown ? _extent : _extent = Extent.Of(this);

    public bool TryGet(string name, out Value value)
    {
        KeyValuePair<string, Value>[] entries = Entries;
        if (entries.Length > ScanMax)
        {
            bool found = (_index ??= Index(entries)).TryGetValue(name, out int at);
            value = found ? entries[at].Value : default;
            return found;
        }

        foreach (KeyValuePair<string, Value> entry in entries)
        {
            if (entry.Key == name)
            {
                value = entry.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    public bool SameAs(ValueMap other)
    {
        if (Entries.Length != other.Entries.Length)
        {
            return false;
        }

        foreach (KeyValuePair<string, Value> entry in Entries)
        {
            if (!other.TryGet(entry.Key, out Value theirs) || !entry.Value.Equals(theirs))
            {
                return false;
            }
        }

        return true;
    }

    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        foreach (KeyValuePair<string, Value> entry in Entries)
        {
            writer.WritePropertyName(entry.Key);
            entry.Value.WriteTo(writer);
        }

        writer.WriteEndObject();
    }

    private static KeyValuePair<string, Value>[] Read(JsonElement source)
    {
        List<KeyValuePair<string, Value>> entries = [];
        foreach (JsonProperty property in source.EnumerateObject())
        {
            entries.Add(new(property.Name, Value.FromJson(property.Value)));
        }

        return WithoutRepeats([.. entries]);
    }

    private static Dictionary<string, int> Index(KeyValuePair<string, Value>[] entries)
    {
        Dictionary<string, int> index = new(entries.Length, StringComparer.Ordinal);
        for (int i = 0; i < entries.Length; i++)
        {
            index[entries[i].Key] = i;
        }

        return index;
    }

    private static KeyValuePair<string, Value>[] WithoutRepeats(KeyValuePair<string, Value>[] entries)
    {
        if (entries.Length < 2 || !HasRepeats(entries))
        {
            return entries;
        }

        List<KeyValuePair<string, Value>> kept = new(entries.Length);
        Dictionary<string, int> places = new(StringComparer.Ordinal);
        foreach (KeyValuePair<string, Value> entry in entries)
        {
            if (places.TryAdd(entry.Key, kept.Count))
            {
                kept.Add(entry);
            }
            else
            {
                kept[places[entry.Key]] = entry;
            }
        }

        return [.. kept];
    }

    private static bool HasRepeats(KeyValuePair<string, Value>[] entries)
    {
        if (entries.Length > ScanMax)
        {
            return Index(entries).Count < entries.Length;
        }

        for (int i = 1; i < entries.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (entries[i].Key == entries[j].Key)
                {
                    return true;
                }
            }
        }

        return false;
    }
}
