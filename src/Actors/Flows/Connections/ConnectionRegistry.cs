using System.Collections.Concurrent;
using System.Data.Common;
using System.Text.Json;
using Actors.Storage;

namespace Actors.Flows;

/// <summary>A type of connections: how their settings are checked and what is opened with them.</summary>
/// <param name="Name">What <c>type</c> says.</param>
/// <param name="Description">One line for people.</param>
public sealed record ConnectionType(string Name, string Description)
{
    /// <summary>A JSON Schema of the settings, <c>type</c> included, for validation and editors; undefined: anything.</summary>
    public JsonElement Settings { get; init; }

    /// <summary>Gives what is wrong with settings whose expressions may still stand there as texts. Null: nothing is asked.</summary>
    public Func<JsonElement, IReadOnlyList<InputFault>>? Check { get; init; }

    /// <summary>Makes the data source, without connecting yet. Its errors must not repeat passwords. Null: it is no database.</summary>
    public Func<JsonElement, DbDataSource>? OpenDatabase { get; init; }

    /// <summary>What the <c>sql</c> kind must know about the database; null: the standard.</summary>
    public SqlDialect? Dialect { get; init; }
}

/// <summary>
/// The connections that a host offers to flows, and the types that flow files may declare their own of. A connection is opened when a step first uses it, shared by all steps
/// that use the same settings, and closed with the host. Thread-safe; to be filled before the host starts.
/// </summary>
public sealed class ConnectionRegistry : IAsyncDisposable
{
    /// <summary>The name of the journal's own database, on which SQL is committed together with the step. No connection can be called so.</summary>
    public const string Journal = "journal";

    /// <summary>The type of HTTP connections: <c>base_url</c> and <c>headers</c>.</summary>
    public const string Http = "http";

    private static readonly JsonElement HttpSchema = JsonDocument.Parse("""
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["type", "base_url"],
          "properties": {
            "type": { "const": "http" },
            "base_url": { "type": "string", "description": "Requests go beneath it." },
            "headers": { "type": ["object", "string"], "description": "Sent with each request." }
          }
        }
        """).RootElement;

    private readonly FlowResources _resources;
    private readonly ConcurrentDictionary<string, ConnectionType> _types = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, JsonElement> _settings = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<DbDataSource>> _databases = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<HttpClient>> _clients = new(StringComparer.Ordinal);
    private int _isDisposed;

    internal ConnectionRegistry(FlowResources resources)
    {
        _resources = resources;
        AddType(new ConnectionType(Http, "An HTTP server: requests go beneath its base_url with its headers.")
        {
            Settings = HttpSchema,
            Check = static settings =>
            {
                List<InputFault> faults = [];
                HttpBase.Read(settings, isDraft: true, faults);
                return faults;
            },
        });
    }

    /// <summary>In alphabetical order.</summary>
    public IReadOnlyList<ConnectionType> Types => _types.Values.OrderBy(type => type.Name, StringComparer.Ordinal).ToArray();

    /// <summary>The names of the host's connections, in alphabetical order.</summary>
    public IReadOnlyList<string> Names => _settings.Keys.Order(StringComparer.Ordinal).ToArray();

    /// <exception cref="ArgumentException">The type is taken.</exception>
    public ConnectionRegistry AddType(ConnectionType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentException.ThrowIfNullOrWhiteSpace(type.Name);
        return _types.TryAdd(type.Name, type) ? this : throw new ArgumentException($"A type of connections '{type.Name}' is already registered.", nameof(type));
    }

    /// <summary>Adds a connection of the host: <c>Add("crm", "http", new() { ["base_url"] = "https://crm.example" })</c>.</summary>
    /// <exception cref="ArgumentException">The name is taken or no name, or the settings are wrong. The message does not repeat their values.</exception>
    public ConnectionRegistry Add(string name, string type, IReadOnlyDictionary<string, object?> settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        Dictionary<string, object?> all = new(settings, StringComparer.Ordinal) { ["type"] = type };
        return Add(name, JsonSerializer.SerializeToElement(all, FlowJson.TaskOptions));
    }

    /// <param name="name">A letter or '_', then letters, digits, '_' and '-'.</param>
    /// <param name="settings">A mapping with <c>type</c>.</param>
    /// <inheritdoc cref="Add(string,string,IReadOnlyDictionary{string,object})"/>
    public ConnectionRegistry Add(string name, JsonElement settings)
    {
        List<InputFault> faults = [.. Check(name, settings)];
        if (faults.Count > 0)
        {
            throw new ArgumentException($"The connection '{Text.Shorten(name, 80)}' cannot be used: {string.Join("; ", faults.Select(fault => fault.Message))}.", nameof(settings));
        }

        return _settings.TryAdd(name, settings.Clone()) ? this : throw new ArgumentException($"A connection '{name}' is already registered.", nameof(name));
    }

