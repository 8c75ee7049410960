using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>A file with a flow or a project: its text, its tree, and what it has from its project and from files beside it.</summary>
internal sealed class FlowFile
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ComposedYaml? _yaml;

    /// <param name="text">Null: it cannot be read.</param>
    public FlowFile(string path, string? text)
    {
        (Path, Text) = (path, text);
        if (text is null)
        {
            return;
        }

        _yaml = ComposedYaml.Of(text, path);
        Root = _yaml.Root as YamlMap;
        IsProject = Root?.Find("project") is not null && Root.Find("flow") is null && Root.Find("steps") is null;
        Name = (Root?.Find("flow") as YamlText)?.Value;
        FindSubflows(Root, Subflows);
    }

    public string Path { get; }

    /// <summary>With its line ends and byte order mark; null when it cannot be read.</summary>
    public string? Text { get; }

    /// <summary>Null: it is no YAML, or no mapping.</summary>
    public YamlMap? Root { get; }

    /// <summary>The flow's name as it is written, which need not be a name that a flow can have.</summary>
    public string? Name { get; }

    public bool IsProject { get; }

    /// <summary>Where what is wrong with a project is told.</summary>
    public Problems Problems => _yaml!.Problems;

    /// <summary>False: it was found because another file calls its flow.</summary>
    public bool IsGiven { get; set; }

    /// <summary>What became of reading it; null before, and for a file without text.</summary>
    public FlowReading? Reading { get; private set; }

    /// <summary>The project's file that it was found through.</summary>
    public string? Project { get; set; }

    /// <summary>What its project shares with it.</summary>
    public List<YamlEntry> Connections { get; } = [];

    /// <summary>The flows that its steps name.</summary>
    public List<YamlText> Subflows { get; } = [];

    /// <summary>Flows by the names that this file has for them.</summary>
    public SortedDictionary<string, string> Names { get; } = new(StringComparer.Ordinal);

    /// <summary>One key a line: more can be added at the end.</summary>
    public bool IsBlock => Root is null || (!Source.AsSpan().TrimStart().StartsWith("{") && !Source.Contains("\n...", StringComparison.Ordinal));

    private string Source => _yaml!.Problems.Source.Text;

    /// <summary>Takes over what the caller has from its project.</summary>
    public void TakeFrom(FlowFile caller)
    {
        if (Text is not null && Project is null && IsBlock)
        {
            Project = caller.Project;
            Connections.AddRange(caller.Connections);
        }
    }

    /// <summary>Reads the flow, once.</summary>
    /// <param name="checkTasks">False: task names are not checked.</param>
    public void Read(TaskRegistry tasks, bool checkTasks)
    {
        if (_yaml is not null)
        {
            Reading = FlowReader.Examine((Connections.Count == 0 && Names.Count == 0) || !IsBlock ? _yaml : ComposedYaml.Of(Linked(), Path), tasks, checkTasks);
        }
    }

    /// <summary>Tells of a problem that is seen only beside other files.</summary>
    public void Tell(FlowProblem problem) => Reading = Reading! with { Found = [.. Reading!.Found, problem] };

    /// <summary>The flow's text, complete in itself: a run is pinned to it and must find all of it when files have changed.</summary>
    private string Linked()
    {
        StringBuilder text = new(Source.TrimEnd('\n', '\r', ' ', '\t'));
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
                    AddSubflow(inner, names);
                    FindSubflows(inner, names);
                }

                break;
            case YamlMap map:
                foreach (YamlEntry entry in map.Entries)
                {
                    if (entry.Key.Value is not ("inputs" or "outputs" or "connections" or "triggers"))
                    {
                        // The one place where a step may stand without a list.
                        if (entry.Key.Value == "fallback")
                        {
                            AddSubflow(entry.Value, names);
                        }

                        FindSubflows(entry.Value, names);
                    }
                }

                break;
        }
    }

    private static void AddSubflow(YamlItem item, List<YamlText> names)
    {
        if (item is YamlMap step && step.Find("subflow") is YamlText { IsNull: false } name)
        {
            names.Add(name);
        }
    }
}
