using System.Text;

namespace Actors.Flows;

/// <summary>Translates texts with <c>{{ … }}</c>.</summary>
internal sealed class FlujoTemplate
{
    private readonly string _text;
    private readonly OldNames _names;
    private readonly Action<string> _lost;
    private readonly StringBuilder _out = new();
    private readonly Stack<(string Block, string? Variable)> _open = new();

    private FlujoTemplate(string text, OldNames names, Action<string> lost)
    {
        (_text, _names, _lost) = (text, names, lost);
    }

    /// <param name="lost">Called for each part that has no counterpart; nothing stands in its place.</param>
    public static string Translate(string text, OldNames names, Action<string> lost) => new FlujoTemplate(text, names, lost).Run();

    /// <summary>A text that this language takes as it is.</summary>
    public static string Escape(string text)
    {
        if (!text.Contains('{', StringComparison.Ordinal))
        {
            return text;
        }

        StringBuilder escaped = new();
        for (int i = 0; i < text.Length; i++)
        {
            if (IsDouble(text, i))
            {
                escaped.Append("${'{{'}");
                i++;
            }
            else if (text[i] == '$' && IsDouble(text, i + 1))
            {
                escaped.Append("${'$'}");
            }
            else if (text[i] == '$' && i + 1 < text.Length && text[i + 1] == '{')
            {
                escaped.Append("$${");
                i++;
            }
            else
            {
                escaped.Append(text[i]);
            }
        }

        return escaped.ToString();
    }

    private static bool IsDouble(string text, int at) => at + 1 < text.Length && text[at] == '{' && text[at + 1] == '{';

    /// <summary>Puts a hole behind a text: a '$' before it would make a text of it.</summary>
    public static void AppendHole(StringBuilder text, string hole)
    {
        if (text.Length > 0 && text[^1] == '$' && hole.StartsWith("${", StringComparison.Ordinal))
        {
            text.Length--;
            text.Append("${'$'}");
        }

        text.Append(hole);
    }

    private string Run()
    {
        int at = 0;
        while (at < _text.Length)
        {
            int hole = _text.IndexOf("{{", at, StringComparison.Ordinal);
            if (hole < 0)
            {
                Literal(_text[at..]);
                break;
            }

            if (hole > at && _text[hole - 1] == '\\')
            {
                int close = _text.IndexOf("}}", hole, StringComparison.Ordinal);
                int next = close < 0 ? _text.Length : close + 2;
                Literal(_text[at..(hole - 1)]);
                Literal(_text[hole..next]);
                at = next;
                continue;
            }

            int end = _text.IndexOf("}}", hole, StringComparison.Ordinal);
            if (end < 0)
            {
                _lost("'{{' is never closed");
                Literal(_text[at..]);
                break;
            }

            Literal(_text[at..hole]);
            Hole(_text[(hole + 2)..end].Trim());
            at = end + 2;
        }

        while (_open.TryPop(out (string Block, string? Variable) open))
        {
            _lost($"'{{{{#{open.Block}}}}}' is never closed");
            _out.Append($"{{{{/{open.Block}}}}}");
        }

        return _out.ToString();
    }

    private void Literal(string text)
    {
        if (text.Contains("{%", StringComparison.Ordinal))
        {
            _lost("'{% … %}' is no template of Flujo either; it stays as text");
        }

        _out.Append(Escape(text));
    }

    private void Hole(string inside)
    {
        if (inside.StartsWith("#if ", StringComparison.Ordinal))
        {
            _out.Append($"{{{{#if {Value(inside[4..]) ?? "false"}}}}}");
            _open.Push(("if", null));
        }
        else if (inside.StartsWith("#each ", StringComparison.Ordinal))
        {
            string list = Value(inside[6..]) ?? "[]";
            string variable = _open.Count(o => o.Variable is not null) is var depth and > 0 ? $"this{depth + 1}" : "this_item";
            _out.Append($"{{{{#each {list} ?? [] as {variable}}}}}");
            _open.Push(("each", variable));
        }
        else if (inside is "/if" or "/each")
        {
            if (_open.TryPeek(out (string Block, string? Variable) open) && open.Block == inside[1..])
            {
                _open.Pop();
                _out.Append($"{{{{{inside}}}}}");
            }
            else
            {
                _lost($"'{{{{{inside}}}}}' closes nothing");
            }
        }
        else if (inside == "else" && _open.TryPeek(out (string Block, string? Variable) branch) && branch.Block == "if")
        {
            _out.Append("{{else}}");
        }
        else if (Value(inside) is { } value)
        {
            AppendHole(_out, $"${{{value}}}");
        }
    }

    /// <summary>A path, maybe with <c>or</c> and filters; null when it has no counterpart, which is then told.</summary>
    private string? Value(string inside)
    {
        try
        {
            string[] filters = Split(inside, "|");
            string[] operands = Split(filters[0], " or ");
            string value = string.Join(" ?? ", operands.Select(Operand));
            if (operands.Length > 1)
            {
                value = $"({value})";
            }

            foreach (string filter in filters.Skip(1))
            {
                value = Filter(value, filter.Trim());
            }

            return value.StartsWith('(') && operands.Length > 1 && filters.Length == 1 ? value[1..^1] : value;
        }
        catch (OldExpressionException e)
        {
            _lost($"'{{{{ {Text.Shorten(inside, 60)} }}}}' cannot be translated: {e.Message}");
            return null;
        }
    }

    private string Operand(string text) => OldExpression.Translate(text.Trim(), Names);

    private string? Names(IReadOnlyList<string> path, out int used)
    {
        if (path[0] == "this" && _open.FirstOrDefault(o => o.Variable is not null).Variable is { } variable)
        {
            used = 1;
            return variable;
        }

        return _names(path, out used);
    }

    private static string Filter(string value, string filter)
    {
        int open = filter.IndexOf('(', StringComparison.Ordinal);
        string name = open < 0 ? filter : filter[..open].Trim();
        string? argument = open >= 0 && filter.EndsWith(')') ? filter[(open + 1)..^1].Trim() : null;
        string? literal = argument is { Length: > 0 } ? OldExpression.Translate(argument, NoNames) : null;
        return (name, literal) switch
        {
            ("upper", null) => $"upper({value})",
            ("lower", null) => $"lower({value})",
            ("length", null) => $"length({value})",
            ("tojson", null) => $"json({value})",
            ("join", _) => $"join({value}, {literal ?? "''"})",
            ("default", not null) => $"({value} ?? {literal})",
            _ => throw new OldExpressionException($"the filter '{Text.Shorten(name, 40)}' has no counterpart", 0),
        };
    }

    private static string? NoNames(IReadOnlyList<string> path, out int used)
    {
        used = 0;
        return null;
    }

    // Outside quotes and parentheses.
    private static string[] Split(string text, string separator)
    {
        List<string> parts = [];
        char quote = '\0';
        int depth = 0;
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quote != '\0')
            {
                quote = c == quote ? '\0' : quote;
            }
            else if (c is '\'' or '"')
            {
                quote = c;
            }
            else if (c is '(' or ')')
            {
                depth += c == '(' ? 1 : -1;
            }
            else if (depth == 0 && text.AsSpan(i).StartsWith(separator))
            {
                parts.Add(text[start..i]);
                start = i + separator.Length;
                i = start - 1;
            }
        }

        parts.Add(text[start..]);
        return [.. parts];
    }
}
