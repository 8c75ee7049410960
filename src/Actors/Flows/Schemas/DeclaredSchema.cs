using System.Text.Json;

namespace Actors.Flows;

/// <summary>Schemas of declared inputs and outputs.</summary>
internal static class DeclaredSchema
{
    /// <summary>Reads <c>schema</c> beside <c>type</c>, which must agree. Null: there is none, or it is wrong, which is told.</summary>
    /// <param name="type">The type that is written; null when none is. Afterwards the one to use: of a schema for one type only, that one.</param>
    public static JsonSchema? Read(Keys keys, ref string? type, Problems problems)
    {
        if (keys.Item("schema") is not { } item || JsonSchema.Read(item, problems) is not { } schema)
        {
            return null;
        }

        SchemaTypes said = schema.Types & ~SchemaTypes.Null;
        if (schema.Types == SchemaTypes.None)
        {
            problems.Warn(Rules.SchemaNever, item, "no value fits this schema");
        }

        if (type is null)
        {
            type = SchemaTypeNames.All.FirstOrDefault(word => word != "null" && SchemaTypeNames.TryParse(word, out SchemaTypes one) && one == schema.Types);
            return schema;
        }

        if (SchemaTypeNames.TryParse(type, out SchemaTypes wanted) && schema.Types != SchemaTypes.Any && (said & ~wanted) != 0)
        {
            problems.Error(
                Rules.SchemaType, item, $"the type is {InputTypes.Name(type)}, but the schema allows {SchemaTypeNames.Describe(schema.Types)}", $"Write type: {type} in the schema, or leave 'type' beside it out.");
        }

        return schema;
    }

    /// <summary>One schema for the whole input of a flow, for forms; undefined when it declares none.</summary>
    public static JsonElement Combine(IReadOnlyList<FlowInput> inputs)
    {
        if (inputs.Count == 0)
        {
            return default;
        }

        List<KeyValuePair<string, Value>> parts =
        [
            new("$schema", Value.Of(SchemaReader.Dialect)),
            new("type", Value.Of("object")),
            new("properties", Value.Object(inputs.Select(i => KeyValuePair.Create(i.Name, Describe(i))))),
        ];
        Value[] required = inputs.Where(i => i.Required).Select(i => Value.Of(i.Name)).ToArray();
        if (required.Length > 0)
        {
            parts.Add(new("required", Value.List(required)));
        }

        parts.Add(new("additionalProperties", Value.False));
        return Value.Object(parts).ToJson();
    }

    private static Value Describe(FlowInput input)
    {
        List<KeyValuePair<string, Value>> parts = [];
        if (input.Check is { Node.Always: null } schema)
        {
            parts.AddRange(Rebase(schema.Node.Source, $"/properties/{input.Name}").AsObject!.Entries);
        }
        else if (input.Check is { Node.Always: false })
        {
            parts.Add(new("not", Value.EmptyObject));
        }

        if (input.Type != InputTypes.Any && !parts.Exists(p => p.Key == "type"))
        {
            parts.Insert(0, new("type", Value.Of(input.Type)));
        }

        if (input.Description is { } description)
        {
            parts.RemoveAll(p => p.Key == "description");
            parts.Add(new("description", Value.Of(description)));
        }

        if (input.Default.ValueKind != JsonValueKind.Undefined)
        {
            parts.RemoveAll(p => p.Key == "default");
            parts.Add(new("default", Value.FromJson(input.Default)));
        }

        return Value.Object(parts);
    }

    // The schema becomes a part of another one: its references must lead to where their targets are now.
    internal static Value Rebase(Value schema, string place)
    {
        if (schema.AsObject is not { } map)
        {
            return schema;
        }

        List<KeyValuePair<string, Value>> parts = [];
        foreach ((string keyword, Value value) in map.Entries)
        {
            switch (keyword)
            {
                case "$schema" or "$id":
                    break;
                case "$ref":
                    parts.Add(new(keyword, Value.Of($"#{place}{value.AsText![1..]}")));
                    break;
                case "properties" or "patternProperties" or "$defs":
                    parts.Add(new(keyword, Value.Object(value.AsObject!.Entries.Select(e => KeyValuePair.Create(e.Key, Rebase(e.Value, place))))));
                    break;
                case "allOf" or "anyOf" or "oneOf" or "prefixItems":
                    parts.Add(new(keyword, Value.List(value.AsList!.Items.Select(v => Rebase(v, place)).ToArray())));
                    break;
                case "additionalProperties" or "propertyNames" or "items" or "contains" or "not" or "if" or "then" or "else":
                    parts.Add(new(keyword, Rebase(value, place)));
                    break;
                default:
                    parts.Add(new(keyword, value));
                    break;
            }
        }

        return Value.Object(parts);
    }
}
