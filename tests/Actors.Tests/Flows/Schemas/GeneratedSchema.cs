using Actors.Flows;

namespace Actors.Tests.Flows.Schemas;

/// <summary>A schema that chance has made of all that says something about types, and values that were made for it.</summary>
internal sealed class GeneratedSchema
{
    public static readonly string[] FieldNames = ["a", "b", "net", "lines"];

    private const int Tries = 8;

    private readonly Value _source;

    private GeneratedSchema(Value source, JsonSchema schema) => (_source, Schema) = (source, schema);

    public JsonSchema Schema { get; }

    public static GeneratedSchema Next(Random random)
    {
        while (true)
        {
            List<KeyValuePair<string, Value>> root = [.. Make(random, 4, true).AsObject!.Entries];
            root.Add(new("$defs", Value.Object(new("one", Make(random, 2, true)), new("two", Make(random, 1, false)))));
            Value source = Value.Object([.. root]);
            try
            {
                return new GeneratedSchema(source, JsonSchema.From(source.ToJson()));
            }
            catch (JsonSchemaException)
            {
                // A default that does not fit, or a schema that leads to itself: another one.
            }
        }
    }

    /// <summary>A value that the schema accepts, completed. False: none was found.</summary>
    public bool TryValue(Random random, out Value value)
    {
        for (int i = 0; i < Tries; i++)
        {
            if (Schema.TryValidate(ValueFor(random, _source, 5), out value, out _))
            {
                return true;
            }
        }

        value = default;
        return false;
    }

    private static Value Make(Random random, int depth, bool mayRefer)
    {
        List<KeyValuePair<string, Value>> parts = [];
        string[] types = depth > 1 ? ["object", "object", "object", "array", "array", "string", "number", "boolean"] : ["string", "number", "integer", "boolean", "object", "array"];
        string type = types[random.Next(types.Length)];
        if (mayRefer && depth < 4 && random.Next(8) == 0)
        {
            return Value.Object(new KeyValuePair<string, Value>("$ref", Value.Of(random.Next(2) == 0 ? "#/$defs/one" : "#/$defs/two")));
        }

        switch (random.Next(8))
        {
            case 0:
                parts.Add(new("type", Value.List(Value.Of(type), Value.Of("null"))));
                break;
            case 1:
                // Keywords alone allow every other type.
                break;
            case 2 when type is "string" or "number":
                parts.Add(new("enum", Value.List(Value.Of("x"), Value.Of(7m), Value.Null)));
                return Value.Object([.. parts]);
            default:
                parts.Add(new("type", Value.Of(type)));
                break;
        }

        if (type == "object" && depth > 0)
        {
            MakeObject(random, depth, mayRefer, parts);
        }

        if (type == "array" && depth > 0)
        {
            MakeList(random, depth, mayRefer, parts);
        }

        if (depth > 1 && random.Next(3) == 0)
        {
            Combine(random, depth, mayRefer, parts);
        }

        return Value.Object([.. parts]);
    }

    private static void MakeObject(Random random, int depth, bool mayRefer, List<KeyValuePair<string, Value>> parts)
    {
        List<KeyValuePair<string, Value>> properties = [];
        List<Value> required = [];
        foreach (string name in FieldNames)
        {
            if (random.Next(3) == 0)
            {
                continue;
            }

            Value property = Make(random, depth - 1, mayRefer);
            if (random.Next(4) == 0 && ValueFor(random, property, 2) is var given)
            {
                property = Value.Object([.. property.AsObject!.Entries, new("default", given)]);
            }

            properties.Add(new(name, property));
            if (random.Next(2) == 0)
            {
                required.Add(Value.Of(name));
            }
        }

        parts.Add(new("properties", Value.Object([.. properties])));
        parts.Add(new("required", Value.List([.. required])));
        switch (random.Next(6))
        {
            case < 3:
                parts.Add(new("additionalProperties", Value.False));
                break;
            case 3:
                parts.Add(new("additionalProperties", Make(random, depth - 1, mayRefer)));
                break;
        }

        if (random.Next(8) == 0)
        {
            parts.Add(new("patternProperties", Value.Object(new KeyValuePair<string, Value>("^[ab]", Make(random, depth - 1, mayRefer)))));
        }
    }

