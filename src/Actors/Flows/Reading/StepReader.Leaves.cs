using System.Globalization;

namespace Actors.Flows;

/// <summary>Steps without steps inside: task, exit, wait, approval.</summary>
internal sealed partial class StepReader
{
    private static readonly string[] ApprovalFields = ["decision", "approved", "by", "at", "comment", "data", "expired"];

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
            inputs = _values.Template(item, names);
            if (item is not YamlMap && inputs is not HoleTemplate && !problems.HasErrorsAt(item))
            {
                keys.Wrong("inputs", item, "a mapping, or one ${…} that gives an object");
            }
        }

        return (
            new TaskStep(Common(head, keys, names, head.NameOr(VerbName(task)), own))
            {
                Task = task,
                Inputs = inputs,
                Options = ReadOptions(keys),
            },
            ReadOutputs(keys));
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
            new ExitStep(Common(head, keys, names, head.NameOr("exit"), own)) { Reason = reason, Outputs = outputs }, []);
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
            until = parts.Has("until");
            if (parts.Has("for") == until)
            {
                problems.Error(Rules.Duration, map, "'wait' has either 'for' or 'until'");
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

        return (
            new WaitStep(Common(head, keys, names, head.NameOr("wait"), own)) { Time = template, IsUntil = until }, []);
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
                decisions = ReadDecisions(parts) ?? decisions;
                timeout = _values.Duration(parts.Item("timeout"), "timeout");
                onTimeout = ReadOnTimeout(parts, decisions);
                break;
            default:
                problems.Error(Rules.WrongType, item, $"'approval' must be a title or a mapping, not {item.Name}", "Write approval: {title: …}.");
                break;
        }

        return (
            new ApprovalStep(Common(head, keys, names, head.NameOr("approval"), own))
            {
                Title = title,
                Details = details,
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
