using System.Text;

namespace Actors.Flows;

/// <summary>A parameter of a function.</summary>
/// <param name="Accepts">What a value may be; none: only a function of up to <paramref name="LambdaMax"/> variables is taken.</param>
/// <param name="IsRest">Any number of arguments, at least one unless it is optional.</param>
/// <param name="LambdaMax">0: no function is taken.</param>
internal sealed record Parameter(string Name, TypeKinds Accepts, bool IsOptional, bool IsRest, int LambdaMax)
{
    /// <summary>A function of three variables is given what was carried, the item and its index.</summary>
    public int LambdaMin => LambdaMax == 3 ? 2 : 1;
}

/// <summary>A function of expressions. Its signature, its result and its summary are what the documentation says of it.</summary>
/// <param name="Signature">As <c>list: list, key?: (x, i) => any</c>. A <c>?</c> marks what may be left out, <c>…</c> what may be there any number of times; <c>text</c> takes every scalar.</param>
/// <param name="Returns">The kind of its result, e.g. <c>number</c> or <c>text or null</c>.</param>
internal sealed record Function(string Name, string Signature, string Returns, string Summary, Func<Arguments, Value> Run)
{
    /// <summary>By name and by alias.</summary>
    public static IReadOnlyDictionary<string, Function> All => Table.ByName;

    public IReadOnlyList<Parameter> Parameters { get; } = Parse(Signature);

    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>A first argument that leads to nothing is null.</summary>
    public bool FirstIsLenient { get; init; }

    /// <summary>So is every argument.</summary>
    public bool AllAreLenient { get; init; }

    /// <summary>Null of nothing, where that is accepted: see <see cref="Missing.Null"/>.</summary>
    public bool NullGivesNull { get; init; }

    /// <summary>The same arguments may give another result in another evaluation.</summary>
    public bool IsVariable { get; init; }

    /// <summary>From the types of the arguments; that of a function is what it gives. Null: as <see cref="Returns"/> says.</summary>
    public Func<StaticType[], StaticType>? Infer { get; init; }

    /// <summary>Says what is wrong with an argument that is written as a constant; null when nothing is. Gets its number from 0.</summary>
    public Func<int, Value, string?>? Check { get; init; }

    public int ArgumentsMin => Parameters.Count(static p => !p.IsOptional);

    /// <summary>-1: any number.</summary>
    public int ArgumentsMax => Parameters is [.., { IsRest: true }] ? -1 : Parameters.Count;

    public Parameter ParameterAt(int argument) => Parameters[Math.Min(argument, Parameters.Count - 1)];

    public StaticType Result(StaticType[] arguments) => Infer?.Invoke(arguments) ?? StaticType.Of(KindsOf(Returns.Replace(" or ", "|", StringComparison.Ordinal)));

    /// <summary>The functions in the order of the documentation.</summary>
    public static IEnumerable<(string Title, Function[] Functions)> Groups() =>
    [
        ("Texts", [.. TextFunctions.All, .. PatternFunctions.All]),
        ("Numbers", NumberFunctions.All),
        ("Lists", [.. ListFunctions.All, .. LambdaFunctions.All]),
        ("Objects", ObjectFunctions.All),
        ("Dates", DateFunctions.All),
        ("Conversions", ConversionFunctions.All),
    ];

