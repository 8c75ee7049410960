using System.Text.Json;

namespace Actors.Tests.Flows;

/// <summary>
/// The verbs of a flow without durability: bodies run at once, waits end at once. Everything that a verb returns goes through JSON, as in the engine, so that what does not
/// survive being recorded shows here too. Keys of verbs are in <see cref="FakeRun.Keys"/>.
/// </summary>
internal sealed class FakeContext(FakeRun run, string scope, CancellationToken cancelled) : IFlowContext
{
    private readonly Dictionary<string, int> _uses = new(StringComparer.Ordinal);

    public RunInfo Run { get; } = new(new RunId("r1"), "flow", "v", "default", "ann", FakeRun.Start);
    public DateTimeOffset Now => FakeRun.Start;
    public Random Random { get; } = new(1);
    public FlowState State => throw new NotSupportedException();

    public Guid NewId() => Guid.Empty;

    public Task<T> Transaction<TIn, T>(
        string name,
        TIn input,
        Func<TIn, ITransactionalStepContext, Task<T>> body,
        StepOptions? options = null,
        Func<TIn, FlowError, ITransactionalStepContext, Task<T>>? fallback = null) => throw new NotSupportedException("The flows of these tests have no transactions.");

    public async Task<T> Step<TIn, T>(
        string name, TIn input, Func<TIn, IStepContext, Task<T>> body, StepOptions? options = null, Func<TIn, FlowError, IStepContext, Task<T>>? fallback = null)
    {
        string key = Key(name);
        StepOptions chosen = options ?? StepOptions.Default;
        run.Options[key] = chosen;
        TIn given = FakeRun.RoundTrip(input);
        for (int attempt = 1; ; attempt++)
        {
            ThrowIfCancelled();
            try
            {
                return FakeRun.RoundTrip(await body(given, new FakeStep(Run, key, attempt, cancelled)));
            }
            catch (Exception e) when (e is not FlowCancelledException && !(e is OperationCanceledException && cancelled.IsCancellationRequested))
            {
                FlowError error = FlowError.From(e);
                if (e is TaskException { Retryable: false } || !chosen.Retry.Allows(attempt, error))
                {
                    throw new StepFailedException(key, FakeRun.RoundTrip(error));
                }
            }
            catch (OperationCanceledException)
            {
                throw new FlowCancelledException("sibling failed");
            }
        }
    }

    public Task Sleep(string name, TimeSpan duration)
    {
        run.Waits[Key(name)] = duration;
        return Task.CompletedTask;
    }

    public Task Until(string name, DateTimeOffset dueAt)
    {
        run.Untils[Key(name)] = dueAt;
        return Task.CompletedTask;
    }

    public Task<HumanAnswer> Ask(string name, HumanQuestion question)
    {
        string key = Key(name);
        run.Questions[key] = question;
        return Task.FromResult(FakeRun.RoundTrip(run.Answers.GetValueOrDefault(key) ?? new HumanAnswer(HumanQuestion.Approve, "bob", FakeRun.Start)));
    }

    public async Task<T> Scope<T>(string name, Func<IFlowContext, Task<T>> body, ScopeOptions? options = null)
    {
        string key = Key(name);
        run.Timeouts[key] = options?.Timeout;
        return FakeRun.RoundTrip(await body(new FakeContext(run, key + "/", cancelled)));
    }

    public async Task<T> Cached<TIn, T>(string name, TIn key, TimeSpan ttl, Func<IFlowContext, Task<T>> body)
    {
        string block = Key(name);
        string kept = $"{block} {JsonSerializer.Serialize(key, FlowJson.Options)}";
        run.CacheTimes[block] = ttl;
        if (!run.Cache.TryGetValue(kept, out string? json))
        {
            run.Cache[kept] = json = JsonSerializer.Serialize(await body(new FakeContext(run, block + "/body/", cancelled)), FlowJson.Options);
        }

        return JsonSerializer.Deserialize<T>(json, FlowJson.Options)!;
    }

