using System.Globalization;

namespace Actors.Flows;

/// <summary>What is known of a blueprint while it is read, and how its names, templates, expressions and places in the context are written here.</summary>
internal sealed class FlujoBlueprint(ImportReport report)
{
    public const string ContextInput = "context_data";

    private static readonly HashSet<string> Taken = new(StringComparer.Ordinal) { "state", "item", "index", "carried", "data", "branches", "result", "this_item" };

    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _callables = new(StringComparer.Ordinal);
    private readonly HashSet<string> _toldAgents = new(StringComparer.Ordinal);

    public ImportReport Report => report;

    /// <summary>The agents that it declares, by name.</summary>
    public Dictionary<string, YamlMap> Agents { get; } = new(StringComparer.Ordinal);

    /// <summary>The blueprints that it imports, by the names that its steps call them.</summary>
    public Dictionary<string, FlujoChild> Imports { get; } = new(StringComparer.Ordinal);

    /// <summary>The fields of the context that it reads or changes, in the order in which they were found.</summary>
    public List<string> StateFields { get; } = [];

    /// <summary>An id that nothing else has.</summary>
    public string Id(string name)
    {
        string id = FlujoFiles.Word(name, "step");
        if (Names.Reserved.Contains(id) || Taken.Contains(id))
        {
            id += "_step";
        }

        string unique = id;
        for (int i = 2; !_ids.Add(unique); i++)
        {
            unique = $"{id}_{i}";
        }

        return unique;
    }

    /// <summary>Gives an id back that nothing has taken after all.</summary>
    public void Free(string id) => _ids.Remove(id);

    public string State(string field)
    {
        string name = Names.Reserved.Contains(field) ? field + "_value" : field;
        if (!StateFields.Contains(name) && StateFields.Count < 500)
        {
            StateFields.Add(name);
        }

        return name;
    }

    private OldNames NamesAt(string data, FlujoScope scope)
    {
        return Find;

        string? Find(IReadOnlyList<string> path, out int used)
        {
            used = 1;
            switch (path[0])
            {
                case "previous_step" or "output" or "data":
                    return data;
                case "resume_input":
                    return scope.Resume ?? throw new OldExpressionException("no person has been asked before", 0);
                case "this":
                    return scope.Item ?? throw new OldExpressionException("'this' exists only inside a map", 0);
                case "context":
                    return Context(path, scope, out used);
                case "steps" when path.Count > 1:
                    used = path.Count > 2 && path[2] is "output" or "result" ? 3 : 2;
                    return scope.Find(path[1]) ?? throw new OldExpressionException($"the output of step '{path[1]}' is not seen here", 0);
                default:
                    return null;
            }
        }
    }

    private string Context(IReadOnlyList<string> path, FlujoScope scope, out int used)
    {
        used = Math.Min(path.Count, 2);
        switch (path.Count > 1 ? path[1] : "")
        {
            case "":
                // Nothing is read of it by name; a flow without any state has none.
                _ = StateFields.Count == 0 ? State("value") : null;
                return "state";
            case "initial_prompt":
                return "inputs.input";
            case "import_artifacts" or "scratchpad" when path.Count > 2:
                used = 3;
                return "state." + State(path[2]);
            case "import_artifacts" or "scratchpad":
                _ = StateFields.Count == 0 ? State("value") : null;
                return "state";
            case "step_outputs" when path.Count > 2:
                used = 3;
                return scope.Find(path[2]) ?? throw new OldExpressionException($"the output of step '{path[2]}' is not seen here", 0);
            default:
                return "state." + State(path[1]);
        }
    }

    /// <summary>A text of the blueprint as it is written here.</summary>
    public string Template(YamlText text, string data, FlujoScope scope)
    {
        if (!text.Value.Contains("{{", StringComparison.Ordinal))
        {
            return FlujoTemplate.Escape(text.Value);
        }

        Report.ChangedOnce(text, "templates keep the type of a value that stands alone, and are not always texts as in Flujo");
        return FlujoTemplate.Translate(text.Value, NamesAt(data, scope), message => Report.Lost(text, message, "Write it anew."));
    }

