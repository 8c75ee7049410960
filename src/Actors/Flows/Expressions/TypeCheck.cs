namespace Actors.Flows;

/// <summary>What operators give, and which pairs of operands can never work. What only may not work is not told.</summary>
internal static class TypeCheck
{
    public static StaticType Result(string symbol, StaticType left, StaticType right) => symbol switch
    {
        "+" when left.IsOnly(TypeKinds.Text) && right.IsOnly(TypeKinds.Text) => StaticType.Text,
        "+" when left.May(TypeKinds.Text) && right.May(TypeKinds.Text) => StaticType.Of(TypeKinds.Numeric),
        "+" or "-" or "*" or "/" or "%" => StaticType.Number,
        _ => StaticType.Bool,
    };

    /// <summary>Null: it may work.</summary>
    public static (string Rule, string Message, string? Suggestion)? Fault(string symbol, StaticType left, StaticType right)
    {
        switch (symbol)
        {
            case "==" or "!=":
                return MayBeEqual(left, right) ? null
                    : (Rules.ImpossibleComparison, $"{Describe(left)} never equals {Describe(right)}: this is always {(symbol == "==" ? "false" : "true")}", null);
            case "<" or "<=" or ">" or ">=":
                return IsOrdered(left, right) ? null : (Rules.ImpossibleComparison, $"'{symbol}' cannot compare {Describe(left)} with {Describe(right)}", null);
            case "in":
                return MayContain(right, left);
            case "+" when left.May(TypeKinds.Text) && right.May(TypeKinds.Text):
                return null;
            default:
                bool isJoin = symbol == "+" && (left.Constant.AsText is not null || right.Constant.AsText is not null);
                return left.MayBeNumber && right.MayBeNumber ? null
                    : (Rules.WrongOperand, $"'{symbol}' needs two numbers, but has {Describe(left)} and {Describe(right)}", isJoin ? "To join texts write \"${a}${b}\"." : null);
        }
    }

    private static bool MayBeEqual(StaticType left, StaticType right)
    {
        // Null is asked for wherever something may be missing.
        if (left.May(right.Kinds) || left.May(TypeKinds.Null) || right.May(TypeKinds.Null))
        {
            return true;
        }

        return (left.May(TypeKinds.Number) && right.May(TypeKinds.Text) && right.MayBeNumber) || (left.May(TypeKinds.Text) && right.May(TypeKinds.Number) && left.MayBeNumber);
    }

    private static bool IsOrdered(StaticType left, StaticType right) =>
        left.May(TypeKinds.Numeric) && right.May(TypeKinds.Numeric)
        && ((left.May(TypeKinds.Text) && right.May(TypeKinds.Text)) || (left.MayBeNumber && right.MayBeNumber));

    private static (string, string, string?)? MayContain(StaticType container, StaticType part)
    {
        if (!container.May(TypeKinds.List | TypeKinds.Object | TypeKinds.Text | TypeKinds.Null))
        {
            return (Rules.WrongOperand, $"{Describe(container)} contains nothing: 'in' needs a list, an object or a text on its right", null);
        }

        bool may = container.May(TypeKinds.Null)
            || (container.May(TypeKinds.List) && MayBeEqual(part, container.Item))
            || (container.May(TypeKinds.Object) && part.May(TypeKinds.Text))
            || (container.May(TypeKinds.Text) && part.May(TypeKinds.Numeric));
        return may ? null : (Rules.ImpossibleComparison, $"{Describe(container)} never contains {Describe(part)}", null);
    }

    private static string Describe(StaticType type) => type.Constant.AsText is { } text ? $"the text '{Text.Shorten(text, 40)}'"
        : type.Constant.AsNumber is not null ? $"the number {type.Constant}"
        : type.Name;
}
