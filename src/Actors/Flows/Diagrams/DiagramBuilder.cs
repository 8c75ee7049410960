using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Actors.Flows;

/// <summary>Makes steps to be drawn of the steps of a flow. One builder makes one picture.</summary>
/// <param name="subflows">The flows that are drawn inside the steps that run them, by name; others are drawn as one node.</param>
/// <param name="stepsMax">Blocks are left closed, the innermost first, so that no more steps are drawn.</param>
internal sealed class DiagramBuilder(IReadOnlyDictionary<string, FlowDocument> subflows, int stepsMax)
{
    public const int TitleLengthMax = 60;
    public const int DetailLengthMax = 80;
    private const int GuardLengthMax = 80;
    private const int DescriptionLengthMax = 300;

    // A picture with more levels than that is read by nobody.
    private const int SubflowDepthMax = 3;
    private const int IdLengthMax = 60;
    private const int PrefixLengthMax = 120;

    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly List<string> _flows = [];
    private int _count;
    private int _depthMax = int.MaxValue;

    /// <summary>The steps and, after them, those of on_cancel; null when there are none.</summary>
    public (IReadOnlyList<DiagramStep> Steps, DiagramLane? OnCancel) Build(string flow, IReadOnlyList<FlowStep> list, IReadOnlyList<FlowStep> onCancelList)
    {
        _flows.Add(flow);
        _depthMax = DepthMax([list, onCancelList]);
        IReadOnlyList<DiagramStep> steps = Steps(list, "steps", "s_", 0);
        DiagramLane? onCancel = onCancelList.Count == 0 ? null : Lane("flow", "on cancel", LaneRole.Body, "on_cancel", "on_cancel", onCancelList, 0);
        return (steps, onCancel);
    }

    // An id that no other step or lane of the picture has. Two '_' in a row stand before what is made of an id, and are therefore not left in names.
    private string Unique(string prefix, string wanted)
    {
        StringBuilder safe = new(prefix.Length > PrefixLengthMax ? $"s_{Hash(prefix)}_" : prefix);
        foreach (char c in wanted.AsSpan(0, Math.Min(wanted.Length, IdLengthMax)))
        {
            char legal = char.IsAsciiLetterOrDigit(c) ? c : '_';
            if (legal != '_' || safe[^1] != '_')
            {
                safe.Append(legal);
            }
        }

        if (wanted.Length > IdLengthMax || wanted.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '_') || wanted.Contains("__", StringComparison.Ordinal))
        {
            // Texts that look the same after this are told apart, and stay the same whatever stands around them.
            safe.Append(safe[^1] == '_' ? "" : "_").Append(Hash(wanted));
        }

        string id = safe.ToString();
        for (int n = 2; !_ids.Add(id); n++)
        {
            id = $"{safe}_{n.ToString(CultureInfo.InvariantCulture)}";
        }

