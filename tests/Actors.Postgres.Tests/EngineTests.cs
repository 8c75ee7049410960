using System.Text.Json;
using Actors.Flows;
using Actors.Runs;
using Actors.Samples.Orders;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Postgres.Tests;

/// <summary>The engine on PostgreSQL: enough to see that nothing of it depends on another store.</summary>
public sealed class EngineTests : IAsyncLifetime
{
    private readonly PostgresFixture _fixture = new();
    private IStore _store = null!;

    public async Task InitializeAsync() => _store = await _fixture.CreateStoreAsync();

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        await _fixture.DisposeAsync();
    }

    [Fact]
    public async Task A_flow_of_ten_steps_ends()
    {
        await using ActorsTestHost host = Host().Flow<int, int>("ten", static async (ctx, input) =>
        {
            int sum = input;
            for (int i = 0; i < 10; i++)
            {
                sum += await ctx.Step("step", i, static (value, _) => Task.FromResult(value));
            }

            return sum;
        });
        await host.StartAsync();

        RunResult[] results = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => host.RunAsync("ten", i)));

        Assert.All(results, static result => Assert.Equal(RunStatus.Completed, result.Run.Status));
        Assert.Equal(Enumerable.Range(45, 20), results.Select(static result => result.Output.GetInt32()));
    }

    [Fact]
    public async Task A_question_is_answered_after_a_crash()
    {
        await using ActorsTestHost host = Host().Flow<int, string>(
            "asks", static async (ctx, _) => (await ctx.Ask("approve", new HumanQuestion("Good?"))).Decision);
        await host.StartAsync();
        RunId run = await host.StartRunAsync("asks", 1);
        await host.WhenAskedAsync(run);

        await host.CrashAsync();
        await host.AnswerAsync(run);

        RunResult result = await host.EndAsync(run);
        Assert.Equal((RunStatus.Completed, "approve"), (result.Run.Status, result.Output.GetString()));
    }

    [Fact]
    public async Task A_cancelled_run_cleans_up()
    {
        int undone = 0;
        await using ActorsTestHost host = Host().Flow<int, int>("cancelled", async (ctx, _) =>
        {
            ctx.CleanUp("undo", c => c.Step("undo", 0, (_, _) => Task.FromResult(Interlocked.Increment(ref undone))));
            await ctx.Ask("approve", new HumanQuestion("Good?"));
            return 0;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("cancelled", 1);
        await host.WhenAskedAsync(run);

        await host.CancelAsync(run);

        Assert.Equal(RunStatus.Cancelled, (await host.EndAsync(run)).Run.Status);
        Assert.Equal(1, undone);
    }

    [Fact]
    public async Task The_order_flow_ends()
    {
        await using ActorsTestHost host = Host();
        OrderSample.Register(host.Tasks, host.Flows, new Shop());
        await host.StartAsync();

        RunResult result = await host.RunAsync(OrderSample.YamlFlow, OrderSample.StandardOrder);

        Assert.True(result.Run.Status == RunStatus.Completed, result.Error?.Message);
        Assert.True(result.Output.Deserialize<OrderResult>(FlowJson.Options)!.Success);
    }

    private ActorsTestHost Host() => new(new ActorsTestOptions { Store = _store, VirtualTime = false });
}
