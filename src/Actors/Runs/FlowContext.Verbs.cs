using System.Text.Json;

namespace Actors.Runs;

internal sealed partial class FlowContext
{
    public Task<T> Step<TIn, T>(
        string name,
        TIn input,
        Func<TIn, IStepContext, Task<T>> body,
        StepOptions? options = null,
        Func<TIn, FlowError, IStepContext, Task<T>>? fallback = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        return OpenStep(name, input, body, options, fallback, isTransactional: false);
    }

    public Task<T> Transaction<TIn, T>(
        string name,
        TIn input,
        Func<TIn, ITransactionalStepContext, Task<T>> body,
        StepOptions? options = null,
        Func<TIn, FlowError, ITransactionalStepContext, Task<T>>? fallback = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        return OpenStep(
            name,
            input,
            (value, step) => body(value, (ITransactionalStepContext)step),
            options,
            fallback is null ? null : (value, error, step) => fallback(value, error, (ITransactionalStepContext)step),
            isTransactional: true);
    }

    private Task<T> OpenStep<TIn, T>(
        string name,
        TIn input,
        Func<TIn, IStepContext, Task<T>> body,
        StepOptions? options,
        Func<TIn, FlowError, IStepContext, Task<T>>? fallback,
        bool isTransactional)
    {
        CheckName(name);
        StepOptions checkedOptions = options ?? StepOptions.Default;
        ArgumentOutOfRangeException.ThrowIfLessThan(checkedOptions.Retry.MaxAttempts, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(checkedOptions.Retry.MaxAttempts, RetryPolicy.AttemptsMax, nameof(options));
        StepVerb<TIn, T> verb = new(input, body, checkedOptions, fallback, isTransactional);
        Open(name, verb);
        return verb.Task;
    }

    public Task Sleep(string name, TimeSpan duration)
    {
        CheckName(name);
        return duration <= TimeSpan.Zero ? Task.CompletedTask : OpenTimer(name, now => RunGrain.Later(now, duration));
    }

    public Task Until(string name, DateTimeOffset dueAt)
    {
        CheckName(name);
        DateTimeOffset due = DateTimeOffset.FromUnixTimeMilliseconds(dueAt.ToUnixTimeMilliseconds());
        due = due < RunGrain.LastTime ? due : RunGrain.LastTime;
        return due <= Now ? Task.CompletedTask : OpenTimer(name, _ => due);
    }

    public Task<HumanAnswer> Ask(string name, HumanQuestion question)
    {
        ArgumentNullException.ThrowIfNull(question);
        CheckName(name);
        ArgumentException.ThrowIfNullOrWhiteSpace(question.Title, nameof(question));
        if (question.Decisions.Count == 0)
        {
            throw new ArgumentException("A question needs at least one decision to choose.", nameof(question));
        }

        AskVerb verb = new(question with { Title = Text.Shorten(question.Title, 500) });
        Open(name, verb);
        return verb.Task;
    }

    public async Task<Signal<T>> WaitFor<T>(string name, TimeSpan? timeout = null)
    {
        CheckName(name);
        SignalVerb verb = new(name, timeout);
        Open(name, verb);
        WaitOutcome outcome = await verb.Task;
        if (!outcome.Received)
        {
            return new Signal<T>(false, default, null);
        }

        try
        {
            return new Signal<T>(true, outcome.Payload.Deserialize<T>(FlowJson.Options), outcome.By);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            // What comes from outside may be anything: it fails the wait, in every walk alike, and does not park the run.
            throw new StepFailedException(verb.Key, new FlowError(ErrorTypes.InvalidInput, $"The payload of signal '{name}' cannot be read as {typeof(T).Name}: {Text.Shorten(e.Message, 300)}"));
        }
    }

    public Task Signal<T>(string name, RunId run, string signal, T payload)
    {
        CheckName(name);
        CheckName(signal);
        if (run == default)
        {
            throw new ArgumentException("The id of the run is empty.", nameof(run));
        }

        SignalSendVerb verb = new(run, signal, JsonSerializer.SerializeToUtf8Bytes(payload, FlowJson.Options));
        Open(name, verb);
        return verb.Task;
    }

    public Task Emit<T>(string name, string eventName, T data)
    {
        CheckName(name);
        ArgumentException.ThrowIfNullOrWhiteSpace(eventName);
        if (eventName.Length > EventNameLengthMax || eventName.Any(char.IsControl) || !IsUnicode(eventName))
        {
            throw new ArgumentException($"'{Text.Shorten(eventName, 100)}' is not a name for an event: 1 to {EventNameLengthMax} characters, no control characters or halves of a character.", nameof(eventName));
        }

        byte[] json = JsonSerializer.SerializeToUtf8Bytes(data, FlowJson.Options);
        if (json.Length > EventBytesMax)
        {
            throw new StepFailedException(KeyOf(name), new FlowError(ErrorTypes.PayloadTooLarge, $"The data of event '{eventName}' has {json.Length:N0} bytes of JSON; {EventBytesMax:N0} are allowed."));
        }

        EmitVerb verb = new(EntryBody.Write(new EventEmittedBody(eventName, EntryBody.ToElement(json))));
        Open(name, verb);
        return verb.Task;
    }

    public async Task<TOut> Call<TIn, TOut>(string name, string flow, TIn input, CallOptions? options = null)
    {
        CheckName(name);
        ArgumentException.ThrowIfNullOrEmpty(flow);
        CallVerb<TIn> verb = new(flow, input, options ?? new CallOptions(), wait: true);
        Open(name, verb);
        return await ReadAsync<TOut>(await verb.Task, verb.Key);
    }

    public async Task<RunId> Start<TIn>(string name, string flow, TIn input, CallOptions? options = null)
    {
        CheckName(name);
        ArgumentException.ThrowIfNullOrEmpty(flow);
        CallVerb<TIn> verb = new(flow, input, options ?? new CallOptions(), wait: false);
        Open(name, verb);
        return new RunId((await verb.Task).GetString()!);
    }

    public Task<T> Scope<T>(string name, Func<IFlowContext, Task<T>> body, ScopeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        CheckName(name);
        return OpenScope<T>(name, inner => body(inner), options?.Timeout);
    }

    public Task<T> Cached<TIn, T>(string name, TIn key, TimeSpan ttl, Func<IFlowContext, Task<T>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ttl, TimeSpan.Zero);
        CheckName(name);
        string hash = BlockCache.KeyOf(Run.Flow, KeyOf(name), JsonSerializer.SerializeToUtf8Bytes(key, FlowJson.Options));
        return OpenScope(name, inner => inner.CachedAsync(hash, ttl, body), null);
    }

