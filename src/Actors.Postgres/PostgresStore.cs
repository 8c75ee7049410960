using System.Globalization;
using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

/// <summary>
/// The store that several silos may share. Each batch of transitions is one transaction and, unless one of them is refused, one round trip. Lives are
/// fenced: each write holds its life's advisory lock until it is committed, and the end of a life takes that lock alone.
/// </summary>
public sealed partial class PostgresStore
{
    // Commits have connections of their own: they must not wait behind those who read.
    private const int CommitConnectionsMax = 32;
    private const int ListConnectionsMax = 8;

    // A beat that takes longer says that something is wrong with the connection.
    private const int SessionTimeoutSeconds = 3;

    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlDataSource _commits;
    private readonly NpgsqlDataSource _lists;
    private readonly NpgsqlDataSource _sessions;
    private readonly Timeline _timeline;
    private readonly string _place;
    private readonly int _lockClass;

    private PostgresStore(
        NpgsqlDataSource source, NpgsqlDataSource commits, NpgsqlDataSource lists, NpgsqlDataSource sessions, NpgsqlDataSource transactions, Timeline timeline, string schema, string place,
        int lockClass)
    {
        _source = source;
        _commits = commits;
        _lists = lists;
        _sessions = sessions;
        _transactions = transactions;
        _timeline = timeline;
        _schema = schema;
        _place = place;
        _lockClass = lockClass;
        _runs = new(keys => LookUpAsync(Statements.LookUpRuns, 21, keys, RowReader.Run));
        _runsByKey = new(keys => LookUpAsync(Statements.LookUpRunsByKey, 21, keys, RowReader.Run));
        _lastEntries = new(keys => LookUpAsync(Statements.LookUpLastEntries, 6, keys, static row => new Kept<JournalEntry>(RowReader.Entry(row))));
        _humanTasks = new(keys => LookUpAsync(Statements.LookUpHumanTasks, 17, keys, RowReader.HumanTask));
    }

    public string Name => "postgres";

    /// <summary>Connects, checks what the store relies on, and that the schema is the one this version knows.</summary>
    /// <param name="time">For the time of a migration; null is the system's clock.</param>
    /// <exception cref="ArgumentException">An option cannot work.</exception>
    /// <exception cref="StoreException">Fatal, with a sentence that says what to do; Transient when the server does not answer.</exception>
    public static async Task<PostgresStore> OpenAsync(
        PostgresStoreOptions options, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        NpgsqlConnectionStringBuilder builder = options.Read();
        string place = PlaceOf(builder, options.Schema);
        Timeline timeline = new(place);
        NpgsqlDataSource source = timeline.CreateSource(builder);
        builder.MinPoolSize = 0;
        builder.MaxPoolSize = CommitConnectionsMax;
        NpgsqlDataSource commits = timeline.CreateSource(builder);
        NpgsqlDataSource lists = timeline.CreateSource(ForLists(builder));
        try
        {
            NpgsqlConnection connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                await ServerFacts.RequireAsync(source, connection, options.Schema, place, cancellationToken).ConfigureAwait(false);
                if (options.MigrateOnOpen)
                {
                    DateTimeOffset at = (time ?? TimeProvider.System).GetUtcNow();
                    await Migrations.ApplyAsync(connection, options.Schema, place, at, cancellationToken).ConfigureAwait(false);
                }

                await Migrations.RequireCurrentAsync(connection, options.Schema, place, cancellationToken).ConfigureAwait(false);

                // Unique in the database: advisory locks know no schemas.
                using NpgsqlCommand find = new("SELECT 'silos'::regclass::oid::bigint", connection);
                long table = (long)(await find.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
                return new PostgresStore(
                    source, commits, lists, timeline.CreateSource(ForSessions(builder)), timeline.CreateSource(options.ReadForSteps()), timeline, options.Schema, place, unchecked((int)table));
            }
        }
        catch (Exception e)
        {
            await source.DisposeAsync().ConfigureAwait(false);
            await commits.DisposeAsync().ConfigureAwait(false);
            await lists.DisposeAsync().ConfigureAwait(false);
            if (PostgresErrors.IsOurs(e))
            {
                throw PostgresErrors.From(e, place);
            }

            throw;
        }
    }

