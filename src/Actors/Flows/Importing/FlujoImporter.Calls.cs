namespace Actors.Flows;

/// <summary>Steps that call something, and what happens with what they give.</summary>
internal sealed partial class FlujoImporter
{
    private string Call(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        YamlText? uses = step.TextItem("uses");
        YamlMap? parameters = null;
        YamlText? called = uses;
        switch (step.Item("agent"))
        {
            case YamlText text:
                called ??= text;
                break;
            case YamlMap map:
                OldMap agent = new(map, _report, "agent");
                called ??= agent.TextItem("id");
                parameters = agent.Mapping("params");
                agent.TellOthers();
                break;
        }

        if (called is null)
        {
            _report.Lost(step.Map, $"the step '{Text.Shorten(name, 60)}' calls nothing; a task of its name stands in its place", "Write the task.");
        }

        if (called?.Value.StartsWith("imports.", StringComparison.Ordinal) == true)
        {
            return Import(step, name, called, data, scope, into);
        }

        if (called?.Value == "flujo.builtins.context_set" && parameters?.Find("path") is YamlText path)
        {
            step.Ignore("input", "updates_context");
            step.LeaveOut("config");
            _report.Carried(called, "context_set is a set step");
            SetState(into, path, path.Value, parameters.Find("value") is { } value ? Value(value, data, scope) : new OutText($"${{{data}}}"), "set");
            return data;
        }

        string id = Id(name);
        OutMap made = new();
        string task = Task(called, name);
        made.With("task", task).With("id", id);
        OutMap inputs = Input(step, data, scope);
        foreach (YamlEntry entry in parameters?.Entries ?? [])
        {
            if (inputs.Find(entry.Key.Value) is null)
            {
                inputs.With(entry.Key.Value, Value(entry.Value, data, scope));
            }
        }

        made.With("inputs", inputs);
        YamlMap? agentMap = called is not null && _agents.TryGetValue(AgentName(called.Value), out YamlMap? found) ? found : null;
        bool background = Policy(step, made, agentMap);
        Schema(step, made, agentMap);
        Fallback(step, made, data, scope);
        Checks(step, made);
        into.Items.Add(made);
        if (background)
        {
            step.Ignore("updates_context");
            step.Lose("sink_to", "a background step's output is not seen by the steps after it");
            _ids.Remove(id);
            made.Entries.RemoveAll(e => e.Key == "id");
            return data;
        }

        Sink(step, id, scope, into, agentMap);
        return id;
    }

    private static string AgentName(string called) => called.StartsWith("agents.", StringComparison.Ordinal) ? called["agents.".Length..] : called;

    /// <summary>The name of the task that stands for an agent or a callable.</summary>
    private string Task(YamlText? called, string step)
    {
        if (called is null)
        {
            string own = FlujoFiles.Word(step, "task");
            _report.Task(own, $"the step '{step}', which called nothing");
            return own;
        }

        string text = called.Value.Trim();
        string agent = AgentName(text);
        if (text.StartsWith("agents.", StringComparison.Ordinal) || _agents.ContainsKey(agent))
        {
            if (_agents.TryGetValue(agent, out YamlMap? map))
            {
                _report.Task(agent, $"agent, model {(map.Find("model") as YamlText)?.Value ?? "none"}");
            }
            else
            {
                if (_toldAgents.Add(agent))
                {
                    _report.Lost(called, $"the blueprint declares no agent '{Text.Shorten(agent, 60)}'", "Register a task of that name.");
                }

                _report.Task(agent, "agent that is not declared");
            }

            return Clean(agent);
        }

        if (_callables.TryGetValue(text, out string? known))
        {
            return known;
        }

        string last = text[(text.LastIndexOfAny(['.', ':']) + 1)..];
        string name = Clean(_callables.ContainsValue(last) || _agents.ContainsKey(last) || last.Length == 0 ? text.Replace(':', '.') : last);
        _callables.Add(text, name);
        _report.Task(name, $"callable {text}");
        _report.Changed(called, $"'{Text.Shorten(text, 80)}' is called as the task '{Text.Shorten(name, 80)}'", "Write the task and register it under that name.");
        return name;
    }

    private static string Clean(string name) => Text.Shorten(new string([.. name.Where(c => !char.IsControl(c) && !char.IsSurrogate(c))]).Trim() is { Length: > 0 } clean ? clean : "task", ValueReader.IdLengthMax);

