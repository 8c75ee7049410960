namespace Actors.Flows;

/// <summary>One part of a path.</summary>
/// <param name="Field">The name after a dot; null for an index or a slice.</param>
/// <param name="Index">Of a slice, where it starts; null: at the beginning.</param>
/// <param name="Optional">Written with <c>?.</c>: from here on, nothing gives null.</param>
/// <param name="End">Of a slice, where it ends; null: at the end.</param>
internal readonly record struct Segment(string? Field, Expression? Index, bool Optional, bool IsSlice = false, Expression? End = null)
{
    // Made once: evaluating a path makes nothing.
    public Value Key { get; } = Value.Of(Field);
}

/// <summary>A path into a value: <c>order.items[0].price</c>, <c>a?.b</c>, <c>headers['x-id']</c>, <c>lines[-1]</c>, <c>lines[1:3]</c>.</summary>
internal sealed class AccessExpression(Expression target, Segment[] segments, StaticType? type = null) : Expression(type ?? StaticType.Any, PartsOf(target, segments))
{
    public Expression Target => target;

    /// <summary>The name that the path begins with, when it is known: <c>total</c> of <c>inputs.total.net</c>.</summary>
    public string? FirstField => segments[0].Field ?? (segments[0] is { IsSlice: false, Index: LiteralExpression { Value: var value } } ? value.AsText : null);

    public override Value Evaluate(Evaluation e)
    {
        Value value = target.Evaluate(e);
        if (value.IsNull && e.Missing == Missing.NullWhenSkipped && target is VariableExpression)
        {
            return Value.Null;
        }

        for (int i = 0; i < segments.Length; i++)
        {
            e.Count();
            ref readonly Segment segment = ref segments[i];
            Value key = segment.Field is not null ? segment.Key : segment.Index?.Evaluate(e) ?? Value.Null;
            if (segment.IsSlice ? TrySlice(e, value, key, segment.End, out Value next) : TryStep(value, key, segment.Field is not null, out next))
            {
                value = next;
                continue;
            }

            return segment.Optional || e.Missing == Missing.Null ? Value.Null : throw Nothing(value, key, i);
        }

        return value;
    }

    private static Expression[] PartsOf(Expression target, Segment[] segments)
    {
        List<Expression> parts = [target];
        foreach (Segment segment in segments)
        {
            if (segment.Index is not null)
            {
                parts.Add(segment.Index);
            }

            if (segment.End is not null)
            {
                parts.Add(segment.End);
            }
        }

        return [.. parts];
    }

    private static bool TryStep(Value value, Value key, bool isField, out Value next)
    {
        next = default;
        if (key.AsText is { } name)
        {
            if (value.AsObject is { } map)
            {
                return map.TryGet(name, out next);
            }

            int length = isField && name == "length" ? value.AsList?.Items.Length ?? value.AsText?.Length ?? -1 : -1;
            next = Value.Of((decimal)length);
            return length >= 0;
        }

        if (value.AsList is { } list && Ranges.Index(key, list.Items.Length) is { } index)
        {
            next = list.Items[index];
            return true;
        }

        return false;
    }

    private static bool TrySlice(Evaluation e, Value value, Value start, Expression? end, out Value next)
    {
        next = default;
        if ((value.AsList?.Items.Length ?? value.AsText?.Length) is not { } length)
        {
            return false;
        }

        next = Ranges.Slice(e, value, Ranges.Bound(start, length, 0), Ranges.Bound(end?.Evaluate(e) ?? Value.Null, length, length));
        return true;
    }

    // Names what is there, never the values: they may be secret.
    private ExpressionException Nothing(Value value, Value key, int at)
    {
        string path = Describe(at);
        string part = segments[at].IsSlice ? "slice" : key.AsText is { } text ? $"field '{Text.Shorten(text, 100)}'" : $"item [{Text.Shorten(key.ToString(), 40)}]";
        string message;
        if (value.IsNull)
        {
            message = target is VariableExpression && at == 0
                ? $"{path} is null (its step was skipped or gave nothing), so it has no {part}; write '?.' where that is expected"
                : $"{path} is null, so it has no {part}; write '?.' where that is expected";
        }
        else if (value.AsObject is { } map && key.AsText is { } name)
        {
            string? near = Text.Nearest(name, map.Entries.Select(entry => entry.Key));
            string names = string.Join(", ", map.Entries.Take(20).Select(entry => Text.Shorten(entry.Key, 60)));
            message = $"{path} has no field '{Text.Shorten(name, 100)}'{(near is null ? names.Length == 0 ? "; it is empty" : $"; it has {names}" : $". Did you mean '{near}'?")}";
        }
        else if (value.AsList is { } list && key.AsText is null)
        {
            message = $"{path} has {list.Items.Length} items, so it has no {part}";
        }
        else
        {
            message = $"{path} is {Operators.Name(value)}, so it has no {part}";
        }

        return new ExpressionException(message, code: ExpressionException.Missing);
    }

    private string Describe(int end)
    {
        string path = target is VariableExpression variable ? variable.Name : target is LocalExpression local ? local.Name : target is RootExpression root ? root.Name : "the value";
        for (int i = 0; i < end; i++)
        {
            path += segments[i].Field is { } field ? "." + field : "[…]";
        }

        return $"'{path}'";
    }
}
