namespace Actors.Flows;

/// <summary>Reads project files: the flows that they name get what the project shares.</summary>
/// <param name="get">The file of a path.</param>
/// <param name="add">Takes the flows of a project in its order.</param>
/// <param name="found">Takes what is wrong with projects.</param>
internal sealed class ProjectReader(Func<string, FlowFile> get, Action<FlowFile> add, List<FlowProblem> found)
{
    private const int DepthMax = 10;

    // Projects that share others can be read again and again, because what is shared depends on the way.
    private const int ReadsMax = 1_000;

    private readonly HashSet<FlowFile> _read = new(ReferenceEqualityComparer.Instance);
    private readonly List<FlowFile> _open = [];
    private int _reads;

    /// <summary>Reads a project that was not read as a part of another one.</summary>
    /// <param name="onlyLink">True: its flows get what they share, but are added by whoever added the project, in the order of the files.</param>
    public void Read(FlowFile project, bool onlyLink) => Read(project, [], onlyLink);

    /// <param name="outer">The connections of the projects around this one.</param>
    /// <param name="onlyLink">True: its flows get what they share, but are added by whoever added the project, in the order of the files.</param>
    private void Read(FlowFile project, IReadOnlyList<YamlEntry> outer, bool onlyLink)
    {
        if (!_read.Add(project) && !_open.Contains(project) && outer.Count == 0)
        {
            return;
        }

        Problems problems = project.Problems;
        _open.Add(project);
        try
        {
            ReadProject(project, outer, onlyLink);
        }
        catch (Problems.TooManyException)
        {
            // What was found is told.
        }
        finally
        {
            _open.RemoveAt(_open.Count - 1);
        }

        if (problems.HasErrors)
        {
            found.AddRange(problems.All.Except(found));
        }
    }

    private void ReadProject(FlowFile project, IReadOnlyList<YamlEntry> outer, bool onlyLink)
    {
        Problems problems = project.Problems;
        Keys keys = new(project.Root!, problems, Language.ProjectContents);
        keys.Text("project", required: true);
        keys.Prose("description");
        keys.Prose("version");
        List<YamlEntry> shared = [];
        if (keys.Item("settings") is not (null or YamlText { IsNull: true }) && keys.Mapping("settings") is { } map)
        {
            Keys settings = new(map, problems, Language.ProjectSettings);
            if (settings.Item("shared_connections") is not YamlText { IsNull: true } && settings.Mapping("shared_connections") is { } connections)
            {
                shared.AddRange(connections.Entries);
            }
        }

        shared.AddRange(outer.Where(o => !shared.Exists(s => s.Key.Value == o.Key.Value)));
        string folder = Path.GetDirectoryName(project.Path) ?? "";
        if (keys.Item("flows") is null or YamlText { IsNull: true })
        {
            // A project that names no flows has those in the folders beside its file.
            foreach (string path in FoldersIn(folder.Length == 0 ? "." : folder).SelectMany(d => FlowFileSet.Extensions.Select(e => Path.Combine(d, "flow" + e))).Where(File.Exists))
            {
                Link(project, null, folder.Length == 0 ? Path.GetRelativePath(".", path) : path, shared, onlyLink);
            }
        }
        else if (keys.List("flows") is { } list)
        {
            foreach (YamlItem item in list.Items)
            {
                if (PathOf(item, problems) is { } at)
                {
                    LinkAll(project, at, folder, shared, onlyLink);
                }
            }
        }
    }

    // None where the project's text stands for a file that is not there, or the folder may not be listed.
    private static IEnumerable<string> FoldersIn(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateDirectories(folder, "*", new EnumerationOptions { AttributesToSkip = FileAttributes.None }).Order(StringComparer.Ordinal) : [];

    private static YamlText? PathOf(YamlItem item, Problems problems)
    {
        if (item is YamlMap map)
        {
            Keys flow = new(map, problems, Language.ProjectFlow);
            if (!flow.Has("name") && !flow.Has("path"))
            {
                problems.Error(Rules.MissingKey, map, "a flow of a project needs 'name' or 'path'");
            }

            return flow.Has("path") ? flow.Text("path") : flow.Text("name");
        }

        if (item is YamlText { IsNull: false } text && text.Value.Trim().Length > 0)
        {
            return text;
        }

        problems.Error(Rules.WrongType, item, $"a flow of a project must be the name of a file or folder, not {item.Name}");
        return null;
    }

    private void LinkAll(FlowFile project, YamlText at, string folder, List<YamlEntry> shared, bool onlyLink)
    {
        string name = at.Value.Trim();
        if (name.Length > 500 || name.Contains('\0', StringComparison.Ordinal) || Path.IsPathRooted(name) || name.Split('/', '\\').Contains(".."))
        {
            project.Problems.Error(Rules.Project, at, $"'{Text.Shorten(name, 80)}' must be a file or folder below the project's own");
            return;
        }

        string path = Path.Combine(folder, name);
        string[] candidates = [path, .. FlowFileSet.Extensions.Select(e => Path.Combine(path, "flow" + e)), .. FlowFileSet.Extensions.Select(e => path + e), .. FlowFileSet.Extensions.Select(e => Path.Combine(path, "project" + e))];
        if (Array.Find(candidates, File.Exists) is { } file)
        {
            Link(project, at, file, shared, onlyLink);
        }
        else if (Directory.Exists(path) && FlowFileSet.Find(path) is { Count: > 0 } files)
        {
            foreach (string inner in files)
            {
                Link(project, at, inner, shared, onlyLink);
            }
        }
        else
        {
            project.Problems.Error(
                Rules.MissingFlowFile, at, $"there is no flow '{Text.Shorten(name, 80)}'", $"Looked for {name}/flow.yaml and {name}.yaml beside {Path.GetFileName(project.Path)}.");
        }
    }

    /// <param name="at">Where the project names it; null when it is found without being named.</param>
    private void Link(FlowFile project, YamlText? at, string file, List<YamlEntry> shared, bool onlyLink)
    {
        FlowFile source = get(file);
        if (source.IsProject)
        {
            YamlItem where = (YamlItem?)at ?? project.Root!;
            if (_open.Contains(source))
            {
                project.Problems.Error(Rules.ProjectCycle, where, $"the project '{Text.Shorten(source.Path, 200)}' is part of itself");
                return;
            }

            if (_open.Count >= DepthMax)
            {
                project.Problems.Error(Rules.ProjectCycle, where, $"projects are nested deeper than {DepthMax} levels");
                return;
            }

            if (++_reads > ReadsMax)
            {
                project.Problems.Error(Rules.ProjectCycle, where, $"projects name each other more than {ReadsMax:N0} times");
                throw new Problems.TooManyException();
            }

            Read(source, shared, onlyLink);
            return;
        }

        if (shared.Count > 0 && source.Root is not null && !source.IsBlock)
        {
            project.Problems.Error(Rules.Project, (YamlItem?)at ?? project.Root!, $"'{Text.Shorten(source.Path, 200)}' is written in braces: it can have no shared connections", "Write one key a line.");
            return;
        }

        if (source.Project is not null && source.Project != project.Path)
        {
            project.Problems.Error(Rules.Project, (YamlItem?)at ?? project.Root!, $"'{Text.Shorten(source.Path, 200)}' is part of the project {source.Project} too");
            return;
        }

        source.Project = project.Path;
        source.Connections.Clear();
        source.Connections.AddRange(shared);
        if (!onlyLink)
        {
            add(source);
        }
    }
}
