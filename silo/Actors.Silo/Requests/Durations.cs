using System.Globalization;

namespace Actors.Hosting;

/// <summary>Durations as people write them: <c>500ms</c>, <c>30s</c>, <c>1h30m</c>, <c>PT30S</c> or plain seconds. Units go from large to small, each once.</summary>
public static class Durations
{
    private static readonly (string Unit, double Ms)[] Units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

    public static bool TryParse(string text, out TimeSpan value)
    {
        value = default;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        if (rest.IsEmpty || rest.Length > 40)
        {
            return false;
        }

        if (rest.StartsWith("PT", StringComparison.OrdinalIgnoreCase))
        {
            rest = rest[2..];
        }
        else if (TryNumber(rest, out double seconds))
        {
            return TryGive(seconds * 1000, out value);
        }

        double total = 0;
        int next = 0;
        while (!rest.IsEmpty)
        {
            int digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !TryNumber(rest[..digits], out double number))
            {
                return false;
            }

            rest = rest[digits..];
            int letters = rest.IndexOfAny("0123456789.");
            string unit = (letters < 0 ? rest : rest[..letters]).ToString().ToLowerInvariant();
            rest = letters < 0 ? default : rest[letters..];
            int index = Array.FindIndex(Units, next, u => u.Unit == unit);
            if (index < 0)
            {
                return false;
            }

            total += number * Units[index].Ms;
            next = index + 1;
        }

        return next > 0 && TryGive(total, out value);
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out double number) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);

    private static bool TryGive(double ms, out TimeSpan value)
    {
        // 10,000 days: far beyond any use, well within TimeSpan.
        bool fits = ms <= 864_000_000_000;
        value = fits ? TimeSpan.FromMilliseconds(ms) : default;
        return fits;
    }
}
