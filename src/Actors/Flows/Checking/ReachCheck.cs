namespace Actors.Flows;

/// <summary>Steps, branches, states and cases that are never reached.</summary>
internal sealed class ReachCheck
{
    private readonly StepNodes _nodes;
    private readonly Problems _problems;

    private ReachCheck(StepNodes nodes, Problems problems) => (_nodes, _problems) = (nodes, problems);

    public static void Run(IReadOnlyList<FlowStep> steps, StepNodes nodes, Problems problems) => new ReachCheck(nodes, problems).AlwaysEnds(steps);

    /// <summary>True when the flow always ends in these steps.</summary>
    private bool AlwaysEnds(IReadOnlyList<FlowStep> steps)
    {
        FlowStep? end = null;
        bool told = false;
        foreach (FlowStep step in steps)
        {
            // The reader tells of what stands behind an exit.
            if (end is not null && !told)
            {
                told = true;
                if (end is not ExitStep)
                {
                    _problems.Warn(Rules.Unreachable, step.Line, step.Column, $"this step is never reached: the {end.Kind} step in line {end.Line} always ends the flow");
                }
            }

            if (AlwaysEnds(step))
            {
                end ??= step;
            }
        }

        return end is not null;
    }

    private bool AlwaysEnds(FlowStep step)
    {
        YamlMap? node = _nodes.Of(step);
        bool ends = step switch
        {
            ExitStep => true,
            IfStep branches => If(branches, node),
            SwitchStep cases => Switch(cases, node),
            DoStep block => AlwaysEnds(block.Do) | AlwaysEnds(block.Finally),
            LoopStep loop => AlwaysEnds(loop.Do) && loop.While is null,
            StateMachineStep machine => Machine(machine, node),
            _ => Inside(step, node),
        };
        bool fallbackEnds = step.Common.Fallback is not { } fallback || AlwaysEnds(fallback);
        bool handlerEnds = step.OnError is not { } handler || AlwaysEnds(handler.Steps) || handler.Then != AfterError.Continue;
        if (step is not IfStep && step.If is not null && DocumentCheck.Constant(node?.Find("if")) == false)
        {
            _problems.Warn(Rules.NeverRun, node!.Find("if")!, "this step is never run: its condition is always false", "Take the step out, or turn it into a comment.");
        }

        // An error may lead past the exit.
        return ends && step.If is null && (step is ExitStep || (fallbackEnds && handlerEnds));
    }

    private bool If(IfStep step, YamlMap? node)
    {
        bool then = AlwaysEnds(step.Then);
        bool otherwise = AlwaysEnds(step.Else);
        if (DocumentCheck.Constant(node?.Find("if")) is { } constant && (constant ? step.Else : step.Then).Count > 0)
        {
            string branch = constant ? "else" : "then";
            _problems.Warn(Rules.NeverRun, node!.Find("if")!, $"what stands under '{branch}' is never run: the condition is always {(constant ? "true" : "false")}");
        }

        return step.Then.Count > 0 && step.Else.Count > 0 && then && otherwise;
    }

    private bool Switch(SwitchStep step, YamlMap? node)
    {
        bool all = AlwaysEnds(step.Default);
        foreach (SwitchCase option in step.Cases)
        {
            all &= AlwaysEnds(option.Do);
        }

        if (node?.Find("cases") is YamlList cases)
        {
            RepeatedCases(cases);
        }

        return all;
    }

    private void RepeatedCases(YamlList cases)
    {
        Dictionary<Value, int> seen = [];
        foreach (YamlMap option in cases.Items.OfType<YamlMap>())
        {
            IReadOnlyList<YamlItem> values = option.Find("when") switch
            {
                YamlList list => list.Items,
                { } one => [one],
                null => [],
            };
            foreach (YamlText text in values.OfType<YamlText>())
            {
                if (text.Value.Contains("${", StringComparison.Ordinal) || text.Value.Contains("{{", StringComparison.Ordinal))
                {
                    continue;
                }

                if (seen.TryGetValue(text.Typed(), out int line))
                {
                    _problems.Warn(Rules.RepeatedCase, text, $"'{Text.Shorten(text.Value, 60)}' is a case already in line {line}: the first one counts");
                }
                else
                {
                    seen.Add(text.Typed(), text.Line);
                }
            }
        }
    }

