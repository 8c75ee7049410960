using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;
using Actors.Tests.Storage;

namespace Actors.Tests.Runs;

/// <summary>A flow whose file is gone is in the store. Its runs go on; whether it can be started does not depend on them.</summary>
public sealed class StoredFlowTests
{
    private const string Old = "flow: waits\nversion: 1\nsteps:\n  - id: go\n    wait: { signal: go }\n";
    private const string New = "flow: waits\nversion: 2\nsteps:\n  - id: go\n    wait: { signal: go }\n";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_flow_whose_file_is_gone_is_refused_before_and_after_one_of_its_runs_was_loaded_and_its_runs_end(bool sqlite)
    {
        await using SqliteFixture fixture = new();
        await using IStore store = sqlite ? await fixture.OpenAsync() : new MemoryStore();
        await using ActorsTestHost before = await HostAsync(store, Old);
        RunId run = await before.StartRunAsync("waits");
        await before.WhenAsync(run, static e => e.Type == RunEventTypes.SignalWaiting);
        await before.Silo.StopAsync();

        await using ActorsTestHost after = await HostAsync(store);
        NotFoundException unloaded = await Assert.ThrowsAsync<NotFoundException>(() => after.StartRunAsync("waits"));
        await after.SignalAsync(run, "other");
        NotFoundException loaded = await Assert.ThrowsAsync<NotFoundException>(() => after.StartRunAsync("waits"));
        await after.SignalAsync(run, "go");

        Assert.Equal(RunStatus.Completed, (await after.EndAsync(run)).Run.Status);
        Assert.Equal(("unknown_flow", unloaded.Message), (loaded.Code, loaded.Message));
        Assert.StartsWith("Flow 'waits' is stored (versions: 1), but is registered no more", loaded.Message, StringComparison.Ordinal);
        Assert.Empty(after.Flows.Latest);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_old_version_is_refused_by_its_label_and_by_its_hash_whether_a_run_of_it_was_loaded_or_not(bool load)
    {
        MemoryStore store = new();
        await using ActorsTestHost before = await HostAsync(store, Old);
        string hash = before.Flows.Find("waits")!.Version;
        RunId run = await before.StartRunAsync("waits");
        await before.WhenAsync(run, static e => e.Type == RunEventTypes.SignalWaiting);
        await before.Silo.StopAsync();

        await using ActorsTestHost after = await HostAsync(store, New);
        if (load)
        {
            await after.SignalAsync(run, "other");
        }

        NotFoundException[] refusals = [await RefusedAsync(after, "1"), await RefusedAsync(after, hash), await RefusedAsync(after, "3")];
        Assert.All(refusals, static e => Assert.Equal("unknown_version", e.Code));
        Assert.StartsWith("Version '1' of flow 'waits' is stored, but is registered no more", refusals[0].Message, StringComparison.Ordinal);
        Assert.StartsWith($"Version '{hash}' of flow 'waits' is stored, but is registered no more", refusals[1].Message, StringComparison.Ordinal);
        Assert.Equal("Flow 'waits' has no version '3'. Registered: 2.", refusals[2].Message);
        RunId next = await after.StartRunAsync("waits");
        await after.SignalAsync(run, "go");
        await after.SignalAsync(next, "go");

        Assert.Equal(hash, (await after.EndAsync(run)).Run.FlowVersion);
        Assert.Equal(after.Flows.Find("waits")!.Version, (await after.EndAsync(next)).Run.FlowVersion);
    }

    [Fact]
    public async Task A_step_that_starts_a_flow_whose_file_is_gone_fails_whether_a_run_of_it_was_loaded_or_not()
    {
        MemoryStore store = new();
        await using ActorsTestHost before = await HostAsync(store, Old);
        RunId run = await before.StartRunAsync("waits");
        await before.WhenAsync(run, static e => e.Type == RunEventTypes.SignalWaiting);
        await before.Silo.StopAsync();

        await using ActorsTestHost after = new(new ActorsTestOptions { Store = store });
        after.Flow<int, string>("starts", static async (ctx, _) =>
        {
            try
            {
                await ctx.Start("child", "waits", 1);
                return "started";
            }
            catch (StepFailedException e)
            {
                return e.Error.Type;
            }
        });
        await after.StartAsync();
        Assert.Equal(ErrorTypes.UnknownFlow, (await after.RunAsync("starts", 1)).Output.GetString());
        await after.SignalAsync(run, "other");

        Assert.Equal(ErrorTypes.UnknownFlow, (await after.RunAsync("starts", 1)).Output.GetString());
    }

    [Theory]
    [InlineData("no such flow")]
    [InlineData("with\0zero")]
    [InlineData("")]
    public async Task A_name_that_nothing_is_stored_under_is_just_unknown(string name)
    {
        await using ActorsTestHost host = await HostAsync(new MemoryStore());

        Assert.StartsWith($"There is no flow '{name}'.", (await Assert.ThrowsAsync<NotFoundException>(() => host.StartRunAsync(name))).Message, StringComparison.Ordinal);
    }

    private static Task<NotFoundException> RefusedAsync(ActorsTestHost host, string version) =>
        Assert.ThrowsAsync<NotFoundException>(() => host.Silo.StartRunAsync(new StartRun { Flow = "waits", Version = version }, Caller.Local));

    private static async Task<ActorsTestHost> HostAsync(IStore store, params string[] flows)
    {
        ActorsTestHost host = new(new ActorsTestOptions { Store = store });
        foreach (string text in flows)
        {
            host.Flows.Add(YamlFlowDefinition.Parse(text, "waits.yaml", host.Tasks));
        }

        return await host.StartAsync();
    }
}
