using System.Text;
using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

/// <summary>Turns PostgreSQL's codes into the kinds of error that say who must act. See https://www.postgresql.org/docs/current/errcodes-appendix.html.</summary>
internal static class PostgresErrors
{
    public const string DivisionByZero = "22012";
    public const string LockNotAvailable = "55P03";
    public const string QueryCanceled = "57014";
    public const string TransactionAborted = "25P02";

    /// <summary>True for what a statement, a connection or a value can do; anything else is a bug and goes on as it is.</summary>
    public static bool IsOurs(Exception e) => e is NpgsqlException or TimeoutException or IOException || IsNoUnicode(e);

    /// <param name="place">Host, database and schema, for messages.</param>
    /// <param name="sent">True when a COMMIT may have reached the server.</param>
    public static StoreException From(Exception e, string place, bool sent = false) => e switch
    {
        PostgresException told => From(told.SqlState, told.MessageText, place, sent, told),
        _ when IsNoUnicode(e) => new(StoreFailure.Data, $"A text is no Unicode: it has half a surrogate pair. {e.Message}", e),
        _ when sent => new(StoreFailure.UnknownOutcome, $"The connection to {place} was lost during a commit, which may have happened: {Words(e)}", e),
        _ => new(StoreFailure.Transient, $"PostgreSQL at {place} does not answer: {Words(e)}", e),
    };

    public static StoreException From(string code, string message, string place, bool sent = false, Exception? inner = null)
    {
        string detail = $"PostgreSQL says '{message}' (code {code}) at {place.TrimEnd(',')}.";
        return code switch
        {
            // The server went away in order. The answer to a commit may have got lost behind this message.
            "57P01" or "57P02" or "57P05" => new(sent ? StoreFailure.UnknownOutcome : StoreFailure.Transient, detail, inner),

            // Nothing is lost: the transaction was rolled back, and work goes on when there is space again.
            "53100" => new(StoreFailure.Transient, $"The server's disk is full; nothing was written. Free some space: work goes on by itself. {detail}", inner),
            "28P01" or "28000" => Fatal("The user or the password is wrong, or the server's pg_hba.conf does not let this user in. Correct the connection string."),
            "3D000" => Fatal("The database does not exist. Create it (createdb), or correct the connection string."),
            "3F000" or "42P01" or "42703" => Fatal("The schema is missing or old. Run `actors migrate` with this connection string."),
            "42501" => Fatal("The user may not do this. Grant it the rights on the schema."),
            "25006" => Fatal("The database is read-only: a standby, or set so. Connect to the primary."),
            ['2', '2' or '3', ..] or ['5', '4', ..] => new(StoreFailure.Data, detail, inner),

            // PgBouncer's words for what it does not pass on.
            "08P01" when message.Contains("startup parameter", StringComparison.OrdinalIgnoreCase) =>
                Fatal("A pooler lies between, which does not let a session begin with settings of its own. Connect to the server itself, or use a pooler in session mode that passes them on."),
            ['0', '8', ..] => new(sent ? StoreFailure.UnknownOutcome : StoreFailure.Transient, detail, inner),
            ['4', '0', ..] or ['5', '3', ..] or ['5', '5', ..] or ['5', '7', ..] => new(StoreFailure.Transient, detail, inner),
            ['2', '8', ..] => Fatal("The server does not let this user in. Correct the connection string."),
            _ => new(StoreFailure.Fatal, detail, inner),
        };

        StoreException Fatal(string advice) => new(StoreFailure.Fatal, $"{advice} {detail}", inner);
    }

    // Npgsql's own sentence is often only 'Exception while reading from stream'; the cause is one below.
    private static string Words(Exception e) => e.InnerException is { } inner ? $"{e.Message} ({inner.Message})" : e.Message;

    private static bool IsNoUnicode(Exception e) => e is EncoderFallbackException || e.InnerException is EncoderFallbackException;
}
