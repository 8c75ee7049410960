using Actors.Sqlite;
using Actors.Storage;
using Microsoft.Data.Sqlite;

namespace Actors.Tests.Storage;

/// <summary>Files that cannot be opened, each with a sentence that says what to do.</summary>
public sealed class SqliteMigrationTests : IAsyncLifetime
{
    private readonly SqliteFixture _fixture = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task A_new_file_gets_the_schema_and_an_existing_one_keeps_it()
    {
        await (await _fixture.OpenAsync()).DisposeAsync();
        object? applied = _fixture.Query("SELECT group_concat(number || name || checksum || applied_at) FROM migrations");

        await (await _fixture.OpenAsync()).DisposeAsync();

        Assert.StartsWith("1first", (string?)applied);
        Assert.Equal(applied, _fixture.Query("SELECT group_concat(number || name || checksum || applied_at) FROM migrations"));
        Assert.Equal(0x41435452L, _fixture.Query("PRAGMA application_id"));
    }

    [Fact]
    public async Task A_newer_schema_is_refused()
    {
        await (await _fixture.OpenAsync()).DisposeAsync();
        _fixture.Execute("INSERT INTO migrations VALUES (99, 'future', 'x', 0)");

        Assert.Contains("newer version", await RefusalAsync());
        Assert.Contains("0099_future", await RefusalAsync(readOnly: true));
    }

    [Fact]
    public async Task An_edited_migration_is_refused()
    {
        await (await _fixture.OpenAsync()).DisposeAsync();
        _fixture.Execute("UPDATE migrations SET checksum = 'edited'");

        Assert.Contains("0001_first.sql was edited", await RefusalAsync());
    }

    [Fact]
    public void A_migration_that_fails_leaves_the_file_as_it_was()
    {
        SqliteLibrary.Choose(system: true);
        using SqliteDatabase database = SqliteDatabase.Open(_fixture.File, SqliteOpenMode.ReadWriteCreate);
        Migrations.Migration good = Migrations.Create(1, "good", "CREATE TABLE a (x);");
        Migrations.Apply(database, _fixture.File, default, [good]);

        Assert.Throws<StoreException>(() => Migrations.Apply(
            database, _fixture.File, default, [good, Migrations.Create(2, "more", "CREATE TABLE b (x);"), Migrations.Create(3, "bad", "CREATE TABLE c (x); CREATE TABL d")]));

        Assert.Equal(1L, _fixture.Query("SELECT count(*) FROM migrations"));
        Assert.Equal(0L, _fixture.Query("SELECT count(*) FROM sqlite_master WHERE name IN ('b', 'c')"));
        Migrations.Apply(database, _fixture.File, default, [good, Migrations.Create(2, "more", "CREATE TABLE b (x);")]);
        Assert.Equal(2L, _fixture.Query("SELECT count(*) FROM migrations"));
    }

    [Fact]
    public void Line_ends_do_not_make_another_migration() =>
        Assert.Equal(Migrations.Create(1, "a", "x\ny\n").Checksum, Migrations.Create(1, "a", "x\r\ny\r\n").Checksum);

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_and_left_as_it_is()
    {
        await File.WriteAllTextAsync(_fixture.File, new string('x', 5000));

        Assert.Contains("not a SQLite database", await RefusalAsync());
        Assert.Contains("not a SQLite database", await RefusalAsync(readOnly: true));
        Assert.Equal(new string('x', 5000), await File.ReadAllTextAsync(_fixture.File));
    }

    [Fact]
    public async Task A_database_of_another_program_is_refused()
    {
        SqliteLibrary.Choose(system: true);
        _fixture.Execute("CREATE TABLE somebody_elses (x)");

        Assert.Contains("another program", await RefusalAsync());
        Assert.Equal(1L, _fixture.Query("SELECT count(*) FROM sqlite_master"));
    }

    [Fact]
    public async Task A_directory_that_does_not_exist_is_refused()
    {
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => SqliteStore.OpenAsync(new SqliteStoreOptions { Path = Path.Combine(_fixture.File, "no", "where.db") }));

        Assert.Equal(StoreFailure.Fatal, error.Kind);
        Assert.Contains("directory", error.Message);
    }

    [Fact]
    public async Task A_path_that_is_a_directory_is_refused() =>
        Assert.Contains("is a directory", (await Assert.ThrowsAsync<StoreException>(() => SqliteStore.OpenAsync(new SqliteStoreOptions { Path = Path.GetDirectoryName(_fixture.File)! }))).Message);

    [Fact]
    public async Task A_read_only_file_is_refused()
    {
        await (await _fixture.OpenAsync()).DisposeAsync();
        File.SetAttributes(_fixture.File, FileAttributes.ReadOnly);

        Assert.Contains("read-only", await RefusalAsync());
    }

    [Fact]
    public async Task A_reader_does_not_make_a_file()
    {
        Assert.Contains("There is no database", await RefusalAsync(readOnly: true));

        Assert.False(File.Exists(_fixture.File));
    }

    [Fact]
    public async Task A_reader_does_not_migrate()
    {
        await File.WriteAllBytesAsync(_fixture.File, []);

        Assert.Contains("0001_first.sql", await RefusalAsync(readOnly: true));
    }

    [Fact]
    public async Task After_a_refusal_the_file_is_free()
    {
        await File.WriteAllTextAsync(_fixture.File, new string('x', 5000));
        await RefusalAsync();
        File.Delete(_fixture.File);

        await (await _fixture.OpenAsync()).DisposeAsync();
    }

    [Theory]
    [InlineData("")]
    [InlineData(":memory:")]
    [InlineData("file:x?mode=memory")]
    public async Task A_path_that_is_no_file_is_a_wrong_option(string path) =>
        await Assert.ThrowsAsync<ArgumentException>(() => SqliteStore.OpenAsync(new SqliteStoreOptions { Path = path }));

    private async Task<string> RefusalAsync(bool readOnly = false)
    {
        SqliteStoreOptions options = new() { Path = _fixture.File };
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => readOnly ? SqliteStore.OpenReadOnlyAsync(options) : SqliteStore.OpenAsync(options));
        Assert.Equal(StoreFailure.Fatal, error.Kind);
        Assert.Contains(_fixture.File, error.Message);
        return error.Message;
    }
}
