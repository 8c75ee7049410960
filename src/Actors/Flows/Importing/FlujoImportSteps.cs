namespace Actors.Flows;

/// <summary>Steps that run another blueprint.</summary>
internal sealed class FlujoImportSteps(FlujoBlueprint blueprint)
{
    public string Convert(OldMap step, string name, YamlText called, string data, FlujoScope scope, OutList into)
    {
        string alias = called.Value["imports.".Length..];
        string id = blueprint.Id(name);
        OldMap? config = step.Mapping("config") is { } map ? new OldMap(map, blueprint.Report, "the config of an import") : null;
        if (!blueprint.Imports.TryGetValue(alias, out FlujoChild? child))
        {
            blueprint.Report.Lost(called, $"there is no import '{Text.Shorten(alias, 60)}'; a task stands in its place", "Write the task.");
            blueprint.Report.Task(id, $"the import '{alias}', which is not there");
            into.Items.Add(new OutMap().Comment("TODO: this was an import that is not there.").With("task", id).With("id", id).With("inputs", blueprint.Input(step, data, scope)));
            return id;
        }

        OutMap inputs = blueprint.Input(step, data, scope);
        string inputTo = config?.Text("input_to") ?? "initial_prompt";
        OutText given = inputs.Find("input") as OutText ?? new OutText($"${{{data}}}");
        bool inherits = config?.Flag("inherit_context") == true;
        if (inputTo is "import_artifacts" or "both")
        {
            inputs.With(FlujoBlueprint.ContextInput, given);
            if (inherits)
            {
                blueprint.Report.Changed(config!.At("inherit_context"), "the child's state begins with its input alone", "Pass what it needs of the context in its input.");
            }
        }
        else if (inherits)
        {
            inputs.With(FlujoBlueprint.ContextInput, "${state}");
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
            blueprint.Report.Changed(config.At("propagate_hitl"), "a question that the child asks is always waited for");
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
                        OldMap pair = new(map, blueprint.Report, "an output of an import");
                        string? from = blueprint.Field(pair.TextItem("child"));
                        if (from is not null && pair.TextItem("parent") is { } to && blueprint.Change(to, to.Value, new OutText($"${{{id}?.{child.Want(from)}}}"), "set") is { Operation: "set" } change)
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
                    if (entry.Value is YamlText to && blueprint.Field(entry.Key) is { } from && blueprint.Change(to, to.Value, new OutText($"${{{id}?.{child.Want(from)}}}"), "set") is { Operation: "set" } change)
                    {
                        set.With(change.Name, change.Value);
                    }
                }

                break;
            case null when step.Flag("updates_context") == true:
                foreach (string field in blueprint.StateFields)
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
}
