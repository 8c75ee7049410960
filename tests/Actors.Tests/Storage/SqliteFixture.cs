using Actors.Sqlite;
using Actors.Storage;
using Actors.Testing.Stores;
using Microsoft.Data.Sqlite;

namespace Actors.Tests.Storage;

/// <summary>A directory of its own for each test.</summary>
internal sealed class SqliteFixture : StoreFixture
{
    // Made on first use: the check that no store skips a specification makes fixtures only to ask for their type.
    private readonly Lazy<DirectoryInfo> _directory = new(() => Directory.CreateTempSubdirectory("actors-sqlite-"));

    public override Type StoreType => typeof(SqliteStore);

    public string File => Path.Combine(_directory.Value.FullName, "actors.db");

    public override async ValueTask<IStore> CreateStoreAsync() => await OpenAsync();

    public Task<SqliteStore> OpenAsync() => SqliteStore.OpenAsync(new SqliteStoreOptions { Path = File });

    /// <summary>Runs SQL of a test on the file, beside the store.</summary>
    public void Execute(string sql, params (string Name, object Value)[] values)
    {
        using SqliteConnection connection = Connect();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach ((string name, object value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }

        command.ExecuteNonQuery();
    }

    public object? Query(string sql)
    {
        using SqliteConnection connection = Connect();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    public override ValueTask DeleteEntryAsync(IStore store, RunRow run, long seq)
    {
        Execute("DELETE FROM journal WHERE run_no = $no AND seq = $seq", ("$no", run.No), ("$seq", seq));
        return ValueTask.CompletedTask;
    }

    public override ValueTask AddMessageAsync(IStore store, InboxMessage message)
    {
        Execute(
            "INSERT INTO inbox (id, run_no, kind, key, payload, principal, at) VALUES ($id, $no, 5, '', x'', 'test', 0)",
            ("$id", message.Id),
            ("$no", message.RunNo));
        return ValueTask.CompletedTask;
    }

    public override ValueTask DisposeAsync()
    {
        if (_directory.IsValueCreated)
        {
            _directory.Value.Delete(recursive: true);
        }

        return ValueTask.CompletedTask;
    }

    private SqliteConnection Connect()
    {
        SqliteConnection connection = new($"Data Source={File};Pooling=False");
        connection.Open();
        return connection;
    }
}

public sealed class SqliteLives() : LifeSpecifications(new SqliteFixture());

public sealed class SqliteCommits() : CommitSpecifications(new SqliteFixture());

public sealed class SqliteStarts() : StartSpecifications(new SqliteFixture());

public sealed class SqliteRunChanges() : RunChangeSpecifications(new SqliteFixture());

public sealed class SqliteClaims() : ClaimSpecifications(new SqliteFixture());

public sealed class SqliteReminders() : ReminderSpecifications(new SqliteFixture());

public sealed class SqliteMessages() : MessageSpecifications(new SqliteFixture());

public sealed class SqliteRunQueries() : RunQuerySpecifications(new SqliteFixture());

public sealed class SqliteHumanTasks() : HumanTaskSpecifications(new SqliteFixture());

public sealed class SqliteFlows() : FlowSpecifications(new SqliteFixture());

public sealed class SqliteInvariants() : InvariantSpecifications(new SqliteFixture());

public sealed class SqliteConcurrency() : ConcurrencySpecifications(new SqliteFixture());

public sealed class SqliteRetention() : RetentionSpecifications(new SqliteFixture());

public sealed class SqliteCache() : CacheSpecifications(new SqliteFixture());
