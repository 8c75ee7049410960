namespace Actors.Flows;

/// <summary>Steps with a body: tasks and registered kinds.</summary>
internal sealed partial class StepReader
{
    private (FlowStep, IReadOnlyCollection<string>?) ReadTask(StepHead head, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Of("task"));
        YamlText? taskText = keys.Text("task");
        string task = taskText?.Value.Trim() ?? "task";
        CheckTask(taskText, task);
        Condition? own = ReadOwnIf(keys, names);
        Template inputs = ConstantTemplate.EmptyObject;
        if (keys.Item("inputs") is { } item and not YamlText { IsNull: true })
        {
            inputs = _values.Template(item, WithSecrets(names));
            if (item is not YamlMap && inputs is not HoleTemplate && !problems.HasErrorsAt(item))
            {
                keys.Wrong("inputs", item, "a mapping, or one ${…} that gives an object");
            }
        }

        EffectSettings settings = ReadEffect(keys, names, types.OfTask(task));
        return (
            new TaskStep(Common(head, keys, names, VerbName(task), own), settings)
            {
                Task = task,
                Inputs = inputs,
                Connection = ReadConnection(keys),
            },
            settings.Result is null ? ReadOutputs(keys) : FieldsOf(settings.Result));
    }

    private (FlowStep, IReadOnlyCollection<string>?) ReadKind(StepHead head, StepKind kind, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Registered(kind));
        Condition? own = ReadOwnIf(keys, names);
        YamlItem item = keys.Item(kind.Name)!;
        Template inputs = _values.Template(item, WithSecrets(names));
        if (kind.Check is { } check)
        {
            foreach (InputFault fault in check(_values.Literal(item).ToJson()))
            {
                YamlItem at = YamlPointer.Find(item, fault.Pointer);
                problems.Error(Rules.Setting, at, Text.Shorten(fault.Message, 500));
            }
        }

        if (kind.ConnectionSetting is { } setting && (item as YamlMap)?.Find(setting) is YamlText { IsNull: false } connection && !TemplateText.MayHaveExpressions(connection.Value))
        {
            CheckConnection(connection);
        }

        EffectSettings settings = ReadEffect(keys, names, StaticType.Any);
        return (new KindStep(Common(head, keys, names, kind.Name, own), settings, kind) { Inputs = inputs }, settings.Result is null ? ReadOutputs(keys) : FieldsOf(settings.Result));
    }

    private static Names WithSecrets(Names names)
    {
        Names inner = names.Inner();
        inner.Add(Name.Secrets(null));
        return inner;
    }

    private static IReadOnlyCollection<string>? FieldsOf(Template template) => template switch
    {
        ObjectTemplate map => [.. map.Names],
        ConstantTemplate { Value.AsObject: { } map } => [.. map.Entries.Select(entry => entry.Key)],
        _ => null,
    };

    private string? ReadConnection(Keys keys)
    {
        if (keys.Text("connection") is not { } text)
        {
            return null;
        }

        CheckConnection(text);
        return text.Value;
    }

    private void CheckConnection(YamlText text)
    {
        if (tasks is not null && !Connections.Knows(text.Value))
        {
            string? near = Text.Nearest(text.Value, Connections.Names);
            problems.Error(
                Rules.Connection, text, $"there is no connection '{Text.Shorten(text.Value, 60)}'",
                near is not null ? $"Did you mean '{near}'?" : Connections.Names.Count == 0 ? "Declare it in 'connections' of the flow." : $"There are: {Names.List(Connections.Names)}.");
        }
    }

    private void CheckTask(YamlText? at, string task)
    {
        if (at is null)
        {
            return;
        }

        if (_taskNames.Add(task))
        {
            _tasksUsed.Add(task);
        }

        if (tasks is not null && tasks.Find(task) is null)
        {
            string? near = Text.Nearest(task, tasks.Names);
            problems.Error(
                Rules.UnknownTask, at, $"no task '{Text.Shorten(task, 80)}' is registered", near is null ? $"Registered: {Names.List(tasks.Names)}." : $"Did you mean '{near}'?");
        }
    }

    /// <param name="given">What is known of what the body gives.</param>
    private EffectSettings ReadEffect(Keys keys, Names names, StaticType given)
    {
        JsonSchema? schema = keys.Item("output_schema") is { } schemaItem ? JsonSchema.Read(schemaItem, problems) : null;
        given = schema is null ? given : types.OfSchema(schema);
        Names around = WithResult(keys, names, given);
        bool background = keys.Bool("background") ?? false;
        foreach (string key in (ReadOnlySpan<string>)["on_error", "fallback"])
        {
            if (background && keys.Has(key))
            {
                problems.Error(Rules.Background, keys.At(key), $"a step in the background has no '{key}': its failure does not reach the flow", "Put the step into a subflow with background: true.");
            }
        }

        StepOptions options = ReadOptions(keys);
        Postcondition[] checks = ReadChecks(keys, around);
        Template? result = keys.Item("result") is { } resultItem ? _values.Template(resultItem, around) : null;
        StaticType output = result?.Type ?? given;
        return new EffectSettings(options, checks, schema, result, ReadCompensate(keys, WithResult(keys, names, types.OfOutput(output))), background, output);
    }

    // To what makes the step's output of it, it is what the body gave; to what undoes the step, that output.
    private static Names WithResult(Keys keys, Names names, StaticType type)
    {
        Names around = names.Inner();
        around.Add(new Name("result", NameKind.Loop, keys.Map.Line, Type: type));
        return around;
    }

    private StepOptions ReadOptions(Keys keys)
    {
        TimeSpan? timeout = _values.Duration(keys.Item("timeout"), "timeout");
        if (keys.Item("retry") is not { } item)
        {
            return timeout is null ? StepOptions.Default : new StepOptions { Timeout = timeout };
        }

        (RetryPolicy policy, TimeSpan? attempt) = RetryReader.Read(item, problems, _values);
        if (timeout is not null && attempt is not null)
        {
            problems.Error(Rules.Retry, item, "the step has two limits for one attempt: 'timeout', and 'timeout' in retry", "Keep one of them.");
        }

        return new StepOptions { Retry = policy, Timeout = timeout ?? attempt };
    }

    private Postcondition[] ReadChecks(Keys keys, Names around)
    {
        if (keys.List("validate") is not { } list)
        {
            return [];
        }

        List<Postcondition> checks = [];
        foreach (YamlItem item in list.Items)
        {
            if (item is YamlMap map && (map.Find("check") is not null || map.Find("message") is not null))
            {
                Keys parts = new(map, problems, Language.ValidateTable);
                if (parts.Item("check") is not { } check)
                {
                    problems.Error(Rules.MissingKey, map, "a check of a result needs 'check'");
                    continue;
                }

                Template? message = parts.Text("message") is { } text ? _values.Template(text, around) : null;
                checks.Add(new Postcondition(_values.Condition(check, around), message, SourceOf(check)));
            }
            else
            {
                checks.Add(new Postcondition(_values.Condition(item, around), null, SourceOf(item)));
            }
        }

        return [.. checks];
    }

    private Compensate? ReadCompensate(Keys keys, Names around)
    {
        switch (keys.Item("compensate"))
        {
            case null:
                return null;
            case YamlMap map:
                Keys parts = new(map, problems, Language.CompensateTable);
                YamlText? task = parts.Text("task", required: true);
                CheckTask(task, task?.Value.Trim() ?? "");
                return new Compensate(task?.Value.Trim() ?? "task", parts.Item("inputs") is { } inputs ? _values.Template(inputs, around) : null);
            default:
                YamlText? name = keys.Text("compensate");
                CheckTask(name, name?.Value.Trim() ?? "");
                return name is null ? null : new Compensate(name.Value.Trim(), null);
        }
    }

    // Names, or mappings with a name and a description as scaffolding tools write them.
    private HashSet<string>? ReadOutputs(Keys keys)
    {
        if (keys.List("outputs") is not { } list)
        {
            return null;
        }

        HashSet<string> outputs = [];
        foreach (YamlItem item in list.Items)
        {
            YamlText? name = item as YamlText;
            if (item is YamlMap map)
            {
                name = new Keys(map, problems, "an output of a task", "name", "description", "type").Text("name", required: true);
            }
            else if (name is null or { IsNull: true })
            {
                problems.Error(Rules.WrongType, item, $"an output of a task must be a name, not {item.Name}");
            }

            if (name is not null)
            {
                outputs.Add(name.Value);
            }
        }

        return outputs;
    }
}
