using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Samples.Tests;

/// <summary>One silo on a test's store, and what tests do with it. Nothing here waits for a time: only for events and ends, with a limit.</summary>
internal sealed class SampleSilo : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    // Of the silo's clock, which a test may let jump: the limit that counts is of real time.
    private static readonly TimeSpan SiloLimit = TimeSpan.FromDays(1);

    private readonly Silo _silo;

    private SampleSilo(Silo silo, IStore store)
    {
        _silo = silo;
        Store = store;
    }

    public IStore Store { get; }

    public static async Task<SampleSilo> StartAsync(Action<TaskRegistry, FlowRegistry> register, IStore store, TimeProvider? time = null)
    {
        TaskRegistry tasks = new();
        FlowRegistry flows = new();
        register(tasks, flows);
        // On a clock that jumps beats and leases mean nothing.
        Silo silo = new(new SiloOptions { Alone = time is not null }, store, flows, tasks, time ?? TimeProvider.System, NullLoggerFactory.Instance);
        await silo.StartAsync();
        return new SampleSilo(silo, store);
    }

    public async Task<RunId> Start(string flow, JsonElement input) =>
        (await _silo.StartRunAsync(new StartRun { Flow = flow, Input = input }, Caller.Local)).Run.Id;

    /// <summary>Starts a run and waits for its end.</summary>
    public async Task<RunResult> Run(string flow, JsonElement input) => await End(await Start(flow, input));

    public async Task<RunResult> End(RunId run)
    {
        RunResult result = await _silo.WaitForEndAsync(run, Caller.Local, SiloLimit).WaitAsync(2 * Limit);
        Assert.True(result.Run.Status.IsFinal(), $"The run did not end within {SiloLimit}: {result.Run.Status}, {result.Run.Why}");
        return result;
    }

    /// <summary>Waits until the run asks people this step's question.</summary>
    public async Task<HumanTaskRow> Question(RunId run, string step)
    {
        await Event(run, RunEventTypes.HumanTaskOpened, step);
        IReadOnlyList<HumanTaskRow> open = await Store.ListHumanTasksAsync(
            new HumanTaskQuery { Tenant = Caller.DefaultTenant, Run = run, Status = HumanTaskStatus.Open },
            CancellationToken.None);
        return Assert.Single(open);
    }

    /// <summary>Waits until an event of this type has happened in a step whose key ends with this name.</summary>
    public async Task Event(RunId run, string type, string step)
    {
        using CancellationTokenSource limit = new(Limit);
        await foreach (RunEvent e in _silo.WatchAsync(run, Caller.Local, 0, limit.Token))
        {
            if (e.Type == type && e.Step is not null && e.Step.Split('/')[^1] == step)
            {
                return;
            }
        }

        Assert.Fail($"The run ended without {type} of {step}.");
    }

    public Task Answer(HumanTaskRow task, string decision, string? comment = null, string by = "local") =>
        _silo.AnswerAsync(task.Id, new TaskAnswer(decision, comment), new Caller(Caller.DefaultTenant, by));

    public Task Cancel(RunId run) => _silo.CancelRunAsync(run, "changed my mind", Caller.Local);

    public async ValueTask DisposeAsync()
    {
        await _silo.StopAsync();
        await _silo.DisposeAsync();
    }
}
