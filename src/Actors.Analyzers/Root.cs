using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Actors.Analyzers;

/// <summary>Where an expression such as <c>a.B[0].C</c> begins: whose it is.</summary>
internal readonly struct Root
{
    private Root(ISymbol? variable, bool isShared)
    {
        Variable = variable;
        IsShared = isShared;
    }

    /// <summary>The local or parameter that it begins with.</summary>
    public ISymbol? Variable { get; }

    /// <summary>True when it begins with <c>this</c> or a static member.</summary>
    public bool IsShared { get; }

    /// <summary>True when it is surely not declared in this body; what a call gave is anybody's.</summary>
    public bool IsOutside(IOperation body) => IsShared || (Variable is not null && !IsDeclaredIn(Variable, body.Syntax));

    public static Root Of(IOperation? expression)
    {
        while (true)
        {
            switch (expression)
            {
                case ILocalReferenceOperation local:
                    return new Root(local.Local, isShared: false);
                case IParameterReferenceOperation parameter:
                    return new Root(parameter.Parameter, isShared: false);
                case IInstanceReferenceOperation instance:
                    return new Root(null, isShared: instance.ReferenceKind == InstanceReferenceKind.ContainingTypeInstance);
                case IMemberReferenceOperation { Instance: null, Member: IFieldSymbol or IPropertySymbol }:
                    return new Root(null, isShared: true);
                case IMemberReferenceOperation member:
                    expression = member.Instance;
                    break;
                case IArrayElementReferenceOperation element:
                    expression = element.ArrayReference;
                    break;
                case IConversionOperation conversion:
                    expression = conversion.Operand;
                    break;
                case IConditionalAccessInstanceOperation:
                    expression = ReceiverOf(expression);
                    break;
                default:
                    return default;
            }
        }
    }

    private static IOperation? ReceiverOf(IOperation placeholder)
    {
        IOperation inner = placeholder;
        for (IOperation? at = placeholder.Parent; at is not null; inner = at, at = at.Parent)
        {
            if (at is IConditionalAccessOperation access && access.WhenNotNull == inner)
            {
                return access.Operation;
            }
        }

        return null;
    }

    private static bool IsDeclaredIn(ISymbol variable, SyntaxNode body)
    {
        foreach (SyntaxReference declaration in variable.DeclaringSyntaxReferences)
        {
            if (declaration.SyntaxTree == body.SyntaxTree && body.Span.Contains(declaration.Span))
            {
                return true;
            }
        }

        return false;
    }
}
