using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Actors.Flows;

/// <summary>
/// Makes a flow of a configuration of Configurable Agents: a graph of nodes over one state. A graph that is a sequence with branches becomes one; any other becomes a
/// state machine with a state for each node.
/// </summary>
internal sealed partial class AgentsImporter
{
    private const int NodesMax = 2_000;

    private readonly YamlMap _root;
    private readonly ImportReport _report;
    private readonly Dictionary<string, YamlMap> _fields = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AgentNode> _nodes = new(StringComparer.Ordinal);

    // Fields that are in the state; all others are inputs that nothing changes.
    private readonly HashSet<string> _written = new(StringComparer.Ordinal);
    private readonly List<string> _counters = [];
    private decimal? _retries;

    public AgentsImporter(YamlMap root, ImportReport report)
    {
        (_root, _report) = (root, report);
    }

    public OutMap Import(string name)
    {
        OldMap root = new(_root, _report, "a configuration");
        root.Ignore("schema_version");
        OldMap? flow = root.Mapping("flow") is { } flowMap ? new OldMap(flowMap, _report, "flow") : null;
        ReadFields(root);
        ReadConfig(root);
        ReadNodes(root);
        string? start = ReadEdges(root);
        root.Lose("optimization", "optimization of prompts is not carried");
        root.Lose("memory", "memory is not carried", "Keep what is to be remembered in the state, or in a database of the tasks.");
        root.TellOthers();
        OutMap made = new OutMap().Comment($"Made from {Path.GetFileName(_report.File)}, a configuration of Configurable Agents.");
        made.With("flow", name);
        if (flow?.Text("description") is { } description)
        {
            made.With("description", FlujoTemplate.Escape(description));
        }

        if (flow?.Text("version") is { } version)
        {
            made.With("version", version);
        }

        flow?.Ignore("name");
        flow?.TellOthers();
        OutList steps = new();
        OutMap first = FirstState();
        if (first.Entries.Count > 0)
        {
            steps.Items.Add(new OutMap().With("set", first));
        }

        OutList body = start is null ? new OutList() : Graph(start);
        steps.Items.AddRange(body.Items);
        if (steps.Items.Count == 0)
        {
            steps.Items.Add(new OutMap().With("exit", new OutMap().With("reason", "there is nothing to do")));
        }

        made.With("inputs", Inputs());
        if (_written.Count + _counters.Count > 0)
        {
            made.With("state", StateFields());
        }

        return made.With("steps", steps).With("outputs", Outputs());
    }

    private void ReadFields(OldMap root)
    {
        OldMap? state = root.Mapping("state") is { } map ? new OldMap(map, _report, "state") : null;
        foreach (YamlEntry entry in state?.Mapping("fields")?.Entries ?? [])
        {
            if (entry.Value is YamlMap field && ValueReader.IsIdentifier(entry.Key.Value) && OldExpression.IsWord(entry.Key.Value) && !Names.Reserved.Contains(entry.Key.Value) && _fields.Count < 400)
            {
                _fields[entry.Key.Value] = field;
                OldMap told = new(field, _report, "a field of the state");
                told.Ignore("type", "required", "default", "description", "schema", "schema_");
                told.TellOthers();
            }
            else
            {
                _report.Lost(entry.Key, $"'{Text.Shorten(entry.Key.Value, 60)}' cannot be a field of the state");
            }
        }

        state?.TellOthers();
        if (_fields.Count == 0)
        {
            _report.Lost(_root, "the configuration declares no fields of the state (state.fields)");
        }
    }

    private void ReadConfig(OldMap root)
    {
        if (root.Mapping("config") is not { } map)
        {
            return;
        }

        OldMap config = new(map, _report, "config");
        if (config.Mapping("execution") is { } executionMap)
        {
            OldMap execution = new(executionMap, _report, "config.execution");
            _retries = execution.Number("max_retries", 0, RetryPolicy.AttemptsMax - 1);
            execution.Lose("timeout", "a limit of the whole run is not carried; it was not kept before either", "Write timeout at the steps.");
            execution.TellOthers();
        }

        config.Lose("llm", "the model's settings are not carried: the nodes are tasks", "Set the model in the tasks.");
        config.Lose("observability", "observability is a matter of the server: see its traces and metrics");
        config.Lose("storage", "storage is a matter of the server: runs are kept in its database");
        config.Lose("mlflow", "MLflow is not supported", "See the server's traces.");
        config.Lose("ab_test", "A/B tests of prompts are not carried");
        config.Lose("gates", "quality gates are not carried", "Check results with validate at the steps.");
        config.TellOthers();
    }

