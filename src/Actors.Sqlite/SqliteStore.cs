using Actors.Storage;
using Microsoft.Data.Sqlite;

namespace Actors.Sqlite;

/// <summary>
/// The embedded store: one file, owned by one process at a time. A thread of its own writes, so that a commit never blocks its caller; reads
/// run on a few other threads, each with a connection of its own, and see every commit that was acknowledged. Every commit is on the disk
/// before it is acknowledged (write-ahead log, <c>synchronous=FULL</c>). The file must be on a local disk: locks of network file systems
/// cannot be relied on.
/// </summary>
public sealed partial class SqliteStore : IStore
{
    private static readonly IReadOnlyDictionary<string, string> NoLabels = new Dictionary<string, string>();

    private readonly SqliteLane? _writer;
    private readonly SqliteLane _readers;
    private readonly FileStream? _lock;
    private readonly string _path;

    private SqliteStore(string path, SqliteLane? writer, SqliteLane readers, FileStream? fileLock)
    {
        _path = path;
        _writer = writer;
        _readers = readers;
        _lock = fileLock;
    }

    public string Name => "sqlite";

    /// <summary>The version of the native library in use, e.g. <c>3.40.1</c>.</summary>
    public string LibraryVersion => SqliteLibrary.Version;

    /// <summary>
    /// Takes the file's lock, brings its schema up to date and marks every life in it dead: whoever began them has lost the lock, so this process
    /// takes their runs over at once.
    /// </summary>
    /// <param name="time">For the wait and the time of death; null is the system's clock.</param>
    /// <exception cref="ArgumentException">An option cannot work.</exception>
    /// <exception cref="StoreException">Fatal, with a sentence that says what to do.</exception>
    public static async Task<SqliteStore> OpenAsync(
        SqliteStoreOptions options, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        options.Check();
        time ??= TimeProvider.System;
        SqliteLibrary.Choose(options.UseSystemLibrary);
        string path = Path.GetFullPath(options.Path);
        RequirePlace(path);
        FileStream fileLock = await FileLock.AcquireAsync(path, options.LockWait, time, cancellationToken).ConfigureAwait(false);
        SqliteLane? writer = null;
        try
        {
            writer = await SqliteLane.StartAsync("sqlite writer", 1, () => OpenWriter(path, time)).ConfigureAwait(false);
            SqliteLane readers = await SqliteLane.StartAsync(
                "sqlite reader", options.Readers, () => OpenReader(path, SqliteOpenMode.ReadWrite)).ConfigureAwait(false);
            return new SqliteStore(path, writer, readers, fileLock);
        }
        catch
        {
            if (writer is not null)
            {
                await writer.DisposeAsync().ConfigureAwait(false);
            }

            await fileLock.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Opens the file to look at it while a silo runs: without the lock, and every write is refused as <see cref="StoreFailure.Fatal"/>.
    /// </summary>
    /// <exception cref="ArgumentException">An option cannot work.</exception>
    /// <exception cref="StoreException">Fatal when there is no such file, or a silo has to bring its schema up to date first.</exception>
    public static async Task<SqliteStore> OpenReadOnlyAsync(SqliteStoreOptions options, CancellationToken cancellationToken = default)
    {
        options.Check();
        cancellationToken.ThrowIfCancellationRequested();
        SqliteLibrary.Choose(options.UseSystemLibrary);
        string path = Path.GetFullPath(options.Path);
        if (!File.Exists(path))
        {
            throw new StoreException(StoreFailure.Fatal, $"There is no database {path}. Check the path, or start a silo once to make it.");
        }

        SqliteLane readers = await SqliteLane.StartAsync("sqlite reader", options.Readers, () =>
        {
            SqliteDatabase database = OpenReader(path, SqliteOpenMode.ReadOnly);
            return DisposeOnError(database, path, static (database, path) => Migrations.RequireCurrent(database, path));
        }).ConfigureAwait(false);
        return new SqliteStore(path, null, readers, null);
    }

    /// <summary>Finishes what is queued, closes the file and releases its lock. Disposing twice does nothing more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _readers.DisposeAsync().ConfigureAwait(false);
        if (_writer is not null)
        {
            // Last, since the last connection that can write folds the log into the file.
            await _writer.DisposeAsync().ConfigureAwait(false);
        }

        if (_lock is not null)
        {
            await _lock.DisposeAsync().ConfigureAwait(false);
        }
    }

    private ValueTask<TAnswer> WriteAsync<TAsk, TAnswer>(TAsk ask, Func<SqliteDatabase, TAsk, TAnswer> work, CancellationToken cancellationToken) =>
        _writer is { } writer
            ? writer.AskAsync((ask, work), static (database, asked) => database.Write(asked.ask, asked.work), cancellationToken)
            : ValueTask.FromException<TAnswer>(new StoreException(StoreFailure.Fatal, $"The database {_path} is open for reading only."));

    private ValueTask<TAnswer> ReadAsync<TAsk, TAnswer>(TAsk ask, Func<SqliteDatabase, TAsk, TAnswer> work, CancellationToken cancellationToken) =>
        _readers.AskAsync((ask, work), static (database, asked) => database.Read(asked.ask, asked.work), cancellationToken);

    private static void RequirePlace(string path)
    {
        if (Path.GetDirectoryName(path) is not { } directory || !Directory.Exists(directory))
        {
            throw new StoreException(StoreFailure.Fatal, $"The directory of the database {path} does not exist. Make it, or correct the path.");
        }

        if (Directory.Exists(path))
        {
            throw new StoreException(StoreFailure.Fatal, $"The database {path} is a directory. Give the path of a file.");
        }

        if (File.Exists(path) && File.GetAttributes(path).HasFlag(FileAttributes.ReadOnly))
        {
            throw new StoreException(StoreFailure.Fatal, $"The database {path} is read-only. Make the file writable for this process.");
        }
    }

    private static SqliteDatabase OpenWriter(string path, TimeProvider time) =>
        DisposeOnError(SqliteDatabase.Open(path, SqliteOpenMode.ReadWriteCreate), (path, time), static (database, given) =>
        {
            // 4,000 pages of 4 KiB: a checkpoint folds 16 MB at a time into the file, so that a hot page is written once instead of four times.
            database.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF");
            database.Execute("PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -65536");
            Migrations.Apply(database, given.path, given.time.GetUtcNow());
            database.Write(given.time.GetUtcNow(), static (database, now) => database[Statements.EndAllLives].Bind(1, now).Run());
        });

    private static SqliteDatabase OpenReader(string path, SqliteOpenMode mode) =>
        DisposeOnError(SqliteDatabase.Open(path, mode), 0, static (database, _) => database.Execute("PRAGMA query_only = ON; PRAGMA cache_size = -16384"));

    private static SqliteDatabase DisposeOnError<T>(SqliteDatabase database, T given, Action<SqliteDatabase, T> prepare)
    {
        try
        {
            prepare(database, given);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }
}
