namespace Actors.Flows;

/// <summary>Steps that lead elsewhere: state machines and other flows.</summary>
internal sealed partial class StepReader
{
    private const int HopsMaxDefault = 100;

    private (FlowStep, IReadOnlyCollection<string>?) ReadStateMachine(StepHead head, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Of("state_machine"));
        Condition? own = ReadOwnIf(keys, names);
        Names around = ErrorNames(names);
        DeclareVariable("data", keys.At("state_machine"), names, around);
        string start = "";
        Template data = new ConstantTemplate(Value.Null);
        int hops = HopsMaxDefault;
        List<MachineState> states = [];
        if (keys.Mapping("state_machine") is { } machine)
        {
            Keys parts = new(machine, problems, Language.StateMachine);
            data = parts.Item("data") is { } dataItem ? _values.Template(dataItem, names) : data;
            hops = ReadWhole(parts, "max_hops", 1, LoopMax) ?? hops;
            HashSet<string> known = [.. (parts.Item("states") as YamlMap)?.Entries.Select(entry => entry.Key.Value) ?? []];
            IReadOnlyList<StateTransition> shared = ReadTransitions(parts, around, known, areShared: true);
            start = ReadStateName(parts.Text("start", required: true), known);
            if (parts.Mapping("states") is { } map)
            {
                foreach (YamlEntry entry in map.Entries)
                {
                    if (ReadState(entry, around, known, shared) is { } state)
                    {
                        states.Add(state);
                    }
                }

                if (map.Entries.Count == 0)
                {
                    problems.Error(Rules.EmptyBlock, map, "'states' has no states");
                }
            }
            else if (!parts.Has("states"))
            {
                problems.Error(Rules.MissingKey, machine, "state_machine needs 'states'");
            }
        }

