using Actors.Storage;

namespace Actors.Sqlite;

/// <summary>Turns SQLite's result codes into the kinds of error that say who must act. See https://www.sqlite.org/rescode.html.</summary>
internal static class SqliteErrors
{
    public const int Ok = 0;
    public const int Row = 100;
    public const int Done = 101;

    private const int Perm = 3;
    private const int Busy = 5;
    private const int Locked = 6;
    private const int NoMem = 7;
    private const int ReadOnly = 8;
    private const int Interrupt = 9;
    private const int IoError = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int Protocol = 15;
    private const int TooBig = 18;
    private const int Constraint = 19;
    private const int Mismatch = 20;
    private const int NotADatabase = 26;

    /// <param name="code">The result code; an extended one carries the plain one in its low byte.</param>
    public static StoreException From(int code, string message, string path, Exception? inner = null)
    {
        int plain = code & 0xff;
        string detail = $"SQLite says '{message}' (code {code}) about {path}.";
        return plain switch
        {
            Busy or Locked or Protocol or Interrupt or NoMem => new(StoreFailure.Transient, detail, inner),

            // Nothing is lost: the transaction was rolled back, and work goes on when there is space again.
            Full => new(StoreFailure.Transient, $"The disk is full; nothing was written. Free some space: work goes on by itself. {detail}", inner),
            Constraint or TooBig or Mismatch => new(StoreFailure.Data, detail, inner),
            NotADatabase => Fatal("The file is not a SQLite database. Give the path of a new file, or of one that Actors made."),
            ReadOnly or Perm => Fatal("The file cannot be written. Make the file and its directory writable for this process."),
            CannotOpen => Fatal("The file cannot be opened. Check that its directory exists and that this process may write there."),
            Corrupt => Fatal("The file is damaged. Stop the silo, keep the file and restore a backup."),
            IoError => Fatal("Reading or writing the file failed. Check the disk."),
            _ => new(StoreFailure.Fatal, detail, inner),
        };

        StoreException Fatal(string advice) => new(StoreFailure.Fatal, $"{advice} {detail}", inner);
    }
}
