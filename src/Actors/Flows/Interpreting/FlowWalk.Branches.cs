using System.Text.Json;

namespace Actors.Flows;

/// <summary>parallel and route: branches side by side, and what becomes of their results.</summary>
internal sealed partial class FlowWalk
{
    private const string MergeConflict = "MergeConflict";
    private const string UnknownBranch = "UnknownBranch";

    private Task<StepEnd> RunParallel(Frame frame, ParallelStep step) =>
        RunBranches(frame, step, step.Branches, step.Results, step.IsNamed, new AllOptions { Concurrency = step.Concurrency ?? int.MaxValue, Timeout = step.Options?.Timeout });

    private async Task<StepEnd> RunRoute(Frame frame, RouteStep step)
    {
        Value choice = step.Choice is not null
            ? frame.Evaluate(step.Choice, step.Name)
            : await frame.Context.Step(step.Name + "-route", frame.Evaluate(step.Task!.Inputs, step.Name), (given, context) => Call(step.Task.Task, given, context));
        List<ParallelBranch> chosen = [];
        foreach (Value name in choice.AsList?.Items ?? (choice.IsNull ? [] : [choice]))
        {
            ParallelBranch? branch = step.Branches.FirstOrDefault(b => b.Key == name.ToString());
            if (branch is null && !step.IgnoresUnknown)
            {
                string known = string.Join(", ", step.Branches.Take(20).Select(b => b.Key));
                throw Frame.Fail(step.Name, UnknownBranch, $"there is no branch '{Text.Shorten(name.ToString(), 60)}' (line {step.Line}); known: {known}");
            }

            if (branch is not null && !chosen.Contains(branch))
            {
                chosen.Add(branch);
            }
        }

        // The order of the file, whatever the order of the names: results are put together in it.
        ParallelBranch[] branches = [.. step.Branches.Where(chosen.Contains)];
        return branches.Length == 0
            ? await RunBranch(frame, step, step.Default, step.Options)
            : await RunBranches(frame, step, branches, step.Results, isNamed: true, new AllOptions { Timeout = step.Options?.Timeout });
    }

    private async Task<StepEnd> RunBranches(Frame frame, FlowStep step, IReadOnlyList<ParallelBranch> branches, BranchResults results, bool isNamed, AllOptions options)
    {
        Value origin = frame.State.IsEmpty ? default : frame.State.Read(frame.Context.State);
        Branch<BranchOutcome>[] bodies = [.. branches.Select(branch => new Branch<BranchOutcome>(
            branch.Key, branch.After, (ctx, before) => RunParallelBranch(frame.Inside(ctx, Seen(frame, before)), branch, results)))];
        BranchOutcome[] outcomes;
        try
        {
            outcomes = await frame.Context.All(step.Name, bodies, options);
        }
        catch (StepFailedException e) when (FlowExit.From(e) is { } exit)
        {
            return new StepEnd(Value.Null, exit);
        }

        Value values = MergeValues(step, branches, outcomes, results);
        if (!frame.State.IsEmpty)
        {
            JoinState(
                frame,
                step.Name,
                origin,
                outcomes.Select(outcome => outcome.State),
                (i, field) => results.Fields.TryGetValue(branches[i].Key, out IReadOnlyCollection<string>? chosen) && !chosen.Contains(field) ? MergePolicy.None : results.PolicyOf(field));
        }

        frame.Variables.SetAll(values);
        if (results.Reduce is null && results.ReduceBy is null && !isNamed)
        {
            return new StepEnd(values);
        }

        KeyValuePair<string, Value>[] outputs = [.. branches.Select((branch, i) => KeyValuePair.Create(branch.Key, OutputOf(outcomes[i], results)))];
        if (results.ReduceBy is not null)
        {
            return new StepEnd(frame.With("branches", Value.Object(outputs)).Evaluate(results.ReduceBy, step.Name));
        }

        return new StepEnd(results.Reduce is { } reduce
            ? Reduce(step, reduce, [.. outputs.Where((_, i) => !outcomes[i].HasFailed)])
            : Value.Object(outputs));
    }

    /// <summary>What a branch sees of those it comes after.</summary>
    private static Variables Seen(Frame frame, IReadOnlyDictionary<string, BranchOutcome> before)
    {
        if (before.Count == 0)
        {
            return frame.Variables;
        }

        Variables variables = new(frame.Variables);
        foreach (BranchOutcome outcome in before.Values)
        {
            variables.SetAll(outcome.Block?.Values ?? Value.EmptyObject);
        }

        return variables;
    }

    private async Task<BranchOutcome> RunParallelBranch(Frame frame, ParallelBranch branch, BranchResults results)
    {
        BlockOutcome outcome;
        try
        {
            outcome = await RunSequence(frame, branch.Steps);
        }
        catch (StepFailedException e) when (results.OnFailure != BranchFailure.Propagate && e.Error.Type != FlowExit.ErrorType)
        {
            return new BranchOutcome(null, frame.StateDelta, ErrorValue(e));
        }

        return outcome.Exit is null ? new BranchOutcome(outcome, frame.StateDelta) : throw FlowExit.ToFailure(outcome.Exit, branch.Key);
    }

