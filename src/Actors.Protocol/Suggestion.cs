namespace Actors.Protocol;

/// <summary>Finds what a misspelt word was meant to be.</summary>
public static class Suggestion
{
    private const int LengthMax = 100;

    /// <summary>The candidate nearest to <paramref name="text"/> by edit distance without case, or null when none is within a third of its length.</summary>
    public static string? Nearest(string text, IEnumerable<string> candidates)
    {
        string? best = null;
        int bestDistance = Math.Max(1, text.Length / 3) + 1;
        foreach (string candidate in candidates)
        {
            if (text.Length <= LengthMax && candidate.Length <= LengthMax && Distance(text, candidate) is int distance && distance < bestDistance)
            {
                bestDistance = distance;
                best = candidate;
            }
        }

        return best;
    }

    /// <summary><c> Did you mean 'x'?</c> with a leading space; empty when nothing is near.</summary>
    public static string Text(string text, IEnumerable<string> candidates) =>
        Nearest(text, candidates) is { } near ? $" Did you mean '{near}'?" : "";

    // Optimal string alignment distance without case: Levenshtein's, and two neighbours that changed places are one mistake.
    private static int Distance(string a, string b)
    {
        int[] before = new int[b.Length + 1];
        int[] previous = Enumerable.Range(0, b.Length + 1).ToArray();
        int[] current = new int[b.Length + 1];
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

            (before, previous, current) = (previous, current, before);
        }

        return previous[b.Length];
    }

    private static bool Same(char a, char b) => char.ToLowerInvariant(a) == char.ToLowerInvariant(b);
}
