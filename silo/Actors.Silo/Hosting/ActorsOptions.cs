using Actors.Silos;

namespace Actors.Hosting;

/// <summary>Settings of a hosted silo: the configuration section <c>Actors</c>. They are checked when the host starts; an unknown key is an error.</summary>
public sealed class ActorsOptions
{
    public const string Section = "Actors";

    public const string DefaultDatabase = "./.actors/actors.db";

    /// <summary>
    /// The path of the SQLite file, <c>Data Source=path</c>, <c>memory</c>, or PostgreSQL: <c>Host=…;Username=…</c> or <c>postgres://…</c>. Default <see cref="DefaultDatabase"/>.
    /// A store chosen in code with <see cref="ActorsBuilder.UseStore"/> goes before it.
    /// </summary>
    public string Database { get; set; } = DefaultDatabase;

    /// <summary>True: brings a shared PostgreSQL database up to date when the host starts. Default false: an operator does, with <c>actors migrate</c>. A file always is.</summary>
    public bool Migrate { get; set; }

    /// <summary>Settings for a database on PostgreSQL.</summary>
    public PostgresOptions Postgres { get; set; } = new();

    /// <summary>True: everything is kept in memory and gone when the process ends. Default false.</summary>
    public bool Ephemeral { get; set; }

    /// <summary>A folder of YAML flows, read with its sub-folders when the host starts. Null: none.</summary>
    public string? Flows { get; set; }

    /// <summary>Paths of assemblies with an <see cref="Flows.IActorsPlugin"/>, loaded in this order.</summary>
    public IList<string> Plugins { get; set; } = [];

    /// <summary>Names of environment variables that flows may read as <c>env.NAME</c>. Default: none.</summary>
    public IList<string> EnvironmentAllowed { get; set; } = [];

    /// <summary>
    /// Secrets by name, which steps read as <c>secrets.NAME</c>: from user secrets, or the environment (<c>Actors__Secrets__NAME</c>, <c>ACTORS_SECRET_NAME</c>). Looked up when they are used.
    /// </summary>
    public IDictionary<string, string> Secrets { get; set; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Connections by name, each with its <c>Type</c> (postgres, sqlite, http) and the settings of that type.</summary>
    public IDictionary<string, object> Connections { get; set; } = new Dictionary<string, object>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The hosts that <c>http</c> steps may call; <c>*.example.com</c> for all names that end so. Empty, the default: all.</summary>
    public IList<string> HttpHostsAllowed { get; set; } = [];

    /// <summary>True: <c>http</c> steps cannot call private and local addresses. Default false.</summary>
    public bool HttpPrivateAddressesRefused { get; set; }

    /// <summary>Settings of the engine.</summary>
    public SiloOptions Silo { get; set; } = new();

    /// <summary>How often a quiet event stream says that it is alive, so that proxies keep it open. Default 15 seconds: under the usual limit of 30 to 60.</summary>
    public TimeSpan StreamHeartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How a key is written, for messages: <c>Actors:Flows (environment: Actors__Flows)</c>.</summary>
    public static string KeyText(string key) => $"{Section}:{key} (environment: {Section}__{key.Replace(":", "__", StringComparison.Ordinal)})";
}

/// <summary>The configuration section <c>Actors:Postgres</c>.</summary>
public sealed class PostgresOptions
{
    /// <summary>How many connections are kept when nothing is to do. Goes before <c>Minimum Pool Size</c> in the connection string; null leaves that one.</summary>
    public int? PoolMin { get; set; }

    /// <summary>How many connections there are at the most; at least 4. Goes before <c>Maximum Pool Size</c> in the connection string; null leaves that one, or Npgsql's default of 100.</summary>
    public int? PoolMax { get; set; }
}

/// <summary>The host cannot start, because of its settings, a plugin, a flow or its database. The message names the setting and the cure.</summary>
public sealed class ActorsStartException(string message, Exception? inner = null) : Exception(message, inner);
