using System.Numerics;

namespace Actors.Flows;

/// <summary>Functions that ask a function for each item of a list, in order.</summary>
internal static class LambdaFunctions
{
    private static readonly Func<StaticType[], StaticType> Same = static types => StaticType.ListOf(types[0].Item);

    public static readonly Function[] All =
    [
        new("map", "list: list, value: (x, i) => any", "list", "What the function gives for each item.", static a => a.E.List(Apply(a.E, a.List(0), a.Lambda(1)!)))
        {
            Infer = static types => StaticType.ListOf(types[1]),
        },
        new("filter", "list: list, test: (x, i) => any", "list", "The items for which it gives true (or anything but null, false, 0 and what is empty).", Filter) { Infer = Same },
        new("find", "list: list, test: (x, i) => any", "any", "The first such item; null when there is none.", static a => FirstIndex(a, true) is >= 0 and var at ? a.List(0)[at] : Value.Null)
        {
            Infer = static types => types[0].Item.OrNull(),
        },
        new("any", "list: list, test?: (x, i) => any", "bool", "Whether there is such an item; without a function, one that is true. False of an empty list.", static a => Value.Of(FirstIndex(a, true) >= 0)),
        new("all", "list: list, test?: (x, i) => any", "bool", "Whether all items are such. True of an empty list.", static a => Value.Of(FirstIndex(a, false) < 0)),
        new("count", "list: list, test?: (x, i) => any", "number", "How many items there are, or how many such.", Count),
        new("sort", "list: list, key?: (x, i) => any", "list",
            "By the items, or by what the function gives for them: numbers by value, texts by the numbers of their characters, false before true, null first. Equal ones keep their order.", Sort)
        {
            Infer = Same,
        },
        new("group_by", "list: list, key: (x, i) => text", "object", "An object with a list of items for each key, in order of appearance.", GroupBy)
        {
            Infer = static types => StaticType.Object,
        },
        new("unique_by", "list: list, key: (x, i) => any", "list", "The first item of each key.", static a => Distinct(a.E, a.List(0), Apply(a.E, a.List(0), a.Lambda(1)!))) { Infer = Same },
        new("reduce", "list: list, start: any, next: (acc, x, i) => any", "any", "Carries a value from item to item: what the function gives for the last one, or the start of an empty list.", Reduce),
    ];

    public static Value[] Apply(Evaluation e, Value[] items, LambdaExpression lambda)
    {
        e.Count(items.Length);
        Value[] results = new Value[items.Length];
        for (int i = 0; i < items.Length; i++)
        {
            results[i] = Apply(e, lambda, items[i], i);
        }

        return results;
    }

    /// <summary>The items whose key has not come before.</summary>
    public static Value Distinct(Evaluation e, Value[] items, Value[] keys)
    {
        HashSet<Value> seen = new(new CountingComparer(e));
        List<Value> kept = [];
        for (int i = 0; i < items.Length; i++)
        {
            if (seen.Add(keys[i]))
            {
                kept.Add(items[i]);
            }
        }

        return e.List([.. kept]);
    }

    private static Value Apply(Evaluation e, LambdaExpression lambda, Value item, int index) => lambda.Apply(e, item, lambda.Count > 1 ? Value.Of((decimal)index) : default);

    private static bool Test(Arguments a, Value item, int index)
    {
        a.E.Count();
        return Expression.IsTruthy(a.Lambda(1) is { } lambda ? Apply(a.E, lambda, item, index) : item);
    }

    private static int FirstIndex(Arguments a, bool wanted)
    {
        Value[] items = a.List(0);
        for (int i = 0; i < items.Length; i++)
        {
            if (Test(a, items[i], i) == wanted)
            {
                return i;
            }
        }

        return -1;
    }

    private static Value Filter(Arguments a)
    {
        Value[] items = a.List(0);
        List<Value> kept = [];
        for (int i = 0; i < items.Length; i++)
        {
            if (Test(a, items[i], i))
            {
                kept.Add(items[i]);
            }
        }

        return a.E.List([.. kept]);
    }

    private static Value Count(Arguments a)
    {
        Value[] items = a.List(0);
        if (a.Lambda(1) is null)
        {
            return Value.Of((decimal)items.Length);
        }

        int count = 0;
        for (int i = 0; i < items.Length; i++)
        {
            count += Test(a, items[i], i) ? 1 : 0;
        }

        return Value.Of((decimal)count);
    }

