namespace Actors.Flows;

/// <summary>A node of a compiled expression. Immutable; one tree serves all runs. Evaluation recurses no deeper than <see cref="HeightMax"/>.</summary>
internal abstract class Expression(int height)
{
    public const int HeightMax = 200;

    public int Height { get; } = height;

    public abstract Value Evaluate(Evaluation e);

    public static bool IsTruthy(Value value) => value.Kind switch
    {
        ValueKind.Null => false,
        ValueKind.Bool => value.TryGetBool(out bool flag) && flag,
        ValueKind.Number => !value.Equals(Value.Of(0m)),
        ValueKind.Text => value.AsText!.Length > 0,
        ValueKind.List => value.AsList!.Items.Length > 0,
        _ => value.AsObject!.Entries.Length > 0,
    };
}

internal sealed class LiteralExpression(Value value) : Expression(1)
{
    public Value Value => value;

    public override Value Evaluate(Evaluation e) => value;
}

internal sealed class VariableExpression(string name) : Expression(1)
{
    public string Name => name;

    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        return e.Get(name);
    }
}

internal sealed class ListExpression(Expression[] items) : Expression(1 + items.Select(i => i.Height).DefaultIfEmpty().Max())
{
    public override Value Evaluate(Evaluation e)
    {
        Value[] values = new Value[items.Length];
        for (int i = 0; i < items.Length; i++)
        {
            values[i] = items[i].Evaluate(e);
        }

        return Value.List(values);
    }
}

internal sealed class LogicExpression(bool isAnd, Expression left, Expression right) : Expression(1 + Math.Max(left.Height, right.Height))
{
    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        return IsTruthy(left.Evaluate(e)) == isAnd ? Value.Of(IsTruthy(right.Evaluate(e))) : Value.Of(!isAnd);
    }
}

internal sealed class NotExpression(Expression operand) : Expression(1 + operand.Height)
{
    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        return Value.Of(!IsTruthy(operand.Evaluate(e)));
    }
}

internal sealed class CoalesceExpression(Expression left, Expression right) : Expression(1 + Math.Max(left.Height, right.Height))
{
    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        Value value = e.Leniently(left);
        return value.IsNull ? right.Evaluate(e) : value;
    }
}

internal sealed class BinaryExpression(string symbol, Func<Evaluation, Value, Value, Value> operation, Expression left, Expression right)
    : Expression(1 + Math.Max(left.Height, right.Height))
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

    private static bool IsNullLiteral(Expression expression) => expression is LiteralExpression { Value.IsNull: true };
}

internal sealed class CallExpression(Function function, Expression[] arguments) : Expression(1 + arguments.Select(a => a.Height).DefaultIfEmpty().Max())
{
    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        Value[] values = new Value[arguments.Length];
        for (int i = 0; i < arguments.Length; i++)
        {
            values[i] = i == 0 && function.FirstIsLenient ? e.Leniently(arguments[i]) : arguments[i].Evaluate(e);
        }

        return function.Run(e, values);
    }
}
