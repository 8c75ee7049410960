namespace Actors.Flows;

/// <summary>What is wrong in one file, collected so that everything is told at once.</summary>
internal sealed class Problems(SourceText source)
{
    // More than this many do not help anybody, and looking for advice for 100,000 would take minutes.
    private const int CountMax = 200;

    private readonly List<FlowProblem> _all = [];
    private int _warnings;

    public SourceText Source => source;

    public bool HasErrors { get; private set; }

    /// <summary>True: there was one error more than is told.</summary>
    public bool HasMore { get; private set; }

    /// <summary>True: there were more warnings than are told.</summary>
    public bool HasMoreWarnings { get; private set; }

    public void Error(string rule, YamlItem at, string message, string? suggestion = null) => Error(rule, at.Line, at.Column, message, suggestion);

    public void Error(string rule, int line, int column, string message, string? suggestion = null)
    {
        HasErrors = true;
        Add(source.Problem(rule, FlowProblemSeverity.Error, line, column, message, suggestion));
    }

    /// <summary>True when something is wrong inside this text or on its first line: what follows from it need not be told too.</summary>
    public bool HasErrorsAt(YamlItem item) => _all.Exists(p => p.Line == item.Line && p.Column >= item.Column && p.Severity == FlowProblemSeverity.Error);

    public void Warn(string rule, YamlItem at, string message, string? suggestion = null) => Warn(rule, at.Line, at.Column, message, suggestion);

    public void Warn(string rule, int line, int column, string message, string? suggestion = null) =>
        Add(source.Problem(rule, FlowProblemSeverity.Warning, line, column, message, suggestion));

    /// <summary>Warns without showing the line, which holds what nobody should see.</summary>
    public void WarnHidden(string rule, YamlItem at, string message, string? suggestion = null) =>
        Add(source.Problem(rule, FlowProblemSeverity.Warning, at.Line, at.Column, message, suggestion) with { Excerpt = "" });

    /// <summary>A fault inside a text: finds the place where the text stands in the file.</summary>
    public void Error(ExpressionSyntaxException fault, YamlText text)
    {
        int start = source.IndexOf(text.Line, text.Column);
        // What stands before the fault is looked for as written; a block text is indented and an escaped one looks different, and then the line is what we know.
        int lineStart = fault.Offset == 0 ? 0 : text.Value.LastIndexOf('\n', Math.Min(fault.Offset, text.Value.Length) - 1) + 1;
        int lineEnd = text.Value.IndexOf('\n', lineStart);
        string line = text.Value[lineStart..(lineEnd < 0 ? text.Value.Length : lineEnd)];
        int found = line.Length == 0 ? -1 : source.Text.IndexOf(line, start, StringComparison.Ordinal);
        (int row, int column) = found < 0 ? (text.Line, text.Column) : source.Locate(found + fault.Offset - lineStart);
        Error(fault.Rule, row, column, fault.Message, fault.Suggestion);
    }

    /// <summary>In order of position.</summary>
    public IReadOnlyList<FlowProblem> All => _all.OrderBy(p => p.Line).ThenBy(p => p.Column).ToArray();

    public IReadOnlyList<FlowProblem> Warnings => All.Where(p => p.Severity == FlowProblemSeverity.Warning).ToArray();

    public FlowSyntaxException ToException() => new(All);

    private void Add(FlowProblem problem)
    {
        if (_all.Contains(problem))
        {
            return;
        }

        if (problem.Severity == FlowProblemSeverity.Error)
        {
            if (_all.Count - _warnings == CountMax)
            {
                HasMore = true;
                throw new TooManyException();
            }

            _all.Add(problem);
        }
        else if (_warnings < CountMax)
        {
            _all.Add(problem);
            _warnings++;
        }
        else
        {
            HasMoreWarnings = true;
        }
    }

    /// <summary>Reading ends here: nobody reads more errors.</summary>
    public sealed class TooManyException : Exception;
}
