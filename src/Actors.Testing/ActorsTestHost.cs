using System.Collections.Concurrent;
using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Testing;

/// <summary>How a test host is set up.</summary>
public sealed record ActorsTestOptions
{
    /// <summary>The silo's settings.</summary>
    public SiloOptions Silo { get; init; } = new();

    /// <summary>Default: a new <see cref="MemoryStore"/>.</summary>
    public IStore? Store { get; init; }

    /// <summary>True (default): the host has a <see cref="VirtualTime"/>, and time passes only in <see cref="ActorsTestHost.AdvanceAsync"/>.</summary>
    public bool VirtualTime { get; init; } = true;

    /// <summary>
    /// After a run that was waited for has ended, its journal is walked again from every commit it made, on a fresh silo whose step bodies do not run: each walk must be given exactly the outcomes,
    /// in exactly the order, that the first execution was given, and must not ask for a recorded step to be run. Default false.
    /// </summary>
    public bool RewalkEveryCommit { get; init; }

    /// <summary>How long the host waits, in real time, for anything before it fails the test: it only ends tests that hang. Default two minutes.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(2);
}

/// <summary>What a test expected of the host and did not get.</summary>
public sealed class ActorsTestException(string message) : Exception(message);

/// <summary>
/// Runs flows inside a test: a silo on the in-memory store, virtual time, mocked tasks, crashes, and the proof that a flow can be walked again from each of its commits.
/// Register flows and tasks, call <see cref="StartAsync"/>, then act.
/// </summary>
public class ActorsTestHost : IAsyncDisposable
{
    private readonly TrackedScheduler _scheduler = new();
    private readonly ConcurrentDictionary<string, ConcurrentQueue<JsonElement>> _calls = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly WalkRecorder _recorder;

    public ActorsTestHost(ActorsTestOptions? options = null)
    {
        Settings = options ?? new ActorsTestOptions();
        VirtualTime = Settings.VirtualTime ? new VirtualTime() : null;
        _time = (TimeProvider?)VirtualTime ?? TimeProvider.System;
        _recorder = new WalkRecorder(Settings.Store ?? new MemoryStore());
        Store = Settings.RewalkEveryCommit ? _recorder : _recorder.Inner;
    }

    public ActorsTestOptions Settings { get; }

    public IStore Store { get; }

    public FlowRegistry Flows { get; } = new();

    public TaskRegistry Tasks { get; } = new();

    /// <summary>The clock that the test moves; null when the host runs in real time.</summary>
    public VirtualTime? VirtualTime { get; }

    public TimeProvider Time => _time;

    /// <summary>The silo of this life; there is one after <see cref="StartAsync"/>.</summary>
    public Silo Silo { get; private set; } = null!;

    public static Caller Caller => Caller.Local;

    /// <summary>Registers a task that gives this result, and remembers its calls.</summary>
    public ActorsTestHost MockTask(string name, object? result = null) => MockTask<JsonElement, object?>(name, _ => result);

    /// <summary>Registers a task that answers by this function, and remembers its calls.</summary>
    public ActorsTestHost MockTask<TIn, TOut>(string name, Func<TIn, TOut> answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ConcurrentQueue<JsonElement> calls = _calls.GetOrAdd(name, static _ => new());
        Tasks.Add<JsonElement, TOut>(name, (input, _) =>
        {
            calls.Enqueue(input.Clone());
            return Task.FromResult(answer(input.Deserialize<TIn>(FlowJson.TaskOptions)!));
        });
        return this;
    }

    /// <summary>The inputs that a mocked task was called with, in order.</summary>
    public IReadOnlyList<JsonElement> CallsOf(string task) => _calls.TryGetValue(task, out ConcurrentQueue<JsonElement>? calls) ? [.. calls] : [];

    /// <summary>Registers a flow that is written as a lambda.</summary>
    public ActorsTestHost Flow<TIn, TOut>(string name, Func<IFlowContext, TIn, Task<TOut>> run, string version = "1", bool strict = false, TimeSpan? timeout = null)
    {
        Flows.Add(new DelegatedFlow<TIn, TOut>(name, run) { VersionOf = version, StrictOf = strict, TimeoutOf = timeout });
        return this;
    }