        return (
            new StateMachineStep(Common(head, keys, names, "state_machine", own))
            {
                Start = start,
                States = states,
                Data = data,
                HopsMax = hops,
                Options = ReadScope(keys),
            },
            null);
    }

    private MachineState? ReadState(YamlEntry entry, Names around, HashSet<string> known, IReadOnlyList<StateTransition> shared)
    {
        string? name = _values.Identifier(entry.Key, "the name of a state");
        IReadOnlyList<FlowStep> steps = [];
        List<StateTransition> transitions = [];
        bool? end = null;
        switch (entry.Value)
        {
            case YamlMap map:
                Keys keys = new(map, problems, Language.State);
                steps = keys.Has("do") ? ReadSteps("do", keys.Item("do"), around.Inner()) : [];
                transitions = ReadTransitions(keys, around, known, areShared: false);
                if (keys.Text("next") is { } next)
                {
                    transitions.Add(new StateTransition(null, ReadStateName(next, known), TransitionOn.Success, null));
                }

                end = keys.Bool("end");
                break;
            case YamlText { IsNull: true }:
                break;
            case YamlList:
                steps = ReadSteps(entry.Key.Value, entry.Value, around.Inner());
                break;
            default:
                problems.Error(Rules.WrongType, entry.Value, $"a state must be a mapping or a list of steps, not {entry.Value.Name}");
                break;
        }

        transitions.AddRange(shared.Where(t => t.From is null || t.From.Contains(entry.Key.Value)));
        return name is null ? null : new MachineState(name, steps, transitions, end ?? transitions.TrueForAll(t => t.On == TransitionOn.Failure));
    }

    private List<StateTransition> ReadTransitions(Keys keys, Names around, HashSet<string> known, bool areShared)
    {
        List<StateTransition> transitions = [];
        foreach (YamlItem item in keys.List("transitions")?.Items ?? [])
        {
            if (item is not YamlMap map)
            {
                problems.Error(Rules.WrongType, item, $"a transition must be a mapping, not {item.Name}", "Write e.g. {to: done}.");
                continue;
            }

            Keys parts = new(map, problems, Language.Transition);
            YamlText[] from = ReadWords(parts, "from");
            if (from.Length > 0 && !areShared)
            {
                problems.Error(Rules.MachineState, parts.At("from"), "'from' is for shared transitions: this one leads out of the state it stands in");
            }

            foreach (YamlText state in from)
            {
                _ = state.Value == "*" ? "" : ReadStateName(state, known);
            }

            string to = ReadStateName(parts.Text("to", required: true), known);
            TransitionOn on = ReadChoice(parts, "on", TransitionOn.Success, ("success", TransitionOn.Success), ("failure", TransitionOn.Failure), ("any", TransitionOn.Any));
            Condition? condition = parts.Item("if") is { } question ? _values.Condition(question, around) : null;
            bool fromAll = from.Length == 0 || Array.Exists(from, state => state.Value == "*");
            transitions.Add(new StateTransition(fromAll ? null : [.. from.Select(state => state.Value)], to, on, condition));
        }

        return transitions;
    }

    private string ReadStateName(YamlText? text, HashSet<string> known)
    {
        if (text is null)
        {
            return "";
        }

        if (!known.Contains(text.Value))
        {
            string? near = Text.Nearest(text.Value, known);
            problems.Error(
                Rules.MachineState, text, $"there is no state '{Text.Shorten(text.Value, 60)}'", near is not null ? $"Did you mean '{near}'?" : known.Count == 0 ? null : $"Known: {Names.List(known)}.");
        }

        return text.Value;
    }

    private (FlowStep, IReadOnlyCollection<string>?) ReadSubflow(StepHead head, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Of("subflow"));
        Condition? own = ReadOwnIf(keys, names);
        YamlText? name = keys.Text("subflow");
        string flow = name?.Value.Trim() ?? "";
        bool child = ReadChoice(keys, "run", false, ("inline", false), ("child", true));
        if (name is not null)
        {
            if (!FlowReader.IsFlowName(flow))
            {
                problems.Error(Rules.BadName, name, $"'{Text.Shorten(flow, 60)}' cannot be the name of a flow", "Write the name of a flow; expressions are not possible here.");
            }

            _subflows.Add(new SubflowReference(flow, child, name.Line, name.Column));
        }

        if (keys.Has("version") && !child)
        {
            problems.Error(Rules.Setting, keys.At("version"), "'version' is for runs of their own: a flow that runs inside this one is fixed with it", "Add run: child.");
        }

        Template inputs = keys.Item("inputs") switch
        {
            null or YamlText { IsNull: true } => ConstantTemplate.EmptyObject,
            YamlMap map => _values.Template(map, names),
            { } item => Told(item),
        };
        (Template? outputs, IReadOnlyCollection<string>? fields) = ReadSubflowOutputs(keys, names);
        SubflowFailure onFailure = ReadChoice(
            keys, "on_failure", SubflowFailure.Abort, ("abort", SubflowFailure.Abort), ("skip", SubflowFailure.Skip), ("default", SubflowFailure.Default));
        if (keys.Has("default") != (onFailure == SubflowFailure.Default))
        {
            problems.Error(
                Rules.Setting, keys.At(keys.Has("default") ? "default" : "on_failure"), keys.Has("default") ? "'default' is for on_failure: default" : "on_failure: default needs 'default'");
        }

        bool background = keys.Bool("background") ?? false;
        return (
            new SubflowStep(Common(head, keys, names, VerbName(flow.Length == 0 ? "subflow" : flow), own))
            {
                Flow = flow,
                Version = keys.Text("version")?.Value,
                Inputs = inputs,
                Outputs = outputs,
                IsChild = child,
                OnFailure = onFailure,
                Default = keys.Item("default") is { } value ? _values.Template(value, names) : new ConstantTemplate(Value.Null),
                Options = ReadScope(keys),
                IsBackground = background,
            },
            onFailure == SubflowFailure.Abort ? fields : null);

        Template Told(YamlItem item)
        {
            Template template = _values.Template(item, names);
            if (template is not HoleTemplate)
            {
                keys.Wrong("inputs", item, "a mapping, or one ${…} that gives an object");
            }

            return template;
        }
    }

    // Names, as older files have them, say what the flow gives; a mapping makes the step's outputs of it.
    private (Template?, IReadOnlyCollection<string>?) ReadSubflowOutputs(Keys keys, Names names)
    {
        switch (keys.Item("outputs"))
        {
            case null or YamlText { IsNull: true }:
                return (null, null);
            case YamlList:
                return (null, ReadOutputs(keys));
            case YamlMap map:
                Names around = names.Inner();
                around.Add(new Name("result", NameKind.Loop, map.Line));
                return (_values.Template(map, around), [.. map.Entries.Select(entry => entry.Key.Value)]);
            case { } item:
                keys.Wrong("outputs", item, "a mapping, or a list of names");
                return (null, null);
        }
    }
}