    private void ReadNodes(OldMap root)
    {
        foreach (YamlItem item in root.List("nodes")?.Items ?? [])
        {
            if (item is not YamlMap map || map.Find("id") is not YamlText id)
            {
                _report.Lost(item, "a node must be a mapping with 'id'");
                continue;
            }

            if (!OldExpression.IsWord(id.Value) || id.Value.Length > 60 || _nodes.ContainsKey(id.Value) || id.Value is "START" or "END" || _nodes.Count >= NodesMax)
            {
                _report.Lost(id, _nodes.ContainsKey(id.Value) ? $"the node '{Text.Shorten(id.Value, 60)}' is declared twice" : $"'{Text.Shorten(id.Value, 60)}' cannot be the id of a node");
                continue;
            }

            AgentNode node = new(id.Value, map, StepId(id.Value));
            _nodes.Add(id.Value, node);
            foreach (YamlText output in (map.Find("outputs") as YamlList)?.Items.OfType<YamlText>() ?? [])
            {
                if (!_fields.ContainsKey(output.Value))
                {
                    _report.Lost(output, $"the state has no field '{Text.Shorten(output.Value, 60)}'{Near(output.Value)}");
                    continue;
                }

                node.Outputs.Add(output.Value);
                _written.Add(output.Value);
            }
        }
    }

    // A step must not be called as a word of the language is, nor as the variables of loops.
    private string StepId(string node)
    {
        string id = Names.Reserved.Contains(node) || node is "state" or "item" or "index" or "carried" or "data" or "branches" or "result" ? node + "_node" : node;
        while (_nodes.Values.Any(n => n.Step == id))
        {
            id += "_2";
        }

        return id;
    }

    private string Near(string name) => Text.Nearest(name, _fields.Keys) is { } near ? $": did you mean '{near}'?" : "";

    private OutMap FirstState()
    {
        OutMap first = new();
        foreach (string field in _fields.Keys.Where(f => _written.Contains(f) && IsInput(f)))
        {
            first.With(field, $"${{inputs.{field}}}");
        }

        return first;
    }

    private bool IsInput(string field) => !_written.Contains(field) || IsRequired(field) || _fields[field].Find("default") is not (null or YamlText { IsNull: true });

    private bool IsRequired(string field) => (_fields[field].Find("required") as YamlText)?.Value.ToLowerInvariant() is "true" or "yes";

    private OutList Inputs()
    {
        OutList inputs = new();
        foreach ((string name, YamlMap field) in _fields.Where(f => IsInput(f.Key)))
        {
            OutMap input = new OutMap().With("name", name).With("type", TypeOf(field.Find("type") as YamlText));
            if (!IsRequired(name))
            {
                bool hasDefault = field.Find("default") is not (null or YamlText { IsNull: true });
                if (hasDefault)
                {
                    input.With("default", Default(field, name));
                }
                else
                {
                    input.With("required", new OutPlain("false"));
                }
            }

            input.With("description", Prose(field)).With("schema", Inner(field, name));
            inputs.Items.Add(input);
        }

        return inputs;
    }

    private OutNode? Default(YamlMap field, string name)
    {
        YamlItem item = field.Find("default")!;
        ValueReader values = new(new Problems(new SourceText("", _report.File)));
        string type = InputTypes.All.GetValueOrDefault(TypeOf(field.Find("type") as YamlText), InputTypes.Any);
        if (InputTypes.TryFit(values.Literal(item), type, out _))
        {
            return OutYaml.Of(item);
        }

        _report.Lost(item, $"the default of '{name}' is not of its type", "Write another.");
        return new OutPlain("null");
    }

    private OutMap StateFields()
    {
        OutMap state = new();
        foreach (string name in _fields.Keys.Where(_written.Contains))
        {
            string type = TypeOf(_fields[name].Find("type") as YamlText);
            string? description = Prose(_fields[name]);
            OutMap? inner = Inner(_fields[name], name);
            state.With(name, description is null && inner is null ? new OutText(type) : new OutMap().With("type", type).With("description", description).With("schema", inner));
        }

        foreach (string counter in _counters)
        {
            state.With(counter, new OutMap().With("type", "integer").With("default", new OutPlain("0")).With("description", "How often the loop has been gone through."));
        }

        return state;
    }

