using System.Collections.Concurrent;
using System.Globalization;
using Actors.Chaos.World;
using Actors.Protocol;

namespace Actors.Chaos;

/// <summary>A newer build takes the place of the older one, silo after silo, while work goes on.</summary>
public sealed class RollingUpdateTests(RollingUpdateTests.Cluster cluster, ITestOutputHelper output) : IClassFixture<RollingUpdateTests.Cluster>
{
    // Of the long form.
    private const int Rounds = 8;

    // What the process takes beside draining: the web server, the runtime.
    private static readonly TimeSpan ExitTime = TimeSpan.FromSeconds(5);

    [Fact]
    public Task No_error_reaches_a_client_that_asks_elsewhere_when_refused_while_each_silo_is_replaced() => Scene.PlayAsync(cluster, output, async scene =>
    {
        using RefusalClient client = new(cluster, scene.Seed);
        using CancellationTokenSource stop = new();
        ConcurrentBag<Task<string?>> load = [];
        Task starting = StartLoadAsync(scene, client, load, stop.Token);

        // The first of the newer build begins runs of what only it has.
        SiloNode first = cluster.Nodes[0];
        await ReplaceAsync(scene, first);
        RunView newer = await scene.Driver.StartAsync("newer", 0, $"{scene.Id}-newer", first);
        RunView yaml = await scene.Driver.StartAsync("newer_yaml", new { }, $"{scene.Id}-yaml", first);
        await cluster.UntilAsync<long>("It asks", Scene.Soon, $"SELECT count(*) FROM human_tasks WHERE run_id = '{newer.Id}' AND status = 1", static open => open == 1);

        // It leaves again. Nobody else can go on with its run, which says so, and is not touched.
        await StopAsync(scene, first);
        HumanTaskView question = (await client.FindTaskAsync(newer.Id))!;
        Assert.NotNull(await client.AnswerAsync(question.Id));
        await cluster.UntilAsync<string>(
            "It says what it waits for", Scene.Soon, $"SELECT why FROM runs WHERE id = '{newer.Id}'", static why => why is not null && why.Contains("newer", StringComparison.Ordinal) && why.Contains("silo", StringComparison.OrdinalIgnoreCase));
        RunView waiting = (await client.GetAsync(newer.Id))!;
        scene.Print($"Without a silo that has it: {waiting.Status}: {waiting.Why}");
        Assert.False(waiting.Status.IsFinal() || waiting.Status == RunStatus.Parked);
        await first.StartAsync();
        Assert.Equal(RunStatus.Completed, (await scene.Driver.FollowAsync(newer.Id)).Status);
        Assert.Equal(RunStatus.Completed, (await scene.Driver.FollowAsync(yaml.Id)).Status);

        foreach (SiloNode node in cluster.Nodes.Skip(1))
        {
            await ReplaceAsync(scene, node);
        }

        await stop.CancelAsync();
        await starting;
        string?[] runs = await Task.WhenAll(load);

        Assert.True(client.Errors.Count == 0, $"{client.Errors.Count} errors reached the client:\n{string.Join('\n', client.Errors.Take(20))}");
        RunView[] ended = await Task.WhenAll(runs.Select(id => scene.Driver.GetAsync(id!)));
        scene.ExpectTen(ended.Where(static run => run.Flow == "ten"));
        Assert.All(ended, static run => Assert.Equal(RunStatus.Completed, run.Status));
        Assert.Equal(ended.Length, await cluster.QueryAsync<long>($"SELECT count(*) FROM runs WHERE idempotency_key LIKE '{scene.Id}-load-%'"));
        scene.Print($"{ended.Length} runs; the client was refused {client.Refusals} times and no error reached it.");
    }, Rounds);

    private async Task ReplaceAsync(Scene scene, SiloNode node)
    {
        await StopAsync(scene, node);
        node.Build = 2;
        await node.StartAsync();
    }

    private async Task StopAsync(Scene scene, SiloNode node)
    {
        int life = (await node.FindLifeAsync())!.Value;
        long began = TimeProvider.System.GetTimestamp();
        int code = await node.TerminateAsync();
        TimeSpan took = TimeProvider.System.GetElapsedTime(began);
        Assert.Equal(0, code);
        Assert.True(took < cluster.Options.DrainLimit + ExitTime, $"{node.Name} took {took.TotalSeconds:0.0} s to leave; its limit is {cluster.Options.DrainLimit.TotalSeconds} s.");
        Assert.True(await cluster.QueryAsync<bool>($"SELECT ended_at IS NOT NULL FROM silos WHERE no = {life}"), $"{node.Name} left without ending its life.");
        Assert.Equal(0, await cluster.QueryAsync<long>($"SELECT count(*) FROM runs WHERE owner = {life}"));
        scene.Print($"{node.Name} left {took.TotalSeconds:0.0} s after SIGTERM.");
    }

    /// <summary>Ten runs a second, some of which ask and some of which have slow bodies; each is followed to its end.</summary>
    private static async Task StartLoadAsync(Scene scene, RefusalClient client, ConcurrentBag<Task<string?>> load, CancellationToken stop)
    {
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(100));
        for (int number = 0; !stop.IsCancellationRequested; number++)
        {
            load.Add(RunAsync(scene, client, number));
            try
            {
                await timer.WaitForNextTickAsync(stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static async Task<string?> RunAsync(Scene scene, RefusalClient client, int number)
    {
        bool isSlow = number % 5 == 0;
        bool asks = !isSlow && number % 3 == 0;
        string input = isSlow ? """{"steps":3,"ms":700}""" : string.Create(CultureInfo.InvariantCulture, $$"""{"number":{{number}},"ask":{{(asks ? "true" : "false")}}}""");
        if (await client.StartAsync(isSlow ? "slow" : "ten", input, $"{scene.Id}-load-{number}") is not { } run)
        {
            return null;
        }

        for (RunView? now = run; now is not null && !now.Status.IsFinal(); now = await client.GetAsync(run.Id))
        {
            if (asks && now.Status == RunStatus.Waiting && await client.FindTaskAsync(run.Id) is { } task)
            {
                await client.AnswerAsync(task.Id);
                asks = false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(250));
        }

        return run.Id;
    }

    public sealed class Cluster() : ChaosWorld(new ChaosOptions { DrainLimit = TimeSpan.FromSeconds(10) });
}
