using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Actors.Analyzers;

/// <summary>
/// Tells flow code from other code. Flow code is every method, local function and lambda with an <c>IFlowContext</c> among its parameters (so <c>Flow.RunAsync</c> too),
/// and what is nested in it; the body of a step, which has an <c>IStepContext</c> among its parameters, is free again.
/// </summary>
internal sealed class FlowTypes
{
    private readonly INamedTypeSymbol _flowContext;
    private readonly INamedTypeSymbol? _stepContext;

    private FlowTypes(INamedTypeSymbol flowContext, INamedTypeSymbol? stepContext)
    {
        _flowContext = flowContext;
        _stepContext = stepContext;
    }

    /// <returns>Null when the compilation knows no flows.</returns>
    public static FlowTypes? Find(Compilation compilation) =>
        compilation.GetTypeByMetadataName("Actors.IFlowContext") is { } flowContext
            ? new FlowTypes(flowContext, compilation.GetTypeByMetadataName("Actors.IStepContext"))
            : null;

    public bool IsFlowContext(ITypeSymbol? type) => Is(type, _flowContext);

    /// <summary>A verb, one of its short forms, or a helper that is given a context to use them.</summary>
    public bool UsesVerbs(IMethodSymbol method) =>
        IsFlowContext(method.ContainingType) || method.Parameters.Any(p => IsFlowContext(p.Type));

    public IParameterSymbol? FlowContextOf(IMethodSymbol? function) => function?.Parameters.FirstOrDefault(p => IsFlowContext(p.Type));

    public bool IsStepBody(IMethodSymbol? function) =>
        _stepContext is not null && function is not null && function.Parameters.Any(p => Is(p.Type, _stepContext));

    /// <summary>True when the operation is in flow code and not in the body of a step.</summary>
    public bool IsInFlowCode(IOperation operation, ISymbol member)
    {
        foreach ((_, IMethodSymbol function) in FunctionsAround(operation, member))
        {
            if (IsStepBody(function))
            {
                return false;
            }

            if (FlowContextOf(function) is not null)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The lambdas and local functions around an operation that are bodies of verbs, from the inside: each has a context among its parameters and is nested in flow code
    /// or handed to a verb. A local function with a flow context is none, because it may just as well be called.
    /// </summary>
    public IEnumerable<(IOperation Body, bool OfStep)> VerbBodiesAround(IOperation operation, ISymbol member)
    {
        foreach ((IOperation? body, IMethodSymbol function) in FunctionsAround(operation, member))
        {
            if (body is null)
            {
                yield break;
            }

            bool ofStep = IsStepBody(function);
            bool isVerbs = ofStep || (body is IAnonymousFunctionOperation && FlowContextOf(function) is not null);
            if (isVerbs && (IsNestedInFlowCode(body, member) || IsGivenToVerb(body)))
            {
                yield return (body, ofStep);
            }
        }
    }

    /// <summary>From the inside; the last is the member itself, without an operation, when it is a method.</summary>
    public static IEnumerable<(IOperation? Body, IMethodSymbol Function)> FunctionsAround(IOperation operation, ISymbol member)
    {
        for (IOperation? at = operation; at is not null; at = at.Parent)
        {
            switch (at)
            {
                case IAnonymousFunctionOperation lambda:
                    yield return (lambda, lambda.Symbol);
                    break;
                case ILocalFunctionOperation local:
                    yield return (local, local.Symbol);
                    break;
            }
        }

        if (member is IMethodSymbol method)
        {
            yield return (null, method);
        }
    }

    /// <summary>True in <c>nameof</c>, where nothing is evaluated.</summary>
    public static bool IsOnlyNamed(IOperation operation)
    {
        for (IOperation? at = operation.Parent; at is not null; at = at.Parent)
        {
            switch (at)
            {
                case INameOfOperation:
                    return true;
                case IExpressionStatementOperation or IBlockOperation or IAnonymousFunctionOperation:
                    return false;
            }
        }

        return false;
    }

    private bool IsNestedInFlowCode(IOperation body, ISymbol member) =>
        body.Parent is { } parent && FunctionsAround(parent, member).Any(f => FlowContextOf(f.Function) is not null);

    private bool IsGivenToVerb(IOperation body)
    {
        IOperation? at = body.Parent;
        while (at is IDelegateCreationOperation or IConversionOperation)
        {
            at = at.Parent;
        }

        return at is IArgumentOperation { Parent: IInvocationOperation call } && UsesVerbs(call.TargetMethod);
    }

    private static bool Is(ITypeSymbol? type, INamedTypeSymbol wanted) =>
        type is not null
        && (SymbolEqualityComparer.Default.Equals(type, wanted) || type.AllInterfaces.Contains(wanted, SymbolEqualityComparer.Default));
}
