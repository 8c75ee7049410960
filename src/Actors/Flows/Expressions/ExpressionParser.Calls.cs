using System.Globalization;

namespace Actors.Flows;

/// <summary>Calls of functions, and the functions that are their arguments.</summary>
internal sealed partial class ExpressionParser
{
    // An argument with where it starts, and how much was used and doubtful before it.
    private readonly record struct Argument(Expression Value, int At, int Used, int Doubts);

    /// <param name="piped">What stands before <c>|</c>: the first argument; then the parentheses may be missing.</param>
    private Expression ParseCall(string word, int at, Argument? piped)
    {
        if (!Function.All.TryGetValue(word, out Function? function))
        {
            string? near = Text.Nearest(word, Function.All.Keys) ?? (word.Length < 3 ? null : Function.All.Keys.FirstOrDefault(name => name.StartsWith(word, StringComparison.OrdinalIgnoreCase)));
            throw new ExpressionSyntaxException(
                Rules.Function, $"there is no function '{Text.Shorten(word, 60)}'", at, near is null ? $"Known: {string.Join(", ", Function.All.Keys.Order(StringComparer.Ordinal))}." : $"Did you mean '{near}'?");
        }

        List<Expression> arguments = [];
        if (piped is { } first)
        {
            Check(function, 0, first);
            arguments.Add(first.Value);
        }

        if (Peek() == '(' || piped is null)
        {
            _at++;
            if (!TryTake(')'))
            {
                do
                {
                    arguments.Add(ParseArgument(function, arguments));
                }
                while (TryTake(','));
                if (!TryTake(')'))
                {
                    throw Unexpected("',' or ')'");
                }
            }
        }

        if (arguments.Count < function.ArgumentsMin || (function.ArgumentsMax >= 0 && arguments.Count > function.ArgumentsMax))
        {
            string wanted = function.ArgumentsMax < 0 ? $"at least {function.ArgumentsMin}"
                : function.ArgumentsMin == function.ArgumentsMax ? function.ArgumentsMin.ToString(CultureInfo.InvariantCulture)
                : $"{function.ArgumentsMin}{(function.ArgumentsMax - function.ArgumentsMin == 1 ? " or " : " to ")}{function.ArgumentsMax}";
            string also = piped is null ? "" : " (what stands before '|' is the first)";
            throw new ExpressionSyntaxException(Rules.Function, $"{word} takes {wanted} argument{(wanted is "1" or "at least 1" ? "" : "s")}, not {arguments.Count}{also}", at);
        }

        if (arguments.Count > 2 && arguments[1] is LambdaExpression && function.Parameters[^1].IsRest)
        {
            throw new ExpressionSyntaxException(Rules.Function, $"{word} takes a list and a function, or values, not both", at);
        }

        return Checked(new CallExpression(function, [.. arguments]));
    }

    private Expression ParseArgument(Function function, List<Expression> before)
    {
        SkipSpace();
        Parameter? parameter = function.ArgumentsMax >= 0 && before.Count >= function.ArgumentsMax ? null : function.ParameterAt(before.Count);
        (int at, int used, int doubts) = (_at, Used.Count, _doubts.Count);
        if (TakeVariables() is { } variables)
        {
            // Of a function with any number of arguments only the second can be one: it is asked for each item of the first.
            if (parameter is not { LambdaMax: > 0 } || before.Count == 0 || (parameter.IsRest && before.Count > 1))
            {
                throw Misplaced(at);
            }

            if (variables.Count < parameter.LambdaMin || variables.Count > parameter.LambdaMax)
            {
                throw new ExpressionSyntaxException(
                    Rules.MisplacedFunction, $"{function.Name} gives its function {parameter.LambdaMin} or {parameter.LambdaMax} values, not {variables.Count}", at,
                    parameter.LambdaMax == 3 ? "Write (carried, x) => …, or (carried, x, i) => … with the index." : "Write x => …, or (x, i) => … with the index.");
            }

            return ParseLambda(variables, parameter.LambdaMax == 3, before[0].Type);
        }

        Expression value = ParseExpression();
        if (parameter is not null)
        {
            Check(function, before.Count, new Argument(value, at, used, doubts));
        }

        return value;
    }

