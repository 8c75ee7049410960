using System.Reflection;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Tests.Silos;

/// <summary>Runs of a silo that died, taken over by one whose store answers badly.</summary>
public sealed class TakeOverTests
{
    private const string Text = "flow: waits\nsteps:\n  - id: go\n    wait: { signal: go }\n";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly SiloOptions Quick = new() { TickInterval = TimeSpan.FromMilliseconds(100), Lease = TimeSpan.FromSeconds(2) };

    [Fact]
    public async Task A_run_whose_flow_cannot_be_read_when_it_is_taken_over_is_asked_for_again()
    {
        await using MemoryStore memory = new() { IsShared = true };
        FlowRegistry flows = new();
        flows.Add(YamlFlowDefinition.Parse(Text, "waits.yaml", new TaskRegistry()));
        Silo dying = new(Quick, memory, flows, new TaskRegistry(), TimeProvider.System, NullLoggerFactory.Instance);
        await dying.StartAsync();
        RunId run = (await dying.StartRunAsync(new StartRun { Flow = "waits" }, Caller.Local)).Run.Id;
        await foreach (RunEvent happened in dying.WatchAsync(run, Caller.Local))
        {
            if (happened.Type == RunEventTypes.SignalWaiting)
            {
                break;
            }
        }

        IClusterStore store = DispatchProxy.Create<IClusterStore, ForgetfulStore>();
        ForgetfulStore forgetful = (ForgetfulStore)(object)store;
        forgetful.Inner = memory;
        await using Silo heir = new(Quick, store, new FlowRegistry(), new TaskRegistry(), TimeProvider.System, NullLoggerFactory.Instance);
        await heir.StartAsync();

        dying.Abandon();
        await forgetful.Failed.WaitAsync(Limit);
        await heir.SignalRunAsync(run, "go", default, null, Caller.Local).WaitAsync(Limit);

        Assert.Equal(RunStatus.Completed, (await heir.WaitForEndAsync(run, Caller.Local, Limit)).Run.Status);
    }

    /// <summary>Passes everything on, but does not find the first flow that it is asked for.</summary>
    private class ForgetfulStore : DispatchProxy
    {
        private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public MemoryStore Inner { get; set; } = null!;

        public Task Failed => _failed.Task;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            targetMethod!.Name == nameof(IStore.GetFlowAsync) && _failed.TrySetResult()
                ? ValueTask.FromException<FlowRow?>(new StoreException(StoreFailure.Transient, "The database is away."))
                : targetMethod.Invoke(Inner, BindingFlags.DoNotWrapExceptions, null, args, null);
    }
}
