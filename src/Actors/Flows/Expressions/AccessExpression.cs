namespace Actors.Flows;

/// <summary>One part of a path.</summary>
/// <param name="Field">The name after a dot; null for an index.</param>
/// <param name="Optional">Written with <c>?.</c>: from here on, nothing gives null.</param>
internal readonly record struct Segment(string? Field, Expression? Index, bool Optional);

/// <summary>A path into a value: <c>order.items[0].price</c>, <c>a?.b</c>, <c>headers['x-id']</c>.</summary>
internal sealed class AccessExpression(Expression target, Segment[] segments)
    : Expression(1 + Math.Max(target.Height, segments.Select(s => s.Index?.Height ?? 0).DefaultIfEmpty().Max()))
{
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
            Value key = segment.Field is not null ? Value.Of(segment.Field) : segment.Index!.Evaluate(e);
            if (TryStep(value, key, segment.Field is not null, out Value next))
            {
                value = next;
                continue;
            }

            return segment.Optional || e.Missing == Missing.Null ? Value.Null : throw Nothing(value, key, i);
        }

        return value;
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

        if (value.AsList is { } list && key.AsNumber is decimal index && index >= 0 && index < list.Items.Length && index == decimal.Truncate(index))
        {
            next = list.Items[(int)index];
            return true;
        }

        return false;
    }

    // Names what is there, never the values: they may be secret.
    private ExpressionException Nothing(Value value, Value key, int at)
    {
        string path = Describe(at);
        string message;
        if (value.IsNull)
        {
            message = target is VariableExpression && at == 0
                ? $"{path} is null (its step was skipped or gave nothing), so it has no {Part(key)}; write '?.' where that is expected"
                : $"{path} is null, so it has no {Part(key)}; write '?.' where that is expected";
        }
        else if (value.AsObject is { } map && key.AsText is { } name)
        {
            string? near = Text.Nearest(name, map.Entries.Select(entry => entry.Key));
            string names = string.Join(", ", map.Entries.Take(20).Select(entry => Text.Shorten(entry.Key, 60)));
            message = $"{path} has no field '{Text.Shorten(name, 100)}'{(near is null ? names.Length == 0 ? "; it is empty" : $"; it has {names}" : $". Did you mean '{near}'?")}";
        }
        else if (value.AsList is { } list && key.AsText is null)
        {
            message = $"{path} has {list.Items.Length} items, so it has no {Part(key)}";
        }
        else
        {
            message = $"{path} is {Operators.Name(value)}, so it has no {Part(key)}";
        }

        return new ExpressionException(message, code: ExpressionException.Missing);
    }

    private static string Part(Value key) => key.AsText is { } name ? $"field '{Text.Shorten(name, 100)}'" : $"item [{Text.Shorten(key.ToString(), 40)}]";

    private string Describe(int end)
    {
        string path = target is VariableExpression variable ? variable.Name : "the value";
        for (int i = 0; i < end; i++)
        {
            path += segments[i].Field is { } field ? "." + field : "[…]";
        }

        return $"'{path}'";
    }
}
