using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

/// <summary>
/// The history that the server's database is in. A standby that takes over, and a backup that is restored, begin another one, in which what was acknowledged last may be missing: what a silo has in
/// memory is then not what the database has. So each new connection is compared with the first, and one to another history ends the life. Thread-safe.
/// See https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES.
/// </summary>
internal sealed class Timeline(string place)
{
    // The first eight digits of a log file's name.
    private const string Ask =
        """
        SELECT CASE WHEN pg_is_in_recovery() THEN '' ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END
        """;

    private readonly Lock _lock = new();
    private string? _known;

    /// <summary>A source whose new connections are compared.</summary>
    public NpgsqlDataSource CreateSource(NpgsqlConnectionStringBuilder builder)
    {
        NpgsqlDataSourceBuilder source = new(builder.ConnectionString);
        source.UsePhysicalConnectionInitializer(
            connection =>
            {
                using NpgsqlCommand ask = new(Ask, connection);
                Compare((string)ask.ExecuteScalar()!);
            },
            async connection =>
            {
                using NpgsqlCommand ask = new(Ask, connection);
                Compare((string)(await ask.ExecuteScalarAsync().ConfigureAwait(false))!);
            });
        return source.Build();
    }

    /// <summary>A life begins: it has nothing in memory, so that whatever history it meets is its own.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _known = null;
        }
    }

    private void Compare(string found)
    {
        if (found.Length == 0)
        {
            // The start refuses a standby with words of its own; later it says that the server was demoted.
            return;
        }

        lock (_lock)
        {
            _known ??= found;
            if (_known != found)
            {
                throw new StoreException(
                    StoreFailure.Fenced,
                    $"{char.ToUpperInvariant(place[0])}{place[1..]} is on timeline {found}, and this life began on {_known}: a standby took over, or a backup was restored. What is in memory may not be what the database has.");
            }
        }
    }
}
