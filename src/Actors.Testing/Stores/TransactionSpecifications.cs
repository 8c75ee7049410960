using System.Data.Common;
using System.Globalization;
using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>The contract of <see cref="ITransactionalStore"/>: for stores that have it.</summary>
public abstract class TransactionSpecifications(StoreFixture fixture) : StoreSpecifications(fixture)
{
    // Tables of one test run lie side by side in its database.
    private static int s_tables;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private ITransactionalStore Transactional => (ITransactionalStore)Store;

    [Fact]
    public async Task Sql_and_transition_are_committed_together()
    {
        RunRow run = await StartAsync("run_a");
        string table = await TableAsync();
        Transition next = Next(run, 1, Becomes(RunStatus.Waiting, "why"));

        await using (IStoreTransaction transaction = await Transactional.BeginTransactionAsync(Limit, default))
        {
            await InsertAsync(transaction, table);
            Assert.Equal(CommitStatus.Committed, (await transaction.CommitAsync(next)).Status);
        }

        Assert.Equal(1, await CountAsync(table));
        Assert.Equal(2, (await JournalAsync(run)).Count);
        Assert.Equal("why", (await GetAsync(run)).Why);
        Assert.True(await Transactional.IsCommittedAsync(next, default));
    }

    [Fact]
    public async Task What_is_not_committed_is_rolled_back()
    {
        RunRow run = await StartAsync("run_a");
        string table = await TableAsync();

        await using (IStoreTransaction transaction = await Transactional.BeginTransactionAsync(Limit, default))
        {
            await InsertAsync(transaction, table);
        }

        Assert.Equal(0, await CountAsync(table));
        Assert.False(await Transactional.IsCommittedAsync(Next(run, 1), default));
    }

    [Fact]
    public async Task A_conflict_rolls_the_sql_back()
    {
        RunRow run = await StartAsync("run_a");
        string table = await TableAsync();
        await using IStoreTransaction transaction = await Transactional.BeginTransactionAsync(Limit, default);
        await InsertAsync(transaction, table);
        await CommittedAsync(Next(run, 1));
        string before = await SeeAsync(run);

        CommitOutcome outcome = await transaction.CommitAsync(Next(run, 1, Becomes(RunStatus.Waiting)));

        Assert.Equal(CommitStatus.Conflict, outcome.Status);
        Assert.NotNull(outcome.Reason);
        Assert.Equal(before, await SeeAsync(run));
        Assert.Equal(0, await CountAsync(table));
    }

    [Fact]
    public async Task A_transition_that_is_committed_already_is_answered_so_and_the_sql_is_rolled_back()
    {
        RunRow run = await StartAsync("run_a");
        string table = await TableAsync();
        Transition next = Next(run, 1);
        await CommittedAsync(next);
        await using IStoreTransaction transaction = await Transactional.BeginTransactionAsync(Limit, default);
        await InsertAsync(transaction, table);

        Assert.Equal(CommitStatus.Committed, (await transaction.CommitAsync(next)).Status);

        Assert.Equal(0, await CountAsync(table));
    }

    [Fact]
    public async Task A_life_that_ended_meanwhile_writes_nothing_and_did_not_wait()
    {
        RunRow run = await StartAsync("run_a");
        string table = await TableAsync();
        await using IStoreTransaction transaction = await Transactional.BeginTransactionAsync(Limit, default);
        await InsertAsync(transaction, table);

        await Store.EndLifeAsync(Silo, At(), default);

        await FailsAsync(StoreFailure.Fenced, async () => await transaction.CommitAsync(Next(run, 1)));
        Assert.Single(await JournalAsync(run));
        Assert.Equal(0, await CountAsync(table));
    }

    [Fact]
    public async Task A_value_that_cannot_be_stored_rolls_the_sql_back()
    {
        RunRow run = await StartAsync("run_a");
        string table = await TableAsync();
        await using IStoreTransaction transaction = await Transactional.BeginTransactionAsync(Limit, default);
        await InsertAsync(transaction, table);

        await FailsAsync(StoreFailure.Data, async () => await transaction.CommitAsync(Next(run, 1, entries: [Entry(2, key: "a\0b")])));

        Assert.Single(await JournalAsync(run));
        Assert.Equal(0, await CountAsync(table));
    }

    [Fact]
    public async Task Sql_that_ended_the_transaction_is_told()
    {
        RunRow run = await StartAsync("run_a");
        await using IStoreTransaction transaction = await Transactional.BeginTransactionAsync(Limit, default);
        await transaction.Transaction.CommitAsync();

        TaskException error = await Assert.ThrowsAsync<TaskException>(async () => await transaction.CommitAsync(Next(run, 1)));

        Assert.Equal((ErrorTypes.TransactionEnded, false), (error.Type, error.Retryable));
        Assert.Single(await JournalAsync(run));
    }

    [Fact]
    public async Task Open_transactions_keep_no_commit_waiting()
    {
        RunRow run = await StartAsync("run_a");
        List<IStoreTransaction> open = [];
        for (int i = 0; i < 16; i++)
        {
            open.Add(await Transactional.BeginTransactionAsync(Limit, default));
        }

        await CommittedAsync(Next(run, 1));

        foreach (IStoreTransaction transaction in open)
        {
            await transaction.DisposeAsync();
        }
    }

    private static async Task InsertAsync(IStoreTransaction transaction, string table)
    {
        await using DbCommand command = transaction.Connection.CreateCommand();
        command.Transaction = transaction.Transaction;
        command.CommandText = $"INSERT INTO {table} VALUES (1)";
        await command.ExecuteNonQueryAsync();
    }

    // Made and read on connections of the store itself: the specification knows no other.
    private async Task<string> TableAsync()
    {
        string table = $"effects_{Interlocked.Increment(ref s_tables)}";
        RunRow run = await StartAsync("run_table");
        await using IStoreTransaction transaction = await Transactional.BeginTransactionAsync(Limit, default);
        await using DbCommand command = transaction.Connection.CreateCommand();
        command.CommandText = $"CREATE TABLE {table} (n integer)";
        await command.ExecuteNonQueryAsync();
        Assert.Equal(CommitStatus.Committed, (await transaction.CommitAsync(Next(run, 1))).Status);
        return table;
    }

    private async Task<long> CountAsync(string table)
    {
        await using IStoreTransaction transaction = await Transactional.BeginTransactionAsync(Limit, default);
        await using DbCommand command = transaction.Connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM {table}";
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }
}
