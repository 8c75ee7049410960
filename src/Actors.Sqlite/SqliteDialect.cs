using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Actors.Flows;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Actors.Sqlite;

/// <summary>SQL of flows on SQLite.</summary>
internal sealed class SqliteDialect : SqlDialect
{
    // Of SQLite 3.32 and newer.
    public override int ParametersMax => 32_766;

    public override bool IsFor(DbConnection connection) => connection is SqliteConnection;

    // $1 is a name like any other here.
    public override string PositionalName(int number) => string.Create(CultureInfo.InvariantCulture, $"${number}");

    // A decimal would be stored as a text.
    public override void Bind(DbParameter parameter, JsonElement value)
    {
        base.Bind(parameter, value);
        if (parameter.Value is decimal number)
        {
            parameter.Value = (double)number;
        }
    }

    // A transaction that takes the write lock at once would wait for those who write, also to read.
    public override ValueTask<DbTransaction> BeginAsync(DbConnection connection, bool toRead, CancellationToken cancellationToken) =>
        ValueTask.FromResult<DbTransaction>(((SqliteConnection)connection).BeginTransaction(deferred: toRead));

    public override (string? Code, bool Retryable) Explain(DbException error)
    {
        if (error is not SqliteException sqlite)
        {
            return base.Explain(error);
        }

        string code = sqlite.SqliteExtendedErrorCode switch
        {
            275 => "SQLITE_CONSTRAINT_CHECK",
            787 => "SQLITE_CONSTRAINT_FOREIGNKEY",
            1299 => "SQLITE_CONSTRAINT_NOTNULL",
            1555 => "SQLITE_CONSTRAINT_PRIMARYKEY",
            2067 => "SQLITE_CONSTRAINT_UNIQUE",
            _ => sqlite.SqliteErrorCode switch
            {
                1 => "SQLITE_ERROR",
                5 => "SQLITE_BUSY",
                6 => "SQLITE_LOCKED",
                8 => "SQLITE_READONLY",
                9 => "SQLITE_INTERRUPT",
                10 => "SQLITE_IOERR",
                11 => "SQLITE_CORRUPT",
                13 => "SQLITE_FULL",
                14 => "SQLITE_CANTOPEN",
                18 => "SQLITE_TOOBIG",
                19 => "SQLITE_CONSTRAINT",
                20 => "SQLITE_MISMATCH",
                26 => "SQLITE_NOTADB",
                int other => string.Create(CultureInfo.InvariantCulture, $"SQLITE_{other}"),
            },
        };
        return (code, sqlite.SqliteErrorCode is 5 or 6 or 13);
    }

    // The provider does not listen to tokens while a statement runs.
    public override void Interrupt(DbConnection connection)
    {
        if (connection is SqliteConnection { Handle: { } handle })
        {
            raw.sqlite3_interrupt(handle);
        }
    }
}
