using System.Text;

namespace Actors.Flows;

/// <summary>
/// Reads texts with expressions: <c>${…}</c>, <c>{{…}}</c>, and the blocks <c>{{#if}}</c> and <c>{{#each}}</c>. <c>$${</c> stands for a literal <c>${</c>, <c>\{{</c> for a literal
/// <c>{{</c>. A block's beginning, middle or end that stands alone on its line leaves no line behind.
/// </summary>
internal sealed class TemplateText
{
    private const int BlocksMax = 20;

    private readonly string _text;
    private readonly int _line;
    private readonly List<Name>? _used;
    private int _at;

    private TemplateText(string text, int line, List<Name>? used) => (_text, _line, _used) = (text, line, used);

    /// <summary>False: the text stands for itself, whatever it is.</summary>
    public static bool MayHaveExpressions(string text) =>
        text.Contains("${", StringComparison.Ordinal) || text.Contains("{{", StringComparison.Ordinal) || text.Contains("{%", StringComparison.Ordinal);

    /// <summary>The whole text as a template.</summary>
    public static Template Parse(string text, Names names, int line, List<Name>? used = null)
    {
        if (!MayHaveExpressions(text))
        {
            return new ConstantTemplate(Value.Of(text));
        }

        TemplateText reader = new(text, line, used);
        List<Template> parts = reader.ReadParts(names, null, 0, out Tag end);
        return end.Kind != TagKind.End ? throw Stray(end)
            : parts is [HoleTemplate or ConstantTemplate] ? parts[0]
            : parts.Count == 0 ? new ConstantTemplate(Value.Of(""))
            : new TextTemplate([.. parts]);
    }

    private enum TagKind
    {
        End,
        If,
        Each,
        Else,
        ElseIf,
        EndIf,
        EndEach,
    }

    /// <param name="Start">Of its braces.</param>
    /// <param name="Content">Where what belongs to it begins.</param>
    private readonly record struct Tag(TagKind Kind, int Start, int Content, string Word);

    // Up to the end of the block, which is given; at the top up to the end of the text.
    private List<Template> ReadParts(Names names, Tag? open, int depth, out Tag end)
    {
        List<Template> parts = [];
        StringBuilder literal = new();
        while (true)
        {
            int next = NextMarker();
            if (next < 0)
            {
                literal.Append(_text, _at, _text.Length - _at);
                _at = _text.Length;
                Flush(literal, parts);
                end = default;
                return open is { } block
                    ? throw new ExpressionSyntaxException(Rules.TextBlock, $"'{{{{{block.Word}}}}}' is never closed", block.Start, $"Add '{{{{/{block.Word[1..]}}}}}'.")
                    : parts;
            }

            if (TryEscaped(next, literal))
            {
                continue;
            }

            literal.Append(_text, _at, next - _at);
            if (_text[next] == '$')
            {
                Flush(literal, parts);
                parts.Add(Hole(next, names, HoleStyle.Dollar));
                continue;
            }

            if (_text[next + 1] == '%')
            {
                throw new ExpressionSyntaxException(
                    Rules.ForeignStatement, "statements in '{% … %}' are not supported", next, "Write {{#if …}}…{{/if}} or {{#each list as x}}…{{/each}}; a literal '{%' is written '\\{%'.");
            }

            Tag? tag = ReadTag(next);
            if (tag is not { } found)
            {
                Flush(literal, parts);
                parts.Add(Hole(next, names, HoleStyle.Braces));
                continue;
            }

            if (found.Kind is TagKind.If or TagKind.Each)
            {
                if (depth >= BlocksMax)
                {
                    throw new ExpressionSyntaxException(Rules.TextBlock, $"blocks are nested deeper than {BlocksMax} levels", next);
                }

                Template opening = found.Kind == TagKind.If ? ReadIf(found, names, literal, parts, depth) : ReadEach(found, names, literal, parts, depth);
                parts.Add(opening);
                continue;
            }

            // What ends this block: its own reader goes on from there.
            TakeClosing(found, names);
            Trim(found.Start, literal);
            Flush(literal, parts);
            end = found;
            return open is null ? throw Stray(found) : parts;
        }
    }

    private IfTemplate ReadIf(Tag open, Names names, StringBuilder literal, List<Template> parts, int depth)
    {
        List<(Template, Template)> branches = [];
        Template condition = Hole(open.Start, names, HoleStyle.Block, open.Content);
        Trim(open.Start, literal);
        Flush(literal, parts);
        while (true)
        {
            List<Template> body = ReadParts(names, open, depth + 1, out Tag end);
            branches.Add((condition, new TextTemplate([.. body])));
            switch (end.Kind)
            {
                case TagKind.EndIf:
                    return new IfTemplate([.. branches], null);
                case TagKind.ElseIf:
                    condition = _condition!;
                    break;
                case TagKind.Else:
                    List<Template> otherwise = ReadParts(names, open, depth + 1, out Tag last);
                    return last.Kind == TagKind.EndIf ? new IfTemplate([.. branches], new TextTemplate([.. otherwise])) : throw Stray(last, open);
                default:
                    throw Stray(end, open);
            }
        }
    }