    private static void MakeList(Random random, int depth, bool mayRefer, List<KeyValuePair<string, Value>> parts)
    {
        if (random.Next(4) > 0)
        {
            parts.Add(new("items", Make(random, depth - 1, mayRefer)));
        }

        if (random.Next(5) == 0)
        {
            parts.Add(new("prefixItems", Value.List(Make(random, depth - 1, mayRefer))));
        }
    }

    private static void Combine(Random random, int depth, bool mayRefer, List<KeyValuePair<string, Value>> parts)
    {
        switch (random.Next(4))
        {
            case 0:
                parts.Add(new("allOf", Value.List(Make(random, depth - 1, mayRefer))));
                break;
            case 1:
                parts.Add(new("anyOf", Value.List(Make(random, depth - 1, mayRefer), Make(random, depth - 1, mayRefer))));
                break;
            case 2:
                parts.Add(new("oneOf", Value.List(Make(random, depth - 1, mayRefer), Value.Object(new KeyValuePair<string, Value>("type", Value.Of("boolean"))))));
                break;
            default:
                parts.Add(new("if", Make(random, depth - 1, mayRefer)));
                parts.Add(new("then", Make(random, depth - 1, mayRefer)));
                parts.Add(new("else", Make(random, depth - 1, mayRefer)));
                break;
        }
    }

    // As its own keywords say; what others around it say is a matter of luck.
    private static Value ValueFor(Random random, Value schema, int depth)
    {
        ValueMap map = schema.AsObject!;
        if (map.TryGet("enum", out Value values))
        {
            return values.AsList!.Items[random.Next(values.AsList.Items.Length)];
        }

        Value type = map.TryGet("type", out Value said) ? said : Value.Of(map.TryGet("items", out _) || map.TryGet("prefixItems", out _) ? "array" : "object");
        Value[] types = type.AsList?.Items ?? [type];
        switch (types[random.Next(types.Length)].AsText)
        {
            case "null":
                return Value.Null;
            case "boolean":
                return Value.Of(random.Next(2) == 0);
            case "integer":
                return Value.Of((decimal)random.Next(-2, 5));
            case "number":
                return Value.Of(random.Next(-20, 50) / 10m);
            case "string":
                return Value.Of(((string[])["", "x", "12", "net", "2030-01-31"])[random.Next(5)]);
            case "array":
                return ListFor(random, map, depth);
            default:
                return ObjectFor(random, map, depth);
        }
    }

    private static Value ListFor(Random random, ValueMap schema, int depth)
    {
        Value[] items = new Value[depth == 0 ? 0 : random.Next(4)];
        for (int i = 0; i < items.Length; i++)
        {
            bool isFirst = i == 0 && schema.TryGet("prefixItems", out _);
            items[i] = isFirst && schema.TryGet("prefixItems", out Value places) ? ValueFor(random, places.AsList!.Items[0], depth - 1)
                : schema.TryGet("items", out Value item) ? ValueFor(random, item, depth - 1)
                : Value.Of((decimal)i);
        }

        return Value.List(items);
    }

    private static Value ObjectFor(Random random, ValueMap schema, int depth)
    {
        if (depth == 0)
        {
            return Value.EmptyObject;
        }

        List<KeyValuePair<string, Value>> fields = [];
        HashSet<string> required = schema.TryGet("required", out Value names) ? [.. names.AsList!.Items.Select(static name => name.AsText!)] : [];
        if (schema.TryGet("properties", out Value properties))
        {
            foreach ((string name, Value property) in properties.AsObject!.Entries)
            {
                if (required.Contains(name) || random.Next(2) == 0)
                {
                    fields.Add(new(name, ValueFor(random, property, depth - 1)));
                }
            }
        }

        if (random.Next(4) == 0)
        {
            fields.Add(new("other", Value.Of("o")));
        }

        return Value.Object([.. fields]);
    }
}
