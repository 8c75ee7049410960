using System.Text.Json;

namespace Actors.Flows;

/// <summary>JSON as a tree of YAML, so that schemas of both are read by one reader.</summary>
internal static class JsonTree
{
    /// <summary>Null: it is nested too deeply.</summary>
    public static YamlItem? Of(JsonElement element, int depth = SchemaReader.DepthMax)
    {
        if (depth == 0)
        {
            return null;
        }

        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                List<YamlEntry> entries = [];
                Dictionary<string, int> places = new(StringComparer.Ordinal);
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    if (Of(property.Value, depth - 1) is not { } value)
                    {
                        return null;
                    }

                    YamlEntry entry = new(new YamlText(0, 0, property.Name, plain: false), value);
                    if (places.TryAdd(property.Name, entries.Count))
                    {
                        entries.Add(entry);
                    }
                    else
                    {
                        entries[places[property.Name]] = entry;
                    }
                }

                return new YamlMap(0, 0, entries, 1, 1);
            case JsonValueKind.Array:
                List<YamlItem> items = [];
                foreach (JsonElement item in element.EnumerateArray())
                {
                    if (Of(item, depth - 1) is not { } value)
                    {
                        return null;
                    }

                    items.Add(value);
                }

                return new YamlList(0, 0, items, 1, 1);
            case JsonValueKind.String:
                return new YamlText(0, 0, element.GetString()!, plain: false);
            default:
                return new YamlText(0, 0, element.GetRawText(), plain: true);
        }
    }
}
