using System.Text;

namespace Actors.Flows;

/// <summary>Functions of lists. None changes its list: each gives another.</summary>
internal static class ListFunctions
{
    private static readonly Func<StaticType[], StaticType> Same = static types => types[0].IsOnly(TypeKinds.List | TypeKinds.Null) ? StaticType.ListOf(types[0].Item) : StaticType.List;

    private static readonly Func<StaticType[], StaticType> ItemOrNull = static types => types[0].Item.OrNull();

    public static readonly Function[] All =
    [
        new("first", "list: list", "any", "The first item; null of an empty list.", static a => a.List(0) is [var first, ..] ? first : Value.Null) { Infer = ItemOrNull },
        new("last", "list: list", "any", "The last item; null of an empty list.", static a => a.List(0) is [.., var last] ? last : Value.Null) { Infer = ItemOrNull },
        new("reverse", "list: list", "list", "From the last to the first.", static a => a.E.List([.. a.List(0).Reverse()])) { Infer = Same },
        new("flatten", "list: list, levels?: number", "list", "With the items of lists in it in their place: of one level, or of so many.", Flatten),
        new("unique", "list: list", "list", "Each item once, where it comes first. 1 and '1' are two.", static a => LambdaFunctions.Distinct(a.E, a.List(0), a.List(0))) { Infer = Same },
        new("slice", "value: list|text, start: number, end?: number", "list or text", "As `value[start:end]`.", Slice)
        {
            Infer = static types => types[0].May(TypeKinds.Text) ? StaticType.Of(types[0].Kinds & (TypeKinds.List | TypeKinds.Text)) : Same(types),
        },
        new("concat", "lists…: list", "list", "The items of all its lists.", Concat)
        {
            Infer = static types => StaticType.ListOf(types.Length == 0 ? StaticType.Any : types.Select(static t => t.Item).Aggregate(static (x, y) => x.Or(y))),
        },
        new("index_of", "value: list|text, part: any", "number", "The place of the first such item, or of a part in a text, from 0; -1 when there is none.", IndexOf),
        new("range", "from: number, to?: number, step?: number", "list", "The numbers from the first up to the second, which is not among them; with one argument from 0. At most 100,000.", Range)
        {
            Infer = static _ => StaticType.ListOf(StaticType.Number),
        },
        new("zip", "lists…: list", "list", "Lists of the first items, of the second items and so on, as many as the shortest has.", Zip) { Infer = static _ => StaticType.ListOf(StaticType.List) },
        new("chunk", "list: list, size: number", "list", "Lists of so many items, in order; the last may be shorter.", Chunk)
        {
            Infer = static types => StaticType.ListOf(Same(types)),
        },
        new("to_csv", "rows: list", "text",
            "Lines of CSV (RFC 4180) with `\\n` between them. Of objects: a line of the names in order of appearance, then one of each object; of lists: one line each.", ToCsv),
    ];

    private static Value Flatten(Arguments a)
    {
        List<Value> flat = [];
        Flatten(a.E, a.List(0), a.Count > 1 ? a.Whole(1, 0, Evaluation.DepthMax, "a number of levels") : 1, flat);
        return a.E.List([.. flat]);
    }

    private static void Flatten(Evaluation e, Value[] items, int levels, List<Value> flat)
    {
        foreach (Value item in items)
        {
            e.Count();
            if (levels > 0 && item.AsList is { } inner)
            {
                Flatten(e, inner.Items, levels - 1, flat);
            }
            else
            {
                flat.Add(item);
            }
        }
    }

    private static Value Slice(Arguments a)
    {
        if ((a[0].AsList?.Items.Length ?? a[0].AsText?.Length) is { } length)
        {
            return Ranges.Slice(a.E, a[0], Ranges.Bound(a.Number(1, "a number as start"), length, 0), a.Count > 2 ? Ranges.Bound(a.Number(2, "a number as end"), length, length) : length);
        }

        return a[0].IsNull && a.E.Missing == Missing.Null ? Value.Null : throw a.Wrong(0, "a list or a text");
    }

