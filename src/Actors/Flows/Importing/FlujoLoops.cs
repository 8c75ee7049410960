namespace Actors.Flows;

/// <summary>Steps that are done several times: loops, and maps over a list.</summary>
internal sealed class FlujoLoops(FlujoBlueprint blueprint, FlujoImporter importer)
{
    private const int LoopsByDefault = 5;

    public string Loop(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        if (step.Mapping("loop") is not { } map || map.Find("body") is not (YamlList or YamlMap))
        {
            blueprint.Report.Lost(step.Map, $"the loop '{Text.Shorten(name, 60)}' has no body");
            return data;
        }

        OldMap loop = new(map, blueprint.Report, "a loop");
        string id = blueprint.Id(name);
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
        string last = importer.Steps(loop.Item("body")!, "carried", inner, body);
        if (body.Items.Count == 0)
        {
            blueprint.Report.Lost(loop.At("body"), "the body of the loop has no steps");
            return data;
        }

        string? until = Until(loop, id, last, inner, body);
        decimal? max = loop.Number("max_loops", 1, 1_000_000);
        OutMap made = new OutMap().With("loop", body).With("id", id);
        if (until is not null)
        {
            made.With("until", until);
        }

        made.With("max", new OutPlain(FlujoBlueprint.Count(max ?? (until is null ? 1 : LoopsByDefault))));
        made.With("carry", $"${{{data}}}").With("next", Next(loop, id, last, inner, body));
        LoopState(loop, last, inner, made);
        foreach (string key in (ReadOnlySpan<string>)["conversation", "history_management", "ai_turn_source", "user_turn_sources", "named_steps", "history_template"])
        {
            loop.Lose(key, "there is no conversation history", "Keep it in the state, with append.");
        }

        into.Items.Add(made);
        blueprint.Report.ChangedOnce(step.Map, "a step that fails in a loop fails the loop; in Flujo a body of one step goes on with None", "Give the step on_error or fallback.");
        string after = LoopOutput(loop, id, data, scope, into);
        loop.TellOthers();
        step.LeaveOut("config");
        blueprint.Sink(step, after, scope, into, null);
        return after;
    }

    private string? Until(OldMap loop, string id, string last, FlujoScope inner, OutList body)
    {
        if (loop.TextItem("exit_expression") is { } text)
        {
            loop.Ignore("exit_condition", "stop_when");
            return blueprint.Expression(text, last, inner) ?? "false";
        }

        if (loop.TextItem("exit_condition") is { } callable)
        {
            loop.Ignore("stop_when");
            string done = blueprint.Id(id + "_done");
            body.Items.Add(new OutMap().With("task", blueprint.Task(callable, done)).With("id", done).With("inputs", new OutMap().With("input", $"${{{last}}}")));
            return done;
        }

        if (loop.TextItem("stop_when") is { } stop)
        {
            if (stop.Value == "agent_finished")
            {
                blueprint.Report.Changed(stop, "stop_when, which Flujo ignores, is the condition that its documents name");
                blueprint.State("last_agent_command");
                return "state.last_agent_command?.action == 'finish'";
            }

            blueprint.Report.Lost(stop, $"there is no stop_when '{Text.Shorten(stop.Value, 60)}'");
        }

        return null;
    }

    private OutNode? Next(OldMap loop, string id, string last, FlujoScope inner, OutList body)
    {
        if (loop.TextItem("iteration_input_mapper") is { } mapper)
        {
            loop.Ignore("propagation");
            string mapped = blueprint.Id(id + "_next");
            body.Items.Add(new OutMap().With("task", blueprint.Task(mapper, mapped)).With("id", mapped).With("inputs", new OutMap().With("input", $"${{{last}}}")));
            return new OutText($"${{{mapped}}}");
        }

        YamlText? next = loop.Item("propagation") switch
        {
            YamlText text => text,
            YamlMap map => new OldMap(map, blueprint.Report, "propagation").TextItem("next_input"),
            _ => null,
        };
        switch (next?.Value)
        {
            case null or "previous_output":
                return new OutText($"${{{last}}}");
            case "context":
                return new OutText("${state}");
            case "auto":
                blueprint.Report.Changed(next, "propagation: auto, which Flujo ignores, is the last output");
                return new OutText($"${{{last}}}");
            default:
                return new OutText(blueprint.Template(next, last, inner));
        }
    }

    private void LoopState(OldMap loop, string last, FlujoScope inner, OutMap made)
    {
        if (loop.Mapping("state") is not { } map)
        {
            return;
        }

        OldMap state = new(map, blueprint.Report, "the state of a loop");
        OutMap changes = new();
        foreach (string operation in (ReadOnlySpan<string>)["set", "append", "merge"])
        {
            foreach (YamlItem item in state.List(operation)?.Items ?? [])
            {
                if (item is YamlMap pair && pair.Find("target") is YamlText target && pair.Find("value") is { } value
                    && blueprint.Change(target, target.Value, StateValue(value, operation, last, inner), operation) is { } change)
                {
                    Add(changes, change.Operation, change.Name, change.Value, target);
                }
            }
        }

        state.TellOthers();
        if (changes.Entries.Count > 0)
        {
            made.With("state", changes);
            blueprint.Report.Changed(loop.At("state"), "the state is changed after every iteration, the last one too; Flujo leaves that one out");
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
            blueprint.Report.Lost(at, $"'{name}' is changed twice in one step; the first change counts");
            return;
        }

        map.With(name, value);
    }

