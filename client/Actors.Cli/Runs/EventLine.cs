using System.Globalization;
using Actors.Protocol;

namespace Actors.Cli.Runs;

/// <summary>An event as one line.</summary>
internal static class EventLine
{
    // Longer values are for -o json.
    private const int DataLengthMax = 200;

    public static string Of(RunEventView e)
    {
        List<string> parts = [e.At.ToLocalTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture), e.Type.PadRight(20)];
        Add(e.Step);
        Add(e.Attempt > 1 ? $"attempt {e.Attempt}" : null);
        Add(e.DurationMs is { } ms ? TimeText.Of(TimeSpan.FromMilliseconds(ms)) : null);
        Add(e.Detail);
        Add(e.Error is { } error ? $"{error.Message} ({error.Code ?? error.Type})" : null);
        Add(e.DueAt is { } due ? $"until {TimeText.Local(due)}" : null);
        Add(e.Data is { } data ? Shorten(OutputFormat.Compact(data)) : null);
        return string.Join("  ", parts).TrimEnd();

        void Add(string? text)
        {
            if (!string.IsNullOrEmpty(text))
            {
                parts.Add(text.ReplaceLineEndings(" "));
            }
        }
    }

    private static string Shorten(string text) => text.Length <= DataLengthMax ? text : text[..DataLengthMax] + "…";
}