    /// <returns>True for a step in the background.</returns>
    private bool Policy(OldMap step, OutMap made, YamlMap? agentMap)
    {
        OldMap? config = step.Mapping("config") is { } map ? new OldMap(map, _report, "config") : null;
        OldMap? agent = agentMap is null ? null : new OldMap(agentMap, _report, "an agent");
        decimal? retries = config?.Number("max_retries", 0, RetryPolicy.AttemptsMax - 1) ?? agent?.Number("max_retries", 0, RetryPolicy.AttemptsMax - 1);
        if (retries > 0)
        {
            made.With("retry", new OutMap().With("max_attempts", new OutPlain(Count(retries.Value + 1))).With("delay", "0s"));
        }
        else if (retries is null)
        {
            _report.ChangedOnce(step.Map, "a step without max_retries is tried once; Flujo tries it twice", "Write retry where it matters.");
        }

        decimal? seconds = config?.Number("timeout_s", 0.001m, 86_400_000) ?? config?.Number("timeout", 0.001m, 86_400_000) ?? agent?.Number("timeout", 0.001m, 86_400_000);
        if (seconds is { } limit)
        {
            made.With("timeout", Seconds(limit));
        }

        config?.Ignore("timeout");
        config?.LeaveOut("preserve_fallback_diagnostics");
        bool background = false;
        if (config?.Text("execution_mode") is "background")
        {
            background = true;
            made.With("background", new OutPlain("true"));
            _report.Changed(config.At("execution_mode"), "the run ends only when the step in the background has ended");
        }

        foreach (string key in (ReadOnlySpan<string>)["temperature", "top_k", "top_p"])
        {
            config?.Lose(key, $"'{key}' is for the model", "Set it in the task.");
        }

        config?.TellOthers();
        return background;
    }

    private void Schema(OldMap step, OutMap made, YamlMap? agentMap)
    {
        if ((step.Item("output_schema") ?? agentMap?.Find("output_schema")) is YamlMap schema)
        {
            made.With("output_schema", _report.Schema(schema));
        }

        step.Lose("input_schema", "the schema of a step's input is not carried", "Check the input in the task.");
    }

    private void Fallback(OldMap step, OutMap made, string data, FlujoScope scope)
    {
        if (step.Mapping("fallback") is not { } fallback)
        {
            return;
        }

        OutList steps = new();
        Steps(fallback, data, new FlujoScope(scope), steps);
        if (steps.Items.Count > 0)
        {
            made.With("fallback", steps);
        }
    }

    private void Checks(OldMap step, OutMap made)
    {
        foreach (string key in (ReadOnlySpan<string>)["validators", "plugins"])
        {
            if (step.List(key) is { Items.Count: > 0 } list)
            {
                string names = string.Join(", ", list.Items.Select(Shown));
                _report.Lost(step.At(key), $"{key} are code and are not carried ({Text.Shorten(names, 100)})", "Write what they check as validate, with conditions over ${result}, or check it in the task.");
                made.Comment($"TODO: {key} of this step: {names}");
            }
        }
    }

    /// <summary>What a step's output changes in the state.</summary>
    private void Sink(OldMap step, string output, FlujoScope scope, OutList into, YamlMap? agentMap)
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
            : [.. _state];
        if (keys.Length == 0)
        {
            _report.Changed(step.At("updates_context"), "nothing is taken over into the state, because nothing reads the context");
            return;
        }

        OutMap set = new();
        foreach (string key in keys)
        {
            State(key);
            set.With(key, schema is null ? $"${{{output}?.{key} ?? state.{key}}}" : $"${{{output}?.{key}}}");
        }

