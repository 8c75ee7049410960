using System.Globalization;
using System.Text;

namespace Actors.Tests.Flows;

/// <summary>A node of an expression that the generator has thought up: an operator or a function, with what it is applied to.</summary>
/// <param name="Op">As <c>+</c>, <c>call:map</c>, <c>field:name</c>.</param>
/// <param name="Value">Of a literal; the variables of a function.</param>
internal sealed record Node(string Op, object? Value, params Node[] Kids)
{
    // As the grammar has it: what stands at a looser level needs parentheses.
    private const int Any = 0;
    private const int Or = 1;
    private const int And = 2;
    private const int Not = 3;
    private const int Compare = 4;
    private const int Filter = 5;
    private const int Coalesce = 6;
    private const int Range = 7;
    private const int Sum = 8;
    private const int Product = 9;
    private const int Unary = 10;
    private const int Path = 11;
    private const int Primary = 12;

    /// <summary>One of the ways to write it.</summary>
    public string Print(Random random) => Print(random, Any);

    private string Print(Random random, int least)
    {
        (string text, int level) = Write(random);
        // Parentheses end a path: behind them it no longer matters that something before was optional.
        return level < least || (random.Next(12) == 0 && !(IsPath && least == Path)) ? $"({text})" : text;
    }

    private (string Text, int Level) Write(Random random)
    {
        string At(int kid, int least) => Kids[kid].Print(random, least);
        string Pick(params string[] ways) => ways[random.Next(ways.Length)];
        string Space() => Pick(" ", "", " ");
        switch (Op)
        {
            case "literal":
                return Value switch
                {
                    null => ("null", Primary),
                    bool flag => (flag ? "true" : "false", Primary),
                    decimal number => (number.ToString(CultureInfo.InvariantCulture), number < 0 ? Unary : Primary),
                    _ => (Quote((string)Value, Pick("'", "\"")), Primary),
                };
            case "name":
                return ((string)Value!, Primary);
            case "list":
                return ($"[{string.Join(", ", Kids.Select(kid => kid.Print(random, Any)))}]", Primary);
            case "object":
                string[] keys = (string[])Value!;
                return ($"{{{string.Join(", ", Kids.Select((kid, i) => $"{(random.Next(2) == 0 ? keys[i] : Quote(keys[i], "'"))}:{Space()}{kid.Print(random, Any)}"))}}}", Primary);
            case "?:":
                return ($"{At(0, Or)} ? {At(1, Any)} : {At(2, Any)}", Any);
            case "or":
                return ($"{At(0, Or)} {Pick("or", "||")} {At(1, And)}", Or);
            case "and":
                return ($"{At(0, And)} {Pick("and", "&&")} {At(1, Not)}", And);
            case "not":
                return ($"not {At(0, Not)}", Not);
            case "!":
                return ($"!{At(0, Unary)}", Unary);
            case "neg":
                return ($"-{At(0, Path)}", Unary);
            case "==" or "!=" or "<" or "<=" or ">" or ">=":
                string space = Space();
                return ($"{At(0, Filter)}{space}{Op}{space}{At(1, Filter)}", Compare);
            case "in" or "not in":
                return ($"{At(0, Filter)} {Op} {At(1, Filter)}", Compare);
            case "??":
                return ($"{At(0, Range)} ?? {At(1, Coalesce)}", Coalesce);
            case "..":
                return ($"{At(0, Sum)}{Pick(" .. ", "..")}{At(1, Sum)}", Range);
            case "+" or "-":
                return ($"{At(0, Sum)} {Op} {At(1, Product)}", Sum);
            case "*" or "/" or "%":
                return ($"{At(0, Product)}{Space()}{Op}{Space()}{At(1, Unary)}", Product);
            case "index" or "?index":
                return ($"{At(0, Path)}{(Op[0] == '?' ? Pick("?", "?.") : "")}[{At(1, Any)}]", Path);
            case "slice":
                return ($"{At(0, Path)}[{(Kids[1].IsNothing ? "" : At(1, Any))}{Space()}:{(Kids[2].IsNothing ? "" : At(2, Any))}]", Path);
            case "lambda":
                string[] variables = (string[])Value!;
                return ($"{(variables.Length == 1 && random.Next(3) > 0 ? variables[0] : $"({string.Join(", ", variables)})")}{Space()}=> {At(0, Any)}", Primary);
        }

        if (Op.StartsWith("field:", StringComparison.Ordinal) || Op.StartsWith("?field:", StringComparison.Ordinal))
        {
            return ($"{At(0, Path)}{(Op[0] == '?' ? "?." : ".")}{Op[(Op.IndexOf(':', StringComparison.Ordinal) + 1)..]}", Path);
        }

        string function = Op["call:".Length..];
        string rest = string.Join(", ", Kids.Skip(1).Select(kid => kid.Op == "lambda" ? kid.Write(random).Text : kid.Print(random, Any)));
        if (random.Next(2) == 0)
        {
            return ($"{At(0, Filter)} | {function}{(Kids.Length > 1 || random.Next(3) == 0 ? $"({rest})" : "")}", Filter);
        }

        return ($"{function}({At(0, Any)}{(Kids.Length > 1 ? ", " : "")}{rest})", Primary);
    }

    public bool IsPath => Op is "index" or "?index" or "slice" || Op.Contains("field:", StringComparison.Ordinal);

    public bool IsNothing => Op == "literal" && Value is null;

    private static string Quote(string text, string quote)
    {
        StringBuilder quoted = new(quote);
        foreach (char c in text)
        {
            quoted.Append(c == quote[0] || c == '\\' ? "\\" + c : c.ToString());
        }

        return quoted.Append(quote).ToString();
    }
}
