using System.Globalization;

namespace Actors.Flows;

/// <summary>Functions of objects. Fields keep their order.</summary>
internal static class ObjectFunctions
{
    public static readonly Function[] All =
    [
        new("keys", "object: object", "list", "The names of its fields.", static a => a.E.List(Array.ConvertAll(Entries(a), static entry => Value.Of(entry.Key))))
        {
            Infer = static _ => StaticType.ListOf(StaticType.Text),
        },
        new("values", "object: object", "list", "The values of its fields.", static a => a.E.List(Array.ConvertAll(Entries(a), static entry => entry.Value))),
        new("entries", "object: object", "list", "An object `{key, value}` for each field.", ToEntries)
        {
            Infer = static _ => StaticType.ListOf(StaticType.ObjectOf(
                new Dictionary<string, StaticType>(StringComparer.Ordinal) { ["key"] = StaticType.Text, ["value"] = StaticType.Any })),
        },
        new("from_entries", "list: list", "object", "The object of such a list, or of one of lists `[key, value]`. Of a key that comes twice the last counts.", FromEntries),
        new("merge", "objects…: object", "object", "The fields of all; where two have one, the later counts, and two objects become one in the same way.", Merge),
        new("get", "value: any, path: text|list, otherwise?: any", "any",
            "What is at a path like `items[0].name`, or at a list of names and indexes; else null or the other value.", Get) { FirstIsLenient = true },
        new("pick", "object: object, names…: text|list", "object", "Only these fields, as far as it has them.", static a => Choose(a, true)),
        new("omit", "object: object, names…: text|list", "object", "All but these fields.", static a => Choose(a, false)),
        new("has", "object: object|null, name: text", "bool", "Whether it has the field. False of null.", static a => Value.Of(!a[0].IsNull && a.Object(0).TryGet(a.Text(1), out _)))
        {
            FirstIsLenient = true,
        },
    ];

    private static KeyValuePair<string, Value>[] Entries(Arguments a)
    {
        KeyValuePair<string, Value>[] entries = a.Object(0).Entries;
        a.E.Count(entries.Length);
        return entries;
    }

    private static Value ToEntries(Arguments a) =>
        a.E.List(Array.ConvertAll(Entries(a), entry => a.E.Object([new("key", Value.Of(entry.Key)), new("value", entry.Value)])));

    private static Value FromEntries(Arguments a)
    {
        Value[] items = a.List(0);
        KeyValuePair<string, Value>[] entries = new KeyValuePair<string, Value>[items.Length];
        for (int i = 0; i < items.Length; i++)
        {
            a.E.Count();
            (Value key, Value value) = items[i].AsObject is { } map && map.TryGet("key", out Value name) && map.TryGet("value", out Value content) ? (name, content)
                : items[i].AsList is { Items: [var first, var second] } ? (first, second)
                : throw a.Fault("needs a list of {key, value} or of [key, value]");
            entries[i] = new(
                key.Kind is ValueKind.Text or ValueKind.Number or ValueKind.Bool ? key.ToString() : throw a.Fault($"needs texts as keys, but has {Operators.Name(key)}"), value);
        }

        return a.E.Object(entries);
    }

    private static Value Merge(Arguments a)
    {
        Value merged = a.Count == 0 ? Value.EmptyObject : Value.Object(a.Object(0).Entries);
        for (int i = 1; i < a.Count; i++)
        {
            merged = Merge(a.E, merged, Value.Object(a.Object(i).Entries));
        }

        return merged;
    }

    private static Value Merge(Evaluation e, Value under, Value over)
    {
        KeyValuePair<string, Value>[] first = under.AsObject!.Entries;
        List<KeyValuePair<string, Value>> entries = [.. first];
        Dictionary<string, int> places = new(StringComparer.Ordinal);
        e.Count(first.Length);
        for (int i = 0; i < first.Length; i++)
        {
            places[first[i].Key] = i;
        }

        foreach (KeyValuePair<string, Value> entry in over.AsObject!.Entries)
        {
            e.Count();
            if (!places.TryGetValue(entry.Key, out int at))
            {
                places[entry.Key] = entries.Count;
                entries.Add(entry);
            }
            else
            {
                Value below = entries[at].Value;
                entries[at] = new(entry.Key, below.Kind == ValueKind.Object && entry.Value.Kind == ValueKind.Object ? Merge(e, below, entry.Value) : entry.Value);
            }
        }

        return e.Object([.. entries]);
    }

    private static Value Get(Arguments a)
    {
        Value value = a[0];
        foreach (Value key in a[1].AsList?.Items ?? Split(a, a.Text(1)))
        {
            a.E.Count();
            if (value.AsObject is { } map && map.TryGet(key.ToString(), out Value next))
            {
                value = next;
            }
            else if (value.AsList is { } list && Operators.TryNumber(key, out Value number) && Ranges.Index(number, list.Items.Length) is { } index)
            {
                value = list.Items[index];
            }
            else
            {
                return a[2];
            }
        }

        return value.IsNull ? a[2] : value;
    }

    // a.b[0].c: names between dots, indexes in brackets.
    private static Value[] Split(Arguments a, string path)
    {
        List<Value> keys = [];
        foreach (string part in path.Split('.'))
        {
            a.E.Count();
            int bracket = part.IndexOf('[', StringComparison.Ordinal);
            string name = bracket < 0 ? part : part[..bracket];
            if (name.Length > 0)
            {
                keys.Add(Value.Of(name));
            }

            while (bracket >= 0)
            {
                a.E.Count();
                int end = part.IndexOf(']', bracket);
                if (end < 0 || !int.TryParse(part.AsSpan(bracket + 1, end - bracket - 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int index)
                    || (end + 1 < part.Length && part[end + 1] != '['))
                {
                    throw a.Fault($"cannot read the path '{Text.Shorten(path, 60)}'; write e.g. 'items[0].name'");
                }

                keys.Add(Value.Of((decimal)index));
                bracket = end + 1 < part.Length ? end + 1 : -1;
            }
        }

        return [.. keys];
    }

    private static Value Choose(Arguments a, bool isKept)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        for (int i = 1; i < a.Count; i++)
        {
            foreach (Value name in a[i].AsList?.Items ?? [Value.Of(a.Text(i))])
            {
                a.E.Count();
                names.Add(name.ToString());
            }
        }

        return a.E.Object(Array.FindAll(Entries(a), entry => names.Contains(entry.Key) == isKept));
    }
}
