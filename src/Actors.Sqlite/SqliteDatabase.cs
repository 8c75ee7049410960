using Actors.Storage;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Actors.Sqlite;

/// <summary>One connection and its prepared statements. Used by one thread at a time.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    // Statements are constants, so the reference is identity enough, and hashing a page of SQL for each call is not free.
    private readonly Dictionary<string, SqliteStatement> _statements = new(ReferenceEqualityComparer.Instance as IEqualityComparer<string>);
    private readonly SqliteConnection _connection;
    private readonly string _path;
    private byte[] _scratch = new byte[1024];
    private bool _isGone;

    private SqliteDatabase(SqliteConnection connection, string path)
    {
        _connection = connection;
        _path = path;
    }

    public int Changes => raw.sqlite3_changes(Handle);

    private sqlite3 Handle => _connection.Handle ?? throw new ObjectDisposedException(nameof(SqliteDatabase));

    /// <exception cref="StoreException">Fatal when the file cannot be opened.</exception>
    public static SqliteDatabase Open(string path, SqliteOpenMode mode)
    {
        SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString());
        try
        {
            connection.Open();
            SqliteDatabase database = new(connection, path);
            raw.sqlite3_extended_result_codes(connection.Handle, 1);

            // Five seconds: a backup or a shell may hold the file for a moment; no commit of ours waits for another of ours.
            raw.sqlite3_busy_timeout(connection.Handle, 5000);
            return database;
        }
        catch (SqliteException error)
        {
            connection.Dispose();
            throw SqliteErrors.From(error.SqliteExtendedErrorCode, error.Message, path, error);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The prepared form of a constant; kept for the life of the connection.</summary>
    public SqliteStatement this[string sql]
    {
        get
        {
            if (!_statements.TryGetValue(sql, out SqliteStatement? statement))
            {
                statement = Prepare(sql);
                _statements.Add(sql, statement);
            }

            return statement;
        }
    }

    /// <summary>Prepares a statement that was put together for one use; the caller disposes it.</summary>
    public SqliteStatement Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v2(Handle, sql, out sqlite3_stmt statement));
        return new SqliteStatement(this, statement);
    }

    /// <summary>Runs any number of statements that give no rows.</summary>
    public void Execute(string sql)
    {
        int code = raw.sqlite3_exec(Handle, sql);
        if (code != SqliteErrors.Ok)
        {
            throw Error(code);
        }
    }

    /// <summary>Runs <paramref name="work"/> in one transaction that can write; an error rolls everything back.</summary>
    /// <exception cref="StoreException">Fatal when the file has been deleted: the system would take what is written and forget it with the process.</exception>
    public TAnswer Write<TAsk, TAnswer>(TAsk ask, Func<SqliteDatabase, TAsk, TAnswer> work)
    {
        // Once gone it stays gone: a file that is there again may be another one.
        _isGone |= !File.Exists(_path);
        return _isGone
            ? throw new StoreException(StoreFailure.Fatal, $"The database {_path} was deleted or moved while it was open; nothing is accepted any more. Stop this process, put the file or a backup there, and start again.")
            : Transact(Statements.BeginWrite, ask, work);
    }

    /// <summary>Runs <paramref name="work"/> on one snapshot of the database.</summary>
    public TAnswer Read<TAsk, TAnswer>(TAsk ask, Func<SqliteDatabase, TAsk, TAnswer> work) => Transact(Statements.BeginRead, ask, work);

    public void Check(int code)
    {
        if (code != SqliteErrors.Ok)
        {
            throw Error(code);
        }
    }

    public StoreException Error(int code) => SqliteErrors.From(code, raw.sqlite3_errmsg(Handle).utf8_to_string(), _path);

    /// <summary>Room to encode one value into; valid until the next call.</summary>
    public Span<byte> Scratch(int bytes)
    {
        // One huge text must not stay in memory for ever; up to 64 KiB the buffer is kept.
        if (bytes > 64 * 1024)
        {
            return new byte[bytes];
        }

        if (_scratch.Length < bytes)
        {
            _scratch = new byte[Math.Max(bytes, _scratch.Length * 2)];
        }

        return _scratch;
    }

    public void Dispose()
    {
        foreach (SqliteStatement statement in _statements.Values)
        {
            statement.Dispose();
        }

        _statements.Clear();
        _connection.Dispose();
    }

    private TAnswer Transact<TAsk, TAnswer>(string begin, TAsk ask, Func<SqliteDatabase, TAsk, TAnswer> work)
    {
        this[begin].Run();
        try
        {
            TAnswer answer = work(this, ask);
            this[Statements.Commit].Run();
            return answer;
        }
        catch (Exception error)
        {
            Recover();
            if (error is System.Text.EncoderFallbackException)
            {
                throw new StoreException(StoreFailure.Data, $"A text cannot be stored: it is not valid Unicode. {error.Message}", error);
            }

            throw;
        }
    }

    // Some errors roll back by themselves (a full disk); a reader that threw in the middle has left its statement open.
    private void Recover()
    {
        foreach (SqliteStatement statement in _statements.Values)
        {
            statement.Reset();
        }

        if (raw.sqlite3_get_autocommit(Handle) == 0)
        {
            this[Statements.Rollback].Run();
        }
    }
}
