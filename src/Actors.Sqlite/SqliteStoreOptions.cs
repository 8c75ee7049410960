namespace Actors.Sqlite;

/// <summary>Where the database is and how it is opened.</summary>
public sealed class SqliteStoreOptions
{
    /// <summary>The file; made when it does not exist, its directory is not. Beside it lie <c>-wal</c>, <c>-shm</c> and <c>.lock</c> files.</summary>
    public required string Path { get; init; }

    /// <summary>
    /// True: the system's SQLite when it is 3.40 or newer, else the bundled 3.35. False: the bundled one. The first store that a process opens
    /// decides for all. Default true.
    /// </summary>
    public bool UseSystemLibrary { get; init; } = true;

    /// <summary>How long to wait for another process to give the file up, e.g. the silo that this one replaces. Default 10 seconds.</summary>
    public TimeSpan LockWait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Threads that read, each with a connection of its own, 1 to 64. Default 2: reads are short, and the writer has a thread besides.</summary>
    public int Readers { get; init; } = 2;

    /// <exception cref="ArgumentException">A value cannot work; the message names it.</exception>
    internal void Check()
    {
        if (string.IsNullOrWhiteSpace(Path) || Path.StartsWith(':') || Path.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException(
                $"SqliteStoreOptions.Path is '{Path}'. Give the path of a file; a database in memory would lose what was acknowledged.", nameof(Path));
        }

        if (LockWait < TimeSpan.Zero)
        {
            throw new ArgumentException($"SqliteStoreOptions.LockWait is {LockWait}; it must not be negative.", nameof(LockWait));
        }

        if (Readers is < 1 or > 64)
        {
            throw new ArgumentException($"SqliteStoreOptions.Readers is {Readers}; 1 to 64 are possible.", nameof(Readers));
        }
    }
}