    public OutNode Value(YamlItem item, string data, FlujoScope scope)
    {
        switch (item)
        {
            case YamlText { IsPlain: true } text when text.Typed().Kind != ValueKind.Text:
                return OutYaml.Of(text);
            case YamlText text:
                return new OutText(Template(text, data, scope));
            case YamlList list:
                OutList items = new();
                items.Items.AddRange(list.Items.Select(i => Value(i, data, scope)));
                return items;
            default:
                OutMap map = new();
                foreach (YamlEntry entry in ((YamlMap)item).Entries)
                {
                    map.With(entry.Key.Value, Value(entry.Value, data, scope));
                }

                return map;
        }
    }

    /// <summary>An expression of the blueprint; null when it cannot be translated, which is then told.</summary>
    public string? Expression(YamlText text, string data, FlujoScope scope)
    {
        string source = text.Value.Trim();
        if (source.StartsWith("{{", StringComparison.Ordinal) && source.EndsWith("}}", StringComparison.Ordinal))
        {
            source = source[2..^2].Trim();
        }

        try
        {
            return OldExpression.Translate(source, NamesAt(data, scope));
        }
        catch (OldExpressionException e)
        {
            Report.Lost(text, $"the expression '{Text.Shorten(source, 80)}' cannot be translated: {e.Message}", "Write it anew; false stands in its place.");
            return null;
        }
    }

    public OutMap Input(OldMap step, string data, FlujoScope scope) =>
        new OutMap().With("input", step.Item("input") is { } input ? Value(input, data, scope) : new OutText($"${{{data}}}"));

    /// <summary>The name of the task that stands for an agent or a callable.</summary>
    public string Task(YamlText? called, string step)
    {
        if (called is null)
        {
            string own = FlujoFiles.Word(step, "task");
            Report.Task(own, $"the step '{step}', which called nothing");
            return own;
        }

        string text = called.Value.Trim();
        string agent = AgentName(text);
        if (text.StartsWith("agents.", StringComparison.Ordinal) || Agents.ContainsKey(agent))
        {
            if (Agents.TryGetValue(agent, out YamlMap? map))
            {
                Report.Task(agent, $"agent, model {(map.Find("model") as YamlText)?.Value ?? "none"}");
            }
            else
            {
                if (_toldAgents.Add(agent))
                {
                    Report.Lost(called, $"the blueprint declares no agent '{Text.Shorten(agent, 60)}'", "Register a task of that name.");
                }

                Report.Task(agent, "agent that is not declared");
            }

            return Clean(agent);
        }

        if (_callables.TryGetValue(text, out string? known))
        {
            return known;
        }

        string last = text[(text.LastIndexOfAny(['.', ':']) + 1)..];
        string name = Clean(_callables.ContainsValue(last) || Agents.ContainsKey(last) || last.Length == 0 ? text.Replace(':', '.') : last);
        _callables.Add(text, name);
        Report.Task(name, $"callable {text}");
        Report.Changed(called, $"'{Text.Shorten(text, 80)}' is called as the task '{Text.Shorten(name, 80)}'", "Write the task and register it under that name.");
        return name;
    }

    private static string Clean(string name) => Text.Shorten(new string([.. name.Where(c => !char.IsControl(c) && !char.IsSurrogate(c))]).Trim() is { Length: > 0 } clean ? clean : "task", ValueReader.IdLengthMax);