    /// <summary>
    /// What is wrong with a connection, each fault with a JSON pointer into its settings; expressions may stand in them as their texts. Nothing is opened.
    /// </summary>
    public IReadOnlyList<InputFault> Check(string name, JsonElement settings)
    {
        if (!ValueReader.IsIdentifier(name))
        {
            return [new InputFault("", $"'{Text.Shorten(name, 60)}' cannot be a connection's name: a letter or '_', then letters, digits, '_' and '-'")];
        }

        if (name == Journal)
        {
            return [new InputFault("", $"'{Journal}' is the database of the journal itself; call the connection something else")];
        }

        if (settings.ValueKind != JsonValueKind.Object)
        {
            return [new InputFault("", $"a connection must be a mapping with 'type', not {SettingsReader.NameOf(settings)}")];
        }

        string[] known = [.. Types.Select(type => type.Name)];
        if (!settings.TryGetProperty("type", out JsonElement type) || type.ValueKind != JsonValueKind.String || SettingsReader.IsExpression(type))
        {
            return [new InputFault("/type", $"'type' must say what it is: {string.Join(", ", known)}")];
        }

        if (!_types.TryGetValue(type.GetString()!, out ConnectionType? found))
        {
            string? near = Text.Nearest(type.GetString()!, known);
            return [new InputFault("/type", $"there is no type of connections '{Text.Shorten(type.GetString(), 60)}'. {(near is null ? $"Types: {string.Join(", ", known)}" : $"Did you mean '{near}'?")}")];
        }

        return found.Check?.Invoke(settings) ?? [];
    }

    internal bool Has(string name) => _settings.ContainsKey(name);

    /// <summary>A connection of the host.</summary>
    /// <exception cref="TaskException">There is none of this name.</exception>
    public IStepConnection Find(string name) =>
        _settings.TryGetValue(name, out JsonElement settings) ? Of(name, settings) : throw Unknown(name, Names);

    /// <summary>A connection with these settings, without expressions in them. It shares what is open with all others that have the same.</summary>
    /// <exception cref="TaskException">Something is wrong with it.</exception>
    public IStepConnection Open(string name, JsonElement settings)
    {
        SettingsReader.Require([.. Check(name, settings)], $"connection '{Text.Shorten(name, 80)}'");
        return Of(name, settings);
    }

    // Of settings that were checked, here or when they were added.
    private Connection Of(string name, JsonElement settings) => new(this, name, _types[settings.GetProperty("type").GetString()!], settings);

    internal static TaskException Unknown(string name, IReadOnlyList<string> known)
    {
        string? near = Text.Nearest(name, known);
        string advice = near is not null ? $"Did you mean '{near}'?" : known.Count > 0 ? $"There are: {string.Join(", ", known)}." : "There are none: declare it in the flow's 'connections', or in the host's settings.";
        return new TaskException($"There is no connection '{Text.Shorten(name, 80)}'. {advice}") { Type = ErrorTypes.UnknownConnection, Retryable = false };
    }

    /// <summary>How SQL is written for a connection that is open; the standard when none of the registered types knows it.</summary>
    internal SqlDialect DialectOf(DbConnection connection)
    {
        foreach (ConnectionType type in _types.Values)
        {
            if (type.Dialect is { } dialect && dialect.IsFor(connection))
            {
                return dialect;
            }
        }

        return SqlDialect.Standard;
    }

    /// <summary>Closes everything that is open.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1)
        {
            return;
        }

        foreach (Lazy<DbDataSource> database in _databases.Values.Where(static lazy => lazy.IsValueCreated))
        {
            await database.Value.DisposeAsync().ConfigureAwait(false);
        }

        foreach (Lazy<HttpClient> client in _clients.Values.Where(static lazy => lazy.IsValueCreated))
        {
            client.Value.Dispose();
        }
    }

    private T Share<T>(ConcurrentDictionary<string, Lazy<T>> open, string key, Func<T> create)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) == 1, this);
        Lazy<T> shared = open.GetOrAdd(key, static (_, make) => new Lazy<T>(make), create);
        try
        {
            return shared.Value;
        }
        catch
        {
            // The next step tries again: what was wrong may be mended by then.
            open.TryRemove(KeyValuePair.Create(key, shared));
            throw;
        }
    }

    private sealed class Connection(ConnectionRegistry registry, string name, ConnectionType type, JsonElement settings) : IStepConnection
    {
        private readonly string _key = Value.FromJson(settings).ToJsonText();

        public string Name => name;

        public string Type => type.Name;

        public JsonElement Settings => settings;

        public DbDataSource? Database => type.OpenDatabase is not { } open ? null : registry.Share(registry._databases, _key, () =>
        {
            try
            {
                return open(settings);
            }
            catch (Exception e) when (e is ArgumentException or FormatException or StoreException)
            {
                throw new TaskException($"The connection '{name}' cannot be opened: {e.Message}", "connection", e) { Type = SqlKind.ErrorType, Retryable = false };
            }
        });

        public HttpClient? Http => type.Name != ConnectionRegistry.Http ? null : registry.Share(registry._clients, _key, () =>
        {
            HttpBase under = HttpBase.Of(this);
            HttpClient client = registry._resources.CreateClient();
            client.BaseAddress = under.Url;
            foreach ((string header, string value) in under.Headers)
            {
                client.DefaultRequestHeaders.TryAddWithoutValidation(header, value);
            }

            return client;
        });
    }
}
