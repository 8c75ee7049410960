using System.Data.Common;
using System.Text.Json;
using Actors.Flows;
using Microsoft.Data.Sqlite;

namespace Actors.Sqlite;

/// <summary>Connections of type <c>sqlite</c> for flows.</summary>
public static class SqliteConnections
{
    public const string TypeName = "sqlite";

    private const int TimeoutDefault = 5;

    private static readonly JsonElement Schema = JsonDocument.Parse("""
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["type", "database"],
          "properties": {
            "type": { "const": "sqlite" },
            "database": { "type": "string", "description": "The path of the file; it is made when it does not exist." },
            "timeout": { "type": ["integer", "string"], "description": "Seconds to wait while another one writes, from 1 to 3600. Default: 5." }
          }
        }
        """).RootElement;

    /// <summary>Adds the type, so that flow files and hosts may have connections to SQLite files.</summary>
    public static ConnectionRegistry AddSqlite(this ConnectionRegistry connections)
    {
        ArgumentNullException.ThrowIfNull(connections);
        return connections.AddType(new ConnectionType(TypeName, "A SQLite file.")
        {
            Settings = Schema,
            Check = static settings =>
            {
                List<InputFault> faults = [];
                Read(settings, isDraft: true, faults);
                return faults;
            },
            OpenDatabase = static settings =>
            {
                List<InputFault> faults = [];
                (string Path, int Timeout)? read = Read(settings, isDraft: false, faults);
                return read is not { } place || faults.Count > 0
                    ? throw new ArgumentException(string.Join("; ", faults.Select(static fault => fault.Message)), nameof(settings))
                    : new SqliteDataSource(place.Path, place.Timeout);
            },
            Dialect = new SqliteDialect(),
        });
    }

    private static (string Path, int Timeout)? Read(JsonElement settings, bool isDraft, List<InputFault> faults)
    {
        SettingsReader read = new(settings, isDraft, faults, "a connection of type sqlite", "type", "database", "timeout");
        string? path = read.RequiredText("database");
        int timeout = read.Whole("timeout", 1, 3600) ?? TimeoutDefault;
        if (path is null)
        {
            return null;
        }

        if (path.StartsWith(':') || path.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
        {
            read.Fault("database", "'database' must be the path of a file: one in memory would be gone between two steps");
            return null;
        }

        return (path, timeout);
    }

    private sealed class SqliteDataSource(string path, int timeout) : DbDataSource
    {
        public override string ConnectionString { get; } = new SqliteConnectionStringBuilder
        {
            DataSource = Path.GetFullPath(path),
            Mode = SqliteOpenMode.ReadWriteCreate,
            ForeignKeys = true,
            DefaultTimeout = timeout,
        }.ToString();

        protected override DbConnection CreateDbConnection()
        {
            SqliteLibrary.Choose(system: true);
            return new SqliteConnection(ConnectionString);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                ClearPool();
            }

            base.Dispose(disposing);
        }

        protected override async ValueTask DisposeAsyncCore()
        {
            ClearPool();
            await base.DisposeAsyncCore().ConfigureAwait(false);
        }

        // What is idle is closed now, what a step still holds when it gives it back: the file can be deleted then.
        private void ClearPool()
        {
            using SqliteConnection any = new(ConnectionString);
            SqliteConnection.ClearPool(any);
        }
    }
}