    private static Value Concat(Arguments a)
    {
        int count = 0;
        for (int i = 0; i < a.Count; i++)
        {
            count += a.List(i).Length;
            a.E.Count(1 + (a.List(i).Length / 4));
        }

        List<Value> all = new(count);
        for (int i = 0; i < a.Count; i++)
        {
            all.AddRange(a.List(i));
        }

        return a.E.List([.. all]);
    }

    private static Value IndexOf(Arguments a)
    {
        if (a[0].AsText is not null)
        {
            return Value.Of((decimal)a.Text(0).IndexOf(a.Text(1), StringComparison.Ordinal));
        }

        Value[] items = a[0].AsList is not null || a[0].IsNull ? a.List(0) : throw a.Wrong(0, "a list or a text");
        for (int i = 0; i < items.Length; i++)
        {
            a.E.Count();
            if (Operators.AreEqual(a.E, items[i], a[1]))
            {
                return Value.Of((decimal)i);
            }
        }

        return Value.Of(-1m);
    }

    private static Value Range(Arguments a)
    {
        decimal from = a.Count > 1 ? Decimal(a, 0) : 0;
        decimal to = Decimal(a, a.Count > 1 ? 1 : 0);
        decimal step = a.Count > 2 ? Decimal(a, 2) : 1;
        return step == 0 ? throw a.Fault("needs a step that is not zero") : Ranges.Of(a.E, from, to, step, isInclusive: false);
    }

    private static decimal Decimal(Arguments a, int at) => a.Number(at).AsNumber is decimal value ? value : throw a.Fault("cannot count so far");

    private static Value Zip(Arguments a)
    {
        int count = int.MaxValue;
        for (int i = 0; i < a.Count; i++)
        {
            count = Math.Min(count, a.List(i).Length);
        }

        Value[] rows = new Value[count];
        for (int row = 0; row < count; row++)
        {
            a.E.Count(a.Count);
            Value[] items = new Value[a.Count];
            for (int i = 0; i < items.Length; i++)
            {
                items[i] = a.List(i)[row];
            }

            rows[row] = a.E.List(items);
        }

        return a.E.List(rows);
    }

    private static Value Chunk(Arguments a)
    {
        int size = a.Whole(1, 1, int.MaxValue, "a size");
        List<Value> chunks = [];
        foreach (Value[] chunk in a.List(0).Chunk(Math.Min(size, Math.Max(1, a.List(0).Length))))
        {
            a.E.Count();
            chunks.Add(a.E.List(chunk));
        }

        return a.E.List([.. chunks]);
    }

    private static Value ToCsv(Arguments a)
    {
        Value[] rows = a.List(0);
        Dictionary<string, int> columns = new(StringComparer.Ordinal);
        foreach (Value row in rows)
        {
            foreach (KeyValuePair<string, Value> field in row.AsObject?.Entries ?? [])
            {
                a.E.Count();
                columns.TryAdd(field.Key, columns.Count);
            }
        }

        StringBuilder text = new();
        if (columns.Count > 0)
        {
            AddLine(a, text, columns.Keys);
        }

        string[] names = [.. columns.Keys];
        foreach (Value row in rows)
        {
            a.E.Count(1 + columns.Count);
            AddLine(a, text, row.AsObject is { } map && columns.Count > 0
                ? names.Select(name => map.TryGet(name, out Value value) ? ConversionFunctions.Show(a.E, value) : "")
                : row.AsList is { } list && columns.Count == 0 ? list.Items.Select(item => ConversionFunctions.Show(a.E, item))
                : throw a.Fault("needs a list of objects, or a list of lists"));
        }

        return a.E.Text(text.ToString());
    }

    private static void AddLine(Arguments a, StringBuilder text, IEnumerable<string> fields)
    {
        text.Append(text.Length > 0 ? "\n" : "");
        bool first = true;
        foreach (string field in fields)
        {
            a.E.Count();
            bool quoted = field.AsSpan().ContainsAny(",\"\r\n");
            text.Append(first ? "" : ",").Append(quoted ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field);
            first = false;
            if (text.Length > Evaluation.TextLengthMax)
            {
                throw Evaluation.TooLong();
            }
        }
    }
}
