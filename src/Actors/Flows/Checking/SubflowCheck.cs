namespace Actors.Flows;

/// <summary>What can be seen only in several flows together: calls of other flows.</summary>
internal sealed class SubflowCheck
{
    private readonly Dictionary<string, FlowReading> _flows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Call>> _calls = new(StringComparer.Ordinal);
    private readonly HashSet<(FlowReading, SubflowStep)> _told = [];
    private readonly IReadOnlySet<string> _broken;
    private readonly Func<string, FlowDefinition?> _registered;
    private readonly Action<FlowReading, FlowProblem> _tell;

    private SubflowCheck(IReadOnlySet<string> broken, Func<string, FlowDefinition?> registered, Action<FlowReading, FlowProblem> tell) =>
        (_broken, _registered, _tell) = (broken, registered, tell);

    /// <param name="flows">In the order in which they are told of; of two with one name the first counts.</param>
    /// <param name="broken">The names of flows that are there and cannot be read: calls of them are not checked.</param>
    /// <param name="registered">Gives flows that stand in no file; null for one that is not known.</param>
    public static void Run(IEnumerable<FlowReading> flows, IReadOnlySet<string> broken, Func<string, FlowDefinition?> registered, Action<FlowReading, FlowProblem> tell)
    {
        SubflowCheck check = new(broken, registered, tell);
        FlowReading[] all = [.. flows.Where(flow => flow.Document is not null)];
        foreach (FlowReading flow in all)
        {
            check._flows.TryAdd(flow.Document!.Name, flow);
        }

        foreach (FlowReading flow in all)
        {
            check.Read(flow);
        }

        check.Cycles(call => !call.Step.IsChild);
        check.Cycles(call => call.IsCertain);
    }

    private void Read(FlowReading flow)
    {
        List<Call> calls = [];
        StepNodes? nodes = null;
        Collect(flow.Document!.Steps, isCertain: true, calls);
        Collect(flow.Document.OnCancel, isCertain: false, calls);
        foreach (Call call in calls)
        {
            nodes ??= new StepNodes(flow.Root!);
            Check(flow, call.Step, nodes.Of(call.Step));
        }

        if (_flows[flow.Document.Name] == flow)
        {
            _calls[flow.Document.Name] = calls;
        }
    }

    /// <summary>Adds the calls in these steps.</summary>
    /// <param name="isCertain">False: it is not certain that the steps are reached.</param>
    /// <returns>False: it is not certain that the flow goes on after them.</returns>
    private static bool Collect(IReadOnlyList<FlowStep> steps, bool isCertain, List<Call> calls)
    {
        foreach (FlowStep step in steps)
        {
            bool isReached = isCertain && (step is IfStep || step.If is null);
            if (step is SubflowStep subflow)
            {
                calls.Add(new Call(subflow, isReached && subflow is { IsBackground: false, Version: null }));
            }

            bool always = isReached && step is DoStep or ParallelStep or LoopStep { While: null };
            bool goesOn = step is not ExitStep;
            foreach (StepBlock block in step.Blocks)
            {
                goesOn &= Collect(block.Steps, always, calls);
            }

            goesOn &= Collect(step.Common.Fallback ?? [], false, calls);
            goesOn &= Collect(step.OnError?.Steps ?? [], false, calls) && step.OnError?.Then != AfterError.Exit;
            isCertain &= goesOn;
        }

        return isCertain || !DocumentCheck.All(steps).Any(step => step is ExitStep);
    }

    private void Check(FlowReading flow, SubflowStep step, YamlMap? node)
    {
        IReadOnlyList<FlowInput>? declared = _flows.TryGetValue(step.Flow, out FlowReading? called) ? called.Document!.Inputs : (_registered(step.Flow) as YamlFlowDefinition)?.Inputs;
        YamlItem at = node?.Find("subflow") ?? flow.Root!;
        FlowDefinition? registered = declared is null ? _registered(step.Flow) : null;
        if (declared is null && !_broken.Contains(step.Flow) && (registered is null || !step.IsChild))
        {
            string? near = Text.Nearest(step.Flow, _flows.Keys);
            string name = Text.Shorten(step.Flow, 80);
            if (step.IsChild)
            {
                Tell(
                    flow, Rules.SubflowNotFound, FlowProblemSeverity.Warning, at, $"no flow '{name}' was found, so that the call is not checked",
                    near is null ? "Name its file, too, or put it beside this one." : $"Did you mean '{near}'?");
            }
            else
            {
                Tell(
                    flow, Rules.UnknownFlow, FlowProblemSeverity.Error, at, registered is null ? $"there is no flow '{name}'" : $"the flow '{name}' is written in C#, and such a flow has a run of its own",
                    registered is not null ? "Write run: child." : near is null ? "Name its file, too, or put it beside this one." : $"Did you mean '{near}'?");
            }
        }

        if (declared is not null && step.Version is null && node is not null)
        {
            CheckInputs(flow, step, node, declared, at);
        }
    }

