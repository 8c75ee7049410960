using Actors.Storage;

namespace Actors.Sqlite;

/// <summary>
/// The operating system's lock that makes one process the owner of a database. It is on a file of its own, which stays: the system releases
/// the lock when the process ends, however it ends.
/// </summary>
internal static class FileLock
{
    // Short against the wait of seconds, long against the cost of trying.
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <exception cref="StoreException">Fatal when another process kept the lock for the whole wait.</exception>
    public static async Task<FileStream> AcquireAsync(string path, TimeSpan wait, TimeProvider time, CancellationToken cancellationToken)
    {
        string lockPath = path + ".lock";
        long began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (UnauthorizedAccessException error)
            {
                throw new StoreException(
                    StoreFailure.Fatal, $"The file {lockPath} cannot be written. Make the directory of the database writable for this process.", error);
            }
            catch (IOException error)
            {
                if (time.GetElapsedTime(began) >= wait)
                {
                    throw new StoreException(
                        StoreFailure.Fatal,
                        $"Another process has the database {path} open: its lock {lockPath} was not released within {wait.TotalSeconds:0.#} s. "
                        + "Stop that process, or give this one a database of its own; several silos need PostgreSQL.",
                        error);
                }
            }

            await Task.Delay(Poll, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
