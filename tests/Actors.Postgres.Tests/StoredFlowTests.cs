using Actors.Flows;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Postgres.Tests;

/// <summary>A flow that only one of the silos has: another takes its runs over, and does not start it because of that.</summary>
public sealed class StoredFlowTests
{
    private const string Text = "flow: waits\nversion: 1\nsteps:\n  - id: go\n    wait: { signal: go }\n";

    [Theory]
    [MemberData(nameof(Cluster.Stores), MemberType = typeof(Cluster))]
    public async Task A_silo_without_the_file_runs_what_was_begun_and_begins_nothing(string store)
    {
        await using Cluster cluster = new(store);
        Silo has = await cluster.StartAsync(static flows => flows.Add(YamlFlowDefinition.Parse(Text, "waits.yaml", new TaskRegistry())));
        Silo hasNot = await cluster.StartAsync(static _ => { });
        RunId run = await Cluster.StartRunAsync(has, "waits");
        await Cluster.WhenAsync(has, run, static e => e.Type == RunEventTypes.SignalWaiting);
        string before = (await Assert.ThrowsAsync<NotFoundException>(() => Cluster.StartRunAsync(hasNot, "waits"))).Message;

        await has.StopAsync();
        await hasNot.SignalRunAsync(run, "other", default, null, Caller.Local);
        NotFoundException after = await Assert.ThrowsAsync<NotFoundException>(() => Cluster.StartRunAsync(hasNot, "waits"));
        await hasNot.SignalRunAsync(run, "go", default, null, Caller.Local);

        Assert.Equal(RunStatus.Completed, (await hasNot.WaitForEndAsync(run, Caller.Local, Cluster.Limit)).Run.Status);
        Assert.Equal(("unknown_flow", before), (after.Code, after.Message));
        Assert.StartsWith("Flow 'waits' is stored (versions: 1), but is registered no more", before, StringComparison.Ordinal);
    }
}