    /// <summary>All functions as Markdown tables.</summary>
    public static string Document()
    {
        StringBuilder text = new();
        foreach ((string title, Function[] functions) in Groups())
        {
            text.Append($"### {title}\n\n| function | gives | |\n|---|---|---|\n");
            foreach (Function function in functions)
            {
                string also = function.Aliases.Count == 0 ? "" : $" Also `{string.Join("`, `", function.Aliases)}`.";
                text.Append($"| `{function.Name}({function.Signature.Replace("|", "\\|", StringComparison.Ordinal)})` | {function.Returns} | {function.Summary}{also} |\n");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    // Of its own, so that the groups, which make functions, and this never wait for each other.
    private static class Table
    {
        public static readonly Dictionary<string, Function> ByName = Groups().SelectMany(static group => group.Functions)
            .SelectMany(static function => function.Aliases.Prepend(function.Name).Select(name => KeyValuePair.Create(name, function)))
            .ToDictionary(StringComparer.Ordinal);
    }

    private static Parameter[] Parse(string signature)
    {
        List<Parameter> parameters = [];
        int start = 0;
        int depth = 0;
        for (int i = 0; i <= signature.Length; i++)
        {
            char c = i < signature.Length ? signature[i] : ',';
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            if (c == ',' && depth == 0 && i > start)
            {
                parameters.Add(ParseOne(signature[start..i].Trim()));
                start = i + 1;
            }
        }

        return [.. parameters];
    }

    private static Parameter ParseOne(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string name = text[..colon];
        string type = text[(colon + 1)..].Trim();
        int arrow = type.IndexOf("=>", StringComparison.Ordinal);
        int lambda = 0;
        if (arrow >= 0)
        {
            int open = type.IndexOf('(', StringComparison.Ordinal);
            lambda = type[open..arrow].Count(static c => c == ',') + 1;
            type = type[..open].TrimEnd('|');
        }

        return new Parameter(name.TrimEnd('?', '…'), Accepted(type), name.EndsWith('?'), name.TrimEnd('?').EndsWith('…'), lambda);
    }

    private static TypeKinds KindsOf(string type)
    {
        TypeKinds kinds = TypeKinds.None;
        foreach (string word in type.Split('|', StringSplitOptions.RemoveEmptyEntries))
        {
            kinds |= word switch
            {
                "any" => TypeKinds.Any,
                "null" => TypeKinds.Null,
                "bool" => TypeKinds.Bool,
                "number" or "duration" => TypeKinds.Number,
                "text" or "date" => TypeKinds.Text,
                "list" => TypeKinds.List,
                "object" => TypeKinds.Object,
                _ => throw new ArgumentException($"'{word}' is no type", nameof(type)),
            };
        }

        return kinds;
    }

    // A text alone takes every scalar, a number also a text that may be one.
    private static TypeKinds Accepted(string type) => type switch
    {
        "text" => TypeKinds.Scalar,
        "number" => TypeKinds.Numeric,
        "duration" => TypeKinds.Numeric | TypeKinds.Null,
        _ => KindsOf(type),
    };
}

/// <summary>A call of a function; as a filter, its first argument stands before it.</summary>
internal sealed class CallExpression(Function function, Expression[] arguments)
    : Expression(function.Result(Array.ConvertAll(arguments, static a => a.Type)), arguments)
{
    public override bool IsConstant => !function.IsVariable && Parts.All(static part => part.IsConstant);

    public override Value Evaluate(Evaluation e)
    {
        e.Count();
        Value[] values = new Value[Operands.Length];
        for (int i = 0; i < values.Length; i++)
        {
            if (Operands[i] is LambdaExpression)
            {
                continue;
            }

            values[i] = function.AllAreLenient || (i == 0 && function.FirstIsLenient) ? e.Leniently(Operands[i]) : Operands[i].Evaluate(e);
            if (values[i].IsNull && function.NullGivesNull && e.Missing == Missing.Null)
            {
                return Value.Null;
            }
        }

        return function.Run(new Arguments(e, function.Name, values, Operands));
    }
}

/// <summary>What a function is called with. A value of the wrong kind fails with a message that names the function.</summary>
internal readonly struct Arguments(Evaluation e, string function, Value[] values, Expression[] nodes)
{
    public Evaluation E => e;

    public int Count => values.Length;

    public Value[] Values => values;

    /// <summary>Null for one that is not given.</summary>
    public Value this[int at] => at < values.Length ? values[at] : Value.Null;

    public bool IsLiteral(int at) => nodes[at] is LiteralExpression;

    public LambdaExpression? Lambda(int at) => at < nodes.Length ? nodes[at] as LambdaExpression : null;

    /// <summary>A scalar as text; null is empty.</summary>
    public string Text(int at)
    {
        Value value = this[at];
        if (value.AsText is { } text)
        {
            e.CountText(text.Length);
            return text;
        }

        return value.Kind is ValueKind.Null or ValueKind.Number or ValueKind.Bool ? value.ToString() : throw Wrong(at, "a text");
    }

    public Value[] List(int at) => this[at].AsList?.Items ?? (this[at].IsNull && e.Missing == Missing.Null ? [] : throw Wrong(at, "a list"));

    public ValueMap Object(int at) => this[at].AsObject ?? (this[at].IsNull && e.Missing == Missing.Null ? Value.EmptyObject.AsObject! : throw Wrong(at, "an object"));

    public Value Number(int at, string needed = "a number") => Operators.TryNumber(this[at], out Value number) ? number : throw Wrong(at, needed);

    /// <summary>A whole number within bounds.</summary>
    public int Whole(int at, int min, int max, string what) =>
        Operators.TryNumber(this[at], out Value number) && number.AsNumber is decimal whole && whole == decimal.Truncate(whole) && whole >= min && whole <= max
            ? (int)whole
            : throw new ExpressionException($"{function} needs {what} from {min:N0} to {max:N0}, but has {Operators.Name(this[at])}{(this[at].AsNumber is null ? "" : $" ({this[at]})")}");

    public ExpressionException Wrong(int at, string needed) => new($"{function} needs {needed}, but has {Operators.Name(this[at])}");

    public ExpressionException Fault(string message) => new($"{function} {message}");
}
