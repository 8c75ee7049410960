using Actors.Postgres;
using Actors.Sqlite;
using Actors.Storage;
using Microsoft.Data.Sqlite;

namespace Actors.Benchmarks;

/// <summary>A new, empty database for one figure.</summary>
internal sealed class BenchStore(IStore store, string? folder) : IAsyncDisposable
{
    private const string FileName = "bench.db";

    public IStore Store => store;

    public static async Task<BenchStore> OpenAsync(string name)
    {
        if (name == "memory")
        {
            return new BenchStore(new MemoryStore(), null);
        }

        if (name == "sqlite")
        {
            string folder = Directory.CreateTempSubdirectory("actors-bench-").FullName;
            return new BenchStore(await SqliteStore.OpenAsync(new SqliteStoreOptions { Path = Path.Combine(folder, FileName) }), folder);
        }

        if (name == "postgres")
        {
            // An empty database of one's own: the figures leave their schemas behind.
            string connection = Environment.GetEnvironmentVariable("ACTORS_BENCH_POSTGRES")
                ?? throw new ArgumentException("ACTORS_BENCH_POSTGRES must be the connection string of a database to measure in.");
            string schema = $"bench_{Guid.NewGuid():n}";
            return new BenchStore(await PostgresStore.OpenAsync(new PostgresStoreOptions { ConnectionString = connection, Schema = schema, MigrateOnOpen = true }), null);
        }

        throw new ArgumentException($"There is no store '{name}'.");
    }

    /// <summary>The size of the database per run: its pages, whether they are in the file already or still in the write-ahead log.</summary>
    public string BytesPerRun(int runs)
    {
        if (folder is null || runs == 0)
        {
            return "no file";
        }

        using SqliteConnection connection = new($"Data Source={Path.Combine(folder, FileName)};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
        return $"{Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture) / (double)runs:N0} bytes of database per run";
    }

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        if (folder is not null)
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
