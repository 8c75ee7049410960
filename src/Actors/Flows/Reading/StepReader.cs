namespace Actors.Flows;

/// <summary>
/// Reads lists of steps, from top to bottom, and knows at each place which names exist there. One reader reads one file.
/// </summary>
internal sealed partial class StepReader(Problems problems, TaskRegistry? tasks, FlowIds ids)
{
    private static readonly string[] Kinds = ["task", "parallel", "switch", "for_each", "exit", "wait", "approval", "if"];

    private readonly ValueReader _values = new(problems);
    private readonly List<string> _tasksUsed = [];
    private readonly HashSet<string> _taskNames = new(StringComparer.Ordinal);

    /// <summary>The tasks that the steps call, in order of first use.</summary>
    public IReadOnlyList<string> TasksUsed => _tasksUsed;

    public ValueReader Values => _values;

    /// <summary>Finds all ids below a node, whatever it is.</summary>
    public static void FindIds(YamlItem? item, FlowIds ids)
    {
        switch (item)
        {
            case YamlList list:
                foreach (YamlItem inner in list.Items)
                {
                    FindIds(inner, ids);
                }

                break;
            case YamlMap map:
                bool isStep = Kinds.Any(kind => map.Find(kind) is not null);
                foreach (YamlEntry entry in map.Entries)
                {
                    if (isStep && entry is { Key.Value: "id", Value: YamlText id })
                    {
                        ids.Lines.TryAdd(id.Value, id.Line);
                    }
                    else if (entry.Key.Value is not ("inputs" or "outputs" or "retry" or "schema" or "output_schema" or "form"))
                    {
                        FindIds(entry.Value, ids);
                    }
                }

                break;
        }
    }

    /// <summary>Adds what the steps declare to <paramref name="names"/>.</summary>
    /// <param name="key">Where the list stands, and what it is called in messages.</param>
    /// <param name="item">Null: the key is absent, which has been told or is allowed.</param>
    public IReadOnlyList<FlowStep> ReadSteps(string key, YamlItem? item, Names names)
    {
        if (item is null)
        {
            return [];
        }

        if (item is not YamlList list)
        {
            bool single = item is YamlMap map && Kinds.Any(kind => map.Find(kind) is not null);
            problems.Error(Rules.WrongType, item, $"'{key}' must be a list of steps, not {item.Name}", single ? "Put '- ' before the step." : null);
            return [];
        }

        if (list.Items.Count == 0)
        {
            problems.Error(Rules.EmptyBlock, list, $"'{key}' has no steps");
        }

        List<FlowStep> steps = new(list.Items.Count);
        for (int i = 0; i < list.Items.Count; i++)
        {
            if (steps is [.., ExitStep { If: null }])
            {
                problems.Warn(Rules.Unreachable, list.Items[i], "this step is never reached: the step before it ends the flow");
            }

            if (ReadStep(list.Items[i], names) is { } step)
            {
                steps.Add(step);
            }
        }

        return steps;
    }

    private FlowStep? ReadStep(YamlItem item, Names names)
    {
        if (item is YamlText { Value: "exit" } bare)
        {
            return new ExitStep(new StepCommon(null, "exit", bare.Line, bare.Column)) { Reason = null, Outputs = ConstantTemplate.EmptyObject };
        }

        if (item is not YamlMap map)
        {
            problems.Error(Rules.StepKind, item, $"a step must be a mapping, not {item.Name}", item is YamlText { IsNull: false } name ? $"Write 'task: {Text.Shorten(name.Value, 60)}' to call a task." : null);
            return null;
        }

        string? kind = KindOf(map);
        if (kind is null)
        {
            return null;
        }

        YamlText? idText = map.Find("id") is { } idItem ? idItem as YamlText ?? Told(idItem) : null;
        string? id = _values.Identifier(idText, "an id");
        if (id is not null)
        {
            ids.Open.Add(id);
        }

        StepHead head = new(map, id);
        (FlowStep step, IReadOnlyCollection<string>? fields) = kind switch
        {
            "task" => ReadTask(head, names),
            "parallel" => ReadParallel(head, names),
            "switch" => ReadSwitch(head, names),
            "for_each" => ReadForEach(head, names),
            "exit" => ReadExit(head, names),
            "wait" => ReadWait(head, names),
            "approval" => ReadApproval(head, names),
            _ => ReadIf(head, names),
        };
        if (id is not null)
        {
            ids.Open.RemoveAt(ids.Open.Count - 1);
            Declare(new Name(id, NameKind.Step, idText!.Line, fields, step.If is not null || step.OnError is { Then: AfterError.Continue }, idText.Column), idText, names);
        }

        return step;
    }

    private YamlText? Told(YamlItem id)
    {
        problems.Error(Rules.WrongType, id, $"'id' must be a text, not {id.Name}");
        return null;
    }

    private void Declare(Name name, YamlItem at, Names names)
    {
        if (names.Find(name.Text) is { Kind: NameKind.Step or NameKind.Loop } taken)
        {
            (int line, int column) = at.Line >= taken.Line ? (at.Line, at.Column) : (taken.Line, taken.Column);
            string what = taken.Kind == NameKind.Loop ? "the variable of a for_each around it" : $"the id of a step in line {Math.Min(taken.Line, at.Line)}";
            problems.Error(Rules.DuplicateId, line, column, $"'{name.Text}' is already {what}");
        }

        names.Add(name);
    }

