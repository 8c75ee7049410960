using System.Globalization;
using System.Text.Json;
using Actors.Runs;
using Actors.Storage;

namespace Actors.Flows;

/// <summary>What a run has made of a step.</summary>
/// <param name="Note">Counts in words; null when there is nothing to count.</param>
internal sealed record StepMark(StepState State, string? Note)
{
    public static StepMark None { get; } = new(StepState.None, null);
}

/// <summary>
/// What a run has made of the steps of a picture, by the ids of steps and lanes. Keys of the journal are led back to the steps whose names they are made of; a key that fits
/// no step (another version, another flow) is left out.
/// </summary>
internal sealed class RunOverlay
{
    private const int NoteLengthMax = 80;

    private readonly Dictionary<string, StepMark> _marks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Count> _counts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DiagramStep> _undone = new(StringComparer.Ordinal);
    private readonly RunTrace _trace;
    private readonly bool _isFinal;

    private RunOverlay(RunTrace trace)
    {
        _trace = trace;
        _isFinal = trace.Run.Status.IsFinal();
        EndState = trace.Run.Status switch
        {
            RunStatus.Completed => StepState.Done,
            RunStatus.Failed => StepState.Failed,
            RunStatus.Cancelled => StepState.Cancelled,
            _ => StepState.None,
        };
        EndTitle = _isFinal ? trace.Run.Status.ToString().ToLowerInvariant() : null;
        EndNote = _isFinal && (trace.ExitReason ?? trace.Run.Why) is { Length: > 0 } why ? DiagramText.Line(why, NoteLengthMax) : null;
    }

    public RunId Run => _trace.Run.Id;

    /// <summary>One sentence about the run.</summary>
    public string Standing => DiagramText.Line(
        $"Run {Run}: {_trace.Run.Status.ToString().ToLowerInvariant()}{(_trace.Run.Why is { } why ? $". {why}" : "")}{(_trace.IsPartial ? " (Only the beginning and the end of its journal are shown.)" : "")}", 300);

    /// <summary>What stands at the end of the flow; null: the usual word.</summary>
    public string? EndTitle { get; }

    public string? EndNote { get; }

    public StepState EndState { get; }

    public static RunOverlay Lay(IReadOnlyList<DiagramStep> steps, DiagramLane? onCancel, RunTrace trace)
    {
        RunOverlay overlay = new(trace);
        TraceNode root = TraceNode.Tree(trace.Steps);
        DiagramLane all = new("", "", LaneRole.Body, null, "", steps, []);
        overlay.Lanes([all], root);
        if (root.Find("~clean-up") is { } cleanUp)
        {
            overlay.CleanUp(cleanUp, onCancel);
        }

        overlay.Settle(steps, trace.Run.Status == RunStatus.Completed && trace.ExitReason is null, trace.ExitReason is not null);
        if (onCancel is not null)
        {
            overlay.Settle(onCancel.Steps, hasEnded: false, hasExited: false);
        }

        return overlay;
    }

    public StepMark Of(string id) => _marks.GetValueOrDefault(id, StepMark.None);

    private void CleanUp(TraceNode cleanUp, DiagramLane? onCancel)
    {
        foreach (TraceNode child in cleanUp.Children)
        {
            if (onCancel is not null && child.Segment == "on_cancel")
            {
                Add(onCancel.Id, StateOf(child, null), child);
                Lanes([onCancel], child);
            }
            else if (child.Segment.StartsWith("undo ", StringComparison.Ordinal) && _undone.TryGetValue(child.Name, out DiagramStep? step))
            {
                string id = step.Id + "__undo";
                Add(id, StateOf(child, null), child);
                _marks[id] = new StepMark(_counts[id].State, _counts[id].Words());
            }
        }
    }