    public async Task<ActorsTestHost> StartAsync()
    {
        // Alone, whatever the store: beats and leases on a clock that jumps would end its life.
        Silo = new Silo(Settings.Silo with { Alone = true }, Store, Flows, Tasks, _time, NullLoggerFactory.Instance, _scheduler, new IdSource()) { Probe = Settings.RewalkEveryCommit ? _recorder.Probe : null };
        await Silo.StartAsync().WaitAsync(Settings.Limit);
        return this;
    }

    /// <summary>Kills the silo as kill -9 does, and starts another on the same store.</summary>
    /// <param name="between">Done while no silo is alive, for example to deploy a mended flow.</param>
    public async Task CrashAsync(Action? between = null)
    {
        Kill();
        await Store.EndLifeAsync(Silo.LifeNo, _time.GetUtcNow(), default);
        between?.Invoke();
        await StartAsync();
    }

    /// <summary>Kills the silo and starts none.</summary>
    public void Kill() => Silo.Abandon();

    /// <summary>Stops the silo in good order and starts another.</summary>
    public async Task RestartAsync(Action? between = null)
    {
        await Silo.StopAsync().WaitAsync(Settings.Limit);
        between?.Invoke();
        await StartAsync();
    }

    public async Task<RunId> StartRunAsync(string flow, object? input = null) =>
        (await Silo.StartRunAsync(new StartRun { Flow = flow, Input = JsonSerializer.SerializeToElement(input, FlowJson.Options) }, Caller).WaitAsync(Settings.Limit)).Run.Id;

    /// <summary>Waits for the run's end. In virtual time nothing passes while it waits: advance first.</summary>
    /// <exception cref="ActorsTestException">It did not end within the limit, or a re-walk was different.</exception>
    public async Task<RunResult> EndAsync(RunId run)
    {
        RunResult result = await EndAsyncCore(run);
        if (Settings.RewalkEveryCommit)
        {
            await _recorder.RewalkAsync(run, result.Run, Flows, Tasks, Settings);
        }

        return result;
    }

    public async Task<RunResult> RunAsync(string flow, object? input = null) => await EndAsync(await StartRunAsync(flow, input));

    /// <summary>Waits until an event of the run fits.</summary>
    /// <exception cref="ActorsTestException">None did within the limit.</exception>
    public async Task<RunEvent> WhenAsync(RunId run, Func<RunEvent, bool> fits)
    {
        ArgumentNullException.ThrowIfNull(fits);
        using CancellationTokenSource limit = new(Settings.Limit);
        try
        {
            await foreach (RunEvent happened in Silo.WatchAsync(run, Caller, 0, limit.Token))
            {
                if (fits(happened))
                {
                    return happened;
                }
            }
        }
        catch (OperationCanceledException)
        {
            throw new ActorsTestException($"The event did not come within {Settings.Limit}. The run: {await DescribeAsync(run)}");
        }

        throw new ActorsTestException($"The run ended before the event came: {await DescribeAsync(run)}");
    }

    /// <summary>The human task that this step asks; waits until it is there.</summary>
    /// <param name="step">The step's key; null for the first open one.</param>
    public async Task<HumanTaskRow> WhenAskedAsync(RunId run, string? step = null)
    {
        RunEvent asked = await WhenAsync(run, e => e.Type == RunEventTypes.HumanTaskOpened && (step is null || e.Step == step));
        return (await Store.GetHumanTaskAsync(Caller.Tenant, new HumanTaskId(asked.Detail!), default))!;
    }

    /// <summary>Waits until the run's row has this status.</summary>
    public async Task<RunRow> WhenStatusAsync(RunId run, RunStatus status)
    {
        using CancellationTokenSource limit = new(Settings.Limit);
        while (true)
        {
            RunRow row = (await Store.GetRunAsync(Caller.Tenant, run, default))!;
            if (row.Status == status)
            {
                return row;
            }

            if (limit.IsCancellationRequested || row.Status.IsFinal())
            {
                throw new ActorsTestException($"The run is not {status}: {await DescribeAsync(run)}");
            }

            await Task.Yield();
        }
    }

