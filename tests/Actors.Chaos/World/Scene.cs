using System.Runtime.CompilerServices;
using Actors.Protocol;

namespace Actors.Chaos.World;

/// <summary>One test in a world: its seed, its chance, its caller, and the judgement at its end.</summary>
internal sealed class Scene(ChaosWorld world, ITestOutputHelper output, int seed)
{
    // Far above what any scene takes when nothing hangs.
    private static readonly TimeSpan Limit = ChaosMode.Pick(TimeSpan.FromMinutes(8), TimeSpan.FromMinutes(30));

    /// <summary>For what must come at some time: only ends a test that hangs.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan OwnedLimit = TimeSpan.FromSeconds(10);

    // What each ten-step run does outside.
    private static readonly string[] Steps = ["flaky", "left", "line", "line", "line", "nine", "one", "right", "ten", "two"];

    private static int s_last;

    public ChaosWorld World => world;

    private ITestOutputHelper Output => output;

    public int Seed => seed;

    /// <summary>Unique among the scenes of a world: for idempotency keys.</summary>
    public string Id { get; } = $"{seed}-{Interlocked.Increment(ref s_last)}";

    public Random Chance { get; } = new(seed);

    public Driver Driver { get; } = new(world, seed);

    public void Print(string line) => output.WriteLine(line);

    /// <summary>Plays a scene in a cluster that is whole, and judges what is left of it. A failure says the seed, what the processes printed last, and what is broken.</summary>
    /// <param name="rounds">How often the long form repeats it, each time with a fresh seed, unless <see cref="ChaosMode.RepeatLimit"/> is over before.</param>
    public static async Task PlayAsync(ChaosWorld world, ITestOutputHelper output, Func<Scene, Task> play, int rounds, [CallerMemberName] string test = "")
    {
        long began = TimeProvider.System.GetTimestamp();
        for (int round = 0; round == 0 || (ChaosMode.IsLong && round < rounds && TimeProvider.System.GetElapsedTime(began) < ChaosMode.RepeatLimit); round++)
        {
            await PlayOnceAsync(new Scene(world, output, ChaosMode.Seed + round), play, test);
        }
    }

    private static async Task PlayOnceAsync(Scene scene, Func<Scene, Task> play, string test)
    {
        ChaosWorld world = scene.World;
        ITestOutputHelper output = scene.Output;
        output.WriteLine($"Seed {scene.Seed}, {(ChaosMode.IsLong ? "long" : "short")} form.");
        long began = TimeProvider.System.GetTimestamp();
        try
        {
            await world.RepairAsync();
            await play(scene).WaitAsync(Limit);
            await scene.JudgeAsync();
            output.WriteLine($"{TimeProvider.System.GetElapsedTime(began).TotalSeconds:0.0} s, {scene.Driver.Repeats} calls were asked again.");
        }
        catch (Exception e)
        {
            string broken = await scene.DescribeAsync();
            throw new Xunit.Sdk.XunitException(
                $"""
                {e.Message}
                Seed {scene.Seed}; again with: ACTORS_SEED={scene.Seed} dotnet test tests/Actors.Chaos --filter {test}
                What is broken in the database:
                {broken}
                {string.Join('\n', world.Nodes.Select(static node => node.Tail))}
                {e}
                """);
        }
    }

    /// <summary>The runs have all ended well, and each of the ten steps of each has had its effect.</summary>
    public void ExpectTen(IEnumerable<RunView> runs)
    {
        ILookup<string, Effect> effects = world.Effects.Read().ToLookup(static e => e.Run);
        foreach (RunView run in runs)
        {
            Assert.True(run.Status == RunStatus.Completed, $"Run {run.Id} is {run.Status}: {run.Why} {run.Error?.Message}");
            string[] keys = [.. effects[run.Id].Select(static e => e.Key).Distinct().Select(static key => key[(key.LastIndexOf('/') + 1)..]).Order(StringComparer.Ordinal)];
            Assert.Equal(Steps, keys);
        }
    }

    /// <summary>Waits until no run of the flow is alive.</summary>
    public Task<TimeSpan> WhenEndedAsync(string flow, TimeSpan limit) =>
        world.UntilAsync<long>($"All runs of {flow} end", limit, $"SELECT count(*) FROM runs WHERE flow = '{flow}' AND status < 5", static left => left == 0);

    /// <summary>Waits until each run that has something to do is in the hands of a living silo.</summary>
    public Task<TimeSpan> WhenOwnedAsync(TimeSpan limit) => world.UntilAsync<long>(
        "All runs with something to do are owned by the living",
        limit,
        """
        SELECT count(*) FROM runs r
         WHERE (r.owner IS NOT NULL AND r.owner NOT IN (SELECT no FROM silos WHERE ended_at IS NULL))
            OR (r.owner IS NULL AND r.status IN (1, 2))
        """,
        static orphans => orphans == 0);

    private async Task JudgeAsync()
    {
        await WhenOwnedAsync(OwnedLimit);
        IReadOnlyList<string> broken = await world.FindBrokenAsync();
        Assert.True(broken.Count == 0, string.Join('\n', broken));
        Assert.True(await world.QueryAsync<long>("SELECT last_value FROM watch.writes") > 1, "The watch over writers has seen none.");
    }

    private async Task<string> DescribeAsync()
    {
        try
        {
            IReadOnlyList<string> broken = await world.FindBrokenAsync();
            IReadOnlyList<string> silos = await world.ListAsync("SELECT no, name, to_timestamp(began_at / 1000.0)::time, to_timestamp(ended_at / 1000.0)::time FROM silos ORDER BY no DESC LIMIT 20");
            IReadOnlyList<string> live = await world.ListAsync("SELECT id, flow, status, owner, why FROM runs WHERE status < 5 LIMIT 20");
            return string.Join('\n', [broken.Count == 0 ? "nothing" : string.Join('\n', broken), "Lives:", .. silos, "Some live runs:", .. live]);
        }
#pragma warning disable CA1031 // It is said beside the failure that matters.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return $"It cannot be asked: {e.Message}";
        }
    }
}
