using System.Globalization;

namespace Actors.Flows;

/// <summary>Functions of dates, which are texts of ISO 8601 in UTC: <c>2030-01-31T09:00:00Z</c>. A date without an offset is read as UTC.</summary>
internal static class DateFunctions
{
    private const int FormatLengthMax = 100;

    // With months, which have no fixed length.
    private static readonly (string Name, Func<DateTimeOffset, int, DateTimeOffset> Add)[] CalendarUnits =
    [
        ("mo", static (date, count) => date.AddMonths(count)),
        ("y", static (date, count) => date.AddYears(count)),
    ];

    private static readonly Dictionary<string, decimal> Units = new(StringComparer.Ordinal)
    {
        ["milliseconds"] = TimeSpan.TicksPerMillisecond,
        ["seconds"] = TimeSpan.TicksPerSecond,
        ["minutes"] = TimeSpan.TicksPerMinute,
        ["hours"] = TimeSpan.TicksPerHour,
        ["days"] = TimeSpan.TicksPerDay,
        ["weeks"] = TimeSpan.TicksPerDay * 7,
    };

    public static readonly Function[] All =
    [
        new("now", "", "date", "The time of the run's own clock, which is the same whenever the run is looked at again.", Now) { IsVariable = true },
        new("date", "date: date", "date", "A date, or date and time, in the form that all these functions give.", static a => Write(a.E, Date(a, 0))) { NullGivesNull = true, Check = CheckDate },
        new("add", "date: date, time: duration", "date", "Later by a length of time like `90s`, `1h30m`, `2d`, `1mo`, `1y`, or a number of seconds; with a minus, earlier.", Add)
        {
            NullGivesNull = true,
            Check = static (at, value) => at == 0 ? CheckDate(at, value) : TryAdd(DateTimeOffset.UnixEpoch.AddYears(100), value, out _) ? null : $"'{Text.Shorten(value.ToString(), 40)}' is not a length of time",
        },
        new("diff", "from: date, to: date, unit?: text", "number", "How much later the second is, in `days`, or in `milliseconds`, `seconds`, `minutes`, `hours` or `weeks`; with fractions.", Difference)
        {
            NullGivesNull = true,
            Check = static (at, value) => at < 2 ? CheckDate(at, value) : Units.ContainsKey(value.ToString()) ? null : UnknownUnit(value.ToString()),
        },
        new("format_date", "date: date, format: text", "text",
            "By the letters `yyyy MM dd HH mm ss fff`, also `M d H h m s`, `MMM MMMM ddd dddd` (English) and `tt`; other letters stand in quotes: `HH 'h'`.", Format)
        {
            NullGivesNull = true,
            Check = static (at, value) => at == 0 ? CheckDate(at, value) : FormatFault(value.ToString()),
        },
        new("year", "date: date", "number", "The year.", static a => Value.Of((decimal)Date(a, 0).Year)) { NullGivesNull = true, Check = CheckDate },
        new("month", "date: date", "number", "The month, from 1.", static a => Value.Of((decimal)Date(a, 0).Month)) { NullGivesNull = true, Check = CheckDate },
        new("day", "date: date", "number", "The day of the month, from 1.", static a => Value.Of((decimal)Date(a, 0).Day)) { NullGivesNull = true, Check = CheckDate },
        new("weekday", "date: date", "number", "The day of the week, from Monday as 1 to Sunday as 7.", static a => Value.Of(((decimal)Date(a, 0).DayOfWeek + 6) % 7 + 1))
        {
            NullGivesNull = true,
            Check = CheckDate,
        },
    ];

    private static Value Now(Arguments a) => a.E.Now is { } now ? Write(a.E, now) : throw a.Fault("has no clock here");