    /// <summary>Waits for the question and answers it.</summary>
    public async Task<HumanTaskRow> AnswerAsync(RunId run, string decision = HumanQuestion.Approve, string? step = null)
    {
        HumanTaskRow task = await WhenAskedAsync(run, step);
        return await Silo.AnswerAsync(task.Id, new TaskAnswer(decision), Caller).WaitAsync(Settings.Limit);
    }

    public Task SignalAsync(RunId run, string name, object? payload = null, string? id = null) =>
        Silo.SignalRunAsync(run, name, JsonSerializer.SerializeToElement(payload, FlowJson.Options), id, Caller).WaitAsync(Settings.Limit);

    public Task CancelAsync(RunId run, string? reason = null) => Silo.CancelRunAsync(run, reason, Caller).WaitAsync(Settings.Limit);

    public async Task<IReadOnlyList<RunEvent>> EventsAsync(RunId run)
    {
        List<RunEvent> all = [];
        while (true)
        {
            IReadOnlyList<RunEvent> page = await Silo.ReadEventsAsync(run, Caller, all.Count == 0 ? 0 : all[^1].Seq, 1000);
            if (page.Count == 0)
            {
                return all;
            }

            all.AddRange(page);
        }
    }

    /// <summary>Waits until nothing of the engine runs any more: all that is left waits for time, for the test or for work of its own threads.</summary>
    public async Task SettleAsync()
    {
        while (true)
        {
            await _scheduler.WhenIdleAsync().WaitAsync(Settings.Limit);
            if (VirtualTime is null or { Firing: 0 } && _scheduler.IsIdle)
            {
                return;
            }

            await Task.Yield();
        }
    }

    /// <summary>Moves virtual time on from one due timer to the next, and lets the engine come to rest at each.</summary>
    public async Task AdvanceAsync(TimeSpan by)
    {
        VirtualTime time = VirtualTime ?? throw new InvalidOperationException("The host runs in real time (ActorsTestOptions.VirtualTime).");
        DateTimeOffset target = time.GetUtcNow() + by;
        do
        {
            await SettleAsync();
        }
        while (time.AdvanceToNext(target));
        await SettleAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (Silo is { IsReady: true })
        {
            await Silo.StopAsync().WaitAsync(Settings.Limit);
        }

        await Tasks.Resources.DisposeAsync();
        IReadOnlyList<string> broken = await Store.CheckInvariantsAsync(default);
        GC.SuppressFinalize(this);
        if (broken.Count > 0)
        {
            throw new ActorsTestException($"The store's promises are broken: {string.Join(" ", broken)}");
        }
    }

    private async Task<RunResult> EndAsyncCore(RunId run)
    {
        try
        {
            return await Silo.WaitForEndAsync(run, Caller, Timeout.InfiniteTimeSpan).WaitAsync(Settings.Limit);
        }
        catch (TimeoutException)
        {
            throw new ActorsTestException($"The run did not end within {Settings.Limit}: {await DescribeAsync(run)}");
        }
    }

    private async Task<string> DescribeAsync(RunId run)
    {
        RunRow? row = await Store.GetRunAsync(Caller.Tenant, run, default);
        IReadOnlyList<RunEvent> events = await Silo.ReadEventsAsync(run, Caller, 0, 1000);
        return $"{row?.Status}, {row?.Why} Last events: {string.Join(", ", events.TakeLast(10).Select(e => $"{e.Seq} {e.Type} {e.Step}"))}";
    }

    private sealed class DelegatedFlow<TIn, TOut>(string name, Func<IFlowContext, TIn, Task<TOut>> run) : Flow<TIn, TOut>
    {
        public required string VersionOf { get; init; }

        public required bool StrictOf { get; init; }

        public required TimeSpan? TimeoutOf { get; init; }

        public override string Name => name;

        public override string Version => VersionOf;

        public override bool Strict => StrictOf;

        public override TimeSpan? RunTimeout => TimeoutOf;

        public override Task<TOut> RunAsync(IFlowContext ctx, TIn input) => run(ctx, input);
    }
}
