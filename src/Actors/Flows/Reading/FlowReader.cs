using System.Text.Json;

namespace Actors.Flows;

/// <summary>What a flow file says.</summary>
internal sealed record FlowDocument(
    string Name,
    string? Label,
    string? Description,
    TimeSpan? Timeout,
    IReadOnlyList<FlowInput> Inputs,
    IReadOnlyList<OutputValue> OutputValues,
    IReadOnlyList<FlowOutput> Outputs,
    IReadOnlyList<FlowStep> Steps,
    IReadOnlyList<FlowStep> OnCancel,
    IReadOnlyList<string> Tasks,
    IReadOnlyDictionary<string, StateField> State,
    IReadOnlyDictionary<string, Template> Connections,
    IReadOnlyList<SubflowReference> Subflows,
    string Source,
    string File,
    IReadOnlyList<FlowProblem> Warnings,
    IReadOnlyList<FlowTrigger> Triggers);

/// <summary>What became of reading a file.</summary>
/// <param name="Root">Null: it is no YAML, or no mapping.</param>
/// <param name="Document">Null: the flow cannot be run.</param>
/// <param name="Found">All problems by position, those that comments ignore included.</param>
/// <param name="HasMore">True: there are more errors than were found, because reading ended at so many.</param>
/// <param name="HasMoreWarnings">True: there are more warnings than are kept.</param>
internal sealed record FlowReading(SourceText Source, YamlMap? Root, FlowDocument? Document, IReadOnlyList<FlowProblem> Found, bool HasMore, bool HasMoreWarnings);

/// <summary>Reads the root of a flow file.</summary>
internal sealed class FlowReader
{
    // A form with more fields is no form; and names are looked for one by one.
    private const int DeclarationsMax = 500;

    private readonly Problems _problems;
    private readonly FlowIds _ids = new();
    private readonly StepReader _steps;
    private readonly IReadOnlyCollection<string>? _environment;
    private readonly TaskRegistry _tasks;
    private readonly bool _checksTasks;
    private readonly DeclaredTypes _types;

    private FlowReader(Problems problems, TaskRegistry tasks, bool checkTasks, bool isStored)
    {
        _problems = problems;
        _environment = checkTasks ? [.. tasks.Resources.EnvironmentAllowed] : null;
        _tasks = tasks;
        _checksTasks = checkTasks;
        _types = new DeclaredTypes(checkTasks ? tasks : null, areFollowed: !isStored);
        _steps = new StepReader(problems, checkTasks ? tasks : null, tasks.Resources.Kinds, _ids, _types);
    }

    /// <param name="checkTasks">False: task names are not checked.</param>
    /// <param name="isStored">True: the text was accepted before, by this version or an earlier one, and its runs must go on.</param>
    /// <exception cref="FlowSyntaxException">All that is wrong.</exception>
    public static FlowDocument Read(string text, string file, TaskRegistry tasks, bool checkTasks, bool isStored = false)
    {
        FlowReading reading = Examine(text, file, tasks, checkTasks, isStored);
        IReadOnlyList<FlowProblem> told = Told(reading);
        return reading.Document is { } document ? document with { Warnings = told } : throw new FlowSyntaxException(told) { HasMore = reading.HasMore };
    }

    /// <summary>What was found in one file, without what its comments ignore.</summary>
    public static IReadOnlyList<FlowProblem> Told(FlowReading reading) =>
        // Whether a comment ignores nothing is known only when all checks have been made, those over several files included.
        IgnoreComments.Apply(reading.Found, reading.Source, isYaml: reading.Root is not null, isRead: false).Told;

    /// <summary>Reads a text as far as it can be read.</summary>
    /// <param name="checkTasks">False: task names are not checked.</param>
    /// <param name="isStored">True: the text was accepted before, by this version or an earlier one, and its runs must go on.</param>
    public static FlowReading Examine(string text, string file, TaskRegistry tasks, bool checkTasks, bool isStored = false) => Examine(ComposedYaml.Of(text, file), tasks, checkTasks, isStored);

