namespace Actors.Flows;

/// <summary>
/// A node of a compiled expression. Immutable; one tree serves all runs. Evaluation recurses no deeper than <see cref="HeightMax"/>, and gives the same value for the same
/// names, whenever and wherever it is done.
/// </summary>
/// <param name="type">What is known of the value.</param>
internal abstract class Expression(StaticType type, params Expression[] parts)
{
    public const int HeightMax = 200;

    public StaticType Type => type;

    public IReadOnlyList<Expression> Parts => parts;

    protected Expression[] Operands => parts;

    public int Height { get; } = 1 + Highest(parts);

    /// <summary>True: the value is the same in every evaluation.</summary>
    public virtual bool IsConstant => parts.Length > 0 && Array.TrueForAll(parts, static part => part.IsConstant);

    /// <summary>The value when it stands there as it is, made once for all evaluations; null when it must be computed.</summary>
    public virtual Value? Written => null;

    public abstract Value Evaluate(Evaluation e);

    public static bool IsTruthy(Value value) => value.Kind switch
    {
        ValueKind.Null => false,
        ValueKind.Bool => value.TryGetBool(out bool flag) && flag,
        ValueKind.Number => value.AsNumber is decimal number ? number != 0 : (double)value.AsNumber! != 0,
        ValueKind.Text => value.AsText!.Length > 0,
        ValueKind.List => value.AsList!.Items.Length > 0,
        _ => value.AsObject!.Entries.Length > 0,
    };

    // Those nested deeper than values may be fail when they are evaluated.
    protected static bool AreWritten(Expression[] parts) => Array.TrueForAll(parts, static part => part.Written is not null) && Highest(parts) < Evaluation.DepthMax;

    private static int Highest(Expression[] parts)
    {
        int highest = 0;
        foreach (Expression part in parts)
        {
            highest = Math.Max(highest, part.Height);
        }

        return highest;
    }
}

internal sealed class LiteralExpression(Value value) : Expression(StaticType.Of(value))
{
    public Value Value => value;

    public override Value? Written => value;

    public override bool IsConstant => true;

    public override Value Evaluate(Evaluation e) => value;
}

internal sealed class ListExpression(Expression[] items) : Expression(StaticType.ListOf(ItemOf(items)), items)
{
    private readonly Value? _written = AreWritten(items) ? Value.List(Array.ConvertAll(items, static item => item.Written!.Value)) : null;

    public override bool IsConstant => Parts.All(static part => part.IsConstant);

    public override Value? Written => _written;

    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        if (_written is { } written)
        {
            return written;
        }

        Value[] values = new Value[Operands.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Operands[i].Evaluate(e);
        }

        return e.List(values);
    }

    private static StaticType ItemOf(Expression[] items)
    {
        StaticType? type = null;
        foreach (Expression item in items)
        {
            type = type?.Or(item.Type) ?? item.Type;
        }

        return type ?? StaticType.Any;
    }
}

/// <summary><c>{a: 1, 'b c': x}</c>.</summary>
internal sealed class ObjectExpression(string[] names, Expression[] values) : Expression(TypeOf(names, values), values)
{
    private readonly Value? _written = AreWritten(values) ? Value.Object(names.Zip(values, static (name, value) => KeyValuePair.Create(name, value.Written!.Value))) : null;

    public override bool IsConstant => Parts.All(static part => part.IsConstant);

    public override Value? Written => _written;

    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        if (_written is { } written)
        {
            return written;
        }

        KeyValuePair<string, Value>[] entries = new KeyValuePair<string, Value>[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            entries[i] = new(names[i], Operands[i].Evaluate(e));
        }

        return e.Object(entries);
    }

    private static StaticType TypeOf(string[] names, Expression[] values)
    {
        Dictionary<string, StaticType> fields = new(StringComparer.Ordinal);
        for (int i = 0; i < names.Length; i++)
        {
            fields[names[i]] = values[i].Type;
        }

        return StaticType.ObjectOf(fields);
    }
}

/// <summary><c>from..to</c>: the whole numbers from the first to the second, both included; none when the second is smaller.</summary>
internal sealed class RangeExpression(Expression from, Expression to) : Expression(StaticType.ListOf(StaticType.Number), from, to)
{
    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        Value start = from.Evaluate(e);
        Value end = to.Evaluate(e);
        return e.Missing == Missing.Null && (start.IsNull || end.IsNull) ? Value.Null : Ranges.Of(e, Bound(start), Bound(end), 1, isInclusive: true);
    }

    private static decimal Bound(Value value) => Operators.TryNumber(value, out Value number) && number.AsNumber is decimal bound && bound == decimal.Truncate(bound)
        ? bound
        : throw new ExpressionException($"'..' needs two whole numbers, but has {Operators.Name(value)}{(value.AsNumber is null ? "" : $" ({value})")}");
}

/// <summary><c>condition ? then : otherwise</c>. Only the chosen side is evaluated.</summary>
internal sealed class ConditionalExpression(Expression condition, Expression then, Expression otherwise) : Expression(then.Type.Or(otherwise.Type), condition, then, otherwise)
{
    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        return IsTruthy(condition.Evaluate(e)) ? then.Evaluate(e) : otherwise.Evaluate(e);
    }
}

internal sealed class LogicExpression(bool isAnd, Expression left, Expression right) : Expression(StaticType.Bool, left, right)
{
    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        return IsTruthy(left.Evaluate(e)) == isAnd ? Value.Of(IsTruthy(right.Evaluate(e))) : Value.Of(!isAnd);
    }
}

internal sealed class NotExpression(Expression operand) : Expression(StaticType.Bool, operand)
{
    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        return Value.Of(!IsTruthy(operand.Evaluate(e)));
    }
}

/// <summary><c>left ?? right</c>: the right when there is nothing on the left.</summary>
internal sealed class CoalesceExpression(Expression left, Expression right) : Expression(left.Type.WithoutNull().Or(right.Type), left, right)
{
    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        Value value = e.Leniently(left);
        return value.IsNull ? right.Evaluate(e) : value;
    }
}

/// <summary><c>left or right</c> in <c>{{…}}</c>: the right when the left is not there, null, false, zero or empty.</summary>
internal sealed class FallbackExpression(Expression left, Expression right) : Expression(left.Type.Or(right.Type), left, right)
{
    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        Value value = e.Leniently(left);
        return IsTruthy(value) ? value : right.Evaluate(e);
    }
}

internal sealed class BinaryExpression(string symbol, Func<Evaluation, Value, Value, Value> operation, Expression left, Expression right)
    : Expression(TypeCheck.Result(symbol, left.Type, right.Type), left, right)
{
    // Asking whether something is null is asking whether it is there.
    private readonly bool _asksForNull = symbol is "==" or "!=" && (IsNullLiteral(left) || IsNullLiteral(right));

    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        return _asksForNull
            ? operation(e, e.Leniently(left), e.Leniently(right))
            : operation(e, left.Evaluate(e), right.Evaluate(e));
    }

    public static bool IsNullLiteral(Expression expression) => expression is LiteralExpression { Value.IsNull: true };
}
