using System.Data.Common;
using System.Globalization;
using System.Text.RegularExpressions;
using Actors.Postgres;
using Actors.Sqlite;
using Actors.Storage;

namespace Actors.Hosting;

/// <summary>Reads the setting that says where runs are kept, and opens the store.</summary>
public static partial class StoreSetting
{
    /// <summary>The path of the SQLite file; null for memory.</summary>
    /// <param name="setting">How the value was given, for messages.</param>
    /// <exception cref="ActorsStartException">The value is neither a path nor <c>Data Source=path</c>.</exception>
    public static string? ReadPath(string? value, string setting)
    {
        string text = string.IsNullOrWhiteSpace(value) ? ActorsOptions.DefaultDatabase : value.Trim();
        if (text is "memory" or ":memory:")
        {
            return null;
        }

        if (!text.Contains('='))
        {
            return text;
        }

        DbConnectionStringBuilder parts;
        try
        {
            parts = new DbConnectionStringBuilder { ConnectionString = text };
        }
        catch (ArgumentException e)
        {
            throw new ActorsStartException($"{setting} is no connection string: {e.Message}", e);
        }

        if (parts.TryGetValue("Data Source", out object? source) && source is string { Length: > 0 } path && parts.Count == 1)
        {
            return path is ":memory:" ? null : path;
        }

        // The value itself stays out of the message: a connection string may hold a password.
        throw new ActorsStartException(
            $"{setting} must be the path of an SQLite file, 'Data Source=path', 'memory', or a PostgreSQL connection: 'Host=…;Username=…' or 'postgres://…'.");
    }

    /// <summary>
    /// The options of a PostgreSQL database, for <c>Host=…;Username=…</c> and <c>postgres://user:password@host/database</c>; null when the value names
    /// something else. <c>${NAME}</c> stands for an environment variable, so that a password need not be in a file; <c>Search Path</c> chooses the schema.
    /// </summary>
    /// <param name="setting">How the value was given, for messages.</param>
    /// <param name="environment">Gives the environment's variables.</param>
    /// <exception cref="ActorsStartException">The value begins like such a connection but is none, or names a variable that is not set.</exception>
    public static PostgresStoreOptions? ReadPostgres(string? value, string setting, Func<string, string?> environment)
    {
        string text = value?.Trim() ?? "";
        if (Variable().Match(text) is { Success: true, Index: 0 } whole && whole.Length == text.Length)
        {
            text = Substitute(text, setting, environment).Trim();
        }

        DbConnectionStringBuilder parts = [];
        try
        {
            if (PostgresConnectionText.IsUri(text))
            {
                parts = PostgresConnectionText.FromUri(Variable().Replace(text, match => Uri.EscapeDataString(Substitute(match.Value, setting, environment))));
            }
            else if (text.Contains('='))
            {
                parts.ConnectionString = text;
                if (!parts.ContainsKey("Host") && !parts.ContainsKey("Server"))
                {
                    return null;
                }

                foreach (string key in parts.Keys.Cast<string>().ToArray())
                {
                    parts[key] = Substitute((string)parts[key], setting, environment);
                }
            }
            else
            {
                return null;
            }
        }
        catch (Exception e) when (e is UriFormatException or ArgumentException)
        {
            // The cause stays out of the message: it may repeat the password.
            throw new ActorsStartException($"{setting} is no connection to PostgreSQL. Give 'Host=…;Database=…;Username=…;Password=…' or 'postgres://user:password@host/database'.");
        }

        string? schema = parts.TryGetValue("Search Path", out object? path) ? (string)path : null;
        parts.Remove("Search Path");
        return schema is null
            ? new PostgresStoreOptions { ConnectionString = parts.ConnectionString }
            : new PostgresStoreOptions { ConnectionString = parts.ConnectionString, Schema = schema };
    }

    /// <summary>The setting's value as it may be shown: without a password.</summary>
    public static string Describe(string? value)
    {
        try
        {
            return ReadPostgres(value, "", static _ => "") is null ? value ?? "" : "PostgreSQL";
        }
        catch (ActorsStartException)
        {
            return "the database";
        }
    }

    internal static async ValueTask<IStore> OpenAsync(ActorsOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        string setting = ActorsOptions.KeyText(nameof(ActorsOptions.Database));
        string database = options.Ephemeral ? "memory" : options.Database;
        if (ReadPostgres(database, setting, Environment.GetEnvironmentVariable) is not { } read)
        {
            return await OpenAsync(database, setting, time, cancellationToken);
        }

        PostgresStoreOptions postgres = WithPool(read, options.Postgres);
        if (options.Migrate)
        {
            await using IStore migrated = await OpenAsync(postgres, setting, time, migrate: true, cancellationToken);
        }

        return await OpenAsync(postgres, setting, time, migrate: false, cancellationToken);
    }

