using Actors.Storage;
using Npgsql;

namespace Actors.Postgres.Tests;

/// <summary>Databases that cannot be opened, each with a sentence that says what to do.</summary>
public sealed class PostgresMigrationTests : IAsyncLifetime
{
    private readonly PostgresFixture _fixture = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task An_empty_database_asks_for_the_migration_and_has_the_schema_after_it()
    {
        Assert.Contains("actors migrate", await RefusalAsync(await _fixture.OptionsAsync()));
        Assert.False(await _fixture.QueryAsync<bool>("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = '@schema')"));

        await PostgresStore.MigrateAsync(await _fixture.OptionsAsync());

        await using PostgresStore store = await _fixture.OpenAsync();
        Assert.Equal(1L, await store.BeginLifeAsync("silo-a", DateTimeOffset.UnixEpoch, default));
    }

    [Fact]
    public async Task A_schema_that_is_up_to_date_is_left_as_it_is()
    {
        const string Applied = "SELECT string_agg(number || name || checksum || applied_at, ',') FROM @schema.migrations";
        await PostgresStore.MigrateAsync(await _fixture.OptionsAsync());
        string? before = await _fixture.QueryAsync<string>(Applied);

        await PostgresStore.MigrateAsync(await _fixture.OptionsAsync());

        Assert.StartsWith("1first", before);
        Assert.Equal(before, await _fixture.QueryAsync<string>(Applied));
    }

