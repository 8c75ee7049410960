using System.Globalization;

namespace Actors.Cli;

internal static class TimeText
{
    /// <summary>As short as can be read: <c>12 ms</c>, <c>1.4 s</c>, <c>3 min 5 s</c>, <c>2 h 10 min</c>, <c>3 d 4 h</c>.</summary>
    public static string Of(TimeSpan time)
    {
        TimeSpan t = time < TimeSpan.Zero ? TimeSpan.Zero : time;
        if (t.TotalSeconds < 1)
        {
            return t.TotalMilliseconds < 1 ? "<1 ms" : t.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) + " ms";
        }

        if (t.TotalMinutes < 1)
        {
            return t.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s";
        }

        return t switch
        {
            { TotalHours: < 1 } => $"{t.Minutes} min {t.Seconds} s",
            { TotalDays: < 1 } => $"{t.Hours} h {t.Minutes} min",
            _ => $"{(int)t.TotalDays} d {t.Hours} h",
        };
    }

    public static string Local(DateTimeOffset at) => at.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
