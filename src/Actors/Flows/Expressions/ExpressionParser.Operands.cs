using System.Text;

namespace Actors.Flows;

/// <summary>Literals, names, calls, and the characters they are made of.</summary>
internal sealed partial class ExpressionParser
{
    private Expression ParsePrimary(out Name? root)
    {
        SkipSpace();
        root = null;
        int at = _at;
        char c = Peek();
        switch (c)
        {
            case '(':
                _at++;
                Expression inner = ParseExpression();
                return TryTake(')') ? inner : throw Unexpected("')'");
            case '[':
                _at++;
                return ParseList();
            case '\'' or '"':
                return ParseText(c);
            case '$' or '{' when Peek(1) == '{' && _condition:
                return ParseNestedHole(c == '{');
            case '$' or '{' when Peek(1) == '{':
                throw Fault($"'{c}{{' cannot stand inside an expression", at, "Write the name alone.");
            case '{':
                _at++;
                return ParseObject(at);
        }

        if (char.IsAsciiDigit(c))
        {
            return ParseNumber();
        }

        if (char.IsAsciiLetter(c) || c == '_')
        {
            return ParseWord(out root);
        }

        throw Unexpected("a value");
    }

    // In a condition both styles are the same: `or` asks whether one is true.
    private Expression ParseNestedHole(bool isDouble)
    {
        int at = _at;
        if (isDouble && Peek(2) is '#' or '/')
        {
            throw new ExpressionSyntaxException(Rules.TextBlock, "a condition has no blocks; they stand in texts", at);
        }

        ExpressionParser inner = new(_text, _at + 2, _end, _names, _line) { _nesting = _nesting };
        Expression tree = inner.ParseExpression();
        inner.SkipSpace();
        if (inner._at >= _end)
        {
            throw Fault($"'{(isDouble ? "{{" : "${")}' is never closed", at, isDouble ? "Add '}}'." : "Add '}'.");
        }

        inner.TakeClosing(isDouble);
        _at = inner._at;
        Used.AddRange(inner.Used);
        _doubts.AddRange(inner._doubts);
        _secrets.AddRange(inner._secrets);
        return tree;
    }

    private Expression ParseObject(int start)
    {
        List<string> names = [];
        HashSet<string> known = new(StringComparer.Ordinal);
        List<Expression> values = [];
        if (!TryTake('}'))
        {
            do
            {
                SkipSpace();
                int at = _at;
                string name = Peek() is '\'' or '"' ? ParseText(Peek()).Value.AsText! : TakeIdentifier();
                if (!TryTake(':'))
                {
                    throw _at >= _end ? Unexpected("':'") : Fault("an object is written {name: value}", start, "For a value write ${…} or {{…}}, not both.");
                }

                if (!known.Add(name))
                {
                    throw new ExpressionSyntaxException(Rules.RepeatedKey, $"the object has '{Text.Shorten(name, 60)}' twice", at);
                }

                names.Add(name);
                values.Add(ParseExpression());
            }
            while (TryTake(','));
            if (!TryTake('}'))
            {
                throw Unexpected("',' or '}'");
            }
        }

        return Checked(new ObjectExpression([.. names], [.. values]));
    }

    private Expression ParseList()
    {
        List<Expression> items = [];
        if (!TryTake(']'))
        {
            do
            {
                items.Add(ParseExpression());
            }
            while (TryTake(','));
            if (!TryTake(']'))
            {
                throw Unexpected("',' or ']'");
            }
        }

        return Checked(new ListExpression([.. items]));
    }

    private LiteralExpression ParseText(char quote)
    {
        int start = _at++;
        StringBuilder text = new();
        while (_at < _end)
        {
            char c = _text[_at++];
            if (c == quote)
            {
                string value = text.ToString();
                return _words && (value.Contains("${", StringComparison.Ordinal) || value.Contains("{{", StringComparison.Ordinal))
                    ? throw Fault("'${…}' and '{{…}}' cannot stand inside quotes here", start, "Write it without quotes.")
                    : new LiteralExpression(Value.Of(value));
            }

            if (c == '\\' && _at < _end)
            {
                c = _text[_at++];
                c = c switch
                {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    '\\' or '\'' or '"' => c,
                    _ => throw Fault($"'\\{c}' is no escape; known are \\n \\t \\r \\\\ \\' \\\"", _at - 2),
                };
            }

            text.Append(c);
        }

        throw Fault("the text is never closed", start, $"Add {quote}.");
    }

    private Expression ParseNumber()
    {
        int start = _at;
        while (char.IsAsciiDigit(Peek()) || (Peek() == '.' && char.IsAsciiDigit(Peek(1))) || (Peek() is 'e' or 'E' && IsExponent()))
        {
            _at += Peek() is 'e' or 'E' ? 2 : 1;
        }

        if (_words && (char.IsAsciiLetter(Peek()) || Peek() == '_' || (Peek() == ':' && _brackets == 0) || (Peek() == '-' && char.IsAsciiLetterOrDigit(Peek(1)))))
        {
            _at = start;
            return BareText();
        }

        return Value.TryParseNumber(_text.AsSpan(start, _at - start), out Value number)
            ? new LiteralExpression(number)
            : throw Fault($"'{Text.Shorten(_text[start.._at], 40)}' is no number", start);
    }

    private bool IsExponent() => char.IsAsciiDigit(Peek(1)) || (Peek(1) is '+' or '-' && char.IsAsciiDigit(Peek(2)));

    // Seed style: `${status} == in progress`. Everything up to the next operator is the text.
    private LiteralExpression BareText()
    {
        int start = _at;
        int end = _at;
        while (_at < _end)
        {
            while (char.IsAsciiLetterOrDigit(Peek()) || Peek() is '_' or '-' or '/' or '@' || (Peek() == '.' && Peek(1) != '.') || (Peek() == ':' && _brackets == 0))
            {
                _at++;
            }

            end = _at;
            SkipSpace();
            if (!(char.IsAsciiLetterOrDigit(Peek()) || Peek() == '_') || IsWord("and") || IsWord("or") || IsContainment())
            {
                break;
            }
        }

        _at = end;
        return new LiteralExpression(Value.Of(_text[start..end]));
    }

    // `in` or `not in` before a list: a text may well go on with the word.
    private bool IsContainment()
    {
        int at = _at;
        _ = TryTakeWord("not");
        bool isIn = TryTakeWord("in");
        SkipSpace();
        bool found = isIn && Peek() is '$' or '[' or '{';
        _at = at;
        return found;
    }

    // Ids may hold hyphens, which are also minus signs: the longest name that exists is meant, else the letters before the first hyphen.
    private string TakeKnown(Func<string, bool> exists)
    {
        int start = _at;
        string first = TakeIdentifier();
        int after = _at;
        int scan = _at;
        while (scan < _end && _text[scan] == '-' && scan + 1 < _end && (char.IsAsciiLetterOrDigit(_text[scan + 1]) || _text[scan + 1] is '_' or '-'))
        {
            scan++;
            while (scan < _end && (char.IsAsciiLetterOrDigit(_text[scan]) || _text[scan] == '_'))
            {
                scan++;
            }

            if (scan - start <= 100 && exists(_text[start..scan]))
            {
                after = scan;
            }
        }

        _at = after;
        return after == start + first.Length ? first : _text[start..after];
    }

    private string TakeIdentifier()
    {
        int start = _at;
        while (char.IsAsciiLetterOrDigit(Peek()) || Peek() == '_')
        {
            _at++;
        }

        return _at > start ? _text[start.._at] : throw Unexpected("a name");
    }

    private char Peek(int ahead = 0) => _at + ahead < _end ? _text[_at + ahead] : '\0';

    private void SkipSpace()
    {
        while (_at < _end && _text[_at] is ' ' or '\t' or '\n' or '\r')
        {
            _at++;
        }
    }

    private bool TryTake(char c)
    {
        SkipSpace();
        if (_at >= _end || _text[_at] != c)
        {
            return false;
        }

        _at++;
        return true;
    }

    private bool TryTake(string symbol)
    {
        SkipSpace();
        if (!_text.AsSpan(_at, _end - _at).StartsWith(symbol, StringComparison.Ordinal))
        {
            return false;
        }

        _at += symbol.Length;
        return true;
    }

    private bool IsWord(string word)
    {
        char after = Peek(word.Length);
        return _text.AsSpan(_at, _end - _at).StartsWith(word, StringComparison.Ordinal) && !char.IsAsciiLetterOrDigit(after) && after != '_';
    }

    private bool TryTakeWord(string word)
    {
        SkipSpace();
        if (!IsWord(word))
        {
            return false;
        }

        _at += word.Length;
        return true;
    }

    private ExpressionSyntaxException Fault(string message, int at, string? suggestion = null) => new(Rules.Expression, message, at, suggestion);

    private ExpressionSyntaxException Unexpected(string expected)
    {
        SkipSpace();
        if (_at >= _end)
        {
            return Fault($"the expression ends where {expected} is expected", _at);
        }

        if (Peek() == '=' && Peek(1) == '>')
        {
            return Misplaced(_at);
        }

        string? suggestion = Peek() == ':' && (Peek(1) is '.' or ',') ? "Write a format as format_number(…, 'F2')." : null;
        return Fault($"'{_text[_at]}' is not expected here, but {expected}", _at, suggestion);
    }
}
