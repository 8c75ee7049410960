using System.Text.RegularExpressions;

namespace Actors.Flows;

/// <summary>
/// Regular expressions, matched without going back, so that time grows with the text and the pattern and never faster. What that costs at most is counted before it is done.
/// </summary>
internal static class PatternFunctions
{
    public const int PatternLengthMax = 500;
    public const int TextLengthMax = 1 << 16;
    private const int SizeMax = 1_000;

    // A pattern that stands in the expression is built when it is read.
    private const int StepsToBuild = 1_000;

    public static readonly Function[] All =
    [
        new("matches", "text: text, pattern: text", "bool",
            "Whether a regular expression matches somewhere in the text; `^` and `$` tie it to the ends. Without look-around and back-references; the text has at most 65,536 characters.",
            Matches)
        {
            Check = static (at, value) => at == 1 && value.AsText is { } pattern ? Fault(pattern) : null,
        },
    ];

    // Patterns of flow files are few and the same in every run; others push nothing out but their own kind.
    private static readonly BoundedCache Cache = new(256);

    private static Value Matches(Arguments a)
    {
        string text = a.Text(0);
        string pattern = a.Text(1);
        if (text.Length > TextLengthMax)
        {
            throw new ExpressionException($"matches reads at most {TextLengthMax:N0} characters", code: ExpressionException.TooMuch);
        }

        a.E.Count(a.IsLiteral(1) ? 0 : StepsToBuild);
        if (Fault(pattern) is { } fault)
        {
            throw new ExpressionException($"matches: {fault}");
        }

        a.E.Count(1 + (int)(Math.Min((long)text.Length * Size(pattern) / 16, Evaluation.StepsMax)));
        return Value.Of(Cache.Get(pattern).IsMatch(text));
    }

    private static string? Fault(string pattern)
    {
        if (pattern.Length > PatternLengthMax)
        {
            return $"a pattern has at most {PatternLengthMax} characters";
        }

        if (Size(pattern) > SizeMax)
        {
            return $"the pattern is too large: written out without counts like {{10}} it has more than {SizeMax:N0} parts";
        }

        try
        {
            Cache.Get(pattern);
            return null;
        }
        catch (ArgumentException e)
        {
            return $"'{Text.Shorten(pattern, 60)}' is no regular expression: {Text.Shorten(Reason(e.Message), 100)}";
        }
        catch (NotSupportedException)
        {
            return $"'{Text.Shorten(pattern, 60)}' uses what is not supported here: look-around, back-references, or too large counts";
        }
    }

    private static string Reason(string message)
    {
        int at = message.IndexOf("at offset", StringComparison.Ordinal);
        return at < 0 ? message : message[at..];
    }

    /// <summary>How many parts the pattern has when counts are written out. At least as many as there are.</summary>
    internal static int Size(string pattern)
    {
        int at = 0;
        return SizeOfGroup(pattern, ref at, 0);
    }

    private static int SizeOfGroup(string pattern, ref int at, int depth)
    {
        long total = 1;
        while (at < pattern.Length)
        {
            long part = 1;
            char c = pattern[at++];
            switch (c)
            {
                case ')':
                    return (int)Math.Min(total, int.MaxValue / 64);
                case '(' when depth < 100:
                    part = SizeOfGroup(pattern, ref at, depth + 1);
                    break;
                case '\\':
                    at++;
                    break;
                case '[':
                    SkipClass(pattern, ref at);
                    break;
            }

            total = Math.Min(total + (part * Times(pattern, ref at)), int.MaxValue / 64);
        }

        return (int)total;
    }

    private static void SkipClass(string pattern, ref int at)
    {
        at += at < pattern.Length && pattern[at] == '^' ? 1 : 0;
        at += at < pattern.Length && pattern[at] == ']' ? 1 : 0;
        while (at < pattern.Length && pattern[at] != ']')
        {
            at += pattern[at] == '\\' ? 2 : 1;
        }

        at = Math.Min(at + 1, pattern.Length);
    }

    // The larger number of {2}, {2,} and {2,5}.
    private static int Times(string pattern, ref int at)
    {
        if (at >= pattern.Length || pattern[at] != '{')
        {
            return 1;
        }

        int largest = 1;
        int number = 0;
        int i = at + 1;
        for (; i < pattern.Length && (char.IsAsciiDigit(pattern[i]) || pattern[i] == ','); i++)
        {
            number = pattern[i] == ',' ? 0 : Math.Min((number * 10) + (pattern[i] - '0'), 1_000_000);
            largest = Math.Max(largest, number);
        }

        if (i < pattern.Length && pattern[i] == '}')
        {
            at = i + 1;
        }

        return largest;
    }

    private sealed class BoundedCache(int countMax)
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<string, Regex> _patterns = new(StringComparer.Ordinal);

        public Regex Get(string pattern)
        {
            lock (_lock)
            {
                if (_patterns.TryGetValue(pattern, out Regex? known))
                {
                    return known;
                }
            }

            Regex regex = new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            lock (_lock)
            {
                if (_patterns.Count >= countMax)
                {
                    _patterns.Clear();
                }

                _patterns[pattern] = regex;
            }

            return regex;
        }
    }
}