    private static Value Write(Evaluation e, DateTimeOffset date) => e.Text(date.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture));

    private static DateTimeOffset Date(Arguments a, int at) =>
        TryRead(a[at], out DateTimeOffset date) ? date : throw (a[at].Kind == ValueKind.Text ? a.Fault("needs a date like 2030-01-31T09:00:00Z, but has another text") : a.Wrong(at, "a date"));

    private static bool TryRead(Value value, out DateTimeOffset date)
    {
        date = default;
        return value.AsText is { Length: >= 10 and <= 40 } text && text[4] == '-' && text[7] == '-' && !text.AsSpan().ContainsAnyExcept("0123456789-+:.TZtz ")
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out date);
    }

    private static string? CheckDate(int at, Value value) => TryRead(value, out _) ? null : $"'{Text.Shorten(value.ToString(), 40)}' is not a date like 2030-01-31 or 2030-01-31T09:00:00Z";

    private static Value Add(Arguments a)
    {
        DateTimeOffset date = Date(a, 0);
        return TryAdd(date, a[1], out DateTimeOffset later) ? Write(a.E, later)
            : throw a.Fault("needs a length of time like 1d, 2h30m or 1mo that does not lead beyond the calendar");
    }

    private static bool TryAdd(DateTimeOffset date, Value time, out DateTimeOffset later)
    {
        later = date;
        string text = time.ToString().Trim();
        bool isBack = text.StartsWith('-');
        text = isBack ? text[1..] : text;
        try
        {
            foreach ((string name, Func<DateTimeOffset, int, DateTimeOffset> add) in CalendarUnits)
            {
                if (text.EndsWith(name, StringComparison.Ordinal) && int.TryParse(text.AsSpan(0, text.Length - name.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int count))
                {
                    later = add(date, isBack ? -count : count);
                    return true;
                }
            }

            if (time.Kind is not (ValueKind.Text or ValueKind.Number) || !Durations.TryParse(Value.Of(text), out TimeSpan duration))
            {
                return false;
            }

            later = isBack ? date - duration : date + duration;
            return true;
        }
        catch (ArgumentOutOfRangeException)
        {
            return false;
        }
    }

    private static Value Difference(Arguments a)
    {
        string unit = a.Count > 2 ? a.Text(2) : "days";
        return Units.TryGetValue(unit, out decimal ticks) ? Value.Of(Numbers.Trim((Date(a, 1) - Date(a, 0)).Ticks / ticks)) : throw a.Fault(UnknownUnit(unit));
    }

    private static string UnknownUnit(string unit) => $"knows no unit '{Text.Shorten(unit, 40)}'; units are {string.Join(", ", Units.Keys)}";

    private static Value Format(Arguments a)
    {
        string format = a.Text(1);
        return FormatFault(format) is { } fault ? throw a.Fault(fault)
            // A single letter would be one of the formats that have names.
            : a.E.Text(Date(a, 0).UtcDateTime.ToString(format.Length == 1 ? "%" + format : format, CultureInfo.InvariantCulture));
    }

    private static string? FormatFault(string format)
    {
        if (format.Length is 0 or > FormatLengthMax)
        {
            return $"needs a format of 1 to {FormatLengthMax} characters";
        }

        bool isQuoted = false;
        for (int i = 0; i < format.Length; i++)
        {
            char c = format[i];
            if (c == '\'')
            {
                isQuoted = !isQuoted;
            }
            else if (!isQuoted && (char.IsAsciiLetter(c) ? !"yMdHhmsft".Contains(c, StringComparison.Ordinal) : c is '%' or '\\' or '"'))
            {
                return $"cannot format with '{c}'; letters that are no part of a date stand in quotes: '{c}'";
            }
        }

        bool isTooLong = false;
        for (int i = 0; i + 8 <= format.Length && !isTooLong; i++)
        {
            isTooLong = format[i] == 'f' && format.AsSpan(i, 8).TrimStart('f').IsEmpty;
        }

        return isQuoted ? "has a format whose quote is never closed" : isTooLong ? "has at most seven digits of a second" : null;
    }
}
