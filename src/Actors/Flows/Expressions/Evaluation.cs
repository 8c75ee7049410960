namespace Actors.Flows;

/// <summary>What a reference that leads to nothing gives.</summary>
internal enum Missing
{
    /// <summary>The step that asks fails.</summary>
    Fails,

    /// <summary>Null when it begins at a step that has not run; else the step fails. For a flow's outputs.</summary>
    NullWhenSkipped,

    /// <summary>Null. For clean-up, which cannot know how far the flow has come.</summary>
    Null,
}

/// <summary>One evaluation: where values come from, and what it may still cost.</summary>
internal sealed class Evaluation(Variables variables, Missing missing)
{
    /// <summary>Operations and list items that one evaluation may touch. A condition takes about ten.</summary>
    public const int StepsMax = 200_000;

    /// <summary>The longest text that an expression may make: that of a large journaled value.</summary>
    public const int TextLengthMax = 1 << 20;

    /// <summary>Leaves room for the records around a value within <see cref="FlowJson.DepthMax"/>.</summary>
    public const int DepthMax = FlowJson.DepthMax - 8;

    private int _steps;

    public Missing Missing { get; private set; } = missing;

    public Value Get(string name) => variables.Get(name);

    public void Count(int steps = 1)
    {
        _steps += steps;
        if (_steps > StepsMax)
        {
            throw new ExpressionException($"the expression takes more than {StepsMax:N0} operations", code: ExpressionException.TooMuch);
        }
    }

    /// <summary>Evaluates where nothing is an acceptable answer: left of <c>??</c>, or compared with null.</summary>
    public Value Leniently(Expression expression)
    {
        Missing before = Missing;
        Missing = Missing.Null;
        try
        {
            return expression.Evaluate(this);
        }
        finally
        {
            Missing = before;
        }
    }

    public static string CheckLength(string text) => text.Length <= TextLengthMax
        ? text
        : throw new ExpressionException($"the text would be longer than {TextLengthMax:N0} characters", code: ExpressionException.TooMuch);
}
