namespace Actors.Flows;

/// <summary>A rule that flow files are checked by.</summary>
/// <param name="Id">ACT and four digits; never given another meaning.</param>
/// <param name="Title">What is wrong, in a few words.</param>
/// <param name="Severity">How it is told, where a problem does not say otherwise.</param>
/// <param name="Explanation">One paragraph: what is wrong, why it matters, and what to do.</param>
/// <param name="Wrong">A flow file that breaks the rule. A line <c>--- # name.yaml</c> begins another file.</param>
/// <param name="Right">The same without the problem.</param>
public sealed record FlowRule(string Id, string Title, FlowProblemSeverity Severity, string Explanation, string Wrong, string Right);

/// <summary>All rules.</summary>
public static partial class FlowRules
{
    private static readonly Lazy<Dictionary<string, FlowRule>> ById = new(() => All!.ToDictionary(rule => rule.Id, StringComparer.Ordinal));

    /// <summary>By id.</summary>
    public static IReadOnlyList<FlowRule> All { get; } = [.. ((FlowRule[])[.. Files, .. Roots, .. Steps, .. Expressions, .. Schemas, .. Checks, .. More]).OrderBy(rule => rule.Id, StringComparer.Ordinal)];

    /// <summary>Null when there is no such rule.</summary>
    public static FlowRule? Find(string id) => ById.Value.GetValueOrDefault(id);

    private static FlowRule Error(string id, string title, string explanation, string wrong, string right) =>
        new(id, title, FlowProblemSeverity.Error, explanation, wrong, right);

    private static FlowRule Warning(string id, string title, string explanation, string wrong, string right) =>
        new(id, title, FlowProblemSeverity.Warning, explanation, wrong, right);

    // Steps under the head of a flow.
    private static string Flow(string steps) => "flow: example\nsteps:\n  " + steps.ReplaceLineEndings("\n").Replace("\n", "\n  ", StringComparison.Ordinal);
}
