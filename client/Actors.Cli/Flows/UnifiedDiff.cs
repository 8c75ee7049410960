using System.Globalization;
using System.Text;

namespace Actors.Cli.Flows;

/// <summary>Shows the changes of a text whose lines stay where they are, in the format that <c>patch</c> and <c>git apply</c> read.</summary>
internal static class UnifiedDiff
{
    private const int Context = 3;

    /// <exception cref="ArgumentException">The two have different numbers of lines.</exception>
    public static string Of(string file, string before, string after)
    {
        string[] old = Lines(before);
        string[] now = Lines(after);
        if (old.Length != now.Length)
        {
            throw new ArgumentException("Lines were added or taken out.", nameof(after));
        }

        List<int> changed = [.. Enumerable.Range(0, old.Length).Where(i => old[i] != now[i])];
        string name = SafeText.Line(file.Replace('\\', '/'));
        StringBuilder diff = new();
        diff.Append(CultureInfo.InvariantCulture, $"--- a/{name}\n+++ b/{name}\n");
        for (int i = 0; i < changed.Count;)
        {
            int first = changed[i];
            int last = first;
            while (++i < changed.Count && changed[i] - last <= 2 * Context)
            {
                last = changed[i];
            }

            Hunk(diff, old, now, Math.Max(0, first - Context), Math.Min(old.Length - 1, last + Context));
        }

        return diff.ToString();
    }

    private static void Hunk(StringBuilder diff, string[] old, string[] now, int first, int last)
    {
        diff.Append(CultureInfo.InvariantCulture, $"@@ -{first + 1},{last - first + 1} +{first + 1},{last - first + 1} @@\n");
        for (int line = first; line <= last;)
        {
            if (old[line] == now[line])
            {
                Line(diff, ' ', old[line++]);
                continue;
            }

            int end = line;
            while (end <= last && old[end] != now[end])
            {
                Line(diff, '-', old[end++]);
            }

            for (; line < end; line++)
            {
                Line(diff, '+', now[line]);
            }
        }
    }

    private static void Line(StringBuilder diff, char sign, string line)
    {
        bool ends = line.EndsWith('\n');
        diff.Append(sign).Append(ends ? line : line + "\n");
        if (!ends)
        {
            diff.Append("\\ No newline at end of file\n");
        }
    }

    // With their ends; a carriage return is part of its line.
    private static string[] Lines(string text)
    {
        List<string> lines = [];
        int start = 0;
        for (int end = text.IndexOf('\n', StringComparison.Ordinal); end >= 0; end = text.IndexOf('\n', start))
        {
            lines.Add(text[start..(end + 1)]);
            start = end + 1;
        }

        if (start < text.Length)
        {
            lines.Add(text[start..]);
        }

        return [.. lines];
    }
}
