using System.Globalization;

namespace Actors.Flows;

/// <summary>A format that texts are checked against.</summary>
/// <param name="Wanted">What the text must be, with an example: <c>a date, e.g. 2030-01-31</c>.</param>
internal sealed record SchemaFormat(string Name, string Wanted, Func<string, bool> Test)
{
    // The longest text that any of them can be is a URI.
    private const int LengthMax = 8000;

    public static IReadOnlyDictionary<string, SchemaFormat> All { get; } = new SchemaFormat[]
    {
        new("date", "a date, e.g. 2030-01-31", IsDate),
        new("date-time", "a date and time with its offset, e.g. 2030-01-31T09:00:00Z", IsDateTime),
        new("time", "a time with its offset, e.g. 09:00:00Z", IsTime),
        new("duration", "a duration, e.g. P2D or PT1H30M", IsDuration),
        new("email", "an e-mail address", IsEmail),
        new("uri", "an absolute URI, e.g. https://example.org/a", IsUri),
        new("uuid", "a UUID, e.g. 6f1f9a3e-0a53-4c2a-9b0e-3d1c6f1b7a52", IsUuid),
    }.ToDictionary(f => f.Name, StringComparer.Ordinal);

    public bool IsMatch(string text) => text.Length <= LengthMax && Test(text);

    private static bool IsDate(string text) =>
        text.Length == 10 && AreDigits(text, 0, 4) && text[4] == '-' && AreDigits(text, 5, 2) && text[7] == '-' && AreDigits(text, 8, 2)
        && DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    private static bool IsDateTime(string text) => text.Length > 11 && text[10] is 'T' or 't' && IsDate(text[..10]) && IsTime(text[11..]);

    // RFC 3339: a second 60 only where a leap second can be, at the end of a day in UTC.
    private static bool IsTime(string text)
    {
        if (text.Length < 9 || !AreDigits(text, 0, 2) || text[2] != ':' || !AreDigits(text, 3, 2) || text[5] != ':' || !AreDigits(text, 6, 2))
        {
            return false;
        }

        int at = 8;
        if (text[at] == '.')
        {
            int start = ++at;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
            {
                at++;
            }

            if (at == start)
            {
                return false;
            }
        }

        int offset = 0;
        if (at == text.Length - 1 && text[at] is 'Z' or 'z')
        {
            at++;
        }
        else if (at == text.Length - 6 && text[at] is '+' or '-' && AreDigits(text, at + 1, 2) && text[at + 3] == ':' && AreDigits(text, at + 4, 2))
        {
            int hours = Two(text, at + 1);
            int minutes = Two(text, at + 4);
            if (hours > 23 || minutes > 59)
            {
                return false;
            }

            offset = ((hours * 60) + minutes) * (text[at] == '-' ? -1 : 1);
            at = text.Length;
        }

        int hour = Two(text, 0);
        int minute = Two(text, 3);
        int second = Two(text, 6);
        bool leap = second == 60 && (((hour * 60) + minute - offset + 2880) % 1440) == 1439;
        return at == text.Length && hour <= 23 && minute <= 59 && (second <= 59 || leap);
    }

    // Whole numbers with units in descending order, or weeks alone.
    private static bool IsDuration(string text)
    {
        if (text.Length < 3 || text[0] != 'P')
        {
            return false;
        }

        bool time = false;
        int last = -1;
        int at = 1;
        while (at < text.Length)
        {
            if (text[at] == 'T' && !time)
            {
                (time, last) = (true, -1);
                at++;
                if (at == text.Length)
                {
                    return false;
                }
            }

            int start = at;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
            {
                at++;
            }

            int unit = at < text.Length ? (time ? "HMS" : "YMWD").IndexOf(text[at], StringComparison.Ordinal) : -1;
            bool weeks = !time && unit == 2;
            if (at == start || unit <= last || (weeks && (start != 1 || at != text.Length - 1)))
            {
                return false;
            }

            last = unit;
            at++;
        }

        return true;
    }

    private static bool IsEmail(string text)
    {
        int at = text.LastIndexOf('@');
        if (at is < 1 or > 64 || text.Length > 254)
        {
            return false;
        }

        ReadOnlySpan<char> local = text.AsSpan(0, at);
        ReadOnlySpan<char> domain = text.AsSpan(at + 1);
        if (local is ['"', .., '"'] && local.Length > 2)
        {
            foreach (char c in local[1..^1])
            {
                if (c is < ' ' or > '~' or '"' or '\\')
                {
                    return false;
                }
            }
        }
        else if (!IsDotted(local, static c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+/=?^_`{|}~-".Contains(c, StringComparison.Ordinal), 64))
        {
            return false;
        }

        if (domain is ['[', .., ']'])
        {
            ReadOnlySpan<char> literal = domain[1..^1];
            return System.Net.IPAddress.TryParse(literal.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase) ? literal[5..] : literal, out _);
        }

        return IsDotted(domain, static c => char.IsAsciiLetterOrDigit(c) || c == '-', 63) && domain[0] != '-' && domain[^1] != '-'
            && !domain.Contains(".-", StringComparison.Ordinal) && !domain.Contains("-.", StringComparison.Ordinal);
    }

    private static bool IsDotted(ReadOnlySpan<char> text, Func<char, bool> allowed, int partMax)
    {
        int length = 0;
        foreach (char c in text)
        {
            if (c == '.')
            {
                if (length == 0)
                {
                    return false;
                }

                length = 0;
            }
            else if (!allowed(c) || ++length > partMax)
            {
                return false;
            }
        }

        return length > 0;
    }

    private static bool IsUri(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 1 || !char.IsAsciiLetter(text[0]))
        {
            return false;
        }

        for (int i = 1; i < colon; i++)
        {
            if (!char.IsAsciiLetterOrDigit(text[i]) && text[i] is not ('+' or '-' or '.'))
            {
                return false;
            }
        }

        for (int i = colon + 1; i < text.Length; i++)
        {
            char c = text[i];
            bool legal = c == '%' ? i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2])
                : char.IsAsciiLetterOrDigit(c) || "-._~:/?#[]@!$&'()*+,;=".Contains(c, StringComparison.Ordinal);
            if (!legal)
            {
                return false;
            }
        }

        return Uri.TryCreate(text, UriKind.Absolute, out _);
    }

    private static bool IsUuid(string text)
    {
        if (text.Length != 36)
        {
            return false;
        }

        for (int i = 0; i < text.Length; i++)
        {
            if (i is 8 or 13 or 18 or 23 ? text[i] != '-' : !char.IsAsciiHexDigit(text[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AreDigits(string text, int from, int count)
    {
        for (int i = from; i < from + count; i++)
        {
            if (!char.IsAsciiDigit(text[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static int Two(string text, int at) => ((text[at] - '0') * 10) + text[at + 1] - '0';
}
