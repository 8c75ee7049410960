namespace Actors.Flows;

/// <summary>Loads flow files and project files.</summary>
public static class FlowFiles
{
    /// <summary>
    /// Reads a file, or every <c>*.yaml</c> and <c>*.yml</c> in a folder and those below it, and registers the flows: all of them, or none when one has a problem.
    /// A project file stands for the flows that it names. The flows that subflow steps name are looked for beside the file, as <c>NAME/flow.yaml</c> and <c>NAME.yaml</c>, and
    /// in the three folders above it.
    /// </summary>
    /// <param name="checkTasks">False: a task that is not registered is no problem. For checking files where the tasks are not at hand.</param>
    /// <returns>The flows in the order of their files' names; those of a project in the order in which it names them; subflows that were found last.</returns>
    /// <exception cref="FlowSyntaxException">The problems of all files.</exception>
    /// <exception cref="FileNotFoundException">There is no such file or folder.</exception>
    public static IReadOnlyList<YamlFlowDefinition> Load(string path, TaskRegistry tasks, FlowRegistry registry, bool checkTasks = true)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(tasks);
        ArgumentNullException.ThrowIfNull(registry);
        FlowFileSet files = new(name => registry.Find(name) is not null);
        files.AddAll(FlowFileSet.Find(path));
        files.AddSubflows();
        IReadOnlyDictionary<string, FlowReading> byName = files.Read(tasks, checkTasks);
        List<FlowDocument> documents = [];
        List<FlowProblem> problems = [.. files.Problems];
        bool hasMore = false;
        foreach (FlowReading reading in files.Flows.Select(file => file.Reading).OfType<FlowReading>())
        {
            IReadOnlyList<FlowProblem> told = FlowReader.Told(reading);
            if (reading.Document is { } document)
            {
                documents.Add(document with { Warnings = told });
            }

            if (told.Any(problem => problem.Severity == FlowProblemSeverity.Error))
            {
                problems.AddRange(told);
                hasMore |= reading.HasMore;
            }
        }

        List<YamlFlowDefinition> flows = [];
        foreach (FlowDocument document in documents)
        {
            try
            {
                flows.Add(new YamlFlowDefinition(document, Linking.Link(document, FindFlow, byName.Keys), tasks));
            }
            catch (FlowSyntaxException e)
            {
                problems.AddRange(e.Problems.Except(problems));
            }
        }

        if (problems.Count > 0)
        {
            throw new FlowSyntaxException([.. problems.OrderBy(p => p.File, StringComparer.Ordinal)]) { HasMore = hasMore };
        }

        foreach (YamlFlowDefinition flow in flows)
        {
            registry.Add(flow);
        }

        return flows;

        FlowDocument? FindFlow(string name) => byName.GetValueOrDefault(name)?.Document ?? (registry.Find(name) as YamlFlowDefinition)?.Document;
    }
}