    public Task<T[]> All<T>(string name, IReadOnlyList<Branch<T>> branches, AllOptions? options = null)
    {
        Branch<T>[] all = CheckBranches(name, branches);
        AllOptions checkedOptions = options ?? new AllOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(checkedOptions.Concurrency, 1, nameof(options));
        BranchPlan plan = BranchPlan.Of(name, Array.ConvertAll(all, static b => b.Key), i => all[i].After);
        return OpenScope(name, inner => inner.JoinAsync(all, plan, checkedOptions.Concurrency), checkedOptions.Timeout);
    }

    public Task<AnyResult<T>> Any<T>(string name, IReadOnlyList<Branch<T>> branches, ScopeOptions? options = null)
    {
        Branch<T>[] all = CheckBranches(name, branches);
        if (all.Length == 0)
        {
            throw new ArgumentException("Any needs at least one branch.", nameof(branches));
        }

        if (Array.Find(all, static b => b.After.Count > 0) is { Key: { } late })
        {
            throw new ArgumentException($"Branch '{late}' of '{name}' comes after others, but Any starts all its branches at once.", nameof(branches));
        }

        return OpenScope(name, inner => inner.RaceAsync(all), options?.Timeout);
    }

    public Task<TOut[]> Map<TItem, TOut>(
        string name,
        IReadOnlyList<TItem> items,
        Func<IFlowContext, TItem, int, Task<TOut>> body,
        MapOptions? options = null,
        Func<TItem, int, string>? key = null)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(body);
        CheckName(name);
        MapOptions checkedOptions = options ?? new MapOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(checkedOptions.Concurrency, 1, nameof(options));
        string[] keys = new string[items.Count];
        for (int i = 0; i < keys.Length; i++)
        {
            keys[i] = Bracket(key is null ? i.ToString(System.Globalization.CultureInfo.InvariantCulture) : key(items[i], i));
        }

        if (key is not null && keys.Distinct(StringComparer.Ordinal).Count() != keys.Length)
        {
            throw new ArgumentException($"The keys of the items of '{name}' are not unique.", nameof(key));
        }

        return OpenScope(name, inner => inner.MapAsync(items, keys, body, checkedOptions.Concurrency), checkedOptions.Timeout);
    }

    public Task<T> Loop<T>(string name, T carried, Func<IFlowContext, T, int, Task<Iteration<T>>> body, LoopOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        CheckName(name);
        LoopOptions checkedOptions = options ?? new LoopOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(checkedOptions.MaxIterations, 1, nameof(options));
        return OpenScope(name, inner => inner.LoopAsync(carried, body, checkedOptions.MaxIterations), checkedOptions.Timeout);
    }

    private Task<bool> OpenTimer(string name, Func<DateTimeOffset, DateTimeOffset> dueAt)
    {
        TimerVerb verb = new(dueAt);
        Open(name, verb);
        return verb.Task;
    }

    private async Task<T> OpenScope<T>(string name, Func<FlowContext, Task<T>> body, TimeSpan? limit)
    {
        ScopeVerb<T> verb = new(body, limit, isBranch: false);
        Open(name, verb);
        return await ReadAsync<T>((await verb.Task).Value, verb.Key);
    }

    /// <summary>A scope whose state is kept back for its parent to merge.</summary>
    /// <param name="basis">The state that the branch begins with, in place of this scope's; null for this scope's.</param>
    private ScopeVerb<T> OpenBranch<T>(string key, Func<IFlowContext, Task<T>> body, bool isKeyed = false, FlowState? basis = null)
    {
        ScopeVerb<T> verb = new(inner => body(inner), null, isBranch: true) { Basis = basis };
        Open(key, verb, isKeyed);
        return verb;
    }

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
            (Iteration<T> next, FlowError? error, bool cancelled) = await inner.RunToEndAsync(c => body(c, given, number));
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
