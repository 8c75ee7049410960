using System.Globalization;

namespace Actors.Flows;

/// <summary>Steps without a body and without steps inside: exit, set, emit, wait, approval.</summary>
internal sealed partial class StepReader
{
    private static readonly string[] ApprovalFields = ["decision", "approved", "by", "at", "comment", "data", "expired"];

    private (FlowStep, IReadOnlyCollection<string>?) ReadExit(StepHead head, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Of("exit"));
        Condition? own = ReadOwnIf(keys, names);
        Template? reason = null;
        Template outputs = ConstantTemplate.EmptyObject;
        switch (keys.Item("exit"))
        {
            case YamlText { IsNull: true }:
                break;
            case YamlMap map:
                Keys parts = new(map, problems, Language.Exit);
                reason = parts.Text("reason") is { } text ? _values.Template(text, names) : null;
                outputs = parts.Mapping("outputs") is { } values ? _values.Template(values, names) : outputs;
                break;
            case { } item:
                problems.Error(Rules.WrongType, item, $"'exit' must be empty or a mapping, not {item.Name}", "Write exit: {reason: …}.");
                break;
        }

        return (
            new ExitStep(Common(head, keys, names, "exit", own)) { Reason = reason, Outputs = outputs }, []);
    }

    private (FlowStep, IReadOnlyCollection<string>?) ReadSet(StepHead head, string kind, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Of(kind));
        Condition? own = ReadOwnIf(keys, names);
        IReadOnlyList<StateChange> changes = ReadChanges(keys, names);
        return (new SetStep(Common(head, keys, names, "set", own)) { Changes = changes }, []);
    }

    private static readonly (string Key, StateOperation Operation)[] StateKeys =
        [("set", StateOperation.Set), ("append", StateOperation.Append), ("merge", StateOperation.Merge)];

    private List<StateChange> ReadChanges(Keys keys, Names names)
    {
        List<StateChange> changes = [];
        foreach ((string key, StateOperation operation) in StateKeys)
        {
            foreach (YamlEntry entry in keys.Mapping(key)?.Entries ?? [])
            {
                if (!State.TryGetValue(entry.Key.Value, out StateField? field))
                {
                    string? near = Text.Nearest(entry.Key.Value, State.Keys);
                    problems.Error(
                        Rules.UnknownState, entry.Key, $"the flow's state has no '{Text.Shorten(entry.Key.Value, 60)}'",
                        near is not null ? $"Did you mean '{near}'?" : $"Declare it at the top: state: {{{Text.Shorten(entry.Key.Value, 40)}: string}}.");
                    continue;
                }

                Template value = _values.Template(entry.Value, names);
                CheckChange(operation, field, value, entry.Value);
                changes.Add(new StateChange(operation, field.Name, value));
            }
        }

        return changes;
    }

    private void CheckChange(StateOperation operation, StateField field, Template value, YamlItem at)
    {
        string? needed = operation switch
        {
            StateOperation.Append when field.Type is not (InputTypes.Any or "array") => "a list",
            StateOperation.Merge when field.Type is not (InputTypes.Any or "object") => "an object",
            _ => null,
        };
        if (needed is not null)
        {
            problems.Error(Rules.StateChange, at, $"'{field.Name}' is {InputTypes.Name(field.Type)}, not {needed}");
        }
        else if (operation == StateOperation.Set && value is ConstantTemplate { Value: { IsNull: false } constant } && !InputTypes.TryFit(constant, field.Type, out _))
        {
            problems.Error(Rules.WrongType, at, $"'{field.Name}' must be {InputTypes.Name(field.Type)}, not {InputTypes.NameOf(constant)}");
        }
    }

    private (FlowStep, IReadOnlyCollection<string>?) ReadEmit(StepHead head, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Of("emit"));
        Condition? own = ReadOwnIf(keys, names);
        Template emits = new ConstantTemplate(Value.Of("event"));
        Template? to = null;
        Template data = new ConstantTemplate(Value.Null);
        if (keys.Mapping("emit") is { } map)
        {
            Keys parts = new(map, problems, Language.Emit);
            bool isSignal = parts.Has("signal");
            if (isSignal == parts.Has("event"))
            {
                problems.Error(Rules.MissingKey, map, "emit has either 'signal' and 'to', or 'event'");
            }

            if (parts.Has("to") != isSignal)
            {
                problems.Error(Rules.MissingKey, map, isSignal ? "a signal needs 'to', the id of the run that it is sent to" : "an event is put into this run's stream: it has no 'to'");
            }

            emits = parts.Text(isSignal ? "signal" : "event") is { } name ? _values.Template(name, names) : emits;
            to = parts.Text("to") is { } run ? _values.Template(run, names) : null;
            data = parts.Item("data") is { } item ? _values.Template(item, names) : data;
        }

        return (new EmitStep(Common(head, keys, names, "emit", own)) { Emits = emits, To = to, Data = data }, []);
    }

    private (FlowStep, IReadOnlyCollection<string>?) ReadWait(StepHead head, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Of("wait"));
        Condition? own = ReadOwnIf(keys, names);
        YamlItem time = keys.Item("wait")!;
        bool until = false;
        if (time is YamlMap map)
        {
            Keys parts = new(map, problems, Language.Wait);
            if (parts.Has("signal"))
            {
                return ReadSignal(head, keys, parts, names, own);
            }

            foreach (string key in (ReadOnlySpan<string>)["timeout", "on_timeout"])
            {
                if (parts.Has(key))
                {
                    problems.Error(Rules.Duration, parts.At(key), $"'{key}' is for waits for a signal");
                }
            }

            until = parts.Has("until");
            if (parts.Has("for") == until)
            {
                problems.Error(Rules.Duration, map, "'wait' has one of 'for', 'until' and 'signal'");
            }

            time = parts.Item(until ? "until" : "for") ?? map;
        }

        Template template = time is YamlText ? _values.Template(time, names) : new ConstantTemplate(Value.Null);
        if (template is ConstantTemplate constant && !problems.HasErrorsAt(time) && !(until ? TryTimestamp(constant.Value, out _) : Durations.TryParse(constant.Value, out _)))
        {
            problems.Error(
                Rules.Duration, time, until ? "'until' is not a point in time" : $"'{(time == keys.Item("wait") ? "wait" : "for")}' is not a length of time",
                until ? "Write e.g. 2030-01-31T09:00:00Z, or an expression." : Durations.Forms);
        }

        return (new WaitStep(Common(head, keys, names, "wait", own)) { Time = template, IsUntil = until }, []);
    }

    private (FlowStep, IReadOnlyCollection<string>?) ReadSignal(StepHead head, Keys keys, Keys parts, Names names, Condition? own)
    {
        if (parts.Has("for") || parts.Has("until"))
        {
            problems.Error(Rules.Duration, parts.Map, "'wait' has one of 'for', 'until' and 'signal'");
        }

        YamlText? name = parts.Text("signal");
        if (name is not null && (name.Value.Length > 100 || VerbName(name.Value) != name.Value || name.Value.Contains("${", StringComparison.Ordinal)))
        {
            problems.Error(Rules.BadName, name, $"'{Text.Shorten(name.Value, 60)}' cannot be the name of a signal: up to 100 characters without / # [ ] %", "Write a name; expressions are not possible here.");
        }

        TimeSpan? timeout = _values.Duration(parts.Item("timeout"), "timeout");
        bool fails = ReadChoice(parts, "on_timeout", false, ("continue", false), ("fail", true));
        if (parts.Has("on_timeout") && timeout is null && !parts.Has("timeout"))
        {
            problems.Error(Rules.Duration, parts.At("on_timeout"), "'on_timeout' without 'timeout' never happens", "Add e.g. timeout: 2d.");
        }

        string signal = VerbName(name?.Value ?? "signal");
        return (
            new SignalStep(Common(head, keys, names, signal, own)) { Signal = signal, HasScope = head.Taken is not null, Timeout = timeout, FailsOnTimeout = fails },
            ["received", "data", "by"]);
    }

    /// <summary>A date, or a date and time; UTC when it names no offset.</summary>
    public static bool TryTimestamp(Value value, out DateTimeOffset time)
    {
        time = default;
        return value.AsText is { Length: >= 10 and <= 40 } text && char.IsAsciiDigit(text[0]) && text[4] == '-' && text[7] == '-'
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
    }

    private (FlowStep, IReadOnlyCollection<string>?) ReadApproval(StepHead head, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Of("approval"));
        Condition? own = ReadOwnIf(keys, names);
        YamlItem item = keys.Item("approval")!;
        Template title = new ConstantTemplate(Value.Of("Approval"));
        Template? details = null;
        Template? candidates = null;
        JsonSchema? form = null;
        IReadOnlyList<string> decisions = [HumanQuestion.Approve, HumanQuestion.Reject];
        TimeSpan? timeout = null;
        string? onTimeout = null;
        switch (item)
        {
            case YamlText { IsNull: false } text when text.Value.Trim().Length > 0:
                title = _values.Template(text, names);
                break;
            case YamlMap map:
                Keys parts = new(map, problems, Language.Approval);
                title = parts.Text("title", required: true) is { } titleText ? _values.Template(titleText, names) : title;
                details = parts.Item("details") is { } detail ? _values.Template(detail, names) : null;
                candidates = ReadCandidates(parts, names);
                form = parts.Item("form") is { } schema ? JsonSchema.Read(schema, problems) : null;
                decisions = ReadDecisions(parts) ?? decisions;
                timeout = _values.Duration(parts.Item("timeout"), "timeout");
                onTimeout = ReadOnTimeout(parts, decisions);
                break;
            default:
                problems.Error(Rules.WrongType, item, $"'approval' must be a title or a mapping, not {item.Name}", "Write approval: {title: …}.");
                break;
        }

        return (
            new ApprovalStep(Common(head, keys, names, "approval", own))
            {
                Title = title,
                Details = details,
                Form = form,
                Data = types.OfSchema(form),
                Decisions = decisions,
                Candidates = candidates,
                Timeout = timeout,
                OnTimeout = onTimeout,
            },
            ApprovalFields);
    }

    private Template? ReadCandidates(Keys parts, Names names)
    {
        switch (parts.Item("candidates"))
        {
            case null:
                return null;
            case YamlText { IsNull: false } one:
                return _values.Template(one, names);
            case YamlList list when list.Items.All(i => i is YamlText { IsNull: false }):
                return _values.Template(list, names);
            case { } item:
                parts.Wrong("candidates", item, "a list of names");
                return null;
        }
    }

    private string[]? ReadDecisions(Keys parts)
    {
        if (parts.List("decisions") is not { } list)
        {
            return null;
        }

        string[] decisions = list.Items.OfType<YamlText>().Where(t => t.Value.Trim().Length is > 0 and <= 100).Select(t => t.Value).ToArray();
        if (decisions.Length != list.Items.Count || decisions.Length is 0 or > 20 || decisions.Distinct().Count() != decisions.Length)
        {
            problems.Error(Rules.Approval, list, "'decisions' must be 1 to 20 different texts of up to 100 characters");
            return null;
        }

        return decisions;
    }

    private string? ReadOnTimeout(Keys parts, IReadOnlyList<string> decisions)
    {
        if (parts.Text("on_timeout") is not { } text)
        {
            return null;
        }

        if (!parts.Has("timeout"))
        {
            problems.Error(Rules.Approval, parts.At("on_timeout"), "'on_timeout' without 'timeout' never happens", "Add e.g. timeout: 2d.");
        }

        if (text.Value != ApprovalStep.Fail && !decisions.Contains(text.Value))
        {
            string? near = Text.Nearest(text.Value, [.. decisions, ApprovalStep.Fail]);
            problems.Error(
                Rules.Approval, text, $"'on_timeout' must be one of the decisions ({string.Join(", ", decisions)}) or fail", near is null ? null : $"Did you mean '{near}'?");
        }

        return text.Value;
    }
}