    private EachTemplate ReadEach(Tag open, Names names, StringBuilder literal, List<Template> parts, int depth)
    {
        (Expression tree, int after, List<Name> used) = Guarded(open.Start, () => ExpressionParser.ParsePart(_text, open.Content, names, _line));
        _used?.AddRange(used);
        if (!tree.Type.May(TypeKinds.List))
        {
            throw new ExpressionSyntaxException(Rules.WrongOperand, $"'#each' needs a list, but has {tree.Type.Name}", open.Content);
        }

        _at = after;
        Names inner = names.Inner();
        StaticType item = tree.Type.Item;
        Name? first = null;
        Name? index = null;
        if (TakeWord("as"))
        {
            first = TakeVariable(inner, item);
            SkipBlanks();
            if (_at < _text.Length && _text[_at] == ',')
            {
                _at++;
                index = TakeVariable(inner, StaticType.Number);
            }
        }
        else
        {
            // These two mean the innermost block without names of its own.
            first = inner.AddLocal("this", item);
            index = inner.AddLocal("index", StaticType.Number);
        }

        TakeBraces(open);
        string source = _text[open.Start.._at];
        Trim(open.Start, literal);
        Flush(literal, parts);
        List<Template> body = ReadParts(inner, open, depth + 1, out Tag end);
        return end.Kind == TagKind.EndEach
            ? new EachTemplate(new HoleTemplate(tree, source), first.Slot, index?.Slot, new TextTemplate([.. body]), source)
            : throw Stray(end, open);
    }

    // Of an `{{else if}}` that was just read.
    private Template? _condition;

    private void TakeClosing(Tag tag, Names names)
    {
        _at = tag.Content;
        if (tag.Kind == TagKind.ElseIf)
        {
            _condition = Hole(tag.Start, names, HoleStyle.Block, tag.Content);
        }
        else
        {
            TakeBraces(tag);
        }
    }

    private void TakeBraces(Tag tag)
    {
        SkipBlanks();
        if (!_text.AsSpan(_at).StartsWith("}}", StringComparison.Ordinal))
        {
            throw _at >= _text.Length
                ? new ExpressionSyntaxException(Rules.TextBlock, $"'{{{{{tag.Word}' has no end", tag.Start, "Add '}}'.")
                : new ExpressionSyntaxException(Rules.TextBlock, $"'{_text[_at]}' is not expected here, but '}}}}'", _at);
        }

        _at += 2;
    }

    private Name TakeVariable(Names inner, StaticType type)
    {
        SkipBlanks();
        int start = _at;
        while (_at < _text.Length && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '_'))
        {
            _at++;
        }

