using Actors.Storage;
using Actors.Testing.Stores;

namespace Actors.Postgres.Tests;

/// <summary>A schema of its own for each test.</summary>
internal sealed class PostgresFixture : StoreFixture
{
    private static int s_last;

    private PostgresServer? _server;

    public override Type StoreType => typeof(PostgresStore);

    public string Schema { get; } = $"t{Interlocked.Increment(ref s_last)}";

    public PostgresServer Server => _server ?? throw new InvalidOperationException("Open a store first.");

    public override async ValueTask<IStore> CreateStoreAsync() => await OpenAsync(migrate: true);

    public async Task<PostgresStore> OpenAsync(bool migrate = false) => await PostgresStore.OpenAsync(await OptionsAsync(migrate));

    public async Task<PostgresStoreOptions> OptionsAsync(bool migrate = false)
    {
        _server ??= await PostgresServer.GetAsync();
        return new PostgresStoreOptions { ConnectionString = _server.ConnectionString(), Schema = Schema, MigrateOnOpen = migrate };
    }

    /// <summary>Runs SQL of a test beside the store.</summary>
    public Task ExecuteAsync(string sql) => Server.ExecuteAsync($"SET search_path = {Schema}; {sql}");

    public Task<T?> QueryAsync<T>(string sql) => Server.QueryAsync<T>(sql.Replace("@schema", Schema, StringComparison.Ordinal));

    public override async ValueTask DeleteEntryAsync(IStore store, RunRow run, long seq) =>
        await ExecuteAsync($"DELETE FROM journal WHERE run_no = {run.No} AND seq = {seq}");

    public override async ValueTask AddMessageAsync(IStore store, InboxMessage message) =>
        await ExecuteAsync($"INSERT INTO inbox (id, run_no, kind, key, payload, principal, at) VALUES ('{message.Id}', {message.RunNo}, 5, '', '', 'test', 0)");

    public override async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await ExecuteAsync($"DROP SCHEMA IF EXISTS {Schema} CASCADE");
        }
    }
}

public sealed class PostgresLives() : LifeSpecifications(new PostgresFixture());

public sealed class PostgresCommits() : CommitSpecifications(new PostgresFixture());

public sealed class PostgresStarts() : StartSpecifications(new PostgresFixture());

public sealed class PostgresRunChanges() : RunChangeSpecifications(new PostgresFixture());

public sealed class PostgresClaims() : ClaimSpecifications(new PostgresFixture());

public sealed class PostgresReminders() : ReminderSpecifications(new PostgresFixture());

public sealed class PostgresMessages() : MessageSpecifications(new PostgresFixture());

public sealed class PostgresRunQueries() : RunQuerySpecifications(new PostgresFixture());

public sealed class PostgresHumanTasks() : HumanTaskSpecifications(new PostgresFixture());

public sealed class PostgresFlows() : FlowSpecifications(new PostgresFixture());

public sealed class PostgresInvariants() : InvariantSpecifications(new PostgresFixture());

public sealed class PostgresTransactions() : TransactionSpecifications(new PostgresFixture());

public sealed class PostgresConcurrency() : ConcurrencySpecifications(new PostgresFixture());

public sealed class PostgresRetention() : RetentionSpecifications(new PostgresFixture());

public sealed class PostgresCache() : CacheSpecifications(new PostgresFixture());

public sealed class PostgresClusterLives() : ClusterLifeSpecifications(new PostgresFixture());

public sealed class PostgresClusterClaims() : ClusterClaimSpecifications(new PostgresFixture());

public sealed class PostgresClusterMessages() : ClusterMessageSpecifications(new PostgresFixture());

public sealed class PostgresClusterFences() : ClusterFenceSpecifications(new PostgresFixture());
