using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Actors.Storage;

namespace Actors.Sqlite;

/// <summary>
/// The numbered .sql files in this assembly, each applied once and in order, in one transaction. A table remembers their checksums: a file that was
/// edited after it was applied is refused, since the schema would then depend on when a database was made.
/// </summary>
internal static class Migrations
{
    private const string Prefix = "Actors.Sqlite.Migrations.";

    // "ACTR" in the header of the file, so that tools and we ourselves recognise it.
    private const int ApplicationId = 0x41435452;

    private const string CreateTable =
        "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL)";

    private const string Applied = "SELECT number, name, checksum FROM migrations ORDER BY number";
    private const string Insert = "INSERT INTO migrations (number, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)";
    private const string HasTable = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'";
    private const string HasAny = "SELECT 1 FROM sqlite_master LIMIT 1";

    private static readonly IReadOnlyList<Migration> Known = Read(typeof(Migrations).Assembly);

    /// <exception cref="StoreException">Fatal: the file is of another program, of a newer version, or a migration was edited.</exception>
    public static void Apply(SqliteDatabase database, string path, DateTimeOffset at) => Apply(database, path, at, Known);

    /// <summary>For tests: with other files than those of this assembly.</summary>
    internal static void Apply(SqliteDatabase database, string path, DateTimeOffset at, IReadOnlyList<Migration> known)
    {
        database.Write((path, at, known), static (database, given) =>
        {
            RequireOurs(database, given.path);
            database.Execute(CreateTable);
            int applied = RequirePrefix(database, given.path, given.known);
            foreach (Migration migration in given.known.Skip(applied))
            {
                database.Execute(migration.Sql);
                database[Insert].Bind(1, migration.Number).Bind(2, migration.Name).Bind(3, migration.Checksum).Bind(4, given.at).Run();
            }

            if (applied == 0)
            {
                database.Execute($"PRAGMA application_id = {ApplicationId.ToString(CultureInfo.InvariantCulture)}");
            }

            return applied;
        });
    }

    /// <exception cref="StoreException">Fatal: as for applying, or a migration is missing.</exception>
    public static void RequireCurrent(SqliteDatabase database, string path)
    {
        RequireOurs(database, path);
        int applied = Exists(database, HasTable) ? RequirePrefix(database, path, Known) : 0;
        if (applied < Known.Count)
        {
            throw new StoreException(
                StoreFailure.Fatal,
                $"The database {path} lacks the migration {Known[applied].FileName}. Start a silo of this version once: it applies it.");
        }
    }

    internal static Migration Create(int number, string name, string sql)
    {
        // Line ends may differ between checkouts; they do not make another schema.
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(sql.ReplaceLineEndings("\n")));
        return new Migration(number, name, sql, Convert.ToHexStringLower(hash));
    }

    private static void RequireOurs(SqliteDatabase database, string path)
    {
        if (!Exists(database, HasTable) && Exists(database, HasAny))
        {
            throw new StoreException(
                StoreFailure.Fatal,
                $"The file {path} is a SQLite database of another program: it has tables, but no migrations of Actors. Give another path.");
        }
    }

    // How many of the known ones are applied: the applied ones must be exactly the first of them.
    private static int RequirePrefix(SqliteDatabase database, string path, IReadOnlyList<Migration> known)
    {
        List<(long Number, string Name, string Checksum)> applied =
            RowReader.All(database[Applied], static row => (row.Long(0), row.Text(1), row.Text(2)));
        for (int i = 0; i < applied.Count; i++)
        {
            if (i >= known.Count)
            {
                throw new StoreException(
                    StoreFailure.Fatal,
                    $"The database {path} was written by a newer version of Actors: it has the migration "
                    + $"{applied[i].Number:0000}_{applied[i].Name}, and this version knows {known.Count}. "
                    + "Run the newer version, or restore a backup that is older.");
            }

            if (applied[i].Number != known[i].Number || applied[i].Checksum != known[i].Checksum)
            {
                throw new StoreException(
                    StoreFailure.Fatal,
                    $"The migration {known[i].FileName} was edited after it was applied to {path}: the checksums differ. "
                    + "Restore the file; a change of the schema is a new migration.");
            }
        }

        return applied.Count;
    }

    private static bool Exists(SqliteDatabase database, string sql) => RowReader.First(database[sql], static _ => true);

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
