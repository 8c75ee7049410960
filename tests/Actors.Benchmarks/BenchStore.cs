using Actors.Postgres;
using Actors.Sqlite;
using Actors.Storage;

namespace Actors.Benchmarks;

/// <summary>A new, empty database for one figure.</summary>
internal sealed class BenchStore(IStore store, string? folder) : IAsyncDisposable
{
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
            return new BenchStore(await SqliteStore.OpenAsync(new SqliteStoreOptions { Path = Path.Combine(folder, "bench.db") }), folder);
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

    /// <summary>The size of the database's files per run, where there are files.</summary>
    public string BytesPerRun(int runs)
    {
        if (folder is null || runs == 0)
        {
            return "no files";
        }

        long bytes = Directory.EnumerateFiles(folder).Where(f => !f.EndsWith("-wal", StringComparison.Ordinal)).Sum(f => new FileInfo(f).Length);
        return $"{(double)bytes / runs:N0} bytes on disk per run";
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