        string name = _text[start.._at];
        return name.Length == 0 || char.IsAsciiDigit(name[0])
            ? throw new ExpressionSyntaxException(Rules.TextBlock, "a name is expected after 'as'", start, "Write {{#each list as x}} or {{#each list as x, i}}.")
            : ExpressionParser.FaultOfVariable(name, inner, inner, start) is { } fault ? throw fault
            : inner.AddLocal(name, type);
    }

    // Null: it is a hole.
    private Tag? ReadTag(int start)
    {
        int at = start + 2;
        while (at < _text.Length && _text[at] is ' ' or '\t' or '\n' or '\r')
        {
            at++;
        }

        int begin = at;
        at += at < _text.Length && _text[at] is '#' or '/' ? 1 : 0;
        while (at < _text.Length && char.IsAsciiLetter(_text[at]))
        {
            at++;
        }

        string word = _text[begin..at];
        switch (word)
        {
            case "#if":
                return new Tag(TagKind.If, start, at, word);
            case "#each":
                return new Tag(TagKind.Each, start, at, word);
            case "/if":
                return new Tag(TagKind.EndIf, start, at, word);
            case "/each":
                return new Tag(TagKind.EndEach, start, at, word);
            case "else":
                int next = at;
                while (next < _text.Length && _text[next] is ' ' or '\t' or '\n' or '\r')
                {
                    next++;
                }

                bool isElseIf = next > at && _text.AsSpan(next).StartsWith("if", StringComparison.Ordinal) && next + 2 < _text.Length && !char.IsAsciiLetterOrDigit(_text[next + 2]);
                return isElseIf ? new Tag(TagKind.ElseIf, start, next + 2, "else if") : new Tag(TagKind.Else, start, at, word);
            case ['#' or '/', ..]:
                throw new ExpressionSyntaxException(Rules.TextBlock, $"there is no block '{Text.Shorten(word, 40)}'", begin, "Blocks are {{#if …}}…{{else}}…{{/if}} and {{#each list as x}}…{{/each}}.");
            default:
                return null;
        }
    }

    private HoleTemplate Hole(int start, Names names, HoleStyle style, int? content = null)
    {
        (Expression tree, int end, List<Name> used) = Guarded(start, () => ExpressionParser.ParseHole(_text, content ?? start + 2, names, _line, style));
        _used?.AddRange(used);
        _at = end;
        return new HoleTemplate(tree, _text[start..end]);
    }

    private T Guarded<T>(int start, Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (ExpressionSyntaxException e) when (e.Offset >= _text.Length && e.Rule == Rules.Expression)
        {
            bool isDollar = _text[start] == '$';
            throw new ExpressionSyntaxException(
                e.Rule, $"'{(isDollar ? "${" : "{{")}' is never closed", start, isDollar ? "Add '}'; a literal '${' is written '$${'." : "Add '}}'; a literal '{{' is written '\\{{'.");
        }
        catch (ExpressionSyntaxException e) when (e.Suggestion is null && e.Rule == Rules.Expression && _text[start] == '{')
        {
            // The braces may belong to another language.
            throw new ExpressionSyntaxException(e.Rule, e.Message, e.Offset, "A literal '{{' is written '\\{{'.");
        }
    }

    private int NextMarker()
    {
        int at = _at;
        while (true)
        {
            int brace = _text.IndexOf('{', at);
            if (brace < 0)
            {
                return -1;
            }

            if (brace > _at && _text[brace - 1] == '$')
            {
                return brace - 1;
            }

            char next = brace + 1 < _text.Length ? _text[brace + 1] : '\0';
            if (next == '{' || (next == '%' && LastStatementEnd > brace + 1))
            {
                return brace;
            }

            at = brace + 1;
        }
    }

    private int LastStatementEnd => _lastStatementEnd ??= _text.LastIndexOf("%}", StringComparison.Ordinal);

    private int? _lastStatementEnd;

    // `$${`, `\{{` and `\{%` are literals; `\\{{` is a backslash and a hole.
    private bool TryEscaped(int next, StringBuilder literal)
    {
        bool isDollar = _text[next] == '$';
        if (next <= _at || _text[next - 1] != (isDollar ? '$' : '\\'))
        {
            return false;
        }

        if (!isDollar && next - 1 > _at && _text[next - 2] == '\\')
        {
            literal.Append(_text, _at, next - 1 - _at);
            _at = next;
            return false;
        }

        literal.Append(_text, _at, next - 1 - _at).Append(_text, next, 2);
        _at = next + 2;
        return true;
    }

    /// <summary>Takes away the line of a tag that stands alone on it; reading stands behind the tag.</summary>
    private void Trim(int start, StringBuilder literal)
    {
        int before = start;
        while (before > 0 && _text[before - 1] is ' ' or '\t')
        {
            before--;
        }

        int after = _at;
        while (after < _text.Length && _text[after] is ' ' or '\t' or '\r')
        {
            after++;
        }

        if ((before > 0 && _text[before - 1] != '\n') || (after < _text.Length && _text[after] != '\n'))
        {
            return;
        }

        literal.Length -= Math.Min(start - before, literal.Length);
        _at = Math.Min(after + 1, _text.Length);
    }

    private void SkipBlanks()
    {
        while (_at < _text.Length && _text[_at] is ' ' or '\t' or '\n' or '\r')
        {
            _at++;
        }
    }

    private bool TakeWord(string word)
    {
        SkipBlanks();
        int end = _at + word.Length;
        if (!_text.AsSpan(_at).StartsWith(word, StringComparison.Ordinal) || (end < _text.Length && char.IsAsciiLetterOrDigit(_text[end])))
        {
            return false;
        }

        _at = end;
        return true;
    }

    private static ExpressionSyntaxException Stray(Tag tag, Tag? open = null) => new(
        Rules.TextBlock, $"'{{{{{tag.Word}}}}}' does not belong here: {(open is { } block ? $"'{{{{{block.Word}}}}}' is open" : "no block is open")}", tag.Start);

    private static void Flush(StringBuilder literal, List<Template> parts)
    {
        if (literal.Length > 0)
        {
            parts.Add(new ConstantTemplate(Value.Of(literal.ToString())));
            literal.Clear();
        }
    }
}
