namespace Actors.Flows;

/// <summary>How a hole of a text is written.</summary>
internal enum HoleStyle
{
    /// <summary><c>${…}</c>.</summary>
    Dollar,

    /// <summary><c>{{…}}</c>, where <c>or</c> gives the first operand that is true, not whether there is one.</summary>
    Braces,

    /// <summary><c>{{#if …}}</c>: braces, but a condition.</summary>
    Block,
}

/// <summary>
/// Reads an expression into a tree, by recursive descent over the characters; the grammar is in README.md. From loosest to tightest: <c>? :</c>, or, and, not, comparison (one
/// per operand pair), filters, <c>??</c>, <c>..</c>, + -, * / %, ! and minus, paths. Types are computed on the way, and what can never work is refused.
/// </summary>
internal sealed partial class ExpressionParser
{
    public const int LengthMax = 10_000;
    private const int NestingMax = 60;

    private readonly string _text;
    private readonly int _end;
    private readonly int _line;

    // In a condition `${…}` is an operand, and, when it is written with them (`${x} == admin`), words that are no name are texts.
    private readonly bool _condition;
    private readonly bool _words;
    private readonly bool _orIsFallback;

    // Paths that lead nowhere: faults, unless `??` or the like provides for it.
    private readonly List<ExpressionSyntaxException> _doubts = [];
    private readonly List<SecretExpression> _secrets = [];
    private Names _names;
    private int _at;
    private int _nesting;
    private int _brackets;

    private ExpressionParser(string text, int start, int end, Names names, int line, bool condition = false, bool words = false, bool orIsFallback = false)
    {
        (_text, _at, _end, _names, _line, _condition, _words, _orIsFallback) = (text, start, end, names, line, condition, words, orIsFallback);
    }

    /// <summary>The steps that the expression needs: not those whose absence is provided for by <c>??</c>, <c>?.</c> and the like.</summary>
    public List<Name> Used { get; } = [];

    /// <summary>The inside of a hole, which begins at <paramref name="start"/>; gives the position behind what closes it.</summary>
    public static (Expression Tree, int End, List<Name> Used) ParseHole(string text, int start, Names names, int line, HoleStyle style = HoleStyle.Dollar)
    {
        ExpressionParser parser = new(text, start, text.Length, names, line, orIsFallback: style == HoleStyle.Braces);
        Expression tree = parser.ParseExpression();
        parser.TakeClosing(style != HoleStyle.Dollar);
        parser.Finish(style == HoleStyle.Block ? null : tree);
        return (tree, parser._at, parser.Used);
    }

    /// <summary>An expression that something else follows; gives the position behind it.</summary>
    public static (Expression Tree, int End, List<Name> Used) ParsePart(string text, int start, Names names, int line)
    {
        ExpressionParser parser = new(text, start, text.Length, names, line);
        Expression tree = parser.ParseExpression();
        parser.Finish(null);
        return (tree, parser._at, parser.Used);
    }

    /// <summary>A whole condition.</summary>
    public static Expression ParseCondition(string text, Names names, int line)
    {
        bool words = text.Contains("${", StringComparison.Ordinal) || text.Contains("{{", StringComparison.Ordinal);
        ExpressionParser parser = new(text, 0, text.Length, names, line, condition: true, words);
        if (text.Length > LengthMax)
        {
            throw parser.Fault($"the condition is longer than {LengthMax:N0} characters", 0);
        }

        Expression tree = parser.ParseExpression();
        parser.SkipSpace();
        if (parser._at < text.Length)
        {
            throw parser.Unexpected("an operator or the end");
        }

        parser.Finish(null);
        return tree;
    }

    /// <param name="mayBeSecret">The tree that may be a secret, or a list or object with secrets; null when a secret may not be used at all.</param>
    private void Finish(Expression? mayBeSecret)
    {
        if (_doubts.Count > 0)
        {
            throw _doubts[0];
        }

        if (_secrets.Count == 0)
        {
            return;
        }

        HashSet<Expression> allowed = [];
        Allow(mayBeSecret, allowed);
        if (_secrets.Find(secret => !allowed.Contains(secret)) is { } misused)
        {
            throw new ExpressionSyntaxException(
                Rules.SecretUse, "a secret can only be given on, not looked at: no function, operator or condition may use it", misused.Offset,
                $"Write the text around it, e.g. \"Bearer ${{secrets.{Text.Shorten(misused.Name, 40)}}}\".");
        }
    }

    private static void Allow(Expression? tree, HashSet<Expression> allowed)
    {
        if (tree is SecretExpression)
        {
            allowed.Add(tree);
        }
        else if (tree is ObjectExpression or ListExpression)
        {
            foreach (Expression part in tree.Parts)
            {
                Allow(part, allowed);
            }
        }
    }

    private void TakeClosing(bool isDouble)
    {
        if (isDouble ? !TryTake("}}") : !TryTake('}'))
        {
            throw Unexpected(isDouble ? "'}}'" : "'}'");
        }
    }

