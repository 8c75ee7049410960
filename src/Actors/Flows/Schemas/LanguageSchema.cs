using System.Text.Json;

namespace Actors.Flows;

/// <summary>
/// The JSON Schema of flow files, for editors: made of the tables that the reader works with, so that both know the same keys. It says what can be said without running anything: expressions are
/// texts, and whether an id exists is the reader's matter.
/// </summary>
public static class LanguageSchema
{
    private const string DurationPattern = @"^\s*([0-9.]+(ms|s|m|h|d|w))+\s*$|^\s*P[0-9.DTHMSW]+\s*$|^\s*[0-9.]+\s*$";

    /// <summary>The schema as JSON.</summary>
    /// <param name="kinds">Kinds of steps beside those of the language; null: none.</param>
    public static JsonElement Create(StepKindRegistry? kinds = null) => new Builder(kinds?.All ?? []).Root().ToJson();

    /// <summary>The schema, compiled.</summary>
    internal static JsonSchema Compile(StepKindRegistry? kinds = null) => JsonSchema.From(Create(kinds));

    private sealed class Builder(IReadOnlyList<StepKind> registered)
    {
        // In the order in which they come up; a table that is being made is there already, so that tables may hold each other.
        private readonly Dictionary<string, Value> _definitions = new(StringComparer.Ordinal);
        private readonly Dictionary<string, Value> _settings = new(StringComparer.Ordinal);
        private readonly Dictionary<KeyTable, string> _tables = new(ReferenceEqualityComparer.Instance);

        public Value Root()
        {
            Define("steps", () => Object(("type", Text("array")), ("minItems", Value.Of(1m)), ("items", To("step"))));
            Define("step", Step);
            return Object(
                ("$schema", Text(SchemaReader.Dialect)),
                ("title", Text("A flow file, or a project of flows")),
                ("if", Requires("project")),
                ("then", Reference(Language.ProjectContents)),
                ("else", Reference(Language.Root)),
                ("$defs", Value.Object(_definitions)));
        }

        private Value Step()
        {
            List<(string Kind, KeyTable Table, string Meaning)> kinds =
            [
                .. Language.Kinds.Select(k => (k.Kind, k.Table, k.Meaning)),
                .. registered.Select(k => (k.Name, Language.Registered(k), k.Description)),
            ];
            foreach (StepKind kind in registered)
            {
                DefineSettings(kind);
            }

            List<Value> choices = [];
            foreach ((string kind, KeyTable table, string _) in kinds)
            {
                // Where a key is also one of another kind's, the other kind decides: `if` beside `task` is the task's own condition.
                Value[] others = kinds
                    .Where(other => other.Kind != kind && other.Table.Names.Contains(kind) && !table.Names.Contains(other.Kind))
                    .Select(other => Requires(other.Kind))
                    .ToArray();
                Value test = others.Length == 0 ? Requires(kind) : Object(("required", Value.List(Text(kind))), ("not", Object(("anyOf", Value.List(others)))));
                choices.Add(Object(("if", test), ("then", Reference(table))));
            }

            // Editors offer these before there is a kind.
            IEnumerable<KeyValuePair<string, Value>> offered = kinds.Select(k => KeyValuePair.Create(k.Kind, Object(("description", Text(k.Meaning)))));
            return Object(
                ("type", Types("object", "string")),
                ("if", Object(("type", Text("string")))),
                ("then", Object(("const", Text("exit")))),
                ("else", Object(
                    ("properties", Value.Object(offered)),
                    ("anyOf", Value.List([.. kinds.Select(k => Requires(k.Kind)), BuiltIn()])),
                    ("allOf", Value.List([.. choices])))));
        }

        // FlowLang's steps that are named after a task of a connection, of which nothing else is known here.
        private static Value BuiltIn() => Object(
            ("minProperties", Value.Of(1m)),
            ("maxProperties", Value.Of(1m)),
            ("patternProperties", Object((FlowLangForms.BuiltInPattern, Object(("type", Text("object")))))),
            ("additionalProperties", Value.False));

