using System.Text.Json;

namespace Actors.Flows;

/// <summary>What a flow file says.</summary>
internal sealed record FlowDocument(
    string Name,
    string? Label,
    string? Description,
    IReadOnlyList<FlowInput> Inputs,
    IReadOnlyList<OutputValue> OutputValues,
    IReadOnlyList<FlowOutput> Outputs,
    IReadOnlyList<FlowStep> Steps,
    IReadOnlyList<FlowStep> OnCancel,
    IReadOnlyList<string> Tasks,
    string Source,
    IReadOnlyList<FlowProblem> Warnings);

/// <summary>Reads the root of a flow file.</summary>
internal sealed class FlowReader
{
    // A form with more fields is no form; and names are looked for one by one.
    private const int DeclarationsMax = 500;

    private readonly Problems _problems;
    private readonly FlowIds _ids = new();
    private readonly StepReader _steps;

    private FlowReader(Problems problems, TaskRegistry? tasks)
    {
        _problems = problems;
        _steps = new StepReader(problems, tasks, _ids);
    }

    /// <param name="tasks">Null: task names are not checked.</param>
    /// <exception cref="FlowSyntaxException">All that is wrong.</exception>
    public static FlowDocument Read(string text, string file, TaskRegistry? tasks)
    {
        Problems problems = new(new SourceText(text, file));
        FlowDocument? document = null;
        try
        {
            document = YamlComposer.Compose(problems) switch
            {
                null => null,
                YamlMap map => new FlowReader(problems, tasks).Root(map),
                { } item => NotAFlow(problems, item),
            };
        }
        catch (Problems.TooManyException)
        {
            // What was found is told.
        }

        return problems.HasErrors || document is null ? throw problems.ToException() : document;
    }

    private static FlowDocument? NotAFlow(Problems problems, YamlItem item)
    {
        problems.Error(Rules.Root, item, $"a flow must be a mapping with 'flow' and 'steps', not {item.Name}");
        return null;
    }

    private FlowDocument? Root(YamlMap map)
    {
        Keys keys = new(map, _problems, Language.Root);
        StepReader.FindIds(map, _ids);
        YamlText? name = keys.Text("flow", required: true);
        if (name is not null && !IsFlowName(name.Value))
        {
            _problems.Error(
                Rules.BadName, name, $"'{Text.Shorten(name.Value, 60)}' cannot be the name of a flow: letters, digits, '_', '-' and '.', at most {ValueReader.IdLengthMax}",
                name.Value.Contains(' ', StringComparison.Ordinal) ? $"Write {name.Value.Trim().Replace(' ', '-')}." : null);
        }

        List<FlowInput> inputs = ReadInputs(keys);
        Names names = new(null, _ids);
        names.Add(new Name("inputs", NameKind.Inputs, 0, inputs.ConvertAll(i => i.Name)));
        if (!keys.Has("steps"))
        {
            _problems.Error(Rules.MissingKey, map, "a flow needs 'steps'");
        }

        IReadOnlyList<FlowStep> steps = _steps.ReadSteps("steps", keys.Item("steps"), names);
        (List<OutputValue> values, List<FlowOutput> outputs) = ReadOutputs(keys, names);
        IReadOnlyList<FlowStep> onCancel = _steps.ReadSteps("on_cancel", keys.Item("on_cancel"), names.Inner());
        return new FlowDocument(
            name?.Value ?? "", keys.Text("version")?.Value, keys.Prose("description"), inputs, values, outputs, steps, onCancel, _steps.TasksUsed,
            _problems.Source.Text, _problems.Warnings);
    }

    private static bool IsFlowName(string name) =>
        name.Length <= ValueReader.IdLengthMax && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');

    private List<FlowInput> ReadInputs(Keys keys)
    {
        List<FlowInput> inputs = [];
        if (keys.Item("inputs") is YamlText { IsNull: true } || keys.List("inputs") is not { } list)
        {
            return inputs;
        }

        CheckCount("inputs", list);
        foreach (YamlItem item in list.Items)
        {
            if (item is not YamlMap map)
            {
                _problems.Error(
                    Rules.WrongType, item, $"an input must be a mapping, not {item.Name}", item is YamlText { IsNull: false } text ? $"Write name: {Text.Shorten(text.Value, 60)}." : null);
                continue;
            }

            Keys input = new(map, _problems, Language.Input);
            YamlText? at = input.Text("name", required: true);
            if (_steps.Values.Identifier(at, "the name of an input") is not { } name)
            {
                continue;
            }

            if (inputs.Exists(i => i.Name == name))
            {
                _problems.Error(Rules.DuplicateName, at!, $"the input '{name}' is declared twice");
                continue;
            }

            string? written = input.Has("type") ? ReadType(input) : null;
            JsonSchema? schema = DeclaredSchema.Read(input, ref written, _problems);
            string type = written ?? InputTypes.Any;
            JsonElement fallback = ReadDefault(input, type, schema);
            bool required = input.Bool("required") ?? fallback.ValueKind == JsonValueKind.Undefined;
            inputs.Add(new FlowInput(name, type, required, input.Prose("description") ?? schema?.Description, fallback) { Check = schema });
        }

        return inputs;
    }