    private static Value Sort(Arguments a)
    {
        Value[] items = a.List(0);
        Value[] keys = a.Lambda(1) is { } lambda ? Apply(a.E, items, lambda) : items;
        a.E.Count((int)Math.Min((long)items.Length * (1 + BitOperations.Log2((uint)items.Length | 1)), Evaluation.StepsMax));
        bool hasNumber = Array.Exists(keys, static key => key.Kind == ValueKind.Number);
        Value[] comparable = Array.ConvertAll(keys, key => Comparable(key, hasNumber, keys));
        int[] order = new int[items.Length];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        Array.Sort(order, (x, y) => Compare(a.E, comparable[x], comparable[y]) is var result and not 0 ? result : x.CompareTo(y));
        return a.E.List(Array.ConvertAll(order, i => items[i]));
    }

    // All keys must be of one kind; a text that is a number is one where there are numbers.
    private static Value Comparable(Value key, bool hasNumber, Value[] keys)
    {
        if (key.IsNull)
        {
            return key;
        }

        ValueKind wanted = hasNumber ? ValueKind.Number : Array.Find(keys, static k => !k.IsNull).Kind;
        return wanted == ValueKind.Number && Operators.TryNumber(key, out Value number) ? number
            : key.Kind == wanted && wanted is ValueKind.Text or ValueKind.Bool ? key
            : throw new ExpressionException(
                key.Kind == wanted ? $"sort cannot order {Operators.Name(key)}s; give a function, e.g. x => x.name".Replace("an objects", "objects", StringComparison.Ordinal).Replace("a lists", "lists", StringComparison.Ordinal)
                : $"sort cannot compare {Operators.Name(key)} with {Operators.Name(hasNumber ? Value.Of(0m) : Array.Find(keys, static k => !k.IsNull))}");
    }

    private static int Compare(Evaluation e, Value a, Value b)
    {
        if (a.IsNull || b.IsNull)
        {
            return (a.IsNull ? 0 : 1) - (b.IsNull ? 0 : 1);
        }

        if (a.AsText is { } left)
        {
            e.CountText(Math.Min(left.Length, b.AsText!.Length));
            return string.CompareOrdinal(left, b.AsText);
        }

        return a.TryGetBool(out bool x) && b.TryGetBool(out bool y) ? x.CompareTo(y) : Numbers.Compare(a.AsNumber!, b.AsNumber!);
    }

    private static Value GroupBy(Arguments a)
    {
        Value[] items = a.List(0);
        Value[] keys = Apply(a.E, items, a.Lambda(1)!);
        Dictionary<string, List<Value>> groups = new(StringComparer.Ordinal);
        List<string> order = [];
        for (int i = 0; i < items.Length; i++)
        {
            a.E.Count();
            string key = keys[i].Kind is ValueKind.List or ValueKind.Object ? throw new ExpressionException($"group_by needs a text as key, but has {Operators.Name(keys[i])}") : keys[i].ToString();
            if (!groups.TryGetValue(key, out List<Value>? group))
            {
                groups[key] = group = [];
                order.Add(key);
                a.E.Charge(key.Length);
            }

            group.Add(items[i]);
        }

        return a.E.Object(order.ConvertAll(key => KeyValuePair.Create(key, a.E.List([.. groups[key]]))).ToArray());
    }

    private static Value Reduce(Arguments a)
    {
        Value carried = a[1];
        LambdaExpression lambda = a.Lambda(2)!;
        Value[] items = a.List(0);
        for (int i = 0; i < items.Length; i++)
        {
            a.E.Count();
            carried = lambda.Apply(a.E, carried, items[i], lambda.Count > 2 ? Value.Of((decimal)i) : default);
        }

        return carried;
    }

    /// <summary>Counts what looking into the values costs.</summary>
    private sealed class CountingComparer(Evaluation e) : IEqualityComparer<Value>
    {
        public bool Equals(Value x, Value y)
        {
            e.Count(1 + Math.Min(Math.Min(x.Size, y.Size) / 16, Evaluation.StepsMax));
            return DeepComparer.Instance.Equals(x, y);
        }

        public int GetHashCode(Value value)
        {
            e.Count(1 + Math.Min(value.Size / 16, Evaluation.StepsMax));
            return DeepComparer.Instance.GetHashCode(value);
        }
    }
}
