using System.IO.Enumeration;

namespace Actors.Flows;

/// <summary>The files of one loading or one checking: found, each read and composed once, and with what they have from their project and from files beside them.</summary>
/// <param name="isKnown">True when a flow of this name is registered already.</param>
/// <param name="changed">Texts that stand for what is in files, by the files' names; null: none.</param>
internal sealed class FlowFileSet(Func<string, bool> isKnown, IReadOnlyDictionary<string, string>? changed = null)
{
    // A folder with more is not a folder of flows but somebody's disk.
    private const int FilesMax = 10_000;

    // How many folders above a file are looked into for its subflows.
    private const int LevelsUp = 3;

    private readonly Dictionary<string, FlowFile> _byPath = new(StringComparer.Ordinal);
    private readonly List<FlowFile> _flows = [];
    private readonly HashSet<FlowFile> _added = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly List<FlowProblem> _problems = [];
    private ProjectReader? _projects;

    /// <summary>The ends of the names of flow files, in the order in which they are tried.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".yaml", ".yml"];

    /// <summary>What is wrong with project files and with files that could not be read, in the order in which it was found.</summary>
    public IReadOnlyList<FlowProblem> Problems => _problems;

    /// <summary>The files of flows, in order; those without text, too.</summary>
    public IReadOnlyList<FlowFile> Flows => _flows;

    /// <summary>A file, or the flow files of a folder and those below it.</summary>
    /// <exception cref="FileNotFoundException">There is no such file or folder.</exception>
    /// <exception cref="FlowSyntaxException">There are too many.</exception>
    public static IReadOnlyList<string> Find(string path)
    {
        if (File.Exists(path))
        {
            return [path];
        }

        if (!Directory.Exists(path))
        {
            throw new FileNotFoundException($"There is no file or folder '{path}'.", path);
        }

        EnumerationOptions options = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System };
        FileSystemEnumerable<(string Path, bool IsLink)> entries = new(path, static (ref FileSystemEntry e) => (e.ToSpecifiedFullPath(), IsLink(ref e)), options)
        {
            ShouldIncludePredicate = static (ref FileSystemEntry e) => !e.IsDirectory && IsFlowFile(e.FileName),
            // Links to folders are not followed: one that leads upwards would never end. What a build or a package manager has put there are copies.
            ShouldRecursePredicate = static (ref FileSystemEntry e) => !IsLink(ref e) && e.FileName is not ("bin" or "obj" or "node_modules"),
        };
        (string Path, bool IsLink)[] found = [.. entries.Take(FilesMax + 1)];
        if (found.Length > FilesMax)
        {
            throw new FlowSyntaxException([FlowText.Fault(path, Rules.TooLarge, $"the folder has more than {FilesMax:N0} flow files")]);
        }

