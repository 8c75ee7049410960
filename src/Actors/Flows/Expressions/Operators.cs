namespace Actors.Flows;

/// <summary>Comparison and arithmetic.</summary>
internal static class Operators
{
    public static readonly IReadOnlyDictionary<string, Func<Evaluation, Value, Value, Value>> All =
        new Dictionary<string, Func<Evaluation, Value, Value, Value>>(StringComparer.Ordinal)
        {
            ["=="] = static (e, a, b) => Value.Of(AreEqual(e, a, b)),
            ["!="] = static (e, a, b) => Value.Of(!AreEqual(e, a, b)),
            ["<"] = static (e, a, b) => Order(e, "<", a, b, static c => c < 0),
            ["<="] = static (e, a, b) => Order(e, "<=", a, b, static c => c <= 0),
            [">"] = static (e, a, b) => Order(e, ">", a, b, static c => c > 0),
            [">="] = static (e, a, b) => Order(e, ">=", a, b, static c => c >= 0),
            ["in"] = static (e, a, b) => Value.Of(Contains(e, b, a)),
            ["+"] = static (e, a, b) => a.AsText is { } left && b.AsText is { } right
                ? e.Text(left.Length + right.Length > Evaluation.TextLengthMax ? throw Evaluation.TooLong() : left + right)
                : Calculate(e, "+", a, b),
            ["-"] = static (e, a, b) => Calculate(e, "-", a, b),
            ["*"] = static (e, a, b) => Calculate(e, "*", a, b),
            ["/"] = static (e, a, b) => Calculate(e, "/", a, b),
            ["%"] = static (e, a, b) => Calculate(e, "%", a, b),
        };

    /// <summary>A text that is a number equals that number; otherwise only the same kind is equal.</summary>
    public static bool AreEqual(Evaluation e, Value a, Value b)
    {
        ValueKind left = a.Kind;
        ValueKind right = b.Kind;
        if (left == ValueKind.Number && right == ValueKind.Text)
        {
            return TryNumber(b, out Value number) && a.Equals(number);
        }

        if (left == ValueKind.Text && right == ValueKind.Number)
        {
            return TryNumber(a, out Value number) && b.Equals(number);
        }

        if (left is ValueKind.List or ValueKind.Object && left == right)
        {
            // As much as the smaller one can cost, each part of it looked up by name.
            e.Count(1 + Math.Min(Math.Min(a.Size, b.Size) / 4, Evaluation.StepsMax));
        }
        else if (left == ValueKind.Text && left == right)
        {
            e.CountText(Math.Min(a.AsText!.Length, b.AsText!.Length));
        }

        return a.Equals(b);
    }

    public static bool Contains(Evaluation e, Value container, Value part)
    {
        if (container.AsList is { } list)
        {
            foreach (Value item in list.Items)
            {
                e.Count();
                if (AreEqual(e, item, part))
                {
                    return true;
                }
            }

            return false;
        }

        if (container.AsObject is { } map)
        {
            return part.AsText is { } name && map.TryGet(name, out _);
        }

        if (container.AsText is { } text && part.Kind is ValueKind.Text or ValueKind.Number)
        {
            e.CountText(text.Length);
            return text.Contains(part.ToString(), StringComparison.Ordinal);
        }

        return container.IsNull ? false : throw new ExpressionException($"{Name(container)} cannot contain {Name(part)}");
    }

    public static int Compare(Evaluation e, string symbol, Value a, Value b)
    {
        if (a.AsText is { } left && b.AsText is { } right)
        {
            e.CountText(Math.Min(left.Length, right.Length));
            return string.CompareOrdinal(left, right);
        }

        return TryNumber(a, out Value x) && TryNumber(b, out Value y) && (a.Kind == ValueKind.Number || b.Kind == ValueKind.Number)
            ? Numbers.Compare(x.AsNumber!, y.AsNumber!)
            : throw new ExpressionException($"'{symbol}' cannot compare {Name(a)} with {Name(b)}");
    }

    /// <summary>A number, or a text that is one.</summary>
    public static bool TryNumber(Value value, out Value number)
    {
        number = value;
        return value.Kind == ValueKind.Number || (value.AsText is { Length: < 400 } text && Value.TryParseNumber(text.AsSpan().Trim(), out number));
    }

    public static Value Calculate(Evaluation e, string symbol, Value a, Value b)
    {
        if (e.Missing == Missing.Null && (a.IsNull || b.IsNull))
        {
            return Value.Null;
        }

        if (!TryNumber(a, out Value x) || !TryNumber(b, out Value y))
        {
            string hint = symbol == "+" && (a.Kind == ValueKind.Text || b.Kind == ValueKind.Text) ? "; to join texts write \"${a}${b}\"" : "";
            throw new ExpressionException($"'{symbol}' needs two numbers, but has {Name(a)} and {Name(b)}{hint}");
        }

        if (symbol is "/" or "%" && y.Equals(Value.Of(0m)))
        {
            throw new ExpressionException("division by zero");
        }

        if (x.AsNumber is decimal left && y.AsNumber is decimal right)
        {
            try
            {
                return Value.Of(Numbers.Trim(symbol switch
                {
                    "+" => left + right,
                    "-" => left - right,
                    "*" => left * right,
                    "/" => left / right,
                    _ => left % right,
                }));
            }
            catch (OverflowException)
            {
                // Too large for a decimal: a double has the range.
            }
        }

        double l = ToDouble(x);
        double r = ToDouble(y);
        double result = symbol switch
        {
            "+" => l + r,
            "-" => l - r,
            "*" => l * r,
            "/" => l / r,
            _ => l % r,
        };
        return double.IsFinite(result) ? Value.Of(result) : throw new ExpressionException($"the result of '{symbol}' is too large for a number");
    }

    public static double ToDouble(Value number) => Numbers.ToDouble(number.AsNumber!);

    /// <summary>What kind of value it is, with its article.</summary>
    public static string Name(Value value) => value.Kind switch
    {
        ValueKind.Null => "null",
        ValueKind.Bool => "a boolean",
        ValueKind.Number => "a number",
        ValueKind.Text => "a text",
        ValueKind.List => "a list",
        _ => "an object",
    };

    private static Value Order(Evaluation e, string symbol, Value a, Value b, Func<int, bool> test) =>
        e.Missing == Missing.Null && (a.IsNull || b.IsNull) ? Value.False : Value.Of(test(Compare(e, symbol, a, b)));
}
