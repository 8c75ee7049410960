namespace Actors.Storage;

public sealed partial class MemoryStore
{
    private readonly Dictionary<(string Tenant, string Key), CacheRow> _cache = [];

    public ValueTask<CacheRow?> ReadCacheAsync(string tenant, string key, DateTimeOffset now, CancellationToken cancellationToken) =>
        Locked(cancellationToken, (Store: this, Key: (tenant, key), Now: now), static ask =>
            ask.Store._cache.TryGetValue(ask.Key, out CacheRow? row) && row.ExpiresAt > ask.Now ? row : null);

    public ValueTask WriteCacheAsync(long silo, CacheRow row, CancellationToken cancellationToken)
    {
        ValueTask<bool> written = Locked(cancellationToken, (Store: this, Silo: silo, Row: row), static ask =>
        {
            ask.Store.RequireAlive(ask.Silo);
            ask.Store._cache[(ask.Row.Tenant, ask.Row.Key)] = ask.Row with { Payload = ask.Row.Payload.ToArray(), ExpiresAt = Stored(ask.Row.ExpiresAt) };
            return true;
        });
        return written.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(written.AsTask());
    }

    public ValueTask<int> DeleteExpiredAsync(long silo, DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return Locked(cancellationToken, (Store: this, Silo: silo, Now: now, Limit: limit), static ask =>
        {
            ask.Store.RequireAlive(ask.Silo);
            CacheRow[] expired = [.. ask.Store._cache.Values.Where(row => row.ExpiresAt <= ask.Now).OrderBy(static row => row.ExpiresAt).Take(ask.Limit)];
            foreach (CacheRow row in expired)
            {
                ask.Store._cache.Remove((row.Tenant, row.Key));
            }

            return expired.Length;
        });
    }
}
