using System.Diagnostics;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing.Stores;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace Actors.Postgres.Tests;

/// <summary>What PostgreSQL does for silos beyond the specifications of all stores: locks, sessions, and how often it is asked.</summary>
public sealed class PostgresClusterTests(ITestOutputHelper output) : StoreSpecifications(new PostgresFixture())
{
    // Only ends a test that hangs.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private PostgresFixture Database => (PostgresFixture)Fixture;

    private IClusterStore Cluster => (IClusterStore)Store;

    [Fact]
    public async Task No_tick_succeeds_after_the_end_of_its_life()
    {
        int ticks = 0;
        for (int round = 0; round < 20; round++)
        {
            long life = await BeginLifeAsync("short");
            await using ISiloSession session = await Cluster.OpenSessionAsync(life, static _ => { }, default);
            long ended = long.MaxValue;
            TaskCompletionSource ticking = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Task<string?> loop = Task.Run(async () =>
            {
                while (true)
                {
                    long sent = Stopwatch.GetTimestamp();
                    try
                    {
                        await session.TickAsync(default);
                        ticks++;
                        ticking.TrySetResult();
                    }
                    catch (StoreException e) when (e.Kind == StoreFailure.Fenced)
                    {
                        return null;
                    }

                    if (sent > Volatile.Read(ref ended))
                    {
                        return "A tick that was sent after the end of the life was acknowledged.";
                    }
                }
            });
            await ticking.Task;
            if (round % 2 == 0)
            {
                await Store.EndLifeAsync(life, At(), default);
            }
            else
            {
                // With the beat that was seen a moment ago: mostly it has grown since, and the life goes on.
                while (!await Cluster.EndSilentLifeAsync(Silo, life, (await Cluster.ListSilosAsync(default)).Single(s => s.No == life).Beat, At(), default))
                {
                }
            }

            Volatile.Write(ref ended, Stopwatch.GetTimestamp());
            Assert.Null(await loop.WaitAsync(Limit));
        }

        output.WriteLine($"{ticks} ticks");
    }

    [Fact]
    public async Task Posts_and_commits_for_the_same_runs_and_human_tasks_never_deadlock()
    {
        const int Runs = 4;
        const int Rounds = 40;
        const int Lanes = 4;
        long second = await BeginLifeAsync("silo-b");
        RunRow[] runs = new RunRow[Runs];
        for (int i = 0; i < Runs; i++)
        {
            runs[i] = await StartAsync($"r{i}", row => row with { Owner = i % 2 == 0 ? Silo : second });
        }

        long before = await DeadlocksAsync();
        long[] last = [1, 1, 1, 1];
        int won = 0;
        for (int round = 0; round < Rounds; round++)
        {
            // One question each, and everybody answers all of them in an order of their own, while the owners expire them and write to each other.
            for (int i = 0; i < Runs; i++)
            {
                await CommittedAsync(Next(runs[i], last[i]++, opened: [HumanTask(runs[i], $"h{round}-{i}")], silo: i % 2 == 0 ? Silo : second));
            }

            int now = round;
            List<Task<int>> writers = [];
            for (int lane = 0; lane < Lanes; lane++)
            {
                int me = lane;
                writers.Add(Task.Run(async () =>
                {
                    PostedMessage[] posts =
                    [
                        .. Enumerable.Range(0, Runs).Select(i => (i + me) % Runs)
                            .Select(i => new PostedMessage(Message(runs[i], $"m{now}-{i}-{me}"), Answer($"h{now}-{i}", $"p{me}"))),
                        .. Enumerable.Range(0, Runs).Reverse().Select(i => new PostedMessage(Message(runs[i], $"n{now}-{i}-{me}"))),
                    ];
                    return (await Cluster.PostAsync(me % 2 == 0 ? Silo : second, posts, 100_000, default)).Take(Runs).Count(static o => o.Status == PostStatus.Accepted);
                }));
            }

            for (int owner = 0; owner < 2; owner++)
            {
                int me = owner;
                int[] mine = [me, me + 2];
                writers.Add(Task.Run(async () =>
                {
                    Transition[] batch =
                    [
                        .. mine.Reverse().Select(i => Next(
                            runs[i], last[i], Becomes(RunStatus.Running), silo: me == 0 ? Silo : second,
                            closed: [new HumanTaskClosing(new HumanTaskId($"h{now}-{i}"), HumanTaskStatus.Expired, At(9))],
                            messages: [.. Enumerable.Range(0, Runs).Reverse().Select(to => Message(runs[to], $"c{now}-{i}-{to}"))])),
                    ];
                    IReadOnlyList<CommitOutcome> outcomes = await Store.CommitAsync(batch, default);
                    foreach ((Transition transition, CommitOutcome outcome) in batch.Zip(outcomes))
                    {
                        if (outcome.Status == CommitStatus.Committed)
                        {
                            last[Array.FindIndex(runs, r => r.Id == transition.Run)]++;
                        }
                    }

                    return outcomes.Count(static o => o.Status == CommitStatus.Committed);
                }));
            }

            won += (await Task.WhenAll(writers)).Sum();
        }

        Assert.Equal(Rounds * Runs, won);
        Assert.Equal(before, await DeadlocksAsync());
        output.WriteLine($"{Rounds * (Lanes + 2)} batches at once by {Lanes + 2}");
    }