    [Fact]
    public async Task Many_that_migrate_at_once_wait_for_each_other()
    {
        PostgresStoreOptions options = await _fixture.OptionsAsync();

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => PostgresStore.MigrateAsync(options))));

        Assert.True(await _fixture.QueryAsync<bool>("SELECT count(*) = max(number) FROM @schema.migrations"));
    }

    [Fact]
    public async Task A_newer_schema_is_refused()
    {
        await PostgresStore.MigrateAsync(await _fixture.OptionsAsync());
        await _fixture.ExecuteAsync("INSERT INTO migrations VALUES (99, 'future', 'x', 0)");

        string says = await RefusalAsync(await _fixture.OptionsAsync());

        Assert.Contains("newer version", says);
        Assert.Contains("0099_future", says);
        Assert.Contains("newer version", await RefusalAsync(await _fixture.OptionsAsync(migrate: true)));
    }

    [Fact]
    public async Task An_older_schema_asks_for_the_migration()
    {
        await PostgresStore.MigrateAsync(await _fixture.OptionsAsync());
        await _fixture.ExecuteAsync("DELETE FROM migrations");

        Assert.Contains("lacks the migration 0001_first.sql. Run `actors migrate`", await RefusalAsync(await _fixture.OptionsAsync()));
    }

    [Fact]
    public async Task An_edited_migration_is_refused()
    {
        await PostgresStore.MigrateAsync(await _fixture.OptionsAsync());
        await _fixture.ExecuteAsync("UPDATE migrations SET checksum = 'edited'");

        Assert.Contains("0001_first.sql was edited", await RefusalAsync(await _fixture.OptionsAsync(migrate: true)));
    }

    [Fact]
    public async Task A_migration_that_fails_leaves_the_schema_as_it_was()
    {
        PostgresStoreOptions options = await _fixture.OptionsAsync();
        await using NpgsqlConnection connection = new(options.Read().ConnectionString);
        await connection.OpenAsync();
        Migrations.Migration good = Migrations.Create(1, "good", "CREATE TABLE a (x int);");
        await Migrations.ApplyAsync(connection, options.Schema, "here", default, [good], default);

        await Assert.ThrowsAsync<PostgresException>(() => Migrations.ApplyAsync(
            connection, options.Schema, "here", default, [good, Migrations.Create(2, "bad", "CREATE TABLE b (x int); CREATE TABL c")], default));

        Assert.Equal(1L, await _fixture.QueryAsync<long>("SELECT count(*) FROM @schema.migrations"));
        Assert.Equal(0L, await _fixture.QueryAsync<long>("SELECT count(*) FROM pg_tables WHERE schemaname = '@schema' AND tablename = 'b'"));
    }

    [Fact]
    public void Line_ends_do_not_make_another_migration() =>
        Assert.Equal(Migrations.Create(1, "a", "x\ny\n").Checksum, Migrations.Create(1, "a", "x\r\ny\r\n").Checksum);

    [Fact]
    public async Task A_schema_of_another_program_is_refused()
    {
        await _fixture.OptionsAsync();
        await _fixture.Server.ExecuteAsync($"CREATE SCHEMA {_fixture.Schema}; CREATE TABLE {_fixture.Schema}.somebody_elses (x int)");

        Assert.Contains("another program", await RefusalAsync(await _fixture.OptionsAsync(migrate: true)));
    }

    [Theory]
    [InlineData("Password=secret", "Password=wrong", "password is wrong")]
    [InlineData("Username=postgres", "Username=nobody_here", "password is wrong")]
    [InlineData("Database=postgres", "Database=nowhere", "database does not exist")]
    [InlineData("Timeout=30", "Timeout=30;Options=-c synchronous_commit=off", "synchronous_commit=off")]
    public async Task A_connection_that_cannot_work_says_what_to_correct(string part, string instead, string says)
    {
        PostgresStoreOptions options = await _fixture.OptionsAsync();

        string refusal = await RefusalAsync(new() { ConnectionString = options.ConnectionString.Replace(part, instead, StringComparison.Ordinal), Schema = options.Schema });

        Assert.Contains(says, refusal);
        Assert.DoesNotContain("Password=", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_of_another_encoding_is_refused()
    {
        PostgresStoreOptions options = await _fixture.OptionsAsync();
        await _fixture.Server.ExecuteAsync("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");

        Assert.Contains("encoding UTF8", await RefusalAsync(new() { ConnectionString = _fixture.Server.ConnectionString("latin"), Schema = options.Schema }));
    }

    [Fact]
    public async Task A_database_that_is_set_read_only_is_refused()
    {
        PostgresStoreOptions options = await _fixture.OptionsAsync();
        await _fixture.Server.ExecuteAsync("CREATE DATABASE closed");
        await _fixture.Server.ExecuteAsync("ALTER DATABASE closed SET default_transaction_read_only = on");

        Assert.Contains("set read-only", await RefusalAsync(new() { ConnectionString = _fixture.Server.ConnectionString("closed"), Schema = options.Schema }));
    }

    [Fact]
    public async Task A_standby_is_refused()
    {
        PostgresStoreOptions options = await _fixture.OptionsAsync();
        int port = await _fixture.Server.StartStandbyAsync();

        string refusal = await RefusalAsync(new()
        {
            ConnectionString = options.ConnectionString.Replace($"Port={_fixture.Server.Port}", $"Port={port}", StringComparison.Ordinal),
            Schema = options.Schema,
        });

        Assert.Contains("is on a standby, which cannot be written. Connect to the primary.", refusal);
    }

    [Fact]
    public void A_server_that_is_too_old_is_refused()
    {
        ServerFacts facts = Facts() with { Version = 120022 };

        Assert.Equal("is served by PostgreSQL 12.22, which is too old. Update the server to 13 or later.", facts.Refusal(Facts().Settings));
        Assert.Null(Facts().Refusal(Facts().Settings));
    }

    [Fact]
    public void A_pooler_that_drops_the_settings_of_a_session_is_named_with_them()
    {
        ServerFacts facts = Facts() with { Settings = new Dictionary<string, string> { ["enable_seqscan"] = "on", ["search_path"] = "\"actors\"" } };

        Assert.Contains("(enable_seqscan): a pooler between drops them", facts.Refusal(Facts().Settings));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_asked_again_later()
    {
        StoreException error = await Assert.ThrowsAsync<StoreException>(
            () => PostgresStore.OpenAsync(new PostgresStoreOptions { ConnectionString = "Host=127.0.0.1;Port=1;Username=a" }));

        Assert.Equal(StoreFailure.Transient, error.Kind);
        Assert.Contains("127.0.0.1:1", error.Message);
    }

    [Theory]
    [InlineData("Username=a", "actors")]
    [InlineData("Host=a;Colour=red", "actors")]
    [InlineData("Host=a;Multiplexing=true", "actors")]
    [InlineData("Host=a", "Bad")]
    [InlineData("Host=a", "a\"; DROP SCHEMA x")]
    [InlineData("Host=a", "")]
    [InlineData("Host=a;Maximum Pool Size=3", "actors")]
    [InlineData("Host=a;Minimum Pool Size=30;Maximum Pool Size=20", "actors")]
    public async Task A_wrong_option_is_a_bug_of_the_caller(string connection, string schema) =>
        await Assert.ThrowsAsync<ArgumentException>(() => PostgresStore.OpenAsync(new PostgresStoreOptions { ConnectionString = connection, Schema = schema }));

    private static ServerFacts Facts() => new()
    {
        Version = 150000,
        Encoding = "UTF8",
        SynchronousCommit = "on",
        IsStandby = false,
        IsReadOnly = false,
        ProcessId = 1,
        Settings = new Dictionary<string, string> { ["enable_seqscan"] = "off", ["search_path"] = "actors" },
    };

    private static async Task<string> RefusalAsync(PostgresStoreOptions options)
    {
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => PostgresStore.OpenAsync(options));
        Assert.Equal(StoreFailure.Fatal, error.Kind);
        return error.Message;
    }
}
