namespace Actors.Flows;

/// <summary>
/// Makes a flow of a Flujo blueprint. What flows silently from step to step there is written down here: each step names the one whose output it gets. The context is the
/// flow's state.
/// </summary>
internal sealed partial class FlujoImporter
{
    // A block in a block in a block.
    private const int DepthMax = 40;

    private readonly YamlMap _root;
    private readonly ImportReport _report;
    private readonly FlujoFiles _files;
    private readonly FlujoBlueprint _blueprint;
    private readonly Dictionary<string, Converter> _kinds;
    private int _depth;

    public FlujoImporter(YamlMap root, ImportReport report, FlujoFiles files)
    {
        (_root, _report, _files) = (root, report, files);
        _blueprint = new FlujoBlueprint(report);
        FlujoBranches branches = new(_blueprint, this);
        FlujoLoops loops = new(_blueprint, this);
        _kinds = new(StringComparer.Ordinal)
        {
            ["step"] = new FlujoCalls(_blueprint, this).Call,
            ["parallel"] = branches.Parallel,
            ["conditional"] = new FlujoChoices(_blueprint, this, branches).Conditional,
            ["loop"] = loops.Loop,
            ["map"] = loops.Map,
            ["dynamic_router"] = branches.Router,
            ["StateMachine"] = new FlujoMachines(_blueprint, this).Machine,
            ["hitl"] = new FlujoPeople(_blueprint).Hitl,
            ["cache"] = new FlujoCaches(_blueprint, this).Cache,
        };
    }

    /// <summary>Writes the steps that a step of one kind is here.</summary>
    /// <param name="name">What the blueprint calls it.</param>
    /// <param name="data">The expression whose value it gets.</param>
    /// <param name="into">Takes the steps.</param>
    /// <returns>The expression whose value the step after it gets.</returns>
    private delegate string Converter(OldMap step, string name, string data, FlujoScope scope, OutList into);

    /// <param name="name">The flow's name, when the blueprint gives none.</param>
    /// <param name="child">Null: it is the blueprint that is imported itself.</param>
    public OutMap Import(string name, FlujoChild? child)
    {
        OldMap root = new(_root, _report, "a blueprint");
        root.Ignore("version");
        ReadAgents(root);
        ReadImports(root);
        root.Lose("static_invariants", "invariants are not carried", "Check them in the tasks, or with validate.");
        root.Lose("pipeline_config", "pipeline_config has no effect in Flujo and none here");
        FindState(_root, 0);
        OutList steps = new();
        FlujoScope scope = new(null);
        string data = "inputs.input";
        if (root.List("steps") is { Items.Count: > 0 } list)
        {
            data = Steps(list, data, scope, steps);
        }
        else
        {
            _report.Lost(_root, "the blueprint has no steps");
        }

        root.Ignore("name");
        root.TellOthers();
        if (steps.Items.Count == 0)
        {
            steps.Items.Add(new OutMap().With("exit", new OutMap().With("reason", "there is nothing to do")));
        }

        if (_blueprint.StateFields.Count > 0)
        {
            OutMap given = new();
            foreach (string field in _blueprint.StateFields)
            {
                given.With(field, $"${{inputs.{FlujoBlueprint.ContextInput}?.{field}}}");
            }

            steps.Items.Insert(0, new OutMap().With("set", given));
        }

        return Document(root, name, child, steps, data);
    }

    private OutMap Document(OldMap root, string name, FlujoChild? child, OutList steps, string data)
    {
        OutMap flow = new();
        flow.Comment($"Made from {Path.GetFileName(_report.File)}, a blueprint of Flujo.");
        AgentComments(flow);
        flow.With("flow", name);
        if (root.Text("name") is { } title && title != name)
        {
            flow.With("description", FlujoTemplate.Escape(title));
        }

        OutList inputs = new();
        inputs.Items.Add(new OutMap().With("name", "input").With("description", "What the first step gets.").With("default", new OutPlain("null")));
        if (child is not null || _blueprint.StateFields.Count > 0)
        {
            inputs.Items.Add(new OutMap().With("name", FlujoBlueprint.ContextInput).With("description", "The first values of the state, an object.").With("default", new OutPlain("null")));
        }

        flow.With("inputs", inputs);
        if (_blueprint.StateFields.Count > 0)
        {
            OutMap state = new();
            foreach (string field in _blueprint.StateFields)
            {
                state.With(field, "any");
            }

            flow.With("state", state);
        }

        flow.With("steps", steps);
        OutList outputs = new();
        outputs.Items.Add(new OutMap().With("name", "output").With("value", $"${{{data}}}"));
        foreach (string field in child?.Outputs.Where(o => o != "output") ?? [])
        {
            outputs.Items.Add(new OutMap().With("name", field).With("value", _blueprint.StateFields.Contains(field) ? $"${{state.{field}}}" : "${null}"));
        }

        return flow.With("outputs", outputs);
    }

    private void AgentComments(OutMap flow)
    {
        foreach ((string name, YamlMap agent) in _blueprint.Agents)
        {
            flow.Comment("");
            flow.Comment($"Agent {name}: {(agent.Find("model") as YamlText)?.Value ?? "no model"}");
            foreach (string key in (ReadOnlySpan<string>)["model_settings", "tools"])
            {
                if (agent.Find(key) is { } item)
                {
                    flow.Comment($"  {key}: {FlujoBlueprint.Shown(item)}");
                }
            }

            switch (agent.Find("system_prompt"))
            {
                case YamlText { IsNull: false } prompt:
                    flow.Comment("  system_prompt:\n    " + prompt.Value.Trim().ReplaceLineEndings("\n").Replace("\n", "\n    ", StringComparison.Ordinal));
                    break;
                case YamlMap map:
                    flow.Comment("  system_prompt: " + FlujoBlueprint.Shown(map));
                    break;
            }
        }
    }

