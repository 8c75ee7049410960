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
}
