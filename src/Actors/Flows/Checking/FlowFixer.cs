using System.Text;

namespace Actors.Flows;

/// <summary>A file that can be mended.</summary>
/// <param name="Before">What stands in it.</param>
/// <param name="After">The same with the fixes made.</param>
public sealed record FixedFlow(string File, string Before, string After);

/// <summary>Makes the fixes that need no person.</summary>
public static class FlowFixer
{
    // A fix may bring the next mistake to light; more than this many in one file are not slips.
    private const int RoundsMax = 50;

    /// <summary>
    /// Makes fixes until there are none left, and gives the given files in which fewer problems are left than before. Nothing is written.
    /// </summary>
    /// <exception cref="FileNotFoundException">There is no such file or folder.</exception>
    public static IReadOnlyList<FixedFlow> Fix(IReadOnlyList<string> paths, FlowCheckOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(paths);
        options ??= new FlowCheckOptions();
        Dictionary<string, string> changed = new(StringComparer.Ordinal);
        FlowCheck before = FlowChecker.Check(paths, options, changed);
        Dictionary<string, string> texts = new(StringComparer.Ordinal);
        foreach (CheckedFlow file in before.Files)
        {
            if (file is { IsGiven: true, Text: { } text })
            {
                texts.TryAdd(file.File, text);
            }
        }

        FlowCheck after = before;
        for (int round = 0; round < RoundsMax; round++)
        {
            bool isChanged = false;
            foreach (IGrouping<string, FlowProblem> problems in after.Problems.Where(p => p.Fix is not null).GroupBy(p => p.File))
            {
                if (texts.TryGetValue(problems.Key, out string? text))
                {
                    text = Apply(changed.GetValueOrDefault(problems.Key, text), problems.Select(p => p.Fix!));
                    isChanged |= !changed.TryGetValue(problems.Key, out string? last) || last != text;
                    changed[problems.Key] = text;
                }
            }

            if (!isChanged)
            {
                break;
            }

            after = FlowChecker.Check(paths, options, changed);
        }

        return [.. changed.Where(file => file.Value != texts[file.Key] && IsBetter(Rank(after, file.Key), Rank(before, file.Key))).OrderBy(file => file.Key, StringComparer.Ordinal)
            .Select(file => new FixedFlow(file.Key, texts[file.Key], file.Value))];
    }

    /// <summary>A text with fixes made. Of two that overlap, the first one is made.</summary>
    /// <param name="text">With its own line ends and byte order mark, which stay.</param>
    public static string Apply(string text, IEnumerable<FlowFix> fixes)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(fixes);
        SortedList<int, FlowEdit> edits = [];
        foreach (FlowFix fix in fixes)
        {
            if (!fix.Edits.Any(edit => edits.Values.Any(other => edit.Start <= other.Start + other.Length && other.Start <= edit.Start + edit.Length)))
            {
                foreach (FlowEdit edit in fix.Edits)
                {
                    edits.Add(edit.Start, edit);
                }
            }
        }

        StringBuilder result = new(text.Length + 16);
        int at = text.StartsWith('\uFEFF') ? 1 : 0;
        result.Append(text, 0, at);
        int plain = 0;
        foreach (FlowEdit edit in edits.Values)
        {
            Copy(edit.Start, keep: true);
            result.Append(edit.Replacement);
            Copy(edit.Start + edit.Length, keep: false);
        }

        Copy(int.MaxValue, keep: true);
        return result.ToString();

        // Up to a place in the text with line feeds only.
        void Copy(int end, bool keep)
        {
            int start = at;
            for (; plain < end && at < text.Length; plain++)
            {
                at += text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n' ? 2 : 1;
            }

            if (keep)
            {
                result.Append(text, start, at - start);
            }
        }
    }

    // A file that is no YAML hides its other problems, so any number of them is better.
    private static (bool, int) Rank(FlowCheck check, string file)
    {
        FlowProblem[] problems = [.. check.Problems.Where(p => p.File == file)];
        return (problems.Any(p => p.RuleId is Rules.Yaml or Rules.Tab), problems.Length);
    }

    private static bool IsBetter((bool, int) left, (bool, int) right) => left.CompareTo(right) < 0;
}
