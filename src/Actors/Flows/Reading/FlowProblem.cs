using System.Globalization;
using System.Text;

namespace Actors.Flows;

public enum FlowProblemSeverity
{
    Error,

    /// <summary>The flow can be run, but probably does not do what was meant.</summary>
    Warning,
}

/// <summary>Something wrong in a flow file.</summary>
/// <param name="RuleId">ACT and four digits; never reused for another meaning.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in UTF-16 characters.</param>
/// <param name="Message">What is wrong, in one sentence without a full stop.</param>
/// <param name="Suggestion">How to mend it, as a sentence; null when nothing can be guessed.</param>
/// <param name="Excerpt">The line and, below it, a caret; empty when the file has no such line.</param>
public sealed record FlowProblem(
    string RuleId, FlowProblemSeverity Severity, string File, int Line, int Column, string Message, string? Suggestion, string Excerpt)
{
    /// <summary><c>file:line:column: error ACT0000: message</c>, and the excerpt below.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}: {(Severity == FlowProblemSeverity.Error ? "error" : "warning")} {RuleId}: {Message}");
        if (Suggestion is not null)
        {
            text.Append(". ").Append(Suggestion);
        }

        if (Excerpt.Length > 0)
        {
            text.Append('\n').Append(Excerpt);
        }

        return text.ToString();
    }
}

/// <summary>One or more flow files are not valid. Nothing of them was registered.</summary>
public sealed class FlowSyntaxException : Exception
{
    public FlowSyntaxException(IReadOnlyList<FlowProblem> problems)
        : base(string.Join('\n', problems)) => Problems = problems;

    /// <summary>At least one; by file, line and column. Warnings of the same files are among them.</summary>
    public IReadOnlyList<FlowProblem> Problems { get; }
}