    [Fact]
    public async Task A_silo_that_has_nothing_to_do_asks_at_most_once_a_second()
    {
        const int Asked = 8;

        // A database of its own, of which alone the server logs each statement.
        await Database.Server.ExecuteAsync("CREATE DATABASE idle");
        await Database.Server.ExecuteAsync("ALTER DATABASE idle SET log_statement = 'all'");
        try
        {
            await using PostgresStore store = await PostgresStore.OpenAsync(
                new PostgresStoreOptions { ConnectionString = Database.Server.ConnectionString("idle"), MigrateOnOpen = true });
            await using Silo silo = new(new SiloOptions(), store, new FlowRegistry(), new TaskRegistry(), TimeProvider.System, NullLoggerFactory.Instance);
            await silo.StartAsync();

            // The first ticks look after what the start left.
            DateTime started = TimeOf((await StatementsAsync())[^1]);
            string[] asked = await Poll.UntilAsync<string[]>(
                "The silo ticks",
                async () => [.. (await StatementsAsync()).Where(line => TimeOf(line) > started.AddSeconds(2))],
                static lines => lines.Length > Asked);
            double rate = Asked / (TimeOf(asked[Asked]) - TimeOf(asked[0])).TotalSeconds;

            output.WriteLine($"{rate:0.00} statements/s");
            Assert.True(rate <= 1.0, string.Join('\n', asked));
        }
        finally
        {
            await Database.Server.ExecuteAsync("DROP DATABASE idle WITH (FORCE)");
        }

        // The server's own time, to the millisecond, begins each line.
        static DateTime TimeOf(string line) => DateTime.Parse(string.Join(' ', line.Split(' ', 3)[..2]), System.Globalization.CultureInfo.InvariantCulture);

        async Task<string[]> StatementsAsync() =>
            [.. (await Database.Server.ReadLogAsync()).Where(static line => line.Contains("LOG:  execute", StringComparison.Ordinal) || line.Contains("LOG:  statement", StringComparison.Ordinal))];
    }

    [Fact]
    public async Task A_session_whose_connection_is_terminated_is_lost_and_holds_its_lock_no_more()
    {
        await using ISiloSession session = await Cluster.OpenSessionAsync(Silo, static _ => { }, default);
        Assert.True(Assert.Single(await Cluster.ListSilosAsync(default)).IsConnected);
        Assert.False(session.Lost.IsCompleted);

        Assert.Equal(1, await Database.QueryAsync<long>(
            """
            SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_locks
             WHERE locktype = 'advisory' AND objsubid = 2 AND mode = 'ExclusiveLock' AND classid = '@schema.silos'::regclass::oid
            """));

        await session.Lost.WaitAsync(Limit);
        Assert.False(Assert.Single(await Cluster.ListSilosAsync(default)).IsConnected);
        await using ISiloSession next = await Cluster.OpenSessionAsync(Silo, static _ => { }, default);
        Assert.True(Assert.Single((await next.TickAsync(default)).Silos).IsConnected);
    }

    // Deadlocks are counted for the database when the transaction that met one ends; the store itself would only send its batch again.
    private async Task<long> DeadlocksAsync()
    {
        string[] log = await Database.Server.ReadLogAsync();
        return log.LongCount(static line => line.Contains("deadlock detected", StringComparison.Ordinal));
    }
}
