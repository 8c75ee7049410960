using System.Text.RegularExpressions;

namespace Actors.Flows;

/// <summary>Finds what surely mends a problem, from its advice and from what stands at its place. Advice that could mean something else gives nothing.</summary>
internal sealed partial class FixFinder(FlowReading reading, IEnumerable<string> tasks, IEnumerable<string> flows)
{
    private static readonly string[] Keys = [.. Language.Kinds.SelectMany(kind => kind.Table.Names).Concat(Language.Root.Names).Concat(Language.Input.Names).Concat(Language.Output.Names)
        .Concat(Language.Retry.Names).Concat(Language.Approval.Names).Concat(Language.Case.Names).Concat(Language.OnError.Names).Distinct()];

    private string[]? _words;

    private string Source => reading.Source.Text;

    public FlowFix? Find(FlowProblem problem)
    {
        int at = reading.Source.IndexOf(problem.Line, problem.Column);
        return problem.RuleId switch
        {
            Rules.Tab => Tab(problem.Line),
            Rules.Expression when Source.AsSpan(at) is ['=', not '=', ..] && problem.Suggestion == "Write '=='." => Insert("Write '=='", at, "="),
            Rules.Expression when problem.Message.EndsWith("is never closed", StringComparison.Ordinal) => Close(at),
            Rules.WrongType when problem.Suggestion == "Put '- ' before the step." => Item(problem, at),
            Rules.WrongType when Advice(problem, NameAdvice()) is { } name && Word(at, name) => Insert($"Write name: {name}", at, "name: "),
            Rules.WrongType or Rules.NotAList when Advice(problem, HoleAdvice()) is { } path => Hole(at, path),
            Rules.UnknownReference when Advice(problem, HoleAdvice()) is { } input && input.StartsWith("inputs.", StringComparison.Ordinal) && Word(at, input[7..]) => Insert($"Write {input}", at, "inputs."),
            Rules.InputDefault when Advice(problem, QuoteAdvice()) is { } text && Word(at, text) => new FlowFix("Put quotes around it", [new(at, 0, "\""), new(at + text.Length, 0, "\"")]),
            _ => Advice(problem, NearAdvice()) is { } near ? Near(problem, at, near) : null,
        };
    }

    private static string? Advice(FlowProblem problem, Regex form) =>
        problem.Suggestion is { } suggestion && form.Match(suggestion) is { Success: true } match ? match.Groups[1].Value : null;

    private static FlowFix Insert(string title, int at, string text) => new(title, [new(at, 0, text)]);

    /// <summary>True when exactly this word stands there.</summary>
    private bool Word(int at, string word) =>
        word.Length > 0 && string.CompareOrdinal(Source, at, word, 0, word.Length) == 0 && (at + word.Length == Source.Length || !IsPartOfWord(Source[at + word.Length]));

    private static bool IsPartOfWord(char c) => char.IsLetterOrDigit(c) || c is '_' or '-' or '…';

    private FlowFix? Near(FlowProblem problem, int at, string near)
    {
        IEnumerable<string>? candidates = problem.RuleId switch
        {
            Rules.UnknownKey or Rules.StepKind => Keys,
            Rules.Function => Function.All.Keys,
            Rules.InputType => InputTypes.All.Keys,
            Rules.UnknownTask => tasks,
            Rules.SubflowNotFound => flows,
            Rules.UnknownReference or Rules.UnknownInput or Rules.UnknownOutput or Rules.SubflowInput => _words ??= Words(),
            _ => null,
        };
        at += at < Source.Length && Source[at] is '\'' or '"' ? 1 : 0;
        foreach (Match quoted in Quoted().Matches(problem.Message))
        {
            string wrong = quoted.Groups[1].Value;
            if (candidates is not null && Word(at, wrong))
            {
                return Text.IsOnlyNearest(wrong, near, candidates) ? new FlowFix($"Write {near}", [new(at, wrong.Length, near)]) : null;
            }
        }

        return null;
    }

    // All that can be a name in this file.
    private string[] Words()
    {
        HashSet<string> words = new(flows, StringComparer.Ordinal);
        Collect(reading.Root);
        return [.. words];

        void Collect(YamlItem? item)
        {
            switch (item)
            {
                case YamlText text when ValueReader.IsIdentifier(text.Value):
                    words.Add(text.Value);
                    break;
                case YamlList list:
                    foreach (YamlItem inner in list.Items)
                    {
                        Collect(inner);
                    }

                    break;
                case YamlMap map:
                    foreach (YamlEntry entry in map.Entries)
                    {
                        Collect(entry.Value);
                    }

                    break;
            }
        }
    }

