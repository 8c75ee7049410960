using System.Diagnostics;
using Actors.Sqlite;
using Actors.Storage;
using Actors.Testing.Stores;

namespace Actors.Tests.Storage;

/// <summary>What only the embedded store has: a file, its lock, its schema, and reading beside a silo.</summary>
public sealed class SqliteStoreTests() : StoreSpecifications(new SqliteFixture())
{
    private SqliteFixture File => (SqliteFixture)Fixture;

    [Fact]
    public async Task Everything_acknowledged_is_there_after_the_file_is_opened_again()
    {
        RunRow run = await StartAsync("r1", row => row with { Metadata = new Dictionary<string, string> { ["a"] = "b" } });
        await CommittedAsync(Next(run, 1, set: [Reminder(run, "t", 1)], opened: [HumanTask(run, "h1", "ann")]));
        string before = await SeeAsync(run);
        await Store.DisposeAsync();

        await using SqliteStore again = await File.OpenAsync();

        Assert.Equal(run.Id, (await again.GetRunAsync(Tenant, run.Id, default))?.Id);
        Assert.Equal(2, (await again.ReadJournalAsync(Tenant, run.Id, 0, 10, default)).Count);
        Assert.Single(await again.FindRemindersAsync(At(100), null, 10, default));
        Assert.Contains("r1", before);
        Assert.Empty(await again.CheckInvariantsAsync(default));
    }

    [Fact]
    public async Task Opening_ends_all_earlier_lives_so_that_their_runs_are_taken_over_at_once()
    {
        RunRow run = await StartAsync("r1");
        await Store.DisposeAsync();

        await using SqliteStore again = await File.OpenAsync();
        long life = await again.BeginLifeAsync("silo-a", At(), default);

        Assert.True(life > Silo);
        Assert.Equal([run.Id], await again.FindRunnableAsync(10, default));
        Assert.Equal(life, Assert.Single(await again.ClaimAsync(life, [run.Id], default))?.Row.Owner);
        await FailsAsync(StoreFailure.Fenced, async () => await again.CommitAsync([Next(run, 1)], default));
    }

    [Fact]
    public async Task Run_numbers_go_on_after_the_file_is_opened_again()
    {
        long first = await Store.ReserveRunNumbersAsync(Silo, 10, default);
        await Store.DisposeAsync();

        await using SqliteStore again = await File.OpenAsync();
        long life = await again.BeginLifeAsync("silo-a", At(), default);

        Assert.Equal(first + 10, await again.ReserveRunNumbersAsync(life, 1, default));
    }

    [Fact]
    public async Task A_second_opener_waits_and_then_gets_a_sentence_that_names_the_file()
    {
        SteppedTime time = new();

        StoreException error = await FailsAsync(
            StoreFailure.Fatal, () => SqliteStore.OpenAsync(new SqliteStoreOptions { Path = File.File, LockWait = TimeSpan.FromSeconds(10) }, time));

        Assert.Contains(File.File, error.Message);
        Assert.Contains("10 s", error.Message);
        Assert.True(time.Elapsed >= TimeSpan.FromSeconds(10));
        await StartAsync("still-works");
    }

    [Fact]
    public async Task A_second_opener_takes_over_when_the_first_lets_go()
    {
        Task<SqliteStore> second = File.OpenAsync();
        Assert.False(second.IsCompleted);

        await Store.DisposeAsync();

        await using SqliteStore store = await second;
        Assert.Equal("sqlite", store.Name);
    }

    [Fact]
    public async Task The_lock_of_a_killed_process_is_free_and_what_it_committed_is_there()
    {
        // The shell takes the lock as another process would, with the system's own lock, and is killed.
        await Store.DisposeAsync();
        using Process holder = Process.Start(new ProcessStartInfo("flock", ["--exclusive", File.File + ".lock", "--command", "echo held; exec sleep 60"])
        {
            RedirectStandardOutput = true,
        })!;
        Assert.Equal("held", await holder.StandardOutput.ReadLineAsync());
        await FailsAsync(StoreFailure.Fatal, () => SqliteStore.OpenAsync(new SqliteStoreOptions { Path = File.File, LockWait = TimeSpan.Zero }));

        holder.Kill(entireProcessTree: true);
        await holder.WaitForExitAsync();

        await using SqliteStore store = await File.OpenAsync();
        Assert.NotEqual(0, await store.BeginLifeAsync("silo-a", At(), default));
    }

    [Fact]
    public async Task A_reader_beside_the_silo_sees_what_is_committed()
    {
        RunRow run = await StartAsync("r1");
        await using SqliteStore reader = await SqliteStore.OpenReadOnlyAsync(new SqliteStoreOptions { Path = File.File });

        Assert.Equal(RunStatus.Running, (await reader.GetRunAsync(Tenant, run.Id, default))?.Status);
        await CommittedAsync(Next(run, 1, Becomes(RunStatus.Waiting)));

        Assert.Equal(RunStatus.Waiting, (await reader.GetRunAsync(Tenant, run.Id, default))?.Status);
    }

