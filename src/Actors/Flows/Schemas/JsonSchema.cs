using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>
/// A compiled JSON Schema: a subset of draft 2020-12 that is written down beside this file. Immutable, safe for any thread.
/// </summary>
public sealed class JsonSchema
{
    /// <summary>All that is told of one value.</summary>
    public const int FaultsMax = 50;

    private static readonly Dictionary<string, JsonSchema> Words = InputTypes.All.Keys.ToDictionary(word => word, Make, StringComparer.Ordinal);

    private readonly SchemaNode _node;
    private object? _json;

    private JsonSchema(SchemaNode node) => _node = node;

    /// <summary>Reads a schema.</summary>
    /// <exception cref="JsonSchemaException">It is no JSON, no JSON Schema, or uses what is not supported. All that is wrong is in it.</exception>
    public static JsonSchema Parse([StringSyntax(StringSyntaxAttribute.Json)] string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return From(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new JsonSchemaException([new SchemaFault("", Text.Shorten(e.Message, 300))]);
        }
    }

    /// <summary>Reads a schema. The element's document may be disposed afterwards.</summary>
    /// <exception cref="JsonSchemaException">It is no JSON Schema or uses what is not supported. All that is wrong is in it.</exception>
    public static JsonSchema From(JsonElement element)
    {
        try
        {
            return new JsonSchema(SchemaReader.Read(
                JsonTree.Of(element) ?? throw new JsonSchemaException([new SchemaFault("", $"the schema is nested deeper than {SchemaReader.DepthMax} levels")])));
        }
        catch (InvalidOperationException)
        {
            throw new JsonSchemaException([new SchemaFault("", "a text is not valid Unicode")]);
        }
    }

    /// <summary>Reads a schema of a flow file. Null: it is wrong, which is among the problems.</summary>
    internal static JsonSchema? Read(YamlItem item, Problems problems) => SchemaReader.Read(item, problems) is { } node ? new JsonSchema(node) : null;

    /// <summary>
    /// The schema of a type word of inputs: string, integer (int), number (float), boolean (bool), object, array (list), any. Null: there is no such word.
    /// </summary>
    public static JsonSchema? OfType(string word) => Words.GetValueOrDefault(word);

    /// <summary>The schema as JSON, as it was written.</summary>
    public JsonElement Json => (JsonElement)(_json ??= _node.Source.ToJson());

    /// <summary>One line for forms; null when there is none.</summary>
    public string? Title => _node.Title;

    public string? Description => _node.Description;

    /// <summary>What stands in for an absent value; undefined when there is none.</summary>
    public JsonElement Default => _node.FindDefault() is { } value ? value.ToJson() : default;

    internal bool HasDefault => _node.FindDefault() is not null;

    internal SchemaNode Node => _node;

    /// <summary>The types that a value can have, also by what <c>$ref</c>, <c>allOf</c>, <c>anyOf</c>, <c>oneOf</c>, <c>enum</c> and <c>const</c> say.</summary>
    public SchemaTypes Types => _node.PossibleTypes;

    /// <summary>The properties that are described, also by <c>$ref</c> and <c>allOf</c>; in order, the first description of a name only.</summary>
    public IReadOnlyList<KeyValuePair<string, JsonSchema>> Properties => SchemaShape.Properties(_node).Select(p => KeyValuePair.Create(p.Key, new JsonSchema(p.Value))).ToArray();

    /// <summary>The properties that every object has, also by <c>$ref</c> and <c>allOf</c>.</summary>
    public IReadOnlyList<string> Required => SchemaShape.Required(_node);

    /// <summary>False: an object has no other properties than <see cref="Properties"/>.</summary>
    public bool AllowsOtherProperties => SchemaShape.IsOpen(_node);

    /// <summary>What all items of a list fit; null when nothing is said, or when they differ by place.</summary>
    public JsonSchema? Items => SchemaShape.Items(_node) is { } items ? new JsonSchema(items) : null;

    /// <summary>Checks a value and completes it with defaults.</summary>
    /// <param name="completed">The value with the schema's defaults where something was absent; the value itself when it does not fit.</param>
    /// <param name="faults">Empty when the value fits; otherwise up to <see cref="FaultsMax"/> faults.</param>
    public bool TryValidate(Value value, out Value completed, out IReadOnlyList<SchemaFault> faults) => TryValidate(value, new SchemaBudget(), out completed, out faults);

    /// <param name="budget">What several validations may cost together.</param>
    internal bool TryValidate(Value value, SchemaBudget budget, out Value completed, out IReadOnlyList<SchemaFault> faults)
    {
        SchemaWalk walk = new(budget, FaultsMax);
        try
        {
            completed = walk.Check(_node, value);
            faults = walk.Faults;
        }
        catch (JsonException e)
        {
            faults = [new SchemaFault("", $"cannot be read: {Text.Shorten(e.Message, 300)}")];
            completed = value;
        }
        catch (InvalidOperationException)
        {
            faults = [new SchemaFault("", "has a text that is not valid Unicode")];
            completed = value;
        }

        completed = faults.Count == 0 ? completed : value;
        return faults.Count == 0;
    }

    /// <inheritdoc cref="TryValidate(Value, out Value, out IReadOnlyList{SchemaFault})"/>
    /// <remarks>The element's document must stay alive as long as <paramref name="completed"/>.</remarks>
    public bool TryValidate(JsonElement value, out JsonElement completed, out IReadOnlyList<SchemaFault> faults)
    {
        completed = value;
        try
        {
            bool fits = TryValidate(Value.FromJson(value), out Value result, out faults);
            completed = fits ? result.ToJson() : value;
            return fits;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            faults = [new SchemaFault("", e is JsonException ? $"cannot be read: {Text.Shorten(e.Message, 300)}" : "has a text that is not valid Unicode")];
            return false;
        }
    }

    public override string ToString() => _node.Source.ToJsonText();

    private static JsonSchema Make(string word)
    {
        string type = InputTypes.All[word];
        SchemaNode node = new() { Source = type == InputTypes.Any ? Value.EmptyObject : Value.Object(KeyValuePair.Create("type", Value.Of(type))) };
        node.PossibleTypes = node.Types = SchemaTypeNames.TryParse(type, out SchemaTypes types) ? types : SchemaTypes.Any;
        return new JsonSchema(node);
    }
}