    /// <summary>Reads a tree as far as it can be read.</summary>
    /// <param name="yaml">What is wrong in it is added to its problems, so that it is read once.</param>
    /// <param name="checkTasks">False: task names are not checked.</param>
    /// <param name="isStored">True: the text was accepted before, by this version or an earlier one, and its runs must go on.</param>
    public static FlowReading Examine(ComposedYaml yaml, TaskRegistry tasks, bool checkTasks, bool isStored = false)
    {
        (Problems problems, YamlItem? root) = yaml;
        FlowDocument? document = null;
        try
        {
            document = root switch
            {
                null => null,
                YamlMap map => new FlowReader(problems, tasks, checkTasks, isStored).Root(map),
                { } item => NotAFlow(problems, item),
            };
            if (root is not null)
            {
                SecretCheck.Run(root, problems);
            }

            if (document is not null && !problems.HasErrors)
            {
                DocumentCheck.Run(document, (YamlMap)root!, problems);
            }
        }
        catch (Problems.TooManyException)
        {
            // What was found is told.
        }

        return new FlowReading(problems.Source, root as YamlMap, problems.HasErrors ? null : document, problems.All, problems.HasMore, problems.HasMoreWarnings);
    }

    private static FlowDocument? NotAFlow(Problems problems, YamlItem item)
    {
        problems.Error(Rules.Root, item, $"a flow must be a mapping with 'flow' and 'steps', not {item.Name}");
        return null;
    }

    private FlowDocument? Root(YamlMap map)
    {
        map = FlowLangForms.Rewrite(map, _problems, name => _tasks.Names.Contains(name));
        Keys keys = new(map, _problems, Language.Root);
        _steps.FindIds(map);
        YamlText? name = keys.Text("flow", required: true);
        if (name is not null && !IsFlowName(name.Value))
        {
            _problems.Error(
                Rules.BadName, name, $"'{Text.Shorten(name.Value, 60)}' cannot be the name of a flow: letters, digits, '_', '-' and '.', at most {ValueReader.IdLengthMax}",
                name.Value.Contains(' ', StringComparison.Ordinal) ? $"Write {name.Value.Trim().Replace(' ', '-')}." : null);
        }

        IReadOnlyList<FlowTrigger> triggers = new TriggerReader(_problems).Read(keys);
        List<FlowInput> inputs = [.. ReadInputs(keys)];
        AddGiven(inputs, triggers);
        Names names = new(null, _ids);
        names.Add(new Name("inputs", NameKind.Inputs, 0, inputs.ConvertAll(i => i.Name), Type: _types.OfInputs(inputs)));
        names.Add(Name.Flow);
        names.Add(Name.Run);
        names.Add(Name.Environment(_environment));
        Dictionary<string, StateField> state = ReadState(keys);
        if (keys.Has("state"))
        {
            names.Add(Name.State(_types.OfState(state.Values)));
        }

        _steps.State = state;
        Dictionary<string, Template> connections = ReadConnections(keys);
        _steps.Connections = new FlowConnections(_tasks.Resources.Connections, connections.Keys.ToDictionary(static name => name, static _ => (Func<JsonElement>)(static () => default), StringComparer.Ordinal));
        if (keys.Has("silent"))
        {
            _ = keys.Bool("silent");
            _problems.Warn(Rules.NoEffect, keys.At("silent"), "'silent' has no effect: every step has its events");
        }

        if (!keys.Has("steps"))
        {
            _problems.Error(Rules.MissingKey, map, "a flow needs 'steps'");
        }

        IReadOnlyList<FlowStep> steps = _steps.ReadSteps("steps", keys.Item("steps"), names);
        (List<OutputValue> values, List<FlowOutput> outputs) = ReadOutputs(keys, names);
        IReadOnlyList<FlowStep> onCancel = _steps.ReadSteps("on_cancel", keys.Item("on_cancel"), names.Inner());
        return new FlowDocument(
            name?.Value ?? "", keys.Text("version")?.Value, keys.Prose("description"), _steps.Values.Duration(keys.Item("timeout"), "timeout"), inputs, values, outputs, steps, onCancel, _steps.TasksUsed,
            state, connections, _steps.Subflows, _problems.Source.Text, _problems.Source.File, _problems.Warnings, triggers);
    }

    // What triggers give beside the inputs of the flow.
    private static void AddGiven(List<FlowInput> inputs, IReadOnlyList<FlowTrigger> triggers)
    {
        foreach ((string name, string description, bool isGiven) in ((string, string, bool)[])
        [
            ("_webhook", "The request that started the run; given by a webhook.", triggers.Any(t => t is WebhookTrigger)),
            ("_auth", "How its caller was known; given by a webhook.", triggers.Any(t => t is WebhookTrigger { Auth: not null })),
            ("_schedule", "The point in time that started the run; given by a schedule.", triggers.Any(t => t is ScheduleTrigger)),
        ])
        {
            if (isGiven && !inputs.Exists(i => i.Name == name))
            {
                inputs.Add(new FlowInput(name, InputTypes.Any, false, description, default));
            }
        }
    }

