using System.Globalization;
using Actors.Postgres;
using Actors.Sqlite;
using Actors.Storage;

namespace Actors.Postgres.Tests;

/// <summary>The databases that the main job is tested on.</summary>
public enum DatabaseKind
{
    Sqlite,
    Postgres,
}

/// <summary>The database of one test: an SQLite file of its own, or an up-to-date database of its own on the PostgreSQL server of this test run.</summary>
internal sealed class TestDatabase : IAsyncDisposable
{
    private const string Template = "actors_template";

    // Migrated once and copied for each test.
    private static readonly Lazy<Task<PostgresServer>> Server = new(static async () =>
    {
        PostgresServer server = await PostgresServer.GetAsync();
        await server.ExecuteAsync($"CREATE DATABASE {Template}");
        await PostgresStore.MigrateAsync(new PostgresStoreOptions { ConnectionString = server.ConnectionString(Template) });
        return server;
    });

    private static int s_last;

    private readonly DirectoryInfo? _folder;
    private readonly PostgresStoreOptions? _postgres;

    private TestDatabase(DirectoryInfo folder)
    {
        _folder = folder;
        Setting = Path.Combine(folder.FullName, "actors.db");
    }

    private TestDatabase(PostgresStoreOptions postgres)
    {
        _postgres = postgres;
        Setting = postgres.ConnectionString;
    }

    /// <summary>As <c>ACTORS_DATABASE</c>, <c>Actors:Database</c> and <c>--db</c> take it.</summary>
    public string Setting { get; }

    public static async Task<TestDatabase> CreateAsync(DatabaseKind kind)
    {
        if (kind == DatabaseKind.Sqlite)
        {
            return new TestDatabase(Directory.CreateTempSubdirectory("actors-test-"));
        }

        PostgresServer server = await Server.Value;
        string name = string.Create(CultureInfo.InvariantCulture, $"actors_{Interlocked.Increment(ref s_last)}");
        await server.ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {Template}");
        PostgresStoreOptions options = new() { ConnectionString = server.ConnectionString(name) };
        return new TestDatabase(options);
    }

    /// <summary>Opens it as a silo does. PostgreSQL can be opened while another has it.</summary>
    public async Task<IStore> OpenAsync() =>
        _postgres is { } options ? await PostgresStore.OpenAsync(options) : await SqliteStore.OpenAsync(new SqliteStoreOptions { Path = Setting });

    /// <summary>Opens it to read, beside the process that has it.</summary>
    public async Task<IStore> OpenToReadAsync() =>
        _postgres is { } options ? await PostgresStore.OpenAsync(options) : await SqliteStore.OpenReadOnlyAsync(new SqliteStoreOptions { Path = Setting });

    /// <summary>Deletes a file; a database goes with its server, which ends with the tests.</summary>
    public ValueTask DisposeAsync()
    {
        _folder?.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
