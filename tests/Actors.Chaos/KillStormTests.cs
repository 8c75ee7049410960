using System.Diagnostics;
using Actors.Chaos.World;
using Actors.Protocol;

namespace Actors.Chaos;

/// <summary>Silo processes that die without a word, one after the other, while work goes on.</summary>
public sealed class KillStormTests(KillStormTests.Cluster cluster, ITestOutputHelper output) : IClassFixture<KillStormTests.Cluster>
{
    // Of the long form.
    private const int Rounds = 3;

    private static readonly TimeSpan OwnedLimit = TimeSpan.FromSeconds(5);

    [Fact]
    public Task Every_run_ends_right_while_a_silo_is_killed_every_second() => Scene.PlayAsync(cluster, output, async scene =>
    {
        int plain = ChaosMode.Pick(300, 2_000);
        int approvals = ChaosMode.Pick(45, 300);
        TimeSpan storm = TimeSpan.FromSeconds(ChaosMode.Pick(12, 60));

        long began = TimeProvider.System.GetTimestamp();

        // The runs begin all through the storm.
        Task<RunView>[] runs = [.. Enumerable.Range(0, plain + approvals).Select(async number =>
        {
            TimeSpan at;
            lock (scene.Chance)
            {
                at = storm * scene.Chance.NextDouble();
            }

            await Task.Delay(at);
            object input = new { number, ask = number >= plain, sleep = number % 5 == 0, child = number % 7 == 0 };
            RunView run = await scene.Driver.StartAsync("ten", input, $"storm-{scene.Seed}-{number}");
            return await scene.Driver.FollowAsync(run.Id);
        })];

        List<Task> restarts = [];
        int kills = await KillAsync(scene, storm, restarts) + 1;
        await Task.WhenAll(restarts);

        // The last one to die holds work for some seconds.
        SiloNode last = scene.Driver.Any();
        RunView[] held = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => scene.Driver.StartAsync("slow", new { steps = 10, ms = 200 }, $"last-{scene.Id}-{i}", last)));
        int life = (await last.FindLifeAsync())!.Value;
        await last.KillAsync();
        long orphans = await cluster.QueryAsync<long>($"SELECT count(*) FROM runs WHERE owner = {life}");
        Assert.True(orphans >= held.Length, $"{last.Name} held {orphans} runs when it was killed.");
        TimeSpan owned = await cluster.UntilAsync<long>($"Nothing is owned by life {life}", OwnedLimit, $"SELECT count(*) FROM runs WHERE owner = {life}", static left => left == 0);
        owned += await scene.WhenOwnedAsync(OwnedLimit - owned);
        await last.StartAsync();
        RunView[] ended = await Task.WhenAll(runs);
        Assert.All(await Task.WhenAll(held.Select(run => scene.Driver.FollowAsync(run.Id))), static run => Assert.Equal(RunStatus.Completed, run.Status));
        TimeSpan rest = TimeProvider.System.GetElapsedTime(began) - storm;

        scene.ExpectTen(ended);
        Assert.All(ended, static run => Assert.Equal(run.Output!.Value.GetProperty("number").GetInt32() >= 0, run.Output.HasValue));
        await scene.WhenEndedAsync("leaf", Scene.Soon);
        IReadOnlyList<Effect> effects = cluster.Effects.Read();
        scene.Print($"{plain} ten-step runs and {approvals} approvals, {kills} kills in {storm.TotalSeconds} s; the last held {orphans} runs, which were owned {owned.TotalSeconds:0.0} s later; everything had ended after {rest.TotalSeconds:0.0} s.");
        scene.Print($"{effects.Count} effects: {effects.Count - effects.Select(static e => (e.Once, e.Attempt)).Distinct().Count()} were repeated because their outcome was not recorded, "
            + $"{effects.Count(static e => e.Verdict.StartsWith("overlap", StringComparison.Ordinal))} were under way when it was.");
    }, Rounds);

    /// <summary>Kills a silo by chance every second and starts it again at once.</summary>
    private static async Task<int> KillAsync(Scene scene, TimeSpan storm, List<Task> restarts)
    {
        int kills = 0;
        for (Stopwatch clock = Stopwatch.StartNew(); clock.Elapsed < storm;)
        {
            SiloNode[] running = [.. scene.World.Nodes.Where(static node => node.Runs)];
            if (running.Length > 1)
            {
                // On a busy machine a start takes longer than a second; somebody stays.
                SiloNode victim = running[scene.Chance.Next(running.Length)];
                await victim.KillAsync();
                kills++;
                restarts.Add(victim.StartAsync());
            }

            TimeSpan next = TimeSpan.FromSeconds(kills) - clock.Elapsed;
            await Task.Delay(next > TimeSpan.Zero ? next : TimeSpan.FromSeconds(0.2));
        }

        return kills;
    }

    public sealed class Cluster() : ChaosWorld(new ChaosOptions());
}
