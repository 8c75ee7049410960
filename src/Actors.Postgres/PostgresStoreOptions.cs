using System.Text.RegularExpressions;
using Npgsql;

namespace Actors.Postgres;

/// <summary>Where the database is and how it is opened.</summary>
public sealed partial class PostgresStoreOptions
{
    /// <summary>The least maximum of a pool: one connection each for commits, a life's beat, messages to it and reading.</summary>
    public const int PoolSizeMin = 4;

    /// <summary>
    /// What each session begins with. READ COMMITTED is pinned: the fence needs a fresh snapshot after its lock. And every statement of the hot path finds its rows by an index: a plan that was
    /// made while the tables were small must not scan them when they have grown.
    /// </summary>
    internal static IReadOnlyDictionary<string, string> SessionSettings { get; } = new Dictionary<string, string>
    {
        ["default_transaction_isolation"] = "read committed",
        ["enable_seqscan"] = "off",
        ["enable_hashjoin"] = "off",
        ["enable_mergejoin"] = "off",

        // The server would plan again for each small batch, since it holds that for cheaper than its plan for any: that takes longer than the statement.
        ["plan_cache_mode"] = "force_generic_plan",

        // Compiling a plan would cost more than any of them.
        ["jit"] = "off",
    };

    /// <summary>
    /// As Npgsql reads it, e.g. <c>Host=db;Database=shop;Username=actors;Password=…</c>; see https://www.npgsql.org/doc/connection-string-parameters.html.
    /// <c>Minimum Pool Size</c> and <c>Maximum Pool Size</c> bound the connections.
    /// </summary>
    public required string ConnectionString { get; init; }

    /// <summary>The schema that the tables are in: lower-case letters, digits and underscores. Several can lie in one database. Default <c>actors</c>.</summary>
    public string Schema { get; init; } = "actors";

    /// <summary>True: opening brings the schema up to date. Default false: an operator does, with <c>actors migrate</c>.</summary>
    public bool MigrateOnOpen { get; init; }

    /// <summary>For the SQL of steps: as the connection string says, but for what the journal's statements at the end rely on.</summary>
    internal NpgsqlConnectionStringBuilder ReadForSteps() => new(ConnectionString)
    {
        // The silo bounds how many are open (SiloOptions.TransactionsMax); the pool must not do it a second time.
        MinPoolSize = 0,
        MaxPoolSize = 1_000,
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

        if (builder.Pooling && (builder.MaxPoolSize < PoolSizeMin || builder.MinPoolSize > builder.MaxPoolSize))
        {
            throw new ArgumentException(
                $"The pool of connections has the sizes {builder.MinPoolSize} to {builder.MaxPoolSize}. A silo needs a maximum of {PoolSizeMin} or more, and no minimum above it.",
                nameof(ConnectionString));
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

        IEnumerable<string> settings = SessionSettings.Select(static setting => $"-c {setting.Key}={setting.Value.Replace(" ", "\\ ", StringComparison.Ordinal)}");
        builder.Options = $"{builder.Options} {string.Join(' ', settings)}".Trim();
        return builder;
    }

    [GeneratedRegex("^[a-z][a-z0-9_]{0,62}$", RegexOptions.CultureInvariant)]
    private static partial Regex SchemaName();
}
