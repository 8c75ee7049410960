using System.Globalization;
using System.Text;

namespace Actors.Flows;

/// <summary>An expression of another language has no counterpart here.</summary>
internal sealed class OldExpressionException(string message, int offset) : Exception(message)
{
    /// <summary>In the text, from 0.</summary>
    public int Offset { get; } = offset;
}

/// <summary>What the names of an old expression are called here.</summary>
/// <param name="path">The root and the fields behind it.</param>
/// <param name="used">How many of them the answer stands for; the others are appended to it.</param>
/// <returns>An expression that is a path or stands in parentheses; null when there is no such name.</returns>
internal delegate string? OldNames(IReadOnlyList<string> path, out int used);

/// <summary>
/// Translates conditions of Flujo and of Configurable Agents: comparisons, which may be chained, and, or, not, in, fields, keys, <c>get</c> and a few methods of texts.
/// </summary>
internal sealed class OldExpression
{
    private const int LengthMax = 5_000;
    private const int NestingMax = 40;

    // From loose to tight.
    private const int Or = 1;
    private const int And = 2;
    private const int Not = 3;
    private const int Comparison = 4;
    private const int Coalesce = 5;
    private const int Primary = 9;

    private readonly string _text;
    private readonly OldNames _names;

    // Words that are no names are texts.
    private readonly bool _bareWords;
    private int _at;
    private int _nesting;

    private OldExpression(string text, OldNames names, bool bareWords)
    {
        (_text, _names, _bareWords) = (text, names, bareWords);
    }

    /// <exception cref="OldExpressionException">It cannot be translated.</exception>
    public static string Translate(string text, OldNames names, bool bareWords = false)
    {
        OldExpression parser = new(text, names, bareWords);
        if (text.Length > LengthMax)
        {
            throw parser.Fault($"the expression is longer than {LengthMax:N0} characters");
        }

        string result = parser.ParseOr().Text;
        parser.SkipSpace();
        return parser._at == text.Length ? result : throw parser.Fault($"'{parser.Peek()}' is not expected here");
    }

    /// <summary>A path with fields behind it that may be missing.</summary>
    public static string Append(string target, IEnumerable<string> fields)
    {
        StringBuilder text = new(target);
        foreach (string field in fields)
        {
            text.Append(int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? $"?[{field}]" : IsWord(field) ? $"?.{field}" : $"?[{Literal(field)}]");
        }

        return text.ToString();
    }

    public static string Literal(string text)
    {
        StringBuilder literal = new("'");
        foreach (char c in text)
        {
            literal.Append(c switch
            {
                '\'' => "\\'",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\t' => "\\t",
                _ => c.ToString(),
            });
        }

        return literal.Append('\'').ToString();
    }

    public static bool IsWord(string text) => text.Length > 0 && (char.IsAsciiLetter(text[0]) || text[0] == '_') && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private Part ParseOr() => ParseJoined("or", Or, ParseAnd);

    private Part ParseAnd() => ParseJoined("and", And, ParseNot);

    private Part ParseJoined(string word, int level, Func<Part> operand)
    {
        if (++_nesting > NestingMax)
        {
            throw Fault($"the expression is nested deeper than {NestingMax} levels");
        }

        Part left = operand();
        while (TakeWord(word))
        {
            left = new Part($"{left.In(level)} {word} {operand().In(level + 1)}", level);
        }

        _nesting--;
        return left;
    }

    private Part ParseNot()
    {
        bool negated = false;
        bool any = false;
        while (TakeWord("not"))
        {
            (negated, any) = (!negated, true);
        }

        Part operand = ParseComparison();
        return !any ? operand : new Part(negated ? $"not {operand.In(Not + 1)}" : $"not (not {operand.In(Not + 1)})", Not);
    }

