namespace Actors.Flows;

/// <summary>Blocks: if, switch, for_each, loop, do.</summary>
internal sealed partial class StepReader
{
    private const int ConcurrencyMax = 1000;
    private const int LoopMax = 1_000_000;

    // Enough for polling; a loop that is meant to run longer says so.
    private const int LoopMaxDefault = 1000;

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
        AddEither(names, [then, otherwise], isComplete: true);
        return (
            new IfStep(Common(head, keys, names, "if", null))
            {
                Condition = condition,
                Then = thenSteps,
                Else = elseSteps,
                Options = ReadScope(keys),
                Source = SourceOf(keys.Item("if")!),
            },
            fields);
    }

    /// <summary>The ids of branches of which one runs: the same id in several of them is one output, and it is there for sure when each of them gives it.</summary>
    /// <param name="isComplete">False: it may be that none runs.</param>
    private static void AddEither(Names names, IReadOnlyList<Names> branches, bool isComplete)
    {
        foreach (string id in branches.SelectMany(branch => branch.OwnSteps).Distinct().ToArray())
        {
            Name[] found = [.. branches.Select(branch => branch.FindOwn(id)).OfType<Name>()];
            bool sure = isComplete && found.Length == branches.Count && Array.TrueForAll(found, name => !name.Maybe);
            names.Add(found.Aggregate(static (all, name) => name.OrThatOf(all)) with { Maybe = !sure });
        }
    }

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
        AddEither(names, branches, isComplete: fallback is not null);

        return (
            new SwitchStep(Common(head, keys, names, "switch", null))
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
        string variable = ReadVariable(keys, "as", "item");
        string index = ReadVariable(keys, "index_as", "index");
        if (index == variable)
        {
            problems.Error(Rules.DuplicateId, keys.At("as"), $"'{variable}' is the variable of the item and of its number", "Give one of them another name.");
        }

        Names around = names.Inner();
        DeclareVariable(index, keys.Item("index_as") ?? keys.At("for_each"), names, around, suggestion: "Give the variable another name with 'index_as'.", type: StaticType.Number);
        DeclareVariable(variable, keys.Item("as") ?? keys.At("for_each"), names, around, suggestion: "Give the variable another name with 'as'.", type: types.OfItems(items));
        Template? key = keys.Item("key") is YamlText { IsNull: false } keyText ? _values.Template(keyText, around) : null;
        if (keys.Item("key") is { } keyItem and not YamlText)
        {
            keys.Wrong("key", keyItem, "a text");
        }

        if (!keys.Has("do"))
        {
            problems.Error(Rules.MissingKey, keys.At("for_each"), "a for_each step needs 'do'");
        }

        Names inner = around.Inner();
        IReadOnlyList<FlowStep> steps = ReadSteps("do", keys.Item("do"), inner);
        return (
            new ForEachStep(Common(head, keys, names, "for_each", own))
            {
                Items = items,
                As = variable,
                IndexAs = index,
                Do = steps,
                Key = key,
                Options = new MapOptions { Concurrency = ReadWhole(keys, "concurrency", 1, ConcurrencyMax) ?? 1, Timeout = _values.Duration(keys.Item("timeout"), "timeout") },
                OnItemError = ReadChoice(keys, "on_item_error", ItemError.Fail, ("fail", ItemError.Fail), ("skip", ItemError.Skip), ("collect", ItemError.Collect)),
                Collect = keys.Item("collect") is { } collect ? _values.Template(collect, inner) : null,
            },
            null);
    }

    private string ReadVariable(Keys keys, string key, string absent)
    {
        switch (keys.Item(key))
        {
            case null:
                return absent;
            case YamlText text:
                return _values.Identifier(text, "the variable of a for_each") ?? absent;
            case { } item:
                keys.Wrong(key, item, "a text");
                return absent;
        }
    }

    private (FlowStep, IReadOnlyCollection<string>?) ReadLoop(StepHead head, string kind, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Of(kind));
        Condition? own = ReadOwnIf(keys, names);
        Template carry = keys.Item("carry") is { } carryItem ? _values.Template(carryItem, names) : new ConstantTemplate(Value.Null);
        Names around = names.Inner();
        DeclareVariable("index", keys.At(kind), names, around, type: StaticType.Number);
        DeclareVariable("carried", keys.At(kind), names, around);
        Condition? before = keys.Item("while") is { } whileItem ? _values.Condition(whileItem, around) : null;
        string bodyKey = kind == "loop" ? "loop" : "do";
        if (!keys.Has(bodyKey))
        {
            problems.Error(Rules.MissingKey, keys.At(kind), $"a {kind} step needs '{bodyKey}'");
        }

        Names inner = around.Inner();
        IReadOnlyList<FlowStep> steps = ReadSteps(bodyKey, keys.Item(bodyKey), inner);
        Condition? after = keys.Item("until") is { } untilItem ? _values.Condition(untilItem, inner) : null;
        int? max = ReadWhole(keys, "max", 1, LoopMax);
        if (before is null && after is null && !keys.Has("max"))
        {
            problems.Error(Rules.LoopWithoutEnd, keys.At(kind), "the loop has no end", "Add while, until or max.");
        }

        Template? next = keys.Item("next") is { } nextItem ? _values.Template(nextItem, inner) : null;
        IReadOnlyList<StateChange> changes = keys.Item("state") switch
        {
            null => [],
            YamlMap map => ReadChanges(new Keys(map, problems, Language.StateOperations), inner),
            { } wrong => Told(keys, wrong),
        };
        bool exits = ReadChoice(keys, "on_max", before is null && after is null, ("fail", false), ("exit", true));
        return (
            new LoopStep(Common(head, keys, names, "loop", own))
            {
                Do = steps,
                While = before,
                Until = after,
                Max = max ?? LoopMaxDefault,
                ExitsOnMax = exits,
                Carry = carry,
                Next = next,
                Changes = changes,
                Options = ReadScope(keys),
            },
            null);

        static IReadOnlyList<StateChange> Told(Keys keys, YamlItem wrong)
        {
            keys.Wrong("state", wrong, "a mapping of set, append, merge");
            return [];
        }
    }

    private (FlowStep, IReadOnlyCollection<string>?) ReadDo(StepHead head, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Of("do"));
        Condition? own = ReadOwnIf(keys, names);
        Names inner = names.Inner();
        IReadOnlyList<FlowStep> steps = ReadSteps("do", keys.Item("do"), inner);
        HashSet<string> fields = [.. inner.OwnSteps];
        TakeOver(inner, names, maybe: own is not null || keys.Has("on_error"));
        // What is done at the end does not know how far the steps have come.
        Names end = names.Inner();
        foreach (string id in fields)
        {
            end.Add(names.Find(id)! with { Maybe = true });
        }

        Names final = end.Inner();
        IReadOnlyList<FlowStep> finals = keys.Has("finally") ? ReadSteps("finally", keys.Item("finally"), final) : [];
        TakeOver(final, names, maybe: true);
        return (new DoStep(Common(head, keys, names, "do", own)) { Do = steps, Finally = finals, Options = ReadScope(keys) }, fields);
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
            else if (key == "for_each" && !template.Type.May(TypeKinds.List) && !problems.HasErrorsAt(item))
            {
                problems.Error(rule, item, $"'for_each' needs a list, but this is always {template.Type.Name}");
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
