namespace Actors.Flows;

/// <summary>What an <c>if</c> asks.</summary>
internal abstract class Condition
{
    public abstract bool Test(Evaluation e);

    /// <summary>As it is written in the file, on as many lines.</summary>
    public override string ToString() => "…";

    /// <summary>What its expressions begin with.</summary>
    public virtual IEnumerable<Reference> References() => [];
}

internal sealed class ExpressionCondition(Expression tree, string source) : Condition
{
    public override IEnumerable<Reference> References() => Reference.Of(tree);

    public override bool Test(Evaluation e)
    {
        try
        {
            return Expression.IsTruthy(tree.Evaluate(e));
        }
        catch (ExpressionException x) when (x.Expression is null)
        {
            throw new ExpressionException(x.Reason, Text.Shorten(source, 200), x.Code);
        }
    }

    public override string ToString() => source;
}

internal enum Quantifier
{
    Any,
    All,
    None,
}

/// <summary>Stops at the first part that decides. Of no parts, any is false, all and none are true.</summary>
internal sealed class QuantifierCondition(Quantifier quantifier, Condition[] parts) : Condition
{
    public override IEnumerable<Reference> References() => parts.SelectMany(static part => part.References());

    public override bool Test(Evaluation e)
    {
        foreach (Condition part in parts)
        {
            if (part.Test(e) != (quantifier == Quantifier.All))
            {
                return quantifier == Quantifier.Any;
            }
        }

        return quantifier != Quantifier.Any;
    }

    public override string ToString() => $"{quantifier.ToString().ToLowerInvariant()}: {string.Join(", ", parts.Select(part => part.ToString()))}";
}