    /// <summary>What a field's type says beyond its word: of what a list or an object is; null when it says nothing, or when its default is something else.</summary>
    private OutMap? Inner(YamlMap field, string name)
    {
        if (TypeOf(field.Find("type") as YamlText) is not ("array" or "object"))
        {
            return null;
        }

        OutMap schema = SchemaOf(field.Find("type") as YamlText, field.Find("schema") ?? field.Find("schema_"));
        Problems problems = new(new SourceText(OutYaml.Write(schema), _report.File));
        if (schema.Entries.TrueForAll(e => e.Key == "type" || e.Value is OutMap { Entries.Count: 0 }) || YamlComposer.Compose(problems) is not { } item || problems.HasErrors)
        {
            return null;
        }

        if (JsonSchema.Read(item, problems) is not { } read || problems.HasErrors)
        {
            return null;
        }

        if (field.Find("default") is not (null or YamlText { IsNull: true }) and { } given && !read.TryValidate(new ValueReader(problems).Literal(given), out _, out _))
        {
            _report.Lost(given, $"the default of '{name}' is not what its type says; what is inside is not checked", "Write another.");
            return null;
        }

        return schema;
    }

    private static string? Prose(YamlMap field) => field.Find("description") is YamlText { IsNull: false } text ? text.Value : null;

    private OutList Outputs()
    {
        OutList outputs = new();
        foreach (string name in _fields.Keys)
        {
            outputs.Items.Add(new OutMap().With("name", name).With("value", $"${{{Reference(name)}}}"));
        }

        return outputs;
    }

    private string Reference(string field) => (_written.Contains(field) ? "state." : "inputs.") + field;

    private string TypeOf(YamlText? type)
    {
        string word = type?.Value.Trim().ToLowerInvariant() ?? "any";
        int bracket = word.IndexOf('[', StringComparison.Ordinal);
        switch (bracket < 0 ? word : word[..bracket])
        {
            case "str" or "string":
                return "string";
            case "int" or "integer":
                return "integer";
            case "float" or "number":
                return "number";
            case "bool" or "boolean":
                return "boolean";
            case "list":
                return "array";
            case "dict" or "object":
                return "object";
            case "any":
                return "any";
            default:
                _report.Lost(type!, $"there is no type '{Text.Shorten(type!.Value, 60)}'", "Any value is taken.");
                return "any";
        }
    }

    /// <summary>A JSON Schema of a type of the configuration.</summary>
    private OutMap SchemaOf(YamlText? type, YamlItem? nested)
    {
        OutMap schema = new();
        string word = TypeOf(type);
        if (word != "any")
        {
            schema.With("type", word);
        }

        string text = type?.Value.Trim() ?? "";
        if (word == "array" && text.EndsWith(']') && text.IndexOf('[', StringComparison.Ordinal) is var open and > 0 && text.Length < 200)
        {
            schema.With("items", SchemaOf(new YamlText(type!.Line, type.Column, text[(open + 1)..^1], true), null));
        }

        if (word == "object" && nested is null && text.EndsWith(']') && text.IndexOf(',', StringComparison.Ordinal) is var comma and > 0 && text.Length < 200)
        {
            schema.With("additionalProperties", SchemaOf(new YamlText(type!.Line, type.Column, text[(comma + 1)..^1].Trim(), true), null));
        }

        if (word == "object" && nested is YamlMap fields)
        {
            OutMap properties = new();
            foreach (YamlEntry entry in fields.Entries)
            {
                properties.With(entry.Key.Value, entry.Value is YamlText field ? SchemaOf(field, null) : new OutMap().With("type", "object"));
            }

            schema.With("properties", properties);
        }

        return schema;
    }