    // Leads the keys beneath a scope to the steps in lanes of which one runs, or all.
    private void Lanes(IReadOnlyList<DiagramLane> lanes, TraceNode scope, DiagramStep? owner = null)
    {
        if (owner is { Form: DiagramForm.Choice, Lanes.Count: > 1 })
        {
            // Which way was taken is not in the journal, but what was done there is. When two ways have the same names, both are marked.
            int[] fits = [.. lanes.Select(lane => scope.Children.Count(child => Find([lane], child) is not null))];
            int best = fits.Max();
            lanes = [.. lanes.Where((_, i) => fits[i] == best && best > 0)];
        }

        foreach (TraceNode child in scope.Children)
        {
            if (child.IsItem || child.IsHidden)
            {
                continue;
            }

            if (owner?.AllLanes.FirstOrDefault(lane => lane.Key == child.Name) is { } named)
            {
                Lane(named, child);
            }
            else
            {
                foreach (DiagramLane lane in lanes)
                {
                    if (Find([lane], child) is { } found)
                    {
                        if (found.Lane is not null)
                        {
                            Lane(found.Lane, child);
                        }
                        else if (child.Name == found.Step.Name || child.Segment == found.Step.Name)
                        {
                            Step(found.Step, child);
                        }
                        else if (StateOf(child, null) is var state and (StepState.Running or StepState.Waiting or StepState.Failed))
                        {
                            Add(found.Step.Id, state, child);
                        }

                        if (owner?.Form != DiagramForm.Choice)
                        {
                            break;
                        }
                    }
                }

            }
        }
    }

    private void Lane(DiagramLane lane, TraceNode node)
    {
        Add(lane.Id, StateOf(node, null), node);
        Lanes([lane], node);
    }

    private static (DiagramStep Step, DiagramLane? Lane)? Find(IReadOnlyList<DiagramLane> lanes, TraceNode node)
    {
        DiagramStep? found = null;
        int number = 0;
        foreach (DiagramLane lane in lanes)
        {
            foreach (DiagramStep step in lane.Steps)
            {
                if (step.Name == node.Segment && node.Number > 1)
                {
                    return (step, null);
                }

                // The second of the same name in a scope is name#2. One that is passed by has no number, so this is the best guess, not more.
                if (step.Name == node.Name && number < node.Number)
                {
                    number++;
                    found = step;
                }
            }
        }

        if (found is not null)
        {
            return (found, null);
        }

        foreach (DiagramStep step in lanes.SelectMany(lane => lane.Steps))
        {
            if (node.Name.Length > step.Name.Length && node.Name.StartsWith(step.Name, StringComparison.Ordinal))
            {
                switch (node.Name.AsSpan(step.Name.Length))
                {
                    case "-error" when step.OnError is not null:
                        return (step, step.OnError);
                    case "-fallback" when step.Fallback is not null:
                        return (step, step.Fallback);
                    case "-route" when step.Kind == "route":
                        return (step, null);
                }
            }
        }

        return null;
    }

    private void Step(DiagramStep step, TraceNode node)
    {
        Count count = Add(step.Id, StateOf(node, step), node);
        if (step.Undo is not null)
        {
            _undone[$"undo {node.Key.Replace('/', '.').Replace('[', '(').Replace(']', ')').Replace('#', '-')}"] = step;
        }

        // What a cache does not have is made in a scope called body.
        TraceNode? made = step.IsCached ? node.Children.FirstOrDefault(child => child.Name == "body")?.Children.FirstOrDefault(child => child.Name == step.Name) : null;
        if ((made ?? node.Children.FirstOrDefault(child => child.Name == step.Name)) is { } same && Find(step.Lanes, same) is null && !step.AllLanes.Any(lane => lane.Key == same.Name))
        {
            // A step with a cache, and a flow that is called with a limit, are in a scope of their own name.
            count.Tried(same.Step?.Attempts ?? 0);
            node = same;
        }
        else if (step.IsCached && node.Step?.State == StepState.Done)
        {
            count.FromCache = true;
        }

        foreach (TraceNode item in node.Children)
        {
            if (!item.IsItem)
            {
                continue;
            }

            count.Item(StateOf(item, null));
            Lanes(step.Lanes, item, step);
        }

        count.Iterations = Math.Max(count.Iterations, node.Step?.Iterations ?? 0);
        if (step.Form is DiagramForm.Loop && step.Kind == "for_each" && count.Total is null)
        {
            count.Total = Total(step);
        }

        Lanes(step.Lanes, node, step);
    }

    private Count Add(string id, StepState state, TraceNode node)
    {
        if (!_counts.TryGetValue(id, out Count? count))
        {
            _counts.Add(id, count = new Count());
        }

        count.Add(state, node.Step?.Attempts ?? 0);
        return count;
    }

    // How many items there are, where the list is a part of the run's input.
    private int? Total(DiagramStep step)
    {
        if (step.Items is not { } items || _trace.Input.ValueKind == JsonValueKind.Undefined)
        {
            return null;
        }

        try
        {
            Variables variables = new(null);
            variables.Set("inputs", Value.FromJson(_trace.Input));
            return items.Evaluate(new Evaluation(variables, Missing.Fails)).AsList?.Items.Length;
        }
        catch (Exception e) when (e is ExpressionException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            // It is made of what steps gave.
            return null;
        }
    }

