using Microsoft.CodeAnalysis;

namespace Actors.Analyzers;

/// <summary>What flow authors are told. A message says what is wrong, why, and what to write instead.</summary>
internal static class Rules
{
    private const string Category = "Actors.Flows";

    public static readonly DiagnosticDescriptor First = new(
        "ACT2001",
        "The first task to end is chosen outside the journal",
        "'{0}' chooses by what happens to end first, and another walk may choose otherwise: use ctx.Any, which records its winner",
        Category,
        DiagnosticSeverity.Error,
        isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor Chance = new(
        "ACT2002",
        "Clock, chance or id that differs in the next walk",
        "'{0}' gives another value in each walk of the flow: use ctx.Now, ctx.NewId() or ctx.Random, or get the value in the body of a step",
        Category,
        DiagnosticSeverity.Error,
        isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor Outside = new(
        "ACT2003",
        "Leaves the flow's thread or waits outside the journal",
        "'{0}' leaves the flow's thread or waits for what is not recorded: await a verb, use ctx.Sleep to wait, or do it in the body of a step",
        Category,
        DiagnosticSeverity.Error,
        isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor InputOutput = new(
        "ACT2004",
        "Input or output outside a step",
        "'{0}' acts outside the flow, and would again in each walk: do it in the body of a step",
        Category,
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor OuterWrite = new(
        "ACT2005",
        "Writes what belongs to an outer scope inside a verb's body",
        "'{0}' belongs to an outer scope, and this body is not entered again once its outcome is recorded: return the value, or use ctx.State in flow code",
        Category,
        DiagnosticSeverity.Error,
        isEnabledByDefault: true);

    /// <summary>A warning in the body of a composite; reported as an error in the body of a step, where no context may be used at all.</summary>
    public static readonly DiagnosticDescriptor OuterContext = new(
        "ACT2006",
        "Context of an outer scope inside a verb's body",
        "'{0}' is the context of an outer scope: {1}",
        Category,
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor NotAwaited = new(
        "ACT2007",
        "Task of a verb neither awaited nor kept",
        "The task of '{0}' is neither awaited nor kept, so that its failure is lost and the run may end before it: await it, now or later",
        Category,
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true);
}