    private static Value OutputOf(BranchOutcome outcome, BranchResults results) =>
        outcome.Block is { } block ? block.Result
        : results.OnFailure == BranchFailure.Collect ? Value.Object(new KeyValuePair<string, Value>("error", outcome.Error))
        : Value.Null;

    /// <summary>The ids of all branches, each by its policy.</summary>
    private static Value MergeValues(FlowStep step, IReadOnlyList<ParallelBranch> branches, BranchOutcome[] outcomes, BranchResults results)
    {
        Dictionary<string, Value> merged = new(StringComparer.Ordinal);
        for (int i = 0; i < outcomes.Length; i++)
        {
            results.Fields.TryGetValue(branches[i].Key, out IReadOnlyCollection<string>? chosen);
            foreach (KeyValuePair<string, Value> entry in outcomes[i].Block?.Values.AsObject?.Entries ?? [])
            {
                MergePolicy policy = results.PolicyOf(entry.Key);
                if (policy == MergePolicy.None || chosen?.Contains(entry.Key) == false)
                {
                    continue;
                }

                if (!merged.TryGetValue(entry.Key, out Value before))
                {
                    merged.Add(entry.Key, entry.Value);
                    continue;
                }

                merged[entry.Key] = policy switch
                {
                    MergePolicy.First => before,
                    MergePolicy.Last => entry.Value,
                    MergePolicy.Deep => Merging.Deep(before, entry.Value),
                    _ => before.Equals(entry.Value) ? before : throw Conflict(step, $"'{entry.Key}'"),
                };
            }
        }

        return Value.Object(merged);
    }

    private static StepFailedException Conflict(FlowStep step, string what) =>
        Frame.Fail(step.Name, MergeConflict, $"two branches set {what} to different values (line {step.Line}); say with 'merge' which one counts");

    /// <summary>Puts together what blocks that ran side by side wrote to the state; the engine has applied them one after the other.</summary>
    /// <param name="policyOf">By the block's number and the field; what a block with the policy none wrote is taken back.</param>
    private static void JoinState(
        Frame frame, string step, Value origin, IEnumerable<IReadOnlyDictionary<string, JsonElement>?> changes, Func<int, string, MergePolicy> policyOf)
    {
        Dictionary<string, Value> joined = new(StringComparer.Ordinal);
        HashSet<string> touched = new(StringComparer.Ordinal);
        foreach ((int number, IReadOnlyDictionary<string, JsonElement>? change) in changes.Index())
        {
            foreach (KeyValuePair<string, Value> field in origin.AsObject?.Entries ?? [])
            {
                if (change is null || !change.TryGetValue(frame.State.Prefix + field.Key, out JsonElement json))
                {
                    continue;
                }

                touched.Add(field.Key);
                MergePolicy policy = policyOf(number, field.Key);
                if (policy == MergePolicy.None)
                {
                    continue;
                }

                Value value = Value.FromJson(json);
                Value both = value;
                if (joined.TryGetValue(field.Key, out Value before) && !Merging.TryJoin(field.Value, before, value, policy, out both))
                {
                    throw Frame.Fail(step, MergeConflict, $"two branches set state.{field.Key} to different values; say with 'merge' which one counts");
                }

                joined[field.Key] = both;
            }
        }

        foreach (string name in touched)
        {
            Value value = joined.TryGetValue(name, out Value both) ? both : origin.AsObject!.TryGet(name, out Value before) ? before : Value.Null;
            frame.State.Put(frame.Context.State, name, value, step);
        }
    }

    private static Value Reduce(FlowStep step, Reduction reduce, KeyValuePair<string, Value>[] outputs)
    {
        Value[] values = Array.ConvertAll(outputs, output => output.Value);
        switch (reduce)
        {
            case Reduction.Keys:
                return Value.List(Array.ConvertAll(outputs, output => Value.Of(output.Key)));
            case Reduction.Values:
                return Value.List(values);
            case Reduction.Union:
                return Value.Object(values.SelectMany(value => value.AsObject?.Entries ?? []));
            case Reduction.Concat:
                return Value.List([.. values.SelectMany(value => value.AsList?.Items ?? (value.IsNull ? [] : [value]))]);
            case Reduction.First:
                return values.Length == 0 ? Value.Null : values[0];
            case Reduction.Last:
                return values.Length == 0 ? Value.Null : values[^1];
            case Reduction.Majority:
                // The first of those that come most often.
                return values.GroupBy(value => value).OrderByDescending(group => group.Count()).Select(group => group.Key).FirstOrDefault();
            default:
                decimal sum = 0;
                foreach (KeyValuePair<string, Value> output in outputs)
                {
                    sum += output.Value.AsNumber is decimal number
                        ? number
                        : throw Frame.Fail(step.Name, ErrorTypes.InvalidInput, $"'sum' needs numbers, but branch '{output.Key}' gives {Operators.Name(output.Value)} (line {step.Line})");
                }

                return Value.Of(sum);
        }
    }
}
