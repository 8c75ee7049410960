using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Actors.Flows;

/// <summary>The steps of nodes, with their templates and conditions.</summary>
internal sealed partial class AgentSteps(AgentFields fields, ImportReport report)
{
    private const int ItemsAtOnce = 8;

    /// <summary>How often a step is tried again; null: the configuration says nothing about it.</summary>
    public decimal? Retries { get; set; }

    /// <summary>The step of a node, and what it changes in the state.</summary>
    /// <param name="inItem">True in a for_each over items, where there is an item and the state stays as it is.</param>
    public IEnumerable<OutNode> NodeSteps(AgentNode node, bool inItem)
    {
        OldMap map = new(node.Map, report, "a node");
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
            report.Lost(code, $"the code of the node '{node.Id}' is not carried; it stands as a comment above the task", $"Write the task '{node.Step}': its input is what stands under inputs, its result is the field '{node.Outputs.FirstOrDefault() ?? "result"}'.");
            report.Task(node.Step, "code node");
            map.Ignore("prompt");
        }
        else if (map.TextItem("prompt") is { } prompt)
        {
            inputs.Entries.Insert(0, ("prompt", new OutText(Template(prompt, aliases, inItem))));
            report.Task(node.Step, "node with a prompt");
            report.Changed(prompt, $"the node '{node.Id}' is the task '{node.Step}', which gets the rendered prompt", "Register a task of that name that calls the model.");
        }

        step.With("inputs", inputs);
        if (Retries > 0 && code is null)
        {
            step.With("retry", new OutMap().With("max_attempts", new OutPlain((Retries.Value + 1).ToString("0", CultureInfo.InvariantCulture))).With("delay", "500ms").With("backoff", "linear"));
        }

        decimal? limit = map.Mapping("sandbox") is { } sandbox ? Sandbox(sandbox) : null;
        if (limit is { } seconds)
        {
            step.WithTimeout(seconds);
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

    public IEnumerable<OutNode> Items(AgentNode node, string items, string collect)
    {
        OutList body = new();
        body.Items.AddRange(NodeSteps(node, true));
        bool isObject = (node.Map.Find("output_schema") as YamlMap)?.Find("type") is YamlText { Value: "object" } && node.Map.Find("code") is null;
        string gives = isObject && node.Outputs.Count == 1 ? $"${{{node.Step}?.{node.Outputs[0]}}}" : $"${{{node.Step}}}";
        string id = node.Step + "_all";
        yield return new OutMap()
            .With("for_each", $"${{{fields.Reference(items)}}}")
            .With("id", id)
            .With("concurrency", new OutPlain(ItemsAtOnce.ToString(CultureInfo.InvariantCulture)))
            .With("do", body)
            .With("collect", gives);
        yield return new OutMap().With("set", new OutMap().With(collect, $"${{{id}}}"));
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
        OldMap sandbox = new(map, report, "sandbox");
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
        report.Lost(map, "the sandbox is not carried: tasks run in the server's process; its time limit is the step's", "Keep dangerous code in a process of its own.");
        return limit;
    }

    /// <returns>True when the result is an object with a field for each output.</returns>
    private bool OutputSchema(OldMap node, OutMap step, bool isCode)
    {
        if (node.Mapping("output_schema") is not { } map)
        {
            return false;
        }

        OldMap schema = new(map, report, "output_schema");
        YamlText? type = schema.TextItem("type");
        schema.Ignore("description");
        YamlList? declared = schema.List("fields");
        schema.TellOthers();
        if (type?.Value != "object" || isCode)
        {
            step.With("output_schema", fields.SchemaOf(type, null));
            return false;
        }

        OutMap properties = new();
        List<string> required = [];
        foreach (YamlMap field in (declared?.Items ?? []).OfType<YamlMap>())
        {
            if (field.Find("name") is YamlText name && properties.Find(name.Value) is null)
            {
                OutMap property = fields.SchemaOf(field.Find("type") as YamlText, field.Find("schema"));
                property.With("description", AgentFields.Prose(field));
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
                report.Lost(text, $"there is no '{{{Text.Shorten(path, 60)}}}'{fields.Near(path.Split('.')[0])}; it stays as text");
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

        if (inItem && parts[0] is "item" or "_parallel_item" && !fields.Known.ContainsKey(parts[0]))
        {
            return $"${{{OldExpression.Append("item", parts.Skip(1))}}}";
        }

        if (inItem && parts[0] is "index" or "_parallel_index" && !fields.Known.ContainsKey(parts[0]))
        {
            return "${index}";
        }

        return fields.Known.ContainsKey(parts[0]) ? $"${{{OldExpression.Append(fields.Reference(parts[0]), parts.Skip(1))}}}" : null;
    }

    [GeneratedRegex(@"\{\{|\}\}|\{([A-Za-z_]\w*(?:\.\w+)*)\}")]
    private static partial Regex Placeholder();

    public string Condition(YamlText text)
    {
        try
        {
            if (AndOr().IsMatch(text.Value) && !text.Value.Contains('(', StringComparison.Ordinal))
            {
                report.Changed(text, "'and' binds tighter than 'or', as everywhere; before, 'or' was asked first", "Write parentheses where it matters.");
            }

            return OldExpression.Translate(text.Value, Names, bareWords: true);
        }
        catch (OldExpressionException e)
        {
            report.Lost(text, $"the condition '{Text.Shorten(text.Value, 80)}' cannot be translated: {e.Message}", "Write it anew; false stands in its place.");
            return "false";
        }

        string? Names(IReadOnlyList<string> path, out int used)
        {
            int first = path[0] == "state" && path.Count > 1 ? 1 : 0;
            used = first + 1;
            return fields.Known.ContainsKey(path[first])
                ? fields.Reference(path[first])
                : first == 1 ? throw new OldExpressionException($"the state has no field '{path[1]}'{fields.Near(path[1])}", 0) : null;
        }
    }

    [GeneratedRegex(@"\b(?:and\b.*\bor|or\b.*\band)\b")]
    private static partial Regex AndOr();
}