    // What is merged is written as JSON in a text.
    private OutNode StateValue(YamlItem value, string operation, string data, FlujoScope scope)
    {
        if (operation != "merge" || value is not YamlText text || text.Value.Contains("{{", StringComparison.Ordinal))
        {
            return blueprint.Value(value, data, scope);
        }

        Problems quiet = new(new SourceText(text.Value, blueprint.Report.File));
        try
        {
            if (YamlComposer.Compose(quiet) is YamlMap map)
            {
                return blueprint.Value(map, data, scope);
            }
        }
        catch (Problems.TooManyException)
        {
            // It is no object.
        }

        blueprint.Report.Lost(value, "only an object can be merged; this is none");
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
                OldMap init = new(map, blueprint.Report, "init");
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
            blueprint.SetState(into, target, target.Value, StateValue(value, operation, data, scope), operation);
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
        blueprint.Report.Changed(output, "the loop's output, which Flujo ignores, is what its documents say");
        string name = blueprint.State(FlujoFiles.Word(id + "_output", "output"));
        into.Items.Add(new OutMap().With("set", new OutMap().With(name, blueprint.Value(output, id, scope))));
        return "state." + name;
    }

    private string Mapper(YamlText callable, string name, string data, OutList into)
    {
        string id = blueprint.Id(name);
        into.Items.Add(new OutMap().With("task", blueprint.Task(callable, id)).With("id", id).With("inputs", new OutMap().With("input", $"${{{data}}}")));
        return id;
    }

    // An expression, when the input is one; else the state keeps the text.
    private string InputOf(YamlText input, string data, FlujoScope scope, string id, OutList into)
    {
        string text = blueprint.Template(input, data, scope);
        if (text.StartsWith("${", StringComparison.Ordinal) && text.EndsWith('}') && text.IndexOf('}', StringComparison.Ordinal) == text.Length - 1)
        {
            return text[2..^1];
        }

        string name = blueprint.State(FlujoFiles.Word(id + "_input", "input"));
        into.Items.Add(new OutMap().With("set", new OutMap().With(name, text)));
        return "state." + name;
    }

    public string Map(OldMap step, string name, string data, FlujoScope scope, OutList into)
    {
        if (step.Mapping("map") is not { } settings || settings.Find("body") is not (YamlList or YamlMap))
        {
            blueprint.Report.Lost(step.Map, $"the map '{Text.Shorten(name, 60)}' has no body");
            return data;
        }

        OldMap map = new(settings, blueprint.Report, "a map");
        string id = blueprint.Id(name);
        string items = "[]";
        if (map.TextItem("iterable_input") is { } iterable)
        {
            string source = iterable.Value.Trim();
            bool isPath = source.StartsWith("context", StringComparison.Ordinal) || source.StartsWith("steps", StringComparison.Ordinal) || source.StartsWith("previous_step", StringComparison.Ordinal) || source.StartsWith("{{", StringComparison.Ordinal);
            items = isPath ? blueprint.Expression(iterable, data, scope) ?? "[]" : OldExpression.IsWord(source) ? "state." + blueprint.State(source) : blueprint.Expression(iterable, data, scope) ?? "[]";
        }
        else
        {
            blueprint.Report.Lost(settings, "the map has no iterable_input");
        }

        Operations(map, "init", data, scope, into);
        OutList body = new();
        string last = importer.Steps(map.Item("body")!, "item", new FlujoScope(scope) { Item = "item" }, body);
        if (body.Items.Count == 0)
        {
            blueprint.Report.Lost(map.At("body"), "the body of the map has no steps");
            return data;
        }

        into.Items.Add(new OutMap().With("for_each", $"${{{items}}}").With("id", id).With("do", body).With("collect", $"${{{last}}}"));
        blueprint.Report.Changed(step.Map, "an item that fails fails the step; in Flujo its result is None", "Write on_item_error: collect to go on, and concurrency for several items at a time.");
        string after = Finalize(map, id, scope, into);
        map.TellOthers();
        step.Ignore("input");
        step.LeaveOut("config");
        blueprint.Sink(step, after, scope, into, null);
        return after;
    }

    private string Finalize(OldMap map, string id, FlujoScope scope, OutList into)
    {
        if (map.Mapping("finalize") is not { } settings)
        {
            return id;
        }

        OldMap finalize = new(settings, blueprint.Report, "finalize");
        string after = id;
        if (finalize.Item("output") is { } output)
        {
            string name = blueprint.State(FlujoFiles.Word(id + "_output", "output"));
            into.Items.Add(new OutMap().With("set", new OutMap().With(name, blueprint.Value(output, id, scope))));
            after = "state." + name;
        }

        finalize.TellOthers();
        return after;
    }
}