        return id;
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.Unicode.GetBytes(text)).AsSpan(0, 4));

    // The deepest level at which all levels down to it together are not too many steps.
    private int DepthMax(IReadOnlyList<IReadOnlyList<FlowStep>> lists)
    {
        List<FlowStep> level = [.. lists.SelectMany(list => list)];
        int count = 0;
        for (int depth = 0; level.Count > 0; depth++)
        {
            count += level.Count;
            if (count > stepsMax)
            {
                return Math.Max(0, depth - 1);
            }

            level = [.. level.SelectMany(step => step.AllBlocks).SelectMany(block => block.Steps)];
        }

        return int.MaxValue;
    }

    private List<DiagramStep> Steps(IReadOnlyList<FlowStep> steps, string path, string prefix, int depth)
    {
        List<DiagramStep> drawn = new(Math.Min(steps.Count, stepsMax));
        Dictionary<string, int> kinds = new(StringComparer.Ordinal);
        for (int i = 0; i < steps.Count && i < stepsMax; i++)
        {
            FlowStep step = steps[i];
            _count++;
            int ordinal = kinds[step.Kind] = kinds.GetValueOrDefault(step.Kind) + 1;
            string id = step.Id is { } own
                ? Unique(_flows.Count > 1 ? prefix : "s_", own)
                : Unique(prefix, step.Kind + ordinal.ToString(CultureInfo.InvariantCulture));
            drawn.Add(Step(step, id, $"{path}[{i.ToString(CultureInfo.InvariantCulture)}]", depth));
        }

        if (steps.Count > stepsMax)
        {
            int rest = steps.Count - stepsMax;
            drawn.Add(new DiagramStep
            {
                Id = Unique(prefix, "more"),
                Kind = "more",
                Shape = DiagramShape.Box,
                Name = "",
                StepId = null,
                Path = path,
                Line = steps[stepsMax].Line,
                Title = $"… {rest.ToString("N0", CultureInfo.InvariantCulture)} more steps",
                Detail = "",
                Form = DiagramForm.Leaf,
                Hidden = rest,
            });
        }

        return drawn;
    }

    private DiagramLane Lane(string owner, string label, LaneRole role, string? key, string path, IReadOnlyList<FlowStep> steps, int depth, IReadOnlyList<string>? after = null)
    {
        string id = Unique($"{owner}__in_", role is LaneRole.Fallback or LaneRole.OnError ? role.ToString() : label.Length == 0 ? key ?? "" : label);
        return new DiagramLane(id, DiagramText.Line(label, TitleLengthMax), role, key, path, Steps(steps, path, id + "_", depth), after ?? []);
    }

    private DiagramStep Step(FlowStep step, string id, string path, int depth)
    {
        (DiagramShape shape, DiagramForm form, string title, string detail) = Describe(step);
        bool isOpen = depth < _depthMax;
        int hidden = isOpen ? 0 : Count(step);
        DiagramStep drawn = new()
        {
            Id = id,
            Kind = step.Kind,
            Shape = shape,
            Form = hidden > 0 ? DiagramForm.Leaf : form,
            Name = step.Name,
            StepId = step.Id,
            Path = path,
            Line = step.Line,
            Title = DiagramText.Line(step.Id ?? title, TitleLengthMax),
            Detail = DiagramText.Line(hidden > 0 ? $"{step.Kind}, {hidden.ToString("N0", CultureInfo.InvariantCulture)} steps inside" : step.Id is null ? detail : detail.Length == 0 ? title : $"{title} {detail}", DetailLengthMax),
            Description = step.Description is null ? null : DiagramText.Line(step.Description, DescriptionLengthMax),
            Guard = step.If is null ? null : DiagramText.Line(step.If.ToString(), GuardLengthMax),
            Lanes = isOpen ? Lanes(step, id, path, depth + 1) : [],
            Fallback = isOpen && step.Common.Fallback is { } fallback ? Lane(id, "fallback", LaneRole.Fallback, null, path + ".fallback", fallback, depth + 1) : null,
            OnError = isOpen && step.OnError is { Steps.Count: > 0 } handler ? Lane(id, "on error", LaneRole.OnError, null, path + ".on_error", handler.Steps, depth + 1) : null,
            Then = isOpen ? step.OnError?.Then : null,
            Undo = (step as EffectStep)?.Settings.Compensate is { } undo ? DiagramText.Line($"undo: {undo.Task}", TitleLengthMax) : null,
            Items = (step as ForEachStep)?.Items,
            Until = (step as LoopStep)?.Until is { } until ? DiagramText.Line(until.ToString(), GuardLengthMax) : null,
            HeadEnds = step is not LoopStep { While: null, Until: not null, ExitsOnMax: false },
            IsBackground = step is EffectStep { Settings.IsBackground: true } or SubflowStep { IsBackground: true },
            LeavesTrace = step is not (SetStep or ExitStep),
            IsCached = step.Common.Cache is not null,
            StartLane = step is StateMachineStep machine ? Math.Max(0, IndexOf(machine, machine.Start)) : 0,
            Transitions = isOpen && step is StateMachineStep states ? Transitions(states) : [],
            Hidden = hidden,
        };
        // A subflow that is not opened is one node.
        return drawn is { Form: DiagramForm.Block, Lanes.Count: 0 } ? Closed(drawn) : drawn;
    }

    private static DiagramStep Closed(DiagramStep step) => new()
    {
        Id = step.Id,
        Kind = step.Kind,
        Shape = step.Shape,
        Form = DiagramForm.Leaf,
        Name = step.Name,
        StepId = step.StepId,
        Path = step.Path,
        Line = step.Line,
        Title = step.Title,
        Detail = step.Detail,
        Description = step.Description,
        Guard = step.Guard,
        Fallback = step.Fallback,
        OnError = step.OnError,
        Then = step.Then,
        IsBackground = step.IsBackground,
    };

    private static int Count(FlowStep step)
    {
        int count = 0;
        Stack<FlowStep> open = new([step]);
        while (open.TryPop(out FlowStep? next))
        {
            foreach (FlowStep inner in next.AllBlocks.SelectMany(block => block.Steps))
            {
                count++;
                open.Push(inner);
            }
        }

        return count;
    }

    private List<DiagramLane> Lanes(FlowStep step, string id, string path, int depth)
    {
        List<DiagramLane> lanes = [];
        switch (step)
        {
            case IfStep branch:
                lanes.Add(Lane(id, "yes", LaneRole.Choice, null, path + ".then", branch.Then, depth));
                lanes.Add(Lane(id, "no", LaneRole.Choice, null, path + ".else", branch.Else, depth));
                break;
            case SwitchStep choice:
                for (int i = 0; i < choice.Cases.Count; i++)
                {
                    lanes.Add(Lane(id, choice.Cases[i].Label, LaneRole.Choice, null, $"{path}.cases[{i.ToString(CultureInfo.InvariantCulture)}].do", choice.Cases[i].Do, depth));
                }

                lanes.Add(Lane(id, "default", LaneRole.Choice, null, path + ".default", choice.Default, depth));
                break;
            case ParallelStep parallel:
                for (int i = 0; i < parallel.Branches.Count; i++)
                {
                    ParallelBranch branch = parallel.Branches[i];
                    string place = parallel.IsNamed ? $"{path}.parallel.{Word(branch.Key)}" : $"{path}.parallel[{i.ToString(CultureInfo.InvariantCulture)}]";
                    lanes.Add(Lane(id, parallel.IsNamed ? branch.Key : "", LaneRole.Branch, branch.Key, place, branch.Steps, depth, branch.After));
                }

                break;
            case RouteStep route:
                foreach (ParallelBranch branch in route.Branches)
                {
                    lanes.Add(Lane(id, branch.Key, LaneRole.Choice, branch.Key, $"{path}.branches.{Word(branch.Key)}", branch.Steps, depth));
                }

                lanes.Add(Lane(id, "default", LaneRole.Choice, null, path + ".default", route.Default, depth));
                break;
            case StateMachineStep machine:
                foreach (MachineState state in machine.States)
                {
                    lanes.Add(Lane(id, state.Name, LaneRole.State, state.Name, $"{path}.state_machine.states.{Word(state.Name)}.do", state.Do, depth));
                }

                break;
            case SubflowStep { IsChild: false } subflow when _flows.Count <= SubflowDepthMax && !_flows.Contains(subflow.Flow)
                && subflows.TryGetValue(subflow.Flow, out FlowDocument? inner) && _count + inner.Steps.Count + inner.Steps.Sum(Count) <= stepsMax:
                _flows.Add(subflow.Flow);
                lanes.Add(Lane(id, subflow.Flow, LaneRole.Body, null, path + ".subflow.steps", inner.Steps, depth));
                _flows.RemoveAt(_flows.Count - 1);
                break;
            case DoStep block:
                lanes.Add(Lane(id, "do", LaneRole.Body, block.Finally.Count > 0 ? "(steps)" : null, path + ".do", block.Do, depth));
                if (block.Finally.Count > 0)
                {
                    lanes.Add(Lane(id, "finally", LaneRole.Finally, null, path + ".finally", block.Finally, depth));
                }

                break;
            default:
                // Every other block has one list, and a kind that came later is drawn like that, too.
                lanes.AddRange(step.Blocks.Select(block => Lane(id, block.Label, LaneRole.Body, null, $"{path}.{block.Label}", block.Steps, depth)));
                break;
        }

        return lanes;
    }

    private static string Word(string key) => DiagramText.Line(key, TitleLengthMax);

    private static int IndexOf(StateMachineStep machine, string state)
    {
        for (int i = 0; i < machine.States.Count; i++)
        {
            if (machine.States[i].Name == state)
            {
                return i;
            }
        }

        return -1;
    }

    private static List<DiagramTransition> Transitions(StateMachineStep machine)
    {
        List<DiagramTransition> transitions = [];
        for (int i = 0; i < machine.States.Count; i++)
        {
            MachineState state = machine.States[i];
            StateTransition[] own = [.. state.Transitions.Where(t => t.From is null || t.From.Contains(state.Name))];
            foreach (StateTransition transition in own)
            {
                string condition = transition.If is null ? "" : $"if {transition.If}";
                string on = transition.On switch { TransitionOn.Failure => "on failure", TransitionOn.Any => "always", _ => "" };
                int to = IndexOf(machine, transition.To);
                if (to >= 0)
                {
                    transitions.Add(new DiagramTransition(i, to, DiagramText.Line(Join(on, condition), GuardLengthMax), transition.On == TransitionOn.Failure));
                }
            }

            if (state.IsEnd || own.Length == 0)
            {
                transitions.Add(new DiagramTransition(i, null, own.Length == 0 ? "" : "otherwise", false));
            }
        }

        return transitions;
    }

    private static string Join(string first, string second) => first.Length == 0 || second.Length == 0 ? first + second : $"{first}, {second}";

    /// <summary>The title is what stands for the step when it has no id.</summary>
    private static (DiagramShape Shape, DiagramForm Form, string Title, string Detail) Describe(FlowStep step) => step switch
    {
        TaskStep task => (DiagramShape.Box, DiagramForm.Leaf, task.Task, task.Connection is { } connection ? $"with {connection}" : ""),
        KindStep kind => (DiagramShape.Box, DiagramForm.Leaf, kind.Kind, Subject(kind.Inputs)),
        IfStep branch => (DiagramShape.Diamond, DiagramForm.Choice, "if", branch.Source),
        SwitchStep choice => (DiagramShape.Diamond, DiagramForm.Choice, "switch", choice.Subject.ToString()),
        ParallelStep parallel => (DiagramShape.Hexagon, DiagramForm.Fork, "parallel", parallel.Concurrency is { } most ? $"{most.ToString(CultureInfo.InvariantCulture)} at a time" : ""),
        RouteStep route => (DiagramShape.Hexagon, DiagramForm.Fork, "route", route.Task?.Task ?? route.Choice?.ToString() ?? ""),
        ForEachStep each => (DiagramShape.Hexagon, DiagramForm.Loop, "for each", $"{each.As} in {each.Items}"),
        LoopStep { While: { } condition } => (DiagramShape.Hexagon, DiagramForm.Loop, "while", condition.ToString()),
        LoopStep loop => (DiagramShape.Hexagon, DiagramForm.Loop, "loop", $"at most {loop.Max.ToString("N0", CultureInfo.InvariantCulture)} times"),
        StateMachineStep machine => (DiagramShape.Hexagon, DiagramForm.Machine, "state machine", ""),
        SubflowStep { IsChild: true } child => (DiagramShape.Subroutine, DiagramForm.Leaf, $"flow {child.Flow}", "as a run of its own"),
        SubflowStep subflow => (DiagramShape.Subroutine, DiagramForm.Block, $"flow {subflow.Flow}", ""),
        DoStep => (DiagramShape.Rounded, DiagramForm.Block, "do", ""),
        SetStep set => (DiagramShape.Cylinder, DiagramForm.Leaf, "set", string.Join(", ", set.Changes.Select(change => change.Name))),
        EmitStep { To: null } emit => (DiagramShape.Flag, DiagramForm.Leaf, "event", emit.Emits.ToString()),
        EmitStep emit => (DiagramShape.Flag, DiagramForm.Leaf, "signal", $"{emit.Emits} to {emit.To}"),
        WaitStep wait => (DiagramShape.Rounded, DiagramForm.Leaf, wait.IsUntil ? "wait until" : "wait", wait.Time.ToString()),
        SignalStep signal => (DiagramShape.Rounded, DiagramForm.Leaf, "wait for signal", signal.Signal),
        ApprovalStep approval => (DiagramShape.Slanted, DiagramForm.Leaf, "approval", approval.Title.ToString()),
        ExitStep exit => (DiagramShape.Terminal, DiagramForm.Leaf, "exit", exit.Reason?.ToString() ?? ""),
        _ => (DiagramShape.Box, step.Blocks.Count == 0 ? DiagramForm.Leaf : DiagramForm.Block, step.Kind, ""),
    };

    // What a http or sql step is about, in a line.
    private static string Subject(Template inputs)
    {
        foreach (string key in (string[])["url", "query", "execute", "path", "name"])
        {
            if (inputs is ObjectTemplate map && map.Find(key) is { } found)
            {
                return found.ToString();
            }

            if (inputs is ConstantTemplate { Value.AsObject: { } values } && values.TryGet(key, out Value value))
            {
                return value.ToString();
            }
        }

        return "";
    }
}
