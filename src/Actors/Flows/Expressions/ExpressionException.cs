namespace Actors.Flows;

/// <summary>An expression cannot be evaluated. It never leaves the interpreter: the step that holds the expression fails with it.</summary>
internal sealed class ExpressionException(string message, string? expression = null, string? code = null)
    : Exception(expression is null ? message : $"{expression}: {message}")
{
    /// <summary>The reference leads to nothing.</summary>
    public const string Missing = "missing_reference";

    /// <summary>More steps or output than an expression may have.</summary>
    public const string TooMuch = "expression_limit";

    public string Reason { get; } = message;
    public string? Expression { get; } = expression;
    public string? Code { get; } = code;
}

/// <summary>An expression is not written correctly, or refers to something that is not there.</summary>
internal sealed class ExpressionSyntaxException(string rule, string message, int offset, string? suggestion = null) : Exception(message)
{
    public string Rule { get; } = rule;

    /// <summary>From the start of the text that holds the expression.</summary>
    public int Offset { get; } = offset;

    public string? Suggestion { get; } = suggestion;
}