    private Part ParseComparison()
    {
        Part left = ParseOperand();
        List<string> comparisons = [];
        while (TakeComparison() is { } symbol)
        {
            Part right = ParseOperand();
            string sides = $"{left.In(Coalesce)} {(symbol == "not in" ? "in" : symbol)} {right.In(Coalesce)}";
            comparisons.Add(symbol == "not in" ? $"not ({sides})" : sides);
            left = right;
        }

        return comparisons.Count switch
        {
            0 => left,
            1 => new Part(comparisons[0], comparisons[0].StartsWith("not ", StringComparison.Ordinal) ? Not : Comparison),
            _ => new Part(string.Join(" and ", comparisons), And),
        };
    }

    private string? TakeComparison()
    {
        SkipSpace();
        foreach (string symbol in (ReadOnlySpan<string>)["==", "!=", "<=", ">=", "<", ">"])
        {
            if (_text.AsSpan(_at).StartsWith(symbol))
            {
                _at += symbol.Length;
                return symbol;
            }
        }

        if (TakeWord("in"))
        {
            return "in";
        }

        if (TakeWord("is"))
        {
            return TakeWord("not") ? "!=" : "==";
        }

        int start = _at;
        if (TakeWord("not"))
        {
            if (TakeWord("in"))
            {
                return "not in";
            }

            _at = start;
        }

        return null;
    }

    private Part ParseOperand()
    {
        SkipSpace();
        int start = _at;
        char c = Peek();
        if (c == '(' || c == '[')
        {
            _at++;
            return c == '[' ? ParseList(']', []) : ParseParentheses();
        }

        if (c is '\'' or '"')
        {
            return Methods(new Part(Literal(ParseText(c)), Primary));
        }

        if (char.IsAsciiDigit(c) || (c == '-' && char.IsAsciiDigit(Peek(1))))
        {
            return ParseNumber();
        }

        if (char.IsAsciiLetter(c) || c == '_')
        {
            return ParsePath(start);
        }

        throw Fault(_at >= _text.Length ? "the expression ends too early" : $"'{c}' has no counterpart");
    }

    private Part ParseParentheses()
    {
        Part inner = ParseOr();
        SkipSpace();
        if (Peek() == ',')
        {
            _at++;
            return ParseList(')', [inner]);
        }

        Take(')');
        return inner.Level >= Primary ? inner : new Part($"({inner.Text})", Primary);
    }

    private Part ParseList(char end, List<Part> items)
    {
        SkipSpace();
        while (Peek() != end)
        {
            items.Add(ParseOr());
            SkipSpace();
            if (Peek() == ',')
            {
                _at++;
                SkipSpace();
            }
            else if (Peek() != end)
            {
                throw Fault($"'{end}' is expected here");
            }
        }

        _at++;
        return new Part($"[{string.Join(", ", items.Select(i => i.Text))}]", Primary);
    }

    private Part ParseNumber()
    {
        int start = _at++;
        while (char.IsAsciiLetterOrDigit(Peek()) || Peek() is '.' or '_')
        {
            _at++;
        }

        string number = _text[start.._at].Replace("_", "", StringComparison.Ordinal);
        return Value.TryParseNumber(number, out _) ? new Part(number, Primary) : throw Fault($"'{Actors.Text.Shorten(number, 40)}' is no number");
    }

    private Part ParsePath(int start)
    {
        string word = TakeIdentifier();
        switch (word)
        {
            case "true" or "True":
                return new Part("true", Primary);
            case "false" or "False":
                return new Part("false", Primary);
            case "None" or "null":
                return new Part("null", Primary);
        }

        List<string> path = [word];
        while (TakeField() is { } field)
        {
            path.Add(field);
        }

        string? target = _names(path, out int used);
        if (target is null && _bareWords && path.Count == 1)
        {
            return new Part(Literal(word), Primary);
        }

        return target is null
            ? throw new OldExpressionException($"there is no '{string.Join('.', path)}'", start)
            : Methods(new Part(Append(target, path.Skip(used)), Primary));
    }