    private void Check(Function function, int position, Argument argument)
    {
        if (function.AllAreLenient || (position == 0 && function.FirstIsLenient))
        {
            Forget(argument.Used, argument.Doubts);
        }

        if (function.Parameters.Count == 0)
        {
            return;
        }

        Parameter parameter = function.ParameterAt(position);
        StaticType type = argument.Value.Type;
        if (parameter.Accepts == TypeKinds.None)
        {
            throw new ExpressionSyntaxException(
                Rules.WrongArgument, $"{function.Name} needs a function here, not {type.Name}", argument.At, parameter.LambdaMax == 3 ? "Write e.g. (sum, x) => sum + x." : "Write e.g. x => x.name.");
        }

        if (!type.May(parameter.Accepts) || (parameter.Accepts == TypeKinds.Numeric && !type.MayBeNumber))
        {
            string wanted = parameter.Accepts == TypeKinds.Numeric ? "a number" : parameter.Accepts == TypeKinds.Scalar ? "a text" : StaticType.Of(parameter.Accepts).Name;
            throw new ExpressionSyntaxException(Rules.WrongArgument, $"{function.Name} needs {wanted} as '{parameter.Name}', not {type.Name}", argument.At);
        }

        if (argument.Value is LiteralExpression literal && function.Check?.Invoke(position, literal.Value) is { } fault)
        {
            throw new ExpressionSyntaxException(Rules.WrongArgument, $"{function.Name}: {fault}", argument.At);
        }
    }

    private LambdaExpression ParseLambda(List<(string Name, int At)> variables, bool carries, StaticType list)
    {
        Names outer = _names;
        _names = outer.Inner();
        StaticType item = list.May(TypeKinds.List) ? list.Item : StaticType.Any;
        StaticType[] types = carries ? [StaticType.Any, item, StaticType.Number] : [item, StaticType.Number];
        int[] slots = new int[variables.Count];
        for (int i = 0; i < slots.Length; i++)
        {
            (string name, int at) = variables[i];
            slots[i] = Declare(name, types[i], outer, at).Slot;
        }

        Expression body = ParseExpression();
        _names = outer;
        return (LambdaExpression)Checked(new LambdaExpression(slots, body));
    }

    private Name Declare(string name, StaticType type, Names outer, int at) =>
        FaultOfVariable(name, _names, outer, at) is { } fault ? throw fault : _names.AddLocal(name, type);

    /// <summary>Why a variable cannot have this name; null when it can.</summary>
    public static ExpressionSyntaxException? FaultOfVariable(string name, Names inner, Names outer, int at)
    {
        if (Names.Reserved.Contains(name))
        {
            return new ExpressionSyntaxException(Rules.TakenVariable, $"'{name}' cannot be a variable: expressions use the word themselves", at);
        }

        if (inner.Find(name) is not { } taken)
        {
            return null;
        }

        string what = taken.Kind switch
        {
            NameKind.Step => $"the id of a step in line {taken.Line}",
            NameKind.Local when inner.FindOwn(name) is not null => "a variable of the same function",
            _ => "a variable around it",
        };
        string free = Array.Find(["x", "y", "z", "each", "one", "other"], candidate => inner.Find(candidate) is null && outer.Find(candidate) is null) ?? name + "2";
        return new ExpressionSyntaxException(Rules.TakenVariable, $"'{Text.Shorten(name, 60)}' is already {what}", at, $"Use another name, e.g. {free}.");
    }

    private static ExpressionSyntaxException Misplaced(int at) =>
        new(Rules.MisplacedFunction, "a function like x => … can only be an argument of a function that takes one", at, "Write e.g. map(items, x => x.price).");

    // `x =>` or `(x, i) =>`; null, and nothing taken, when something else stands here.
    private List<(string Name, int At)>? TakeVariables()
    {
        int start = _at;
        List<(string, int)> variables = [];
        bool isList = TryTake('(');
        do
        {
            SkipSpace();
            int at = _at;
            if (!(char.IsAsciiLetter(Peek()) || Peek() == '_'))
            {
                _at = start;
                return null;
            }

            variables.Add((TakeIdentifier(), at));
        }
        while (isList && variables.Count < 8 && TryTake(','));
        if ((isList && !TryTake(')')) || !TryTake("=>"))
        {
            _at = start;
            return null;
        }

        return variables;
    }
}