    private Expression ParseExpression()
    {
        if (++_nesting > NestingMax)
        {
            throw Fault($"the expression is nested deeper than {NestingMax} levels", _at);
        }

        Expression result = ParseOr();
        SkipSpace();
        if (Peek() == '?')
        {
            _at++;
            Expression then = ParseExpression();
            if (!TryTake(':'))
            {
                throw Unexpected("':'");
            }

            result = Checked(new ConditionalExpression(result, then, ParseExpression()));
        }

        _nesting--;
        return result;
    }

    private Expression ParseOr()
    {
        (int used, int doubts) = (Used.Count, _doubts.Count);
        Expression left = ParseAnd();
        while (TryTakeWord("or") || TryTake("||"))
        {
            if (_orIsFallback)
            {
                Forget(used, doubts);
                left = Checked(new FallbackExpression(left, ParseAnd()));
            }
            else
            {
                left = Checked(new LogicExpression(false, left, ParseAnd()));
            }
        }

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
        int doubts = _doubts.Count;
        Expression left = ParseFilters();
        SkipSpace();
        int at = _at;
        if (TakeComparison() is not { } symbol)
        {
            return left;
        }

        Expression right = ParseFilters();
        if (symbol is "==" or "!=" && (BinaryExpression.IsNullLiteral(left) || BinaryExpression.IsNullLiteral(right)))
        {
            _doubts.RemoveRange(doubts, _doubts.Count - doubts);
        }

        string operation = symbol == "not in" ? "in" : symbol;
        Expression comparison = Binary(operation, left, right, at);
        at = _at;
        return TakeComparison() is not null ? throw Fault("comparisons cannot be chained; join two with 'and'", at)
            : symbol == operation ? comparison
            : new NotExpression(comparison);
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
            throw Peek(1) == '>' ? Misplaced(_at) : Fault("'=' is no operator", _at, "Write '=='.");
        }

        if (TryTakeWord("in"))
        {
            return "in";
        }

        int at = _at;
        if (TryTakeWord("not") && TryTakeWord("in"))
        {
            return "not in";
        }

        _at = at;
        return null;
    }

    private Expression ParseFilters()
    {
        SkipSpace();
        (int start, int used, int doubts) = (_at, Used.Count, _doubts.Count);
        Expression value = ParseCoalesce();
        while (true)
        {
            SkipSpace();
            if (Peek() != '|' || Peek(1) == '|')
            {
                return value;
            }

            _at++;
            SkipSpace();
            int at = _at;
            value = ParseCall(TakeIdentifier(), at, new Argument(value, start, used, doubts));
        }
    }

    private Expression ParseCoalesce()
    {
        (int used, int doubts) = (Used.Count, _doubts.Count);
        List<Expression> operands = [ParseRange()];
        while (TryTake("??"))
        {
            Forget(used, doubts);
            operands.Add(ParseRange());
        }

        Expression result = operands[^1];
        for (int i = operands.Count - 2; i >= 0; i--)
        {
            result = Checked(new CoalesceExpression(operands[i], result));
        }

        return result;
    }

    private Expression ParseRange()
    {
        Expression from = ParseSum();
        SkipSpace();
        int at = _at;
        if (Peek() != '.' || Peek(1) != '.')
        {
            return from;
        }

        _at += 2;
        Expression to = ParseSum();
        return from.Type.MayBeNumber && to.Type.MayBeNumber ? Checked(new RangeExpression(from, to))
            : throw new ExpressionSyntaxException(Rules.WrongOperand, $"'..' needs two whole numbers, but has {from.Type.Name} and {to.Type.Name}", at);
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

            int at = _at++;
            left = Binary(c == '+' ? "+" : "-", left, ParseProduct(), at);
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

            int at = _at++;
            left = Binary(c == '*' ? "*" : c == '/' ? "/" : "%", left, ParseUnary(), at);
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
            // Taken in a loop above, so this goes one level deeper at most.
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
            : Binary("-", new LiteralExpression(Value.Of(0m)), operand, at);
    }

    private Expression Binary(string symbol, Expression left, Expression right, int at)
    {
        if (TypeCheck.Fault(symbol, left.Type, right.Type) is { } fault)
        {
            string? hint = left is LogicExpression || right is LogicExpression ? "'and' and 'or' give true or false here; a value that stands in for another is written a ?? b." : null;
            throw new ExpressionSyntaxException(fault.Rule, fault.Message, at, fault.Suggestion ?? hint);
        }

        return Checked(new BinaryExpression(symbol, Operators.All[symbol], left, right));
    }

    private Expression Checked(Expression expression) => expression.Height <= Expression.HeightMax
        ? expression
        : throw Fault($"the expression has more than {Expression.HeightMax} parts in a row; split it", _at);

    // What stands there is provided for when it leads to nothing.
    private void Forget(int used, int doubts)
    {
        Used.RemoveRange(used, Used.Count - used);
        _doubts.RemoveRange(doubts, _doubts.Count - doubts);
    }
}
