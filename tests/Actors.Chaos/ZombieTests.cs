using Actors.Chaos.World;
using Actors.Client;
using Actors.Protocol;
using Npgsql;

namespace Actors.Chaos;

/// <summary>A silo that only seemed dead: its peers take over, and when it wakes up it can do no harm to what is recorded.</summary>
public sealed class ZombieTests(ZombieTests.Cluster cluster, ITestOutputHelper output) : IClassFixture<ZombieTests.Cluster>
{
    // Of the long form.
    private const int Rounds = 25;

    private const int Knocks = 20;

    // After the lease, until its peers have ended the life of a silo.
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);

    [Fact]
    public Task A_silo_that_was_paused_for_longer_than_its_lease_is_refused_and_begins_a_new_life() => Scene.PlayAsync(cluster, output, scene => HauntAsync(
        scene, static (victim, _) => victim.PauseAsync(), static () => Task.CompletedTask, static victim => victim.ContinueAsync(),
        isWriting: false), Rounds);

    [Fact]
    public Task A_silo_that_was_paused_inside_an_open_transaction_does_not_keep_its_peers_from_taking_over() => Scene.PlayAsync(cluster, output, async scene =>
    {
        await using NpgsqlConnection blocking = await cluster.ConnectAsync();
        NpgsqlTransaction held = null!;
        await HauntAsync(
            scene,
            async (victim, life) =>
            {
                // Its next commit waits in the server for a row that the test holds; all of the transaction, the COMMIT included, has been sent.
                RunView run = await scene.Driver.StartAsync("slow", new { steps = 1, ms = 700 }, $"held-{scene.Seed}-{life}", victim);
                held = await blocking.BeginTransactionAsync();
                await using (NpgsqlCommand hold = new("SELECT 1 FROM runs WHERE id = $1 FOR UPDATE", blocking, held) { Parameters = { new() { Value = run.Id } } })
                {
                    await hold.ExecuteNonQueryAsync();
                }

                await cluster.UntilAsync<long>("Its transaction waits", Scene.Soon, Sessions(life, "wait_event_type = 'Lock'"), static waiting => waiting > 0);
                await victim.PauseAsync();
            },
            // While the row is held its run cannot be taken over either.
            () => held.RollbackAsync(),
            static victim => victim.ContinueAsync(),
            isWriting: false);
    }, Rounds);

    [Fact]
    public Task A_silo_that_was_paused_after_half_a_batch_was_sent_does_not_keep_its_peers_from_taking_over() => Scene.PlayAsync(cluster, output, scene => HauntAsync(
        scene,
        async (victim, life) =>
        {
            Task half = victim.Proxy!.HoldHalfBatch();
            await scene.Driver.StartAsync("slow", new { steps = 1, ms = 100 }, $"half-{scene.Seed}-{life}");
            await half.WaitAsync(Scene.Soon);
            await cluster.UntilAsync<long>("Half of its transaction is there", Scene.Soon, Sessions(life, "wait_event = 'ClientRead'"), static waiting => waiting > 0);
            await victim.PauseAsync();
        },
        static () => Task.CompletedTask,
        static async victim =>
        {
            victim.Proxy!.Heal();
            await victim.ContinueAsync();
        },
        isWriting: false), Rounds);

    [Fact]
    public Task A_silo_whose_network_swallows_everything_stops_its_bodies_before_its_peers_take_over() => Scene.PlayAsync(cluster, output, async scene =>
    {
        (SiloNode victim, int life, string[] stubborn) = await HauntAsync(
            scene,
            static (victim, _) =>
            {
                victim.Proxy!.BlackHole();
                return Task.CompletedTask;
            },
            static () => Task.CompletedTask,
            static victim =>
            {
                victim.Proxy!.Heal();
                return Task.CompletedTask;
            });

        // It ran all the time: what could hear that it is to stop has stopped before others took over.
        long dead = await cluster.QueryAsync<long>($"SELECT ended_at FROM silos WHERE no = {life}") * 1000;
        Ended[] late = [.. Bodies(victim, scene).Where(e => e.Began < dead && e.At > dead + 1000 && !stubborn.Contains(e.Run))];
        Assert.True(late.Length == 0, $"Life {life} was ended at {dead}; these bodies ended later: {string.Join(", ", late.AsEnumerable())}");
    }, Rounds);

    /// <summary>Work begins on a silo, it is frozen until its peers have taken over and ended what it held, and is woken.</summary>
    /// <param name="isWriting">True: what it sent meanwhile reaches the database after its end. False: it may notice before it writes anything.</param>
    /// <returns>The silo, the life that was ended, and the runs whose bodies do not hear that they are to stop.</returns>
    private static async Task<(SiloNode Victim, int Life, string[] Stubborn)> HauntAsync(Scene scene, Func<SiloNode, int, Task> freeze, Func<Task> whenDead, Func<SiloNode, Task> wake, bool isWriting = true)
    {
        ChaosWorld world = scene.World;
        SiloNode victim = scene.Driver.Any();
        int life = await victim.FindLifeAsync() ?? throw new InvalidOperationException($"{victim.Name} has no life.");
        int printed = victim.Process.Lines.Count;
        int effects = world.Effects.Read().Count;
        int wrong = (int)await world.QueryAsync<long>("SELECT count(*) FROM watch.wrong");

        // Held by it: bodies that are under way, some of which do not listen, and runs that wait for a person.
        string[] tens = await StartAsync(scene, victim, life, "ten", 30, static i => new { number = i, ask = i % 2 == 0 });
        string[] slow = await StartAsync(scene, victim, life, "slow", 30, i => new { steps = 4, ms = 200 + (i * 10) });
        string[] stubborn = await StartAsync(scene, victim, life, "slow", 5, i => new { steps = 1, ms = (int)(world.Options.Lease.TotalMilliseconds * 2) + i, stubborn = true });
        await world.Effects.WhenAsync(effects + 65);
        victim.IsFrozen = true;
        await freeze(victim, life);
        TimeSpan dead = await world.UntilAsync<bool>(
            $"Life {life} is ended", world.Options.Lease + EndLimit, $"SELECT ended_at IS NOT NULL FROM silos WHERE no = {life}", static ended => ended);
        await whenDead();
        TimeSpan owned = await world.UntilAsync<long>("Nothing is owned by it", TimeSpan.FromSeconds(5), $"SELECT count(*) FROM runs WHERE owner = {life}", static held => held == 0);

        // Callers that have not heard of it: what they ask is the first thing that it meets when it wakes up.
        Task<string?>[] knocks = [.. Enumerable.Range(0, Knocks).Select(i => KnockAsync(victim, $"knock-{scene.Seed}-{life}-{i}"))];
        RunView[] ended = await Task.WhenAll(tens.Concat(slow).Select(scene.Driver.FollowAsync));
        long[] writes = await EntriesAsync(world, life);

        await wake(victim);
        string said = await victim.Process.WhenPrintedAsync(static line => line.Contains("This life of the silo is over", StringComparison.Ordinal), printed).WaitAsync(Scene.Soon);
        await world.UntilAsync<int?>($"{victim.Name} begins a new life", Scene.Soon, $"SELECT max(no) FROM silos WHERE name = '{victim.Name}' AND ended_at IS NULL", no => no > life);
        int next = (await victim.FindLifeAsync())!.Value;

        // The new life works.
        victim.IsFrozen = false;
        RunView again = await scene.Driver.StartAsync("ten", new { number = 0 }, $"again-{scene.Seed}-{next}", victim);
        RunView[] all = [.. ended, .. await Task.WhenAll(stubborn.Append(again.Id).Select(scene.Driver.FollowAsync))];
        Assert.All(all, static run => Assert.Equal(RunStatus.Completed, run.Status));
        scene.ExpectTen(all.Where(static run => run.Flow == "ten"));

        Assert.Equal(writes, await EntriesAsync(world, life));
        Assert.Equal(wrong, (int)await world.QueryAsync<long>("SELECT count(*) FROM watch.wrong"));
        int refused = await RefusedAsync(world, life);
        Assert.True(refused > 0 || !isWriting, $"Life {life} tried to write nothing after its end: the test has not seen it refused.");
        string?[] accepted = [.. (await Task.WhenAll(knocks)).Where(static run => run is not null)];
        Assert.All(await Task.WhenAll(accepted.Select(run => scene.Driver.FollowAsync(run!))), static run => Assert.Equal(RunStatus.Completed, run.Status));
        long began = await world.QueryAsync<long>($"SELECT began_at FROM silos WHERE no = {next}") * 1000;
        Effect[] before = [.. world.Effects.Read().Where(e => e.Process == victim.Process.Id && e.Key.StartsWith("slow", StringComparison.Ordinal) && e.Began < began)];
        HashSet<(string, long)> over = [.. world.Effects.ReadEnded().Where(e => e.Process == victim.Process.Id && e.At <= began + 1000).Select(static e => (e.Run, e.Began))];
        Effect[] beside = [.. before.Where(e => !over.Contains((e.Run, e.Began)))];
        Assert.True(beside.Length == 0, $"Bodies of life {life} ran when life {next} began at {began}: {string.Join(", ", beside.AsEnumerable())}");
        scene.Print($"{victim.Name}: life {life} was ended {dead.TotalSeconds:0.0} s after it was frozen (lease {world.Options.Lease.TotalSeconds} s), its runs were owned {owned.TotalSeconds:0.0} s later.");
        scene.Print($"It wrote {writes[0]} transitions before; of what it sent after its end 0 were accepted and {refused} refused; of {Knocks} starts that waited for it {accepted.Length} were accepted by its next life, {next}.");
        scene.Print(said.Trim());
        return (victim, life, stubborn);
    }

    /// <summary>Asks for a run at one silo only, once; null when it is not accepted.</summary>
    private static async Task<string?> KnockAsync(SiloNode victim, string key)
    {
        try
        {
            return (await victim.Client.StartRunAsync("leaf", System.Text.Json.JsonSerializer.SerializeToElement(0), key)).Id;
        }
        catch (Exception e) when (e is ActorsUnreachableException or ActorsApiException { Status: System.Net.HttpStatusCode.ServiceUnavailable })
        {
            return null;
        }
    }

    private static async Task<string[]> StartAsync(Scene scene, SiloNode at, int life, string flow, int count, Func<int, object> input) =>
        [.. (await Task.WhenAll(Enumerable.Range(0, count).Select(i => scene.Driver.StartAsync(flow, input(i), $"{flow}-{scene.Seed}-{life}-{count}-{i}", at)))).Select(static run => run.Id)];

    /// <summary>How many transitions a life has written, and the newest: both halves of a transition's number are known.</summary>
    private static async Task<long[]> EntriesAsync(ChaosWorld world, int life) =>
        [.. (await world.ListAsync($"SELECT count(*), coalesce(max(transition_id), 0) FROM journal WHERE transition_id >> 40 = {life}"))[0].Split(' ').Select(long.Parse)];

    /// <summary>How many writes of an ended life the database refused, by its own log.</summary>
    private static async Task<int> RefusedAsync(ChaosWorld world, int life)
    {
        string[] log = await world.Server.ReadLogAsync();
        return log.Where((line, i) => line.Contains($"[actors silo {life}] ERROR:  division by zero", StringComparison.Ordinal)
            && i + 1 < log.Length && log[i + 1].Contains("FROM silos WHERE no = $1 AND ended_at IS NULL", StringComparison.Ordinal)).Count();
    }

    private static string Sessions(int life, string condition) => $"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'actors silo {life}' AND xact_start IS NOT NULL AND {condition}";

    private static IEnumerable<Ended> Bodies(SiloNode node, Scene scene) => scene.World.Effects.ReadEnded().Where(e => e.Process == node.Process.Id);

    public sealed class Cluster() : ChaosWorld(new ChaosOptions { Proxies = true });
}
