using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Actors.Analyzers;

/// <summary>ACT2007: a verb, or a helper that is given a context, whose task nobody keeps; also where the compiler says nothing: in a discard and outside async methods.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class NotAwaitedAnalyzer : DiagnosticAnalyzer
{
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rules.NotAwaited];

    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(static start =>
        {
            if (FlowTypes.Find(start.Compilation) is { } types
                && start.Compilation.GetTypeByMetadataName("System.Threading.Tasks.Task") is { } task)
            {
                start.RegisterOperationAction(c => Check(c, types, task), OperationKind.ExpressionStatement);
            }
        });
    }

    private static void Check(OperationAnalysisContext context, FlowTypes types, INamedTypeSymbol task)
    {
        IOperation? value = ((IExpressionStatementOperation)context.Operation).Operation;
        if (value is ISimpleAssignmentOperation { Target: IDiscardOperation } discard)
        {
            value = discard.Value;
        }

        while (value is IConversionOperation or IConditionalAccessOperation)
        {
            value = value is IConversionOperation conversion ? conversion.Operand : ((IConditionalAccessOperation)value).WhenNotNull;
        }

        // Outside flow code, what is given a context may be the engine, or a test.
        if (value is IInvocationOperation call
            && IsTask(call.Type, task)
            && types.UsesVerbs(call.TargetMethod)
            && (types.IsFlowContext(call.TargetMethod.ContainingType) || types.IsInFlowCode(call, context.ContainingSymbol)))
        {
            context.ReportDiagnostic(Diagnostic.Create(Rules.NotAwaited, call.Syntax.GetLocation(), call.TargetMethod.Name));
        }
    }

    private static bool IsTask(ITypeSymbol? type, INamedTypeSymbol task) =>
        SymbolEqualityComparer.Default.Equals(type, task) || SymbolEqualityComparer.Default.Equals(type?.BaseType, task);
}
