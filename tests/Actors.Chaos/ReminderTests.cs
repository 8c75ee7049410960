using Actors.Chaos.World;
using Actors.Protocol;

namespace Actors.Chaos;

/// <summary>Timers that become due while nobody is there.</summary>
public sealed class ReminderTests(ReminderTests.Cluster cluster, ITestOutputHelper output) : IClassFixture<ReminderTests.Cluster>
{
    // Of the long form.
    private const int Rounds = 3;

    // Before the first is due, all have begun and fallen asleep, also on a machine that is busy.
    private const int FirstMs = 10_000;

    [Fact]
    public Task Reminders_that_became_due_while_all_silos_were_away_fire_after_the_start_all_of_them_once() => Scene.PlayAsync(cluster, output, async scene =>
    {
        int count = ChaosMode.Pick(300, 5_000);
        int spreadMs = ChaosMode.Pick(6_000, 30_000);
        int before = cluster.Effects.Read().Count;

        // Due from soon on and until some time after the start, most of them while nobody is there.
        RunView[] runs = await Task.WhenAll(Enumerable.Range(0, count).Select(i =>
            scene.Driver.StartAsync("sleep", FirstMs + (int)((long)spreadMs * i / count), $"{scene.Id}-{i}")));
        await cluster.Effects.WhenAsync(before + count);
        await cluster.UntilAsync<long>("All sleep", Scene.Soon, "SELECT count(*) FROM runs WHERE flow = 'sleep' AND status IN (1, 2)", static awake => awake == 0);
        await Task.WhenAll(cluster.Nodes.Select(static node => node.KillAsync()));
        long asleep = await cluster.QueryAsync<long>("SELECT count(*) FROM reminders");
        Assert.True(asleep > count / 2, $"Only {asleep} of {count} still slept when the silos were gone.");
        const string Late = "SELECT count(*) FROM reminders WHERE due_at < extract(epoch FROM clock_timestamp()) * 1000";
        await cluster.UntilAsync<long>("Two thirds are late", Scene.Soon + TimeSpan.FromMilliseconds(spreadMs * 2), Late, overdue => overdue >= asleep * 2 / 3);
        long late = await cluster.QueryAsync<long>(Late);

        await cluster.StartSilosAsync();
        TimeSpan took = await scene.WhenEndedAsync("sleep", TimeSpan.FromSeconds(120));

        ILookup<string, Effect> effects = cluster.Effects.Read().ToLookup(static e => e.Run);
        RunView[] ended = await Task.WhenAll(runs.Select(run => scene.Driver.GetAsync(run.Id)));
        Assert.All(ended, static run => Assert.Equal(RunStatus.Completed, run.Status));
        Assert.All(ended, run => Assert.Single(effects[run.Id], static e => e.Key == "after"));
        Assert.Equal(count, await cluster.QueryAsync<long>("SELECT count(*) FROM journal j JOIN runs r ON r.no = j.run_no WHERE j.kind = 31 AND r.flow = 'sleep'"));
        scene.Print($"{late} of {asleep} reminders were late; all had fired and their runs ended {took.TotalSeconds:0.0} s after the silos were back.");
    }, Rounds);

    public sealed class Cluster() : ChaosWorld(new ChaosOptions());
}
