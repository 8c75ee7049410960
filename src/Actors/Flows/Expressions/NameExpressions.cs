namespace Actors.Flows;

/// <summary>A name of the flow: <c>inputs</c>, a step, a loop's variable.</summary>
internal sealed class VariableExpression(string name, StaticType? type = null) : Expression(type ?? StaticType.Any)
{
    public string Name => name;

    public override bool IsConstant => false;

    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        return e.Get(name);
    }
}

/// <summary>What the engine knows: <c>state</c>, <c>flow</c>, <c>run</c>.</summary>
internal sealed class RootExpression(string name, StaticType type) : Expression(type)
{
    public string Name => name;

    public override bool IsConstant => false;

    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        return e.Root(name);
    }
}

/// <summary>The variable of a function like <c>x => …</c> or of <c>{{#each}}</c>.</summary>
internal sealed class LocalExpression(string name, int slot, StaticType type) : Expression(type)
{
    public string Name => name;

    // Within its function; what the function is given decides about the whole.
    public override bool IsConstant => true;

    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        return e.Local(slot);
    }
}

/// <summary><c>env.NAME</c>.</summary>
internal sealed class EnvironmentExpression(string name) : Expression(StaticType.Text)
{
    public string Name => name;

    public override bool IsConstant => false;

    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        Value value = e.Environment?.Invoke(name) ?? Value.Null;
        return !value.IsNull || e.Missing == Missing.Null ? value : throw new ExpressionException($"env.{name} is not set", code: ExpressionException.Missing);
    }
}

/// <summary><c>secrets.NAME</c>. What it gives is decided by the evaluation.</summary>
internal sealed class SecretExpression(string name, int offset) : Expression(StaticType.Text)
{
    public string Name => name;

    /// <summary>Where it stands in the text that holds the expression.</summary>
    public int Offset => offset;

    public override bool IsConstant => false;

    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        return e.Secret(name);
    }
}

/// <summary><c>(x, i) => body</c>: an argument of functions that ask it for each item.</summary>
internal sealed class LambdaExpression(int[] slots, Expression body) : Expression(body.Type, body)
{
    public Expression Body => body;

    public int Count => slots.Length;

    public Value Apply(Evaluation e, Value first, Value second, Value third = default)
    {
        e.Count();
        e.SetLocal(slots[0], first);
        if (slots.Length > 1)
        {
            e.SetLocal(slots[1], second);
        }

        if (slots.Length > 2)
        {
            e.SetLocal(slots[2], third);
        }

        return body.Evaluate(e);
    }

    public override Value Evaluate(Evaluation e) => throw new InvalidOperationException("a function is applied, not evaluated");
}
