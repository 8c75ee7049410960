using System.Globalization;
using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

/// <summary>
/// The store that several silos may share. Each batch of transitions is one transaction and, unless one of them is refused, one round trip. Lives are
/// fenced: each write holds its life's advisory lock until it is committed, and the end of a life takes that lock alone.
/// </summary>
public sealed partial class PostgresStore : IStore
{
    // ON CONFLICT with several arrays needs nothing newer, but older servers get no fixes any more.
    private const int ServerVersionMin = 130000;

    private readonly NpgsqlDataSource _source;
    private readonly string _place;
    private readonly int _lockClass;

    private PostgresStore(NpgsqlDataSource source, NpgsqlDataSource transactions, string schema, string place, int lockClass)
    {
        _source = source;
        _transactions = transactions;
        _schema = schema;
        _place = place;
        _lockClass = lockClass;
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
        NpgsqlDataSource source = NpgsqlDataSource.Create(builder);
        try
        {
            NpgsqlConnection connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                await RequireServerAsync(connection, place, cancellationToken).ConfigureAwait(false);
                if (options.MigrateOnOpen)
                {
                    DateTimeOffset at = (time ?? TimeProvider.System).GetUtcNow();
                    await Migrations.ApplyAsync(connection, options.Schema, place, at, cancellationToken).ConfigureAwait(false);
                }

                await Migrations.RequireCurrentAsync(connection, options.Schema, place, cancellationToken).ConfigureAwait(false);

                // Unique in the database: advisory locks know no schemas.
                using NpgsqlCommand find = new("SELECT 'silos'::regclass::oid::bigint", connection);
                long table = (long)(await find.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
                PostgresStore store = new(source, NpgsqlDataSource.Create(options.ReadForSteps()), options.Schema, place, unchecked((int)table));
                if (options.Exclusive)
                {
                    await store.TakeAloneAsync(builder.ConnectionString, options.LockWait, time ?? TimeProvider.System, cancellationToken).ConfigureAwait(false);
                }

                return store;
            }
        }
        catch (Exception e)
        {
            await source.DisposeAsync().ConfigureAwait(false);
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
        if (_exclusive is not null)
        {
            await _exclusive.DisposeAsync().ConfigureAwait(false);
        }

        await _transactions.DisposeAsync().ConfigureAwait(false);
        await _source.DisposeAsync().ConfigureAwait(false);
    }

    private static string PlaceOf(NpgsqlConnectionStringBuilder builder, string schema) =>
        string.Create(CultureInfo.InvariantCulture, $"the database {builder.Database ?? builder.Username} on {builder.Host}:{builder.Port}, schema {schema},");

    private static async Task RequireServerAsync(NpgsqlConnection connection, string place, CancellationToken cancellationToken)
    {
        using NpgsqlCommand command = new(
            "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), current_setting('synchronous_commit'), pg_is_in_recovery()", connection);
        using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        string? wrong = reader switch
        {
            _ when reader.GetInt32(0) < ServerVersionMin => "is served by a PostgreSQL older than 13. Update the server.",
            _ when reader.GetString(1) != "UTF8" => $"has the encoding {reader.GetString(1)}. Create a database with the encoding UTF8.",
            _ when reader.GetString(2) == "off" => "has synchronous_commit=off: a crash would lose what was acknowledged. Set it to on.",
            _ when reader.GetBoolean(3) => "is on a standby, which cannot be written. Connect to the primary.",
            _ => null,
        };
        if (wrong is not null)
        {
            throw new StoreException(StoreFailure.Fatal, $"{char.ToUpperInvariant(place[0])}{place[1..].TrimEnd(',')} {wrong}");
        }
    }

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
    private async ValueTask<T> RunAsync<TAsk, T>(TAsk ask, Func<NpgsqlConnection, TAsk, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            NpgsqlConnection connection = await _source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
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
