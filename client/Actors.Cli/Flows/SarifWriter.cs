using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using Actors.Flows;

namespace Actors.Cli.Flows;

/// <summary>Writes findings as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), which code scanners and editors read.</summary>
internal static class SarifWriter
{
    private const string Root = "%SRCROOT%";

    /// <param name="known">Findings of the baseline.</param>
    public static void Write(TextWriter output, FlowCheck check, SourceLines lines, IReadOnlyList<FlowProblem> told, IReadOnlyList<FlowProblem> known)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
            json.WriteString("version", "2.1.0");
            json.WriteStartArray("runs");
            json.WriteStartObject();
            Tool(json);
            json.WriteString("columnKind", "utf16CodeUnits");
            json.WriteStartArray("invocations");
            json.WriteStartObject();
            json.WriteBoolean("executionSuccessful", true);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteStartArray("results");
            Dictionary<string, int> rules = FlowRules.All.Select((rule, i) => (rule.Id, i)).ToDictionary(pair => pair.Id, pair => pair.i, StringComparer.Ordinal);
            foreach ((FlowProblem problem, string? suppression) in told.Select(p => (p, (string?)null))
                .Concat(check.Ignored.Select(p => (p, (string?)"inSource")))
                .Concat(known.Select(p => (p, (string?)"external"))))
            {
                Result(json, problem, suppression, lines, rules);
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        output.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private static void Tool(Utf8JsonWriter json)
    {
        json.WriteStartObject("tool");
        json.WriteStartObject("driver");
        json.WriteString("name", "actors");
        json.WriteString("semanticVersion", typeof(SarifWriter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0");
        json.WriteStartArray("rules");
        foreach (FlowRule rule in FlowRules.All)
        {
            json.WriteStartObject();
            json.WriteString("id", rule.Id);
            Message(json, "shortDescription", rule.Title);
            Message(json, "fullDescription", rule.Explanation);
            json.WriteStartObject("help");
            json.WriteString("text", SafeText.Lines($"{rule.Explanation}\n\nWrong:\n{rule.Wrong}\n\nRight:\n{rule.Right}"));
            json.WriteString("markdown", SafeText.Lines($"{rule.Explanation}\n\nWrong:\n\n```yaml\n{rule.Wrong}\n```\n\nRight:\n\n```yaml\n{rule.Right}\n```"));
            json.WriteEndObject();
            json.WriteStartObject("defaultConfiguration");
            json.WriteString("level", Level(rule.Severity));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Result(Utf8JsonWriter json, FlowProblem problem, string? suppression, SourceLines lines, Dictionary<string, int> rules)
    {
        json.WriteStartObject();
        json.WriteString("ruleId", problem.RuleId);
        if (rules.TryGetValue(problem.RuleId, out int index))
        {
            json.WriteNumber("ruleIndex", index);
        }

        json.WriteString("level", Level(problem.Severity));
        Message(json, "message", problem.Suggestion is null ? problem.Message + "." : $"{problem.Message}. {problem.Suggestion}");
        json.WriteStartArray("locations");
        json.WriteStartObject();
        json.WriteStartObject("physicalLocation");
        Artifact(json, problem.File);
        json.WriteStartObject("region");
        json.WriteNumber("startLine", problem.Line);
        json.WriteNumber("startColumn", problem.Column);
        json.WriteNumber("endLine", problem.Line);
        json.WriteNumber("endColumn", Math.Max(problem.EndColumn, problem.Column));
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("partialFingerprints");
        json.WriteString("primaryLocationLineHash", lines.Hash(problem));
        json.WriteEndObject();
        if (suppression is not null)
        {
            json.WriteStartArray("suppressions");
            json.WriteStartObject();
            json.WriteString("kind", suppression);
            json.WriteString("status", "accepted");
            json.WriteEndObject();
            json.WriteEndArray();
        }

        if (problem.Fix is { } fix && lines.Has(problem.File))
        {
            Fix(json, problem.File, fix, lines);
        }

        json.WriteEndObject();
    }

    private static void Fix(Utf8JsonWriter json, string file, FlowFix fix, SourceLines lines)
    {
        json.WriteStartArray("fixes");
        json.WriteStartObject();
        Message(json, "description", fix.Title + ".");
        json.WriteStartArray("artifactChanges");
        json.WriteStartObject();
        Artifact(json, file);
        json.WriteStartArray("replacements");
        foreach (FlowEdit edit in fix.Edits)
        {
            json.WriteStartObject();
            json.WriteStartObject("deletedRegion");
            Place(json, "start", lines.Locate(file, edit.Start));
            Place(json, "end", lines.Locate(file, edit.Start + edit.Length));
            json.WriteEndObject();
            json.WriteStartObject("insertedContent");
            json.WriteString("text", edit.Replacement);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void Place(Utf8JsonWriter json, string which, (int Line, int Column) place)
    {
        json.WriteNumber(which + "Line", place.Line);
        json.WriteNumber(which + "Column", place.Column);
    }

    private static void Artifact(Utf8JsonWriter json, string file)
    {
        json.WriteStartObject("artifactLocation");
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, Path.GetFullPath(file));
        if (Path.IsPathRooted(relative))
        {
            json.WriteString("uri", new Uri(relative).AbsoluteUri);
        }
        else
        {
            json.WriteString("uri", string.Join('/', relative.Split(Path.DirectorySeparatorChar).Select(Uri.EscapeDataString)));
            json.WriteString("uriBaseId", Root);
        }

        json.WriteEndObject();
    }

    private static void Message(Utf8JsonWriter json, string name, string text)
    {
        json.WriteStartObject(name);
        json.WriteString("text", SafeText.Line(text));
        json.WriteEndObject();
    }

    private static string Level(FlowProblemSeverity severity) => severity == FlowProblemSeverity.Error ? "error" : "warning";
}
