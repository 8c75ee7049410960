using Actors.Storage;

namespace Actors.Simulation;

/// <param name="Tree">The number of the tree in the catalogue.</param>
/// <param name="Parent">The run that calls this one; null for none.</param>
/// <param name="Path">Empty for the run that the test starts; for a child the path of the call, with a slash at the end.</param>
internal sealed record TreeInput(int Tree, string Path, long Value, string? Parent = null);

/// <summary>Told of every call of a step's body. Thread-safe only where its user needs it to be.</summary>
internal interface IProbe
{
    void OnCall(IStepContext step, string key, long input);

    void OnUndo(IStepContext step, string what);

    /// <summary>A body is over, however it ended.</summary>
    void OnEnd(IStepContext step)
    {
    }
}

/// <summary>Runs trees over the verbs of the real engine.</summary>
internal sealed class TreeFlow : Flow<TreeInput, long>
{
    public const string FlowName = "tree";

    private static readonly TimeSpan Never = TimeSpan.FromDays(300);

    private readonly IReadOnlyList<Node> _trees;
    private readonly Dictionary<Node, int> _numbers = new(ReferenceEqualityComparer.Instance);
    private readonly IProbe _probe;

    // Of each run that is being walked.
    private readonly Dictionary<RunId, string?> _parents = [];

    /// <param name="trees">The roots; calls find their own trees below them.</param>
    public TreeFlow(IEnumerable<Node> trees, IProbe probe)
    {
        _probe = probe;
        List<Node> all = [.. trees];
        foreach (CallNode call in all.ToArray().SelectMany(Values.All).OfType<CallNode>())
        {
            _numbers.TryAdd(call.Body, all.Count);
            all.Add(call.Body);
        }

        _trees = all;
        Compensation<long>("undo", (_, step) => UndoAsync(step));
    }

    public override string Name => FlowName;

    public override Task<long> RunAsync(IFlowContext ctx, TreeInput input)
    {
        _parents[ctx.Run.Id] = input.Parent;
        return RunAsync(ctx, _trees[input.Tree], input.Value, input.Path);
    }

    private async Task<long> RunAsync(IFlowContext ctx, Node node, long v, string path)
    {
        string name = NameOf(node);
        switch (node)
        {
            case StepNode step:
                return await ctx.Step(name, v, (input, s) => BodyAsync(step, input, s, path), OptionsOf(step), step.Fallback ? (input, _, s) => FallbackAsync(step, input, s, path) : null);
            case RepeatNode repeat:
                return await ctx.Scope(name, async inner =>
                {
                    long value = v;
                    for (int i = 0; i < repeat.Count; i++)
                    {
                        value = await inner.Step("again", value, (input, s) => BodyAsync(new StepNode(node.Id), input, s, path));
                    }

                    return value;
                });
            case SequenceNode sequence:
                foreach (Node item in sequence.Items)
                {
                    v = await RunAsync(ctx, item, v, path);
                }

                return v;
            case IfNode branch:
                return await RunAsync(ctx, v % 2 == 0 ? branch.Then : branch.Else, v, path);
            case AllNode all:
                return (await ctx.All(name, BranchesOf(all.Branches, v, path, all.After), new AllOptions { Concurrency = all.Concurrency })).Aggregate(0L, Values.Mix);
            case AnyNode any:
                // Which branch wins depends on timing, so its value is not looked at.
                await ctx.Any(name, BranchesOf(any.Branches, v, path));
                return Values.Mix(node.Id, v);
            case MapNode map:
                long[] items = [.. Enumerable.Range(0, map.Count).Select(i => v + i)];
                return (await ctx.Map(name, items, (inner, item, _) => RunAsync(inner, map.Body, item, path), new MapOptions { Concurrency = map.Concurrency })).Aggregate(0L, Values.Mix);
            case LoopNode loop:
                return await ctx.Loop(name, v, async (inner, carried, i) =>
                {
                    long next = await RunAsync(inner, loop.Body, carried, path);
                    return i + 1 < loop.Count ? Iteration.Next(next) : Iteration.Done(next);
                });
            case ScopeNode scope:
                return await ctx.Scope(name, inner => RunAsync(inner, scope.Body, v, path), new ScopeOptions { Timeout = scope.Limited ? Never : null });
            case TimeoutNode timeout:
                return await ctx.Scope(
                    name,
                    async inner =>
                    {
                        long value = await RunAsync(inner, timeout.Body, v, path);
                        await inner.WaitFor<long>("never");
                        return value;
                    },
                    new ScopeOptions { Timeout = TimeSpan.FromMilliseconds(timeout.LimitMs) });
            case SleepNode sleep:
                await ctx.Sleep(name, TimeSpan.FromMilliseconds(sleep.Ms));
                return v;
            case AskNode ask:
                HumanAnswer answer = await ctx.Ask(name, new HumanQuestion(ask.Expires ? "Nobody answers this" : $"Go on with {name}?") { Due = ask.Expires ? TimeSpan.FromSeconds(20) : ask.Id % 2 == 0 ? Never : null });
                return Values.Mix(v, answer.Expired ? 3 : answer.Approved ? 1 : 2);
            case WaitNode wait:
                Signal<long> signal = await ctx.WaitFor<long>(name, wait.Expires ? TimeSpan.FromSeconds(15) : wait.Id % 2 == 0 ? Never : null);
                return Values.Mix(v, signal.Received ? signal.Value : 5);
            case CallNode call:
                return await ctx.Call<TreeInput, long>(name, FlowName, new TreeInput(_numbers[call.Body], $"{path}{ScopeOf(ctx)}{name}>", v, ctx.Run.Id.Value));
            case SetNode:
                long seen = ctx.State.Get<long>(Values.StateKey(node.Id + 1));
                ctx.State.Set(Values.StateKey(node.Id), Values.Mix(v, node.Id));
                return Values.Mix(v, seen);
            case TryNode attempt:
                try
                {
                    return await RunAsync(ctx, attempt.Body, v, path);
                }
                catch (StepFailedException)
                {
                    return Values.Caught;
                }

            case CleanUpNode:
                ctx.CleanUp(name, inner => inner.Step("sweep", v, (input, s) => BodyAsync(new StepNode(node.Id), input, s, path)));
                return v;
            case ReportNode:
                ctx.Report($"at {node.Id}");
                return v;
            case EmitNode:
                await ctx.Emit(name, "at", node.Id);
                return v;
            case SendNode:
                return await ctx.Scope(name, inner => SendAsync(inner, node.Id, v));
            case CachedNode cached:
                return await ctx.Cached(name, v % 3, Never, inner => RunAsync(inner, cached.Body, v % 3, path));
            default:
                throw new InvalidOperationException($"{node.GetType().Name} is unknown.");
        }
    }

