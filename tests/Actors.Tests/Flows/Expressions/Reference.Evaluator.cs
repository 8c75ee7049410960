using System.Globalization;
using System.Text.RegularExpressions;

namespace Actors.Tests.Flows;

/// <summary>An evaluator for comparison: it walks the generator's nodes, knows nothing of the product's, and takes its time. Values are null, bool, decimal, string, lists and <see cref="Fields"/>.</summary>
internal sealed partial class ReferenceEvaluator(Dictionary<string, object?> names)
{
    public sealed class Fails(string why) : Exception(why);

    /// <summary>An object, in order.</summary>
    public sealed class Fields : List<KeyValuePair<string, object?>>
    {
        public bool Has(string key) => Exists(f => f.Key == key);

        public object? Get(string key) => Find(f => f.Key == key).Value;

        public void Put(string key, object? value)
        {
            int at = FindIndex(f => f.Key == key);
            if (at < 0)
            {
                Add(new(key, value));
            }
            else
            {
                this[at] = new(key, value);
            }
        }
    }

    /// <summary>True: what leads to nothing is null.</summary>
    public bool IsLenient { get; set; }

    public object? Evaluate(Node node)
    {
        object? Kid(int at) => Evaluate(node.Kids[at]);
        switch (node.Op)
        {
            case "literal":
                return node.Value;
            case "name":
                return Lookup((string)node.Value!);
            case "list":
                return node.Kids.Select(Evaluate).ToList();
            case "object":
                Fields made = [];
                for (int i = 0; i < node.Kids.Length; i++)
                {
                    made.Put(((string[])node.Value!)[i], Kid(i));
                }

                return made;
            case "?:":
                return True(Kid(0)) ? Kid(1) : Kid(2);
            case "or":
                return True(Kid(0)) || True(Kid(1));
            case "and":
                return True(Kid(0)) && True(Kid(1));
            case "not" or "!":
                return !True(Kid(0));
            case "??":
                return Gently(node.Kids[0]) ?? Kid(1);
            case "neg":
                return Calculate("-", 0m, Kid(0));
            case "==" or "!=":
                bool asksForNull = node.Kids[0].IsNothing || node.Kids[1].IsNothing;
                object? left = asksForNull ? Gently(node.Kids[0]) : Kid(0);
                object? right = asksForNull ? Gently(node.Kids[1]) : Kid(1);
                return Equal(left, right) == (node.Op == "==");
            case "in":
                object? part = Kid(0);
                return In(part, Kid(1));
            case "not in":
                object? missing = Kid(0);
                return !In(missing, Kid(1));
            case "<" or "<=" or ">" or ">=":
                object? a = Kid(0);
                object? b = Kid(1);
                if (IsLenient && (a is null || b is null))
                {
                    return false;
                }

                int order = Order(a, b);
                return node.Op switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 };
            case "..":
                object? from = Kid(0);
                object? to = Kid(1);
                if (IsLenient && (from is null || to is null))
                {
                    return null;
                }

                List<object?> range = [];
                decimal end = Whole(to);
                for (decimal i = Whole(from); i <= end; i++)
                {
                    range.Add(i);
                }

                return range;
            case "+" or "-" or "*" or "/" or "%":
                object? x = Kid(0);
                return Calculate(node.Op, x, Kid(1));
        }

