using Actors.Flows;

namespace Actors.Tests.Flows.Schemas;

/// <summary>An expression over a variable <c>v</c> that chance has made, with its parts.</summary>
/// <param name="operation">An operator, a function, or what the leaf is.</param>
internal sealed class GeneratedExpression(string text, string operation, GeneratedExpression[] parts, bool isClosed = true)
{
    private static readonly string[] Comparisons = ["==", "!=", "<", ">=", "in", "not in"];
    private static readonly string[] Calculations = ["+", "-", "*", "/"];
    private static readonly string[] OfLists = ["first", "last", "sum", "reverse", "sort", "unique", "join", "flatten"];
    private static readonly string[] OfAnything = ["length", "upper", "trim", "keys", "text", "json", "abs", "round", "type", "values"];
    private static readonly string[] OfItems = ["map", "filter", "find", "any", "count", "sort", "sum"];

    public IReadOnlyList<GeneratedExpression> Parts => parts;

    /// <summary>False: it uses the variable of a function around it.</summary>
    public bool IsClosed => isClosed;

    public override string ToString() => text;

    public static GeneratedExpression Next(Random random, Value value) => Make(random, value, 3);

    /// <summary>Itself and all parts that can stand alone, the innermost first.</summary>
    public IEnumerable<GeneratedExpression> Closed() => parts.SelectMany(static part => part.Closed()).Concat(isClosed ? [this] : []);

    /// <summary>
    /// What is always the same may be refused although it has a result: this comparison, or this path, which gives null where <c>?.</c> finds nothing and fails everywhere else.
    /// </summary>
    public bool IsAlways(Value result, string rule) => (rule, operation) switch
    {
        ("ACT1310", "==" or "in") => result.Equals(Value.False),
        ("ACT1310", "!=" or "not in") => result.Equals(Value.True),
        ("ACT1321" or "ACT1322", "path") => result.IsNull && text.Contains('?', StringComparison.Ordinal),
        _ => false,
    };

    /// <summary>Whether it has a part that was never evaluated, such as the function for each item of an empty list.</summary>
    public bool AsksNothing(Func<GeneratedExpression, Value?> evaluate) => OfItems.Contains(operation) && parts.Length == 2 && evaluate(parts[0])?.AsList?.Items.Length == 0;

    private static GeneratedExpression Make(Random random, Value value, int depth)
    {
        if (depth == 0)
        {
            return Leaf(random, value);
        }

        switch (random.Next(12))
        {
            case < 4:
                return Leaf(random, value);
            case 4:
                return Two(random, value, depth, Comparisons[random.Next(Comparisons.Length)]);
            case 5:
                return Two(random, value, depth, Calculations[random.Next(Calculations.Length)]);
            case 6:
                return Two(random, value, depth, "??");
            case 7:
                GeneratedExpression[] three = [Make(random, value, depth - 1), Make(random, value, depth - 1), Make(random, value, depth - 1)];
                return new GeneratedExpression($"({three[0]} ? {three[1]} : {three[2]})", "?", three);
            case 8:
                GeneratedExpression list = Make(random, value, depth - 1);
                string ofList = OfLists[random.Next(OfLists.Length)];
                return new GeneratedExpression($"{ofList}({list})", ofList, [list]);
            case 9:
                GeneratedExpression any = Make(random, value, depth - 1);
                string ofAny = OfAnything[random.Next(OfAnything.Length)];
                return new GeneratedExpression($"{ofAny}({any})", ofAny, [any]);
            case 10:
                GeneratedExpression inner = Make(random, value, depth - 1);
                string path = Path(random, default);
                return new GeneratedExpression($"({inner}){path}", "path", [inner]);
            default:
                return ForItems(random, value, depth);
        }
    }

    private static GeneratedExpression Two(Random random, Value value, int depth, string operation)
    {
        GeneratedExpression left = Make(random, value, depth - 1);
        GeneratedExpression right = Make(random, value, depth - 1);
        return new GeneratedExpression($"({left} {operation} {right})", operation, [left, right]);
    }

    private static GeneratedExpression ForItems(Random random, Value value, int depth)
    {
        GeneratedExpression list = Make(random, value, depth - 1);
        string body = (string[])["x", "x.a", "x?.b", "x.net ?? 0", "x.lines", "length(x)", "x + 1"] is var bodies ? bodies[random.Next(bodies.Length)] : "";
        string operation = OfItems[random.Next(OfItems.Length)];
        return new GeneratedExpression($"{operation}({list}, x => {body})", operation, [list, new GeneratedExpression(body, "body", [], isClosed: false)]);
    }

    private static GeneratedExpression Leaf(Random random, Value value) => random.Next(5) == 0
        ? new GeneratedExpression(((string[])["1", "'x'", "'12'", "true", "null", "[1, 'x']", "[]", "{a: 1}"])[random.Next(8)], "literal", [])
        : new GeneratedExpression("v" + Path(random, value), "path", []);

    // Along what is there most of the time: paths that lead nowhere are soon exhausted.
    private static string Path(Random random, Value value)
    {
        string path = "";
        for (int i = 0; i < 3; i++)
        {
            int choice = random.Next(8);
            if (choice == 0)
            {
                return path;
            }

            if (value.AsObject is { Entries: { Length: > 0 } entries } && choice > 2)
            {
                (string name, value) = entries[random.Next(entries.Length)];
                path += choice == 3 ? $"['{name}']" : choice == 4 ? $"?.{name}" : $".{name}";
            }
            else if (value.AsList is { Items: { Length: > 0 } items } && choice > 2)
            {
                int index = random.Next(items.Length);
                path += choice == 3 ? "[0:2]" : choice == 4 ? $"?[{index}]" : $"[{index}]";
                value = choice == 3 ? value : items[index];
            }
            else
            {
                path += choice switch
                {
                    1 => ".length",
                    2 => $"?.{GeneratedSchema.FieldNames[random.Next(GeneratedSchema.FieldNames.Length)]}",
                    3 => "[0]",
                    4 => "[0:1]",
                    5 => "['b']",
                    _ => $".{GeneratedSchema.FieldNames[random.Next(GeneratedSchema.FieldNames.Length)]}",
                };
                value = default;
            }
        }

        return path;
    }
}
