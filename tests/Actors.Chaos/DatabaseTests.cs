using System.Net;
using Actors.Chaos.World;
using Actors.Protocol;

namespace Actors.Chaos;

/// <summary>A database that crashes, loses answers, and is away for a while. The silo processes are the same before and after.</summary>
public sealed class DatabaseTests(DatabaseTests.Cluster cluster, ITestOutputHelper output) : IClassFixture<DatabaseTests.Cluster>
{
    // Of the long form.
    private const int Rounds = 10;

    private const int CutsMin = 10;

    [Fact]
    public Task Nothing_is_lost_or_doubled_while_the_database_crashes_every_few_seconds() => Scene.PlayAsync(cluster, output, async scene =>
    {
        int restarts = ChaosMode.Pick(4, 30);
        int[] processes = Processes();
        Task<RunView[]> load = LoadAsync(scene, ChaosMode.Pick(150, 1_000), TimeSpan.FromSeconds(restarts * 2));
        for (int i = 0; i < restarts; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1 + (2 * scene.Chance.NextDouble())));
            await cluster.Server.RestartAsync();
        }

        scene.ExpectTen(await load);
        Assert.Equal(processes, Processes());
        await ExpectOnceAsync(scene, ChaosMode.Pick(150, 1_000));
        scene.Print($"{restarts} crashes; lives begun since the start of the cluster: {await cluster.QueryAsync<long>("SELECT count(*) FROM silos")} by {processes.Length} processes.");
    }, Rounds);

    [Fact]
    public Task Nothing_is_lost_or_doubled_when_commits_happen_and_their_answers_are_lost() => Scene.PlayAsync(cluster, output, async scene =>
    {
        int[] processes = Processes();
        int before = cluster.Nodes.Sum(static node => node.Proxy!.CommitsCut);
        TimeSpan storm = TimeSpan.FromSeconds(ChaosMode.Pick(6, 60));
        Task<RunView[]> load = LoadAsync(scene, ChaosMode.Pick(200, 2_000), storm);
        long began = TimeProvider.System.GetTimestamp();
        while ((TimeProvider.System.GetElapsedTime(began) < storm || cluster.Nodes.Sum(static node => node.Proxy!.CommitsCut) - before <= CutsMin) && !load.IsCompleted)
        {
            // One after the other, so that what is sent again comes through at some time.
            SiloNode unlucky = scene.Driver.Any();
            unlucky.Proxy!.CutCommits(1 + scene.Chance.Next(3));
            await Task.Delay(TimeSpan.FromMilliseconds(250));
            unlucky.Proxy.CutCommits(0);
        }

        scene.ExpectTen(await load);
        int cut = cluster.Nodes.Sum(static node => node.Proxy!.CommitsCut) - before;
        Assert.True(cut > CutsMin, $"Only {cut} commits lost their answer.");
        Assert.Equal(processes, Processes());
        await ExpectOnceAsync(scene, ChaosMode.Pick(200, 2_000));
        scene.Print($"{cut} commits happened whose answers were lost.");
    }, Rounds);

    [Fact]
    public Task After_an_outage_longer_than_the_lease_no_silo_takes_another_for_dead() => Scene.PlayAsync(cluster, output, async scene =>
    {
        TimeSpan outage = ChaosMode.Pick(cluster.Options.Lease * 1.7, TimeSpan.FromSeconds(20));
        IReadOnlyList<string> lives = await LivesAsync();
        int[] processes = Processes();
        Task<RunView[]> load = LoadAsync(scene, 60, TimeSpan.FromSeconds(2));
        await Task.Delay(TimeSpan.FromSeconds(1));
        await cluster.Server.StopAsync();
        Task<(HttpStatusCode Status, bool Later, TimeSpan After)>[] asked = [.. cluster.Nodes.SelectMany(node => Enumerable.Range(0, 3).Select(i => AskAsync(node, (outage / 2) + TimeSpan.FromSeconds(i * 0.5))))];
        await Task.Delay(outage);

        // However slow this machine is now, one of them meets a database that is away.
        await Task.WhenAny(Task.WhenAny(asked), Task.Delay(Scene.Soon));
        await cluster.Server.StartAsync();

        scene.ExpectTen(await load);
        (HttpStatusCode Status, bool Later, TimeSpan After)[] answers = await Task.WhenAll(asked);
        Assert.All(answers, static a => Assert.True(a is { Status: HttpStatusCode.ServiceUnavailable, Later: true } or { Status: HttpStatusCode.Created }, $"A start during the outage was answered with {a}."));
        int refused = answers.Count(static a => a.Status == HttpStatusCode.ServiceUnavailable);
        Assert.True(refused > 0, "No start was refused during the outage.");
        // What would be taken for dead would be so by now.
        await Task.Delay(cluster.Options.Lease + (2 * cluster.Options.TickInterval));
        Assert.Equal(processes, Processes());
        Assert.Equal(lives, await LivesAsync());
        await ExpectOnceAsync(scene, 60);
        scene.Print($"The database was away for {outage.TotalSeconds:0.0} s, the lease is {cluster.Options.Lease.TotalSeconds:0.0} s; the lives are the same: {string.Join(", ", lives)}.");
        scene.Print($"Of {answers.Length} starts meanwhile {refused} were refused within {answers.Where(static a => a.Status != HttpStatusCode.Created).Max(static a => a.After).TotalSeconds:0.00} s, the others accepted afterwards.");
    }, Rounds);

    /// <summary>A start during the outage: refused at once with word when to come again, or accepted when the database is back.</summary>
    private static async Task<(HttpStatusCode Status, bool Later, TimeSpan After)> AskAsync(SiloNode node, TimeSpan delay)
    {
        await Task.Delay(delay);
        using HttpClient http = new() { Timeout = TimeSpan.FromMinutes(2) };
        using StringContent body = new("""{"input":5}""", System.Text.Encoding.UTF8, "application/json");
        long asked = TimeProvider.System.GetTimestamp();
        using HttpResponseMessage answer = await http.PostAsync(new Uri(node.Address, "flows/leaf/runs"), body);
        return (answer.StatusCode, answer.Headers.RetryAfter is not null, TimeProvider.System.GetElapsedTime(asked));
    }

    private static async Task<RunView[]> LoadAsync(Scene scene, int count, TimeSpan spread)
    {
        TimeSpan[] starts = [.. Enumerable.Range(0, count).Select(_ => spread * scene.Chance.NextDouble())];
        return await Task.WhenAll(starts.Select(async (at, number) =>
        {
            await Task.Delay(at);
            object input = new { number, ask = number % 6 == 0, sleep = number % 5 == 0, child = number % 7 == 0 };
            RunView run = await scene.Driver.StartAsync("ten", input, $"{scene.Id}-{number}");
            return await scene.Driver.FollowAsync(run.Id);
        }));
    }

    /// <summary>Each start made one run, and each child was started once.</summary>
    private async Task ExpectOnceAsync(Scene scene, int count)
    {
        Assert.Equal(count, await cluster.QueryAsync<long>($"SELECT count(*) FROM runs WHERE idempotency_key LIKE '{scene.Id}-%'"));
        await scene.WhenEndedAsync("leaf", Scene.Soon);
        Assert.Equal((count + 6) / 7, await cluster.QueryAsync<long>($"SELECT count(*) FROM runs c JOIN runs p ON p.no = c.parent_no WHERE p.idempotency_key LIKE '{scene.Id}-%'"));
    }

    private int[] Processes() => [.. cluster.Nodes.Select(static node => node.Runs ? node.Process.Id : 0)];

    private Task<IReadOnlyList<string>> LivesAsync() => cluster.ListAsync("SELECT no, name FROM silos WHERE ended_at IS NULL ORDER BY no");

    public sealed class Cluster() : ChaosWorld(new ChaosOptions { Proxies = true });
}