    public async Task<T[]> All<T>(string name, IReadOnlyList<Branch<T>> branches, AllOptions? options = null)
    {
        string key = Key(name);
        run.Timeouts[key] = options?.Timeout;
        Assert.Equal(branches.Count, branches.Select(b => b.Key).Distinct().Count());
        TaskCompletionSource<T>[] ended = [.. branches.Select(_ => new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously))];
        return await Together(branches.Count, branches.Count, async (i, token) =>
        {
            Dictionary<string, T> before = [];
            foreach (string after in branches[i].After)
            {
                before[after] = FakeRun.RoundTrip(await ended[branches.Select(b => b.Key).ToList().IndexOf(after)].Task.WaitAsync(token));
            }

            T result = await branches[i].Body(new FakeContext(run, $"{key}/{CheckName(branches[i].Key)}/", token), before);
            ended[i].SetResult(result);
            return result;
        });
    }

    public async Task<TOut[]> Map<TItem, TOut>(
        string name, IReadOnlyList<TItem> items, Func<IFlowContext, TItem, int, Task<TOut>> body, MapOptions? options = null, Func<TItem, int, string>? key = null)
    {
        string map = Key(name);
        run.Timeouts[map] = options?.Timeout;
        run.Concurrency[map] = options!.Concurrency;
        return await Together(items.Count, options.Concurrency, (i, token) => body(new FakeContext(run, $"{map}[{i}]/", token), FakeRun.RoundTrip(items[i]), i));
    }

    public void CleanUp(string name, Func<IFlowContext, Task> body) => run.CleanUps.Add(() => body(new FakeContext(run, CheckName(name) + "/", CancellationToken.None)));

    public Task<Signal<T>> WaitFor<T>(string name, TimeSpan? timeout = null) => throw new NotSupportedException();

    public Task Signal<T>(string name, RunId to, string signal, T payload)
    {
        run.Signals[Key(name)] = (to, signal, JsonSerializer.SerializeToElement(payload, FlowJson.Options));
        return Task.CompletedTask;
    }

    public Task Emit<T>(string name, string eventName, T data)
    {
        run.Events[Key(name)] = (eventName, JsonSerializer.SerializeToElement(data, FlowJson.Options));
        return Task.CompletedTask;
    }

    public Task<TOut> Call<TIn, TOut>(string name, string flow, TIn input, CallOptions? options = null) => throw new NotSupportedException();

    public Task<RunId> Start<TIn>(string name, string flow, TIn input, CallOptions? options = null) => throw new NotSupportedException();

    public Task<AnyResult<T>> Any<T>(string name, IReadOnlyList<Branch<T>> branches, ScopeOptions? options = null) => throw new NotSupportedException();

    public Task<T> Loop<T>(string name, T carried, Func<IFlowContext, T, int, Task<Iteration<T>>> body, LoopOptions? options = null) => throw new NotSupportedException();

    public void Report(string message, double? progress = null)
    {
    }

    // The first failure cancels the others, which are waited for, as the interface promises.
    private async Task<T[]> Together<T>(int count, int concurrency, Func<int, CancellationToken, Task<T>> body)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        using SemaphoreSlim slots = new(concurrency);
        StepFailedException? first = null;
        T[] results = new T[count];
        async Task One(int i)
        {
            await slots.WaitAsync(CancellationToken.None);
            try
            {
                if (!stop.IsCancellationRequested)
                {
                    results[i] = FakeRun.RoundTrip(await body(i, stop.Token));
                }
            }
            catch (StepFailedException e)
            {
                first ??= e;
                await stop.CancelAsync();
            }
            catch (FlowCancelledException) when (first is not null)
            {
                run.CancelledBranches++;
            }
            finally
            {
                slots.Release();
            }
        }

        await Task.WhenAll(Enumerable.Range(0, count).Select(One).ToArray());
        return first is null ? results : throw new StepFailedException(first.StepKey, FakeRun.RoundTrip(first.Error));
    }

    private string Key(string name)
    {
        ThrowIfCancelled();
        CheckName(name);
        int use = _uses[name] = _uses.GetValueOrDefault(name) + 1;
        string key = scope + (use == 1 ? name : $"{name}#{use}");
        lock (run.Keys)
        {
            Assert.DoesNotContain(key, run.Keys);
            run.Keys.Add(key);
        }

        return key;
    }

    private static string CheckName(string name)
    {
        Assert.InRange(name.Length, 1, 100);
        Assert.False(name.AsSpan().ContainsAny("/#[]%"), name);
        return name;
    }

    private void ThrowIfCancelled()
    {
        if (cancelled.IsCancellationRequested)
        {
            throw new FlowCancelledException("sibling failed");
        }
    }

    private sealed class FakeStep(RunInfo run, string key, int attempt, CancellationToken cancelled) : IStepContext
    {
        public RunInfo Run => run;
        public string StepKey => key;
        public int Attempt => attempt;
        public string IdempotencyKey => $"{run.Id}:{key}";
        public CancellationToken CancellationToken => cancelled;
        public TimeProvider Time => TimeProvider.System;
    }
}

/// <summary>What a run on the <see cref="FakeContext"/> did.</summary>
internal sealed class FakeRun
{
    public static readonly DateTimeOffset Start = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public List<string> Keys { get; } = [];
    public Dictionary<string, StepOptions> Options { get; } = [];
    public Dictionary<string, TimeSpan> Waits { get; } = [];
    public Dictionary<string, DateTimeOffset> Untils { get; } = [];
    public Dictionary<string, HumanQuestion> Questions { get; } = [];
    public Dictionary<string, HumanAnswer> Answers { get; } = [];
    public Dictionary<string, TimeSpan?> Timeouts { get; } = [];
    public Dictionary<string, int> Concurrency { get; } = [];
    public Dictionary<string, (RunId To, string Signal, JsonElement Payload)> Signals { get; } = [];
    public Dictionary<string, (string Name, JsonElement Data)> Events { get; } = [];
    public Dictionary<string, string> Cache { get; init; } = [];
    public Dictionary<string, TimeSpan> CacheTimes { get; } = [];
    public List<Func<Task>> CleanUps { get; } = [];
    public int CancelledBranches { get; set; }

    public FakeContext Context() => new(this, "", CancellationToken.None);

    public static T RoundTrip<T>(T value)
    {
        byte[] first = JsonSerializer.SerializeToUtf8Bytes(value, FlowJson.Options);
        T again = JsonSerializer.Deserialize<T>(first, FlowJson.Options)!;
        Assert.Equal(first, JsonSerializer.SerializeToUtf8Bytes(again, FlowJson.Options));
        return again;
    }
}
