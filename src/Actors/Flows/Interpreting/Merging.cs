namespace Actors.Flows;

/// <summary>Puts values together that came about side by side.</summary>
internal static class Merging
{
    /// <summary>Objects field by field, lists one behind the other; of anything else the second counts.</summary>
    public static Value Deep(Value first, Value second)
    {
        if (first.AsList is { } a && second.AsList is { } b)
        {
            return Value.List([.. a.Items, .. b.Items]);
        }

        if (first.AsObject is not { } left || second.AsObject is not { } right)
        {
            return second;
        }

        Dictionary<string, Value> fields = new(StringComparer.Ordinal);
        foreach (KeyValuePair<string, Value> entry in left.Entries)
        {
            fields[entry.Key] = entry.Value;
        }

        foreach (KeyValuePair<string, Value> entry in right.Entries)
        {
            fields[entry.Key] = fields.TryGetValue(entry.Key, out Value before) ? Deep(before, entry.Value) : entry.Value;
        }

        return Value.Object(fields);
    }

    /// <summary>
    /// One value out of two that both began as <paramref name="origin"/>: what was added to a list at its end is added, fields of objects are put together,
    /// and what only one of them changed is taken from it.
    /// </summary>
    /// <param name="policy">Decides when both changed the same.</param>
    /// <returns>False: both changed it, and the policy says that this is an error.</returns>
    public static bool TryJoin(Value origin, Value first, Value second, MergePolicy policy, out Value joined)
    {
        joined = second;
        if (first.Equals(origin))
        {
            return true;
        }

        if (second.Equals(origin))
        {
            joined = first;
            return true;
        }

        if (first.AsList is { } a && second.AsList is { } b && (origin.IsNull || origin.AsList is not null))
        {
            Value[] start = origin.AsList?.Items ?? [];
            if (StartsWith(a.Items, start) && StartsWith(b.Items, start))
            {
                joined = Value.List([.. a.Items, .. b.Items[start.Length..]]);
                return true;
            }
        }

        if (first.AsObject is { } left && second.AsObject is { } right && (origin.IsNull || origin.AsObject is not null))
        {
            return TryJoinFields(origin, left, right, policy, out joined);
        }

        if (first.Equals(second))
        {
            return true;
        }

        switch (policy)
        {
            case MergePolicy.Error:
                return false;
            case MergePolicy.First:
                joined = first;
                return true;
            case MergePolicy.Deep:
                joined = Deep(first, second);
                return true;
            default:
                return true;
        }
    }

    private static bool TryJoinFields(Value origin, ValueMap left, ValueMap right, MergePolicy policy, out Value joined)
    {
        Dictionary<string, Value> fields = new(StringComparer.Ordinal);
        joined = Value.Null;
        foreach (string name in left.Entries.Concat(right.Entries).Select(entry => entry.Key).Distinct(StringComparer.Ordinal))
        {
            Value before = origin.AsObject is { } map && map.TryGet(name, out Value value) ? value : Value.Null;
            bool hasFirst = left.TryGet(name, out Value a);
            bool hasSecond = right.TryGet(name, out Value b);
            if (!hasFirst || !hasSecond)
            {
                // Gone from one of them: gone, unless the other changed it or brought it.
                Value only = hasFirst ? a : b;
                if (before.IsNull || !only.Equals(before))
                {
                    fields[name] = only;
                }

                continue;
            }

            if (!TryJoin(before, a, b, policy, out Value both))
            {
                return false;
            }

            fields[name] = both;
        }

        joined = Value.Object(fields);
        return true;
    }

    private static bool StartsWith(Value[] items, Value[] start) => items.Length >= start.Length && items.AsSpan(0, start.Length).SequenceEqual(start);
}
