using Actors.Storage;

namespace Actors.Postgres.Tests;

/// <summary>One process at a time on a schema, and its successor takes over.</summary>
public sealed class PostgresExclusiveTests : IAsyncLifetime
{
    private readonly PostgresFixture _fixture = new();

    public async Task InitializeAsync() => await (await _fixture.CreateStoreAsync()).DisposeAsync();

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task A_second_process_waits_and_is_then_refused_in_a_sentence()
    {
        await using PostgresStore first = await PostgresStore.OpenAsync(await OptionsAsync());
        StoreException refused = await Assert.ThrowsAsync<StoreException>(async () => await PostgresStore.OpenAsync(await OptionsAsync(TimeSpan.Zero)));
        Assert.Equal(StoreFailure.Fatal, refused.Kind);
        Assert.Contains("Another silo runs on", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_killed_process_held_can_be_claimed_by_its_successor_and_not_written_by_it()
    {
        PostgresStore first = await PostgresStore.OpenAsync(await OptionsAsync());
        long dead = await first.BeginLifeAsync("first", DateTimeOffset.UnixEpoch, default);
        // Its session ends as the server ends it when the process is gone.
        Assert.True(await _fixture.QueryAsync<bool>(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4294967295 AND classid = '@schema.silos'::regclass::oid"));

        await using PostgresStore second = await PostgresStore.OpenAsync(await OptionsAsync());
        await second.BeginLifeAsync("second", DateTimeOffset.UnixEpoch, default);

        StoreException fenced = await Assert.ThrowsAsync<StoreException>(async () => await first.ReserveRunNumbersAsync(dead, 1, default));
        Assert.Equal(StoreFailure.Fenced, fenced.Kind);
        await first.DisposeAsync();
    }

    private async Task<PostgresStoreOptions> OptionsAsync(TimeSpan? wait = null)
    {
        PostgresStoreOptions options = await _fixture.OptionsAsync();
        return new PostgresStoreOptions { ConnectionString = options.ConnectionString, Schema = options.Schema, Exclusive = true, LockWait = wait ?? TimeSpan.FromSeconds(10) };
    }
}
