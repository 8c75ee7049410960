namespace Actors.Flows;

/// <summary>Blocks: if, switch, for_each, parallel.</summary>
internal sealed partial class StepReader
{
    private const int ConcurrencyMax = 1000;

    private (FlowStep, IReadOnlyCollection<string>?) ReadIf(StepHead head, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Of("if"));
        Condition condition = _values.Condition(keys.Item("if")!, names);
        if (!keys.Has("then") && !keys.Has("else"))
        {
            problems.Error(Rules.MissingKey, keys.At("if"), "an if step needs 'then' or 'else'");
        }

        Names then = names.Inner();
        Names otherwise = names.Inner();
        IReadOnlyList<FlowStep> thenSteps = ReadSteps("then", keys.Item("then"), then);
        IReadOnlyList<FlowStep> elseSteps = ReadSteps("else", keys.Item("else"), otherwise);
        HashSet<string> fields = [.. then.OwnSteps.Union(otherwise.OwnSteps)];
        // The same id in both branches is one output: only one of them runs.
        names.AddAll(then, maybe: true);
        names.AddAll(otherwise, maybe: true);
        return (
            new IfStep(Common(head, keys, names, head.NameOr("if"), null))
            {
                Condition = condition,
                Then = thenSteps,
                Else = elseSteps,
                Options = ReadScope(keys),
                Source = SourceOf(keys.Item("if")!),
            },
            fields);
    }

    // For pictures: what stands in the file, on one line.
    private static string SourceOf(YamlItem item) => item switch
    {
        YamlText text => text.Value.ReplaceLineEndings(" ").Trim(),
        YamlList list => string.Join(", ", list.Items.Select(SourceOf)),
        YamlMap map => string.Join("; ", map.Entries.Select(entry => $"{entry.Key.Value}: {SourceOf(entry.Value)}")),
        _ => "",
    };

    private (FlowStep, IReadOnlyCollection<string>?) ReadSwitch(StepHead head, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Of("switch"));
        Template subject = ReadSubject(keys, "switch", names);
        List<SwitchCase> cases = [];
        List<Names> branches = [];
        IReadOnlyList<FlowStep>? fallback = null;
        if (keys.List("cases") is { } list)
        {
            foreach (YamlItem item in list.Items)
            {
                if (item is not YamlMap map)
                {
                    problems.Error(Rules.Case, item, $"a case must be a mapping with 'when' and 'do', not {item.Name}");
                    continue;
                }

                Keys parts = new(map, problems, Language.Case);
                branches.Add(names.Inner());
                if (parts.Has("default"))
                {
                    if (fallback is not null || parts.Has("when") || parts.Has("do"))
                    {
                        problems.Error(Rules.Case, parts.At("default"), fallback is null ? "a case has either 'when' and 'do', or 'default'" : "the switch has a second default");
                    }

                    fallback = ReadSteps("default", parts.Item("default"), branches[^1]);
                    continue;
                }

                if (!parts.Has("when") || !parts.Has("do"))
                {
                    problems.Error(Rules.Case, map, $"a case needs '{(parts.Has("when") ? "do" : "when")}'");
                }

                IReadOnlyList<Template> when = parts.Item("when") switch
                {
                    null => [],
                    YamlList values => values.Items.Select(v => _values.Template(v, names)).ToArray(),
                    { } value => [_values.Template(value, names)],
                };
                cases.Add(new SwitchCase(when, ReadSteps("do", parts.Item("do"), branches[^1]), parts.Item("when") is { } label ? SourceOf(label) : ""));
            }
        }
        else if (!keys.Has("cases"))
        {
            problems.Error(Rules.MissingKey, keys.At("switch"), "a switch step needs 'cases'");
        }

        if (keys.Item("default") is { } rest)
        {
            if (fallback is not null)
            {
                problems.Error(Rules.Case, keys.At("default"), "the switch has a second default");
            }

            branches.Add(names.Inner());
            fallback = ReadSteps("default", rest, branches[^1]);
        }

        HashSet<string> fields = [.. branches.SelectMany(b => b.OwnSteps).Distinct()];
        foreach (Names branch in branches)
        {
            names.AddAll(branch, maybe: true);
        }

        return (
            new SwitchStep(Common(head, keys, names, head.NameOr("switch"), null))
            {
                Subject = subject,
                Cases = cases,
                Default = fallback ?? [],
                Options = ReadScope(keys),
            },
            fields);
    }

    private (FlowStep, IReadOnlyCollection<string>?) ReadForEach(StepHead head, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Of("for_each"));
        Condition? own = ReadOwnIf(keys, names);
        Template items = ReadSubject(keys, "for_each", names);
        string variable = keys.Item("as") is YamlText text ? _values.Identifier(text, "the variable of a for_each") ?? "item" : "item";
        if (keys.Item("as") is { } asItem and not YamlText)
        {
            keys.Wrong("as", asItem, "a text");
        }

        if (names.Find(variable) is { Kind: NameKind.Step } taken)
        {
            problems.Error(Rules.DuplicateId, keys.Item("as") ?? keys.At("for_each"), $"'{variable}' is already the id of a step in line {taken.Line}", "Give the variable another name with 'as'.");
        }

        Names around = names.Inner();
        around.Add(new Name(variable, NameKind.Loop, keys.At("for_each").Line));
        around.Add(new Name("index", NameKind.Loop, keys.At("for_each").Line));
        if (!keys.Has("do"))
        {
            problems.Error(Rules.MissingKey, keys.At("for_each"), "a for_each step needs 'do'");
        }

        IReadOnlyList<FlowStep> steps = ReadSteps("do", keys.Item("do"), around.Inner());
        return (
            new ForEachStep(Common(head, keys, names, head.NameOr("for_each"), own))
            {
                Items = items,
                As = variable,
                IndexAs = "index",
                Do = steps,
                Key = null,
                OnItemError = ItemError.Fail,
                Collect = null,
                Options = new MapOptions { Concurrency = ReadConcurrency(keys), Timeout = _values.Duration(keys.Item("timeout"), "timeout") },
            },
            null);
    }

    private (FlowStep, IReadOnlyCollection<string>?) ReadParallel(StepHead head, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Of("parallel"));
        Condition? own = ReadOwnIf(keys, names);
        List<ParallelBranch> branches = [];
        HashSet<string> taken = new(StringComparer.Ordinal);
        List<Names> inner = [];
        if (keys.List("parallel") is { } list)
        {
            if (list.Items.Count == 0)
            {
                problems.Error(Rules.EmptyBlock, list, "'parallel' has no steps");
            }

            foreach (YamlItem item in list.Items)
            {
                inner.Add(names.Inner());
                if (ReadStep(item, inner[^1]) is { } step)
                {
                    branches.Add(new ParallelBranch(Unique(step.Name, taken), [step], []));
                }
            }
        }

        Names all = names.Inner();
        foreach (Names branch in inner)
        {
            TakeOver(branch, all, maybe: own is not null);
        }

        HashSet<string> fields = [.. all.OwnSteps];
        names.AddAll(all, maybe: own is not null || keys.Has("on_error"));
        return (
            new ParallelStep(Common(head, keys, names, head.NameOr("parallel"), own))
            {
                Branches = branches,
                IsNamed = false,
                Results = BranchResults.Default,
                Concurrency = null,
                Options = ReadScope(keys),
            },
            fields);
    }

    private static string Unique(string name, HashSet<string> taken)
    {
        string key = name;
        for (int n = 2; !taken.Add(key); n++)
        {
            key = $"{name}-{n}";
        }

        return key;
    }

    private int ReadConcurrency(Keys keys)
    {
        if (keys.Item("concurrency") is not { } item)
        {
            return 1;
        }

        if (item is YamlText text && text.Typed().AsNumber is decimal number && number >= 1 && number <= ConcurrencyMax && number == decimal.Truncate(number))
        {
            return (int)number;
        }

        problems.Error(Rules.Setting, item, $"'concurrency' must be a whole number from 1 to {ConcurrencyMax}");
        return 1;
    }

    // What a block works on: a text without an expression is almost surely a forgotten ${…}.
    private Template ReadSubject(Keys keys, string key, Names names)
    {
        YamlItem item = keys.Item(key)!;
        Template template = _values.Template(item, names);
        string rule = key == "for_each" ? Rules.NotAList : Rules.WrongType;
        if (template is not ConstantTemplate constant || problems.HasErrorsAt(item))
        {
            if (template is TextTemplate or ObjectTemplate && key == "for_each")
            {
                problems.Error(rule, item, "'for_each' needs a list, but this is always a text or an object", "Write one ${…} alone, e.g. ${inputs.items}.");
            }

            return template;
        }

        if (key == "for_each" ? constant.Value.Kind != ValueKind.List : constant.Value.Kind is not (ValueKind.Number or ValueKind.Bool))
        {
            string wanted = key == "for_each" ? "a list" : "an expression";
            bool path = constant.Value.AsText is { Length: > 0 and < 100 } text && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');
            problems.Error(rule, item, $"'{key}' needs {wanted}, not {item.Name}", path ? $"Write ${{{constant.Value.AsText}}}." : null);
        }

        return template;
    }
}