    public static string NameOf(Node node) => node switch
    {
        StepNode => $"s{node.Id}",
        AskNode { Expires: true } or WaitNode { Expires: true } => $"x{node.Id}",
        _ => $"n{node.Id}",
    };

    private static StepOptions OptionsOf(StepNode step) => new()
    {
        Retry = new RetryPolicy { MaxAttempts = step.Attempts, Delay = TimeSpan.FromMilliseconds(step.RetryMs), Backoff = Backoff.Fixed },
        Compensation = step.Undo ? "undo" : null,
    };

    private Branch<long>[] BranchesOf(Node[] branches, long v, string path, int[][]? after = null) =>
    [
        .. branches.Select((b, i) => new Branch<long>(
            $"b{i}", after is null ? [] : [.. after[i].Select(a => $"b{a}")], (inner, before) => RunAsync(inner, b, v + i + before.Values.Sum(), path))),
    ];

    private async Task<long> SendAsync(IFlowContext ctx, int id, long v)
    {
        if (_parents[ctx.Run.Id] is { } parent)
        {
            try
            {
                await ctx.Signal("up", new RunId(parent), "from below", v);
            }
            catch (StepFailedException e) when (e.Error.Type == ErrorTypes.RunEnded)
            {
            }
        }

        await ctx.Signal("self", ctx.Run.Id, $"own{id}", v);
        // Of several at once nobody knows which is whose.
        return Values.Mix(v, (await ctx.WaitFor<long>($"own{id}")).Received ? 9 : 0);
    }

    private async Task<long> BodyAsync(StepNode node, long input, IStepContext step, string path)
    {
        _probe.OnCall(step, path + step.StepKey, input);
        try
        {
            if (node.BodyMs > 0)
            {
                await WorkAsync(TimeSpan.FromMilliseconds(node.BodyMs), step).ConfigureAwait(false);
            }
        }
        finally
        {
            _probe.OnEnd(step);
        }

        return step.Attempt > node.Fails ? Values.Mix(node.Id, input) : throw new TaskException($"Attempt {step.Attempt} of {node.Id} fails.", "boom");
    }

    // Not Task.Delay with a token: when that is cancelled its waiters go on on the thread pool.
    private static async Task WorkAsync(TimeSpan time, IStepContext step)
    {
        TaskCompletionSource over = new();
        await using ITimer timer = step.Time.CreateTimer(static state => ((TaskCompletionSource)state!).TrySetResult(), over, time, Timeout.InfiniteTimeSpan);
        await using CancellationTokenRegistration cancelled = step.CancellationToken.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetCanceled(), over);
        await over.Task.ConfigureAwait(false);
    }

    private async Task<long> FallbackAsync(StepNode node, long input, IStepContext step, string path)
    {
        _probe.OnCall(step, path + step.StepKey + "!", input);
        _probe.OnEnd(step);
        await Task.CompletedTask;
        return Values.Mix(node.Id, input) + 1;
    }

    private async Task UndoAsync(IStepContext step)
    {
        _probe.OnUndo(step, step.StepKey);
        _probe.OnEnd(step);
        await Task.CompletedTask;
        // Every other compensation needs a second attempt.
        if (step.Attempt == 1 && step.StepKey.Length % 2 == 0)
        {
            throw new TaskException("Not yet.");
        }
    }

    // The path of a call has to name the scope it is made in, or two calls of one node in a loop could not be told apart.
    private static string ScopeOf(IFlowContext ctx) => ctx is Runs.FlowContext { Path: { Length: > 0 } scope } ? scope + "/" : "";
}
