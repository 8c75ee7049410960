using System.Globalization;
using System.Xml;

namespace Actors.Flows;

/// <summary>Lengths of time as flows write them: <c>500ms</c>, <c>30s</c>, <c>1h30m</c>, <c>2d</c>, ISO 8601 (<c>PT5M</c>), or a number of seconds.</summary>
internal static class Durations
{
    public const string Forms = "Write e.g. 30s, 5m, 1h30m, 2d, PT5M, or a number of seconds.";

    /// <summary>Longer is a mistake, and would run over the end of the calendar.</summary>
    public static readonly TimeSpan Max = TimeSpan.FromDays(3660);

    public static bool TryParse(Value value, out TimeSpan duration)
    {
        duration = default;
        if (value.Kind == ValueKind.Number)
        {
            return TrySeconds(Operators.ToDouble(value), out duration);
        }

        return value.AsText is { Length: > 0 and < 100 } text && TryParse(text.Trim(), out duration);
    }

    private static bool TryParse(string text, out TimeSpan duration)
    {
        if (Value.TryParseNumber(text, out Value seconds))
        {
            return TrySeconds(Operators.ToDouble(seconds), out duration);
        }

        return text.StartsWith('P') ? TryIso(text, out duration) : TryUnits(text, out duration);
    }

    private static bool TryUnits(string text, out TimeSpan duration)
    {
        double total = 0;
        int at = 0;
        double last = double.MaxValue;
        duration = default;
        while (at < text.Length)
        {
            int start = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
            {
                at++;
            }

            if (!double.TryParse(text.AsSpan(start, at - start), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count))
            {
                return false;
            }

            start = at;
            while (at < text.Length && char.IsAsciiLetter(text[at]))
            {
                at++;
            }

            double unit = text[start..at] switch
            {
                "ms" => 0.001,
                "s" => 1,
                "m" => 60,
                "h" => 3600,
                "d" => 86400,
                "w" => 604800,
                _ => 0,
            };
            // Descending units only: '5m1h' is more likely a slip than meant.
            if (unit == 0 || unit >= last)
            {
                return false;
            }

            last = unit;
            total += count * unit;
        }

        return TrySeconds(total, out duration);
    }

    private static bool TryIso(string text, out TimeSpan duration)
    {
        duration = default;
        // Years and months have no fixed length.
        if (text.Contains('Y', StringComparison.Ordinal) || text.AsSpan(0, text.IndexOf('T', StringComparison.Ordinal) is var t and >= 0 ? t : text.Length).Contains('M'))
        {
            return false;
        }

        try
        {
            duration = XmlConvert.ToTimeSpan(text);
            return duration >= TimeSpan.Zero && duration <= Max;
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            return false;
        }
    }

    private static bool TrySeconds(double seconds, out TimeSpan duration)
    {
        duration = default;
        if (!(seconds >= 0 && seconds <= Max.TotalSeconds))
        {
            return false;
        }

        // By milliseconds, so that 0.1s is not 99.9999ms.
        duration = TimeSpan.FromMilliseconds(Math.Round(seconds * 1000));
        return true;
    }
}
