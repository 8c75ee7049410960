using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

public sealed partial class PostgresStore
{
    // No life has this number, so the lock is that of the whole schema.
    private const int ExclusiveKey = -1;
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(200);

    // Holds a lock of its session: the server gives it free when the process is gone, however it went.
    private NpgsqlConnection? _exclusive;

    /// <summary>Waits until no other process holds the schema alone, holds it, and ends the lives of those before.</summary>
    private async Task TakeAloneAsync(string connectionString, TimeSpan wait, TimeProvider time, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = new(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, KeepAlive = 30 }.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            DateTimeOffset until = time.GetUtcNow() + wait;
            while (!await TryLockAsync(connection, cancellationToken).ConfigureAwait(false))
            {
                if (time.GetUtcNow() >= until)
                {
                    throw new StoreException(StoreFailure.Fatal, $"Another silo runs on {_place.TrimEnd(',')}. Stop it first: this version runs one silo on a database.");
                }

                await Task.Delay(LockPoll, time, cancellationToken).ConfigureAwait(false);
            }

            foreach (long life in await ReadAsync(new NpgsqlBatchCommand(Statements.LivingSilos), static row => (long)row.GetInt32(0), cancellationToken).ConfigureAwait(false))
            {
                await EndLifeAsync(life, time.GetUtcNow(), cancellationToken).ConfigureAwait(false);
            }

            _exclusive = connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task<bool> TryLockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using NpgsqlCommand command = new("SELECT pg_try_advisory_lock($1, $2)", connection)
        {
            Parameters = { new NpgsqlParameter<int> { TypedValue = _lockClass }, new NpgsqlParameter<int> { TypedValue = ExclusiveKey } },
        };
        return (bool)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }
}
