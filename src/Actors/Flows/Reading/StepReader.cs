using System.Text.Json;

namespace Actors.Flows;

/// <summary>A name of a flow that a step runs, and where it stands.</summary>
internal sealed record SubflowReference(string Flow, bool IsChild, int Line, int Column);

/// <summary>
/// Reads lists of steps, from top to bottom, and knows at each place which names exist there. One reader reads one file.
/// </summary>
/// <param name="tasks">Null: task names are not checked.</param>
/// <param name="kinds">The kinds of steps beside those of the language.</param>
internal sealed partial class StepReader(Problems problems, TaskRegistry? tasks, StepKindRegistry kinds, FlowIds ids, DeclaredTypes types)
{
    // Keys of these kinds are also keys of other kinds: they say what a step is only when nothing else does.
    private static readonly string[] WeakKinds = ["while", "until", "do", "set", "append", "merge", "if"];

    private static readonly string[] StrongKinds = [.. Language.Kinds.Select(k => k.Kind).Where(kind => !WeakKinds.Contains(kind))];

    private readonly ValueReader _values = new(problems);
    private readonly List<string> _tasksUsed = [];
    private readonly HashSet<string> _taskNames = new(StringComparer.Ordinal);
    private readonly List<SubflowReference> _subflows = [];
    private readonly string[] _kindNames = [.. StrongKinds, .. kinds.All.Select(kind => kind.Name)];

    /// <summary>The tasks that the steps call, in order of first use.</summary>
    public IReadOnlyList<string> TasksUsed => _tasksUsed;

    /// <summary>The flows that the steps run.</summary>
    public IReadOnlyList<SubflowReference> Subflows => _subflows;

    /// <summary>The declared state; empty when the flow has none.</summary>
    public IReadOnlyDictionary<string, StateField> State { get; set; } = new Dictionary<string, StateField>();

    /// <summary>The connections that steps may name.</summary>
    public FlowConnections Connections { get; set; } = null!;

    public ValueReader Values => _values;

    private IEnumerable<string> AllKinds => _kindNames.Concat(WeakKinds);

    /// <summary>Finds all ids below a node, whatever it is.</summary>
    public void FindIds(YamlItem? item)
    {
        switch (item)
        {
            case YamlList list:
                foreach (YamlItem inner in list.Items)
                {
                    FindIds(inner);
                }

                break;
            case YamlMap map:
                bool isStep = IsStep(map);
                foreach (YamlEntry entry in map.Entries)
                {
                    if (isStep && entry is { Key.Value: "id", Value: YamlText id })
                    {
                        ids.Lines.TryAdd(id.Value, id.Line);
                    }
                    else if (entry.Key.Value is not ("inputs" or "outputs" or "retry" or "set" or "append" or "details" or "form" or "schema" or "output_schema"))
                    {
                        FindIds(entry.Value);
                    }
                }

                break;
        }
    }