    /// <summary>A field or a key; null when there is none, or a call.</summary>
    private string? TakeField()
    {
        int start = _at;
        if (Peek() == '.')
        {
            _at++;
            string field = TakeIdentifier();
            if (Peek() != '(')
            {
                return field;
            }

            // get('k') is the field k.
            if (field == "get" && Peek(1) is '\'' or '"')
            {
                _at++;
                string key = ParseText(Peek());
                SkipSpace();
                if (Peek() == ')')
                {
                    _at++;
                    return key;
                }
            }

            _at = start;
            return null;
        }

        if (Peek() != '[')
        {
            return null;
        }

        _at++;
        SkipSpace();
        if (Peek() is '\'' or '"')
        {
            string key = ParseText(Peek());
            Take(']');
            return key;
        }

        int digits = _at;
        while (char.IsAsciiDigit(Peek()))
        {
            _at++;
        }

        string index = _text[digits.._at];
        if (index.Length is 0 or > 6)
        {
            throw Fault("only texts and numbers can stand in brackets");
        }

        Take(']');
        return index;
    }

    private Part Methods(Part target)
    {
        while (true)
        {
            if (TakeField() is { } field)
            {
                target = new Part(Append(target.In(Primary), [field]), Primary);
                continue;
            }

            if (Peek() != '.')
            {
                return target;
            }

            int start = _at++;
            string method = TakeIdentifier();
            Take('(');
            List<Part> arguments = [];
            ParseList(')', arguments);
            target = (method, arguments.Count) switch
            {
                ("lower", 0) => new Part($"lower({target.Text})", Primary),
                ("upper", 0) => new Part($"upper({target.Text})", Primary),
                ("strip", 0) => new Part($"trim({target.Text})", Primary),
                ("startswith", 1) => new Part($"starts_with({target.Text}, {arguments[0].Text})", Primary),
                ("endswith", 1) => new Part($"ends_with({target.Text}, {arguments[0].Text})", Primary),
                ("get", 1) => new Part($"{target.In(Primary)}?[{arguments[0].Text}]", Primary),
                ("get", 2) => new Part($"({target.In(Primary)}?[{arguments[0].Text}] ?? {arguments[1].In(Primary)})", Primary),
                _ => throw new OldExpressionException($"the method '{method}' has no counterpart", start + 1),
            };
        }
    }

    private string ParseText(char quote)
    {
        StringBuilder text = new();
        int start = _at++;
        while (Peek() != quote)
        {
            if (_at >= _text.Length)
            {
                throw new OldExpressionException("the text is never closed", start);
            }

            char c = _text[_at++];
            if (c == '\\' && _at < _text.Length)
            {
                c = _text[_at++] switch
                {
                    'n' => '\n',
                    't' => '\t',
                    var other => other,
                };
            }

            text.Append(c);
        }

        _at++;
        return text.ToString();
    }

    private string TakeIdentifier()
    {
        int start = _at;
        while (char.IsAsciiLetterOrDigit(Peek()) || Peek() == '_')
        {
            _at++;
        }

        return _at > start ? _text[start.._at] : throw Fault("a name is expected here");
    }

    private bool TakeWord(string word)
    {
        SkipSpace();
        if (!_text.AsSpan(_at).StartsWith(word) || char.IsAsciiLetterOrDigit(Peek(word.Length)) || Peek(word.Length) == '_')
        {
            return false;
        }

        _at += word.Length;
        return true;
    }

    private void Take(char c)
    {
        SkipSpace();
        if (Peek() != c)
        {
            throw Fault($"'{c}' is expected here");
        }

        _at++;
    }

    private void SkipSpace()
    {
        while (char.IsWhiteSpace(Peek()))
        {
            _at++;
        }
    }

    private char Peek(int ahead = 0) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';

    private OldExpressionException Fault(string message) => new(message, _at);

    private readonly record struct Part(string Text, int Level)
    {
        public string In(int level) => Level >= level ? Text : $"({Text})";
    }
}
