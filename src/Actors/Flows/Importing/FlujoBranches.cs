namespace Actors.Flows;

/// <summary>Steps with branches that run together: parallel ones, and those that an agent chooses.</summary>
internal sealed class FlujoBranches(FlujoBlueprint blueprint, FlujoImporter importer)
{
    public string Parallel(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        string id = blueprint.Id(name);
        OutMap branches = Branches(step.Mapping("branches"), data, scope, false, out _);
        OutMap made = new OutMap().With("parallel", branches).With("id", id);
        if (branches.Entries.Count == 0)
        {
            blueprint.Report.Lost(step.Map, $"the step '{Text.Shorten(name, 60)}' has no branches");
            return data;
        }

        Merge(step.TextItem("merge_strategy"), made, "context_update");
        Fields(step, made);
        string? after = Reduce(step, made, id, into, out OutMap? reducer);
        Failure(step, made);
        step.Lose("context_include_keys", "every branch sees the whole state");
        step.Ignore("input");
        step.LeaveOut("ignore_branch_names", "config");
        into.Items.Add(made);
        if (reducer is not null)
        {
            into.Items.Add(reducer);
        }

        blueprint.Sink(step, id, scope, into, null);
        return after ?? id;
    }

    public string Router(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        string id = blueprint.Id(name);
        OldMap? router = step.Mapping("router") is { } map ? new OldMap(map, blueprint.Report, "a router") : null;
        YamlText? agent = router?.TextItem("router_agent");
        OutMap branches = Branches(router?.Mapping("branches"), data, scope, false, out _);
        if (router is null || agent is null || branches.Entries.Count == 0)
        {
            blueprint.Report.Lost(step.Map, $"the router '{Text.Shorten(name, 60)}' needs router_agent and branches");
            return data;
        }

        OutMap made = new OutMap()
            .With("route", new OutMap().With("task", blueprint.Task(agent, name)).With("inputs", blueprint.Input(step, data, scope)))
            .With("id", id)
            .With("branches", branches)
            .With("on_unknown", "ignore");
        Merge(step.TextItem("merge_strategy") ?? router.TextItem("merge_strategy"), made, "no_merge");
        Fields(step, made);
        Failure(step, made);
        blueprint.Report.Carried(agent, "the task gives the name of a branch or a list of names; names that no branch has are ignored, as in Flujo", "Write on_unknown: fail to be told of them.");
        router.TellOthers();
        step.LeaveOut("config", "context_include_keys");
        into.Items.Add(made);
        blueprint.Sink(step, id, scope, into, null);
        return id;
    }

    /// <param name="last">By branch: what its last step gives.</param>
    /// <param name="keys">True: the names are values that are compared, and stay as they are.</param>
    public OutMap Branches(YamlMap? branches, string data, FlujoScope scope, bool keys, out Dictionary<string, string> last)
    {
        OutMap made = new();
        last = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (YamlEntry entry in branches?.Entries ?? [])
        {
            OutList steps = new();
            last[entry.Key.Value] = importer.Steps(entry.Value, data, new FlujoScope(scope), steps);
            if (steps.Items.Count == 0)
            {
                blueprint.Report.Lost(entry.Key, $"the branch '{Text.Shorten(entry.Key.Value, 60)}' has no steps and is left out");
            }
            else
            {
                made.With(keys ? entry.Key.Value : Branch(entry.Key, made), steps);
            }
        }

        return made;
    }

    private string Branch(YamlText key, OutMap others)
    {
        string word = FlujoFiles.Word(key.Value, "branch");
        word = FlujoBlueprint.Unique(Names.Reserved.Contains(word) ? word + "_branch" : word, others.Entries.Select(e => e.Key));
        if (word != key.Value)
        {
            blueprint.Report.Changed(key, $"the branch '{Text.Shorten(key.Value, 60)}' is called '{word}'");
        }

        return word;
    }

