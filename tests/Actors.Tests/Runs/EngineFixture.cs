using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Tests.Runs;

/// <summary>A silo on the in-memory store, with a way to kill it and begin another life on the same rows.</summary>
internal sealed class EngineFixture : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public IStore Store { get; init; } = new MemoryStore();

    public FlowRegistry Flows { get; } = new();

    public TaskRegistry Tasks { get; } = new();

    public SiloOptions Options { get; init; } = new();

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public Silo Silo { get; private set; } = null!;

    public static Caller Caller => Caller.Local;

    public async Task<EngineFixture> StartAsync()
    {
        Silo = new Silo(Options, Store, Flows, Tasks, Time, NullLoggerFactory.Instance);
        await Silo.StartAsync();
        return this;
    }

    /// <summary>Kills the silo as kill -9 does, and starts another on the same store.</summary>
    public async Task CrashAsync(Action? between = null)
    {
        long dead = Silo.LifeNo;
        Silo.Abandon();
        await Store.EndLifeAsync(dead, Time.GetUtcNow(), default);
        between?.Invoke();
        await StartAsync();
    }

    public async Task<RunId> StartRunAsync(string flow, object? input = null) =>
        (await Silo.StartRunAsync(new StartRun { Flow = flow, Input = JsonSerializer.SerializeToElement(input, FlowJson.Options) }, Caller)).Run.Id;

    public Task<RunResult> EndAsync(RunId run) => Silo.WaitForEndAsync(run, Caller, Limit);

    public async Task<RunResult> RunAsync(string flow, object? input = null) => await EndAsync(await StartRunAsync(flow, input));

    /// <summary>Waits until an event of the run fits; fails after the limit.</summary>
    public async Task<RunEvent> WhenAsync(RunId run, Func<RunEvent, bool> fits)
    {
        using CancellationTokenSource limit = new(Limit);
        await foreach (RunEvent happened in Silo.WatchAsync(run, Caller, 0, limit.Token))
        {
            if (fits(happened))
            {
                return happened;
            }
        }

        throw new InvalidOperationException("The run ended before the event came.");
    }

    public async Task<HumanTaskRow> WhenAskedAsync(RunId run)
    {
        RunEvent asked = await WhenAsync(run, e => e.Type == RunEventTypes.HumanTaskOpened);
        return (await Store.GetHumanTaskAsync(Caller.Tenant, new HumanTaskId(asked.Detail!), default))!;
    }

    public async Task<RunRow> WhenStatusAsync(RunId run, RunStatus status)
    {
        using CancellationTokenSource limit = new(Limit);
        while (true)
        {
            RunRow row = (await Store.GetRunAsync(Caller.Tenant, run, limit.Token))!;
            if (row.Status == status)
            {
                return row;
            }

            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Silo.StopAsync();
        Assert.Empty(await Store.CheckInvariantsAsync(default));
        await Store.DisposeAsync();
    }
}
