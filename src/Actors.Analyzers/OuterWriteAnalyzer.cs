using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Actors.Analyzers;

/// <summary>
/// ACT2005: a body that writes what is declared around it. Once its outcome is recorded the body is not entered again, and the write is missing in the next walk.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class OuterWriteAnalyzer : DiagnosticAnalyzer
{
    private static readonly ImmutableHashSet<string> Collections = ImmutableHashSet.Create(
        StringComparer.Ordinal,
        "List`1",
        "Dictionary`2",
        "HashSet`1",
        "SortedSet`1",
        "SortedDictionary`2",
        "SortedList`2",
        "LinkedList`1",
        "Queue`1",
        "Stack`1",
        "PriorityQueue`2",
        "ConcurrentBag`1",
        "ConcurrentDictionary`2",
        "ConcurrentQueue`1",
        "ConcurrentStack`1",
        "StringBuilder");

    private static readonly string[] Changes =
        ["Add", "Append", "Clear", "Dequeue", "Enqueue", "ExceptWith", "GetOrAdd", "Insert", "IntersectWith", "Pop", "Push", "Remove", "TryAdd", "TryDequeue", "TryPop", "TryRemove", "TryTake", "TryUpdate", "UnionWith"];

    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rules.OuterWrite];

    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(static start =>
        {
            if (FlowTypes.Find(start.Compilation) is not { } types)
            {
                return;
            }

            start.RegisterOperationAction(
                c => CheckTarget(c, types, ((IAssignmentOperation)c.Operation).Target),
                OperationKind.SimpleAssignment,
                OperationKind.CompoundAssignment,
                OperationKind.CoalesceAssignment,
                OperationKind.DeconstructionAssignment);
            start.RegisterOperationAction(
                c => CheckTarget(c, types, ((IIncrementOrDecrementOperation)c.Operation).Target),
                OperationKind.Increment,
                OperationKind.Decrement);
            start.RegisterOperationAction(c => CheckArgument(c, types), OperationKind.Argument);
            start.RegisterOperationAction(c => CheckCall(c, types), OperationKind.Invocation);
        });
    }

    private static void CheckArgument(OperationAnalysisContext context, FlowTypes types)
    {
        IArgumentOperation argument = (IArgumentOperation)context.Operation;
        if (argument.Parameter is not { RefKind: RefKind.Ref or RefKind.Out })
        {
            return;
        }

        // Interlocked says that the variable is known to be shared: with what is outside the run that is an observer's business, as in tests.
        bool isAtomic = argument.Parameter.ContainingSymbol.ContainingType is { Name: "Interlocked" or "Volatile", ContainingNamespace.Name: "Threading" };
        CheckTarget(context, types, argument.Value, onlyOfRun: isAtomic);
    }

    // list.Add(x) in a branch is the same mistake as total += x.
    private static void CheckCall(OperationAnalysisContext context, FlowTypes types)
    {
        IInvocationOperation call = (IInvocationOperation)context.Operation;
        if (call.Instance is { } instance
            && call.TargetMethod.ContainingType is { ContainingNamespace: { } space } type
            && Collections.Contains(type.MetadataName)
            && Changes.Any(c => call.TargetMethod.Name.StartsWith(c, StringComparison.Ordinal))
            && space.ToDisplayString() is "System.Collections.Generic" or "System.Collections.Concurrent" or "System.Text")
        {
            CheckTarget(context, types, instance, onlyOfRun: true);
        }
    }

    /// <param name="onlyOfRun">True: only variables that flow code itself declares, which are surely the run's own.</param>
    private static void CheckTarget(OperationAnalysisContext context, FlowTypes types, IOperation target, bool onlyOfRun = false)
    {
        switch (target)
        {
            case ITupleOperation tuple:
                foreach (IOperation element in tuple.Elements)
                {
                    CheckTarget(context, types, element, onlyOfRun);
                }

                return;
            case IConversionOperation conversion:
                CheckTarget(context, types, conversion.Operand, onlyOfRun);
                return;
            case ILocalReferenceOperation or IParameterReferenceOperation or IArrayElementReferenceOperation or IFieldReferenceOperation or IPropertyReferenceOperation:
                break;
            default:
                return;
        }

        Root root = Root.Of(target);
        if (root is { Variable: null, IsShared: false } || (onlyOfRun && !IsOfRun(context, types, root)))
        {
            return;
        }

        foreach ((IOperation body, _) in types.VerbBodiesAround(context.Operation, context.ContainingSymbol))
        {
            if (root.IsOutside(body))
            {
                context.ReportDiagnostic(Diagnostic.Create(Rules.OuterWrite, target.Syntax.GetLocation(), target.Syntax.ToString()));
                return;
            }
        }
    }

    private static bool IsOfRun(OperationAnalysisContext context, FlowTypes types, Root root)
    {
        if (root.Variable is null)
        {
            return false;
        }

        foreach ((IOperation? body, IMethodSymbol function) in FlowTypes.FunctionsAround(context.Operation, context.ContainingSymbol))
        {
            if (types.FlowContextOf(function) is not null && (body is null ? IsOfMember(root.Variable, context.ContainingSymbol) : !root.IsOutside(body)))
            {
                return true;
            }
        }

        return false;
    }

    // What a primary constructor declares is in the type's own syntax, not in the member's.
    private static bool IsOfMember(ISymbol variable, ISymbol member) => variable switch
    {
        ILocalSymbol => true,
        IParameterSymbol parameter => parameter.ContainingSymbol is not IMethodSymbol { MethodKind: MethodKind.Constructor }
                                      || SymbolEqualityComparer.Default.Equals(parameter.ContainingSymbol, member),
        _ => false,
    };
}
