using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Actors.Analyzers;

/// <summary>ACT2001 to ACT2004: flow code that is not a pure computation over what its verbs gave it.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class FlowCodeAnalyzer : DiagnosticAnalyzer
{
    private const int ContinueOnCapturedContext = 1;

    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        [Rules.First, Rules.Chance, Rules.Outside, Rules.InputOutput];

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

            ForbiddenMembers forbidden = new(start.Compilation);
            start.RegisterOperationAction(
                c => Check(c, types, forbidden),
                OperationKind.Invocation,
                OperationKind.MethodReference,
                OperationKind.PropertyReference,
                OperationKind.ObjectCreation);
        });
    }

    private static void Check(OperationAnalysisContext context, FlowTypes types, ForbiddenMembers forbidden)
    {
        ISymbol? member = context.Operation switch
        {
            IInvocationOperation call => call.TargetMethod,
            IMemberReferenceOperation reference => reference.Member,
            IObjectCreationOperation creation => creation.Constructor,
            _ => null,
        };
        if (member?.ContainingType is null)
        {
            return;
        }

        DiagnosticDescriptor? rule = forbidden.Find(member);
        if (rule is null && context.Operation is IInvocationOperation configured && LeavesContext(configured))
        {
            rule = Rules.Outside;
        }

        if (rule is null || !types.IsInFlowCode(context.Operation, context.ContainingSymbol) || FlowTypes.IsOnlyNamed(context.Operation))
        {
            return;
        }

        context.ReportDiagnostic(Diagnostic.Create(rule, LocationOf(context.Operation.Syntax), NameOf(member)));
    }

    /// <summary>True for <c>ConfigureAwait(false)</c> on a task, an async sequence or an async disposable.</summary>
    private static bool LeavesContext(IInvocationOperation call)
    {
        if (call.TargetMethod is not { Name: "ConfigureAwait", ContainingNamespace: { } space } || !space.ToDisplayString().StartsWith("System.Threading.Tasks", StringComparison.Ordinal))
        {
            return false;
        }

        return call.Arguments.LastOrDefault()?.Value.ConstantValue switch
        {
            { HasValue: true, Value: bool continues } => !continues,
            { HasValue: true, Value: int options } => (options & ContinueOnCapturedContext) == 0,
            _ => false,
        };
    }

    // Of a chain of calls only the last link, from where its own name begins.
    private static Location LocationOf(SyntaxNode syntax) => syntax switch
    {
        InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Expression: InvocationExpressionSyntax } access } => access.Name.GetLocation(),
        InvocationExpressionSyntax call => call.Expression.GetLocation(),
        _ => syntax.GetLocation(),
    };

    private static string NameOf(ISymbol member) => member switch
    {
        IMethodSymbol { MethodKind: MethodKind.Constructor } => $"new {member.ContainingType.Name}",
        IMethodSymbol { Name: "ConfigureAwait" } => "ConfigureAwait(false)",
        _ => $"{member.ContainingType.Name}.{member.Name}",
    };
}
