namespace Actors.Flows;

/// <summary>What an expression begins with: the name, and the field of it when that is known. <c>inputs.total.net</c> is <c>inputs</c> and <c>total</c>.</summary>
/// <param name="Field">Null: all of it, or a field that is computed.</param>
internal readonly record struct Reference(string Root, string? Field)
{
    /// <summary>In order of appearance, as often as they are there. Variables of functions and of <c>{{#each}}</c> are not among them.</summary>
    public static IEnumerable<Reference> Of(Expression tree)
    {
        switch (tree)
        {
            case VariableExpression variable:
                yield return new Reference(variable.Name, null);
                break;
            case RootExpression root:
                yield return new Reference(root.Name, null);
                break;
            case EnvironmentExpression variable:
                yield return new Reference("env", variable.Name);
                break;
            case SecretExpression secret:
                yield return new Reference("secrets", secret.Name);
                break;
        }

        IEnumerable<Expression> parts = tree.Parts;
        if (tree is AccessExpression { FirstField: { } field, Target: VariableExpression or RootExpression } access)
        {
            yield return new Reference(access.Target is VariableExpression variable ? variable.Name : ((RootExpression)access.Target).Name, field);
            parts = parts.Skip(1);
        }

        foreach (Expression part in parts)
        {
            foreach (Reference reference in Of(part))
            {
                yield return reference;
            }
        }
    }
}
