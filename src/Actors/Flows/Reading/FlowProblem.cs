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
    /// <summary>The column behind the word that is meant, on the same line; <see cref="Column"/> when nothing stands there.</summary>
    public int EndColumn { get; init; } = Column;

    /// <summary>What surely mends it; null when a person must decide.</summary>
    public FlowFix? Fix { get; init; }

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

/// <summary>A change of a file's text that mends a problem and leaves everything else as it is.</summary>
/// <param name="Title">What is done, as a sentence without a full stop.</param>
/// <param name="Edits">In the order of the text; they do not overlap.</param>
public sealed record FlowFix(string Title, IReadOnlyList<FlowEdit> Edits);

/// <summary>One replacement in a text.</summary>
/// <param name="Start">From 0, in UTF-16 characters, in the text with line feeds only and without a byte order mark.</param>
/// <param name="Length">How many characters are replaced; 0: something is put in.</param>
public readonly record struct FlowEdit(int Start, int Length, string Replacement);

/// <summary>One or more flow files are not valid. Nothing of them was registered.</summary>
public sealed class FlowSyntaxException : Exception
{
    public FlowSyntaxException(IReadOnlyList<FlowProblem> problems)
        : base(string.Join('\n', problems)) => Problems = problems;

    /// <summary>At least one; by file, line and column. Warnings of the same files are among them.</summary>
    public IReadOnlyList<FlowProblem> Problems { get; }

    /// <summary>True: a file has more errors than are told.</summary>
    public bool HasMore { get; init; }
}
