using System.Globalization;
using System.Text;

namespace Actors.Flows;

/// <summary>Literals, names, calls, and the characters they are made of.</summary>
internal sealed partial class ExpressionParser
{
    private Expression ParsePrimary()
    {
        SkipSpace();
        int at = _at;
        char c = Peek();
        switch (c)
        {
            case '(':
                _at++;
                Expression inner = ParseOr();
                return TryTake(')') ? inner : throw Unexpected("')'");
            case '[':
                _at++;
                return ParseList();
            case '\'' or '"':
                return ParseText(c);
            case '$' when Peek(1) == '{' && _condition:
                return ParseNestedHole();
            case '$' when Peek(1) == '{':
                throw Fault("'${' cannot stand inside '${…}'", at, "Write the name alone.");
        }

        if (char.IsAsciiDigit(c))
        {
            return ParseNumber();
        }

        if (char.IsAsciiLetter(c) || c == '_')
        {
            return ParseWord();
        }

        throw Unexpected("a value");
    }

    private Expression ParseNestedHole()
    {
        int at = _at;
        ExpressionParser inner = new(_text, _at + 2, _end, _names, _line, condition: false, words: false) { _nesting = _nesting };
        Expression tree = inner.ParseOr();
        if (!inner.TryTake('}'))
        {
            throw inner._at >= _end ? Fault("'${' is never closed", at, "Add '}'.") : inner.Unexpected("'}'");
        }

        _at = inner._at;
        Used.AddRange(inner.Used);
        return tree;
    }

    private Expression ParseList()
    {
        List<Expression> items = [];
        if (!TryTake(']'))
        {
            do
            {
                items.Add(ParseOr());
            }
            while (TryTake(','));
            if (!TryTake(']'))
            {
                throw Unexpected("',' or ']'");
            }
        }

        return Checked(new ListExpression([.. items]));
    }

    private Expression ParseText(char quote)
    {
        int start = _at++;
        StringBuilder text = new();
        while (_at < _end)
        {
            char c = _text[_at++];
            if (c == quote)
            {
                string value = text.ToString();
                return _words && value.Contains("${", StringComparison.Ordinal)
                    ? throw Fault("'${…}' cannot stand inside quotes here", start, "Write it without quotes.")
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

        if (_words && (char.IsAsciiLetter(Peek()) || Peek() is '_' or ':' || (Peek() == '-' && char.IsAsciiLetterOrDigit(Peek(1)))))
        {
            _at = start;
            return BareText();
        }

        return Value.TryParseNumber(_text.AsSpan(start, _at - start), out Value number)
            ? new LiteralExpression(number)
            : throw Fault($"'{Text.Shorten(_text[start.._at], 40)}' is no number", start);
    }

    private bool IsExponent() => char.IsAsciiDigit(Peek(1)) || (Peek(1) is '+' or '-' && char.IsAsciiDigit(Peek(2)));

    private Expression ParseWord()
    {
        int at = _at;
        string word = TakeKnown(name => _names.Find(name) is not null);
        if (_names.Find(word) is { } name)
        {
            if (name.Kind == NameKind.Step)
            {
                Used.Add(name);
            }

            return new VariableExpression(word);
        }

        switch (word)
        {
            case "true" or "True":
                return new LiteralExpression(Value.True);
            case "false" or "False":
                return new LiteralExpression(Value.False);
            case "null" or "None":
                return new LiteralExpression(Value.Null);
        }

        if (Peek() == '(')
        {
            return ParseCall(word, at);
        }

        if (_words)
        {
            _at = at;
            return BareText();
        }

        ExpressionSyntaxException fault = _names.Unknown(word, at, _line);
        throw fault.Rule == Rules.UnknownReference && fault.Suggestion?.StartsWith("Known", StringComparison.Ordinal) == true
            ? new ExpressionSyntaxException(fault.Rule, fault.Message, at, $"{fault.Suggestion} A text needs quotes: '{Text.Shorten(word, 40)}'.")
            : fault;
    }

    // Seed style: `${status} == in progress`. Everything up to the next operator is the text.
    private LiteralExpression BareText()
    {
        int start = _at;
        int end = _at;
        while (_at < _end)
        {
            while (char.IsAsciiLetterOrDigit(Peek()) || Peek() is '_' or '-' or '.' or '/' or ':' or '@')
            {
                _at++;
            }

            end = _at;
            SkipSpace();
            if (!(char.IsAsciiLetterOrDigit(Peek()) || Peek() == '_') || IsWord("and") || IsWord("or"))
            {
                break;
            }
        }

        _at = end;
        return new LiteralExpression(Value.Of(_text[start..end]));
    }

    private Expression ParseCall(string word, int at)
    {
        if (!Function.All.TryGetValue(word, out Function? function))
        {
            string? near = Text.Nearest(word, Function.All.Keys);
            throw new ExpressionSyntaxException(
                Rules.Function, $"there is no function '{Text.Shorten(word, 60)}'", at, near is null ? $"Known: {string.Join(", ", Function.All.Keys)}." : $"Did you mean '{near}'?");
        }

        _at++;
        List<Expression> arguments = [];
        if (!TryTake(')'))
        {
            do
            {
                arguments.Add(ParseOr());
            }
            while (TryTake(','));
            if (!TryTake(')'))
            {
                throw Unexpected("',' or ')'");
            }
        }

        if (arguments.Count < function.ArgumentsMin || (function.ArgumentsMax >= 0 && arguments.Count > function.ArgumentsMax))
        {
            string wanted = function.ArgumentsMax < 0 ? $"at least {function.ArgumentsMin}"
                : function.ArgumentsMin == function.ArgumentsMax ? function.ArgumentsMin.ToString(CultureInfo.InvariantCulture)
                : $"{function.ArgumentsMin} or {function.ArgumentsMax}";
            throw new ExpressionSyntaxException(Rules.Function, $"{word} takes {wanted} argument{(wanted == "1" ? "" : "s")}, not {arguments.Count}", at);
        }

        return Checked(new CallExpression(function, [.. arguments]));
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

        if (_text[_at] == '|')
        {
            return Fault("'|' is no operator: there are no filters", _at, "Write a call, e.g. length(items); 'or' is written 'or' or '||'.");
        }

        return Fault($"'{_text[_at]}' is not expected here, but {expected}", _at);
    }
}
