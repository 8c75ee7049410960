using Actors.Storage;

namespace Actors.Sqlite;

public sealed partial class SqliteStore
{
    public ValueTask<CacheRow?> ReadCacheAsync(string tenant, string key, DateTimeOffset now, CancellationToken cancellationToken) =>
        ReadAsync((tenant, key, now), static (database, ask) => RowReader.First(
            database[Statements.ReadCache].Bind(1, ask.tenant).Bind(2, ask.key).Bind(3, ask.now),
            row => new CacheRow(ask.tenant, ask.key, row.Bytes(0), row.Time(1))), cancellationToken);

    public async ValueTask WriteCacheAsync(long silo, CacheRow row, CancellationToken cancellationToken) =>
        await WriteAsync((silo, row), static (database, ask) =>
        {
            RequireAlive(database, ask.silo);
            return database[Statements.WriteCache].Bind(1, ask.row.Tenant).Bind(2, ask.row.Key).Bind(3, ask.row.Payload.Span).Bind(4, ask.row.ExpiresAt).Run();
        }, cancellationToken).ConfigureAwait(false);

    public ValueTask<int> DeleteExpiredAsync(long silo, DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return WriteAsync((silo, now, limit), static (database, ask) =>
        {
            RequireAlive(database, ask.silo);
            return database[Statements.DeleteExpired].Bind(1, ask.now).Bind(2, (long)ask.limit).Run();
        }, cancellationToken);
    }
}
