namespace Actors.Flows;

/// <summary>
/// Reads an expression into a tree, by recursive descent over the characters. From loosest to tightest: or, and, not, comparison (one per operand pair),
/// <c>??</c>, + -, * / %, ! and minus, paths.
/// </summary>
internal sealed partial class ExpressionParser
{
    public const int LengthMax = 10_000;
    private const int NestingMax = 60;

    private readonly string _text;
    private readonly int _end;
    private readonly Names _names;
    private readonly int _line;

    // In a condition `${…}` is an operand, and, when it is written with them (`${x} == admin`), words that are no name are texts.
    private readonly bool _condition;
    private readonly bool _words;
    private int _at;
    private int _nesting;

    private ExpressionParser(string text, int start, int end, Names names, int line, bool condition, bool words)
    {
        (_text, _at, _end, _names, _line, _condition, _words) = (text, start, end, names, line, condition, words);
    }

    /// <summary>The steps that the expression needs: not those whose absence is provided for by <c>??</c> or <c>?.</c>.</summary>
    public List<Name> Used { get; } = [];

    /// <summary>The inside of <c>${…}</c>, which begins at <paramref name="start"/>; gives the position behind the closing brace.</summary>
    public static (Expression Tree, int End, List<Name> Used) ParseHole(string text, int start, Names names, int line)
    {
        ExpressionParser parser = new(text, start, text.Length, names, line, condition: false, words: false);
        Expression tree = parser.ParseOr();
        if (!parser.TryTake('}'))
        {
            throw parser.Unexpected("'}'");
        }

        return (tree, parser._at, parser.Used);
    }

    /// <summary>A whole condition.</summary>
    public static Expression ParseCondition(string text, Names names, int line)
    {
        bool words = text.Contains("${", StringComparison.Ordinal);
        ExpressionParser parser = new(text, 0, text.Length, names, line, condition: true, words);
        if (text.Length > LengthMax)
        {
            throw parser.Fault($"the condition is longer than {LengthMax:N0} characters", 0);
        }

        Expression tree = parser.ParseOr();
        parser.SkipSpace();
        return parser._at == text.Length ? tree : throw parser.Unexpected("an operator or the end");
    }

    private Expression ParseOr()
    {
        if (++_nesting > NestingMax)
        {
            throw Fault($"the expression is nested deeper than {NestingMax} levels", _at);
        }

        Expression left = ParseAnd();
        while (TryTakeWord("or") || TryTake("||"))
        {
            left = Checked(new LogicExpression(false, left, ParseAnd()));
        }

        _nesting--;
        return left;
    }

    private Expression ParseAnd()
    {
        Expression left = ParseNot();
        while (TryTakeWord("and") || TryTake("&&"))
        {
            left = Checked(new LogicExpression(true, left, ParseNot()));
        }

        return left;
    }

    private Expression ParseNot()
    {
        int negations = 0;
        while (TryTakeWord("not"))
        {
            negations++;
        }

        Expression operand = ParseComparison();
        return negations == 0 ? operand : Negate(operand, negations);
    }

    private static Expression Negate(Expression operand, int times) =>
        times % 2 == 1 ? new NotExpression(operand) : new NotExpression(new NotExpression(operand));

    private Expression ParseComparison()
    {
        Expression left = ParseCoalesce();
        int at = _at;
        if (TakeComparison() is not { } symbol)
        {
            return left;
        }

        Expression comparison = Checked(new BinaryExpression(symbol, Operators.All[symbol], left, ParseCoalesce()));
        at = _at;
        return TakeComparison() is null ? comparison : throw Fault("comparisons cannot be chained; join two with 'and'", at);
    }

    private string? TakeComparison()
    {
        SkipSpace();
        foreach (string symbol in (ReadOnlySpan<string>)["==", "!=", "<=", ">=", "<", ">"])
        {
            if (TryTake(symbol))
            {
                return symbol;
            }
        }

        if (Peek() == '=')
        {
            throw Fault("'=' is no operator", _at, "Write '=='.");
        }

        return TryTakeWord("in") ? "in" : null;
    }

    private Expression ParseCoalesce()
    {
        int used = Used.Count;
        List<Expression> operands = [ParseSum()];
        while (TryTake("??"))
        {
            Used.RemoveRange(used, Used.Count - used);
            operands.Add(ParseSum());
        }

        Expression result = operands[^1];
        for (int i = operands.Count - 2; i >= 0; i--)
        {
            result = Checked(new CoalesceExpression(operands[i], result));
        }

        return result;
    }