    private void ReadAgents(OldMap root)
    {
        foreach (YamlEntry entry in root.Mapping("agents")?.Entries ?? [])
        {
            if (entry.Value is not YamlMap map)
            {
                _report.Lost(entry.Value, $"an agent must be a mapping, not {entry.Value.Name}");
                continue;
            }

            _blueprint.Agents[entry.Key.Value] = map;
            string model = (map.Find("model") as YamlText)?.Value ?? "none";
            _report.Changed(
                entry.Key,
                $"the agent '{Text.Shorten(entry.Key.Value, 60)}' (model {Text.Shorten(model, 60)}) is called as a task: this version has no agents; its model and prompt are in the file's comments",
                "Register a task of that name that calls the model.");
            OldMap agent = new(map, _report, "an agent");
            agent.Ignore("model", "model_settings", "system_prompt", "output_schema", "timeout", "max_retries");
            agent.Lose("tools", "an agent's tools are not carried", "Let the task offer them.");
            agent.TellOthers();
        }
    }

    private void ReadImports(OldMap root)
    {
        foreach (YamlEntry entry in root.Mapping("imports")?.Entries ?? [])
        {
            if (entry.Value is not YamlText path)
            {
                _report.Lost(entry.Value, $"an import must be a path, not {entry.Value.Name}");
            }
            else if (_files.Open(_report, path) is { } child)
            {
                _blueprint.Imports[entry.Key.Value] = child;
            }
        }
    }

    // Fields that templates and expressions read; what steps give is taken over for these.
    private void FindState(YamlItem item, int depth)
    {
        switch (item)
        {
            case YamlText text:
                foreach (System.Text.RegularExpressions.Match match in ContextField().Matches(text.Value))
                {
                    if (!Names.Reserved.Contains(match.Groups[1].Value) && match.Groups[1].Value is not ("initial_prompt" or "step_outputs" or "import_artifacts" or "scratchpad" or "get"))
                    {
                        _blueprint.State(match.Groups[1].Value);
                    }
                }

                break;
            case YamlList list:
                foreach (YamlItem inner in list.Items)
                {
                    FindState(inner, depth + 1);
                }

                break;
            case YamlMap map:
                foreach (YamlEntry entry in map.Entries)
                {
                    if (depth > 0 || entry.Key.Value == "steps")
                    {
                        FindState(entry.Value, depth + 1);
                    }
                }

                break;
        }
    }

    [System.Text.RegularExpressions.GeneratedRegex(@"\bcontext\.(?:import_artifacts\.|scratchpad\.)?([A-Za-z_]\w{0,79})")]
    private static partial System.Text.RegularExpressions.Regex ContextField();

    /// <summary>Reads a list of steps, or one step, and gives what the last of them gives.</summary>
    public string Steps(YamlItem item, string data, FlujoScope scope, OutList into)
    {
        if (_depth >= DepthMax)
        {
            _report.Lost(item, $"steps are nested deeper than {DepthMax} levels");
            return data;
        }

        _depth++;
        foreach (YamlItem step in item is YamlList list ? list.Items : item is YamlMap { } block && block.Find("steps") is YamlList inner && block.Find("name") is null ? inner.Items : [item])
        {
            if (step is YamlMap map)
            {
                data = Step(map, data, scope, into);
            }
            else
            {
                _report.Lost(step, $"a step must be a mapping, not {step.Name}");
            }
        }

        _depth--;
        return data;
    }

    public string Step(YamlMap map, string data, FlujoScope scope, OutList into)
    {
        OldMap step = new(map, _report, "a step");
        string name = step.Text("name") ?? step.Text("step") ?? "step";
        string kind = step.Text("kind") ?? "step";
        string after = _kinds.TryGetValue(kind, out Converter? convert) ? convert(step, name, data, scope, into) : Unknown(step, kind, name, data, scope, into);
        step.Lose("usage_limits", "limits of cost and tokens are not carried", "Limit them in the task that calls the model.");
        step.Lose("processing", "processing of structured output is not carried", "Do it in the task, and let output_schema check the result.");
        step.Lose("use_history", "there is no conversation history");
        step.Lose("meta", "meta is not carried");
        step.LeaveOut("validate_fields");
        step.TellOthers();
        scope.Add(name, after);
        return after;
    }

    private string Unknown(OldMap step, string kind, string name, string data, FlujoScope scope, OutList into)
    {
        string id = _blueprint.Id(name);
        (string what, string todo) = kind switch
        {
            "agentic_loop" => ("an agentic loop needs agents, which come with a later version; a task stands in its place", "Write the task, or a loop of tasks."),
            "tree_search" => ("a tree search has no counterpart; a task stands in its place", "Write the search in the task."),
            _ => ($"there is no kind of step '{Text.Shorten(kind, 60)}'; a task stands in its place", "Write the task."),
        };
        _report.Lost(step.Item("kind") ?? step.Map, what, todo);
        step.Ignore(
            "planner", "registry", "output_template", "proposer", "evaluator", "discovery_agent", "static_invariants", "cost_function", "candidate_validator", "branching_factor", "beam_width", "max_depth",
            "max_iterations", "path_max_tokens", "goal_score_threshold", "require_goal", "config");
        _report.Task(id, $"the step '{name}' of kind {kind}");
        OutMap made = new OutMap().Comment($"TODO: {what}. {todo}").With("task", id).With("id", id).With("inputs", _blueprint.Input(step, data, scope));
        into.Items.Add(made);
        _blueprint.Sink(step, id, scope, into, null);
        return id;
    }
}
