namespace Actors.Flows;

/// <summary>How flow files are checked.</summary>
public sealed record FlowCheckOptions
{
    /// <summary>The tasks that steps may call, and the kinds of steps beside those of the language.</summary>
    public TaskRegistry Tasks { get; init; } = new();

    /// <summary>False: a task that is not registered is no problem. For checking files where the tasks are not at hand.</summary>
    public bool ChecksTasks { get; init; } = true;

    /// <summary>Flows that stand in no file and may be called; null: none.</summary>
    public FlowRegistry? Flows { get; init; }
}

/// <summary>A file that was checked.</summary>
/// <param name="Name">The flow's name; null when it could not be read.</param>
/// <param name="IsGiven">False: it was found because another file calls its flow.</param>
/// <param name="Text">What stands in it, with its line ends and byte order mark; null when it is no text.</param>
public sealed record CheckedFlow(string File, string? Name, bool IsGiven, string? Text);

/// <summary>What a check has found.</summary>
/// <param name="Files">Those that were given, then those that they call.</param>
/// <param name="Problems">By file, line and column.</param>
/// <param name="Ignored">What comments in the files ignore, in the same order.</param>
public sealed record FlowCheck(IReadOnlyList<CheckedFlow> Files, IReadOnlyList<FlowProblem> Problems, IReadOnlyList<FlowProblem> Ignored)
{
    /// <summary>True: a file has more errors than are told.</summary>
    public bool HasMore { get; init; }

    /// <summary>True: a file has more warnings than are told.</summary>
    public bool HasMoreWarnings { get; init; }

    public int Errors => Problems.Count(problem => problem.Severity == FlowProblemSeverity.Error);

    public int Warnings => Problems.Count - Errors;
}

/// <summary>Checks flow files without running or registering anything.</summary>
public static class FlowChecker
{
    /// <summary>
    /// Checks files and folders, each file once, and the flows that they call. A flow that is in none of them is looked for beside the file that calls it and in the
    /// three folders above, as <c>name/flow.yaml</c> or <c>name.yaml</c>: where it is found when flows are loaded.
    /// </summary>
    /// <exception cref="FileNotFoundException">There is no such file or folder.</exception>
    public static FlowCheck Check(IReadOnlyList<string> paths, FlowCheckOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return Check(paths, options ?? new FlowCheckOptions(), new Dictionary<string, string>());
    }

    /// <param name="changed">Texts that stand for what is in files, by the files' names.</param>
    internal static FlowCheck Check(IReadOnlyList<string> paths, FlowCheckOptions options, IReadOnlyDictionary<string, string> changed)
    {
        FlowFileSet files = new(name => options.Flows?.Find(name) is not null, changed);
        List<FlowProblem> problems = [];
        foreach (string path in paths)
        {
            try
            {
                files.AddAll(FlowFileSet.Find(path));
            }
            catch (FlowSyntaxException e)
            {
                problems.AddRange(e.Problems);
            }
        }

        return Check(files, options, problems);
    }

    /// <summary>Checks one text as if it stood in a file.</summary>
    /// <param name="file">The file's name, for messages; flows that it calls are looked for beside it.</param>
    public static FlowCheck CheckText(string text, string file, FlowCheckOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentException.ThrowIfNullOrEmpty(file);
        options ??= new FlowCheckOptions();
        FlowFileSet files = new(name => options.Flows?.Find(name) is not null, new Dictionary<string, string> { [file] = text });
        files.AddAll([file]);
        return Check(files, options, []);
    }

    /// <param name="problems">What has been found already.</param>
    private static FlowCheck Check(FlowFileSet files, FlowCheckOptions options, List<FlowProblem> problems)
    {
        files.AddSubflows();
        problems.AddRange(files.Problems);
        IReadOnlyDictionary<string, FlowReading> byName = files.Read(options.Tasks, options.ChecksTasks);
        FlowReading[] readings = [.. files.Flows.Select(file => file.Reading).OfType<FlowReading>()];
        Dictionary<FlowReading, List<FlowProblem>> found = new(ReferenceEqualityComparer.Instance);
        foreach (FlowReading reading in readings)
        {
            found.Add(reading, [.. reading.Found]);
        }

        HashSet<string> broken = [.. files.Flows.Where(file => file.Reading is { Document: null }).Select(file => file.Name).OfType<string>()];
        SubflowCheck.Run(readings, broken, name => options.Flows?.Find(name), (flow, problem) => found[flow].Add(problem));
        List<FlowProblem> ignored = [];
        foreach (FlowReading reading in readings)
        {
            (IReadOnlyList<FlowProblem> told, IReadOnlyList<FlowProblem> hidden) =
                IgnoreComments.Apply(WithoutSecrets(found[reading]), reading.Source, isYaml: reading.Root is not null, isRead: reading.Document is not null);
            FixFinder fixes = new(reading, options.Tasks.Names, byName.Keys);
            problems.AddRange(told.Select(problem => fixes.Find(problem) is { } fix ? problem with { Fix = fix } : problem));
            ignored.AddRange(hidden);
        }

        CheckedFlow[] flows = [.. files.Flows.OrderByDescending(file => file.IsGiven).Select(file => new CheckedFlow(file.Path, file.Reading?.Document?.Name, file.IsGiven, file.Text))];
        return new FlowCheck(flows, Sorted(problems), Sorted(ignored))
        {
            HasMore = readings.Any(reading => reading.HasMore),
            HasMoreWarnings = readings.Any(reading => reading.HasMoreWarnings),
        };
    }

    // Another problem in the line of a secret must not print it.
    private static List<FlowProblem> WithoutSecrets(List<FlowProblem> found)
    {
        HashSet<int> secret = [.. found.Where(p => p.RuleId == Rules.SecretInFile).Select(p => p.Line)];
        return secret.Count == 0 ? found : found.ConvertAll(p => secret.Contains(p.Line) ? p with { Excerpt = "" } : p);
    }

    private static FlowProblem[] Sorted(List<FlowProblem> problems) =>
        [.. problems.OrderBy(p => p.File, StringComparer.Ordinal).ThenBy(p => p.Line).ThenBy(p => p.Column).ThenBy(p => p.RuleId, StringComparer.Ordinal)];
}