    /// <summary>The step of a node, and what it changes in the state.</summary>
    /// <param name="inItem">True in a for_each over items, where there is an item and the state stays as it is.</param>
    private IEnumerable<OutNode> NodeSteps(AgentNode node, bool inItem)
    {
        OldMap map = new(node.Map, _report, "a node");
        map.Ignore("id", "outputs");
        OutMap step = new OutMap().With("task", node.Step).With("id", node.Step).With("description", map.Text("description"));
        YamlMap? aliases = map.Mapping("inputs");
        OutMap inputs = new();
        foreach (YamlEntry entry in aliases?.Entries ?? [])
        {
            inputs.With(entry.Key.Value, entry.Value is YamlText text ? new OutText(Template(text, null, inItem)) : OutYaml.Of(entry.Value));
        }

        YamlText? code = map.TextItem("code");
        if (code is not null)
        {
            step.Comment("TODO: this code of the node is not carried; write it in the task:\n" + code.Value.TrimEnd());
            _report.Lost(code, $"the code of the node '{node.Id}' is not carried; it stands as a comment above the task", $"Write the task '{node.Step}': its input is what stands under inputs, its result is the field '{node.Outputs.FirstOrDefault() ?? "result"}'.");
            _report.Task(node.Step, "code node");
            map.Ignore("prompt");
        }
        else if (map.TextItem("prompt") is { } prompt)
        {
            inputs.Entries.Insert(0, ("prompt", new OutText(Template(prompt, aliases, inItem))));
            _report.Task(node.Step, "node with a prompt");
            _report.Changed(prompt, $"the node '{node.Id}' is the task '{node.Step}', which gets the rendered prompt", "Register a task of that name that calls the model.");
        }

        step.With("inputs", inputs);
        if (_retries > 0 && code is null)
        {
            step.With("retry", new OutMap().With("max_attempts", new OutPlain((_retries.Value + 1).ToString("0", CultureInfo.InvariantCulture))).With("delay", "500ms").With("backoff", "linear"));
        }

        decimal? limit = map.Mapping("sandbox") is { } sandbox ? Sandbox(sandbox) : null;
        if (limit is { } seconds)
        {
            step.With("timeout", seconds.ToString("0.###", CultureInfo.InvariantCulture) + "s");
        }

        bool isObject = OutputSchema(map, step, code is not null);
        Lose(map);
        map.TellOthers();
        yield return step;
        if (!inItem && node.Outputs.Count > 0)
        {
            OutMap set = new();
            foreach (string field in node.Outputs.Distinct())
            {
                set.With(field, isObject ? $"${{{node.Step}?.{field}}}" : $"${{{node.Step}}}");
                if (!isObject)
                {
                    break;
                }
            }

            yield return new OutMap().With("set", set);
        }
    }

    private void Lose(OldMap node)
    {
        node.Lose("tools", "a node's tools are not carried", "Let the task offer them to the model.");
        node.Lose("memory", "memory is not carried", "Keep what is to be remembered in the state.");
        node.Lose("llm", "the model's settings are not carried", "Set the model in the task.");
        node.Lose("optimize", "optimization of prompts is not carried");
        node.Lose("mlflow", "MLflow is not supported", "See the server's traces.");
        node.LeaveOut("log_prompts", "log_artifacts");
    }

    private decimal? Sandbox(YamlMap map)
    {
        OldMap sandbox = new(map, _report, "sandbox");
        decimal? limit = sandbox.Number("timeout", 1, 3600) ?? (sandbox.Mapping("resources")?.Find("timeout") is YamlText text && Value.TryParseNumber(text.Value, out Value number) && number.AsNumber is decimal seconds and >= 1 and <= 3600 ? seconds : null);
        limit ??= sandbox.Text("preset") switch
        {
            "low" => 30,
            "medium" => 60,
            "high" => 120,
            "max" => 300,
            _ => null,
        };
        sandbox.Ignore("preset", "mode", "enabled", "network", "resources");
        sandbox.TellOthers();
        _report.Lost(map, "the sandbox is not carried: tasks run in the server's process; its time limit is the step's", "Keep dangerous code in a process of its own.");
        return limit;
    }

    /// <returns>True when the result is an object with a field for each output.</returns>
    private bool OutputSchema(OldMap node, OutMap step, bool isCode)
    {
        if (node.Mapping("output_schema") is not { } map)
        {
            return false;
        }

        OldMap schema = new(map, _report, "output_schema");
        YamlText? type = schema.TextItem("type");
        schema.Ignore("description");
        YamlList? fields = schema.List("fields");
        schema.TellOthers();
        if (type?.Value != "object" || isCode)
        {
            step.With("output_schema", SchemaOf(type, null));
            return false;
        }

        OutMap properties = new();
        List<string> required = [];
        foreach (YamlMap field in (fields?.Items ?? []).OfType<YamlMap>())
        {
            if (field.Find("name") is YamlText name && properties.Find(name.Value) is null)
            {
                OutMap property = SchemaOf(field.Find("type") as YamlText, field.Find("schema"));
                property.With("description", Prose(field));
                properties.With(name.Value, property);
                required.Add(name.Value);
            }
        }

        step.With("output_schema", new OutMap().With("type", "object").With("required", OutList.Of(required)).With("properties", properties));
        return true;
    }

