using Actors.Flows;
using Actors.Runs;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Postgres.Tests;

/// <summary>A standby that takes over may lack what was acknowledged last: what is in memory counts for nothing then.</summary>
public sealed class TimelineTests
{
    [Fact]
    public async Task A_silo_that_meets_another_timeline_drops_its_grains_and_begins_a_new_life()
    {
        await using PostgresServer server = await PostgresServer.StartNewAsync();
        PostgresStoreOptions options = new() { ConnectionString = server.ConnectionString(), MigrateOnOpen = true };
        await using PostgresStore store = await PostgresStore.OpenAsync(options);
        FlowRegistry flows = new FlowRegistry().Add(new CodeFlow<int, int>("asks", static async (ctx, input) =>
        {
            int one = await ctx.Step("one", input, static (value, _) => Task.FromResult(value + 1));
            HumanAnswer answer = await ctx.Ask("good", new HumanQuestion("Good?"));
            return answer.Approved ? one : 0;
        }));
        await using Silo silo = new(Cluster.Quick, store, flows, new TaskRegistry(), TimeProvider.System, NullLoggerFactory.Instance);
        await silo.StartAsync();
        long life = silo.LifeNo;
        RunId run = await Cluster.StartRunAsync(silo, "asks", 1);
        HumanTaskId task = await Cluster.WhenAskedAsync(silo, run);

        await server.FailOverAsync();

        await Poll.UntilAsync("The silo begins a new life", () => silo.LifeNo != life && silo.IsReady);

        await silo.AnswerAsync(task, new TaskAnswer("approve"), Caller.Local);
        RunResult ended = await silo.WaitForEndAsync(run, Caller.Local, Cluster.Limit);
        Assert.Equal((RunStatus.Completed, 2), (ended.Run.Status, ended.Output.GetInt32()));
        StoreException fenced = await Assert.ThrowsAsync<StoreException>(async () => await store.ReserveRunNumbersAsync(life + 1_000, 1, default));
        Assert.Equal(StoreFailure.Fenced, fenced.Kind);
    }

    [Fact]
    public async Task A_restart_of_the_server_is_no_other_timeline()
    {
        await using PostgresServer server = await PostgresServer.StartNewAsync();
        await using PostgresStore store = await PostgresStore.OpenAsync(new PostgresStoreOptions { ConnectionString = server.ConnectionString(), MigrateOnOpen = true });
        FlowRegistry flows = new FlowRegistry().Add(new CodeFlow<int, int>("step", static (ctx, input) => ctx.Step("one", input, static (value, _) => Task.FromResult(value + 1))));
        await using Silo silo = new(Cluster.Quick, store, flows, new TaskRegistry(), TimeProvider.System, NullLoggerFactory.Instance);
        await silo.StartAsync();
        long life = silo.LifeNo;

        await server.RestartAsync();
        RunId? run = await Poll.UntilAsync(
            "A start is accepted",
            async () =>
            {
                try
                {
                    return (RunId?)await Cluster.StartRunAsync(silo, "step", 1);
                }
                catch (Exception e) when (e is UnavailableException or StoreException)
                {
                    return null;
                }
            },
            static started => started is not null);

        Assert.Equal(RunStatus.Completed, (await silo.WaitForEndAsync(run!.Value, Caller.Local, Cluster.Limit)).Run.Status);
        Assert.Equal(life, silo.LifeNo);
    }
}
