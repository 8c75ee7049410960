using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Actors;

/// <summary>
/// How values become JSON. These options are part of the journal's format: they are frozen, and an application's own serializer settings never change them.
/// </summary>
public static class FlowJson
{
    /// <summary>The deepest nesting of any value: 64, as in System.Text.Json.</summary>
    public const int DepthMax = 64;

    /// <summary>For inputs, results and state of C# flows: camelCase, enums by name, nulls written, numbers never read from text.</summary>
    public static JsonSerializerOptions Options { get; } = Create(JsonNamingPolicy.CamelCase);

    /// <summary>For tasks that YAML calls: the same, but snake_case, which is what YAML authors write.</summary>
    public static JsonSerializerOptions TaskOptions { get; } = Create(JsonNamingPolicy.SnakeCaseLower);

    /// <summary>
    /// For what comes from outside: the input of a start, and what YAML hands to a task. A member that the type does not have, or a constructor parameter without a default that is not given,
    /// is an error, never a silent null or zero. What is journaled is read with the others.
    /// </summary>
    public static JsonSerializerOptions InputOptions { get; } = CreateStrict(Options);

    /// <inheritdoc cref="InputOptions"/>
    public static JsonSerializerOptions TaskInputOptions { get; } = CreateStrict(TaskOptions);

    private static JsonSerializerOptions CreateStrict(JsonSerializerOptions like)
    {
        JsonSerializerOptions options = new(like)
        {
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            RespectRequiredConstructorParameters = true,
        };
        options.MakeReadOnly();
        return options;
    }

    private static JsonSerializerOptions Create(JsonNamingPolicy naming)
    {
        JsonSerializerOptions options = new()
        {
            PropertyNamingPolicy = naming,
            PropertyNameCaseInsensitive = true,
            MaxDepth = DepthMax,
            // The stored text is never put into HTML as it is; readable text and fewer bytes are worth more.
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        };
        options.Converters.Add(new JsonStringEnumConverter(naming));
        options.MakeReadOnly();
        return options;
    }
}
