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
        Checked check = new(options, changed);
        FlowFileSet set = new(name => options.Flows?.Find(name) is not null, changed);
        List<string> given = [];
        foreach (string path in paths)
        {
            try
            {
                IReadOnlyList<string> files = FlowFileSet.Find(path);
                set.AddAll(files);
                given.AddRange(files.Where(file => !set.IsProject(file)));
            }
            catch (FlowSyntaxException e)
            {
                check.Add(e);
            }
        }

        // Those that a project names are as good as given; those that are found through subflows are not.
        given.AddRange(set.Flows.Select(entry => entry.Path));
        set.AddSubflows();
        Dictionary<string, string> linked = new(StringComparer.Ordinal);
        foreach (FlowFileSet.Entry entry in set.Flows)
        {
            linked[Path.GetFullPath(entry.Path)] = entry.Text;
        }

        foreach (string file in given)
        {
            check.Add(file, linked.GetValueOrDefault(Path.GetFullPath(file)), isGiven: true);
        }

        foreach (FlowFileSet.Entry entry in set.Flows)
        {
            check.Add(entry.Path, entry.Text, isGiven: false);
        }

        if (set.ProjectProblems.Count > 0)
        {
            check.Add(new FlowSyntaxException(set.ProjectProblems));
        }

        check.Follow();
        return check.End();
    }

    /// <summary>Checks one text as if it were a file alone.</summary>
    /// <param name="file">The file's name, for messages; flows that it calls are looked for beside it.</param>
    public static FlowCheck CheckText(string text, string file, FlowCheckOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentException.ThrowIfNullOrEmpty(file);
        options ??= new FlowCheckOptions();
        Checked check = new(options, new Dictionary<string, string>());
        check.Add(text, FlowReader.Examine(text, file, options.Tasks, options.ChecksTasks), isGiven: true);
        check.Follow();
        return check.End();
    }

    private sealed class Checked(FlowCheckOptions options, IReadOnlyDictionary<string, string> changed)
    {
        private readonly HashSet<string> _paths = new(StringComparer.Ordinal);
        private readonly List<CheckedFlow> _files = [];
        private readonly List<(FlowReading Reading, List<FlowProblem> Found)> _readings = [];
        private readonly Dictionary<string, FlowReading> _flows = new(StringComparer.Ordinal);
        private readonly HashSet<string> _broken = new(StringComparer.Ordinal);
        private readonly List<FlowProblem> _problems = [];
        private readonly List<FlowProblem> _ignored = [];

        public void Add(FlowSyntaxException e) => _problems.AddRange(e.Problems);

        /// <param name="linked">The text with what it has from its project and from files beside it; null: as it is.</param>
        public void Add(string file, string? linked, bool isGiven)
        {
            if (_paths.Add(Path.GetFullPath(file)) && Read(file) is { } text)
            {
                Add(text, FlowReader.Examine(linked ?? text, file, options.Tasks, options.ChecksTasks), isGiven);
            }
        }

        public void Add(string text, FlowReading reading, bool isGiven)
        {
            string file = reading.Source.File;
            _files.Add(new CheckedFlow(file, reading.Document?.Name, isGiven, text));
            if (reading.Document is null && (reading.Root?.Find("flow") as YamlText)?.Value is { } broken)
            {
                _broken.Add(broken);
            }

            List<FlowProblem> found = [.. reading.Found];
            _readings.Add((reading, found));
            if (reading.Document is { } document && !_flows.TryAdd(document.Name, reading))
            {
                YamlItem? name = reading.Root!.Find("flow");
                found.Add(reading.Source.Problem(
                    Rules.DuplicateFlow, FlowProblemSeverity.Error, name?.Line ?? 1, name?.Column ?? 1, $"the flow '{document.Name}' is declared in {_flows[document.Name].Source.File} too",
                    "Give one of them another name."));
            }
        }

        // Null when there is no text, which is told.
        private string? Read(string file)
        {
            try
            {
                return changed.TryGetValue(file, out string? text) ? text : FlowFileSet.Read(file);
            }
            catch (FlowSyntaxException e)
            {
                Add(e);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _problems.Add(new FlowProblem(Rules.NotText, FlowProblemSeverity.Error, file, 1, 1, $"the file cannot be read: {Actors.Text.Shorten(e.Message.TrimEnd('.'), 200)}", null, ""));
            }

            _files.Add(new CheckedFlow(file, null, true, null));
            return null;
        }

        /// <summary>Adds the flows that are called and not there.</summary>
        public void Follow()
        {
            // What is found calls others in turn; each file is read once, so this ends.
            for (int i = 0; i < _readings.Count; i++)
            {
                FlowReading caller = _readings[i].Reading;
                foreach (string name in caller.Document is null ? [] : SubflowCheck.CalledBy(caller.Document))
                {
                    if (!_flows.ContainsKey(name) && !_broken.Contains(name) && options.Flows?.Find(name) is null && FlowReader.IsFlowName(name))
                    {
                        Look(name, caller.Source.File);
                    }
                }
            }
        }

        private void Look(string name, string caller)
        {
            if (FlowFileSet.Discover(caller, name) is { } file && !_paths.Contains(Path.GetFullPath(file)) && Read(file) is { } text
                && FlowReader.Examine(text, file, options.Tasks, options.ChecksTasks) is var reading && (reading.Root?.Find("flow") as YamlText)?.Value == name)
            {
                _paths.Add(Path.GetFullPath(file));
                Add(text, reading, isGiven: false);
            }
        }

        public FlowCheck End()
        {
            Dictionary<FlowReading, List<FlowProblem>> found = new(ReferenceEqualityComparer.Instance);
            foreach ((FlowReading reading, List<FlowProblem> list) in _readings)
            {
                found.Add(reading, list);
            }

            SubflowCheck.Run(_readings.Select(r => r.Reading), _broken, name => options.Flows?.Find(name), (flow, problem) => found[flow].Add(problem));
            foreach ((FlowReading reading, List<FlowProblem> list) in _readings)
            {
                // Another problem in the line of a secret must not print it.
                HashSet<int> secret = [.. list.Where(p => p.RuleId == Rules.SecretInFile).Select(p => p.Line)];
                for (int i = 0; i < list.Count; i++)
                {
                    list[i] = secret.Contains(list[i].Line) ? list[i] with { Excerpt = "" } : list[i];
                }

                (IReadOnlyList<FlowProblem> told, IReadOnlyList<FlowProblem> ignored) = IgnoreComments.Apply(list, reading.Source, isYaml: reading.Root is not null, isRead: reading.Document is not null);
                FixFinder fixes = new(reading, options.Tasks.Names, _flows.Keys);
                _problems.AddRange(told.Select(problem => fixes.Find(problem) is { } fix ? problem with { Fix = fix } : problem));
                _ignored.AddRange(ignored);
            }

            return new FlowCheck(_files, Sorted(_problems), Sorted(_ignored));
        }

        private static FlowProblem[] Sorted(List<FlowProblem> problems) =>
            [.. problems.OrderBy(p => p.File, StringComparer.Ordinal).ThenBy(p => p.Line).ThenBy(p => p.Column).ThenBy(p => p.RuleId, StringComparer.Ordinal)];
    }
}