        return node.IsPath ? Walk(node, out _) : Call(node.Op["call:".Length..], node.Kids);
    }

    /// <param name="ended">Something optional was not there: the whole path is null.</param>
    private object? Walk(Node node, out bool ended)
    {
        ended = false;
        object? target = node.Kids[0].IsPath ? Walk(node.Kids[0], out ended) : Evaluate(node.Kids[0]);
        if (ended)
        {
            return null;
        }

        if (node.Op == "slice")
        {
            return Slice(target, () => Evaluate(node.Kids[1]), () => Evaluate(node.Kids[2]));
        }

        bool isField = node.Op.Contains("field:", StringComparison.Ordinal);
        object? key = isField ? node.Op[(node.Op.IndexOf(':', StringComparison.Ordinal) + 1)..] : Evaluate(node.Kids[1]);
        bool isLenient = IsLenient;
        try
        {
            IsLenient = false;
            return Step(target, key, isField);
        }
        catch (Fails) when (isLenient || node.Op[0] == '?')
        {
            ended = true;
            return null;
        }
        finally
        {
            IsLenient = isLenient;
        }
    }

    private object? Lookup(string path)
    {
        // Only inputs.x and variables of functions are generated.
        return path.StartsWith("inputs.", StringComparison.Ordinal) ? Walk(new Node("field:" + path["inputs.".Length..], null, new Node("name", "inputs")), out _) : names[path];
    }

    private object? Gently(Node node)
    {
        bool before = IsLenient;
        IsLenient = true;
        object? value = Evaluate(node);
        IsLenient = before;
        return value;
    }

    private object? Apply(Node lambda, params object?[] values)
    {
        string[] variables = (string[])lambda.Value!;
        for (int i = 0; i < variables.Length; i++)
        {
            names[variables[i]] = values[i];
        }

        return Evaluate(lambda.Kids[0]);
    }

    private static object? Step(object? value, object? key, bool isField)
    {
        if (value is Fields fields && key is string name && fields.Has(name))
        {
            return fields.Get(name);
        }

        if (isField && key is "length" && value is List<object?> or string)
        {
            return value is string text ? text.Length : (decimal)((List<object?>)value!).Count;
        }

        if (value is List<object?> list && key is decimal index && index == Math.Floor(index) && index < list.Count && index >= -list.Count)
        {
            return list[(int)(index < 0 ? list.Count + index : index)];
        }

        throw new Fails("nothing there");
    }

    private object? Slice(object? value, Func<object?> start, Func<object?> end)
    {
        object? from = start();
        int? length = value is string text ? text.Length : value is List<object?> counted ? counted.Count : null;
        if (length is not { } count)
        {
            return IsLenient ? null : throw new Fails("no slices");
        }

        int Bound(object? bound, int otherwise)
        {
            if (bound is null)
            {
                return otherwise;
            }

            decimal at = Whole(bound);
            return (int)Math.Max(0, Math.Min(count, at < 0 ? count + at : at));
        }

        int first = Bound(from, 0);
        int last = Bound(end(), count);
        return value is string whole ? last > first ? whole[first..last] : "" : ((List<object?>)value!).Skip(first).Take(Math.Max(0, last - first)).ToList();
    }

    private object? Call(string function, Node[] kids)
    {
        object? first = function is "default" or "coalesce" ? Gently(kids[0]) : Evaluate(kids[0]);
        if (IsLenient && first is null && function is "round" or "floor" or "abs")
        {
            // As the others: but only after the rest was asked for, if there is any.
            return null;
        }

        List<object?> List() => first is List<object?> items ? items : first is null && IsLenient ? [] : throw new Fails("no list");
        Fields Object(object? value) => value is Fields fields ? fields : value is null && IsLenient ? [] : throw new Fails("no object");
        string Text(object? value) => value is List<object?> or Fields ? throw new Fails("no text") : Show(value);
        bool Test(object? item, int i) => True(Apply(kids[1], item, (decimal)i));
        List<object?> Mapped(int at) => kids.Length > at && kids[at].Op == "lambda" ? List().Select((item, i) => Apply(kids[at], item, (decimal)i)).ToList() : List();
        switch (function)
        {
            case "length":
                return first switch
                {
                    string text => text.Length,
                    List<object?> list => list.Count,
                    Fields fields => (decimal)fields.Count,
                    null when IsLenient => 0m,
                    _ => throw new Fails("no length"),
                };
            case "join":
                string separator = kids.Length > 1 ? Text(Evaluate(kids[1])) : ", ";
                return string.Join(separator, List().Select(Show));
            case "upper":
                return Text(first).ToUpperInvariant();
            case "text":
                return Show(first);
            case "contains":
                return In(Evaluate(kids[1]), first);
            case "round":
                return Math.Round(Number(first), MidpointRounding.AwayFromZero);
            case "floor":
                return Math.Floor(Number(first));
            case "abs":
                return Math.Abs(Number(first));
            case "sum":
                return Mapped(1).Aggregate((object?)0m, (sum, item) => Calculate("+", sum, item));
            case "min" or "max":
                object? best = null;
                foreach (object? item in kids.Length == 1 || kids[1].Op == "lambda" ? Mapped(1) : [first, .. kids.Skip(1).Select(Evaluate)])
                {
                    best = best is null || Math.Sign(Order(item, best)) == (function == "min" ? -1 : 1) ? item : best;
                }

                return best;
            case "first":
                return List().FirstOrDefault();
            case "last":
                return List().LastOrDefault();
            case "reverse":
                return Enumerable.Reverse(List()).ToList();
            case "concat":
                List<object?> all = [.. kids.Skip(1).Select(Evaluate).Prepend(first)];
                return all.SelectMany(x => x is List<object?> items ? items : x is null && IsLenient ? [] : throw new Fails("no list")).ToList();
            case "unique":
                List<object?> kept = [];
                List().ForEach(item =>
                {
                    if (!kept.Exists(other => Same(item, other)))
                    {
                        kept.Add(item);
                    }
                });
                return kept;
            case "index_of":
                object? sought = Evaluate(kids[1]);
                return first is string whole ? whole.IndexOf(Text(sought), StringComparison.Ordinal) : (decimal)List().FindIndex(item => Equal(item, sought));
            case "keys":
                return Object(first).Select(static f => (object?)f.Key).ToList();
            case "values":
                return Object(first).Select(static f => f.Value).ToList();
            case "merge":
                object?[] objects = [first, .. kids.Skip(1).Select(Evaluate)];
                return objects.Select(Object).ToList().Aggregate(Merge);
            case "type":
                return first switch { null => "null", bool => "boolean", decimal => "number", string => "text", List<object?> => "list", _ => "object" };
            case "default":
                object? otherwise = Evaluate(kids[1]);
                return first ?? otherwise;
            case "coalesce":
                List<object?> values = [first, .. kids.Skip(1).Select(Gently)];
                return values.Find(static v => v is not null);
            case "map":
                return Mapped(1);
            case "filter":
                return List().Where(Test).ToList();
            case "find":
                return List().Select((item, i) => (item, i)).Where(pair => Test(pair.item, pair.i)).Select(static pair => pair.item).FirstOrDefault();
            case "any":
                return List().Select((item, i) => (item, i)).Any(pair => Test(pair.item, pair.i));
            case "all":
                return List().Select((item, i) => (item, i)).All(pair => Test(pair.item, pair.i));
            case "count":
                return (decimal)(kids.Length == 1 ? List().Count : List().Where(Test).Count());
            case "sort":
                return Sort(List(), Mapped(1));
            case "reduce":
                object? carried = Evaluate(kids[1]);
                List<object?> carriedOver = List();
                for (int i = 0; i < carriedOver.Count; i++)
                {
                    carried = Apply(kids[2], carried, carriedOver[i], (decimal)i);
                }

                return carried;
            default:
                throw new InvalidOperationException(function);
        }
    }

    private static List<object?> Sort(List<object?> items, List<object?> keys)
    {
        List<object?> there = keys.FindAll(static k => k is not null);
        bool numbers = there.Exists(static k => k is decimal);
        if (there.Exists(k => numbers ? !IsNumber(k, out _) : k?.GetType() != there[0]?.GetType() || k is List<object?> or Fields))
        {
            throw new Fails("cannot be ordered");
        }

        // Slowly, by insertion, which keeps the order of equal ones.
        List<(object? Key, object? Item)> sorted = [];
        for (int i = 0; i < items.Count; i++)
        {
            int at = sorted.Count;
            while (at > 0 && After(sorted[at - 1].Key, keys[i]))
            {
                at--;
            }

            sorted.Insert(at, (keys[i], items[i]));
        }

        bool After(object? x, object? y) => x is null ? false : y is null ? true
            : numbers ? Number(x) > Number(y)
            : x is bool flag ? flag && !(bool)y
            : string.CompareOrdinal((string)x, (string)y) > 0;
        return sorted.ConvertAll(static pair => pair.Item);
    }

    private static Fields Merge(Fields under, Fields over)
    {
        Fields merged = [.. under];
        foreach (KeyValuePair<string, object?> field in over)
        {
            merged.Put(field.Key, merged.Get(field.Key) is Fields below && field.Value is Fields above ? Merge(below, above) : field.Value);
        }

        return merged;
    }

    private static bool True(object? value) => value switch
    {
        null => false,
        bool flag => flag,
        decimal number => number != 0,
        string text => text != "",
        List<object?> list => list.Count > 0,
        Fields fields => fields.Count > 0,
        _ => throw new InvalidOperationException(),
    };

    private object? Calculate(string op, object? x, object? y)
    {
        if (op == "+" && x is string a && y is string b)
        {
            return a + b;
        }

        if (IsLenient && (x is null || y is null))
        {
            return null;
        }

        decimal left = Number(x);
        decimal right = Number(y);
        return op switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            _ when right == 0 => throw new Fails("by zero"),
            "/" => left / right,
            _ => left % right,
        };
    }

    private static decimal Number(object? value) => IsNumber(value, out decimal number) ? number : throw new Fails("no number");

    private static decimal Whole(object? value) => Number(value) is var number && number == Math.Floor(number) ? number : throw new Fails("not whole");

    private static bool IsNumber(object? value, out decimal number)
    {
        number = value is decimal d ? d : 0;
        return value is decimal || (value is string text && JsonNumber().IsMatch(text.Trim()) && decimal.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out number));
    }

    private static int Order(object? x, object? y) => x is string a && y is string b ? string.CompareOrdinal(a, b)
        : (x is decimal || y is decimal) && IsNumber(x, out decimal left) && IsNumber(y, out decimal right) ? left.CompareTo(right)
        : throw new Fails("no order");

    private static bool Equal(object? x, object? y) => x is decimal != y is decimal && (x is string || y is string) ? IsNumber(x, out decimal a) && IsNumber(y, out decimal b) && a == b : Same(x, y);

    /// <summary>Equal as JSON.</summary>
    public static bool Same(object? x, object? y) => (x, y) switch
    {
        (List<object?> a, List<object?> b) => a.Count == b.Count && a.Zip(b).All(static pair => Same(pair.First, pair.Second)),
        (Fields a, Fields b) => a.Count == b.Count && a.TrueForAll(f => b.Has(f.Key) && Same(f.Value, b.Get(f.Key))),
        _ => Equals(x, y),
    };

    private static bool In(object? part, object? container) => container switch
    {
        List<object?> list => list.Exists(item => Equal(item, part)),
        Fields fields => part is string name && fields.Has(name),
        string text when part is string or decimal => text.Contains(Show(part), StringComparison.Ordinal),
        null => false,
        _ => throw new Fails("contains nothing"),
    };

    public static string Show(object? value) => value switch
    {
        null => "",
        string text => text,
        bool flag => flag ? "true" : "false",
        decimal number => number.ToString("G29", CultureInfo.InvariantCulture) is var plain && plain.Contains('E', StringComparison.Ordinal) ? number.ToString("0.############################", CultureInfo.InvariantCulture) : plain,
        _ => Json(value),
    };

    private static string Json(object? value) => value switch
    {
        null => "null",
        string text => "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"",
        List<object?> list => $"[{string.Join(',', list.Select(Json))}]",
        Fields fields => $"{{{string.Join(',', fields.Select(static f => $"{Json(f.Key)}:{Json(f.Value)}"))}}}",
        _ => Show(value),
    };

    [GeneratedRegex(@"\A-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z")]
    private static partial Regex JsonNumber();
}
