using System.Text.Json;
using Actors.Chaos.World;
using Actors.Client;
using Actors.Protocol;

namespace Actors.Chaos;

/// <summary>Counters that callers add to from everywhere, through kills, pauses, crashes of the database and lost answers.</summary>
public sealed class SignalTests(SignalTests.Cluster cluster, ITestOutputHelper output) : IClassFixture<SignalTests.Cluster>
{
    // Of the long form.
    private const int Rounds = 5;

    private const int Counters = 6;
    private const int Callers = 5;

    [Fact]
    public Task Every_accepted_signal_is_in_its_run_once_and_no_other_more_than_once() => Scene.PlayAsync(cluster, output, async scene =>
    {
        TimeSpan storm = TimeSpan.FromSeconds(ChaosMode.Pick(10, 60));
        RunView[] runs = await Task.WhenAll(Enumerable.Range(0, Counters).Select(i => scene.Driver.StartAsync("counter", 0, $"{scene.Id}-{i}")));
        long began = TimeProvider.System.GetTimestamp();
        int enough = ChaosMode.Pick(100, 1_000);
        int taken = 0;

        // A machine that is busy with other things takes longer to show as much.
        bool IsStorm() => TimeProvider.System.GetElapsedTime(began) is var lasted && (lasted < storm || (lasted < storm * 9 && Volatile.Read(ref taken) <= enough));

        // Each caller tries each value a few times, by chance at one silo or another, and then lets it be.
        int next = 0;
        Task<(string Run, int Value, bool Accepted)[]>[] callers = [.. Enumerable.Range(0, Callers).Select(caller => CallAsync(scene, runs, new Random(scene.Seed + caller), () => Interlocked.Increment(ref next), () => Interlocked.Increment(ref taken), IsStorm))];
        await HarmAsync(scene, IsStorm);
        (string Run, int Value, bool Accepted)[] history = [.. (await Task.WhenAll(callers)).SelectMany(static h => h)];
        await cluster.RepairAsync();
        foreach (RunView run in runs)
        {
            await scene.Driver.AskAsync(async client =>
            {
                await client.SignalRunAsync(run.Id, "add", JsonSerializer.SerializeToElement(new { value = -1, end = true }), $"end-{run.Id}");
                return true;
            });
        }

        RunView[] ended = await Task.WhenAll(runs.Select(run => scene.Driver.FollowAsync(run.Id)));
        foreach (RunView run in ended)
        {
            Assert.Equal(RunStatus.Completed, run.Status);
            int[] counted = [.. run.Output!.Value.EnumerateArray().Select(static value => value.GetInt32())];
            int[] accepted = [.. history.Where(h => h.Run == run.Id && h.Accepted).Select(static h => h.Value)];
            int[] asked = [.. history.Where(h => h.Run == run.Id).Select(static h => h.Value)];
            Assert.True(counted.Length == counted.Distinct().Count(), $"Run {run.Id} counted twice: {string.Join(", ", counted.GroupBy(static v => v).Where(static g => g.Count() > 1).Select(static g => g.Key))}");
            Assert.True(!accepted.Except(counted).Any(), $"Run {run.Id} has lost: {string.Join(", ", accepted.Except(counted))}");
            Assert.True(!counted.Except(asked).Any(), $"Run {run.Id} has values that nobody sent: {string.Join(", ", counted.Except(asked))}");
        }

        int total = history.Count(static h => h.Accepted);
        Assert.True(total > enough, $"Only {total} signals were accepted.");
        scene.Print($"{total} signals accepted, {history.Length - total} with an unknown outcome, of which {ended.Sum(static run => run.Output!.Value.GetArrayLength()) - total} arrived.");
    }, Rounds);

    private static async Task<(string Run, int Value, bool Accepted)[]> CallAsync(Scene scene, RunView[] runs, Random chance, Func<int> next, Action onAccepted, Func<bool> goesOn)
    {
        List<(string, int, bool)> history = [];
        while (goesOn())
        {
            int value = next();
            string run = runs[chance.Next(runs.Length)].Id;
            bool accepted = false;
            for (int attempt = 0; attempt < 3 && !accepted; attempt++)
            {
                try
                {
                    await scene.Driver.Any().Client.SignalRunAsync(run, "add", JsonSerializer.SerializeToElement(new { value }), $"add-{value}");
                    accepted = true;
                    onAccepted();
                }
                catch (Exception e) when (e is ActorsUnreachableException or ActorsApiException { Status: System.Net.HttpStatusCode.ServiceUnavailable or System.Net.HttpStatusCode.TooManyRequests })
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(20 * chance.NextDouble()));
                }
            }

            history.Add((run, value, accepted));
        }

        return [.. history];
    }

    /// <summary>One harm after the other, each healed before the next.</summary>
    private static async Task HarmAsync(Scene scene, Func<bool> goesOn)
    {
        for (int i = scene.Chance.Next(4); goesOn(); i++)
        {
            SiloNode victim = scene.Driver.Any();
            await Task.Delay(TimeSpan.FromMilliseconds(300));
            switch (i % 4)
            {
                case 0:
                    await victim.KillAsync();
                    await victim.StartAsync();
                    break;
                case 1:
                    victim.Proxy!.CutCommits(3);
                    await Task.Delay(TimeSpan.FromMilliseconds(500));
                    victim.Proxy.CutCommits(0);
                    break;
                case 2:
                    victim.IsFrozen = true;
                    await victim.PauseAsync();
                    await Task.Delay(scene.World.Options.Lease * scene.Chance.NextDouble());
                    await victim.ContinueAsync();
                    victim.IsFrozen = false;
                    break;
                default:
                    await scene.World.Server.RestartAsync();
                    break;
            }
        }
    }

    public sealed class Cluster() : ChaosWorld(new ChaosOptions { Proxies = true });
}
