namespace Actors.Flows;

/// <summary>Makes flow files of files in other languages, and tells what became of each part.</summary>
public static class FlowImport
{
    /// <summary>Reads a file, and those that it imports. What it gives has been read again: see <see cref="ImportResult.Problems"/>.</summary>
    /// <param name="path">A YAML or JSON file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="FlowSyntaxException">It cannot be read, or is in no language that is known here.</exception>
    public static ImportResult Import(string path, ImportSource from = ImportSource.Auto)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no file '{path}'.", path);
        }

        return Import(FlowText.Read(path), path, from);
    }

    /// <summary>The same with a text that has been read already.</summary>
    internal static ImportResult Import(string text, string path, ImportSource from)
    {
        YamlMap root = Compose(text, path, out Problems problems);
        ImportSource source = from == ImportSource.Auto ? Detect(root, problems) : from;
        List<ImportedFile> files = [];
        List<ImportNote> notes = [];
        SortedDictionary<string, string> tasks = new(StringComparer.Ordinal);
        foreach ((string name, OutMap flow, ImportReport report) in source == ImportSource.Flujo ? Flujo(root, path) : Agents(root, path))
        {
            files.Add(new ImportedFile(name + ".yaml", OutYaml.Write(flow)));
            notes.AddRange(report.Notes.OrderBy(n => n.Line).ThenBy(n => n.Column));
            foreach ((string task, string was) in report.Tasks)
            {
                tasks.TryAdd(task, was);
            }
        }

        return new ImportResult(source, files, notes, [.. tasks.Select(t => new ImportedTask(t.Key, t.Value))], Check(files));
    }

    private static List<FlowProblem> Check(List<ImportedFile> files)
    {
        List<FlowProblem> problems = [];
        Dictionary<string, FlowDocument> flows = new(StringComparer.Ordinal);
        TaskRegistry tasks = new();
        foreach (ImportedFile file in files)
        {
            Try(problems, () =>
            {
                FlowDocument flow = FlowReader.Read(file.Text, file.Name, tasks, checkTasks: false);
                flows.Add(flow.Name, flow);
            });
        }

        foreach (FlowDocument flow in flows.Values)
        {
            Try(problems, () => Linking.Link(flow, flows.GetValueOrDefault, flows.Keys));
        }

        return problems;
    }

    private static void Try(List<FlowProblem> problems, Action read)
    {
        try
        {
            read();
        }
        catch (FlowSyntaxException e)
        {
            problems.AddRange(e.Problems.Where(p => p.Severity == FlowProblemSeverity.Error).Except(problems));
        }
    }

    private static YamlMap Compose(string text, string path, out Problems problems)
    {
        // Tabs may stand between the parts of JSON, which otherwise is YAML.
        bool isJson = text.AsSpan().TrimStart().StartsWith("{");
        problems = new Problems(new SourceText(isJson ? text.Replace('\t', ' ') : text, path));
        try
        {
            switch (YamlComposer.Compose(problems))
            {
                case null:
                    break;
                case YamlMap map when !problems.HasErrors:
                    return map;
                case { } item when !problems.HasErrors:
                    problems.Error(Rules.Root, item, $"a blueprint or a configuration must be a mapping, not {item.Name}");
                    break;
            }
        }
        catch (Problems.TooManyException)
        {
            // What was found is told.
        }

        throw problems.ToException();
    }

    private static ImportSource Detect(YamlMap root, Problems problems)
    {
        if (root.Find("nodes") is not null && (root.Find("edges") is not null || root.Find("schema_version") is not null))
        {
            return ImportSource.ConfigurableAgents;
        }

        if (root.Find("steps") is not null && root.Find("flow") is null)
        {
            return ImportSource.Flujo;
        }

        bool isFlow = root.Find("flow") is YamlText || root.Find("project") is YamlText;
        problems.Error(
            Rules.Root,
            root,
            isFlow ? "this is a flow already: FlowLang's files are run as they are" : "this is neither a blueprint of Flujo (steps) nor a configuration of Configurable Agents (nodes and edges)",
            isFlow ? "Run it, or check it with actors validate." : "Say what it is with --from.");
        throw problems.ToException();
    }

    // Twice: what a blueprint must give is known when all who import it have been read.
    private static List<(string, OutMap, ImportReport)> Flujo(YamlMap root, string path)
    {
        FlujoFiles files = new(path);
        string name = files.NameOf((root.Find("name") as YamlText)?.Value, path);
        FlujoAll(files, root, path, name);
        return FlujoAll(files, root, path, name);
    }

    private static List<(string, OutMap, ImportReport)> FlujoAll(FlujoFiles files, YamlMap root, string path, string name)
    {
        ImportReport report = new(path);
        List<(string, OutMap, ImportReport)> made = [(name, new FlujoImporter(root, report, files).Import(name, null), report)];
        for (int i = 0; i < files.Children.Count; i++)
        {
            FlujoChild child = files.Children[i];
            YamlMap map = Compose(FlowText.Read(child.Path), child.Path, out _);
            ImportReport own = new(child.Path);
            made.Add((child.Flow, new FlujoImporter(map, own, files).Import(child.Flow, child), own));
        }

        return made;
    }

    private static List<(string, OutMap, ImportReport)> Agents(YamlMap root, string path)
    {
        ImportReport report = new(path);
        string name = FlujoFiles.Word(((root.Find("flow") as YamlMap)?.Find("name") as YamlText)?.Value ?? Path.GetFileNameWithoutExtension(path), "flow");
        return [(name, new AgentsImporter(root, report).Import(name), report)];
    }
}
