using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>What flows keep for a while: found until it expires, by the tenant it is of, and then deleted.</summary>
public abstract class CacheSpecifications(StoreFixture fixture) : StoreSpecifications(fixture)
{
    private static readonly byte[] Bytes = [0, 1, 2, 255, 0, 39, 92];

    [Fact]
    public async Task What_was_written_is_read_by_its_tenant_and_key_until_it_expires()
    {
        await WriteAsync("k", 10, Bytes);

        CacheRow? row = await ReadAsync("k");
        Assert.Equal((Tenant, "k", At(10)), (row!.Tenant, row.Key, row.ExpiresAt));
        Assert.Equal(Bytes, row.Payload.ToArray());
        Assert.NotNull(await Store.ReadCacheAsync(Tenant, "k", At(10).AddTicks(-1), default));
        Assert.Null(await Store.ReadCacheAsync(Tenant, "k", At(10), default));
        Assert.Null(await Store.ReadCacheAsync(Tenant, "k", At(1000), default));
        Assert.Null(await ReadAsync("K"));
        Assert.Null(await Store.ReadCacheAsync("other", "k", At(), default));
    }

    [Fact]
    public async Task Tenants_keep_the_same_key_apart_and_names_are_what_they_are()
    {
        const string Key = "ü'\";-- 🙂";
        await WriteAsync(Key, 10, [1]);
        await Store.WriteCacheAsync(Silo, new CacheRow("other'", Key, new byte[] { 2 }, At(10)), default);

        Assert.Equal([1], (await ReadAsync(Key))!.Payload.ToArray());
        Assert.Equal([2], (await Store.ReadCacheAsync("other'", Key, At(), default))!.Payload.ToArray());
    }

    [Fact]
    public async Task The_last_writer_wins_with_its_bytes_and_its_time()
    {
        await WriteAsync("k", 100, [1]);
        await WriteAsync("k", 5, []);

        CacheRow? row = await ReadAsync("k");
        Assert.Equal(At(5), row!.ExpiresAt);
        Assert.True(row.Payload.IsEmpty);
        Assert.Null(await Store.ReadCacheAsync(Tenant, "k", At(50), default));

        await WriteAsync("k", 100, [3]);
        Assert.Equal([3], (await Store.ReadCacheAsync(Tenant, "k", At(50), default))!.Payload.ToArray());
    }

    [Fact]
    public async Task The_callers_buffer_is_its_own_and_a_mebibyte_comes_back_as_it_was()
    {
        byte[] large = new byte[1024 * 1024];
        new Random(1).NextBytes(large);
        byte[] given = [.. large];
        await WriteAsync("k", 10, given);
        Array.Clear(given);

        CacheRow? row = await ReadAsync("k");
        Assert.True(row!.Payload.Span.SequenceEqual(large));
    }

    [Fact]
    public async Task What_has_expired_is_deleted_the_oldest_first_and_no_more_than_asked()
    {
        await WriteAsync("second", 2, [2]);
        await WriteAsync("third", 3, [3]);
        await WriteAsync("first", 1, [1]);
        await WriteAsync("later", 9, [9]);

        Assert.Equal(0, await Store.DeleteExpiredAsync(Silo, At(0.5), 10, default));
        Assert.Equal(2, await Store.DeleteExpiredAsync(Silo, At(3), 2, default));
        // Read as of a time when none had expired: what is gone is gone.
        bool[] left = [await IsThereAsync("first"), await IsThereAsync("second"), await IsThereAsync("third"), await IsThereAsync("later")];
        Assert.Equal([false, false, true, true], left);
        Assert.Equal(1, await Store.DeleteExpiredAsync(Silo, At(3), 2, default));
        Assert.Equal(0, await Store.DeleteExpiredAsync(Silo, At(3), 2, default));
        Assert.True(await IsThereAsync("later"));
    }

    [Fact]
    public async Task Writers_of_one_key_at_once_leave_what_one_of_them_wrote_while_expired_ones_are_deleted()
    {
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => i % 4 == 3
            ? Store.DeleteExpiredAsync(Silo, At(1), 10, default).AsTask()
            : WriteAsync(i % 2 == 0 ? "same" : $"k{i}", i % 8 == 0 ? 0.5 : 10, [(byte)i, (byte)i])));

        await WriteAsync("same", 10, [7, 7]);
        Assert.Equal([7, 7], (await Store.ReadCacheAsync(Tenant, "same", At(5), default))!.Payload.ToArray());
        Assert.Equal([5, 5], (await Store.ReadCacheAsync(Tenant, "k5", At(5), default))!.Payload.ToArray());
    }

    [Fact]
    public async Task A_dead_life_writes_and_deletes_nothing()
    {
        long dead = await BeginLifeAsync("silo-b");
        await WriteAsync("k", 1, [1]);
        await Store.EndLifeAsync(dead, At(), default);

        await FailsAsync(StoreFailure.Fenced, async () => await Store.WriteCacheAsync(dead, new CacheRow(Tenant, "k", new byte[] { 2 }, At(10)), default));
        await FailsAsync(StoreFailure.Fenced, async () => await Store.WriteCacheAsync(dead, new CacheRow(Tenant, "new", new byte[] { 2 }, At(10)), default));
        await FailsAsync(StoreFailure.Fenced, async () => await Store.DeleteExpiredAsync(dead, At(60), 10, default));
        Assert.Equal([1], (await ReadAsync("k"))!.Payload.ToArray());
        Assert.Null(await ReadAsync("new"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task A_limit_below_one_is_a_bug_of_the_caller(int limit) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Store.DeleteExpiredAsync(Silo, At(), limit, default));

    private Task WriteAsync(string key, double minutes, byte[] bytes) => Store.WriteCacheAsync(Silo, new CacheRow(Tenant, key, bytes, At(minutes)), default).AsTask();

    private async Task<CacheRow?> ReadAsync(string key) => await Store.ReadCacheAsync(Tenant, key, At(), default);

    private async Task<bool> IsThereAsync(string key) => await ReadAsync(key) is not null;
}
