using System.Text.Json;
using Actors.Flows;
using Npgsql;

namespace Actors.Postgres;

/// <summary>Connections of type <c>postgres</c> for flows.</summary>
public static class PostgresConnections
{
    public const string TypeName = "postgres";

    private const int PoolSizeDefault = 10;
    private const int TimeoutDefault = 30;

    private static readonly JsonElement Schema = JsonDocument.Parse("""
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["type", "url"],
          "properties": {
            "type": { "const": "postgres" },
            "url": { "type": "string", "description": "postgres://user:password@host:port/database, or Host=…;Database=…;Username=…;Password=…" },
            "pool_size": { "type": ["integer", "string"], "description": "Connections at the most, from 1 to 1000. Default: 10." },
            "min_pool_size": { "type": ["integer", "string"], "description": "Connections that are kept when nothing is to do. Default: 0." },
            "timeout": { "type": ["integer", "string"], "description": "Seconds to wait for a connection, and for a statement, from 1 to 3600. Default: 30." }
          }
        }
        """).RootElement;

    /// <summary>Adds the type, so that flow files and hosts may have connections to PostgreSQL. <c>sql</c> steps on the journal's own database need it, too.</summary>
    public static ConnectionRegistry AddPostgres(this ConnectionRegistry connections)
    {
        ArgumentNullException.ThrowIfNull(connections);
        return connections.AddType(new ConnectionType(TypeName, "A PostgreSQL database.")
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
                NpgsqlConnectionStringBuilder? read = Read(settings, isDraft: false, faults);
                return read is null || faults.Count > 0
                    ? throw new ArgumentException(string.Join("; ", faults.Select(static fault => fault.Message)), nameof(settings))
                    : new NpgsqlDataSourceBuilder(read.ConnectionString).Build();
            },
            Dialect = new PostgresDialect(),
        });
    }

    private static NpgsqlConnectionStringBuilder? Read(JsonElement settings, bool isDraft, List<InputFault> faults)
    {
        SettingsReader read = new(settings, isDraft, faults, "a connection of type postgres", "type", "url", "pool_size", "min_pool_size", "timeout");
        string? url = read.RequiredText("url");
        int pool = read.Whole("pool_size", 1, 1000) ?? PoolSizeDefault;
        int idle = read.Whole("min_pool_size", 0, 1000) ?? 0;
        int timeout = read.Whole("timeout", 1, 3600) ?? TimeoutDefault;
        if (idle > pool)
        {
            read.Fault("min_pool_size", "'min_pool_size' is larger than 'pool_size'");
        }

        if (url is null)
        {
            return null;
        }

        try
        {
            NpgsqlConnectionStringBuilder parts = new(PostgresConnectionText.IsUri(url) ? PostgresConnectionText.FromUri(url).ConnectionString : url);
            if (string.IsNullOrEmpty(parts.Host))
            {
                read.Fault("url", "'url' names no host");
                return null;
            }

            parts.Pooling = true;
            parts.MaxPoolSize = pool;
            parts.MinPoolSize = idle;
            parts.Timeout = Math.Min(timeout, 1024);
            parts.CommandTimeout = timeout;
            parts.Enlist = false;
            parts.ApplicationName ??= "actors flows";
            return parts;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            // The cause stays out of the message: it may repeat the password.
            read.Fault("url", "'url' is no connection to PostgreSQL. Write postgres://user:password@host:port/database, or Host=…;Database=…;Username=…;Password=…");
            return null;
        }
    }
}
