namespace Actors.Flows;

/// <summary>The keys of one mapping: tells of unknown ones when it is made, and of wrong types when they are read.</summary>
internal sealed class Keys
{
    private readonly YamlMap _map;
    private readonly Problems _problems;
    private readonly string _owner;

    public Keys(YamlMap map, Problems problems, KeyTable table)
        : this(map, problems, table.Owner, table.Names)
    {
    }

    /// <param name="owner">What the mapping is, e.g. <c>a task step</c>.</param>
    public Keys(YamlMap map, Problems problems, string owner, params string[] known)
    {
        (_map, _problems, _owner) = (map, problems, owner);
        foreach (YamlEntry entry in map.Entries)
        {
            if (!known.Contains(entry.Key.Value))
            {
                Unknown(entry.Key, known);
            }
        }
    }

    public YamlMap Map => _map;

    public YamlItem? Item(string key) => _map.Find(key);

    public bool Has(string key) => _map.Find(key) is not null;

    /// <summary>The place of a key, for problems of the pair as a whole.</summary>
    public YamlItem At(string key)
    {
        foreach (YamlEntry entry in _map.Entries)
        {
            if (entry.Key.Value == key)
            {
                return entry.Key;
            }
        }

        return _map;
    }

    /// <summary>What people read, which may be empty; null when it is absent or wrong.</summary>
    public string? Prose(string key)
    {
        switch (Item(key))
        {
            case null or YamlText { IsNull: true }:
                return null;
            case YamlText text:
                return text.Value;
            case { } item:
                Wrong(key, item, "a text");
                return null;
        }
    }

    /// <summary>A text that is not empty; null when it is absent or wrong, which is then told.</summary>
    public YamlText? Text(string key, bool required = false)
    {
        switch (Item(key))
        {
            case null:
                if (required)
                {
                    _problems.Error(Rules.MissingKey, _map, $"{_owner} needs '{key}'");
                }

                return null;
            case YamlText text when text.Typed().Kind is ValueKind.Text or ValueKind.Number && text.Value.Trim().Length > 0:
                return text;
            case YamlText { IsNull: false } text when text.Value.Trim().Length == 0:
                _problems.Error(Rules.WrongType, text, $"'{key}' must not be empty");
                return null;
            case { } item:
                Wrong(key, item, "a text");
                return null;
        }
    }

    public bool? Bool(string key)
    {
        switch (Item(key))
        {
            case null:
                return null;
            case YamlText text when text.Typed().TryGetBool(out bool value):
                return value;
            case { } item:
                Wrong(key, item, "true or false");
                return null;
        }
    }

    public YamlMap? Mapping(string key) => As<YamlMap>(key, "a mapping");

    public YamlList? List(string key) => As<YamlList>(key, "a list");

    public void Wrong(string key, YamlItem item, string wanted) =>
        _problems.Error(Rules.WrongType, item, $"'{key}' must be {wanted}, not {item.Name}");

    private T? As<T>(string key, string wanted)
        where T : YamlItem
    {
        YamlItem? item = Item(key);
        if (item is not null and not T)
        {
            Wrong(key, item, wanted);
        }

        return item as T;
    }

    private void Unknown(YamlText key, string[] known)
    {
        string name = Actors.Text.Shorten(key.Value, 80);
        if (Unsupported.Keys.Contains(key.Value))
        {
            _problems.Error(Rules.NotSupported, key, $"'{name}' is not supported in this version");
            return;
        }

        string? near = Actors.Text.Nearest(key.Value, known);
        _problems.Error(
            Rules.UnknownKey, key, $"{_owner} has no key '{name}'", near is null ? $"Known: {string.Join(", ", known)}." : $"Did you mean '{near}'?");
    }
}

/// <summary>What later versions or other languages have, and this version refuses rather than ignores.</summary>
internal static class Unsupported
{
    public static readonly IReadOnlySet<string> Keys = new HashSet<string>(StringComparer.Ordinal)
    {
        "context", "agents", "imports", "schedule", "schedules", "budget", "secrets", "concurrency_key", "priority", "router", "agent", "llm",
    };

    /// <summary>Kinds of steps.</summary>
    public static readonly IReadOnlySet<string> Kinds = new HashSet<string>(StringComparer.Ordinal)
    {
        "map", "agent", "llm", "router", "dynamic_router", "signal", "wait_for", "call", "start", "any", "human", "hitl", "import", "uses", "script", "code",
    };
}