    private string? KindOf(YamlMap map)
    {
        string[] found = Kinds.Where(kind => map.Find(kind) is not null).ToArray();
        if (found.Length > 1 && found[^1] == "if")
        {
            // `if` beside another kind is that step's own condition.
            found = found[..^1];
        }

        if (found.Length == 1)
        {
            return found[0];
        }

        if (found.Length > 1)
        {
            problems.Error(Rules.StepKind, map, $"a step is one thing, not both '{found[0]}' and '{found[1]}'", "Make two steps of it.");
            return null;
        }

        foreach (YamlEntry entry in map.Entries)
        {
            if (Unsupported.Kinds.Contains(entry.Key.Value))
            {
                problems.Error(Rules.NotSupported, entry.Key, $"'{entry.Key.Value}' is not supported in this version", $"Steps are: {string.Join(", ", Kinds)}.");
                return null;
            }
        }

        foreach (YamlEntry entry in map.Entries)
        {
            if (Text.Nearest(entry.Key.Value, Kinds) is { } near && entry.Key.Value is not ("id" or "do" or "as"))
            {
                problems.Error(Rules.StepKind, entry.Key, $"'{Text.Shorten(entry.Key.Value, 60)}' is no kind of step", $"Did you mean '{near}'?");
                return null;
            }
        }

        problems.Error(Rules.StepKind, map, "this step does nothing", $"Give it one of: {string.Join(", ", Kinds)}.");
        return null;
    }

    /// <summary>The name of a verb in a step key: without the characters that keys use themselves.</summary>
    private static string VerbName(string text)
    {
        char[] name = text.Length > ValueReader.IdLengthMax ? text[..ValueReader.IdLengthMax].ToCharArray() : text.ToCharArray();
        for (int i = 0; i < name.Length; i++)
        {
            name[i] = char.IsControl(name[i]) || char.IsSurrogate(name[i]) || name[i] is '/' or '#' or '[' or ']' or '%' ? '_' : name[i];
        }

        return new string(name);
    }

    /// <summary>What every step may have. Read last: what on_error declares is known after the step only.</summary>
    private StepCommon Common(StepHead head, Keys keys, Names names, string name, Condition? own) => new(head.Id, name, head.Map.Line, head.Map.Column)
    {
        If = own,
        OnError = ReadOnError(keys, names),
        Description = keys.Prose("description"),
    };

    private Condition? ReadOwnIf(Keys keys, Names names) => keys.Item("if") is { } item ? _values.Condition(item, names) : null;

    private ErrorHandler? ReadOnError(Keys keys, Names names)
    {
        if (keys.Item("on_error") is not { } item)
        {
            return null;
        }

        Names around = names.Inner();
        around.Add(new Name("error", NameKind.Error, 0, ["type", "message", "code", "data", "step"]));
        Names inner = around.Inner();
        AfterError then = AfterError.Continue;
        YamlItem? list = item;
        string key = "on_error";
        if (item is YamlMap map)
        {
            Keys handler = new(map, problems, Language.OnError);
            list = handler.Item("steps");
            key = "steps";
            then = ReadThen(handler);
            if (list is null && !handler.Has("then"))
            {
                problems.Error(Rules.MissingKey, map, "on_error needs 'steps' or 'then'");
            }
        }

        IReadOnlyList<FlowStep> steps = ReadSteps(key, list, inner);
        TakeOver(inner, names, maybe: true);
        return new ErrorHandler(steps, then);
    }

    private AfterError ReadThen(Keys handler)
    {
        switch (handler.Text("then"))
        {
            case null or { Value: "continue" }:
                return AfterError.Continue;
            case { Value: "fail" }:
                return AfterError.Fail;
            case { Value: "exit" }:
                return AfterError.Exit;
            case { } other:
                string? near = Text.Nearest(other.Value, ["continue", "fail", "exit"]);
                problems.Error(Rules.Setting, other, "'then' must be continue, fail or exit", near is null ? null : $"Did you mean '{near}'?");
                return AfterError.Continue;
        }
    }

    private void TakeOver(Names inner, Names outer, bool maybe)
    {
        foreach (string own in inner.OwnSteps)
        {
            if (outer.FindOwn(own) is { } taken)
            {
                Name again = inner.FindOwn(own)!;
                problems.Error(Rules.DuplicateId, again.Line, again.Column, $"'{own}' is already the id of a step in line {taken.Line}");
            }
        }

        outer.AddAll(inner, maybe);
    }

    private ScopeOptions? ReadScope(Keys keys) =>
        _values.Duration(keys.Item("timeout"), "timeout") is { } timeout ? new ScopeOptions { Timeout = timeout } : null;

    /// <summary>What every kind of step begins with.</summary>
    private readonly record struct StepHead(YamlMap Map, string? Id)
    {
        public string NameOr(string kind) => Id ?? kind;
    }
}