    public static bool IsFlowName(string name) =>
        name.Length > 0 && name.Length <= ValueReader.IdLengthMax && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');

    private List<FlowInput> ReadInputs(Keys keys)
    {
        List<FlowInput> inputs = [];
        if (keys.Item("inputs") is YamlText { IsNull: true } || keys.List("inputs") is not { } list)
        {
            return inputs;
        }

        CheckCount("inputs", list, list.Items.Count);
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

            string? written = input.Has("type") ? ReadType(input.Text("type")) : null;
            JsonSchema? schema = DeclaredSchema.Read(input, ref written, _problems);
            string type = written ?? InputTypes.Any;
            JsonElement fallback = ReadDefault(input, type, schema);
            bool required = input.Bool("required") ?? fallback.ValueKind == JsonValueKind.Undefined;
            inputs.Add(new FlowInput(name, type, required, input.Prose("description") ?? schema?.Description, fallback) { Check = schema });
        }

        return inputs;
    }

    /// <summary>Settings in which only the environment and secrets are known.</summary>
    private Dictionary<string, Template> ReadConnections(Keys keys)
    {
        Dictionary<string, Template> connections = new(StringComparer.Ordinal);
        if (keys.Item("connections") is YamlText { IsNull: true } || keys.Mapping("connections") is not { } map)
        {
            return connections;
        }

        CheckCount("connections", map, map.Entries.Count);
        Names names = new(null, _ids);
        names.Add(Name.Environment(_environment));
        names.Add(Name.Secrets(null));
        foreach (YamlEntry entry in map.Entries)
        {
            Template settings = _steps.Values.Template(entry.Value, names);
            foreach (InputFault fault in _tasks.Resources.Connections.Check(entry.Key.Value, _steps.Values.Literal(entry.Value).ToJson()))
            {
                // Where tasks are not at hand, plugins that bring types of connections are not either.
                if (_checksTasks || fault.Pointer != "/type")
                {
                    _problems.Error(Rules.Connection, fault.Pointer.Length == 0 ? entry.Key : YamlPointer.Find(entry.Value, fault.Pointer), fault.Message);
                }
            }

            connections[entry.Key.Value] = settings;
        }

        return connections;
    }

    private Dictionary<string, StateField> ReadState(Keys keys)
    {
        Dictionary<string, StateField> state = new(StringComparer.Ordinal);
        if (keys.Item("state") is YamlText { IsNull: true } || keys.Mapping("state") is not { } map)
        {
            return state;
        }

        CheckCount("state", map, map.Entries.Count);
        foreach (YamlEntry entry in map.Entries)
        {
            if (_steps.Values.Identifier(entry.Key, "a field of the state") is not { } name)
            {
                continue;
            }

            Value first = Value.Null;
            JsonSchema? schema = null;
            string? description = null;
            string type = InputTypes.Any;
            switch (entry.Value)
            {
                case YamlMap field:
                    Keys parts = new(field, _problems, Language.StateField);
                    string? written = parts.Has("type") ? ReadType(parts.Text("type")) : null;
                    schema = DeclaredSchema.Read(parts, ref written, _problems);
                    type = written ?? InputTypes.Any;
                    JsonElement given = ReadDefault(parts, type, schema);
                    first = given.ValueKind == JsonValueKind.Undefined ? Value.Null : Value.FromJson(given);
                    description = parts.Prose("description");
                    break;
                case YamlText { IsNull: true }:
                    break;
                case YamlText word:
                    type = ReadType(word);
                    break;
                default:
                    _problems.Error(Rules.WrongType, entry.Value, $"a field of the state must be a type or a mapping, not {entry.Value.Name}");
                    break;
            }

            state[name] = new StateField(name, type, first, description, schema);
        }

        return state;
    }

    private void CheckCount(string key, YamlItem at, int count)
    {
        if (count > DeclarationsMax)
        {
            _problems.Error(Rules.TooComplex, at, $"'{key}' has more than {DeclarationsMax} entries", "Make an object of them.");
            throw new Problems.TooManyException();
        }
    }

    private string ReadType(YamlText? text)
    {
        if (text is null)
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

        CheckCount("outputs", list, list.Items.Count);
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