    private void CheckInputs(FlowReading flow, SubflowStep step, YamlMap node, IReadOnlyList<FlowInput> declared, YamlItem at)
    {
        YamlItem? item = node.Find("inputs");
        if (item is not null and not YamlMap and not YamlText { IsNull: true })
        {
            return;
        }

        IReadOnlyList<YamlEntry> given = (item as YamlMap)?.Entries ?? [];
        string name = Text.Shorten(step.Flow, 80);
        foreach (YamlEntry entry in given)
        {
            if (declared.FirstOrDefault(input => input.Name == entry.Key.Value) is not { } input)
            {
                string? near = Text.Nearest(entry.Key.Value, declared.Select(i => i.Name));
                string known = declared.Count == 0 ? "It declares no inputs." : $"Known: {Names.List(declared.Select(i => i.Name))}.";
                Tell(
                    flow, Rules.SubflowInput, FlowProblemSeverity.Error, entry.Key, $"the flow '{name}' has no input '{Text.Shorten(entry.Key.Value, 80)}'", near is null ? known : $"Did you mean '{near}'?");
            }
            else if (Literal(entry.Value) is { } value && (value.IsNull ? input.Required && input.Type != InputTypes.Any : !InputTypes.TryFit(value, input.Type, out _)))
            {
                Tell(
                    flow, Rules.SubflowInput, FlowProblemSeverity.Error, entry.Value, $"the input '{input.Name}' of the flow '{name}' must be {InputTypes.Name(input.Type)}, not {InputTypes.NameOf(value)}", null);
            }
        }

        string[] missing = declared.Where(input => input.Required && !given.Any(entry => entry.Key.Value == input.Name)).Select(input => $"'{input.Name}'").ToArray();
        if (missing.Length > 0)
        {
            Tell(flow, Rules.SubflowInput, FlowProblemSeverity.Error, at, $"the flow '{name}' needs the input{(missing.Length > 1 ? "s" : "")} {Names.List(missing)}", null);
        }
    }

    // Of a list or an object only the kind counts; null for what must be evaluated.
    private static Value? Literal(YamlItem item) => item switch
    {
        YamlList => Value.List([]),
        YamlMap => Value.EmptyObject,
        YamlText text when !text.Value.Contains("${", StringComparison.Ordinal) && !text.Value.Contains("{{", StringComparison.Ordinal) => text.Typed(),
        _ => null,
    };

    // Depth first, https://en.wikipedia.org/wiki/Cycle_(graph_theory)#Cycle_detection: a call of a flow that is being followed closes a cycle.
    private void Cycles(Func<Call, bool> counts)
    {
        HashSet<string> done = new(StringComparer.Ordinal);
        Dictionary<string, int> depths = new(StringComparer.Ordinal);
        List<(string Flow, Call[] Calls, int Next)> path = [];
        foreach (string first in _calls.Keys)
        {
            if (done.Contains(first))
            {
                continue;
            }

            Enter(first);
            while (path.Count > 0)
            {
                (string flow, Call[] calls, int next) = path[^1];
                if (next == calls.Length)
                {
                    path.RemoveAt(path.Count - 1);
                    depths.Remove(flow);
                    done.Add(flow);
                    continue;
                }

                path[^1] = (flow, calls, next + 1);
                string to = calls[next].Step.Flow;
                if (depths.TryGetValue(to, out int start))
                {
                    TellCycle(path[start..].ConvertAll(part => (part.Flow, part.Calls[part.Next - 1])));
                }
                else if (!done.Contains(to) && _calls.ContainsKey(to))
                {
                    Enter(to);
                }
            }
        }

        void Enter(string flow)
        {
            depths.Add(flow, path.Count);
            // Of several calls of one flow, the first tells.
            path.Add((flow, [.. _calls[flow].Where(counts).DistinctBy(call => call.Step.Flow)], 0));
        }
    }

    private void TellCycle(List<(string Flow, Call Call)> cycle)
    {
        bool isInline = cycle.TrueForAll(part => !part.Call.Step.IsChild);
        (string name, Call last) = cycle[^1];
        FlowReading flow = _flows[name];
        string[] chain = [name, .. cycle.Select(part => part.Flow)];
        string shown = string.Join(" → ", chain.Length <= 8 ? chain : [.. chain[..4], "…", .. chain[^3..]]);
        YamlItem at = new StepNodes(flow.Root!).Of(last.Step)?.Find("subflow") ?? flow.Root!;
        FlowProblem problem = flow.Source.Problem(
            isInline ? Rules.FlowCycle : Rules.EndlessSubflows, FlowProblemSeverity.Error, at.Line, at.Column,
            isInline ? $"flows run each other in a circle: {shown}" : $"flows start each other without an end: {shown}",
            isInline ? "A flow that calls itself needs run: child." : "Give one of the calls a condition.");
        // A circle inside one run is found both ways.
        if (_told.Add((flow, last.Step)))
        {
            _tell(flow, problem);
        }
    }

    private void Tell(FlowReading flow, string rule, FlowProblemSeverity severity, YamlItem at, string message, string? suggestion) =>
        _tell(flow, flow.Source.Problem(rule, severity, at.Line, at.Column, message, suggestion));

    /// <param name="IsCertain">True: it is always made.</param>
    private readonly record struct Call(SubflowStep Step, bool IsCertain);
}