        HashSet<string> files = [.. found.Where(e => !e.IsLink).Select(e => Path.GetFullPath(e.Path))];
        return [.. found.Where(e => !e.IsLink || !IsAmong(files, e.Path)).Select(e => e.Path).Order(StringComparer.Ordinal)];
    }

    /// <summary>Adds files; a project file adds the flows that it names.</summary>
    public void AddAll(IReadOnlyList<string> files)
    {
        FlowFile[] all = [.. files.Select(Get)];
        _projects ??= new ProjectReader(Get, Add, _problems);
        // Projects come first, because they say more about a flow than its own file does; the order of the files stays.
        foreach (FlowFile project in all.Where(f => f.IsProject))
        {
            _projects.Read(project, onlyLink: files.Count > 1);
        }

        foreach (FlowFile file in all)
        {
            Add(file);
        }
    }

    /// <summary>Finds the files of the flows that subflow steps name, and of the flows that those name.</summary>
    public void AddSubflows()
    {
        // The list grows while it is walked.
        for (int i = 0; i < _flows.Count && _flows.Count <= FilesMax; i++)
        {
            FlowFile caller = _flows[i];
            foreach (string name in caller.Subflows.Select(text => text.Value).Distinct(StringComparer.Ordinal))
            {
                if (_names.Contains(name) || isKnown(name) || !FlowReader.IsFlowName(name) || Discover(caller.Path, name) is not { } path || Get(path) is not { IsProject: false } found)
                {
                    continue;
                }

                found.TakeFrom(caller);
                Add(found, isGiven: false);
                if (found.Name is not null && found.Name != name)
                {
                    caller.Names[name] = found.Name;
                }
            }
        }
    }

    /// <summary>Reads the flows of all files. Of several with one name the first counts, and the others are told.</summary>
    /// <param name="checkTasks">False: a task that is not registered is no problem.</param>
    /// <returns>What could be read, by name.</returns>
    public IReadOnlyDictionary<string, FlowReading> Read(TaskRegistry tasks, bool checkTasks)
    {
        Dictionary<string, FlowReading> byName = new(StringComparer.Ordinal);
        foreach (FlowFile file in _flows)
        {
            file.Read(tasks, checkTasks);
            if (file.Reading is { Document: { } document } reading && !byName.TryAdd(document.Name, reading))
            {
                YamlItem name = reading.Root!.Find("flow")!;
                file.Tell(reading.Source.Problem(
                    Rules.DuplicateFlow, FlowProblemSeverity.Error, name.Line, name.Column, $"the flow '{document.Name}' is declared in {byName[document.Name].Source.File} too", "Give one of them another name."));
            }
        }

        return byName;
    }

    private void Add(FlowFile file) => Add(file, isGiven: true);

    private void Add(FlowFile file, bool isGiven)
    {
        if (file.IsProject || !_added.Add(file))
        {
            return;
        }

        file.IsGiven = isGiven;
        _flows.Add(file);
        if (file.Name is not null)
        {
            _names.Add(file.Name);
        }
    }

    /// <summary>The file of a flow that a step of <paramref name="file"/> names: in its folder, or in the folders above, as <c>NAME/flow.yaml</c> or <c>NAME.yaml</c>. Null: there is none.</summary>
    private static string? Discover(string file, string name)
    {
        List<string> candidates = [];
        string? folder = Path.GetDirectoryName(Path.GetFullPath(file));
        for (int level = 0; level <= LevelsUp && folder is not null; level++, folder = Path.GetDirectoryName(folder))
        {
            candidates.AddRange(Extensions.Select(e => Path.Combine(folder, name, "flow" + e)));
            candidates.AddRange(Extensions.Select(e => Path.Combine(folder, name + e)));
        }

        string own = Path.GetFullPath(file);
        return candidates.Find(c => c != own && File.Exists(c)) is { } found ? Shown(found, file) : null;
    }

    // Found paths are told as the given one was: relative when that was.
    private static string Shown(string path, string like) => Path.IsPathFullyQualified(like) ? path : Path.GetRelativePath(Directory.GetCurrentDirectory(), path);

    private static bool IsLink(ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) != 0;

    private static bool IsFlowFile(ReadOnlySpan<char> name)
    {
        foreach (string extension in Extensions)
        {
            if (name.EndsWith(extension, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    // A second name of a file that is read anyway is no second flow.
    private static bool IsAmong(HashSet<string> files, string link)
    {
        try
        {
            return File.ResolveLinkTarget(link, returnFinalTarget: true) is { } target && files.Contains(target.FullName);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Reading it tells why it leads nowhere.
            return false;
        }
    }

    private FlowFile Get(string path)
    {
        string full = Path.GetFullPath(path);
        if (_byPath.TryGetValue(full, out FlowFile? file))
        {
            return file;
        }

        try
        {
            file = new FlowFile(path, changed?.GetValueOrDefault(path) ?? FlowText.Read(path));
        }
        catch (FlowSyntaxException e)
        {
            _problems.AddRange(e.Problems);
            file = new FlowFile(path, null);
        }

        _byPath.Add(full, file);
        return file;
    }
}
