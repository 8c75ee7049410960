using System.Data.Common;
using Actors.Sqlite;
using Actors.Storage;

namespace Actors.Hosting;

/// <summary>Reads the setting that says where runs are kept, and opens the store.</summary>
public static class StoreSetting
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
        throw new ActorsStartException($"{setting} must be the path of an SQLite file, 'Data Source=path' or 'memory'.");
    }

    internal static ValueTask<IStore> OpenAsync(ActorsOptions options, TimeProvider time, CancellationToken cancellationToken) =>
        OpenAsync(options.Ephemeral ? "memory" : options.Database, ActorsOptions.KeyText(nameof(ActorsOptions.Database)), time, cancellationToken);

    /// <summary>Opens the store that a setting names, making the file's folder.</summary>
    /// <exception cref="ActorsStartException">It cannot be opened; the message names the setting, the path and the reason.</exception>
    public static async ValueTask<IStore> OpenAsync(string? value, string setting, TimeProvider time, CancellationToken cancellationToken)
    {
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
}
