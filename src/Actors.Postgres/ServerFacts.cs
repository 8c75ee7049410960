using System.Globalization;
using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

/// <summary>What the store relies on of the server that answers, read once when it is opened.</summary>
internal sealed record ServerFacts
{
    // ON CONFLICT with several arrays needs nothing newer, but older servers get no fixes any more.
    private const int VersionMin = 130000;

    private const string Ask =
        """
        SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), current_setting('synchronous_commit'), pg_is_in_recovery(),
               current_setting('default_transaction_read_only') = 'on', pg_backend_pid()
        """;

    /// <summary>As <c>server_version_num</c> has it, e.g. 150018.</summary>
    public required int Version { get; init; }

    public required string Encoding { get; init; }
    public required string SynchronousCommit { get; init; }
    public required bool IsStandby { get; init; }
    public required bool IsReadOnly { get; init; }

    /// <summary>The process that serves the statement.</summary>
    public required int ProcessId { get; init; }

    /// <summary>What the store sets when it connects, as the server has it.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>Reads them, and refuses a server that the store cannot rely on.</summary>
    /// <param name="source">For a second connection, where something lies between.</param>
    /// <exception cref="StoreException">Fatal; the message says what to do.</exception>
    public static async Task RequireAsync(NpgsqlDataSource source, NpgsqlConnection connection, string schema, string place, CancellationToken cancellationToken)
    {
        ServerFacts facts = await ReadAsync(connection, Wanted(schema), cancellationToken).ConfigureAwait(false);
        if (facts.Refusal(Wanted(schema)) is { } refusal)
        {
            throw Refuse(place, refusal);
        }

        if (facts.ProcessId != connection.ProcessID
            && await SharesSessionsAsync(source, connection, facts.ProcessId, cancellationToken).ConfigureAwait(false))
        {
            throw Refuse(place, "is behind a pooler that gives each transaction another session. Connect to the server itself, or set the pooler to session mode.");
        }
    }

    /// <summary>What is wrong, as the end of a sentence that begins with the database; null when nothing is.</summary>
    /// <param name="wanted">The settings that the store connects with.</param>
    public string? Refusal(IReadOnlyDictionary<string, string> wanted)
    {
        if (Version < VersionMin)
        {
            return string.Create(
                CultureInfo.InvariantCulture, $"is served by PostgreSQL {Version / 10000}.{Version % 10000}, which is too old. Update the server to 13 or later.");
        }

        if (Encoding != "UTF8")
        {
            return $"has the encoding {Encoding}. Create a database with the encoding UTF8.";
        }

        if (IsStandby)
        {
            return "is on a standby, which cannot be written. Connect to the primary.";
        }

        if (IsReadOnly)
        {
            return "is set read-only (default_transaction_read_only=on). Connect to the primary, or set it to off for this database and user.";
        }

        if (SynchronousCommit == "off")
        {
            return "has synchronous_commit=off: a crash would lose what was acknowledged. Set it to on.";
        }

        string[] missing = [.. wanted.Where(setting => Settings.GetValueOrDefault(setting.Key)?.Trim('"') != setting.Value).Select(static setting => setting.Key)];
        return missing.Length == 0
            ? null
            : $"did not get the settings that this store connects with ({string.Join(", ", missing)}): a pooler between drops them. "
                + "Connect to the server itself, or, behind a pooler in session mode, set them for the user with ALTER ROLE.";
    }

    private static Dictionary<string, string> Wanted(string schema) => new(PostgresStoreOptions.SessionSettings) { ["search_path"] = schema };

    private static async Task<ServerFacts> ReadAsync(NpgsqlConnection connection, Dictionary<string, string> wanted, CancellationToken cancellationToken)
    {
        string[] names = [.. wanted.Keys];
        using NpgsqlCommand command = new(Ask + string.Concat(names.Select(static name => $", current_setting('{name}')")), connection);
        using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await row.ReadAsync(cancellationToken).ConfigureAwait(false);
        return new ServerFacts
        {
            Version = row.GetInt32(0),
            Encoding = row.GetString(1),
            SynchronousCommit = row.GetString(2),
            IsStandby = row.GetBoolean(3),
            IsReadOnly = row.GetBoolean(4),
            ProcessId = row.GetInt32(5),
            Settings = names.Index().ToDictionary(static name => name.Item, name => row.GetString(6 + name.Index)),
        };
    }

    // While one client is inside a transaction, another that asks twice has one and the same process in session mode. A pooler that hands sessions out anew for each
    // transaction shows it here: the second client gets the first one's, or the first one gets another.
    private static async Task<bool> SharesSessionsAsync(NpgsqlDataSource source, NpgsqlConnection first, int process, CancellationToken cancellationToken)
    {
        NpgsqlConnection second = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using (second.ConfigureAwait(false))
        {
            NpgsqlTransaction transaction = await second.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                return await ProcessOfAsync(second, cancellationToken).ConfigureAwait(false) == process
                    || await ProcessOfAsync(first, cancellationToken).ConfigureAwait(false) != process;
            }
        }
    }

    private static async Task<int> ProcessOfAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using NpgsqlCommand command = new("SELECT pg_backend_pid()", connection);
        return (int)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    private static StoreException Refuse(string place, string refusal) =>
        new(StoreFailure.Fatal, $"{char.ToUpperInvariant(place[0])}{place[1..].TrimEnd(',')} {refusal}");
}