        private static Value Requires(string key) => Object(("required", Value.List(Text(key))));

        private Value Reference(KeyTable table)
        {
            if (!_tables.TryGetValue(table, out string? name))
            {
                string plain = string.Join('_', table.Owner.Split(' ').Where(word => word is not ("a" or "an")));
                name = plain;
                for (int n = 2; _definitions.ContainsKey(name); n++)
                {
                    name = $"{plain}_{n}";
                }

                _tables.Add(table, name);
                Define(name, () => Table(table));
            }

            return To(name);
        }

        // What the kind says of its settings goes with it, where it keeps to the subset.
        private void DefineSettings(StepKind kind)
        {
            if (kind.Settings.ValueKind == JsonValueKind.Undefined)
            {
                return;
            }

            try
            {
                string name = kind.Name + "_settings";
                _definitions.TryAdd(name, DeclaredSchema.Rebase(JsonSchema.From(kind.Settings).Node.Source, "/$defs/" + name));
                _settings.Add(kind.Name, To(name));
            }
            catch (JsonSchemaException)
            {
                // Anything may stand there then.
            }
        }

        private Value Table(KeyTable table)
        {
            List<(string, Value)> parts =
            [
                ("type", Text("object")),
                ("properties", Value.Object(table.Keys.Select(key => KeyValuePair.Create(key.Name, Describe(key))))),
                ("additionalProperties", Value.False),
            ];
            Value[] required = table.Keys.Where(key => key.IsRequired).Select(key => Text(key.Name)).ToArray();
            if (required.Length > 0)
            {
                parts.Insert(1, ("required", Value.List(required)));
            }

            return Object([.. parts]);
        }

        private Value Describe(Key key)
        {
            string meaning = key.Default is null ? key.Meaning : $"{key.Meaning} Default: {key.Default}.";
            Value shape = _settings.TryGetValue(key.Name, out Value settings) && key.Shape is Shape.Data ? settings : Of(key.Shape);
            return Value.Object(shape.AsObject!.Entries.Append(new("description", Text(meaning))));
        }

        private Value Of(Shape shape)
        {
            switch (shape)
            {
                case Shape.Word:
                    return Define("word", () => Object(("type", Types("string", "number")), ("minLength", Value.Of(1m))));
                case Shape.Prose:
                    return Define("text", () => Object(("type", Types("string", "number", "boolean", "null"))));
                case Shape.Data:
                    return Value.EmptyObject;
                case Shape.Flag:
                    return Object(("type", Text("boolean")));
                case Shape.Empty:
                    return Object(("type", Text("null")));
                case Shape.Duration:
                    return Define("duration", () => Object(("type", Types("string", "number")), ("minimum", Value.Of(0m)), ("pattern", Text(DurationPattern))));
                case Shape.Question:
                    return Define("condition", Condition);
                case Shape.Steps:
                    return To("steps");
                case Shape.Schema:
                    return Define("schema", Schema);
                case Shape.Number number:
                    return Object(("type", Text(number.IsWhole ? "integer" : "number")), ("minimum", Value.Of(number.Min)), ("maximum", Value.Of(number.Max)));
                case Shape.Choice choice:
                    // Words in capitals, such as methods of HTTP, may be written small.
                    IEnumerable<string> small = choice.Words.Where(w => !w.Any(char.IsLower)).Select(w => w.ToLowerInvariant());
                    return Object(("enum", Value.List(choice.Words.Union(small).Select(Text).ToArray())));
                case Shape.ListOf list:
                    return Object(("type", Text("array")), ("items", Of(list.Items)));
                case Shape.MapOf { Values: Shape.Table { Keys: { } keys } } when !keys.Keys.Any(key => key.IsRequired):
                    // A name alone says that there is such a thing, with nothing more to say of it.
                    return Object(("type", Text("object")), ("additionalProperties", Object(("anyOf", Value.List(Reference(keys), Object(("type", Text("null"))))))));
                case Shape.MapOf map:
                    return Object(("type", Text("object")), ("additionalProperties", Of(map.Values)));
                case Shape.Table table:
                    return Reference(table.Keys);
                case Shape.OneOf one:
                    return Object(("anyOf", Value.List(one.Shapes.Select(Of).ToArray())));
                default:
                    throw new InvalidOperationException($"no schema for {shape.GetType().Name}");
            }
        }