    private bool Inside(FlowStep step, YamlMap? node)
    {
        foreach (StepBlock block in step.Blocks)
        {
            AlwaysEnds(block.Steps);
        }

        switch (step)
        {
            case ForEachStep { Items: ConstantTemplate { Value.AsList.Items.Length: 0 } }:
                _problems.Warn(Rules.EmptyItems, node?.Find("for_each")?.Line ?? step.Line, node?.Find("for_each")?.Column ?? step.Column, "the list is always empty, so nothing is done");
                break;
            case RouteStep { Choice: ConstantTemplate choice } route:
                Route(route, choice.Value, node);
                break;
        }

        return false;
    }

    private void Route(RouteStep step, Value choice, YamlMap? node)
    {
        HashSet<string> chosen = new(StringComparer.Ordinal);
        foreach (Value value in choice.AsList?.Items ?? [choice])
        {
            chosen.Add(value.ToString());
        }

        foreach (YamlEntry branch in node?.Find("branches") is YamlMap branches ? branches.Entries : [])
        {
            if (!chosen.Contains(branch.Key.Value))
            {
                _problems.Warn(Rules.NothingLeadsHere, branch.Key, $"nothing leads to the branch '{Text.Shorten(branch.Key.Value, 60)}': what 'route' gives is always the same");
            }
        }
    }

    private bool Machine(StateMachineStep step, YamlMap? node)
    {
        foreach (MachineState state in step.States)
        {
            AlwaysEnds(state.Do);
        }

        Dictionary<string, MachineState> states = [];
        Dictionary<string, List<string>> into = [];
        foreach (MachineState state in step.States)
        {
            states.TryAdd(state.Name, state);
            foreach (string to in Next(state))
            {
                if (!into.TryGetValue(to, out List<string>? from))
                {
                    into.Add(to, from = []);
                }

                from.Add(state.Name);
            }
        }

        HashSet<string> reached = Reach([step.Start], name => states.TryGetValue(name, out MachineState? state) ? Next(state) : []);
        HashSet<string> ending = Reach(
            step.States.Where(s => s.IsEnd || DocumentCheck.All(s.Do).Any(inner => inner is ExitStep)).Select(s => s.Name),
            name => into.GetValueOrDefault(name, []));
        Dictionary<string, YamlText> keys = [];
        foreach (YamlEntry entry in (node?.Find("state_machine") as YamlMap)?.Find("states") is YamlMap map ? map.Entries : [])
        {
            keys[entry.Key.Value] = entry.Key;
        }

        foreach (MachineState state in step.States)
        {
            (int line, int column) = keys.TryGetValue(state.Name, out YamlText? key) ? (key.Line, key.Column) : (step.Line, step.Column);
            if (!reached.Contains(state.Name))
            {
                _problems.Warn(Rules.NothingLeadsHere, line, column, $"nothing leads to the state '{Text.Shorten(state.Name, 60)}'");
            }
            else if (!ending.Contains(state.Name))
            {
                _problems.Warn(
                    Rules.NoWayOut, line, column, $"no way leads from the state '{Text.Shorten(state.Name, 60)}' to an end: the machine can only fail there", "Write end: true in the state where it may end.");
            }
        }

        return false;

        static IEnumerable<string> Next(MachineState state) =>
            state.Transitions.Select(t => t.To);
    }

    private static HashSet<string> Reach(IEnumerable<string> from, Func<string, IEnumerable<string>> next)
    {
        HashSet<string> reached = new(StringComparer.Ordinal);
        Queue<string> open = new(from);
        while (open.TryDequeue(out string? name))
        {
            if (reached.Add(name))
            {
                foreach (string to in next(name))
                {
                    open.Enqueue(to);
                }
            }
        }

        return reached;
    }
}
