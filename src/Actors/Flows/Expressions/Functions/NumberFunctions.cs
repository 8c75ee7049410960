using System.Globalization;

namespace Actors.Flows;

/// <summary>Functions of numbers. Results are exact where the digits fit a decimal.</summary>
internal static class NumberFunctions
{
    private const int PowerMax = 1_000;

    public static readonly Function[] All =
    [
        new("round", "value: number, digits?: number", "number", "To a whole number or to so many digits (0 to 28); halves away from zero.", Round) { NullGivesNull = true },
        new("floor", "value: number", "number", "The next whole number below.", static a => Whole(a, decimal.Floor, Math.Floor)) { NullGivesNull = true },
        new("ceil", "value: number", "number", "The next whole number above.", static a => Whole(a, decimal.Ceiling, Math.Ceiling)) { NullGivesNull = true },
        new("abs", "value: number", "number", "Without its sign.", static a => Whole(a, Math.Abs, Math.Abs)) { NullGivesNull = true },
        new("min", "values…: any|(x, i) => number", "any", "The smallest of its arguments, or of the items of one list, or of what a function gives for them; null of none.",
            static a => Extreme(a, "min", -1)),
        new("max", "values…: any|(x, i) => number", "any", "The largest, likewise.", static a => Extreme(a, "max", 1)),
        new("sum", "list: list, value?: (x, i) => number", "number", "The sum of the items, or of what a function gives for them; 0 of none.", Sum),
        new("avg", "list: list, value?: (x, i) => number", "number or null", "The sum divided by the number of items; null of none.", Average),
        new("pow", "base: number, exponent: number", "number", "To a power: a whole number from -1,000 to 1,000.", Power) { NullGivesNull = true },
        new("number", "value: number", "number", "A text that is a number, as a number.", static a => a.Number(0, "a number or a text that is one")),
        new("format_number", "value: number, format: text", "text",
            "`F2`: so many digits after the point, 0 to 9; `N2`: also a comma between thousands; `P1`: as a percentage.", Format)
        {
            NullGivesNull = true,
            Check = static (at, value) => at != 1 || IsFormat(value.AsText) ? null : "the format is N, F or P with a digit, e.g. 'N2'",
        },
    ];

    private static Value Round(Arguments a)
    {
        Value number = a.Number(0);
        int digits = a.Count > 1 ? a.Whole(1, 0, 28, "a number of digits") : 0;
        // A double here has no digits behind the point, or none that a decimal could hold.
        return number.AsNumber is decimal value ? Value.Of(Numbers.Trim(Math.Round(value, digits, MidpointRounding.AwayFromZero))) : number;
    }

    private static Value Whole(Arguments a, Func<decimal, decimal> exact, Func<double, double> rough)
    {
        object number = a.Number(0).AsNumber!;
        return number is decimal value ? Value.Of(exact(value)) : Value.Of(rough((double)number));
    }

    private static Value Extreme(Arguments a, string name, int sign)
    {
        Value best = Value.Null;
        foreach (Value item in a.Lambda(1) is not null ? Mapped(a, 1) : a.Count == 1 ? a.List(0) : a.Values)
        {
            a.E.Count();
            if (best.IsNull || Math.Sign(Operators.Compare(a.E, name, item, best)) == sign)
            {
                best = item;
            }
        }

        return best;
    }

    private static Value Sum(Arguments a)
    {
        Value sum = Value.Of(0m);
        foreach (Value item in Mapped(a, 1))
        {
            a.E.Count();
            sum = Operators.Calculate(a.E, "+", sum, item);
        }

        return sum;
    }

    private static Value Average(Arguments a)
    {
        int count = a.List(0).Length;
        return count == 0 ? Value.Null : Operators.Calculate(a.E, "/", Sum(a), Value.Of((decimal)count));
    }

    // The items, or what the function gives for each.
    private static Value[] Mapped(Arguments a, int lambdaAt)
    {
        Value[] items = a.List(0);
        return a.Lambda(lambdaAt) is { } lambda ? LambdaFunctions.Apply(a.E, items, lambda) : items;
    }

    // By multiplication, which gives the same digits on every machine; for roots that could not be promised.
    private static Value Power(Arguments a)
    {
        Value number = a.Number(0);
        int exponent = a.Whole(1, -PowerMax, PowerMax, "a whole exponent");
        a.E.Count(4 * Math.Abs(exponent));
        Value power = Value.Of(1m);
        for (int i = Math.Abs(exponent); i > 0; i--)
        {
            power = Operators.Calculate(a.E, "*", power, number);
        }

        return exponent < 0 ? Operators.Calculate(a.E, "/", Value.Of(1m), power) : power;
    }

    private static bool IsFormat(string? format) => format is ['N' or 'F' or 'P', >= '0' and <= '9'];

    private static Value Format(Arguments a)
    {
        string format = a.Text(1);
        if (!IsFormat(format))
        {
            throw a.Fault("knows the formats N, F and P with a digit, e.g. 'N2'");
        }

        Value number = format[0] == 'P' ? Operators.Calculate(a.E, "*", a.Number(0), Value.Of(100m)) : a.Number(0);
        string digits = format[0] == 'N' ? format : "F" + format[1];
        string text = number.AsNumber is decimal value
            ? Math.Round(value, format[1] - '0', MidpointRounding.AwayFromZero).ToString(digits, CultureInfo.InvariantCulture)
            : ((double)number.AsNumber!).ToString(digits, CultureInfo.InvariantCulture);
        return a.E.Text(format[0] == 'P' ? text + "%" : text);
    }
}