        private static Value Condition()
        {
            Value list = Object(("type", Text("array")), ("items", To("condition")));
            return Object(
                ("anyOf", Value.List(
                    Object(("type", Types("string", "boolean")), ("minLength", Value.Of(1m))),
                    Object(
                        ("type", Text("object")),
                        ("properties", Object(("any", list), ("all", list), ("none", list))),
                        ("minProperties", Value.Of(1m)),
                        ("maxProperties", Value.Of(1m)),
                        ("additionalProperties", Value.False)))));
        }

        // The subset itself, as far as keys and the types of their values go.
        private static Value Schema()
        {
            Value one = To("schema");
            Value list = Object(("type", Text("array")), ("minItems", Value.Of(1m)), ("items", one));
            Value map = Object(("type", Text("object")), ("additionalProperties", one));
            Value count = Object(("type", Text("integer")), ("minimum", Value.Of(0m)));
            Value names = Object(("type", Text("array")), ("items", Object(("type", Text("string")))));
            Value type = Object(("enum", Value.List([.. SchemaTypeNames.All.Select(Text), Value.Null])));
            IEnumerable<KeyValuePair<string, Value>> properties = SchemaReader.Keywords.Keys.Select(keyword => KeyValuePair.Create(keyword, keyword switch
            {
                "type" => Object(("anyOf", Value.List(type, Object(("type", Text("array")), ("minItems", Value.Of(1m)), ("items", type))))),
                "enum" or "examples" => Object(("type", Text("array"))),
                "const" or "default" => Value.EmptyObject,
                "properties" or "patternProperties" or "$defs" => map,
                "required" => names,
                "dependentRequired" => Object(("type", Text("object")), ("additionalProperties", names)),
                "allOf" or "anyOf" or "oneOf" or "prefixItems" => list,
                "additionalProperties" or "propertyNames" or "items" or "contains" or "not" or "if" or "then" or "else" => one,
                "minProperties" or "maxProperties" or "minItems" or "maxItems" or "minLength" or "maxLength" => count,
                "minimum" or "maximum" or "exclusiveMinimum" or "exclusiveMaximum" or "multipleOf" => Object(("type", Text("number"))),
                "uniqueItems" or "deprecated" or "readOnly" or "writeOnly" => Object(("type", Text("boolean"))),
                "format" => Object(("enum", Value.List(SchemaFormat.All.Keys.Select(Text).ToArray()))),
                "pattern" or "$ref" => Object(("type", Text("string"))),
                _ => Object(("type", Types("string", "number", "boolean"))),
            }));
            return Object(("type", Types("object", "boolean")), ("properties", Value.Object(properties)), ("additionalProperties", Value.False));
        }

        private Value Define(string name, Func<Value> make)
        {
            if (_definitions.TryAdd(name, Value.Null))
            {
                _definitions[name] = make();
            }

            return To(name);
        }

        private static Value To(string definition) => Object(("$ref", Text($"#/$defs/{definition}")));

        private static Value Text(string text) => Value.Of(text);

        private static Value Types(params string[] words) => Value.List(words.Select(Text).ToArray());

        private static Value Object(params (string Key, Value Value)[] entries) => Value.Object(Array.ConvertAll(entries, e => KeyValuePair.Create(e.Key, e.Value)));
    }
}