    private StepState StateOf(TraceNode node, DiagramStep? step)
    {
        if (node.Step is { State: not StepState.None } own)
        {
            return _isFinal && own.State is StepState.Running or StepState.Waiting ? StepState.Cancelled : own.State;
        }

        StepState state = StepState.None;
        foreach (TraceNode child in node.Children)
        {
            if (child.IsHidden)
            {
                continue;
            }

            StepState inner = StateOf(child, null);
            state = Stronger(state, inner);
        }

        return state switch
        {
            StepState.Running or StepState.Waiting or StepState.Failed or StepState.Cancelled => state,
            // Branches and items have outcomes of their own, and what is around them has none.
            _ when step is { Form: DiagramForm.Fork } && node.Children.Count(child => !child.IsHidden) == step.Lanes.Count => StepState.Done,
            _ => _isFinal ? StepState.Done : StepState.Running,
        };
    }

    public static StepState Stronger(StepState a, StepState b) => Rank(a) >= Rank(b) ? a : b;

    private static int Rank(StepState state) => state switch
    {
        StepState.Running => 6,
        StepState.Waiting => 5,
        StepState.Failed => 4,
        StepState.Cancelled => 3,
        StepState.Done => 2,
        StepState.Skipped => 1,
        _ => 0,
    };

    // What lies before a step that was come to was done or passed by.
    private void Settle(IReadOnlyList<DiagramStep> steps, bool hasEnded, bool hasExited, bool isPassed = false)
    {
        int last = -1;
        for (int i = 0; i < steps.Count; i++)
        {
            last = _counts.ContainsKey(steps[i].Id) || steps[i].AllLanes.Any(lane => _counts.ContainsKey(lane.Id)) ? i : last;
        }

        for (int i = 0; i < steps.Count; i++)
        {
            DiagramStep step = steps[i];
            bool isPast = i < last || hasEnded;
            Count? count = _counts.GetValueOrDefault(step.Id);
            bool isWhole = count is not null && count.Total == count.Items && count.Items > 0;
            StepState state = count?.State ?? StepState.None;
            if (count is null)
            {
                // Nothing is known of the way that led here: that it was not taken is known from another that was.
                bool exits = step.Kind == "exit" && hasExited && i == last + 1 && step.Guard is null;
                state = exits || (isPast && !step.LeavesTrace && step.Guard is null) ? StepState.Done : isPassed || (isPast && step.LeavesTrace) ? StepState.Skipped : StepState.None;
            }
            else if (state == StepState.Running && step.Form != DiagramForm.Leaf && (isPast || isWhole) && !count.IsBusy)
            {
                state = StepState.Done;
            }

            _marks[step.Id] = new StepMark(state, count?.Words(step, state));
            bool lanesEnded = state == StepState.Done;
            bool chosen = step.Form == DiagramForm.Choice && step.Lanes.Any(IsEntered);
            foreach (DiagramLane lane in step.AllLanes)
            {
                bool entered = IsEntered(lane);
                Count? own = _counts.GetValueOrDefault(lane.Id);
                bool passed = isPassed || state == StepState.Skipped || (!entered && lanesEnded && (chosen || lane.Steps.All(inner => inner.LeavesTrace)));
                Settle(lane.Steps, entered && lanesEnded && (own is null || own.State == StepState.Done), hasExited && entered, passed);
                if (own is not null)
                {
                    _marks[lane.Id] = new StepMark(own.State, own.Times > 1 ? $"{own.Times.ToString(CultureInfo.InvariantCulture)} times" : null);
                }
                else if (entered)
                {
                    _marks[lane.Id] = new StepMark(lane.Steps.Select(inner => _marks[inner.Id].State).Aggregate(Stronger), null);
                }
            }
        }
    }

    private bool IsEntered(DiagramLane lane) => _counts.ContainsKey(lane.Id) || lane.Steps.Any(inner => _counts.ContainsKey(inner.Id) || inner.AllLanes.Any(IsEntered));

    /// <summary>What has become of a step all the times that it was come to.</summary>
    private sealed class Count
    {
        private readonly int[] _times = new int[7];
        private readonly int[] _items = new int[7];
        private int _attempts;

