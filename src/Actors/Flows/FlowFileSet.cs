using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>The files of one loading: found, read, and with what they have from their project and from files beside them.</summary>
/// <param name="isKnown">True when a flow of this name is registered already.</param>
/// <param name="changed">Texts that stand for what is in files, by the files' names; null: none.</param>
internal sealed class FlowFileSet(Func<string, bool> isKnown, IReadOnlyDictionary<string, string>? changed = null)
{
    // A folder with more is not a folder of flows but somebody's disk.
    private const int FilesMax = 10_000;

    // How many folders above a file are looked into for its subflows.
    private const int LevelsUp = 3;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly string[] Extensions = [".yaml", ".yml"];

    private readonly Dictionary<string, Source> _byPath = new(StringComparer.Ordinal);
    private readonly List<Source> _flows = [];
    private readonly List<FlowProblem> _problems = [];
    private readonly List<string> _open = [];

    /// <summary>What is wrong with project files and with files that could not be read, in the order in which it was found.</summary>
    public IReadOnlyList<FlowProblem> Problems => _problems;

    /// <summary>What is wrong with project files alone.</summary>
    public List<FlowProblem> ProjectProblems { get; } = [];

    public bool IsProject(string path) => _byPath.GetValueOrDefault(Path.GetFullPath(path)) is { IsProject: true };

    /// <summary>The files of flows, in order.</summary>
    public IEnumerable<Entry> Flows => _flows.Select(source => new Entry(source.Path, source.Linked()));

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

