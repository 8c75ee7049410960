using System.Text.Json;

namespace Actors.Runs;

/// <summary>How the composites go on inside their scopes: blocks whose value is cached, branches side by side, maps, races and loops.</summary>
internal sealed partial class FlowContext
{
    private async Task<T> CachedAsync<T>(string hash, TimeSpan ttl, Func<IFlowContext, Task<T>> body)
    {
        CachedValue found = await Step("lookup", hash, (k, step) => BlockCache.ReadAsync<T>(Grain.Services, Run, k, step.CancellationToken));
        if (found.Hit)
        {
            return await ReadAsync<T>(found.Value ?? default, KeyOf("lookup"));
        }

        T value = await Scope("body", body);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(value, FlowJson.Options);
        await Step("store", hash, (k, step) => BlockCache.WriteAsync(Grain.Services, Run, k, json, ttl, step.CancellationToken));
        return value;
    }

    private async Task<T[]> JoinAsync<T>(Branch<T>[] branches, BranchPlan plan, int concurrency)
    {
        ScopeVerb?[] verbs = new ScopeVerb?[branches.Length];
        ScopeResult[] ended = new ScopeResult[branches.Length];
        T[] results = new T[branches.Length];
        int[] waitsFor = new int[branches.Length];
        PriorityQueue<int, int> ready = new();
        List<Task> runs = new(branches.Length);
        FlowFailure failure = new();
        int running = 0;

        void BeginReady()
        {
            while (running < concurrency && failure is { First: null, Cancelled: null } && !IsCancelled && ready.TryDequeue(out int next, out _))
            {
                running++;
                runs.Add(RunAsync(next));
            }
        }

        async Task RunAsync(int i)
        {
            IReadOnlyList<int> before = plan.AllBefore(i);
            BranchResults<T> given = new([.. before.Select(b => (branches[b].Key, ended[b].Value))]);
            ScopeVerb verb = verbs[i] = OpenBranch(branches[i].Key, inner => branches[i].Body(inner, given), basis: StateAfter(before, ended));
            await WatchAsync(verb, failure, () => CancelAll(verbs, failure));
            running--;
            if (verb.Task.IsCompletedSuccessfully)
            {
                ended[i] = await verb.Task;
                results[i] = await ReadAsync<T>(ended[i].Value, verb.Key);
                foreach (int dependent in plan.DependentsOf(i))
                {
                    if (--waitsFor[dependent] == 0)
                    {
                        ready.Enqueue(dependent, dependent);
                    }
                }
            }

            BeginReady();
        }

        for (int i = 0; i < branches.Length; i++)
        {
            waitsFor[i] = plan.CountAfter(i);
            if (waitsFor[i] == 0)
            {
                ready.Enqueue(i, i);
            }
        }

        BeginReady();
        // A branch that ends begins those that waited for it, so that the list may grow as long as one of it runs.
        for (int i = 0; i < runs.Count; i++)
        {
            await runs[i];
        }

        failure.Throw();
        if (runs.Count < branches.Length)
        {
            throw new FlowCancelledException(EffectiveReason);
        }

        foreach (int i in plan.Order)
        {
            State.Apply(ended[i].Delta);
        }

        return results;
    }

    // What a branch sees of those it comes after; its own writes stay apart from it.
    private FlowState? StateAfter(IReadOnlyList<int> before, ScopeResult[] ended)
    {
        if (before.Count == 0)
        {
            return null;
        }

        FlowState state = new(State);
        foreach (int i in before)
        {
            state.Apply(ended[i].Delta);
        }

        return state;
    }

    private async Task<TOut[]> MapAsync<TItem, TOut>(IReadOnlyList<TItem> items, string[] keys, Func<IFlowContext, TItem, int, Task<TOut>> body, int concurrency)
    {
        ScopeVerb?[] verbs = new ScopeVerb?[items.Count];
        FlowFailure failure = new();
        int next = 0;

        async Task WorkAsync()
        {
            while (next < items.Count && failure.First is null && !IsCancelled)
            {
                int i = next++;
                ScopeVerb verb = verbs[i] = OpenBranch(keys[i], inner => body(inner, items[i], i), isKeyed: true);
                await WatchAsync(verb, failure, () => CancelAll(verbs, failure));
                if (concurrency == 1 && failure.First is null && verb.HasOutcome)
                {
                    // Nothing runs beside it: the next item sees what this one has written.
                    State.Apply((await verb.Task).Delta);
                }
            }
        }

        Task[] workers = new Task[Math.Min(concurrency, items.Count)];
        for (int i = 0; i < workers.Length; i++)
        {
            workers[i] = WorkAsync();
        }

        await Task.WhenAll(workers);
        failure.Throw();
        if (IsCancelled)
        {
            throw new FlowCancelledException(EffectiveReason);
        }

        TOut[] results = new TOut[items.Count];
        for (int i = 0; i < results.Length; i++)
        {
            ScopeResult result = await verbs[i]!.Task;
            if (concurrency > 1)
            {
                State.Apply(result.Delta);
            }

            results[i] = await ReadAsync<TOut>(result.Value, verbs[i]!.Key);
        }

        return results;
    }