        public StepState State { get; private set; }
        public int Times { get; private set; }
        public int Items { get; private set; }
        public int Iterations { get; set; }
        public int? Total { get; set; }
        public bool FromCache { get; set; }

        public bool IsBusy => _items[(int)StepState.Running] + _items[(int)StepState.Waiting] > 0;

        public void Add(StepState state, int attempts)
        {
            Times++;
            _times[(int)state]++;
            Tried(attempts);
            State = Stronger(State, state);
        }

        public void Tried(int attempts) => _attempts = Math.Max(_attempts, attempts);

        public void Item(StepState state)
        {
            Items++;
            _items[(int)state]++;
        }

        public string? Words(DiagramStep? step = null, StepState state = StepState.None)
        {
            List<string> words = [];
            if (step is { Form: DiagramForm.Loop, Kind: "for_each" })
            {
                int done = _items[(int)StepState.Done];
                words.Add(Total is { } total && Times == 1 ? $"{Text(done)}/{Text(total)}" : $"{Text(done)} done");
                Tell(words, _items, StepState.Failed);
                Tell(words, _items, StepState.Running);
                Tell(words, _items, StepState.Waiting);
            }
            else if (step is { Form: DiagramForm.Loop } or { Form: DiagramForm.Machine })
            {
                string what = step.Form == DiagramForm.Machine ? "hop" : "iteration";
                int number = Math.Max(Items, Iterations);
                words.Add(state == StepState.Done ? $"{Text(number)} {what}{(number == 1 ? "" : "s")}" : $"{what} {Text(number)}");
            }
            else if (Times > 1)
            {
                Tell(words, _times, StepState.Done);
                Tell(words, _times, StepState.Failed);
                Tell(words, _times, StepState.Running);
                Tell(words, _times, StepState.Waiting);
                Tell(words, _times, StepState.Cancelled);
            }

            if (_attempts > 1)
            {
                words.Add(Times == 1 && state is StepState.Running or StepState.Waiting ? $"attempt {Text(_attempts)}" : $"{(Times > 1 ? "up to " : "")}{Text(_attempts)} attempts");
            }

            if (FromCache)
            {
                words.Add("from the cache");
            }

            return words.Count == 0 ? null : string.Join(", ", words);
        }

        private static void Tell(List<string> words, int[] counts, StepState state)
        {
            if (counts[(int)state] > 0)
            {
                words.Add($"{Text(counts[(int)state])} {state.ToString().ToLowerInvariant()}");
            }
        }

        private static string Text(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
    }
}

/// <summary>The keys of a trace as a tree of their segments, in the order of the trace.</summary>
internal sealed class TraceNode(string segment, string key)
{
    private readonly List<TraceNode> _children = [];
    private Dictionary<string, TraceNode>? _bySegment;

    public string Segment => segment;

    public string Key => key;

    /// <summary>The segment without its number.</summary>
    public string Name { get; } = segment.LastIndexOf('#') is var hash and > 0 ? segment[..hash] : segment;

    /// <summary>1, or the number after <c>#</c>.</summary>
    public int Number { get; } = segment.LastIndexOf('#') is var hash and > 0 && int.TryParse(segment.AsSpan(hash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 1;

    /// <summary>An item or an iteration.</summary>
    public bool IsItem { get; } = segment.StartsWith('[');

    /// <summary>Something of the engine's own.</summary>
    public bool IsHidden { get; } = segment.StartsWith('~');

    public TraceStep? Step { get; private set; }

    public IReadOnlyList<TraceNode> Children => _children;

    public static TraceNode Tree(IReadOnlyList<TraceStep> steps)
    {
        TraceNode root = new(" ", "");
        foreach (TraceStep step in steps)
        {
            TraceNode node = root;
            foreach (Range range in JournalNode.Split(step.Key))
            {
                node = node.GetOrAdd(step.Key[range], step.Key[..range.End.Value]);
            }

            node.Step = step;
        }

        return root;
    }

    public TraceNode? Find(string segment) => _bySegment?.GetValueOrDefault(segment);

    private TraceNode GetOrAdd(string segment, string key)
    {
        _bySegment ??= new(StringComparer.Ordinal);
        if (!_bySegment.TryGetValue(segment, out TraceNode? child))
        {
            _bySegment.Add(segment, child = new TraceNode(segment, key));
            _children.Add(child);
        }

        return child;
    }
}
