using Actors.Storage;
using Actors.Testing.Stores;
using Npgsql;

namespace Actors.Postgres.Tests;

/// <summary>What PostgreSQL does beyond the specifications of all stores.</summary>
public sealed class PostgresStoreTests() : StoreSpecifications(new PostgresFixture())
{
    private PostgresFixture Database => (PostgresFixture)Fixture;

    [Fact]
    public async Task A_transaction_that_hangs_does_not_keep_its_life_alive()
    {
        RunRow run = await StartAsync("r1");
        await using NpgsqlConnection hanging = new((await Database.OptionsAsync()).Read().ConnectionString + ";Pooling=false");
        await hanging.OpenAsync();
        await using NpgsqlTransaction transaction = await hanging.BeginTransactionAsync();
        await using (NpgsqlCommand hold = new($"SELECT pg_advisory_xact_lock_shared('silos'::regclass::oid::int, {Silo}); UPDATE runs SET why = 'hangs'", hanging))
        {
            await hold.ExecuteNonQueryAsync();
        }

        await Store.EndLifeAsync(Silo, At(), default);

        await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await transaction.CommitAsync());
        Assert.Null((await GetAsync(run)).Why);
        await FailsAsync(StoreFailure.Fenced, async () => await Store.CommitAsync([Next(run, 1)], default));
    }

    [Fact]
    public async Task Two_stores_on_one_database_fence_each_other()
    {
        await using PostgresStore other = await Database.OpenAsync();
        RunRow run = await StartAsync("r1");
        long second = await other.BeginLifeAsync("silo-b", At(), default);
        Assert.Null(Assert.Single(await other.ClaimAsync(second, [run.Id], default)));

        await other.EndLifeAsync(Silo, At(), default);

        await FailsAsync(StoreFailure.Fenced, async () => await Store.CommitAsync([Next(run, 1)], default));
        Assert.Equal(1, Assert.Single(await other.ClaimAsync(second, [run.Id], default))!.Entries[^1].Seq);
    }

    [Fact]
    public async Task Lives_of_two_schemas_have_nothing_to_do_with_each_other()
    {
        await using PostgresFixture neighbour = new();
        await using IStore other = await neighbour.CreateStoreAsync();
        long same = await other.BeginLifeAsync("silo-a", At(), default);
        Assert.Equal(Silo, same);

        await other.EndLifeAsync(same, At(), default);

        await StartAsync("r1");
    }

    [Fact]
    public async Task Silos_that_write_to_each_others_runs_do_not_lock_each_other_out()
    {
        await using PostgresStore other = await Database.OpenAsync();
        long second = await other.BeginLifeAsync("silo-b", At(), default);
        RunRow one = await StartAsync("r1");
        RunRow two = await StartAsync("r2", row => row with { Owner = second });
        RunChange change = Becomes(RunStatus.Running);

        await Task.WhenAll(
            WriteAsync(Store, Silo, one, two),
            WriteAsync(other, second, two, one));

        Assert.Equal(50, (await ClaimAsync(one))!.Inbox.Count);

        async Task WriteAsync(IStore store, long silo, RunRow own, RunRow theirs)
        {
            for (int i = 1; i <= 50; i++)
            {
                Transition next = Next(own, i, change, messages: [Message(theirs, $"{own.Id}-{i}")], silo: silo);
                Assert.Equal(CommitStatus.Committed, Assert.Single(await store.CommitAsync([next], default)).Status);
            }
        }
    }

    [Fact]
    public async Task Of_two_transitions_of_a_batch_that_close_one_human_task_the_first_does()
    {
        RunRow one = await StartAsync("r1");
        RunRow two = await StartAsync("r2");
        await CommittedAsync(Next(one, 1, opened: [HumanTask(one, "h1")]));

        Assert.Equal([CommitStatus.Committed, CommitStatus.Conflict], await CommitAllAsync(Next(one, 2, closed: [Answer("h1")]), Next(two, 1, closed: [Answer("h1", "ben")])));

        Assert.Equal("ann", (await Store.GetHumanTaskAsync(Tenant, new HumanTaskId("h1"), default))?.AnsweredBy);
    }

    [Fact]
    public async Task A_run_and_the_message_it_ends_with_leave_nothing_behind()
    {
        RunRow sender = await StartAsync("sender");
        RunRow receiver = await StartAsync("receiver");

        await CommittedAsync(Next(sender, 1, messages: [Message(receiver, "m1")]), Next(receiver, 1, Becomes(RunStatus.Completed), [Entry(2, EntryKind.RunCompleted, "")]));

        Assert.Empty(await Store.CheckInvariantsAsync(default));
    }

    [Theory]
    [InlineData('\ud83d')] // half a pair
    [InlineData('\0')]
    public async Task A_text_that_cannot_be_stored_refuses_the_batch_as_data(char wrong)
    {
        string key = $"a {wrong} inside";
        RunRow run = await StartAsync("r1");

        await FailsAsync(StoreFailure.Data, async () => await Store.CommitAsync([Next(run, 1, entries: [Entry(2, key: key)])], default));

        Assert.Single(await JournalAsync(run));
        await CommittedAsync(Next(run, 1));
    }

    [Fact]
    public async Task What_happened_to_a_human_task_is_kept()
    {
        RunRow run = await StartAsync("r1");
        await CommittedAsync(Next(run, 1, opened: [HumanTask(run, "h1"), HumanTask(run, "h2")]));
        await CommittedAsync(Next(run, 2, closed: [Answer("h1", "ben"), new HumanTaskClosing(new HumanTaskId("h2"), HumanTaskStatus.Cancelled, At(9), "operator")]));

        Assert.Equal(
            "h1/1/-,h2/1/-,h1/2/ben,h2/4/operator",
            await Database.QueryAsync<string>("SELECT string_agg(task_id || '/' || status || '/' || coalesce(by, '-'), ',' ORDER BY no) FROM @schema.human_task_audit"));
    }

    [Fact]
    public async Task A_server_that_goes_away_during_commits_loses_and_doubles_nothing()
    {
        // A database of its own, so that only its sessions are terminated.
        await Database.Server.ExecuteAsync("CREATE DATABASE killed");
        await using PostgresStore store = await PostgresStore.OpenAsync(
            new PostgresStoreOptions { ConnectionString = Database.Server.ConnectionString("killed"), MigrateOnOpen = true });
        long silo = await store.BeginLifeAsync("silo-a", At(), default);
        RunRow run = (await RowAsync("r1")) with { Owner = silo };
        using CancellationTokenSource over = new();
        int killed = 0;
        Task killer = Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                killed += (int)await Database.Server.QueryAsync<long>("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'killed' AND state <> 'idle'");
            }
        });
        long last = 0;
        DateTimeOffset end = DateTimeOffset.UtcNow.AddSeconds(3);
        while (Volatile.Read(ref killed) == 0 || (last < 200 && (last < 20 || DateTimeOffset.UtcNow < end)))
        {
            Transition next = last == 0 ? Begin(run, silo) : Next(run, last, silo: silo);
            CommitStatus? status;
            do
            {
                status = await OnceLostAsync(async () => (await store.CommitAsync([next], default))[0].Status);
            }
            while (status is null);
            Assert.Equal(CommitStatus.Committed, status);
            last++;
        }

        await over.CancelAsync();
        await killer;
        IReadOnlyList<JournalEntry>? journal = null;
        while (journal is null)
        {
            await OnceLostAsync<CommitStatus>(async () =>
            {
                journal = await store.ReadJournalAsync(Tenant, run.Id, 0, 10_000, default);
                return CommitStatus.Committed;
            });
        }

        Assert.Equal(Enumerable.Range(1, (int)last).Select(static i => (long)i), journal.Select(static entry => entry.Seq));
    }

    // Null when the connection was lost: then the same is asked again.
    private static async Task<T?> OnceLostAsync<T>(Func<Task<T>> ask)
        where T : struct
    {
        try
        {
            return await ask();
        }
        catch (StoreException e) when (e.Kind is StoreFailure.UnknownOutcome or StoreFailure.Transient)
        {
            return null;
        }
    }
}