    [Fact]
    public async Task A_reader_writes_nothing()
    {
        RunRow run = await StartAsync("r1");
        await using SqliteStore reader = await SqliteStore.OpenReadOnlyAsync(new SqliteStoreOptions { Path = File.File });

        await FailsAsync(StoreFailure.Fatal, async () => await reader.BeginLifeAsync("cli", At(), default));
        await FailsAsync(StoreFailure.Fatal, async () => await reader.EndLifeAsync(Silo, At(), default));
        await FailsAsync(StoreFailure.Fatal, async () => await reader.CommitAsync([Next(run, 1)], default));
        await FailsAsync(StoreFailure.Fatal, async () => await reader.ClaimAsync(Silo, [run.Id], default));
        await FailsAsync(StoreFailure.Fatal, async () => await reader.ReserveRunNumbersAsync(Silo, 1, default));
        await FailsAsync(StoreFailure.Fatal, async () => await reader.SaveFlowAsync(new FlowRow(Tenant, "f", "v", null, null, At()), default));

        await CommittedAsync(Next(run, 1));
    }

    [Fact]
    public async Task A_reader_needs_no_silo()
    {
        RunRow run = await StartAsync("r1");
        await Store.DisposeAsync();

        await using SqliteStore reader = await SqliteStore.OpenReadOnlyAsync(new SqliteStoreOptions { Path = File.File });

        Assert.NotNull(await reader.GetRunAsync(Tenant, run.Id, default));
        Assert.Equal(Silo, (await reader.GetRunAsync(Tenant, run.Id, default))?.Owner);
    }

    [Fact]
    public async Task What_happened_to_a_human_task_is_kept()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, opened: [HumanTask(run, "h1"), HumanTask(run, "h2")]));
        await CommittedAsync(Next(run, 2, closed: [Answer("h1", "ben"), new HumanTaskClosing(new HumanTaskId("h2"), HumanTaskStatus.Cancelled, At(9), "operator")]));

        Assert.Equal(
            "h1/1/-,h2/1/-,h1/2/ben,h2/4/operator",
            File.Query("SELECT group_concat(task_id || '/' || status || '/' || coalesce(by, '-')) FROM (SELECT * FROM human_task_audit ORDER BY no)"));
    }

    [Fact]
    public async Task Every_commit_is_on_the_disk_before_it_is_acknowledged()
    {
        await StartAsync("r1");

        Assert.Equal("wal", File.Query("PRAGMA journal_mode"));
    }

    [Fact]
    public async Task A_text_that_is_no_unicode_refuses_the_batch_as_data()
    {
        RunRow run = await StartAsync("r1");

        await FailsAsync(StoreFailure.Data, async () => await Store.CommitAsync([Next(run, 1, entries: [Entry(2, key: "half \ud83d of a pair")])], default));

        await CommittedAsync(Next(run, 1, entries: [Entry(2, key: "nul \0 inside")]));
        Assert.Equal("nul \0 inside", (await JournalAsync(run))[1].Key);
    }

    [Fact]
    public async Task A_store_that_was_closed_says_so()
    {
        RunRow run = await StartAsync("r1");
        await Store.DisposeAsync();
        await Store.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await Store.GetRunAsync(Tenant, run.Id, default));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await Store.CommitAsync([Next(run, 1)], default));
    }

    [Fact]
    public async Task A_commit_of_two_thousand_callers_at_once_is_bounded_and_complete()
    {
        List<RunRow> runs = [];
        long first = await Store.ReserveRunNumbersAsync(Silo, 2000, default);
        RunRow template = await RowAsync("template");
        for (int i = 0; i < 2000; i++)
        {
            runs.Add(template with { Id = new RunId($"r{i}"), No = first + i });
        }

        await Task.WhenAll(runs.Select(run => CommittedAsync(Begin(run))));

        Assert.Equal(2000L, File.Query("SELECT count(*) FROM journal"));
    }

    // A clock that goes on by itself when somebody waits for it.
    private sealed class SteppedTime : TimeProvider
    {
        private long _ticks;

        public TimeSpan Elapsed => TimeSpan.FromTicks(Volatile.Read(ref _ticks));

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Volatile.Read(ref _ticks);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime > TimeSpan.Zero)
            {
                Interlocked.Add(ref _ticks, dueTime.Ticks);
                dueTime = TimeSpan.Zero;
            }

            return System.CreateTimer(callback, state, dueTime, period);
        }
    }
}
