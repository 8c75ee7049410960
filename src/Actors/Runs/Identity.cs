using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Actors;

/// <summary>The name of one run, unique over all tenants of a database: 1 to 64 characters of <c>A-Z a-z 0-9 _ -</c>.</summary>
[JsonConverter(typeof(RunId.JsonAsText))]
public readonly record struct RunId
{
    public const int LengthMax = 64;

    private readonly string? _value;

    /// <exception cref="FormatException">The text is empty, too long or has other characters.</exception>
    public RunId(string value)
    {
        if (!IsValid(value))
        {
            throw new FormatException($"'{Text.Shorten(value, 80)}' is not a run id: 1 to {LengthMax} characters of A-Z, a-z, 0-9, '_' and '-' are allowed.");
        }

        _value = value;
    }

    public string Value => _value ?? "";

    public static bool TryParse([NotNullWhen(true)] string? text, out RunId id)
    {
        id = IsValid(text) ? new RunId(text) : default;
        return id._value is not null;
    }

    public override string ToString() => Value;

    internal static bool IsValid([NotNullWhen(true)] string? text) => Text.IsIdentifier(text, LengthMax);

    /// <summary>In JSON an id is its text, so that flows can return it and keep it in their state.</summary>
    internal sealed class JsonAsText : JsonConverter<RunId>
    {
        public override RunId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetString() is not { Length: > 0 } text ? default : TryParse(text, out RunId id) ? id : throw new JsonException($"'{Text.Shorten(text, 80)}' is not a run id.");

        public override void Write(Utf8JsonWriter writer, RunId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }
}

/// <summary>The name of one human task: the same alphabet and length as a run id.</summary>
[JsonConverter(typeof(HumanTaskId.JsonAsText))]
public readonly record struct HumanTaskId
{
    private readonly string? _value;

    /// <exception cref="FormatException">The text is empty, too long or has other characters.</exception>
    public HumanTaskId(string value)
    {
        if (!Text.IsIdentifier(value, RunId.LengthMax))
        {
            throw new FormatException($"'{Text.Shorten(value, 80)}' is not a human task id: 1 to {RunId.LengthMax} characters of A-Z, a-z, 0-9, '_' and '-' are allowed.");
        }

        _value = value;
    }

    public string Value => _value ?? "";

    public static bool TryParse([NotNullWhen(true)] string? text, out HumanTaskId id)
    {
        id = Text.IsIdentifier(text, RunId.LengthMax) ? new HumanTaskId(text) : default;
        return id._value is not null;
    }

    public override string ToString() => Value;

    /// <summary>In JSON an id is its text, so that flows can return it and keep it in their state.</summary>
    internal sealed class JsonAsText : JsonConverter<HumanTaskId>
    {
        public override HumanTaskId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetString() is not { Length: > 0 } text ? default : TryParse(text, out HumanTaskId id) ? id : throw new JsonException($"'{Text.Shorten(text, 80)}' is not a human task id.");

        public override void Write(Utf8JsonWriter writer, HumanTaskId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
    }
}

/// <summary>
/// Who asks: the tenant whose rows may be seen, and the person or program that is recorded with each command.
/// A tenant comes from authentication only, never from a request's body or path.
/// </summary>
/// <param name="Tenant">The tenant's name; <see cref="Local"/> uses <c>default</c>.</param>
/// <param name="Principal">Recorded with every command, e.g. <c>ann@example.com</c>.</param>
public sealed record Caller(string Tenant, string Principal)
{
    public const string DefaultTenant = "default";

    /// <summary>The caller of an installation without authentication: whoever reaches it may answer every question.</summary>
    public static Caller Local { get; } = new(DefaultTenant, "local") { MayAnswerAny = true };

    /// <summary>The groups that the principal belongs to; candidates of human tasks may be groups. Default none.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>True: may answer human tasks that name other candidates. Default false.</summary>
    public bool MayAnswerAny { get; init; }
}