        into.Items.Add(new OutMap().With("set", set));
        _report.Changed(
            step.At("updates_context"),
            schema is null ? $"of the output, the fields that the blueprint reads from the context are taken over: {Text.Shorten(string.Join(", ", keys), 100)}" : "the fields of the output's schema are taken over into the state");
    }

    /// <param name="operation">set, append or merge.</param>
    private void SetState(OutList into, YamlItem at, string target, OutNode value, string operation)
    {
        if (Change(at, target, value, operation) is { } change)
        {
            into.Items.Add(new OutMap().With(change.Operation, new OutMap().With(change.Name, change.Value)));
        }
    }

    private (string Operation, string Name, OutNode Value)? Change(YamlItem at, string target, OutNode value, string operation)
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
            _report.Lost(at, $"'{Text.Shorten(target, 80)}' is no place in the context");
            return null;
        }

        path[0] = State(path[0]);
        if (path.Count == 1)
        {
            return (operation, path[0], value);
        }

        if (operation == "append")
        {
            _report.Lost(at, $"'{Text.Shorten(target, 80)}' is a list inside an object: only lists of the state itself can be added to", "Give the list a field of its own.");
            return null;
        }

        OutNode inner = value;
        for (int i = path.Count - 1; i > 0; i--)
        {
            inner = new OutMap().With(path[i], inner);
        }

        return ("merge", path[0], inner);
    }

    private string Import(OldMap step, string name, YamlText called, string data, FlujoScope scope, OutList into)
    {
        string alias = called.Value["imports.".Length..];
        string id = Id(name);
        OldMap? config = step.Mapping("config") is { } map ? new OldMap(map, _report, "the config of an import") : null;
        if (!_imports.TryGetValue(alias, out FlujoChild? child))
        {
            _report.Lost(called, $"there is no import '{Text.Shorten(alias, 60)}'; a task stands in its place", "Write the task.");
            _report.Task(id, $"the import '{alias}', which is not there");
            into.Items.Add(new OutMap().Comment("TODO: this was an import that is not there.").With("task", id).With("id", id).With("inputs", Input(step, data, scope)));
            return id;
        }

        OutMap inputs = Input(step, data, scope);
        string inputTo = config?.Text("input_to") ?? "initial_prompt";
        OutText given = inputs.Find("input") as OutText ?? new OutText($"${{{data}}}");
        bool inherits = config?.Flag("inherit_context") == true;
        if (inputTo is "import_artifacts" or "both")
        {
            inputs.With(ContextInput, given);
            if (inherits)
            {
                _report.Changed(config!.At("inherit_context"), "the child's state begins with its input alone", "Pass what it needs of the context in its input.");
            }
        }
        else if (inherits)
        {
            inputs.With(ContextInput, "${state}");
        }

        if (inputTo == "import_artifacts")
        {
            inputs.Entries.RemoveAll(e => e.Key == "input");
        }

        OutMap made = new OutMap().With("subflow", child.Flow).With("id", id).With("inputs", inputs);
        switch (config?.Text("on_failure"))
        {
            case "skip":
                made.With("on_failure", "skip");
                break;
            case "continue_with_default":
                made.With("on_failure", "default").With("default", new OutMap().With("output", new OutPlain("null")));
                break;
        }

        into.Items.Add(made);
        ChildOutputs(step, config, child, id, into);
        config?.Lose("inherit_conversation", "there is no conversation to inherit");
        config?.Lose("input_scratchpad_key", "a value that is no object is given as input");
        if (config?.Flag("propagate_hitl") == false)
        {
            _report.Changed(config.At("propagate_hitl"), "a question that the child asks is always waited for");
        }

        config?.TellOthers();
        step.Ignore("updates_context");
        step.LeaveOut("output_schema", "fallback");
        return id + "?.output";
    }

    private void ChildOutputs(OldMap step, OldMap? config, FlujoChild child, string id, OutList into)
    {
        OutMap set = new();
        switch (config?.Item("outputs"))
        {
            case YamlList list:
                foreach (YamlItem item in list.Items)
                {
                    if (item is YamlMap map)
                    {
                        OldMap pair = new(map, _report, "an output of an import");
                        string? from = Field(pair.TextItem("child"));
                        if (from is not null && pair.TextItem("parent") is { } to && Change(to, to.Value, new OutText($"${{{id}?.{child.Want(from)}}}"), "set") is { Operation: "set" } change)
                        {
                            set.With(change.Name, change.Value);
                        }

                        pair.TellOthers();
                    }
                }

                break;
            case YamlMap map:
                foreach (YamlEntry entry in map.Entries)
                {
                    if (entry.Value is YamlText to && Field(entry.Key) is { } from && Change(to, to.Value, new OutText($"${{{id}?.{child.Want(from)}}}"), "set") is { Operation: "set" } change)
                    {
                        set.With(change.Name, change.Value);
                    }
                }

                break;
            case null when step.Flag("updates_context") == true:
                foreach (string field in _state)
                {
                    set.With(field, $"${{{id}?.{child.Want(field)} ?? state.{field}}}");
                }

                break;
        }

        if (set.Entries.Count > 0)
        {
            into.Items.Add(new OutMap().With("set", set));
        }
    }

    private string? Field(YamlText? path)
    {
        string? field = path?.Value.Trim().Split('.').LastOrDefault(p => p.Length > 0);
        if (path is not null && (field is null || !OldExpression.IsWord(field)))
        {
            _report.Lost(path, $"'{Text.Shorten(path.Value, 80)}' is no place in the child's context");
            return null;
        }

        return field;
    }
}
