namespace Actors.Flows;

/// <summary>The fields of a configuration's state: those that a node changes are the state of the flow, all others its inputs.</summary>
internal sealed class AgentFields(ImportReport report)
{
    private readonly Dictionary<string, YamlMap> _fields = new(StringComparer.Ordinal);

    /// <summary>What is declared, by name.</summary>
    public IReadOnlyDictionary<string, YamlMap> Known => _fields;

    /// <summary>The fields that are in the state; all others are inputs that nothing changes.</summary>
    public HashSet<string> Written { get; } = new(StringComparer.Ordinal);

    /// <summary>Fields of the state that count how often a loop has been gone through.</summary>
    public List<string> Counters { get; } = [];

    public void Read(OldMap root)
    {
        OldMap? state = root.Mapping("state") is { } map ? new OldMap(map, report, "state") : null;
        foreach (YamlEntry entry in state?.Mapping("fields")?.Entries ?? [])
        {
            if (entry.Value is YamlMap field && ValueReader.IsIdentifier(entry.Key.Value) && OldExpression.IsWord(entry.Key.Value) && !Names.Reserved.Contains(entry.Key.Value) && _fields.Count < 400)
            {
                _fields[entry.Key.Value] = field;
                OldMap told = new(field, report, "a field of the state");
                told.Ignore("type", "required", "default", "description", "schema", "schema_");
                told.TellOthers();
            }
            else
            {
                report.Lost(entry.Key, $"'{Text.Shorten(entry.Key.Value, 60)}' cannot be a field of the state");
            }
        }

        state?.TellOthers();
        if (_fields.Count == 0)
        {
            report.Lost(root.Map, "the configuration declares no fields of the state (state.fields)");
        }
    }

    public string Near(string name) => Text.Nearest(name, _fields.Keys) is { } near ? $": did you mean '{near}'?" : "";

    public OutMap FirstState()
    {
        OutMap first = new();
        foreach (string field in _fields.Keys.Where(f => Written.Contains(f) && IsInput(f)))
        {
            first.With(field, $"${{inputs.{field}}}");
        }

        return first;
    }

    private bool IsInput(string field) => !Written.Contains(field) || IsRequired(field) || _fields[field].Find("default") is not (null or YamlText { IsNull: true });

    private bool IsRequired(string field) => (_fields[field].Find("required") as YamlText)?.Value.ToLowerInvariant() is "true" or "yes";

    public OutList Inputs()
    {
        OutList inputs = new();
        foreach ((string name, YamlMap field) in _fields.Where(f => IsInput(f.Key)))
        {
            OutMap input = new OutMap().With("name", name).With("type", TypeOf(field.Find("type") as YamlText));
            if (!IsRequired(name))
            {
                bool hasDefault = field.Find("default") is not (null or YamlText { IsNull: true });
                if (hasDefault)
                {
                    input.With("default", Default(field, name));
                }
                else
                {
                    input.With("required", new OutPlain("false"));
                }
            }

            input.With("description", Prose(field)).With("schema", Inner(field, name));
            inputs.Items.Add(input);
        }

        return inputs;
    }

    private OutNode? Default(YamlMap field, string name)
    {
        YamlItem item = field.Find("default")!;
        ValueReader values = new(new Problems(new SourceText("", report.File)));
        string type = InputTypes.All.GetValueOrDefault(TypeOf(field.Find("type") as YamlText), InputTypes.Any);
        if (InputTypes.TryFit(values.Literal(item), type, out _))
        {
            return OutYaml.Of(item);
        }

        report.Lost(item, $"the default of '{name}' is not of its type", "Write another.");
        return new OutPlain("null");
    }

    public OutMap StateFields()
    {
        OutMap state = new();
        foreach (string name in _fields.Keys.Where(Written.Contains))
        {
            string type = TypeOf(_fields[name].Find("type") as YamlText);
            string? description = Prose(_fields[name]);
            OutMap? inner = Inner(_fields[name], name);
            state.With(name, description is null && inner is null ? new OutText(type) : new OutMap().With("type", type).With("description", description).With("schema", inner));
        }

        foreach (string counter in Counters)
        {
            state.With(counter, new OutMap().With("type", "integer").With("default", new OutPlain("0")).With("description", "How often the loop has been gone through."));
        }

        return state;
    }

