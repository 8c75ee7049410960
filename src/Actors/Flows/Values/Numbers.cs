using System.Globalization;

namespace Actors.Flows;

/// <summary>
/// Numbers of expressions: decimal where the digits fit exactly, so that 0.1 + 0.2 is 0.3; otherwise double. A number stays a double only when its shortest text does
/// not fit a decimal: that makes writing and reading stable to the byte. There is no infinity and no NaN.
/// </summary>
internal static class Numbers
{
    // A decimal holds every number of 28 significant digits; of those with 29 only some.
    private const int DigitsAlwaysExact = 28;

    /// <summary>Reads JSON's number grammar, nothing else (no <c>+1</c>, <c>.5</c>, <c>010</c>, <c>NaN</c>). The result is a boxed decimal or double.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out object number)
    {
        number = 0m;
        return IsNumber(text) && TryCreate(text, out number);
    }

    /// <summary>False when the value is not finite.</summary>
    public static bool TryCreate(double value, out object number)
    {
        number = 0m;
        if (!double.IsFinite(value))
        {
            return false;
        }

        number = TryExact(value.ToString("R", CultureInfo.InvariantCulture), out decimal exact) ? exact : value;
        return true;
    }

    /// <summary>Compares two boxed numbers by value.</summary>
    public static int Compare(object a, object b) => a is decimal x && b is decimal y ? x.CompareTo(y) : ToDouble(a).CompareTo(ToDouble(b));

    /// <summary>The nearest double to a boxed number.</summary>
    public static double ToDouble(object number) => number is decimal exact ? (double)exact : (double)number;

    /// <summary>Without trailing zeros, which arithmetic leaves behind (0.5 × 2 is 1.0).</summary>
    public static decimal Trim(decimal value) => value / 1.0000000000000000000000000000m;

    public static string Write(object number) => number is decimal d
        ? d.ToString(CultureInfo.InvariantCulture)
        : ((double)number).ToString("R", CultureInfo.InvariantCulture);

    private static bool TryCreate(ReadOnlySpan<char> text, out object number)
    {
        if (TryExact(text, out decimal exact))
        {
            number = exact;
            return true;
        }

        return TryCreate(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture), out number);
    }

    private static bool TryExact(ReadOnlySpan<char> text, out decimal value)
    {
        int digits = 0;
        int scale = 0;
        bool fraction = false;
        bool exponent = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c is 'e' or 'E')
            {
                exponent = true;
                if (!int.TryParse(text[(i + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int power) || Math.Abs(power) > 1000)
                {
                    value = 0;
                    return false;
                }

                scale -= power;
                break;
            }

            if (c == '.')
            {
                fraction = true;
            }
            else if (char.IsAsciiDigit(c))
            {
                digits += digits > 0 || c != '0' ? 1 : 0;
                scale += fraction ? 1 : 0;
            }
        }

        bool fits = digits <= DigitsAlwaysExact && scale <= DigitsAlwaysExact && digits - scale <= DigitsAlwaysExact;
        if (!fits && (exponent || digits != DigitsAlwaysExact + 1))
        {
            value = 0;
            return false;
        }

        if (!decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value))
        {
            return false;
        }

        if (value == 0)
        {
            value = Math.Abs(value);
            return true;
        }

        return fits || text.SequenceEqual(value.ToString(CultureInfo.InvariantCulture));
    }

    private static bool IsNumber(ReadOnlySpan<char> text)
    {
        int i = text.Length > 0 && text[0] == '-' ? 1 : 0;
        int start = i;
        i = Digits(text, i);
        if (i == start || (text[start] == '0' && i > start + 1))
        {
            return false;
        }

        if (i < text.Length && text[i] == '.')
        {
            start = i + 1;
            i = Digits(text, start);
            if (i == start)
            {
                return false;
            }
        }

        if (i < text.Length && text[i] is 'e' or 'E')
        {
            start = i + 1 < text.Length && text[i + 1] is '+' or '-' ? i + 2 : i + 1;
            i = Digits(text, start);
            if (i == start)
            {
                return false;
            }
        }

        return i == text.Length;
    }

    private static int Digits(ReadOnlySpan<char> text, int i)
    {
        while (i < text.Length && char.IsAsciiDigit(text[i]))
        {
            i++;
        }

        return i;
    }
}
