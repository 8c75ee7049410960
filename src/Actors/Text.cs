using System.Diagnostics.CodeAnalysis;

namespace Actors;

/// <summary>The few text rules that several folders share.</summary>
internal static class Text
{
    public static bool IsIdentifier([NotNullWhen(true)] string? text, int lengthMax)
    {
        if (string.IsNullOrEmpty(text) || text.Length > lengthMax)
        {
            return false;
        }

        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The first <paramref name="lengthMax"/> characters, with an ellipsis where something was cut.</summary>
    public static string Shorten(string? text, int lengthMax)
    {
        if (text is null)
        {
            return "";
        }

        return text.Length <= lengthMax ? text : string.Concat(text.AsSpan(0, lengthMax - 1), "…");
    }

    /// <summary>The candidate nearest to <paramref name="text"/> by edit distance, or null when none is near enough to be meant.</summary>
    public static string? Nearest(string text, IEnumerable<string> candidates)
    {
        string? best = null;
        int bestDistance = Math.Max(1, text.Length / 3) + 1;
        if (text.Length > 100)
        {
            return null;
        }

        foreach (string candidate in candidates)
        {
            int distance = Distance(text, candidate, bestDistance);
            if (distance < bestDistance)
            {
                bestDistance = distance;
                best = candidate;
            }
        }

        return best;
    }

    /// <summary>True when no other candidate is as near to <paramref name="text"/> as this one.</summary>
    public static bool IsOnlyNearest(string text, string nearest, IEnumerable<string> candidates)
    {
        const int Far = 100;
        if (text.Length > Far)
        {
            return false;
        }

        int distance = Distance(text, nearest, Far);
        return candidates.All(candidate => candidate == nearest || candidate == text || Distance(text, candidate, distance + 1) > distance);
    }

    // Optimal string alignment without case, https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance (three-row form): two letters in the wrong
    // order are one mistake, because they are the commonest one.
    private static int Distance(string a, string b, int limit)
    {
        if (Math.Abs(a.Length - b.Length) >= limit || b.Length > 100)
        {
            return limit;
        }

        Span<int> before = stackalloc int[b.Length + 1];
        Span<int> previous = stackalloc int[b.Length + 1];
        Span<int> current = stackalloc int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
        {
            previous[j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = Same(a[i - 1], b[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(current[j - 1], previous[j]) + 1, previous[j - 1] + cost);
                if (i > 1 && j > 1 && Same(a[i - 1], b[j - 2]) && Same(a[i - 2], b[j - 1]))
                {
                    current[j] = Math.Min(current[j], before[j - 2] + 1);
                }
            }

            Span<int> swap = before;
            before = previous;
            previous = current;
            current = swap;
        }

        return previous[b.Length];
    }

    private static bool Same(char a, char b) => char.ToLowerInvariant(a) == char.ToLowerInvariant(b);
}
