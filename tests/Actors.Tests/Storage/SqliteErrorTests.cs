using Actors.Sqlite;
using Actors.Storage;

namespace Actors.Tests.Storage;

public sealed class SqliteErrorTests
{
    [Theory]
    [InlineData(5, StoreFailure.Transient)] // BUSY
    [InlineData(517, StoreFailure.Transient)] // BUSY_SNAPSHOT
    [InlineData(6, StoreFailure.Transient)] // LOCKED
    [InlineData(13, StoreFailure.Transient)] // FULL
    [InlineData(18, StoreFailure.Data)] // TOOBIG
    [InlineData(19, StoreFailure.Data)] // CONSTRAINT
    [InlineData(2067, StoreFailure.Data)] // CONSTRAINT_UNIQUE
    [InlineData(20, StoreFailure.Data)] // MISMATCH
    [InlineData(8, StoreFailure.Fatal)] // READONLY
    [InlineData(10, StoreFailure.Fatal)] // IOERR
    [InlineData(11, StoreFailure.Fatal)] // CORRUPT
    [InlineData(26, StoreFailure.Fatal)] // NOTADB
    [InlineData(14, StoreFailure.Fatal)] // CANTOPEN
    [InlineData(1, StoreFailure.Fatal)] // ERROR
    public void Each_code_says_who_must_act(int code, StoreFailure kind)
    {
        StoreException error = SqliteErrors.From(code, "so it is", "/data/actors.db");

        Assert.Equal(kind, error.Kind);
        Assert.Contains("/data/actors.db", error.Message);
    }

    [Fact]
    public async Task Nothing_is_accepted_when_the_file_is_deleted_while_it_is_open()
    {
        SqliteFixture fixture = new();
        await using SqliteStore store = await fixture.OpenAsync();
        await store.BeginLifeAsync("a", DateTimeOffset.UnixEpoch, default);
        string kept = fixture.File + ".kept";
        File.Move(fixture.File, kept);
        StoreException error = await Assert.ThrowsAsync<StoreException>(async () => await store.BeginLifeAsync("b", DateTimeOffset.UnixEpoch, default));
        Assert.Equal(StoreFailure.Fatal, error.Kind);
        Assert.Contains("was deleted or moved", error.Message);
        await File.WriteAllTextAsync(fixture.File, "another");
        await Assert.ThrowsAsync<StoreException>(async () => await store.BeginLifeAsync("c", DateTimeOffset.UnixEpoch, default));
    }
}
