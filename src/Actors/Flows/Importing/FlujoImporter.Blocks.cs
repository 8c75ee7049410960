namespace Actors.Flows;

/// <summary>Steps with steps inside.</summary>
internal sealed partial class FlujoImporter
{
    private const int LoopsByDefault = 5;

    private string Parallel(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        string id = Id(name);
        OutMap branches = Branches(step.Mapping("branches"), data, scope, false, out _);
        OutMap made = new OutMap().With("parallel", branches).With("id", id);
        if (branches.Entries.Count == 0)
        {
            _report.Lost(step.Map, $"the step '{Text.Shorten(name, 60)}' has no branches");
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

        Sink(step, id, scope, into, null);
        return after ?? id;
    }

    /// <param name="last">By branch: what its last step gives.</param>
    /// <param name="keys">True: the names are values that are compared, and stay as they are.</param>
    private OutMap Branches(YamlMap? branches, string data, FlujoScope scope, bool keys, out Dictionary<string, string> last)
    {
        OutMap made = new();
        last = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (YamlEntry entry in branches?.Entries ?? [])
        {
            OutList steps = new();
            last[entry.Key.Value] = Steps(entry.Value, data, new FlujoScope(scope), steps);
            if (steps.Items.Count == 0)
            {
                _report.Lost(entry.Key, $"the branch '{Text.Shorten(entry.Key.Value, 60)}' has no steps and is left out");
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
        word = Unique(Names.Reserved.Contains(word) ? word + "_branch" : word, others.Entries.Select(e => e.Key));
        if (word != key.Value)
        {
            _report.Changed(key, $"the branch '{Text.Shorten(key.Value, 60)}' is called '{word}'");
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
                    _report.Changed(text, "two branches that give one name different values always fail the step; Flujo takes the last of two numbers, and merges objects", "Write merge: deep or merge: last where that is meant.");
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
                _report.Lost(text!, $"the merge strategy '{Text.Shorten(text!.Value, 60)}' is code and is not carried", "Set the state in a step after it.");
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
                string[] names = [.. list.Items.OfType<YamlText>().Select(t => Field(t)).OfType<string>()];
                string branch = FlujoFiles.Word(entry.Key.Value, "branch");
                branch = Names.Reserved.Contains(branch) ? branch + "_branch" : branch;
                if ((made.Find("parallel") ?? made.Find("branches")) is OutMap branches && branches.Find(branch) is not null && fields.Find(branch) is null)
                {
                    fields.With(branch, OutList.Of(names.Select(State).Distinct()));
                }
                else
                {
                    _report.Lost(entry.Key, $"there is no branch '{Text.Shorten(entry.Key.Value, 60)}'");
                }
            }
            else
            {
                _report.Lost(entry.Value, $"the fields of a branch must be a list, not {entry.Value.Name}");
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
                string task = FlujoFiles.Word(item is YamlText callable ? callable.Value[(callable.Value.LastIndexOfAny(['.', ':']) + 1)..] : Shown(item), "reduce");
                string reduced = Id(id + "_reduced");
                _report.Lost(item, $"the reduction '{Text.Shorten(Shown(item), 60)}' has no counterpart; the task '{task}' stands in its place", "Write the task; its input is the object of the branches' outputs.");
                _report.Task(task, $"reduction {Shown(item)}");
                reducer = new OutMap().Comment($"TODO: the reduction {Shown(item)}").With("task", task).With("id", reduced).With("inputs", new OutMap().With("input", $"${{{id}}}"));
                return reduced;
        }
    }

    private void Failure(OldMap step, OutMap made)
    {
        switch (step.Text("on_branch_failure"))
        {
            case "ignore":
                made.With("on_branch_failure", "ignore");
                _report.Changed(step.At("on_branch_failure"), "the output of a failed branch is null");
                break;
            case null or "propagate":
                break;
            case var other:
                _report.Lost(step.At("on_branch_failure"), $"there is no way '{Text.Shorten(other, 60)}' with failed branches");
                break;
        }
    }

    private string Conditional(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        string id = Id(name);
        string? expression;
        if (step.TextItem("condition_expression") is { } text)
        {
            expression = Expression(text, data, scope) ?? "false";
            step.Ignore("condition");
        }
        else if (step.TextItem("condition") is { } callable)
        {
            string task = Task(callable, name);
            string key = Id(name + "_key");
            into.Items.Add(new OutMap().With("task", task).With("id", key).With("inputs", Input(step, data, scope)));
            expression = key;
        }
        else
        {
            _report.Lost(step.Map, $"the step '{Text.Shorten(name, 60)}' has no condition");
            expression = "false";
        }

        step.Ignore("input");
        step.LeaveOut("config");
        YamlMap? map = step.Mapping("branches");
        OutMap branches = Branches(map, data, scope, true, out Dictionary<string, string> last);
        OutList rest = new();
        YamlItem? defaultItem = step.Item("default_branch");
        string? restData = null;
        if (defaultItem is YamlText named)
        {
            // A default branch may also be the name of one of the branches: it is then written twice, with ids of its own.
            defaultItem = map?.Find(named.Value);
            if (defaultItem is null)
            {
                _report.Lost(named, $"there is no branch '{Text.Shorten(named.Value, 60)}'");
            }
        }

        if (defaultItem is not null)
        {
            restData = Steps(defaultItem, data, new FlujoScope(scope), rest);
        }

        if (branches.Entries.Count == 0)
        {
            _report.Lost(step.Map, $"the step '{Text.Shorten(name, 60)}' has no branches");
            return data;
        }

        bool isFlag = branches.Entries.TrueForAll(b => b.Key is "true" or "false" or "True" or "False");
        string after = isFlag
            ? If(step, branches, last, rest, restData, expression, data, into)
            : rest.Items.Count > 0 || !branches.Entries.TrueForAll(b => OldExpression.IsWord(b.Key) && b.Key.Length <= 60 && !Names.Reserved.Contains(b.Key))
                ? Switch(step, branches, last, rest, restData, expression, data, into)
                : Route(step, branches, expression, id, into);
        Sink(step, after, scope, into, null);
        return after;
    }

    private string If(OldMap step, OutMap branches, Dictionary<string, string> last, OutList rest, string? restData, string expression, string data, OutList into)
    {
        OutNode? yes = branches.Entries.Find(b => b.Key is "true" or "True").Value;
        OutNode? no = branches.Entries.Find(b => b.Key is "false" or "False").Value;
        string? yesData = last.GetValueOrDefault("true") ?? last.GetValueOrDefault("True");
        string? noData = last.GetValueOrDefault("false") ?? last.GetValueOrDefault("False");
        if (rest.Items.Count > 0)
        {
            if (yes is null)
            {
                (yes, yesData) = (rest, restData);
            }
            else if (no is null)
            {
                (no, noData) = (rest, restData);
            }
        }

        if (yes is null || no is null)
        {
            _report.Changed(step.Map, $"when the condition is {(yes is null ? "true" : "false")} nothing is done; in Flujo the step fails then", "Write the other branch.");
        }

        into.Items.Add(new OutMap().With("if", expression).With("then", yes).With("else", no));
        return Coalesce([yesData, noData], yes is null || no is null ? data : null);
    }

    private string Switch(OldMap step, OutMap branches, Dictionary<string, string> last, OutList rest, string? restData, string expression, string data, OutList into)
    {
        OutList cases = new();
        foreach ((string key, OutNode steps) in branches.Entries)
        {
            cases.Items.Add(new OutMap().With("when", key).With("do", steps));
        }

        OutMap made = new OutMap().With("switch", $"${{{expression}}}").With("cases", cases);
        if (rest.Items.Count == 0)
        {
            _report.Changed(step.At("branches"), "a value that no branch has does nothing; in Flujo the step fails then", "Write a default.");
            into.Items.Add(made);
            return Coalesce([.. last.Values], data);
        }

        into.Items.Add(made.With("default", rest));
        return Coalesce([.. last.Values, restData], null);
    }

    // Without a default, a key that no branch has must fail, as it did.
    private string Route(OldMap step, OutMap branches, string expression, string id, OutList into)
    {
        into.Items.Add(new OutMap().With("route", $"${{text({expression})}}").With("id", id).With("branches", branches).With("reduce", "first"));
        _report.Carried(step.At("branches"), "a conditional without a default is a route: a value that no branch has fails the step");
        return id;
    }

    /// <summary>What a step of several branches gives: that of the branch that ran.</summary>
    private static string Coalesce(IEnumerable<string?> branches, string? otherwise)
    {
        string[] all = [.. branches.Append(otherwise).OfType<string>().Distinct()];
        return all.Length == 1 ? all[0] : $"({string.Join(" ?? ", all)})";
    }

    private string Loop(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        if (step.Mapping("loop") is not { } map || map.Find("body") is not (YamlList or YamlMap))
        {
            _report.Lost(step.Map, $"the loop '{Text.Shorten(name, 60)}' has no body");
            return data;
        }

        OldMap loop = new(map, _report, "a loop");
        string id = Id(name);
        if (step.Item("input") is YamlText input)
        {
            data = InputOf(input, data, scope, id, into);
        }

        if (loop.TextItem("initial_input_mapper") is { } initial)
        {
            data = Mapper(initial, id + "_input", data, into);
        }

        Operations(loop, "init", data, scope, into);
        OutList body = new();
        FlujoScope inner = new(scope);
        string last = Steps(loop.Item("body")!, "carried", inner, body);
        if (body.Items.Count == 0)
        {
            _report.Lost(loop.At("body"), "the body of the loop has no steps");
            return data;
        }

        string? until = Until(loop, id, last, inner, body);
        decimal? max = loop.Number("max_loops", 1, 1_000_000);
        OutMap made = new OutMap().With("loop", body).With("id", id);
        if (until is not null)
        {
            made.With("until", until);
        }

        made.With("max", new OutPlain(Count(max ?? (until is null ? 1 : LoopsByDefault))));
        made.With("carry", $"${{{data}}}").With("next", Next(loop, id, last, inner, body));
        LoopState(loop, last, inner, made);
        foreach (string key in (ReadOnlySpan<string>)["conversation", "history_management", "ai_turn_source", "user_turn_sources", "named_steps", "history_template"])
        {
            loop.Lose(key, "there is no conversation history", "Keep it in the state, with append.");
        }

        into.Items.Add(made);
        _report.ChangedOnce(step.Map, "a step that fails in a loop fails the loop; in Flujo a body of one step goes on with None", "Give the step on_error or fallback.");
        string after = LoopOutput(loop, id, data, scope, into);
        loop.TellOthers();
        step.LeaveOut("config");
        Sink(step, after, scope, into, null);
        return after;
    }

    private string? Until(OldMap loop, string id, string last, FlujoScope inner, OutList body)
    {
        if (loop.TextItem("exit_expression") is { } text)
        {
            loop.Ignore("exit_condition", "stop_when");
            return Expression(text, last, inner) ?? "false";
        }

        if (loop.TextItem("exit_condition") is { } callable)
        {
            loop.Ignore("stop_when");
            string done = Id(id + "_done");
            body.Items.Add(new OutMap().With("task", Task(callable, done)).With("id", done).With("inputs", new OutMap().With("input", $"${{{last}}}")));
            return done;
        }

        if (loop.TextItem("stop_when") is { } stop)
        {
            if (stop.Value == "agent_finished")
            {
                _report.Changed(stop, "stop_when, which Flujo ignores, is the condition that its documents name");
                State("last_agent_command");
                return "state.last_agent_command?.action == 'finish'";
            }

            _report.Lost(stop, $"there is no stop_when '{Text.Shorten(stop.Value, 60)}'");
        }

        return null;
    }

    private OutNode? Next(OldMap loop, string id, string last, FlujoScope inner, OutList body)
    {
        if (loop.TextItem("iteration_input_mapper") is { } mapper)
        {
            loop.Ignore("propagation");
            string mapped = Id(id + "_next");
            body.Items.Add(new OutMap().With("task", Task(mapper, mapped)).With("id", mapped).With("inputs", new OutMap().With("input", $"${{{last}}}")));
            return new OutText($"${{{mapped}}}");
        }

        YamlText? next = loop.Item("propagation") switch
        {
            YamlText text => text,
            YamlMap map => new OldMap(map, _report, "propagation").TextItem("next_input"),
            _ => null,
        };
        switch (next?.Value)
        {
            case null or "previous_output":
                return new OutText($"${{{last}}}");
            case "context":
                return new OutText("${state}");
            case "auto":
                _report.Changed(next, "propagation: auto, which Flujo ignores, is the last output");
                return new OutText($"${{{last}}}");
            default:
                return new OutText(Template(next, last, inner));
        }
    }

    private void LoopState(OldMap loop, string last, FlujoScope inner, OutMap made)
    {
        if (loop.Mapping("state") is not { } map)
        {
            return;
        }

        OldMap state = new(map, _report, "the state of a loop");
        OutMap changes = new();
        foreach (string operation in (ReadOnlySpan<string>)["set", "append", "merge"])
        {
            foreach (YamlItem item in state.List(operation)?.Items ?? [])
            {
                if (item is YamlMap pair && pair.Find("target") is YamlText target && pair.Find("value") is { } value
                    && Change(target, target.Value, StateValue(value, operation, last, inner), operation) is { } change)
                {
                    Add(changes, change.Operation, change.Name, change.Value, target);
                }
            }
        }

        state.TellOthers();
        if (changes.Entries.Count > 0)
        {
            made.With("state", changes);
            _report.Changed(loop.At("state"), "the state is changed after every iteration, the last one too; Flujo leaves that one out");
        }
    }

    private void Add(OutMap changes, string operation, string name, OutNode value, YamlItem at)
    {
        if (changes.Find(operation) is not OutMap map)
        {
            changes.With(operation, map = new OutMap());
        }

        if (map.Find(name) is not null)
        {
            _report.Lost(at, $"'{name}' is changed twice in one step; the first change counts");
            return;
        }

        map.With(name, value);
    }

    // What is merged is written as JSON in a text.
    private OutNode StateValue(YamlItem value, string operation, string data, FlujoScope scope)
    {
        if (operation != "merge" || value is not YamlText text || text.Value.Contains("{{", StringComparison.Ordinal))
        {
            return Value(value, data, scope);
        }

        Problems quiet = new(new SourceText(text.Value, _report.File));
        try
        {
            if (YamlComposer.Compose(quiet) is YamlMap map)
            {
                return Value(map, data, scope);
            }
        }
        catch (Problems.TooManyException)
        {
            // It is no object.
        }

        _report.Lost(value, "only an object can be merged; this is none");
        return new OutMap();
    }

    private void Operations(OldMap loop, string key, string data, FlujoScope scope, OutList into)
    {
        List<(string Operation, YamlText Target, YamlItem Value)> found = [];
        switch (loop.Item(key))
        {
            case YamlList list:
                foreach (YamlMap map in list.Items.OfType<YamlMap>())
                {
                    foreach (string operation in (ReadOnlySpan<string>)["set", "append", "merge"])
                    {
                        switch (map.Find(operation))
                        {
                            case YamlText target when map.Find("value") is { } value:
                                found.Add((operation, target, value));
                                break;
                            case YamlMap pair when pair.Find("target") is YamlText target && pair.Find("value") is { } value:
                                found.Add((operation, target, value));
                                break;
                        }
                    }
                }

                break;
            case YamlMap map:
                OldMap init = new(map, _report, "init");
                foreach (string operation in (ReadOnlySpan<string>)["set", "append", "merge"])
                {
                    foreach (YamlMap pair in (init.List(operation)?.Items ?? []).OfType<YamlMap>())
                    {
                        if (pair.Find("target") is YamlText target && pair.Find("value") is { } value)
                        {
                            found.Add((operation, target, value));
                        }
                    }
                }

                init.Lose("history", "there is no conversation history", "Keep it in the state, with append.");
                init.TellOthers();
                break;
        }

        foreach ((string operation, YamlText target, YamlItem value) in found)
        {
            SetState(into, target, target.Value, StateValue(value, operation, data, scope), operation);
        }
    }

    private string LoopOutput(OldMap loop, string id, string data, FlujoScope scope, OutList into)
    {
        if (loop.TextItem("loop_output_mapper") is { } mapper)
        {
            loop.Ignore("output", "output_template");
            return Mapper(mapper, id + "_output", id, into);
        }

        if ((loop.Item("output_template") ?? loop.Item("output")) is not { } output)
        {
            loop.Ignore("output");
            return id;
        }

        loop.Ignore("output");
        _report.Changed(output, "the loop's output, which Flujo ignores, is what its documents say");
        string name = State(FlujoFiles.Word(id + "_output", "output"));
        into.Items.Add(new OutMap().With("set", new OutMap().With(name, Value(output, id, scope))));
        return "state." + name;
    }

    private string Mapper(YamlText callable, string name, string data, OutList into)
    {
        string id = Id(name);
        into.Items.Add(new OutMap().With("task", Task(callable, id)).With("id", id).With("inputs", new OutMap().With("input", $"${{{data}}}")));
        return id;
    }

    // An expression, when the input is one; else the state keeps the text.
    private string InputOf(YamlText input, string data, FlujoScope scope, string id, OutList into)
    {
        string text = Template(input, data, scope);
        if (text.StartsWith("${", StringComparison.Ordinal) && text.EndsWith('}') && text.IndexOf('}', StringComparison.Ordinal) == text.Length - 1)
        {
            return text[2..^1];
        }

        string name = State(FlujoFiles.Word(id + "_input", "input"));
        into.Items.Add(new OutMap().With("set", new OutMap().With(name, text)));
        return "state." + name;
    }

    private string Map(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        if (step.Mapping("map") is not { } settings || settings.Find("body") is not (YamlList or YamlMap))
        {
            _report.Lost(step.Map, $"the map '{Text.Shorten(name, 60)}' has no body");
            return data;
        }

        OldMap map = new(settings, _report, "a map");
        string id = Id(name);
        string items = "[]";
        if (map.TextItem("iterable_input") is { } iterable)
        {
            string source = iterable.Value.Trim();
            bool isPath = source.StartsWith("context", StringComparison.Ordinal) || source.StartsWith("steps", StringComparison.Ordinal) || source.StartsWith("previous_step", StringComparison.Ordinal) || source.StartsWith("{{", StringComparison.Ordinal);
            items = isPath ? Expression(iterable, data, scope) ?? "[]" : OldExpression.IsWord(source) ? "state." + State(source) : Expression(iterable, data, scope) ?? "[]";
        }
        else
        {
            _report.Lost(settings, "the map has no iterable_input");
        }

        Operations(map, "init", data, scope, into);
        OutList body = new();
        string last = Steps(map.Item("body")!, "item", new FlujoScope(scope) { Item = "item" }, body);
        if (body.Items.Count == 0)
        {
            _report.Lost(map.At("body"), "the body of the map has no steps");
            return data;
        }

        into.Items.Add(new OutMap().With("for_each", $"${{{items}}}").With("id", id).With("do", body).With("collect", $"${{{last}}}"));
        _report.Changed(step.Map, "an item that fails fails the step; in Flujo its result is None", "Write on_item_error: collect to go on, and concurrency for several items at a time.");
        string after = Finalize(map, id, scope, into);
        map.TellOthers();
        step.Ignore("input");
        step.LeaveOut("config");
        Sink(step, after, scope, into, null);
        return after;
    }

    private string Finalize(OldMap map, string id, FlujoScope scope, OutList into)
    {
        if (map.Mapping("finalize") is not { } settings)
        {
            return id;
        }

        OldMap finalize = new(settings, _report, "finalize");
        string after = id;
        if (finalize.Item("output") is { } output)
        {
            string name = State(FlujoFiles.Word(id + "_output", "output"));
            into.Items.Add(new OutMap().With("set", new OutMap().With(name, Value(output, id, scope))));
            after = "state." + name;
        }

        finalize.TellOthers();
        return after;
    }

    private string Router(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        string id = Id(name);
        OldMap? router = step.Mapping("router") is { } map ? new OldMap(map, _report, "a router") : null;
        YamlText? agent = router?.TextItem("router_agent");
        OutMap branches = Branches(router?.Mapping("branches"), data, scope, false, out _);
        if (router is null || agent is null || branches.Entries.Count == 0)
        {
            _report.Lost(step.Map, $"the router '{Text.Shorten(name, 60)}' needs router_agent and branches");
            return data;
        }

        OutMap made = new OutMap()
            .With("route", new OutMap().With("task", Task(agent, name)).With("inputs", Input(step, data, scope)))
            .With("id", id)
            .With("branches", branches)
            .With("on_unknown", "ignore");
        Merge(step.TextItem("merge_strategy") ?? router.TextItem("merge_strategy"), made, "no_merge");
        Fields(step, made);
        Failure(step, made);
        _report.Carried(agent, "the task gives the name of a branch or a list of names; names that no branch has are ignored, as in Flujo", "Write on_unknown: fail to be told of them.");
        router.TellOthers();
        step.LeaveOut("config", "context_include_keys");
        into.Items.Add(made);
        Sink(step, id, scope, into, null);
        return id;
    }

    private string Machine(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        string id = Id(name);
        YamlMap? map = step.Mapping("states");
        YamlText? start = step.TextItem("start_state");
        if (map is null || map.Entries.Count == 0 || start is null)
        {
            _report.Lost(step.Map, $"the state machine '{Text.Shorten(name, 60)}' needs start_state and states");
            return data;
        }

        HashSet<string> ends = [.. step.Texts("end_states").Select(t => t.Value)];
        OutMap states = new();
        Dictionary<string, string> names = new(StringComparer.Ordinal);
        foreach (string state in map.Entries.Select(e => e.Key.Value).Concat(ends).Distinct())
        {
            names[state] = Unique(FlujoFiles.Word(state, "state"), names.Values);
        }

        foreach (YamlEntry entry in map.Entries)
        {
            OutMap made = new();
            OutList body = new();
            Steps(entry.Value, "data", new FlujoScope(scope), body);
            if (body.Items.Count > 0)
            {
                made.With("do", body);
                if (ends.Contains(entry.Key.Value))
                {
                    _report.Changed(entry.Key, $"the steps of the end state '{Text.Shorten(entry.Key.Value, 60)}' are run; in Flujo they are not");
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
            _report.Lost(start, $"there is no state '{Text.Shorten(start.Value, 60)}'");
            first = names.Values.First();
        }

        OutMap machine = new OutMap().With("start", first).With("data", $"${{{data}}}").With("states", states);
        OutList transitions = Transitions(step, names, scope);
        if (transitions.Items.Count > 0)
        {
            machine.With("transitions", transitions);
        }

        into.Items.Add(new OutMap().With("state_machine", machine).With("id", id));
        _report.Changed(step.Map, "a state gets what the state before it gave, and the machine gives what its last state gave; in Flujo each gets the machine's input and the machine gives None");
        if (_state.Contains("next_state"))
        {
            _report.Lost(step.Map, "a state cannot name the next one in context.next_state", "Write a transition with if.");
        }

        step.Ignore("input");
        step.LeaveOut("config");
        Sink(step, id, scope, into, null);
        return id;
    }

    private static string Unique(string word, IEnumerable<string> taken)
    {
        string unique = word;
        for (int i = 2; taken.Contains(unique); i++)
        {
            unique = $"{word}_{i}";
        }

        return unique;
    }

    private OutList Transitions(OldMap step, Dictionary<string, string> names, FlujoScope scope)
    {
        OutList made = new();
        foreach (YamlItem item in step.List("transitions")?.Items ?? [])
        {
            if (item is not YamlMap map)
            {
                _report.Lost(item, $"a transition must be a mapping, not {item.Name}");
                continue;
            }

            OldMap transition = new(map, _report, "a transition");
            YamlText? to = transition.TextItem("to");
            YamlText? from = transition.TextItem("from");
            string on = transition.Text("on") ?? "success";
            YamlText? when = transition.TextItem("when");
            transition.TellOthers();
            if (on == "pause")
            {
                _report.Lost(map, "a machine does not leave a state while it waits for a person", "Wait in the state, and go on when it is answered.");
                continue;
            }

            if (to is null || !names.TryGetValue(to.Value, out string? target))
            {
                _report.Lost((YamlItem?)to ?? map, to is null ? "the transition leads nowhere" : $"there is no state '{Text.Shorten(to.Value, 60)}'");
                continue;
            }

            if (from is not null && from.Value != "*" && !names.ContainsKey(from.Value))
            {
                _report.Lost(from, $"there is no state '{Text.Shorten(from.Value, 60)}'");
                continue;
            }

            OutMap one = new OutMap().With("from", from is null ? "*" : names.GetValueOrDefault(from.Value, "*")).With("to", target);
            if (on != "success")
            {
                one.With("on", on == "failure" ? "failure" : "any");
            }

            if (when is not null)
            {
                one.With("if", Expression(when, "data", scope) ?? "false");
            }

            made.Items.Add(one);
        }

        return made;
    }

    private string Hitl(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        string id = Id(name);
        YamlText? message = step.TextItem("message");
        OutMap approval = new();
        if (message is null || message.Value.Trim().Contains('\n', StringComparison.Ordinal) || message.Value.Length > 300)
        {
            string details = message is null ? $"${{{data}}}" : Template(message, data, scope);
            approval.With("title", FlujoTemplate.Escape(name)).With("details", details);
        }
        else
        {
            approval.With("title", Template(message, data, scope) is { Length: > 0 } title ? title : name);
        }

        approval.With("decisions", OutList.Of(["submit"]));
        if (step.Mapping("input_schema") is { } schema)
        {
            approval.With("form", _report.Schema(schema));
        }

        into.Items.Add(new OutMap().With("approval", approval).With("id", id));
        _report.Changed(step.Map, "the question is a task for people; the answer's data goes to the next step", $"Answer with: actors tasks answer TASK submit --data '{{…}}'.");
        step.Ignore("input");
        step.LeaveOut("config");
        string answer = id + ".data";
        scope.Answered(answer);
        Sink(step, answer, scope, into, null);
        return answer;
    }

    private string Cache(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        if (step.Mapping("wrapped_step") is not { } wrapped)
        {
            _report.Lost(step.Map, $"the cache '{Text.Shorten(name, 60)}' has no wrapped_step");
            return data;
        }

        OutList steps = new();
        string after = Step(wrapped, data, scope, steps);
        if (steps.Items.Count > 0 && steps.Items[0] is OutMap first)
        {
            first.With("cache", CacheTtl);
            _report.Changed(step.Map, $"what is kept is kept for {CacheTtl}; in Flujo as long as its cache lives", "Write another time under cache.");
        }

        into.Items.AddRange(steps.Items);
        step.Ignore("input");
        step.LeaveOut("config");
        return after;
    }
}
