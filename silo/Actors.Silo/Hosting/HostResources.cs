using System.Globalization;
using System.Text.Json;
using Actors.Flows;
using Actors.Postgres;
using Actors.Protocol;
using Actors.Sqlite;

namespace Actors.Hosting;

/// <summary>Gives flows what the host's settings offer them: connections, secrets, environment variables, and hosts to call. The same for a silo and for commands that run flows.</summary>
public static class HostResources
{
    /// <summary>A variable of the environment with this prefix is a secret under the rest of its name.</summary>
    public const string SecretVariablePrefix = "ACTORS_SECRET_";

    /// <summary>To be called before plugins are loaded, so that they find what there is. Secrets are looked up when they are used, so that a changed settings file is heard.</summary>
    /// <exception cref="ActorsStartException">A connection is wrong; the message names its settings, without their values.</exception>
    public static void Apply(ActorsRegistration registration, ActorsOptions options)
    {
        ArgumentNullException.ThrowIfNull(registration);
        ArgumentNullException.ThrowIfNull(options);
        FlowResources resources = registration.Resources;
        resources.Connections.AddPostgres().AddSqlite();
        resources.EnvironmentAllowed.UnionWith(options.EnvironmentAllowed);
        if (options.HttpHostsAllowed is { Count: > 0 } hosts)
        {
            resources.HttpHostsAllowed = new HashSet<string>(hosts, StringComparer.OrdinalIgnoreCase);
        }

        resources.HttpPrivateAddressesRefused |= options.HttpPrivateAddressesRefused;
        Func<string, string?> other = resources.Secrets;
        IConfigurationSection secrets = registration.Configuration.GetSection($"{ActorsOptions.Section}:{nameof(ActorsOptions.Secrets)}");
        resources.Secrets = name =>
            Environment.GetEnvironmentVariable(SecretVariablePrefix + name) ?? secrets[name] ?? (options.Secrets.TryGetValue(name, out string? value) ? value : other(name));
        foreach (IConfigurationSection connection in registration.Configuration.GetSection($"{ActorsOptions.Section}:{nameof(ActorsOptions.Connections)}").GetChildren())
        {
            Add(resources.Connections, connection);
        }
    }

    /// <summary>Those of the settings that this class applies, for commands that are no silo.</summary>
    /// <exception cref="ActorsStartException">A setting cannot be read; the message names it.</exception>
    public static ActorsOptions Read(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        IConfigurationSection section = configuration.GetSection(ActorsOptions.Section);
        try
        {
            return new ActorsOptions
            {
                EnvironmentAllowed = section.GetSection(nameof(ActorsOptions.EnvironmentAllowed)).Get<List<string>>() ?? [],
                HttpHostsAllowed = section.GetSection(nameof(ActorsOptions.HttpHostsAllowed)).Get<List<string>>() ?? [],
                HttpPrivateAddressesRefused = section.GetValue<bool>(nameof(ActorsOptions.HttpPrivateAddressesRefused)),
            };
        }
        catch (InvalidOperationException e)
        {
            throw new ActorsStartException(e.Message, e);
        }
    }

    private static void Add(ConnectionRegistry connections, IConfigurationSection section)
    {
        string key = ActorsOptions.KeyText($"{nameof(ActorsOptions.Connections)}:{section.Key}");
        string? type = section["Type"];
        ConnectionType? known = connections.Types.FirstOrDefault(t => t.Name.Equals(type, StringComparison.OrdinalIgnoreCase));
        if (known is null)
        {
            string all = string.Join(", ", connections.Types.Select(static t => t.Name));
            string? near = type is null ? null : Suggestion.Nearest(type, connections.Types.Select(static t => t.Name).ToArray());
            throw new ActorsStartException($"{key}: 'Type' {(type is null ? "is missing" : $"cannot be '{type}'")}. {(near is null ? $"Types: {all}." : $"Did you mean '{near}'?")}");
        }

        try
        {
            connections.Add(section.Key, Read(section, known));
        }
        catch (ArgumentException e)
        {
            throw new ActorsStartException($"{key}: {e.Message.Split(" (Parameter", 2)[0]}", e);
        }
    }

    // Configuration knows neither numbers nor the spelling of keys (BaseUrl for base_url): both are taken from the type's schema.
    private static JsonElement Read(IConfigurationSection section, ConnectionType type)
    {
        Dictionary<string, object?> settings = [];
        foreach (IConfigurationSection child in section.GetChildren())
        {
            (string name, string schema) = InSchema(child.Key, type);
            settings[name] = name == "type" ? type.Name
                : child.Value is null ? child.GetChildren().ToDictionary(static entry => entry.Key, static entry => entry.Value)
                : schema.Contains("\"integer\"", StringComparison.Ordinal) && long.TryParse(child.Value, CultureInfo.InvariantCulture, out long number) ? number
                : schema.Contains("\"boolean\"", StringComparison.Ordinal) && bool.TryParse(child.Value, out bool flag) ? flag
                : child.Value;
        }

        return JsonSerializer.SerializeToElement(settings);
    }

    private static (string Name, string Schema) InSchema(string key, ConnectionType type)
    {
        string plain = key.Replace("_", "", StringComparison.Ordinal);
        if (type.Settings.ValueKind == JsonValueKind.Object && type.Settings.TryGetProperty("properties", out JsonElement properties))
        {
            foreach (JsonProperty property in properties.EnumerateObject())
            {
                if (property.Name.Replace("_", "", StringComparison.Ordinal).Equals(plain, StringComparison.OrdinalIgnoreCase))
                {
                    return (property.Name, property.Value.TryGetProperty("type", out JsonElement types) ? types.GetRawText() : "");
                }
            }
        }

        return (key.Equals("Type", StringComparison.OrdinalIgnoreCase) ? "type" : key, "");
    }
}
