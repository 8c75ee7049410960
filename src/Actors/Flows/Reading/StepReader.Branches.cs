namespace Actors.Flows;

/// <summary>Steps with branches: parallel and route.</summary>
internal sealed partial class StepReader
{
    // Each branch knows the names of all that it comes after: a chain of branches costs the square of its length.
    private const int WaitsMax = 100_000;

    private int _waits;

    private (FlowStep, IReadOnlyCollection<string>?) ReadParallel(StepHead head, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Of("parallel"));
        Condition? own = ReadOwnIf(keys, names);
        List<ParallelBranch> branches;
        List<Names> inner = [];
        bool named = false;
        switch (keys.Item("parallel"))
        {
            case YamlList list:
                branches = ReadList(list, names, inner);
                break;
            case YamlMap map:
                named = true;
                branches = ReadNamed("parallel", map, names, inner);
                break;
            case { } item:
                keys.Wrong("parallel", item, "a list of steps, or a mapping of branches");
                branches = [];
                break;
            default:
                branches = [];
                break;
        }

        bool maybe = own is not null || keys.Has("on_error");
        BranchResults results = ReadResults(keys, names, branches, inner, maybe, out HashSet<string> ids);
        IReadOnlyCollection<string>? fields = results.Reduce is not null || results.ReduceBy is not null ? null
            : named ? branches.ConvertAll(branch => branch.Key)
            : ids;
        return (
            new ParallelStep(Common(head, keys, names, "parallel", own))
            {
                Branches = branches,
                IsNamed = named,
                Results = results,
                Concurrency = ReadWhole(keys, "concurrency", 1, ConcurrencyMax),
                Options = ReadScope(keys),
            },
            fields);
    }

    private List<ParallelBranch> ReadNamed(string key, YamlMap map, Names names, List<Names> inner)
    {
        List<ParallelBranch> branches = [];
        if (map.Entries.Count == 0)
        {
            problems.Error(Rules.EmptyBlock, map, $"'{key}' has no branches");
        }

        foreach (YamlEntry entry in map.Entries)
        {
            string name = _values.Identifier(entry.Key, "the name of a branch") ?? VerbName(entry.Key.Value);
            inner.Add(names.Inner());
            branches.Add(new ParallelBranch(name, ReadSteps(entry.Key.Value, entry.Value, inner[^1]), []));
        }

        return branches;
    }

    // Branches are read after those they depend on, whose outputs they see.
    private List<ParallelBranch> ReadList(YamlList list, Names names, List<Names> inner)
    {
        if (list.Items.Count == 0)
        {
            problems.Error(Rules.EmptyBlock, list, "'parallel' has no steps");
        }

        YamlItem[] items = [.. list.Items];
        string?[] branchIds = Array.ConvertAll(items, item => (item as YamlMap)?.Find("id") is YamlText id ? id.Value : null);
        Dictionary<string, int> byId = new(StringComparer.Ordinal);
        for (int i = 0; i < items.Length; i++)
        {
            if (branchIds[i] is { } id)
            {
                byId.TryAdd(id, i);
            }
        }

        int[][] after = new int[items.Length][];
        for (int i = 0; i < items.Length; i++)
        {
            after[i] = ReadAfter(items[i], i, byId, names);
        }

        int[] order = Order(items, after);
        Names[] branchNames = new Names[items.Length];
        FlowStep?[] steps = new FlowStep?[items.Length];
        foreach (int i in order)
        {
            Names visible = names;
            if (after[i].Length > 0)
            {
                visible = names.Inner();
                foreach (int before in Before(i, items[i], after))
                {
                    visible.AddAll(branchNames[before], maybe: false);
                }
            }

            branchNames[i] = visible.Inner();
            steps[i] = ReadStep(items[i], branchNames[i], isBranch: true);
        }

        List<ParallelBranch> branches = [];
        HashSet<string> taken = new(StringComparer.Ordinal);
        string[] keys = Array.ConvertAll(steps, step => step is null ? "" : Unique(step.Name, taken));
        for (int i = 0; i < items.Length; i++)
        {
            if (steps[i] is { } step)
            {
                inner.Add(branchNames[i]);
                branches.Add(new ParallelBranch(keys[i], [step], [.. after[i].Where(before => steps[before] is not null).Select(before => keys[before])]));
            }
        }

        return branches;
    }

    private int[] ReadAfter(YamlItem item, int self, Dictionary<string, int> byId, Names names)
    {
        if (item is not YamlMap map || map.Find("depends_on") is null)
        {
            return [];
        }

        List<int> after = [];
        foreach (YamlText id in ReadWords(new Keys(map, problems, "a step", [.. map.Entries.Select(entry => entry.Key.Value)]), "depends_on"))
        {
            int before = byId.GetValueOrDefault(id.Value, -1);
            if (before == self)
            {
                problems.Error(Rules.BranchCycle, id, $"step '{id.Value}' depends on itself");
            }
            else if (before >= 0)
            {
                after.Add(before);
            }
            else if (names.Find(id.Value) is not { Kind: NameKind.Step })
            {
                string? near = Text.Nearest(id.Value, byId.Keys);
                problems.Error(
                    Rules.UnknownReference, id, $"there is no step '{Text.Shorten(id.Value, 100)}' beside this one", near is null ? "Write the id of a step of the same parallel." : $"Did you mean '{near}'?");
            }
        }

        return [.. after.Distinct()];
    }

    /// <summary>All branches, each after those it depends on; those of a cycle, which is told, at the end.</summary>
    private int[] Order(YamlItem[] items, int[][] after)
    {
        List<int> order = new(items.Length);
        bool[] done = new bool[items.Length];
        while (order.Count < items.Length)
        {
            int count = order.Count;
            for (int i = 0; i < items.Length; i++)
            {
                if (!done[i] && Array.TrueForAll(after[i], before => done[before]))
                {
                    done[i] = true;
                    order.Add(i);
                }
            }

            if (order.Count == count)
            {
                int first = Array.IndexOf(done, false);
                problems.Error(Rules.BranchCycle, items[first], "these steps wait for each other: their 'depends_on' goes round in a circle");
                for (int i = 0; i < items.Length; i++)
                {
                    if (!done[i])
                    {
                        done[i] = true;
                        after[i] = [];
                        order.Add(i);
                    }
                }
            }
        }

        return [.. order];
    }

    private IReadOnlyCollection<int> Before(int branch, YamlItem item, int[][] after)
    {
        if (_waits > WaitsMax)
        {
            return after[branch];
        }

        HashSet<int> closure = Closure(branch, after);
        _waits += closure.Count;
        if (_waits > WaitsMax)
        {
            problems.Error(
                Rules.TooComplex, item, $"the branches of this file wait for each other, directly or not, more than {WaitsMax:N0} times",
                "Write steps that come one after the other as a list of steps.");
        }

        return closure;
    }

    private static HashSet<int> Closure(int branch, int[][] after)
    {
        HashSet<int> closure = [];
        Stack<int> open = new(after[branch]);
        while (open.TryPop(out int before))
        {
            if (closure.Add(before))
            {
                foreach (int earlier in after[before])
                {
                    open.Push(earlier);
                }
            }
        }

        return closure;
    }

    private (FlowStep, IReadOnlyCollection<string>?) ReadRoute(StepHead head, Names names)
    {
        Keys keys = new(head.Map, problems, Language.Of("route"));
        Condition? own = ReadOwnIf(keys, names);
        Template? choice = null;
        TaskStep? task = null;
        switch (keys.Item("route"))
        {
            case YamlMap map:
                task = ReadRouteTask(map, names);
                break;
            case YamlText { IsNull: false } or YamlList:
                choice = _values.Template(keys.Item("route")!, names);
                break;
            case { } item:
                keys.Wrong("route", item, "an expression, a list of names, or a mapping with 'task'");
                break;
        }

        List<Names> inner = [];
        List<ParallelBranch> branches = [];
        if (keys.Mapping("branches") is { } branchMap)
        {
            branches = ReadNamed("branches", branchMap, names, inner);
        }
        else if (!keys.Has("branches"))
        {
            problems.Error(Rules.MissingKey, keys.At("route"), "a route step needs 'branches'");
        }

        if (choice is ConstantTemplate constant)
        {
            CheckChoice(keys, constant.Value, branches);
        }

        BranchResults results = ReadResults(keys, names, branches, inner, maybe: true, out _);
        Names rest = names.Inner();
        IReadOnlyList<FlowStep> fallback = keys.Has("default") ? ReadSteps("default", keys.Item("default"), rest) : [];
        names.AddAll(rest, maybe: true);
        return (
            new RouteStep(Common(head, keys, names, "route", own))
            {
                Choice = choice,
                Task = task,
                Branches = branches,
                Default = fallback,
                IgnoresUnknown = ReadChoice(keys, "on_unknown", false, ("fail", false), ("ignore", true)),
                Results = results,
                Options = ReadScope(keys),
            },
            null);
    }

    private void CheckChoice(Keys keys, Value choice, List<ParallelBranch> branches)
    {
        foreach (Value name in choice.AsList?.Items ?? [choice])
        {
            if (branches.Count > 0 && !branches.Exists(branch => branch.Key == name.ToString()))
            {
                string? near = Text.Nearest(name.ToString(), branches.Select(branch => branch.Key));
                problems.Error(
                    Rules.Branch, keys.Item("route")!, $"there is no branch '{Text.Shorten(name.ToString(), 60)}'",
                    near is null ? "Write an expression, e.g. ${inputs.kind}." : $"Did you mean '{near}'?");
            }
        }
    }

    private TaskStep ReadRouteTask(YamlMap map, Names names)
    {
        Keys parts = new(map, problems, Language.RouteTask);
        YamlText? text = parts.Text("task", required: true);
        string task = text?.Value.Trim() ?? "task";
        CheckTask(text, task);
        return new TaskStep(new StepCommon(null, "route", map.Line, map.Column), EffectSettingsOfNothing)
        {
            Task = task,
            Inputs = parts.Mapping("inputs") is { } inputs ? _values.Template(inputs, names) : ConstantTemplate.EmptyObject,
        };
    }

    private static readonly EffectSettings EffectSettingsOfNothing = new(StepOptions.Default, [], null, null, null, false, StaticType.Any);

    /// <summary>What becomes of the branches' results; declares the ids that are seen afterwards.</summary>
    private BranchResults ReadResults(Keys keys, Names names, List<ParallelBranch> branches, List<Names> inner, bool maybe, out HashSet<string> ids)
    {
        Dictionary<string, MergePolicy> merge = ReadMerge(keys);
        Dictionary<string, IReadOnlyCollection<string>> fields = ReadFields(keys, branches, inner);
        BranchFailure onFailure = ReadChoice(
            keys, "on_branch_failure", BranchFailure.Propagate, ("propagate", BranchFailure.Propagate), ("ignore", BranchFailure.Ignore), ("collect", BranchFailure.Collect));
        (Reduction? reduce, Template? reduceBy) = ReadReduce(keys, names, branches);
        BranchResults results = new(merge, fields, reduce, reduceBy, onFailure);
        bool mayFail = maybe || onFailure != BranchFailure.Propagate;
        ids = [];
        Names all = names.Inner();
        for (int i = 0; i < inner.Count; i++)
        {
            Names taken = names.Inner();
            foreach (string id in inner[i].OwnSteps)
            {
                if (results.PolicyOf(id) != MergePolicy.None && (!fields.TryGetValue(branches[i].Key, out IReadOnlyCollection<string>? chosen) || chosen.Contains(id)))
                {
                    taken.Add(inner[i].FindOwn(id)!);
                }
            }

            foreach (string id in taken.OwnSteps)
            {
                if (all.FindOwn(id) is { } twice && results.PolicyOf(id) == MergePolicy.Error)
                {
                    Name again = taken.FindOwn(id)!;
                    problems.Error(
                        Rules.DuplicateId, again.Line, again.Column, $"'{id}' is already the id of a step in line {twice.Line}", "Give it another id, or say with 'merge' which one counts.");
                }

                ids.Add(id);
                if (results.PolicyOf(id) == MergePolicy.Deep)
                {
                    // What becomes of several values is none of them.
                    taken.Add(taken.FindOwn(id)! with { Type = null });
                }
            }

            all.AddAll(taken, mayFail);
        }

        TakeOver(all, names, maybe: false);
        return results;
    }

    private static readonly (string, MergePolicy)[] MergePolicies =
        [("error", MergePolicy.Error), ("first", MergePolicy.First), ("last", MergePolicy.Last), ("deep", MergePolicy.Deep), ("none", MergePolicy.None)];

    private Dictionary<string, MergePolicy> ReadMerge(Keys keys)
    {
        Dictionary<string, MergePolicy> merge = new(StringComparer.Ordinal);
        if (keys.Item("merge") is YamlMap map)
        {
            Keys each = new(map, problems, "merge", [.. map.Entries.Select(entry => entry.Key.Value)]);
            foreach (YamlEntry entry in map.Entries)
            {
                merge[entry.Key.Value] = ReadChoice(each, entry.Key.Value, MergePolicy.Error, MergePolicies);
            }
        }
        else if (keys.Has("merge"))
        {
            merge[BranchResults.Others] = ReadChoice(keys, "merge", MergePolicy.Error, MergePolicies);
        }

        return merge;
    }

    private Dictionary<string, IReadOnlyCollection<string>> ReadFields(Keys keys, List<ParallelBranch> branches, List<Names> inner)
    {
        Dictionary<string, IReadOnlyCollection<string>> fields = new(StringComparer.Ordinal);
        if (keys.Mapping("field_mapping") is not { } map)
        {
            return fields;
        }

        Keys each = new(map, problems, "field_mapping", [.. branches.Select(branch => branch.Key)]);
        for (int i = 0; i < branches.Count; i++)
        {
            if (!each.Has(branches[i].Key))
            {
                continue;
            }

            YamlText[] chosen = ReadWords(each, branches[i].Key);
            foreach (YamlText id in chosen)
            {
                if (inner[i].FindOwn(id.Value) is null && !State.ContainsKey(id.Value))
                {
                    string? near = Text.Nearest(id.Value, inner[i].OwnSteps.Concat(State.Keys));
                    problems.Error(Rules.Branch, id, $"branch '{branches[i].Key}' sets no '{Text.Shorten(id.Value, 60)}'", near is null ? null : $"Did you mean '{near}'?");
                }
            }

            fields[branches[i].Key] = [.. chosen.Select(id => id.Value)];
        }

        return fields;
    }

    private (Reduction?, Template?) ReadReduce(Keys keys, Names names, List<ParallelBranch> branches)
    {
        if (keys.Text("reduce") is not { } text)
        {
            return (null, null);
        }

        if (text.Value.Contains("${", StringComparison.Ordinal) || text.Value.Contains("{{", StringComparison.Ordinal))
        {
            Names around = names.Inner();
            DeclareVariable("branches", text, names, around, branches.ConvertAll(branch => branch.Key));
            return (null, _values.Template(text, around));
        }

        return (
            ReadChoice<Reduction?>(
                keys, "reduce", null, ("keys", Reduction.Keys), ("values", Reduction.Values), ("union", Reduction.Union), ("concat", Reduction.Concat),
                ("first", Reduction.First), ("last", Reduction.Last), ("majority", Reduction.Majority), ("sum", Reduction.Sum)),
            null);
    }
}