    /// <summary>What a step's output changes in the state.</summary>
    public void Sink(OldMap step, string output, FlujoScope scope, OutList into, YamlMap? agentMap)
    {
        if (step.TextItem("sink_to") is { } sink)
        {
            SetState(into, sink, sink.Value, new OutText($"${{{output}}}"), "set");
        }

        if (step.Flag("updates_context") != true)
        {
            return;
        }

        YamlMap? schema = (step.Map.Find("output_schema") ?? agentMap?.Find("output_schema")) as YamlMap;
        string[] keys = schema?.Find("properties") is YamlMap properties
            ? [.. properties.Entries.Select(e => e.Key.Value).Where(OldExpression.IsWord).Where(k => k.Length <= ValueReader.IdLengthMax && k is not ("import_artifacts" or "scratchpad") && !Names.Reserved.Contains(k))]
            : [.. StateFields];
        if (keys.Length == 0)
        {
            Report.Changed(step.At("updates_context"), "nothing is taken over into the state, because nothing reads the context");
            return;
        }

        OutMap set = new();
        foreach (string key in keys)
        {
            State(key);
            set.With(key, schema is null ? $"${{{output}?.{key} ?? state.{key}}}" : $"${{{output}?.{key}}}");
        }

        into.Items.Add(new OutMap().With("set", set));
        Report.Changed(
            step.At("updates_context"),
            schema is null ? $"of the output, the fields that the blueprint reads from the context are taken over: {Text.Shorten(string.Join(", ", keys), 100)}" : "the fields of the output's schema are taken over into the state");
    }

    /// <param name="operation">set, append or merge.</param>
    public void SetState(OutList into, YamlItem at, string target, OutNode value, string operation)
    {
        if (Change(at, target, value, operation) is { } change)
        {
            into.Items.Add(new OutMap().With(change.Operation, new OutMap().With(change.Name, change.Value)));
        }
    }

    public (string Operation, string Name, OutNode Value)? Change(YamlItem at, string target, OutNode value, string operation)
    {
        List<string> path = [.. target.Trim().Split('.')];
        if (path[0] == "context")
        {
            path.RemoveAt(0);
        }

        if (path.Count > 1 && path[0] is "import_artifacts" or "scratchpad")
        {
            path.RemoveAt(0);
        }

        if (path.Count == 0 || path.Count > 20 || !path.TrueForAll(p => OldExpression.IsWord(p) && p.Length <= ValueReader.IdLengthMax))
        {
            Report.Lost(at, $"'{Text.Shorten(target, 80)}' is no place in the context");
            return null;
        }

        path[0] = State(path[0]);
        if (path.Count == 1)
        {
            return (operation, path[0], value);
        }

        if (operation == "append")
        {
            Report.Lost(at, $"'{Text.Shorten(target, 80)}' is a list inside an object: only lists of the state itself can be added to", "Give the list a field of its own.");
            return null;
        }

        OutNode inner = value;
        for (int i = path.Count - 1; i > 0; i--)
        {
            inner = new OutMap().With(path[i], inner);
        }

        return ("merge", path[0], inner);
    }

    public string? Field(YamlText? path)
    {
        string? field = path?.Value.Trim().Split('.').LastOrDefault(p => p.Length > 0);
        if (path is not null && (field is null || !OldExpression.IsWord(field)))
        {
            Report.Lost(path, $"'{Text.Shorten(path.Value, 80)}' is no place in the child's context");
            return null;
        }

        return field;
    }

    public static string Shown(YamlItem item) => item switch
    {
        YamlText text => text.Value.ReplaceLineEndings(" ").Trim(),
        YamlList list => "[" + string.Join(", ", list.Items.Select(Shown)) + "]",
        YamlMap map => "{" + string.Join(", ", map.Entries.Select(e => $"{e.Key.Value}: {Shown(e.Value)}")) + "}",
        _ => "",
    };

    public static string AgentName(string called) => called.StartsWith("agents.", StringComparison.Ordinal) ? called["agents.".Length..] : called;

    public static string Unique(string word, IEnumerable<string> taken)
    {
        string unique = word;
        for (int i = 2; taken.Contains(unique); i++)
        {
            unique = $"{word}_{i}";
        }

        return unique;
    }

    public static string Count(decimal count) => count.ToString("0", CultureInfo.InvariantCulture);
}