    internal static PostgresStoreOptions WithPool(PostgresStoreOptions options, PostgresOptions pool)
    {
        // Of two words for one thing, Npgsql takes the last.
        DbConnectionStringBuilder parts = new() { ConnectionString = options.ConnectionString };
        Set("Minimum Pool Size", pool.PoolMin);
        Set("Maximum Pool Size", pool.PoolMax);
        return new PostgresStoreOptions { ConnectionString = parts.ConnectionString, Schema = options.Schema };

        void Set(string key, int? value)
        {
            if (value is { } size)
            {
                parts.Remove(key);
                parts[key] = size.ToString(CultureInfo.InvariantCulture);
            }
        }
    }

    /// <summary>Opens the store that a setting names, making the folder of a file.</summary>
    /// <param name="migrate">True: brings a shared database up to date as well. A file always is.</param>
    /// <exception cref="ActorsStartException">It cannot be opened; the message names the setting, the path and the reason.</exception>
    public static async ValueTask<IStore> OpenAsync(
        string? value, string setting, TimeProvider time, CancellationToken cancellationToken, bool migrate = false)
    {
        if (ReadPostgres(value, setting, Environment.GetEnvironmentVariable) is { } postgres)
        {
            return await OpenAsync(postgres, setting, time, migrate, cancellationToken);
        }

        if (ReadPath(value, setting) is not { } path)
        {
            return new MemoryStore();
        }

        try
        {
            string full = Path.GetFullPath(path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            return await SqliteStore.OpenAsync(new SqliteStoreOptions { Path = full }, time, cancellationToken);
        }
        catch (Exception e) when (e is StoreException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new ActorsStartException($"{setting} is '{path}', which cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>Where a command on a database looks: what it was given, else <see cref="Server.DatabaseVariable"/>, else the settings files and the environment of a server started here.</summary>
    /// <param name="option">The command's option, for messages.</param>
    public static (string Value, string Setting) Find(string? given, string option)
    {
        if (given is not null)
        {
            return (given, option);
        }

        string key = $"{ActorsOptions.Section}:{nameof(ActorsOptions.Database)}";
        return Environment.GetEnvironmentVariable(Server.DatabaseVariable) is { Length: > 0 } variable ? (variable, Server.DatabaseVariable)
            : Settings()[key] is { Length: > 0 } set ? (set, ActorsOptions.KeyText(nameof(ActorsOptions.Database)))
            : (ActorsOptions.DefaultDatabase, option);
    }

    private static IConfigurationRoot Settings()
    {
        try
        {
            return new ConfigurationBuilder().SetBasePath(Directory.GetCurrentDirectory()).AddJsonFile("appsettings.json", optional: true).AddEnvironmentVariables().Build();
        }
        catch (InvalidDataException e)
        {
            throw new ActorsStartException($"appsettings.json cannot be read: {e.InnerException?.Message ?? e.Message}", e);
        }
    }

    /// <summary>Opens the database beside the silos that work on it, without changing anything: neither its schema nor who owns a file.</summary>
    /// <exception cref="ActorsStartException">It cannot be opened; the message names the setting, the path and the reason.</exception>
    public static async ValueTask<IStore> OpenToReadAsync(string? value, string setting, CancellationToken cancellationToken)
    {
        if (ReadPostgres(value, setting, Environment.GetEnvironmentVariable) is { } postgres)
        {
            return await OpenAsync(postgres, setting, TimeProvider.System, migrate: false, cancellationToken);
        }

        if (ReadPath(value, setting) is not { } path)
        {
            throw new ActorsStartException($"{setting} is 'memory', which is in no other process to look at.");
        }

        try
        {
            return await SqliteStore.OpenReadOnlyAsync(new SqliteStoreOptions { Path = Path.GetFullPath(path) }, cancellationToken);
        }
        catch (Exception e) when (e is StoreException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new ActorsStartException($"{setting} is '{path}', which cannot be opened: {e.Message}", e);
        }
    }

    private static async Task<IStore> OpenAsync(PostgresStoreOptions options, string setting, TimeProvider time, bool migrate, CancellationToken cancellationToken)
    {
        try
        {
            if (migrate)
            {
                await PostgresStore.MigrateAsync(options, time, cancellationToken);
            }

            return await PostgresStore.OpenAsync(options, time, cancellationToken);
        }
        catch (Exception e) when (e is StoreException or ArgumentException)
        {
            throw new ActorsStartException($"{setting} names a PostgreSQL database that cannot be opened: {e.Message}", e);
        }
    }

    private static string Substitute(string text, string setting, Func<string, string?> environment) => Variable().Replace(text, match =>
        environment(match.Groups[1].Value)
        ?? throw new ActorsStartException($"{setting} names the environment variable {match.Groups[1].Value}, which is not set."));

    [GeneratedRegex(@"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", RegexOptions.CultureInvariant)]
    private static partial Regex Variable();
}
