using System.Text;

namespace Actors.Flows;

/// <summary>A function of expressions.</summary>
/// <param name="ArgumentsMax">-1: any number.</param>
/// <param name="FirstIsLenient">A first argument that leads to nothing is null.</param>
internal sealed record Function(string Name, int ArgumentsMin, int ArgumentsMax, Func<Evaluation, Value[], Value> Run, bool FirstIsLenient = false)
{
    public static IReadOnlyDictionary<string, Function> All { get; } = new Function[]
    {
        new("length", 1, 1, Length),
        new("contains", 2, 2, static (e, a) => Value.Of(Operators.Contains(e, a[0], a[1]))),
        new("starts_with", 2, 2, static (_, a) => Value.Of(TextOf("starts_with", a[0]).StartsWith(TextOf("starts_with", a[1]), StringComparison.Ordinal))),
        new("ends_with", 2, 2, static (_, a) => Value.Of(TextOf("ends_with", a[0]).EndsWith(TextOf("ends_with", a[1]), StringComparison.Ordinal))),
        new("lower", 1, 1, static (_, a) => Value.Of(TextOf("lower", a[0]).ToLowerInvariant())),
        new("upper", 1, 1, static (_, a) => Value.Of(TextOf("upper", a[0]).ToUpperInvariant())),
        new("trim", 1, 1, static (_, a) => Value.Of(TextOf("trim", a[0]).Trim())),
        new("text", 1, 1, static (_, a) => Value.Of(Evaluation.CheckLength(a[0].ToString()))),
        new("number", 1, 1, Number),
        new("json", 1, 1, static (_, a) => Value.Of(Evaluation.CheckLength(a[0].ToJsonText()))),
        new("join", 1, 2, Join),
        new("split", 2, 2, Split),
        new("default", 2, 2, static (_, a) => a[0].IsNull ? a[1] : a[0], FirstIsLenient: true),
        new("round", 1, 2, Round),
        new("min", 1, -1, static (e, a) => Extreme(e, "min", a, -1)),
        new("max", 1, -1, static (e, a) => Extreme(e, "max", a, 1)),
        new("sum", 1, 1, Sum),
    }.ToDictionary(f => f.Name, StringComparer.Ordinal);

    private static Value Length(Evaluation e, Value[] a) => a[0].Kind switch
    {
        ValueKind.Text => Value.Of((decimal)a[0].AsText!.Length),
        ValueKind.List => Value.Of((decimal)a[0].AsList!.Items.Length),
        ValueKind.Object => Value.Of((decimal)a[0].AsObject!.Entries.Length),
        ValueKind.Null when e.Missing == Missing.Null => Value.Of(0m),
        _ => throw Wrong("length", "a text, a list or an object", a[0]),
    };

    private static Value Number(Evaluation e, Value[] a) =>
        Operators.TryNumber(a[0], out Value number) ? number : throw Wrong("number", "a number or a text that is one", a[0]);

    private static Value Join(Evaluation e, Value[] a)
    {
        StringBuilder text = new();
        string separator = a.Length > 1 ? a[1].ToString() : ", ";
        bool first = true;
        foreach (Value item in ListOf("join", a[0]))
        {
            e.Count();
            text.Append(first ? "" : separator).Append(item.ToString());
            first = false;
            if (text.Length > Evaluation.TextLengthMax)
            {
                break;
            }
        }

        return Value.Of(Evaluation.CheckLength(text.ToString()));
    }

    private static Value Split(Evaluation e, Value[] a)
    {
        string separator = TextOf("split", a[1]);
        if (separator.Length == 0)
        {
            throw new ExpressionException("split needs a separator that is not empty");
        }

        string[] parts = TextOf("split", a[0]).Split(separator);
        e.Count(parts.Length);
        return Value.List(Array.ConvertAll(parts, static part => Value.Of(part)));
    }

    private static Value Round(Evaluation e, Value[] a)
    {
        if (!Operators.TryNumber(a[0], out Value number))
        {
            throw Wrong("round", "a number", a[0]);
        }

        if (a.Length == 1)
        {
            return number.AsNumber is decimal whole ? Value.Of(Math.Round(whole, MidpointRounding.AwayFromZero)) : number;
        }

        return a[1].AsNumber is decimal digits and >= 0 and <= 28 && digits == decimal.Truncate(digits)
            ? number.AsNumber is decimal value ? Value.Of(Numbers.Trim(Math.Round(value, (int)digits, MidpointRounding.AwayFromZero))) : number
            : throw new ExpressionException("round needs a number of digits from 0 to 28");
    }

    private static Value Extreme(Evaluation e, string name, Value[] a, int sign)
    {
        Value[] items = a.Length == 1 ? ListOf(name, a[0]) : a;
        e.Count(items.Length);
        Value best = Value.Null;
        foreach (Value item in items)
        {
            if (best.IsNull || Math.Sign(Operators.Compare(name, item, best)) == sign)
            {
                best = item;
            }
        }

        return best;
    }

    private static Value Sum(Evaluation e, Value[] a)
    {
        Value sum = Value.Of(0m);
        foreach (Value item in ListOf("sum", a[0]))
        {
            e.Count();
            sum = Operators.Calculate(e, "+", sum, item);
        }

        return sum;
    }

    private static string TextOf(string function, Value value) => value.Kind switch
    {
        ValueKind.Text or ValueKind.Null or ValueKind.Number or ValueKind.Bool => value.ToString(),
        _ => throw Wrong(function, "a text", value),
    };

    private static Value[] ListOf(string function, Value value) => value.AsList?.Items ?? throw Wrong(function, "a list", value);

    private static ExpressionException Wrong(string function, string needed, Value given) => new($"{function} needs {needed}, but has {Operators.Name(given)}");
}
