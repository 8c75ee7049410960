using System.Text.RegularExpressions;
using Npgsql;

namespace Actors.Postgres;

/// <summary>Where the database is and how it is opened.</summary>
public sealed partial class PostgresStoreOptions
{
    /// <summary>
    /// As Npgsql reads it, e.g. <c>Host=db;Database=shop;Username=actors;Password=…</c>; see https://www.npgsql.org/doc/connection-string-parameters.html.
    /// <c>Minimum Pool Size</c> and <c>Maximum Pool Size</c> bound the connections.
    /// </summary>
    public required string ConnectionString { get; init; }

    /// <summary>The schema that the tables are in: lower-case letters, digits and underscores. Several can lie in one database. Default <c>actors</c>.</summary>
    public string Schema { get; init; } = "actors";

    /// <summary>True: opening brings the schema up to date. Default false: an operator does, with <c>actors migrate</c>.</summary>
    public bool MigrateOnOpen { get; init; }

    /// <summary>
    /// True: one process at a time has the schema, and opening it ends the lives that were left behind, as on SQLite: what a killed silo held is taken over at once. A process that lost its
    /// connection and was replaced meanwhile is fenced. False: lives end by <see cref="PostgresStore.EndLifeAsync"/> only. Default false.
    /// </summary>
    public bool Exclusive { get; init; }

    /// <summary>How long opening waits for the process before it. Default 10 seconds.</summary>
    public TimeSpan LockWait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For the SQL of steps: as the connection string says, but for what the journal's statements at the end rely on.</summary>
    internal NpgsqlConnectionStringBuilder ReadForSteps() => new(ConnectionString)
    {
        Enlist = false,
        IncludeFailedBatchedCommand = true,
        NoResetOnClose = false,
        ApplicationName = "actors steps",
    };

    /// <exception cref="ArgumentException">A value cannot work; the message names it, but does not repeat the connection string: it may hold a password.</exception>
    internal NpgsqlConnectionStringBuilder Read()
    {
        if (!SchemaName().IsMatch(Schema))
        {
            throw new ArgumentException(
                $"PostgresStoreOptions.Schema is '{Schema}'. Begin with a lower-case letter; at most 63 lower-case letters, digits and underscores.", nameof(Schema));
        }

        NpgsqlConnectionStringBuilder builder;
        try
        {
            builder = new NpgsqlConnectionStringBuilder(ConnectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            throw new ArgumentException($"PostgresStoreOptions.ConnectionString cannot be read: {e.Message}", nameof(ConnectionString), e);
        }

        if (string.IsNullOrEmpty(builder.Host))
        {
            throw new ArgumentException("PostgresStoreOptions.ConnectionString has no Host.", nameof(ConnectionString));
        }

        if (builder.Multiplexing)
        {
            throw new ArgumentException("PostgresStoreOptions.ConnectionString has Multiplexing, which takes the store's transactions apart.", nameof(ConnectionString));
        }

        builder.SearchPath = Schema;
        builder.Enlist = false;
        builder.ApplicationName ??= "actors";

        // Says whether it was the fence or a gate that failed.
        builder.IncludeFailedBatchedCommand = true;

        // Nothing of a session outlives a transaction, so that a connection needs no reset between two uses.
        builder.NoResetOnClose = true;
        if (builder.MaxAutoPrepare == 0)
        {
            builder.MaxAutoPrepare = 64;
            builder.AutoPrepareMinUsages = 2;
        }

        // READ COMMITTED is pinned: the fence needs a fresh snapshot after its lock. And every statement of the hot path finds its rows by an index:
        // a plan that was made while the tables were small must not scan them when they have grown.
        builder.Options = $"{builder.Options} -c default_transaction_isolation=read\\ committed -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off".Trim();
        return builder;
    }

    [GeneratedRegex("^[a-z][a-z0-9_]{0,62}$", RegexOptions.CultureInvariant)]
    private static partial Regex SchemaName();
}