    /// <summary>What a field's type says beyond its word: of what a list or an object is; null when it says nothing, or when its default is something else.</summary>
    private OutMap? Inner(YamlMap field, string name)
    {
        if (TypeOf(field.Find("type") as YamlText) is not ("array" or "object"))
        {
            return null;
        }

        OutMap schema = SchemaOf(field.Find("type") as YamlText, field.Find("schema") ?? field.Find("schema_"));
        Problems problems = new(new SourceText(OutYaml.Write(schema), report.File));
        if (schema.Entries.TrueForAll(e => e.Key == "type" || e.Value is OutMap { Entries.Count: 0 }) || YamlComposer.Compose(problems) is not { } item || problems.HasErrors)
        {
            return null;
        }

        if (JsonSchema.Read(item, problems) is not { } read || problems.HasErrors)
        {
            return null;
        }

        if (field.Find("default") is not (null or YamlText { IsNull: true }) and { } given && !read.TryValidate(new ValueReader(problems).Literal(given), out _, out _))
        {
            report.Lost(given, $"the default of '{name}' is not what its type says; what is inside is not checked", "Write another.");
            return null;
        }

        return schema;
    }

    public static string? Prose(YamlMap field) => field.Find("description") is YamlText { IsNull: false } text ? text.Value : null;

    public OutList Outputs()
    {
        OutList outputs = new();
        foreach (string name in _fields.Keys)
        {
            outputs.Items.Add(new OutMap().With("name", name).With("value", $"${{{Reference(name)}}}"));
        }

        return outputs;
    }

    public string Reference(string field) => (Written.Contains(field) ? "state." : "inputs.") + field;

    private string TypeOf(YamlText? type)
    {
        string word = type?.Value.Trim().ToLowerInvariant() ?? "any";
        int bracket = word.IndexOf('[', StringComparison.Ordinal);
        switch (bracket < 0 ? word : word[..bracket])
        {
            case "str" or "string":
                return "string";
            case "int" or "integer":
                return "integer";
            case "float" or "number":
                return "number";
            case "bool" or "boolean":
                return "boolean";
            case "list":
                return "array";
            case "dict" or "object":
                return "object";
            case "any":
                return "any";
            default:
                report.Lost(type!, $"there is no type '{Text.Shorten(type!.Value, 60)}'", "Any value is taken.");
                return "any";
        }
    }

    /// <summary>A JSON Schema of a type of the configuration.</summary>
    public OutMap SchemaOf(YamlText? type, YamlItem? nested)
    {
        OutMap schema = new();
        string word = TypeOf(type);
        if (word != "any")
        {
            schema.With("type", word);
        }

        string text = type?.Value.Trim() ?? "";
        if (word == "array" && text.EndsWith(']') && text.IndexOf('[', StringComparison.Ordinal) is var open and > 0 && text.Length < 200)
        {
            schema.With("items", SchemaOf(new YamlText(type!.Line, type.Column, text[(open + 1)..^1], true), null));
        }

        if (word == "object" && nested is null && text.EndsWith(']') && text.IndexOf(',', StringComparison.Ordinal) is var comma and > 0 && text.Length < 200)
        {
            schema.With("additionalProperties", SchemaOf(new YamlText(type!.Line, type.Column, text[(comma + 1)..^1].Trim(), true), null));
        }

        if (word == "object" && nested is YamlMap fields)
        {
            OutMap properties = new();
            foreach (YamlEntry entry in fields.Entries)
            {
                properties.With(entry.Key.Value, entry.Value is YamlText field ? SchemaOf(field, null) : new OutMap().With("type", "object"));
            }

            schema.With("properties", properties);
        }

        return schema;
    }
}
