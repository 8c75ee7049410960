using System.Text.Json;
using Actors.Flows;

namespace Actors.Cli.Flows;

/// <summary>
/// Findings that are known and not told. A finding is known by its rule, its file and what stands in its line, so that it stays known when the line moves; of equal ones, as many as were written.
/// </summary>
internal sealed class Baseline
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string _folder;
    private readonly Dictionary<Entry, int> _left = [];

    private Baseline(string path) => _folder = Path.GetDirectoryName(Path.GetFullPath(path))!;

    /// <summary>How many findings of the file were not asked for.</summary>
    public int Gone => _left.Values.Sum();

    /// <exception cref="CliException">There is no such file, or it is none of ours.</exception>
    public static Baseline Read(string path)
    {
        Baseline baseline = new(path);
        try
        {
            Document? document = JsonSerializer.Deserialize<Document>(File.ReadAllText(path), Json);
            if (document is not { Version: 1, Findings: not null } || document.Findings.Any(f => f is not { Rule: not null, File: not null, Line: not null, Count: > 0 }))
            {
                throw new CliException($"'{path}' is not a baseline of version 1. Write a new one with --update-baseline.", ExitCodes.CannotTell);
            }

            foreach (Finding finding in document.Findings)
            {
                Entry entry = new(finding.Rule, finding.File, finding.Line);
                baseline._left[entry] = baseline._left.GetValueOrDefault(entry) + finding.Count;
            }

            return baseline;
        }
        catch (JsonException e)
        {
            throw new CliException($"{path}({e.LineNumber + 1},{e.BytePositionInLine + 1}): this is not the JSON of a baseline. Write a new one with --update-baseline.", ExitCodes.CannotTell);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException($"There is no baseline '{path}'. Write it with --update-baseline.", ExitCodes.Usage);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"The baseline cannot be read: {e.Message}", ExitCodes.CannotTell);
        }
    }

    /// <returns>How many findings were written.</returns>
    public static int Write(string path, IEnumerable<FlowProblem> problems, SourceLines lines)
    {
        Baseline baseline = new(path);
        Finding[] findings = [.. problems.Where(CanBeKnown).GroupBy(problem => baseline.EntryOf(problem, lines))
            .OrderBy(group => group.Key.File, StringComparer.Ordinal).ThenBy(group => group.Key.Rule, StringComparer.Ordinal).ThenBy(group => group.Key.Line, StringComparer.Ordinal)
            .Select(group => new Finding(group.Key.Rule, group.Key.File, group.Key.Line, group.Count()))];
        try
        {
            File.WriteAllText(path, JsonSerializer.Serialize(new Document(1, findings), Json) + "\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"The baseline cannot be written: {e.Message}");
        }

        return findings.Sum(finding => finding.Count);
    }

    /// <summary>True for a finding that is in the file; each one in the file is found once.</summary>
    public bool Knows(FlowProblem problem, SourceLines lines)
    {
        Entry entry = EntryOf(problem, lines);
        if (!CanBeKnown(problem) || _left.GetValueOrDefault(entry) == 0)
        {
            return false;
        }

        _left[entry]--;
        return true;
    }

    // Of a file that cannot be read as YAML nothing is known.
    private static bool CanBeKnown(FlowProblem problem) => !problem.RuleId.StartsWith("ACT10", StringComparison.Ordinal);

    private Entry EntryOf(FlowProblem problem, SourceLines lines) =>
        new(problem.RuleId, Path.GetRelativePath(_folder, Path.GetFullPath(problem.File)).Replace('\\', '/'), lines.Hash(problem));

    private readonly record struct Entry(string Rule, string File, string Line);

    /// <param name="Line">The hash of the line's text.</param>
    private sealed record Finding(string Rule, string File, string Line, int Count);

    private sealed record Document(int Version, Finding[] Findings);
}