    /// <summary>Creates the schema or brings it up to date. Silos of the version before may run meanwhile; several callers wait for each other.</summary>
    /// <exception cref="ArgumentException">An option cannot work.</exception>
    /// <exception cref="StoreException">Fatal, with a sentence that says what to do; Transient when the server does not answer.</exception>
    public static async Task MigrateAsync(PostgresStoreOptions options, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        PostgresStoreOptions migrating = new() { ConnectionString = options.ConnectionString, Schema = options.Schema, MigrateOnOpen = true };
        PostgresStore store = await OpenAsync(migrating, time, cancellationToken).ConfigureAwait(false);
        await store.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Closes the connections. Disposing twice does nothing more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _sessions.DisposeAsync().ConfigureAwait(false);
        await _transactions.DisposeAsync().ConfigureAwait(false);
        await _source.DisposeAsync().ConfigureAwait(false);
        await _commits.DisposeAsync().ConfigureAwait(false);
        await _lists.DisposeAsync().ConfigureAwait(false);
    }

    // A few, since a list may take long; without kept plans, since each has conditions of its own; and with the planner free again: last settings count.
    private static NpgsqlConnectionStringBuilder ForLists(NpgsqlConnectionStringBuilder builder) => new(builder.ConnectionString)
    {
        MaxPoolSize = ListConnectionsMax,
        MaxAutoPrepare = 0,
        Options = $"{builder.Options} -c enable_seqscan=on -c enable_hashjoin=on -c enable_mergejoin=on -c plan_cache_mode=auto",
    };

    // Connections of their own that notice soon when nobody answers any more.
    private static NpgsqlConnectionStringBuilder ForSessions(NpgsqlConnectionStringBuilder builder) => new(builder.ConnectionString)
    {
        Pooling = false,
        Timeout = SessionTimeoutSeconds,
        CommandTimeout = SessionTimeoutSeconds,
        CancellationTimeout = 500,
        TcpKeepAlive = true,
        TcpKeepAliveTime = SessionTimeoutSeconds,
        TcpKeepAliveInterval = 1,
    };

    private static string PlaceOf(NpgsqlConnectionStringBuilder builder, string schema) =>
        string.Create(CultureInfo.InvariantCulture, $"the database {builder.Database ?? builder.Username} on {builder.Host}:{builder.Port}, schema {schema},");

    private static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        NpgsqlBatchCommand command = new(sql);
        foreach (NpgsqlParameter parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    /// <summary>Runs work on a connection and turns its errors into those of the contract.</summary>
    private ValueTask<T> RunAsync<TAsk, T>(TAsk ask, Func<NpgsqlConnection, TAsk, CancellationToken, Task<T>> work, CancellationToken cancellationToken) =>
        RunAsync(_source, ask, work, cancellationToken);

    private async ValueTask<T> RunAsync<TAsk, T>(
        NpgsqlDataSource source, TAsk ask, Func<NpgsqlConnection, TAsk, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            NpgsqlConnection connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                return await work(connection, ask, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (PostgresErrors.IsOurs(e))
        {
            throw PostgresErrors.From(e, _place);
        }
    }

    private ValueTask<List<T>> ReadAsync<T>(NpgsqlBatchCommand command, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken) =>
        RunAsync((command, read), static (connection, ask, cancellationToken) => AllAsync(connection, ask.command, ask.read, cancellationToken), cancellationToken);

    private async ValueTask<T?> FirstAsync<T>(NpgsqlBatchCommand command, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
        where T : class
    {
        List<T> rows = await ReadAsync(command, read, cancellationToken).ConfigureAwait(false);
        return rows.Count == 0 ? null : rows[0];
    }

    private static async Task<List<T>> AllAsync<T>(
        NpgsqlConnection connection, NpgsqlBatchCommand command, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        using NpgsqlBatch batch = new(connection) { BatchCommands = { command } };
        using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await RowsAsync(reader, read, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<List<T>> RowsAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        List<T> rows = [];
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private static async Task SendAsync(NpgsqlConnection connection, IEnumerable<NpgsqlBatchCommand> commands, CancellationToken cancellationToken)
    {
        using NpgsqlBatch batch = new(connection);
        foreach (NpgsqlBatchCommand command in commands)
        {
            batch.BatchCommands.Add(command);
        }

        await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends a failed transaction; false when the connection is lost, which ends it as well.</summary>
    private static async Task<bool> RollbackAsync(NpgsqlConnection connection)
    {
        try
        {
            await SendAsync(connection, [new NpgsqlBatchCommand(Statements.Rollback)], CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (PostgresErrors.IsOurs(e) || connection.State != System.Data.ConnectionState.Open)
        {
            // The error that led here says more.
            return false;
        }
    }
}
