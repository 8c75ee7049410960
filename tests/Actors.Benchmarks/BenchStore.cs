using System.Globalization;
using Actors.Postgres;
using Actors.Postgres.Tests;
using Actors.Sqlite;
using Actors.Storage;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Actors.Benchmarks;

/// <summary>A new, empty database for one figure; gone after it.</summary>
internal sealed class BenchStore(IStore store, string? folder, string? connectionString, string? schema) : IAsyncDisposable
{
    private const string FileName = "bench.db";

    public IStore Store => store;

    /// <summary>Null unless it is PostgreSQL.</summary>
    public string? ConnectionString => connectionString;

    public string? Schema => schema;

    public static async Task<BenchStore> OpenAsync(string name)
    {
        switch (name)
        {
            case "memory":
                return new BenchStore(new MemoryStore(), null, null, null);
            case "sqlite":
                string folder = Directory.CreateTempSubdirectory("actors-bench-").FullName;
                return new BenchStore(await SqliteStore.OpenAsync(new SqliteStoreOptions { Path = Path.Combine(folder, FileName) }), folder, null, null);
            case "postgres":
                string connection = Environment.GetEnvironmentVariable("ACTORS_BENCH_POSTGRES") ?? (await PostgresServer.GetAsync()).ConnectionString();
                string schema = $"bench_{Guid.NewGuid():n}";
                PostgresStoreOptions options = new() { ConnectionString = connection, Schema = schema, MigrateOnOpen = true };
                return new BenchStore(await PostgresStore.OpenAsync(options), null, connection, schema);
            default:
                throw new ArgumentException($"There is no store '{name}'.");
        }
    }

    /// <summary>Another store over the same database, as another process would have it.</summary>
    public async Task<IStore> AgainAsync() => schema is null ? store : await PostgresStore.OpenAsync(new PostgresStoreOptions { ConnectionString = connectionString!, Schema = schema });

    /// <summary>The size of the database per run, indexes included, whether its pages are in the file already or still in the write-ahead log.</summary>
    public async Task<string> BytesPerRunAsync(int runs)
    {
        if (runs == 0 || (folder is null && schema is null))
        {
            return "no file";
        }

        double bytes;
        if (folder is not null)
        {
            await using SqliteConnection connection = new($"Data Source={Path.Combine(folder, FileName)};Mode=ReadOnly;Pooling=False");
            await connection.OpenAsync();
            await using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
            bytes = Convert.ToDouble(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
        }
        else
        {
            bytes = await AskAsync<double>($"SELECT sum(pg_total_relation_size(c.oid))::float8 FROM pg_class c WHERE c.relnamespace = '{schema}'::regnamespace AND c.relkind = 'r'");
        }

        return $"{bytes / runs:N0} bytes of database per run";
    }

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        if (folder is not null)
        {
            Directory.Delete(folder, recursive: true);
        }

        if (schema is not null)
        {
            await AskAsync<int>($"DROP SCHEMA {schema} CASCADE; SELECT 1");
        }
    }

    public async Task<T> AskAsync<T>(string sql)
    {
        await using NpgsqlConnection connection = new(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using NpgsqlCommand command = new(sql, connection) { CommandTimeout = 600 };
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
