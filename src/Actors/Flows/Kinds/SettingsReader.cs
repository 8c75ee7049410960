using System.Text.Json;

namespace Actors.Flows;

/// <summary>
/// Reads what stands under the key of a kind, or under the name of a connection, and collects what is wrong with it. The same reading serves a flow that is read,
/// where a text with an expression may still become anything, and a step that runs. Each fault has a JSON pointer to its setting.
/// </summary>
public sealed class SettingsReader
{
    private readonly JsonElement _map;
    private readonly string _path;
    private readonly bool _isDraft;
    private readonly List<InputFault> _faults;

    /// <summary>Settings at the top: under the key of a kind, or under the name of a connection.</summary>
    public SettingsReader(JsonElement map, bool isDraft, List<InputFault> faults, string what, params string[] known)
        : this(map, "", isDraft, faults, what, known)
    {
    }

    /// <param name="map">Must be an object; anything else is a fault, and nothing is found in it.</param>
    /// <param name="path">JSON pointer to it.</param>
    /// <param name="isDraft">True: expressions stand there as their texts.</param>
    /// <param name="what">What it belongs to, for messages: <c>http</c>.</param>
    public SettingsReader(JsonElement map, string path, bool isDraft, List<InputFault> faults, string what, params string[] known)
    {
        ArgumentNullException.ThrowIfNull(faults);
        _path = path;
        _isDraft = isDraft;
        _faults = faults;
        if (map.ValueKind != JsonValueKind.Object)
        {
            if (!(isDraft && IsExpression(map)))
            {
                faults.Add(new InputFault(path, $"{what} must be a mapping of its settings, not {NameOf(map)}. Settings: {string.Join(", ", known)}"));
            }

            return;
        }

        _map = map;
        foreach (JsonProperty property in map.EnumerateObject())
        {
            if (!known.Contains(property.Name, StringComparer.Ordinal))
            {
                string? near = Text.Nearest(property.Name, known);
                Fault(property.Name, $"{what} has no setting '{Text.Shorten(property.Name, 60)}'. {(near is null ? $"Settings: {string.Join(", ", known)}" : $"Did you mean '{near}'?")}");
            }
        }
    }

    public static bool IsExpression(JsonElement value) => value.ValueKind == JsonValueKind.String && IsExpression(value.GetString()!);

    /// <summary>True for a text that a flow evaluates.</summary>
    public static bool IsExpression(string text) => TemplateText.MayHaveExpressions(text);

    internal static string Pointer(string path, string name) =>
        $"{path}/{SchemaFault.Escape(name)}";

    internal static string NameOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "a mapping",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "nothing",
    };

    /// <exception cref="TaskException">There are faults.</exception>
    internal static void Require(List<InputFault> faults, string what)
    {
        if (faults.Count > 0)
        {
            string all = string.Join("; ", faults.Take(5).Select(fault => fault.Pointer.Length == 0 ? fault.Message : $"{fault.Pointer[1..]}: {fault.Message}"));
            throw new TaskException($"{what}: {all}.", "invalid_settings") { Type = ErrorTypes.InvalidInput, Retryable = false };
        }
    }

    /// <summary>Adds a fault of a setting.</summary>
    public void Fault(string key, string message) => _faults.Add(new InputFault(Pointer(_path, key), message));

    /// <summary>Adds a fault of the whole.</summary>
    public void Fault(string message) => _faults.Add(new InputFault(_path, message));

    /// <summary>True when the setting is there, whatever it is; null counts as absent.</summary>
    public bool Has(string key) => Raw(key) is not null;

    /// <summary>The setting; null when it is absent, null, or not known before the step runs.</summary>
    public JsonElement? Find(string key) => Raw(key) is { } value && !(_isDraft && IsExpression(value)) ? value : null;

    internal string PathOf(string key) => Pointer(_path, key);

    /// <summary>As <see cref="Word"/>; that it is missing is a fault.</summary>
    public string? RequiredText(string key)
    {
        if (_map.ValueKind == JsonValueKind.Object && !Has(key))
        {
            Fault($"'{key}' is missing");
        }

        return Word(key);
    }

    /// <summary>A text that is not empty, without the space around it; null when it is absent, wrong, or not known before the step runs.</summary>
    public string? Word(string key)
    {
        if (Find(key) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String && value.GetString()!.Trim() is { Length: > 0 } text)
        {
            return text;
        }

        Fault(key, $"'{key}' must be a text, not {(value.ValueKind == JsonValueKind.String ? "an empty one" : NameOf(value))}");
        return null;
    }

    /// <summary>One of these words.</summary>
    public string? Choice(string key, params string[] choices)
    {
        string? word = Word(key);
        if (word is null || choices.Contains(word, StringComparer.Ordinal))
        {
            return word;
        }

        string? near = Text.Nearest(word, choices);
        Fault(key, $"'{key}' cannot be '{Text.Shorten(word, 60)}'. {(near is null ? $"One of: {string.Join(", ", choices)}" : $"Did you mean '{near}'?")}");
        return null;
    }

    /// <summary>True or false.</summary>
    public bool? Flag(string key)
    {
        if (Find(key) is not { } value)
        {
            return null;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Fault(key, $"'{key}' must be true or false, not {NameOf(value)}");
        return null;
    }

    /// <summary>A whole number within these bounds, both included.</summary>
    public int? Whole(string key, int min, int max)
    {
        if (Find(key) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out decimal number) && number == decimal.Truncate(number) && number >= min && number <= max)
        {
            return (int)number;
        }

        Fault(key, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"'{key}' must be a whole number from {min} to {max}"));
        return null;
    }

    /// <summary>The entries of a mapping; none when it is absent.</summary>
    public IReadOnlyList<JsonProperty> Map(string key)
    {
        if (Find(key) is not { } value)
        {
            return [];
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            return [.. value.EnumerateObject()];
        }

        Fault(key, $"'{key}' must be a mapping, not {NameOf(value)}");
        return [];
    }

    private JsonElement? Raw(string key) =>
        _map.ValueKind == JsonValueKind.Object && _map.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