    private Expression ParseSum()
    {
        Expression left = ParseProduct();
        while (true)
        {
            SkipSpace();
            char c = Peek();
            if (c is not ('+' or '-'))
            {
                return left;
            }

            _at++;
            left = Binary(c, left, ParseProduct());
        }
    }

    private Expression ParseProduct()
    {
        Expression left = ParseUnary();
        while (true)
        {
            SkipSpace();
            char c = Peek();
            if (c is not ('*' or '/' or '%'))
            {
                return left;
            }

            _at++;
            left = Binary(c, left, ParseUnary());
        }
    }

    private Expression ParseUnary()
    {
        SkipSpace();
        int negations = 0;
        while (Peek() == '!' && Peek(1) != '=')
        {
            _at++;
            negations++;
            SkipSpace();
        }

        if (negations > 0)
        {
            return Negate(ParseUnary(), negations);
        }

        if (Peek() != '-')
        {
            return ParsePath();
        }

        int at = _at++;
        if (Peek() == '-')
        {
            throw Fault("'--' is no operator", at);
        }

        Expression operand = ParsePath();
        return operand is LiteralExpression { Value.Kind: ValueKind.Number } literal
            ? new LiteralExpression(Operators.Calculate(new Evaluation(new Variables(null), Missing.Fails), "-", Value.Of(0m), literal.Value))
            : Binary('-', new LiteralExpression(Value.Of(0m)), operand);
    }

    private Expression Binary(char symbol, Expression left, Expression right)
    {
        string text = symbol.ToString();
        return Checked(new BinaryExpression(text, Operators.All[text], left, right));
    }

    private Expression Checked(Expression expression) => expression.Height <= Expression.HeightMax
        ? expression
        : throw Fault($"the expression has more than {Expression.HeightMax} parts in a row; split it", _at);

    private Expression ParsePath()
    {
        int start = _at;
        Expression target = ParsePrimary();
        Name? root = target is VariableExpression variable ? _names.Find(variable.Name) : null;
        List<Segment> segments = [];
        while (true)
        {
            bool optional = Peek() == '?' && (Peek(1) is '.' or '[');
            char c = Peek(optional ? 1 : 0);
            if (c == '.' && (optional || Peek(1) != '.'))
            {
                _at += optional ? 2 : 1;
                if (optional && Peek() == '[')
                {
                    segments.Add(ParseIndex(optional));
                    continue;
                }

                int at = _at;
                string field = segments.Count == 0 && root is { Fields: not null } ? TakeKnown(root.Fields.Contains) : TakeIdentifier();
                CheckField(root, segments.Count, field, at, optional);
                if (optional && segments.Count == 0)
                {
                    Used.RemoveAll(name => name == root);
                }

                segments.Add(new Segment(field, null, optional));
            }
            else if (c == '[')
            {
                _at += optional ? 1 : 0;
                segments.Add(ParseIndex(optional));
            }
            else
            {
                break;
            }

            if (segments.Count > Expression.HeightMax)
            {
                throw Fault($"the path has more than {Expression.HeightMax} parts", start);
            }
        }

        return segments.Count == 0 ? target : Checked(new AccessExpression(target, [.. segments]));
    }

    private Segment ParseIndex(bool optional)
    {
        _at++;
        Expression index = ParseOr();
        return TryTake(']') ? new Segment(null, index, optional) : throw Unexpected("']'");
    }

    private void CheckField(Name? root, int position, string field, int at, bool optional)
    {
        if (root?.Fields is null || position > 0 || optional || root.Fields.Contains(field) || field == "length" && root.Kind == NameKind.Loop)
        {
            return;
        }

        string? near = Text.Nearest(field, root.Fields);
        string known = root.Fields.Count == 0 ? "it has none" : $"Known: {Names.List(root.Fields)}.";
        if (root.Kind == NameKind.Inputs)
        {
            string? use = near is not null ? $"Did you mean '{near}'?" : _names.Find(field) is { Kind: NameKind.Loop } ? $"Write ${{{field}}}." : known;
            throw new ExpressionSyntaxException(Rules.UnknownInput, $"the flow has no input '{Text.Shorten(field, 100)}'", at, use);
        }

        string owner = root.Kind == NameKind.Error ? "'error'" : $"step '{root.Text}'";
        throw new ExpressionSyntaxException(
            Rules.UnknownOutput, $"{owner} has no output '{Text.Shorten(field, 100)}'", at, near is not null ? $"Did you mean '{near}'?" : known);
    }
}