    // As wide as the indentation of the file's other lines; two spaces when there are none.
    private FlowFix? Tab(int line)
    {
        int width = 0;
        for (int i = 1; i <= reading.Source.LineCount && width == 0; i++)
        {
            string text = reading.Source.Line(i);
            int spaces = text.Length - text.TrimStart(' ').Length;
            width = spaces > 0 && spaces < text.Length && text[spaces] is not ('\t' or '#') ? spaces : 0;
        }

        string indent = new(' ', width == 0 ? 2 : width);
        List<FlowEdit> edits = [];
        for (int i = line; i <= reading.Source.LineCount; i++)
        {
            string tabbed = reading.Source.Line(i);
            // Of the lines below, those that begin with a tab: it can be nothing but indentation.
            if (tabbed.Length > 0 && (i == line || tabbed[0] == '\t') && tabbed.Length - tabbed.TrimStart(' ', '\t').Length is > 0 and int length)
            {
                edits.Add(new FlowEdit(reading.Source.IndexOf(i, 1), length, tabbed[..length].Replace("\t", indent, StringComparison.Ordinal)));
            }
        }

        return edits.Count == 0 ? null : new FlowFix("Use spaces", edits);
    }

    private FlowFix? Close(int at)
    {
        Match path = OpenPath().Match(Source, Math.Min(at, Source.Length));
        return path.Success ? Insert("Write '}'", path.Index + path.Length, "}") : null;
    }

    private FlowFix? Hole(int at, string path)
    {
        bool isQuoted = at < Source.Length && Source[at] is '\'' or '"';
        int start = isQuoted ? at + 1 : at;
        string quote = isQuoted ? "" : "\"";
        return Word(start, path) ? new FlowFix($"Write ${{{path}}}", [new(start, path.Length, $"{quote}${{{path}}}{quote}")]) : null;
    }

    private FlowFix? Item(FlowProblem problem, int at)
    {
        if (at < Source.Length && Source[at] == '{')
        {
            return EndOfBraces(at) is { } end ? new FlowFix("Put brackets around the step", [new(at, 0, "["), new(end, 0, "]")]) : null;
        }

        int indent = problem.Column - 1;
        if (!reading.Source.Line(problem.Line).AsSpan(0, indent).Trim(' ').IsEmpty)
        {
            return null;
        }

        List<FlowEdit> edits = [new(at, 0, "- ")];
        List<FlowEdit> comments = [];
        for (int line = problem.Line + 1; line <= reading.Source.LineCount; line++)
        {
            string text = reading.Source.Line(line);
            string content = text.TrimStart(' ');
            if (content.Length == 0)
            {
                continue;
            }

            // A comment belongs to the step when more of the step follows.
            if (content[0] == '#')
            {
                comments.Add(new FlowEdit(reading.Source.IndexOf(line, 1), 0, "  "));
                continue;
            }

            if (text.Length - content.Length < indent)
            {
                break;
            }

            edits.AddRange(comments);
            comments.Clear();
            edits.Add(new FlowEdit(reading.Source.IndexOf(line, 1), 0, "  "));
        }

        return new FlowFix("Put '- ' before the step", edits);
    }

    private int? EndOfBraces(int at)
    {
        int depth = 0;
        for (int i = at; i < Source.Length; i++)
        {
            char c = Source[i];
            switch (c)
            {
                case '{' or '[':
                    depth++;
                    break;
                case '}' or ']' when --depth == 0:
                    return i + 1;
                case '\'' or '"' when Source[i - 1] is ' ' or ',' or '[' or '{' or ':':
                    int close = i + 1;
                    while (close < Source.Length && Source[close] != c)
                    {
                        close += c == '"' && Source[close] == '\\' ? 2 : 1;
                    }

                    i = close;
                    break;
                case '#' when Source[i - 1] is ' ' or '\n':
                    return null;
            }
        }

        return null;
    }

    [GeneratedRegex(@"^Did you mean '([^']+)'\?$")]
    private static partial Regex NearAdvice();

    [GeneratedRegex(@"^Write \$\{([A-Za-z0-9_.-]+)\}\.$")]
    private static partial Regex HoleAdvice();

    [GeneratedRegex(@"^Write name: ([A-Za-z_][A-Za-z0-9_-]*)\.$")]
    private static partial Regex NameAdvice();

    [GeneratedRegex("^Write \"([A-Za-z0-9_.+-]+)\"\\.$")]
    private static partial Regex QuoteAdvice();

    [GeneratedRegex("'([^']+)'")]
    private static partial Regex Quoted();

    // A path and nothing behind it.
    [GeneratedRegex(@"\G\$\{[ ]*[A-Za-z_][A-Za-z0-9_.-]*(?=[ ]*(?:[""']|\n|$))")]
    private static partial Regex OpenPath();
}