    /// <summary>A text with <c>{field}</c>; of two braces one stays.</summary>
    /// <param name="aliases">The node's own names, which go before fields; null inside one of them.</param>
    private string Template(YamlText text, YamlMap? aliases, bool inItem)
    {
        StringBuilder made = new();
        StringBuilder literal = new();
        int at = 0;
        foreach (Match match in Placeholder().Matches(text.Value))
        {
            literal.Append(text.Value, at, match.Index - at);
            at = match.Index + match.Length;
            if (match.Value is "{{" or "}}")
            {
                literal.Append(match.Value[0]);
                continue;
            }

            string path = match.Groups[1].Value;
            if (Target(path, aliases, inItem, text) is { } target)
            {
                made.Append(FlujoTemplate.Escape(literal.ToString()));
                literal.Clear();
                FlujoTemplate.AppendHole(made, target);
            }
            else
            {
                _report.Lost(text, $"there is no '{{{Text.Shorten(path, 60)}}}'{Near(path.Split('.')[0])}; it stays as text");
                literal.Append(match.Value);
            }
        }

        return made.Append(FlujoTemplate.Escape(literal.Append(text.Value, at, text.Value.Length - at).ToString())).ToString();
    }

    private string? Target(string path, YamlMap? aliases, bool inItem, YamlText text)
    {
        string[] parts = path.Split('.');
        if (aliases?.Find(parts[0]) is YamlText alias)
        {
            string inner = Template(alias, null, inItem);
            bool isPath = inner.StartsWith("${", StringComparison.Ordinal) && inner.IndexOf('}', StringComparison.Ordinal) == inner.Length - 1;
            return parts.Length == 1 ? inner : isPath ? $"${{{OldExpression.Append(inner[2..^1], parts.Skip(1))}}}" : null;
        }

        if (parts[0] == "state" && parts.Length > 1)
        {
            parts = parts[1..];
        }

        if (inItem && parts[0] is "item" or "_parallel_item" && !_fields.ContainsKey(parts[0]))
        {
            return $"${{{OldExpression.Append("item", parts.Skip(1))}}}";
        }

        if (inItem && parts[0] is "index" or "_parallel_index" && !_fields.ContainsKey(parts[0]))
        {
            return "${index}";
        }

        return _fields.ContainsKey(parts[0]) ? $"${{{OldExpression.Append(Reference(parts[0]), parts.Skip(1))}}}" : null;
    }

    [GeneratedRegex(@"\{\{|\}\}|\{([A-Za-z_]\w*(?:\.\w+)*)\}")]
    private static partial Regex Placeholder();

    private string Condition(YamlText text)
    {
        try
        {
            if (AndOr().IsMatch(text.Value) && !text.Value.Contains('(', StringComparison.Ordinal))
            {
                _report.Changed(text, "'and' binds tighter than 'or', as everywhere; before, 'or' was asked first", "Write parentheses where it matters.");
            }

            return OldExpression.Translate(text.Value, Names, bareWords: true);
        }
        catch (OldExpressionException e)
        {
            _report.Lost(text, $"the condition '{Text.Shorten(text.Value, 80)}' cannot be translated: {e.Message}", "Write it anew; false stands in its place.");
            return "false";
        }

        string? Names(IReadOnlyList<string> path, out int used)
        {
            int first = path[0] == "state" && path.Count > 1 ? 1 : 0;
            used = first + 1;
            return _fields.ContainsKey(path[first])
                ? Reference(path[first])
                : first == 1 ? throw new OldExpressionException($"the state has no field '{path[1]}'{Near(path[1])}", 0) : null;
        }
    }

    [GeneratedRegex(@"\b(?:and\b.*\bor|or\b.*\band)\b")]
    private static partial Regex AndOr();
}

/// <summary>A node of the graph.</summary>
internal sealed class AgentNode(string id, YamlMap map, string step)
{
    public string Id => id;
    public YamlMap Map => map;

    /// <summary>The id of its step.</summary>
    public string Step => step;

    public List<string> Outputs { get; } = [];
    public List<AgentEdge> Edges { get; } = [];
}

/// <summary>A way out of a node: exactly one of the four.</summary>
internal sealed record AgentEdge(YamlItem At)
{
    public string? To { get; init; }

    /// <summary>By condition; a null condition is the default.</summary>
    public IReadOnlyList<(YamlText? Condition, string To)>? Routes { get; init; }

    public (YamlText Field, int Max, string ExitTo)? Loop { get; init; }

    public (string Items, string Target, string Collect)? Parallel { get; init; }
}
