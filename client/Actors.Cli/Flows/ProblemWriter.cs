using System.Text.Encodings.Web;
using System.Text.Json;
using Actors.Flows;

namespace Actors.Cli.Flows;

/// <summary>Writes findings for people, builds and programs.</summary>
internal static class ProblemWriter
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Text(TextWriter output, IEnumerable<FlowProblem> problems)
    {
        foreach (FlowProblem problem in problems)
        {
            output.WriteLine(Safe(problem).ToString());
            output.WriteLine();
        }
    }

    /// <summary>One line each, as MSBuild and editors understand them.</summary>
    public static void MSBuild(TextWriter output, IEnumerable<FlowProblem> problems)
    {
        foreach (FlowProblem p in problems.Select(Safe))
        {
            output.WriteLine($"{p.File}({p.Line},{p.Column}): {Severity(p.Severity)} {p.RuleId}: {p.Message}{(p.Suggestion is null ? "" : ". " + p.Suggestion)}");
        }
    }

    public static void AsJson(TextWriter output, IEnumerable<FlowProblem> problems) =>
        output.WriteLine(JsonSerializer.Serialize(
            problems.Select(p => new
            {
                rule = p.RuleId,
                severity = Severity(p.Severity),
                file = p.File,
                line = p.Line,
                column = p.Column,
                endColumn = p.EndColumn,
                message = SafeText.Line(p.Message),
                suggestion = p.Suggestion is null ? null : SafeText.Line(p.Suggestion),
                fix = p.Fix?.Title,
            }),
            Json));

    public static void Rules(TextWriter output, bool json)
    {
        if (json)
        {
            output.WriteLine(JsonSerializer.Serialize(
                FlowRules.All.Select(rule => new { id = rule.Id, title = rule.Title, severity = Severity(rule.Severity), explanation = rule.Explanation, wrong = rule.Wrong, right = rule.Right }), Json));
            return;
        }

        foreach (FlowRule rule in FlowRules.All)
        {
            output.WriteLine($"{rule.Id}  {Severity(rule.Severity),-7}  {rule.Title}");
        }
    }

    public static void Explain(TextWriter output, FlowRule rule)
    {
        output.WriteLine($"{rule.Id}: {rule.Title} ({Severity(rule.Severity)})");
        output.WriteLine();
        output.WriteLine(rule.Explanation);
        foreach ((string title, string example) in ((string, string)[])[("Wrong", rule.Wrong), ("Right", rule.Right)])
        {
            output.WriteLine();
            output.WriteLine(title + ":");
            output.WriteLine();
            foreach (string line in example.Split('\n'))
            {
                output.WriteLine(("    " + SafeText.Line(Short(line))).TrimEnd());
            }
        }
    }

    private static string Short(string line) => line.Length <= 400 ? line : line[..399] + "…";

    public static FlowProblem Safe(FlowProblem p) => p with
    {
        File = SafeText.Line(p.File),
        Message = SafeText.Line(p.Message),
        Suggestion = p.Suggestion is null ? null : SafeText.Line(p.Suggestion),
        Excerpt = SafeText.Lines(p.Excerpt),
    };

    private static string Severity(FlowProblemSeverity severity) => severity == FlowProblemSeverity.Error ? "error" : "warning";
}
