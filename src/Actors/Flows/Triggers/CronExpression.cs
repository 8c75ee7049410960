using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Actors.Flows;

/// <summary>
/// Points in time by the five fields of cron: minute, hour, day of the month, month, day of the week. Each is <c>*</c>, a number, a range <c>1-5</c>, with a step
/// <c>*/15</c>, or several of these with commas; months and days of the week may be written as <c>jan</c> and <c>mon</c>; Sunday is 0 and 7. When both days are
/// restricted, either is enough, as in cron itself.
/// </summary>
public sealed class CronExpression : IEquatable<CronExpression>
{
    // The rarest point that there is, the 29th of February on a given weekday, comes within 40 years; a calendar without one has none.
    private const int YearsAhead = 41;

    private static readonly string[] FieldNames = ["minute", "hour", "day of the month", "month", "day of the week"];
    private static readonly (int Min, int Max)[] Limits = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private readonly string _text;
    private readonly ulong[] _sets;
    private readonly bool _anyDay;
    private readonly bool _anyWeekday;

    private CronExpression(string text, ulong[] sets, bool anyDay, bool anyWeekday)
    {
        (_text, _sets, _anyDay, _anyWeekday) = (text, sets, anyDay, anyWeekday);
    }

    /// <summary>Reads five fields.</summary>
    /// <param name="problem">What is wrong, in one sentence without a full stop; null when it was read.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out CronExpression? cron, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        cron = null;
        string[] fields = text.Length > 500 ? [] : text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != FieldNames.Length)
        {
            problem = $"a cron expression has five fields (minute, hour, day of the month, month, day of the week), not {fields.Length}";
            return false;
        }

        ulong[] sets = new ulong[fields.Length];
        for (int i = 0; i < fields.Length; i++)
        {
            if (!TryField(fields[i], i, out sets[i], out problem))
            {
                return false;
            }
        }

        // Sunday has two numbers.
        sets[4] = (sets[4] | (sets[4] >> 7)) & 0x7F;
        cron = new CronExpression(string.Join(' ', fields), sets, fields[2].StartsWith('*'), fields[4].StartsWith('*'));
        problem = null;
        return true;
    }

    /// <summary>The first point after <paramref name="after"/>; null when there is none, as for the 30th of February.</summary>
    /// <param name="zone">
    /// Whose clocks are meant. A point that clocks skip when they go forward is at the first minute after the gap; one that they show twice is at the first time.
    /// </param>
    public DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(zone);
        DateTime local = TimeZoneInfo.ConvertTime(after, zone).DateTime;
        // The hours before are looked at too: what they say may be later than it seems, because of a gap, and what was shown twice must not be lost.
        DateTime day = local.AddHours(-3).Date;
        int last = Math.Min(day.Year + YearsAhead, DateTime.MaxValue.Year - 1);
        while (day.Year <= last)
        {
            if (!Has(3, day.Month))
            {
                day = new DateTime(day.Year, day.Month, 1).AddMonths(1);
                continue;
            }

            if (IsDay(day) && FirstOn(day, after, zone) is { } found)
            {
                return found;
            }

            day = day.AddDays(1);
        }

        return null;
    }

    public override string ToString() => _text;

    public bool Equals(CronExpression? other) => other is not null && _text == other._text;

    public override bool Equals(object? obj) => Equals(obj as CronExpression);

    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    private DateTimeOffset? FirstOn(DateTime day, DateTimeOffset after, TimeZoneInfo zone)
    {
        DateTimeOffset? first = null;
        for (int hour = 0; hour < 24; hour++)
        {
            for (int minute = 0; Has(1, hour) && minute < 60; minute++)
            {
                if (Has(0, minute) && At(day.AddHours(hour).AddMinutes(minute), zone) is var at && at > after && (first is null || at < first))
                {
                    first = at;
                }
            }
        }

        return first;
    }

    private static DateTimeOffset At(DateTime local, TimeZoneInfo zone)
    {
        DateTime shown = local;
        while (zone.IsInvalidTime(shown))
        {
            shown = shown.AddMinutes(1);
        }

        // Of two offsets the larger comes first.
        TimeSpan offset = zone.IsAmbiguousTime(shown) ? zone.GetAmbiguousTimeOffsets(shown).Max() : zone.GetUtcOffset(shown);
        return new DateTimeOffset(shown, offset);
    }

    private bool IsDay(DateTime day)
    {
        bool byDay = Has(2, day.Day);
        bool byWeekday = Has(4, (int)day.DayOfWeek);
        return _anyDay || _anyWeekday ? byDay && byWeekday : byDay || byWeekday;
    }

    private bool Has(int field, int value) => (_sets[field] & (1UL << value)) != 0;

    private static bool TryField(string text, int field, out ulong set, [NotNullWhen(false)] out string? problem)
    {
        set = 0;
        problem = null;
        foreach (string part in text.Split(','))
        {
            if (!TryPart(part, field, out ulong values))
            {
                (int min, int max) = Limits[field];
                problem = $"'{Text.Shorten(part, 40)}' is no {FieldNames[field]}: a number from {min} to {max}, a range such as {min}-{min + 2}, '*', or one of these with a step such as */2";
                return false;
            }

            set |= values;
        }

        return true;
    }

    private static bool TryPart(string part, int field, out ulong set)
    {
        set = 0;
        (int min, int max) = Limits[field];
        string[] stepped = part.Split('/');
        int step = 1;
        if (stepped.Length > 2 || (stepped.Length == 2 && (!TryWhole(stepped[1], out step) || step < 1 || step > max)))
        {
            return false;
        }

        string[] range = stepped[0].Split('-');
        int from = min;
        int to = field == 4 ? 6 : max;
        if (stepped[0] != "*")
        {
            if (range.Length > 2 || !TryValue(range[0], field, out from) || !TryValue(range[^1], field, out to) || from < min || to > max || from > to)
            {
                return false;
            }

            // '5/15' is 5, 20, 35 and so on.
            to = range.Length == 1 && stepped.Length == 2 ? max : to;
        }

        for (int value = from; value <= to; value += step)
        {
            set |= 1UL << value;
        }

        return true;
    }

    private static bool TryValue(string text, int field, out int value)
    {
        string[] names = field switch
        {
            3 => Months,
            4 => Days,
            _ => [],
        };
        int index = Array.IndexOf(names, text.ToLowerInvariant());
        if (index >= 0)
        {
            value = field == 3 ? index + 1 : index;
            return true;
        }

        return TryWhole(text, out value);
    }

    private static bool TryWhole(string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && text.Length <= 3;
}
