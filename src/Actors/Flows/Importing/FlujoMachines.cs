namespace Actors.Flows;

/// <summary>State machines.</summary>
internal sealed class FlujoMachines(FlujoBlueprint blueprint, FlujoImporter importer)
{
    public string Machine(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        string id = blueprint.Id(name);
        YamlMap? map = step.Mapping("states");
        YamlText? start = step.TextItem("start_state");
        if (map is null || map.Entries.Count == 0 || start is null)
        {
            blueprint.Report.Lost(step.Map, $"the state machine '{Text.Shorten(name, 60)}' needs start_state and states");
            return data;
        }

        HashSet<string> ends = [.. step.Texts("end_states").Select(t => t.Value)];
        OutMap states = new();
        Dictionary<string, string> names = new(StringComparer.Ordinal);
        foreach (string state in map.Entries.Select(e => e.Key.Value).Concat(ends).Distinct())
        {
            names[state] = FlujoBlueprint.Unique(FlujoFiles.Word(state, "state"), names.Values);
        }

        foreach (YamlEntry entry in map.Entries)
        {
            OutMap made = new();
            OutList body = new();
            importer.Steps(entry.Value, "data", new FlujoScope(scope), body);
            if (body.Items.Count > 0)
            {
                made.With("do", body);
                if (ends.Contains(entry.Key.Value))
                {
                    blueprint.Report.Changed(entry.Key, $"the steps of the end state '{Text.Shorten(entry.Key.Value, 60)}' are run; in Flujo they are not");
                }
            }

            if (ends.Contains(entry.Key.Value) || body.Items.Count == 0)
            {
                made.With("end", new OutPlain("true"));
            }

            states.With(names[entry.Key.Value], made);
        }

        foreach (string end in ends.Where(e => map.Find(e) is null))
        {
            states.With(names[end], new OutMap().With("end", new OutPlain("true")));
        }

        if (!names.TryGetValue(start.Value, out string? first))
        {
            blueprint.Report.Lost(start, $"there is no state '{Text.Shorten(start.Value, 60)}'");
            first = names.Values.First();
        }

        OutMap machine = new OutMap().With("start", first).With("data", $"${{{data}}}").With("states", states);
        OutList transitions = Transitions(step, names, scope);
        if (transitions.Items.Count > 0)
        {
            machine.With("transitions", transitions);
        }

        into.Items.Add(new OutMap().With("state_machine", machine).With("id", id));
        blueprint.Report.Changed(step.Map, "a state gets what the state before it gave, and the machine gives what its last state gave; in Flujo each gets the machine's input and the machine gives None");
        if (blueprint.StateFields.Contains("next_state"))
        {
            blueprint.Report.Lost(step.Map, "a state cannot name the next one in context.next_state", "Write a transition with if.");
        }

        step.Ignore("input");
        step.LeaveOut("config");
        blueprint.Sink(step, id, scope, into, null);
        return id;
    }

    private OutList Transitions(OldMap step, Dictionary<string, string> names, FlujoScope scope)
    {
        OutList made = new();
        foreach (YamlItem item in step.List("transitions")?.Items ?? [])
        {
            if (item is not YamlMap map)
            {
                blueprint.Report.Lost(item, $"a transition must be a mapping, not {item.Name}");
                continue;
            }

            OldMap transition = new(map, blueprint.Report, "a transition");
            YamlText? to = transition.TextItem("to");
            YamlText? from = transition.TextItem("from");
            string on = transition.Text("on") ?? "success";
            YamlText? when = transition.TextItem("when");
            transition.TellOthers();
            if (on == "pause")
            {
                blueprint.Report.Lost(map, "a machine does not leave a state while it waits for a person", "Wait in the state, and go on when it is answered.");
                continue;
            }

            if (to is null || !names.TryGetValue(to.Value, out string? target))
            {
                blueprint.Report.Lost((YamlItem?)to ?? map, to is null ? "the transition leads nowhere" : $"there is no state '{Text.Shorten(to.Value, 60)}'");
                continue;
            }

            if (from is not null && from.Value != "*" && !names.ContainsKey(from.Value))
            {
                blueprint.Report.Lost(from, $"there is no state '{Text.Shorten(from.Value, 60)}'");
                continue;
            }

            OutMap one = new OutMap().With("from", from is null ? "*" : names.GetValueOrDefault(from.Value, "*")).With("to", target);
            if (on != "success")
            {
                one.With("on", on == "failure" ? "failure" : "any");
            }

            if (when is not null)
            {
                one.With("if", blueprint.Expression(when, "data", scope) ?? "false");
            }

            made.Items.Add(one);
        }

        return made;
    }
}