    private void Merge(YamlText? text, OutMap made, string otherwise)
    {
        switch (text?.Value ?? otherwise)
        {
            case "context_update":
                if (text is not null)
                {
                    blueprint.Report.Changed(text, "two branches that give one name different values always fail the step; Flujo takes the last of two numbers, and merges objects", "Write merge: deep or merge: last where that is meant.");
                }

                break;
            case "error_on_conflict":
                made.With("merge", "error");
                break;
            case "overwrite":
                made.With("merge", "last");
                break;
            case "keep_first":
                made.With("merge", "first");
                break;
            case "no_merge":
                made.With("merge", "none");
                break;
            default:
                blueprint.Report.Lost(text!, $"the merge strategy '{Text.Shorten(text!.Value, 60)}' is code and is not carried", "Set the state in a step after it.");
                break;
        }
    }

    private void Fields(OldMap step, OutMap made)
    {
        if (step.Mapping("field_mapping") is not { } mapping)
        {
            return;
        }

        OutMap fields = new();
        foreach (YamlEntry entry in mapping.Entries)
        {
            if (entry.Value is YamlList list)
            {
                string[] names = [.. list.Items.OfType<YamlText>().Select(t => blueprint.Field(t)).OfType<string>()];
                string branch = FlujoFiles.Word(entry.Key.Value, "branch");
                branch = Names.Reserved.Contains(branch) ? branch + "_branch" : branch;
                if ((made.Find("parallel") ?? made.Find("branches")) is OutMap branches && branches.Find(branch) is not null && fields.Find(branch) is null)
                {
                    fields.With(branch, OutList.Of(names.Select(blueprint.State).Distinct()));
                }
                else
                {
                    blueprint.Report.Lost(entry.Key, $"there is no branch '{Text.Shorten(entry.Key.Value, 60)}'");
                }
            }
            else
            {
                blueprint.Report.Lost(entry.Value, $"the fields of a branch must be a list, not {entry.Value.Name}");
            }
        }

        made.With("field_mapping", fields.Entries.Count > 0 ? fields : null);
    }

    /// <returns>What the steps after it get; null: the branches' outputs.</returns>
    private string? Reduce(OldMap step, OutMap made, string id, OutList into, out OutMap? reducer)
    {
        reducer = null;
        switch (step.Item("reduce"))
        {
            case null:
                return null;
            case YamlText { Value: "keys" or "values" or "union" or "concat" or "first" or "last" } text:
                made.With("reduce", text.Value);
                return null;
            case YamlText { Value: "majority_vote" }:
                made.With("reduce", "majority");
                return null;
            case { } item:
                string task = FlujoFiles.Word(item is YamlText callable ? callable.Value[(callable.Value.LastIndexOfAny(['.', ':']) + 1)..] : FlujoBlueprint.Shown(item), "reduce");
                string reduced = blueprint.Id(id + "_reduced");
                blueprint.Report.Lost(item, $"the reduction '{Text.Shorten(FlujoBlueprint.Shown(item), 60)}' has no counterpart; the task '{task}' stands in its place", "Write the task; its input is the object of the branches' outputs.");
                blueprint.Report.Task(task, $"reduction {FlujoBlueprint.Shown(item)}");
                reducer = new OutMap().Comment($"TODO: the reduction {FlujoBlueprint.Shown(item)}").With("task", task).With("id", reduced).With("inputs", new OutMap().With("input", $"${{{id}}}"));
                return reduced;
        }
    }

    private void Failure(OldMap step, OutMap made)
    {
        switch (step.Text("on_branch_failure"))
        {
            case "ignore":
                made.With("on_branch_failure", "ignore");
                blueprint.Report.Changed(step.At("on_branch_failure"), "the output of a failed branch is null");
                break;
            case null or "propagate":
                break;
            case var other:
                blueprint.Report.Lost(step.At("on_branch_failure"), $"there is no way '{Text.Shorten(other, 60)}' with failed branches");
                break;
        }
    }
}
