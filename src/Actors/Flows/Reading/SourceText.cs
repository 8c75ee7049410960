namespace Actors.Flows;

/// <summary>A flow file's text, with line feeds only, and where its lines begin.</summary>
internal sealed class SourceText
{
    private const int ExcerptMax = 160;
    private readonly List<int> _lines = [0];

    public SourceText(string text, string file)
    {
        File = file;
        Text = Normalize(text);
        for (int i = 0; i < Text.Length; i++)
        {
            if (Text[i] == '\n')
            {
                _lines.Add(i + 1);
            }
        }
    }

    public string File { get; }

    public string Text { get; }

    public int LineCount => _lines.Count;

    /// <summary>Without a byte order mark, and with line feeds only.</summary>
    public static string Normalize(string text)
    {
        string plain = text.StartsWith('\uFEFF') ? text[1..] : text;
        return plain.Contains('\r', StringComparison.Ordinal) ? plain.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n') : plain;
    }

    public (int Line, int Column) Locate(int index)
    {
        int line = _lines.BinarySearch(index);
        line = line < 0 ? ~line - 1 : line;
        return (line + 1, index - _lines[line] + 1);
    }

    /// <summary>The index of a position; the nearest there is for one outside.</summary>
    public int IndexOf(int line, int column)
    {
        if (line > _lines.Count)
        {
            return Text.Length;
        }

        return Math.Min(_lines[Math.Max(line, 1) - 1] + Math.Max(column, 1) - 1, Text.Length);
    }

    public string Line(int line)
    {
        if (line < 1 || line > _lines.Count)
        {
            return "";
        }

        int end = line < _lines.Count ? _lines[line] - 1 : Text.Length;
        return Text[_lines[line - 1]..end];
    }

    public FlowProblem Problem(string rule, FlowProblemSeverity severity, int line, int column, string message, string? suggestion)
    {
        line = Math.Clamp(line, 1, _lines.Count);
        column = Math.Clamp(column, 1, Line(line).Length + 1);
        return new FlowProblem(rule, severity, File, line, column, message, suggestion, Excerpt(line, column)) { EndColumn = EndOfWord(line, column) };
    }

    // What stands in quotes, a name or a path; else one character.
    private int EndOfWord(int line, int column)
    {
        string text = Line(line);
        int at = column - 1;
        if (at >= text.Length)
        {
            return column;
        }

        if (text[at] is '\'' or '"' && text.IndexOf(text[at], at + 1) is var close and > 0)
        {
            return close + 2;
        }

        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '_' or '-' or '.'))
        {
            at++;
        }

        return Math.Max(at, column) + 1;
    }

    // A long line is cut around the caret; control characters would spoil a terminal.
    private string Excerpt(int line, int column)
    {
        string text = Line(line);
        int from = Math.Max(0, column - 1 - (ExcerptMax / 2));
        int to = Math.Min(text.Length, from + ExcerptMax);
        char[] shown = text[from..to].ToCharArray();
        for (int i = 0; i < shown.Length; i++)
        {
            shown[i] = char.IsControl(shown[i]) || char.IsSurrogate(shown[i]) ? ' ' : shown[i];
        }

        string number = line.ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(5);
        string cut = from > 0 ? "…" : "";
        return $"{number} | {cut}{new string(shown)}\n      | {new string(' ', column - 1 - from + cut.Length)}^";
    }
}
