using System.Text;
using SQLitePCL;

namespace Actors.Sqlite;

/// <summary>
/// One prepared statement, used by the one thread of its database. It goes to SQLite's own functions: the parameter objects of ADO.NET cost
/// more than the insert itself. A statement resets itself when it is done or fails; a reader that stops early calls <see cref="Reset"/>.
/// </summary>
internal sealed class SqliteStatement(SqliteDatabase database, sqlite3_stmt handle) : IDisposable
{
    private const int NullType = 5;

    // Text that UTF-8 cannot hold (half a surrogate pair) is an error of the data, not something to replace in silence.
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    public SqliteStatement Bind(int index, long value)
    {
        database.Check(raw.sqlite3_bind_int64(handle, index, value));
        return this;
    }

    public SqliteStatement Bind(int index, long? value) => value is { } some ? Bind(index, some) : BindNull(index);

    public SqliteStatement Bind(int index, bool value) => Bind(index, value ? 1 : 0);

    public SqliteStatement Bind(int index, DateTimeOffset value) => Bind(index, value.ToUnixTimeMilliseconds());

    public SqliteStatement Bind(int index, DateTimeOffset? value) => Bind(index, value?.ToUnixTimeMilliseconds());

    public SqliteStatement Bind(int index, string? value)
    {
        if (value is null)
        {
            return BindNull(index);
        }

        if (value.Length == 0)
        {
            // An empty span has no address, and SQLite takes that for null.
            database.Check(raw.sqlite3_bind_text(handle, index, ""));
            return this;
        }

        Span<byte> scratch = database.Scratch(Utf8.GetMaxByteCount(value.Length));
        int length = Utf8.GetBytes(value, scratch);
        database.Check(raw.sqlite3_bind_text(handle, index, scratch[..length]));
        return this;
    }

    public SqliteStatement Bind(int index, ReadOnlySpan<byte> value)
    {
        database.Check(value.IsEmpty ? raw.sqlite3_bind_zeroblob(handle, index, 0) : raw.sqlite3_bind_blob(handle, index, value));
        return this;
    }

    /// <summary>True with a row to read; false when done, and the statement is ready for the next use.</summary>
    public bool Step()
    {
        int code = raw.sqlite3_step(handle);
        if (code == SqliteErrors.Row)
        {
            return true;
        }

        if (code == SqliteErrors.Done)
        {
            raw.sqlite3_reset(handle);
            return false;
        }

        Exception error = database.Error(code);
        raw.sqlite3_reset(handle);
        throw error;
    }

    /// <summary>Runs a statement that gives no rows; returns how many rows it changed.</summary>
    public int Run()
    {
        while (Step())
        {
        }

        return database.Changes;
    }

    public void Reset() => raw.sqlite3_reset(handle);

    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == NullType;

    public long Long(int column) => raw.sqlite3_column_int64(handle, column);

    public int Int(int column) => raw.sqlite3_column_int(handle, column);

    public long? LongOrNull(int column) => IsNull(column) ? null : Long(column);

    // Read as bytes: as text it would end at the first NUL character.
    public string Text(int column) => Utf8.GetString(raw.sqlite3_column_blob(handle, column));

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    public byte[] Bytes(int column) => raw.sqlite3_column_blob(handle, column).ToArray();

    public DateTimeOffset Time(int column) => DateTimeOffset.FromUnixTimeMilliseconds(Long(column));

    public DateTimeOffset? TimeOrNull(int column) => IsNull(column) ? null : Time(column);

    public void Dispose() => handle.Dispose();

    private SqliteStatement BindNull(int index)
    {
        database.Check(raw.sqlite3_bind_null(handle, index));
        return this;
    }
}