    private bool IsStep(YamlMap map) => AllKinds.Any(kind => map.Find(kind) is not null);

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
            bool single = item is YamlMap map && IsStep(map);
            problems.Error(Rules.WrongType, item, $"'{key}' must be a list of steps, not {item.Name}", single ? "Put '- ' before the step." : null);
            return [];
        }

        if (list.Items.Count == 0)
        {
            problems.Error(Rules.EmptyBlock, list, $"'{key}' has no steps");
        }

        bool hasBackground = list.Items.Any(IsBackground);
        HashSet<string>? taken = hasBackground ? new(StringComparer.Ordinal) : null;
        List<FlowStep> steps = new(list.Items.Count);
        foreach (YamlItem stepItem in list.Items)
        {
            if (steps is [.., ExitStep { If: null }])
            {
                problems.Warn(Rules.Unreachable, stepItem, "this step is never reached: the step before it ends the flow");
            }

            if (ReadStep(stepItem, names, taken: taken) is { } step)
            {
                steps.Add(step);
            }
        }

        return steps;
    }

    private static bool IsBackground(YamlItem item) =>
        item is YamlMap map && map.Find("background") is YamlText text && text.Typed().TryGetBool(out bool value) && value;

    /// <param name="isBranch">True: the step is a branch of a parallel, which has read its depends_on.</param>
    /// <param name="taken">The names of the verbs of this list when each must be its own; null: the same name may come again.</param>
    private FlowStep? ReadStep(YamlItem item, Names names, bool isBranch = false, HashSet<string>? taken = null)
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

        StepHead head = new(map, id, isBranch, taken);
        (FlowStep step, IReadOnlyCollection<string>? fields) = kind switch
        {
            "task" => ReadTask(head, names),
            "parallel" => ReadParallel(head, names),
            "switch" => ReadSwitch(head, names),
            "for_each" => ReadForEach(head, names),
            "loop" or "while" or "until" => ReadLoop(head, kind, names),
            "route" => ReadRoute(head, names),
            "state_machine" => ReadStateMachine(head, names),
            "subflow" => ReadSubflow(head, names),
            "do" => ReadDo(head, names),
            "set" or "append" or "merge" => ReadSet(head, kind, names),
            "emit" => ReadEmit(head, names),
            "exit" => ReadExit(head, names),
            "wait" => ReadWait(head, names),
            "approval" => ReadApproval(head, names),
            "if" => ReadIf(head, names),
            _ => ReadKind(head, kinds.Find(kind)!, names),
        };
        if (step.Common.Cache is { } cache)
        {
            CheckCache(step, cache, map);
        }

        if (id is not null)
        {
            ids.Open.RemoveAt(ids.Open.Count - 1);
            bool maybe = step.If is not null || step.OnError is { Then: AfterError.Continue } || step is SubflowStep { OnFailure: SubflowFailure.Skip };
            if (step is EffectStep { Settings.IsBackground: true } or SubflowStep { IsBackground: true })
            {
                // Its output may never be there: the id is for people and for the journal.
            }
            else
            {
                // What a fallback gives in its place is not looked into.
                bool isItsOwn = step.Common.Fallback is null;
                Declare(new Name(id, NameKind.Step, idText!.Line, isItsOwn ? fields : null, maybe, idText.Column, isItsOwn ? types.OfStep(step) : null), idText, names);
            }
        }

        return step;
    }

    private void CheckCache(FlowStep step, CacheSetting cache, YamlMap map)
    {
        YamlItem at = map.Find("cache")!;
        if (cache.Key is null && step is not EffectStep)
        {
            problems.Error(Rules.MissingKey, at, $"the cache of a {step.Kind} step needs 'key': only a step that is given inputs says by them what its output depends on", "Write cache: {key: …, ttl: 1h}.");
        }

        if (HasExit(step))
        {
            problems.Error(Rules.CacheAndExit, at, "a step that may end the flow has no cache: an exit cannot be kept");
        }
    }

    private static bool HasExit(FlowStep step) =>
        step is ExitStep || step.OnError is { Then: AfterError.Exit } || step.AllBlocks.Any(static block => block.Steps.Any(HasExit));

    private YamlText? Told(YamlItem id)
    {
        problems.Error(Rules.WrongType, id, $"'id' must be a text, not {id.Name}");
        return null;
    }

    private void Declare(Name name, YamlItem at, Names names)
    {
        // Blocks of which each may be skipped can give the same id one after the other: what ran last counts.
        Name? taken = names.Find(name.Text);
        if (taken is { Kind: NameKind.Step, Maybe: true } && names.FindOwn(name.Text) is null)
        {
            name = name.OrThatOf(taken);
        }
        else if (taken is { Kind: NameKind.Step or NameKind.Loop })
        {
            (int line, int column) = at.Line >= taken.Line ? (at.Line, at.Column) : (taken.Line, taken.Column);
            string what = taken.Kind == NameKind.Loop ? "a variable of a block around it" : $"the id of a step in line {Math.Min(taken.Line, at.Line)}";
            problems.Error(Rules.DuplicateId, line, column, $"'{name.Text}' is already {what}");
        }

        names.Add(name);
    }

    /// <summary>Adds a variable that a block gives to what is inside.</summary>
    private void DeclareVariable(string variable, YamlItem at, Names outside, Names around, IReadOnlyCollection<string>? fields = null, string? suggestion = null, StaticType? type = null)
    {
        if (outside.Find(variable) is { Kind: NameKind.Step } taken)
        {
            problems.Error(Rules.DuplicateId, at, $"'{variable}' is already the id of a step in line {taken.Line}", suggestion ?? "Give that step another id.");
        }

        around.Add(new Name(variable, NameKind.Loop, at.Line, fields, Type: type));
    }

    private string? KindOf(YamlMap map)
    {
        string[] found = [.. _kindNames.Where(kind => map.Find(kind) is not null)];
        if (found.Length == 0)
        {
            // Of what is also a key of other steps, the first says what this one is.
            found = [.. WeakKinds.Where(kind => map.Find(kind) is not null).Take(1)];
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
                problems.Error(Rules.NotSupported, entry.Key, $"'{entry.Key.Value}' is not supported in this version", $"Steps are: {string.Join(", ", AllKinds)}.");
                return null;
            }
        }

        foreach (YamlEntry entry in map.Entries)
        {
            if (Text.Nearest(entry.Key.Value, AllKinds) is { } near && entry.Key.Value is not ("id" or "as"))
            {
                problems.Error(Rules.StepKind, entry.Key, $"'{Text.Shorten(entry.Key.Value, 60)}' is no kind of step", $"Did you mean '{near}'?");
                return null;
            }
        }

        problems.Error(Rules.StepKind, map, "this step does nothing", $"Give it one of: {string.Join(", ", AllKinds)}.");
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
    /// <param name="name">What its verb is called when it has no id.</param>
    private StepCommon Common(StepHead head, Keys keys, Names names, string name, Condition? own)
    {
        if (!head.IsBranch)
        {
            CheckDependsOn(keys, names);
        }

        if (keys.Has("silent"))
        {
            _ = keys.Bool("silent");
            problems.Warn(Rules.NoEffect, keys.At("silent"), "'silent' has no effect: every step has its events");
        }

        return new StepCommon(head.Id, head.NameOr(name), head.Map.Line, head.Map.Column)
        {
            If = own,
            Cache = ReadCache(keys, names),
            Fallback = ReadFallback(keys, names),
            OnError = ReadOnError(keys, names),
            Description = keys.Prose("description"),
        };
    }

    private Condition? ReadOwnIf(Keys keys, Names names) => keys.Item("if") is { } item ? _values.Condition(item, names) : null;

    private CacheSetting? ReadCache(Keys keys, Names names)
    {
        switch (keys.Item("cache"))
        {
            case null:
                return null;
            case YamlMap map:
                Keys parts = new(map, problems, Language.Cache);
                if (!parts.Has("ttl"))
                {
                    problems.Error(Rules.MissingKey, map, "cache needs 'ttl'", "Write e.g. ttl: 1h.");
                }

                TimeSpan? ttl = _values.Duration(parts.Item("ttl"), "ttl");
                return new CacheSetting(parts.Item("key") is { } key ? _values.Template(key, names) : null, ttl ?? TimeSpan.FromHours(1));
            case { } item:
                return new CacheSetting(null, _values.Duration(item, "cache") ?? TimeSpan.FromHours(1));
        }
    }

    private static Names ErrorNames(Names names)
    {
        Names around = names.Inner();
        around.Add(new Name("error", NameKind.Error, 0, ["type", "message", "code", "data", "step"]));
        return around;
    }

    private IReadOnlyList<FlowStep>? ReadFallback(Keys keys, Names names)
    {
        if (keys.Item("fallback") is not { } item)
        {
            return null;
        }

        Names inner = ErrorNames(names).Inner();
        IReadOnlyList<FlowStep> steps = item is YamlMap map && IsStep(map) && ReadStep(map, inner) is { } single ? [single]
            : item is YamlMap ? []
            : ReadSteps("fallback", item, inner);
        TakeOver(inner, names, maybe: true);
        return steps;
    }

    private ErrorHandler? ReadOnError(Keys keys, Names names)
    {
        if (keys.Item("on_error") is not { } item)
        {
            return null;
        }

        Names inner = ErrorNames(names).Inner();
        AfterError then = AfterError.Continue;
        YamlItem? list = item;
        string key = "on_error";
        if (item is YamlMap map)
        {
            Keys handler = new(map, problems, Language.OnError);
            list = handler.Item("steps");
            key = "steps";
            then = ReadChoice(handler, "then", AfterError.Continue, ("continue", AfterError.Continue), ("fail", AfterError.Fail), ("exit", AfterError.Exit));
            if (list is null && !handler.Has("then"))
            {
                problems.Error(Rules.MissingKey, map, "on_error needs 'steps' or 'then'");
            }
        }

        IReadOnlyList<FlowStep> steps = ReadSteps(key, list, inner);
        TakeOver(inner, names, maybe: true);
        return new ErrorHandler(steps, then);
    }

    /// <summary>One of a few words.</summary>
    private T ReadChoice<T>(Keys keys, string key, T absent, params (string Word, T Value)[] words)
    {
        if (keys.Text(key) is not { } text)
        {
            return absent;
        }

        foreach ((string word, T value) in words)
        {
            if (word == text.Value)
            {
                return value;
            }
        }

        string[] known = [.. words.Select(w => w.Word)];
        string? near = Text.Nearest(text.Value, known);
        string list = known.Length == 1 ? known[0] : $"{string.Join(", ", known[..^1])} or {known[^1]}";
        problems.Error(Rules.Setting, text, $"'{key}' must be {list}", near is null ? null : $"Did you mean '{near}'?");
        return absent;
    }

    private int? ReadWhole(Keys keys, string key, int min, int max)
    {
        if (keys.Item(key) is not { } item)
        {
            return null;
        }

        if (item is YamlText text && text.Typed().AsNumber is decimal number && number >= min && number <= max && number == decimal.Truncate(number))
        {
            return (int)number;
        }

        problems.Error(Rules.Setting, item, $"'{key}' must be a whole number from {min} to {max}");
        return null;
    }

    /// <summary>One word, or a list of words; empty when it is absent or wrong, which is then told.</summary>
    private YamlText[] ReadWords(Keys keys, string key)
    {
        switch (keys.Item(key))
        {
            case null:
                return [];
            case YamlText { IsNull: false } one:
                return [one];
            case YamlList list when list.Items.All(item => item is YamlText { IsNull: false }):
                return [.. list.Items.Cast<YamlText>()];
            case { } item:
                keys.Wrong(key, item, "a name or a list of names");
                return [];
        }
    }

    // In a sequence every step comes after those above it anyway: it must name such a step.
    private void CheckDependsOn(Keys keys, Names names)
    {
        foreach (YamlText id in ReadWords(keys, "depends_on"))
        {
            if (names.Find(id.Value) is not { Kind: NameKind.Step })
            {
                ExpressionSyntaxException fault = names.Unknown(id.Value, 0, id.Line);
                problems.Error(fault.Rule, id, fault.Message, fault.Suggestion);
            }
        }
    }

    private void TakeOver(Names inner, Names outer, bool maybe)
    {
        foreach (string own in inner.OwnSteps)
        {
            if (outer.FindOwn(own) is { } taken && !(taken.Maybe && maybe))
            {
                Name again = inner.FindOwn(own)!;
                problems.Error(Rules.DuplicateId, again.Line, again.Column, $"'{own}' is already the id of a step in line {taken.Line}");
            }
        }

        outer.AddAll(inner, maybe);
    }

    private ScopeOptions? ReadScope(Keys keys) =>
        _values.Duration(keys.Item("timeout"), "timeout") is { } timeout ? new ScopeOptions { Timeout = timeout } : null;

    // For pictures: what stands in the file, on one line.
    private static string SourceOf(YamlItem item) => item switch
    {
        YamlText text => text.Value.ReplaceLineEndings(" ").Trim(),
        YamlList list => string.Join(", ", list.Items.Select(SourceOf)),
        YamlMap map => string.Join("; ", map.Entries.Select(entry => $"{entry.Key.Value}: {SourceOf(entry.Value)}")),
        _ => "",
    };

    private static string Unique(string name, HashSet<string> taken)
    {
        string key = name;
        for (int n = 2; !taken.Add(key); n++)
        {
            key = $"{name}-{n}";
        }

        return key;
    }

    /// <summary>What every kind of step begins with.</summary>
    private readonly record struct StepHead(YamlMap Map, string? Id, bool IsBranch, HashSet<string>? Taken)
    {
        public string NameOr(string kind) => Taken is null ? Id ?? kind : Unique(Id ?? kind, Taken);
    }
}
