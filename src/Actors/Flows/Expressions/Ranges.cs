namespace Actors.Flows;

/// <summary>Lists of numbers at equal distances, and the places that indexes and slices mean.</summary>
internal static class Ranges
{
    public const int CountMax = 100_000;

    /// <param name="step">Not zero.</param>
    public static Value Of(Evaluation e, decimal from, decimal to, decimal step, bool isInclusive)
    {
        decimal span;
        try
        {
            span = (to - from) / step;
        }
        catch (OverflowException)
        {
            throw TooLong();
        }

        decimal count = span < 0 ? 0 : isInclusive ? decimal.Truncate(span) + 1 : Math.Ceiling(span);
        if (count > CountMax)
        {
            throw TooLong();
        }

        Value[] items = new Value[(int)count];
        e.Count(items.Length);
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = Value.Of(Numbers.Trim(from + (i * step)));
        }

        return e.List(items);
    }

    /// <summary>An index from the end when it is negative; null when there is no such item.</summary>
    public static int? Index(Value index, int length)
    {
        if (index.AsNumber is not decimal at || at != decimal.Truncate(at) || at >= length || at < -length)
        {
            return null;
        }

        return (int)(at < 0 ? at + length : at);
    }

    /// <summary>The end of a slice, brought inside the list.</summary>
    public static int Bound(Value bound, int length, int otherwise)
    {
        if (bound.IsNull)
        {
            return otherwise;
        }

        if (!Operators.TryNumber(bound, out Value number) || number.AsNumber is not decimal at || at != decimal.Truncate(at))
        {
            throw new ExpressionException($"a slice needs whole numbers, but has {Operators.Name(bound)}{(bound.AsNumber is null ? "" : $" ({bound})")}");
        }

        return (int)Math.Clamp(at < 0 ? at + length : at, 0, length);
    }

    /// <summary>The items of a list, or the characters of a text, from one place up to another.</summary>
    public static Value Slice(Evaluation e, Value value, int start, int end)
    {
        if (value.AsText is { } text)
        {
            // A character of two units is never cut: it belongs to a slice that holds all of it.
            start += start > 0 && start < text.Length && char.IsLowSurrogate(text[start]) && char.IsHighSurrogate(text[start - 1]) ? 1 : 0;
            end -= end > 0 && end < text.Length && char.IsLowSurrogate(text[end]) && char.IsHighSurrogate(text[end - 1]) ? 1 : 0;
            return end <= start ? Value.Of("") : e.Text(text[start..end]);
        }

        return end <= start ? Value.EmptyList : e.List(value.AsList!.Items[start..end]);
    }

    private static ExpressionException TooLong() => new($"a range has at most {CountMax:N0} numbers", code: ExpressionException.TooMuch);
}