    private async Task<AnyResult<T>> RaceAsync<T>(Branch<T>[] branches)
    {
        ScopeVerb[] verbs = new ScopeVerb[branches.Length];
        int winner = -1;
        FlowFailure last = new();

        async Task RunAsync(int index)
        {
            try
            {
                await verbs[index].Task;
                if (winner < 0)
                {
                    winner = index;
                    for (int i = 0; i < verbs.Length; i++)
                    {
                        if (i != index && verbs[i] is { HasOutcome: false, Closed: false, Inner: { } inner })
                        {
                            inner.Cancel($"Branch '{branches[index].Key}' was first.");
                        }
                    }
                }
            }
            catch (StepFailedException e)
            {
                last.First = e;
            }
            catch (FlowCancelledException e)
            {
                last.First ??= e;
            }
        }

        for (int i = 0; i < verbs.Length; i++)
        {
            Branch<T> branch = branches[i];
            verbs[i] = OpenBranch(branch.Key, inner => branch.Body(inner, new BranchResults<T>([])));
        }

        Task[] runs = new Task[branches.Length];
        for (int i = 0; i < runs.Length; i++)
        {
            runs[i] = RunAsync(i);
        }

        await Task.WhenAll(runs);
        if (winner < 0)
        {
            last.Throw();
        }

        ScopeResult won = await verbs[winner].Task;
        State.Apply(won.Delta);
        return new AnyResult<T>(branches[winner].Key, await ReadAsync<T>(won.Value, verbs[winner].Key));
    }

    private async Task<T> LoopAsync<T>(T carried, Func<IFlowContext, T, int, Task<Iteration<T>>> body, int iterationsMax)
    {
        // What an iteration receives is always what the journal holds, the first one too.
        T value = Results.Decode<T>(Results.Encode(carried, Grain.Services.Options.PayloadBytesMax), _path);
        int iteration = 0;
        if (_node.Progress is { } last)
        {
            ProgressVerb resumed = new();
            OpenProgress(resumed);
            resumed.HasOutcome = true;
            Dictionary<string, JsonElement>? state = _node.IterationState;
            List<OpenCompensation>? compensations = _node.IterationCompensations;
            Grain.Enqueue(resumed, last);
            ScopeEndedBody ended = await resumed.Task;
            State.Apply(state);
            Compensations.AddRange(compensations ?? []);
            value = await ReadAsync<T>(ended.Value ?? default, _path);
            iteration = ended.Iteration!.Value + 1;
        }

        while (true)
        {
            if (iteration >= iterationsMax)
            {
                throw new TaskException($"The loop came to its limit of {iterationsMax:N0} iterations.") { Type = ErrorTypes.LoopLimit };
            }

            FlowContext inner = Nest($"[{iteration}]");
            int number = iteration;
            T given = value;
            (Iteration<T> next, FlowError? error, bool cancelled, _) = await inner.RunToEndAsync(c => body(c, given, number));
            Unnest(inner);
            if (cancelled || IsCancelled)
            {
                await AdoptAsync(inner);
                throw new FlowCancelledException(EffectiveReason);
            }

            Compensations.AddRange(inner.Compensations);
            if (error is not null)
            {
                throw new StepFailedException($"{_path}[{iteration}]", error);
            }

            State.Apply(inner.State.Delta);
            if (!next.Continue)
            {
                return next.Value;
            }

            JsonElement json = EntryBody.ToElement(Results.Encode(next.Value, Grain.Services.Options.PayloadBytesMax));
            ProgressVerb progress = new();
            OpenProgress(progress);
            progress.Record(new ScopeEndedBody(json, null, inner.State.Delta, inner.Compensations.Count == 0 ? null : inner.Compensations, iteration));
            ScopeEndedBody recorded = await progress.Task;
            value = await ReadAsync<T>(recorded.Value ?? default, _path);
            iteration++;
        }
    }

    private static async Task WatchAsync(ScopeVerb verb, FlowFailure failure, Action onFailure)
    {
        try
        {
            await verb.Task;
        }
        catch (StepFailedException e)
        {
            if (failure.First is null)
            {
                failure.First = e;
                onFailure();
            }
        }
        catch (FlowCancelledException e)
        {
            failure.Cancelled ??= e;
        }
    }

    private static void CancelAll(IEnumerable<ScopeVerb?> branches, FlowFailure failure)
    {
        foreach (ScopeVerb? branch in branches)
        {
            if (branch is { HasOutcome: false, Closed: false, Inner: { } inner })
            {
                inner.Cancel($"Another branch failed: {failure.First!.Message}");
            }
        }
    }

    /// <summary>Reads a recorded value; when it is not of this type any more the run is parked and the task never completes.</summary>
    private Task<T> ReadAsync<T>(JsonElement value, string key)
    {
        try
        {
            return Task.FromResult(value.ValueKind == JsonValueKind.Undefined ? default! : value.Deserialize<T>(FlowJson.Options)!);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            Grain.Park("FlowChanged", $"The recorded value of '{key}' cannot be read as {typeof(T).Name}: {Text.Shorten(e.Message, 300)}");
            return new TaskCompletionSource<T>().Task;
        }
    }

    private static Branch<T>[] CheckBranches<T>(string name, IReadOnlyList<Branch<T>> branches)
    {
        ArgumentNullException.ThrowIfNull(branches);
        CheckName(name);
        foreach (Branch<T> branch in branches)
        {
            CheckName(branch.Key);
            ArgumentNullException.ThrowIfNull(branch.Body, nameof(branches));
        }

        if (branches.Select(b => b.Key).Distinct(StringComparer.Ordinal).Count() != branches.Count)
        {
            throw new ArgumentException($"The branches of '{name}' need keys of their own.", nameof(branches));
        }

        return [.. branches];
    }

    /// <summary>The first failure among branches; it decides what the whole throws.</summary>
    private sealed class FlowFailure
    {
        public Exception? First { get; set; }

        public FlowCancelledException? Cancelled { get; set; }

        public void Throw()
        {
            if ((First ?? Cancelled) is { } exception)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(exception);
            }
        }
    }
}
