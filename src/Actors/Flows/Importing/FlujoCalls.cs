namespace Actors.Flows;

/// <summary>Steps that call an agent or code.</summary>
internal sealed class FlujoCalls(FlujoBlueprint blueprint, FlujoImporter importer)
{
    private readonly FlujoImportSteps _imported = new(blueprint);

    public string Call(OldMap step, string name, string data, FlujoScope scope, OutList into)
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
                OldMap agent = new(map, blueprint.Report, "agent");
                called ??= agent.TextItem("id");
                parameters = agent.Mapping("params");
                agent.TellOthers();
                break;
        }

        if (called is null)
        {
            blueprint.Report.Lost(step.Map, $"the step '{Text.Shorten(name, 60)}' calls nothing; a task of its name stands in its place", "Write the task.");
        }

        if (called?.Value.StartsWith("imports.", StringComparison.Ordinal) == true)
        {
            return _imported.Convert(step, name, called, data, scope, into);
        }

        if (called?.Value == "flujo.builtins.context_set" && parameters?.Find("path") is YamlText path)
        {
            step.Ignore("input", "updates_context");
            step.LeaveOut("config");
            blueprint.Report.Carried(called, "context_set is a set step");
            blueprint.SetState(into, path, path.Value, parameters.Find("value") is { } value ? blueprint.Value(value, data, scope) : new OutText($"${{{data}}}"), "set");
            return data;
        }

        string id = blueprint.Id(name);
        OutMap made = new();
        string task = blueprint.Task(called, name);
        made.With("task", task).With("id", id);
        OutMap inputs = blueprint.Input(step, data, scope);
        foreach (YamlEntry entry in parameters?.Entries ?? [])
        {
            if (inputs.Find(entry.Key.Value) is null)
            {
                inputs.With(entry.Key.Value, blueprint.Value(entry.Value, data, scope));
            }
        }

        made.With("inputs", inputs);
        YamlMap? agentMap = called is not null && blueprint.Agents.TryGetValue(FlujoBlueprint.AgentName(called.Value), out YamlMap? found) ? found : null;
        bool background = Policy(step, made, agentMap);
        Schema(step, made, agentMap);
        Fallback(step, made, data, scope);
        Checks(step, made);
        into.Items.Add(made);
        if (background)
        {
            step.Ignore("updates_context");
            step.Lose("sink_to", "a background step's output is not seen by the steps after it");
            blueprint.Free(id);
            made.Entries.RemoveAll(e => e.Key == "id");
            return data;
        }

        blueprint.Sink(step, id, scope, into, agentMap);
        return id;
    }

    /// <returns>True for a step in the background.</returns>
    private bool Policy(OldMap step, OutMap made, YamlMap? agentMap)
    {
        OldMap? config = step.Mapping("config") is { } map ? new OldMap(map, blueprint.Report, "config") : null;
        OldMap? agent = agentMap is null ? null : new OldMap(agentMap, blueprint.Report, "an agent");
        decimal? retries = config?.Number("max_retries", 0, RetryPolicy.AttemptsMax - 1) ?? agent?.Number("max_retries", 0, RetryPolicy.AttemptsMax - 1);
        if (retries > 0)
        {
            made.With("retry", new OutMap().With("max_attempts", new OutPlain(FlujoBlueprint.Count(retries.Value + 1))).With("delay", "0s"));
        }
        else if (retries is null)
        {
            blueprint.Report.ChangedOnce(step.Map, "a step without max_retries is tried once; Flujo tries it twice", "Write retry where it matters.");
        }

        decimal? seconds = config?.Number("timeout_s", 0.001m, 86_400_000) ?? config?.Number("timeout", 0.001m, 86_400_000) ?? agent?.Number("timeout", 0.001m, 86_400_000);
        if (seconds is { } limit)
        {
            made.WithTimeout(limit);
        }

        config?.Ignore("timeout");
        config?.LeaveOut("preserve_fallback_diagnostics");
        bool background = false;
        if (config?.Text("execution_mode") is "background")
        {
            background = true;
            made.With("background", new OutPlain("true"));
            blueprint.Report.Changed(config.At("execution_mode"), "the run ends only when the step in the background has ended");
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
            made.With("output_schema", blueprint.Report.Schema(schema));
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
        importer.Steps(fallback, data, new FlujoScope(scope), steps);
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
                string names = string.Join(", ", list.Items.Select(FlujoBlueprint.Shown));
                blueprint.Report.Lost(step.At(key), $"{key} are code and are not carried ({Text.Shorten(names, 100)})", "Write what they check as validate, with conditions over ${result}, or check it in the task.");
                made.Comment($"TODO: {key} of this step: {names}");
            }
        }
    }
}
