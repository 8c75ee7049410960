using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

public sealed partial class PostgresStore
{
    public ValueTask<CacheRow?> ReadCacheAsync(string tenant, string key, DateTimeOffset now, CancellationToken cancellationToken) => FirstAsync(
        Command(Statements.ReadCache, Columns.Of(tenant), Columns.Of(key), Columns.Of(now)),
        row => new CacheRow(tenant, key, row.GetFieldValue<byte[]>(0), RowReader.Time(row, 1)), cancellationToken);

    public async ValueTask WriteCacheAsync(long silo, CacheRow row, CancellationToken cancellationToken) => await RunAsync((silo, row), async (connection, ask, cancellationToken) =>
    {
        NpgsqlBatchCommand[] commands =
        [
            .. Fence(ask.silo),
            Command(Statements.WriteCache, Columns.Of(ask.row.Tenant), Columns.Of(ask.row.Key), Columns.Of(ask.row.Payload), Columns.Of(ask.row.ExpiresAt)),
            new(Statements.Commit),
        ];
        return await FencedAsync(connection, ask.silo, commands, static (_, _) => Task.FromResult(true), cancellationToken).ConfigureAwait(false);
    }, cancellationToken).ConfigureAwait(false);

    public ValueTask<int> DeleteExpiredAsync(long silo, DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return RunAsync((silo, now, limit), async (connection, ask, cancellationToken) =>
        {
            NpgsqlBatchCommand[] commands = [.. Fence(ask.silo), Command(Statements.DeleteExpired, Columns.Of(ask.now), Columns.Of((long)ask.limit)), new(Statements.Commit)];
            return await FencedAsync(connection, ask.silo, commands, static async (reader, cancellationToken) =>
                (await RowsAsync(reader, static row => (int)row.GetInt64(0), cancellationToken).ConfigureAwait(false))[0], cancellationToken).ConfigureAwait(false);
        }, cancellationToken);
    }
}