        // Links are not followed: one that leads upwards would never end.
        EnumerationOptions options = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReparsePoint };
        string[] files = Directory.EnumerateFiles(path, "*", options)
            .Where(f => Extensions.Contains(Path.GetExtension(f).ToLowerInvariant()) && !IsBuilt(Path.GetRelativePath(path, f)))
            .Take(FilesMax + 1)
            .Order(StringComparer.Ordinal)
            .ToArray();
        return files.Length <= FilesMax ? files : throw new FlowSyntaxException([Fault(path, Rules.TooLarge, $"the folder has more than {FilesMax:N0} flow files")]);
    }

    /// <summary>Adds files; a project file adds the flows that it names.</summary>
    public void AddAll(IReadOnlyList<string> files)
    {
        Source[] sources = [.. files.Select(Get).OfType<Source>()];
        // Projects come first, because they say more about a flow than its own file does; the order of the files stays.
        foreach (Source project in sources.Where(s => s.IsProject))
        {
            AddProject(project, [], onlyLink: files.Count > 1);
        }

        foreach (Source source in sources)
        {
            Add(source);
        }
    }

    /// <summary>Finds the files of the flows that subflow steps name, and of the flows that those name.</summary>
    public void AddSubflows()
    {
        // The list grows while it is walked.
        for (int i = 0; i < _flows.Count && _flows.Count <= FilesMax; i++)
        {
            Source source = _flows[i];
            foreach (YamlText name in source.Subflows.DistinctBy(text => text.Value))
            {
                if (_flows.Exists(f => f.Name == name.Value) || isKnown(name.Value) || !IsFileName(name.Value) || Discover(source.Path, name.Value) is not { } path || Get(path) is not { IsProject: false } found)
                {
                    continue;
                }

                found.TakeFrom(source);
                Add(found);
                if (found.Name is not null && found.Name != name.Value)
                {
                    source.Names[name.Value] = found.Name;
                }
            }
        }
    }

    private void Add(Source source)
    {
        if (!source.IsProject && !_flows.Contains(source))
        {
            _flows.Add(source);
        }
    }

    /// <summary>The file of a flow that a step of <paramref name="file"/> names: in its folder, or in the folders above, as <c>NAME/flow.yaml</c> or <c>NAME.yaml</c>. Null: there is none.</summary>
    public static string? Discover(string file, string name)
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

    private static bool IsFileName(string name) => name.Length is > 0 and <= ValueReader.IdLengthMax && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');

    // What a build or a package manager has put there are copies.
    private static bool IsBuilt(string relative) => relative.Split(Path.DirectorySeparatorChar)[..^1].Any(folder => folder is "bin" or "obj" or "node_modules");

    private Source? Get(string path)
    {
        string full = Path.GetFullPath(path);
        if (_byPath.TryGetValue(full, out Source? source))
        {
            return source;
        }

        try
        {
            source = new Source(path, changed?.GetValueOrDefault(path) ?? Read(path));
        }
        catch (FlowSyntaxException e)
        {
            _problems.AddRange(e.Problems);
            source = null!;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _problems.Add(Fault(path, Rules.MissingFlowFile, $"the file cannot be read: {e.Message.TrimEnd('.')}"));
            source = null!;
        }

        _byPath.Add(full, source);
        return source;
    }

    /// <param name="outer">The connections of the projects around this one.</param>
    /// <param name="onlyLink">True: its flows get what they share, but are added by whoever added the project, in the order of the files.</param>
    private void AddProject(Source project, IReadOnlyList<YamlEntry> outer, bool onlyLink)
    {
        if (project.IsRead && !_open.Contains(project.Path) && outer.Count == 0)
        {
            return;
        }

        project.IsRead = true;
        Problems problems = project.Problems;
        int before = problems.All.Count;
        try
        {
            ReadProject(project, outer, onlyLink);
        }
        catch (Problems.TooManyException)
        {
            // What was found is told.
        }

        if (problems.HasErrors && problems.All.Count > before)
        {
            _problems.AddRange(problems.All);
            ProjectProblems.AddRange(problems.All);
        }
    }

    private void ReadProject(Source project, IReadOnlyList<YamlEntry> outer, bool onlyLink)
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
        _open.Add(project.Path);
        if (keys.Item("flows") is null or YamlText { IsNull: true })
        {
            // A project that names no flows has those in the folders beside its file.
            foreach (string path in Directory.EnumerateDirectories(folder.Length == 0 ? "." : folder).Order(StringComparer.Ordinal).SelectMany(d => Extensions.Select(e => Path.Combine(d, "flow" + e))).Where(File.Exists))
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

        _open.RemoveAt(_open.Count - 1);
    }

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

    private void LinkAll(Source project, YamlText at, string folder, List<YamlEntry> shared, bool onlyLink)
    {
        string name = at.Value.Trim();
        if (name.Length > 500 || name.Contains('\0', StringComparison.Ordinal) || Path.IsPathRooted(name) || name.Split('/', '\\').Contains(".."))
        {
            project.Problems.Error(Rules.Project, at, $"'{Text.Shorten(name, 80)}' must be a file or folder below the project's own");
            return;
        }

        string path = Path.Combine(folder, name);
        string[] candidates = [path, .. Extensions.Select(e => Path.Combine(path, "flow" + e)), .. Extensions.Select(e => path + e), .. Extensions.Select(e => Path.Combine(path, "project" + e))];
        if (Array.Find(candidates, File.Exists) is { } file)
        {
            Link(project, at, file, shared, onlyLink);
        }
        else if (Directory.Exists(path) && Find(path) is { Count: > 0 } files)
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
    private void Link(Source project, YamlText? at, string file, List<YamlEntry> shared, bool onlyLink)
    {
        if (Get(file) is not { } source)
        {
            return;
        }

        if (source.IsProject)
        {
            YamlItem where = (YamlItem?)at ?? project.Root!;
            if (_open.Exists(open => Path.GetFullPath(open) == Path.GetFullPath(source.Path)))
            {
                project.Problems.Error(Rules.ProjectCycle, where, $"the project '{Text.Shorten(source.Path, 200)}' is part of itself");
                return;
            }

            if (_open.Count >= 10)
            {
                project.Problems.Error(Rules.ProjectCycle, where, "projects are nested deeper than 10 levels");
                return;
            }

            AddProject(source, shared, onlyLink);
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
            Add(source);
        }
    }

    /// <exception cref="FlowSyntaxException">It is too large, or not text in UTF-8.</exception>
    public static string Read(string file)
    {
        // One byte more than allowed shows that there is more, whatever the file's length says.
        byte[] buffer = ArrayPool<byte>.Shared.Rent(YamlComposer.BytesMax + 1);
        try
        {
            using FileStream stream = File.OpenRead(file);
            return Decode(file, buffer.AsSpan(0, stream.ReadAtLeast(buffer.AsSpan(0, YamlComposer.BytesMax + 1), YamlComposer.BytesMax + 1, throwOnEndOfStream: false)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static string Decode(string file, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > YamlComposer.BytesMax)
        {
            throw new FlowSyntaxException([Fault(file, Rules.TooLarge, $"the file is larger than {YamlComposer.BytesMax / 1024:N0} KiB", "Split it, or move data into inputs.")]);
        }

        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            ReadOnlySpan<byte> before = bytes[..Math.Clamp(e.Index, 0, bytes.Length)];
            FlowProblem problem = new(
                Rules.NotText, FlowProblemSeverity.Error, file, before.Count((byte)'\n') + 1, Math.Max(1, before.Length - before.LastIndexOf((byte)'\n')), "the file is not text in UTF-8", null, "");
            throw new FlowSyntaxException([problem]);
        }
    }

    private static FlowProblem Fault(string file, string rule, string message, string? suggestion = null) =>
        new(rule, FlowProblemSeverity.Error, file, 1, 1, message, suggestion, "");

    /// <param name="Text">With what was added from outside, at its end.</param>
    public readonly record struct Entry(string Path, string Text);

    private sealed class Source
    {
        private readonly string _text;

        public Source(string path, string text)
        {
            (Path, _text) = (path, text);
            Problems = new Problems(new SourceText(text, path));
            // Most files neither are projects nor name others, and are read once only, by the reader.
            if (text.Contains("project", StringComparison.Ordinal) || text.Contains("subflow", StringComparison.Ordinal) || text.Contains("flow:", StringComparison.Ordinal))
            {
                Problems quiet = new(Problems.Source);
                Root = Compose(quiet);
                IsProject = Root?.Find("project") is not null && Root.Find("flow") is null && Root.Find("steps") is null;
                Name = (Root?.Find("flow") as YamlText)?.Value;
                FindSubflows(Root, Subflows);
            }
        }

        public string Path { get; }
        public Problems Problems { get; }
        public YamlMap? Root { get; }
        public string? Name { get; }
        public bool IsProject { get; }
        public bool IsRead { get; set; }

        /// <summary>The project's file that it was found through.</summary>
        public string? Project { get; set; }

        public List<YamlEntry> Connections { get; } = [];
        public List<YamlText> Subflows { get; } = [];

        /// <summary>Flows by the names that this file has for them.</summary>
        public SortedDictionary<string, string> Names { get; } = new(StringComparer.Ordinal);

        /// <summary>One key a line: more can be added at the end.</summary>
        public bool IsBlock => Root is null || !_text.AsSpan().TrimStart().StartsWith("{") && !_text.Contains("\n...", StringComparison.Ordinal);

        public void TakeFrom(Source caller)
        {
            if (Project is null && IsBlock)
            {
                Project = caller.Project;
                Connections.AddRange(caller.Connections);
            }
        }

        /// <summary>The flow's text, complete in itself: a run is pinned to it and must find all of it when files have changed.</summary>
        public string Linked()
        {
            if ((Connections.Count == 0 && Names.Count == 0) || !IsBlock)
            {
                return _text;
            }

            StringBuilder text = new(_text.TrimEnd('\n', '\r', ' ', '\t'));
            text.Append("\n\n# Added when the file was loaded: what it has from its project and from the files beside it.\nlinked:\n");
            if (Connections.Count > 0)
            {
                text.Append("  connections:\n");
                foreach (YamlEntry connection in Connections)
                {
                    text.Append("    ").Append(Quoted(connection.Key.Value)).Append(": ").Append(Json(connection.Value)).Append('\n');
                }
            }

            if (Names.Count > 0)
            {
                text.Append("  subflows:\n");
                foreach ((string name, string flow) in Names)
                {
                    text.Append("    ").Append(Quoted(name)).Append(": ").Append(Quoted(flow)).Append('\n');
                }
            }

            return text.ToString();
        }

        private static YamlMap? Compose(Problems quiet)
        {
            try
            {
                return YamlComposer.Compose(quiet) is YamlMap map ? map : null;
            }
            catch (Problems.TooManyException)
            {
                return null;
            }
        }

        private static string Json(YamlItem item) => item switch
        {
            YamlMap map => "{" + string.Join(", ", map.Entries.Select(e => $"{Quoted(e.Key.Value)}: {Json(e.Value)}")) + "}",
            YamlList list => "[" + string.Join(", ", list.Items.Select(Json)) + "]",
            YamlText { IsPlain: true } text when text.Typed().Kind != ValueKind.Text => text.IsNull ? "null" : text.Value,
            YamlText text => Quoted(text.Value),
            _ => "null",
        };

        private static string Quoted(string text) => JsonSerializer.Serialize(text, Relaxed);

        private static void FindSubflows(YamlItem? item, List<YamlText> names)
        {
            switch (item)
            {
                case YamlList list:
                    foreach (YamlItem inner in list.Items)
                    {
                        if (inner is YamlMap step && step.Find("subflow") is YamlText { IsNull: false } name)
                        {
                            names.Add(name);
                        }

                        FindSubflows(inner, names);
                    }

                    break;
                case YamlMap map:
                    foreach (YamlEntry entry in map.Entries)
                    {
                        if (entry.Key.Value is not ("inputs" or "outputs" or "connections" or "triggers"))
                        {
                            FindSubflows(entry.Value, names);
                        }
                    }

                    break;
            }
        }
    }
}
