using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Actors.Analyzers;

/// <summary>
/// ACT2006: a body that uses the context of a scope around it, by a verb or by handing it to a helper. What it does is then recorded in the wrong scope, or,
/// in the body of a step, done outside the flow.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class OuterContextAnalyzer : DiagnosticAnalyzer
{
    private const string InStep = "the body of a step runs outside the flow and more than once, so use verbs before or after it and hand values over as the step's input";

    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rules.OuterContext];

    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(static start =>
        {
            if (FlowTypes.Find(start.Compilation) is { } types)
            {
                start.RegisterOperationAction(
                    c => Check(c, types),
                    OperationKind.ParameterReference,
                    OperationKind.LocalReference,
                    OperationKind.FieldReference,
                    OperationKind.PropertyReference);
            }
        });
    }

    private static void Check(OperationAnalysisContext context, FlowTypes types)
    {
        IOperation reference = context.Operation;
        if (!types.IsFlowContext(reference.Type) || UseOf(reference) is not { } use)
        {
            return;
        }

        Root root = Root.Of(reference);
        IParameterSymbol? own = null;
        foreach ((IOperation? body, IMethodSymbol function) in FlowTypes.FunctionsAround(reference, context.ContainingSymbol))
        {
            if (body is null || !root.IsOutside(body))
            {
                break;
            }

            if (types.IsStepBody(function))
            {
                Report(context, DiagnosticSeverity.Error, InStep);
                return;
            }

            own ??= types.FlowContextOf(function);
        }

        // The time is the same in all scopes.
        if (own is not null && use != "Now")
        {
            string cure = own.Name is "_" or "" ? "name the context that this body is given, and use that" : $"use '{own.Name}', which this body is given";
            Report(context, DiagnosticSeverity.Warning, cure);
        }
    }

    private static void Report(OperationAnalysisContext context, DiagnosticSeverity severity, string cure) =>
        context.ReportDiagnostic(Diagnostic.Create(
            Rules.OuterContext,
            context.Operation.Syntax.GetLocation(),
            severity,
            additionalLocations: null,
            properties: null,
            context.Operation.Syntax.ToString(),
            cure));

    /// <returns>The member that is used, or the method that is given the context; null when it is only looked at, or only for the fixed facts of the run.</returns>
    private static string? UseOf(IOperation reference)
    {
        IOperation at = reference;
        while (at.Parent is IConversionOperation conversion)
        {
            at = conversion;
        }

        string? use = at.Parent switch
        {
            IArgumentOperation { Parent: IInvocationOperation call } => call.TargetMethod.Name,
            IArgumentOperation => "",
            IInvocationOperation call when call.Instance == at => call.TargetMethod.Name,
            IMemberReferenceOperation member when member.Instance == at => member.Member.Name,
            IConditionalAccessOperation access when access.Operation == at => "",
            _ => null,
        };
        return use == "Run" || FlowTypes.IsOnlyNamed(reference) ? null : use;
    }
}
