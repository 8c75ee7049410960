using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

/// <summary>
/// The numbered .sql files in this assembly, each applied once and in order, in one transaction and under a lock. A table remembers their checksums: a
/// file that was edited after it was applied is refused, since the schema would then depend on when a database was made.
/// </summary>
internal static class Migrations
{
    private const string Prefix = "Actors.Postgres.Migrations.";

    // "ACTR". With the hash of the schema's name it is the key of the lock: silos that start at once migrate one after the other.
    private const string Lock = "SELECT pg_advisory_xact_lock(1094931538, hashtext($1))";

    private const string CreateTable =
        "CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at bigint NOT NULL)";

    private const string Applied = "SELECT number, name, checksum FROM migrations ORDER BY number";
    private const string Insert = "INSERT INTO migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)";
    private const string HasTable = "SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'migrations')";
    private const string HasAny = "SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = $1)";
    private const string HasSchema = "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)";

    private static readonly IReadOnlyList<Migration> Known = Read(typeof(Migrations).Assembly);

    /// <exception cref="StoreException">Fatal: the schema is of another program, of a newer version, or a migration was edited.</exception>
    public static Task ApplyAsync(NpgsqlConnection connection, string schema, string place, DateTimeOffset at, CancellationToken cancellationToken) =>
        ApplyAsync(connection, schema, place, at, Known, cancellationToken);

    /// <summary>For tests: with other files than those of this assembly.</summary>
    internal static async Task ApplyAsync(
        NpgsqlConnection connection, string schema, string place, DateTimeOffset at, IReadOnlyList<Migration> known, CancellationToken cancellationToken)
    {
        NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            await RunAsync(connection, Lock, cancellationToken, schema).ConfigureAwait(false);
            await RequireOursAsync(connection, schema, place, cancellationToken).ConfigureAwait(false);
            if (!await AskAsync(connection, HasSchema, schema, cancellationToken).ConfigureAwait(false))
            {
                await RunAsync(connection, $"CREATE SCHEMA {schema}", cancellationToken).ConfigureAwait(false);
            }

            await RunAsync(connection, CreateTable, cancellationToken).ConfigureAwait(false);
            int applied = await RequirePrefixAsync(connection, place, known, cancellationToken).ConfigureAwait(false);
            foreach (Migration migration in known.Skip(applied))
            {
                await RunAsync(connection, migration.Sql, cancellationToken).ConfigureAwait(false);
                await RunAsync(connection, Insert, cancellationToken, migration.Number, migration.Name, migration.Checksum, at.ToUnixTimeMilliseconds()).ConfigureAwait(false);
            }

            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <exception cref="StoreException">Fatal: as for applying, or a migration is missing.</exception>
    public static async Task RequireCurrentAsync(NpgsqlConnection connection, string schema, string place, CancellationToken cancellationToken)
    {
        await RequireOursAsync(connection, schema, place, cancellationToken).ConfigureAwait(false);
        int applied = await AskAsync(connection, HasTable, schema, cancellationToken).ConfigureAwait(false)
            ? await RequirePrefixAsync(connection, place, Known, cancellationToken).ConfigureAwait(false)
            : 0;
        if (applied < Known.Count)
        {
            throw new StoreException(
                StoreFailure.Fatal, $"{place} lacks the migration {Known[applied].FileName}. Run `actors migrate` with this connection string, then start again.");
        }
    }

    internal static Migration Create(int number, string name, string sql)
    {
        // Line ends may differ between checkouts; they do not make another schema.
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(sql.ReplaceLineEndings("\n")));
        return new Migration(number, name, sql, Convert.ToHexStringLower(hash));
    }

    private static async Task RequireOursAsync(NpgsqlConnection connection, string schema, string place, CancellationToken cancellationToken)
    {
        if (!await AskAsync(connection, HasTable, schema, cancellationToken).ConfigureAwait(false)
            && await AskAsync(connection, HasAny, schema, cancellationToken).ConfigureAwait(false))
        {
            throw new StoreException(
                StoreFailure.Fatal, $"{place} is of another program: it has tables, but no migrations of Actors. Give another schema or database.");
        }
    }

    // How many of the known ones are applied: the applied ones must be exactly the first of them.
    private static async Task<int> RequirePrefixAsync(
        NpgsqlConnection connection, string place, IReadOnlyList<Migration> known, CancellationToken cancellationToken)
    {
        List<(int Number, string Name, string Checksum)> applied = [];
        using (NpgsqlCommand command = new(Applied, connection))
        {
            using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                applied.Add((reader.GetInt32(0), reader.GetString(1), reader.GetString(2)));
            }
        }

        for (int i = 0; i < applied.Count; i++)
        {
            if (i >= known.Count)
            {
                throw new StoreException(
                    StoreFailure.Fatal,
                    $"{place} was written by a newer version of Actors: it has the migration {applied[i].Number:0000}_{applied[i].Name}, and this version "
                    + $"knows {known.Count}. Run the newer version, or restore a backup that is older.");
            }

            if (applied[i].Number != known[i].Number || applied[i].Checksum != known[i].Checksum)
            {
                throw new StoreException(
                    StoreFailure.Fatal,
                    $"The migration {known[i].FileName} was edited after it was applied to {place}: the checksums differ. "
                    + "Restore the file; a change of the schema is a new migration.");
            }
        }

        return applied.Count;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object[] values)
    {
        // No limit: an index on a large table takes its time, and the lock waits for another silo's migration.
        using NpgsqlCommand command = new(sql, connection) { CommandTimeout = 0 };
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async Task<bool> AskAsync(NpgsqlConnection connection, string sql, string schema, CancellationToken cancellationToken)
    {
        using NpgsqlCommand command = new(sql, connection) { Parameters = { new NpgsqlParameter { Value = schema } } };
        return (bool)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    private static IReadOnlyList<Migration> Read(Assembly assembly)
    {
        List<Migration> migrations = [];
        IEnumerable<string> resources = assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal));
        foreach (string resource in resources.Order(StringComparer.Ordinal))
        {
            string file = resource[Prefix.Length..];
            int number = int.Parse(file.AsSpan(0, 4), CultureInfo.InvariantCulture);
            if (number != migrations.Count + 1)
            {
                throw new InvalidOperationException($"The migration {file} comes after number {migrations.Count}: numbers have no gaps.");
            }

            using StreamReader reader = new(assembly.GetManifestResourceStream(resource)!);
            migrations.Add(Create(number, file[5..^4], reader.ReadToEnd()));
        }

        return migrations;
    }

    internal sealed record Migration(int Number, string Name, string Sql, string Checksum)
    {
        public string FileName => $"{Number:0000}_{Name}.sql";
    }
}