    private void CheckCount(string key, YamlList list)
    {
        if (list.Items.Count > DeclarationsMax)
        {
            _problems.Error(Rules.TooComplex, list, $"'{key}' has more than {DeclarationsMax} entries", "Make an object of them.");
            throw new Problems.TooManyException();
        }
    }

    private string ReadType(Keys input)
    {
        if (input.Text("type") is not { } text)
        {
            return InputTypes.Any;
        }

        if (InputTypes.All.TryGetValue(text.Value, out string? type))
        {
            return type;
        }

        string? near = Text.Nearest(text.Value, InputTypes.All.Keys);
        string known = $"Known: {string.Join(", ", InputTypes.All.Values.Distinct())}.";
        _problems.Error(Rules.InputType, text, $"there is no type '{Text.Shorten(text.Value, 60)}'", near is null ? known : $"Did you mean '{near}'?");
        return InputTypes.Any;
    }

    private JsonElement ReadDefault(Keys input, string type, JsonSchema? schema)
    {
        if (input.Item("default") is not { } item)
        {
            // Fits, or the schema would have been refused; completed with what is deeper in it.
            return schema is { HasDefault: true } && schema.TryValidate(Value.FromJson(schema.Default), out Value given, out _) ? given.ToJson() : default;
        }

        Value value = _steps.Values.Literal(item);
        if (!value.IsNull && !InputTypes.TryFit(value, type, out value))
        {
            string? quotes = type == "string" && item is YamlText { IsPlain: true } text ? $"Write \"{Text.Shorten(text.Value, 40)}\"." : null;
            _problems.Error(Rules.InputDefault, item, $"the default must be {InputTypes.Name(type)}, not {InputTypes.NameOf(value)}", quotes);
        }
        else if (!value.IsNull && schema is not null && !schema.TryValidate(value, out value, out IReadOnlyList<SchemaFault> faults))
        {
            _problems.Error(Rules.InputDefault, item, faults[0].Sentence("the default"));
        }

        return value.ToJson();
    }

    private (List<OutputValue> Values, List<FlowOutput> Declared) ReadOutputs(Keys keys, Names names)
    {
        List<OutputValue> values = [];
        List<FlowOutput> declared = [];
        if (keys.Item("outputs") is YamlText { IsNull: true } || keys.List("outputs") is not { } list)
        {
            return (values, declared);
        }

        CheckCount("outputs", list);
        foreach (YamlItem item in list.Items)
        {
            YamlText? name = item as YamlText;
            YamlItem? value = null;
            string? description = null;
            JsonSchema? schema = null;
            if (item is YamlMap map)
            {
                Keys output = new(map, _problems, Language.Output);
                name = output.Text("name", required: true);
                value = output.Item("value");
                string? type = null;
                schema = DeclaredSchema.Read(output, ref type, _problems);
                description = output.Prose("description") ?? schema?.Description;
            }
            else if (name is null or { IsNull: true })
            {
                _problems.Error(Rules.WrongType, item, $"an output must be a name or a mapping with 'name' and 'value', not {item.Name}");
                continue;
            }

            if (name is null)
            {
                continue;
            }

            if (declared.Exists(o => o.Name == name.Value))
            {
                _problems.Error(Rules.DuplicateName, name, $"the output '{Text.Shorten(name.Value, 60)}' is declared twice");
                continue;
            }

            List<Name> used = [];
            declared.Add(new FlowOutput(name.Value, description) { Check = schema });
            values.Add(new OutputValue(name.Value, value is null ? Bare(name, names, used) : _steps.Values.Template(value, names, used)));
            if (used.Find(n => n.Maybe) is { } maybe)
            {
                _problems.Warn(
                    Rules.MaybeSkipped, value ?? name, $"step '{maybe.Text}' may be skipped; the output is null then", $"Write ${{{maybe.Text} ?? …}} when that is meant.");
            }
        }

        return (values, declared);
    }

    // An output without a value is the step of that name.
    private Template Bare(YamlText name, Names names, List<Name> used)
    {
        if (names.Find(name.Value) is { } found)
        {
            used.Add(found);
            return new HoleTemplate(new VariableExpression(name.Value), $"${{{name.Value}}}");
        }

        ExpressionSyntaxException fault = names.Unknown(name.Value, 0, name.Line);
        string? write = fault.Suggestion is null || fault.Suggestion.StartsWith("Known", StringComparison.Ordinal)
            ? $"Give it a value: {{name: {Text.Shorten(name.Value, 40)}, value: …}}."
            : fault.Suggestion;
        _problems.Error(fault.Rule, name, fault.Message, write);
        return new ConstantTemplate(Value.Null);
    }
}
