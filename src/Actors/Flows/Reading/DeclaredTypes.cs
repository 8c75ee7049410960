namespace Actors.Flows;

/// <summary>What the declarations of one flow say of the types of its values.</summary>
/// <param name="tasks">Null: the results of tasks are not known.</param>
/// <param name="areFollowed">
/// False: only the words for types of inputs and state count. For stored flows, whose runs must go on although a later version could tell more of what can never work.
/// </param>
internal sealed class DeclaredTypes(TaskRegistry? tasks, bool areFollowed)
{
    private readonly TaskResultTypes _results = new();
    private readonly Dictionary<string, StaticType> _tasks = new(StringComparer.Ordinal);

    /// <summary>The object of a flow's inputs. An input that need not be given may be null.</summary>
    public StaticType OfInputs(IEnumerable<FlowInput> inputs) =>
        StaticType.ObjectOf(inputs.ToDictionary(static i => i.Name, i => i.Required ? Of(i.Type, i.Check) : Of(i.Type, i.Check).OrNull(), StringComparer.Ordinal));

    /// <summary>The fields of a flow's state. Any of them may be null.</summary>
    public IReadOnlyDictionary<string, StaticType> OfState(IEnumerable<StateField> state) =>
        state.ToDictionary(static field => field.Name, field => Of(field.Type, field.Schema).OrNull(), StringComparer.Ordinal);

    /// <summary>Of what a schema has accepted.</summary>
    /// <param name="schema">Null: there is none, or it is wrong.</param>
    public StaticType OfSchema(JsonSchema? schema) => schema is null || !areFollowed ? StaticType.Any : SchemaTyping.Of(schema);

    /// <summary>Of a task's result.</summary>
    public StaticType OfTask(string name)
    {
        if (tasks is null || !areFollowed)
        {
            return StaticType.Any;
        }

        if (!_tasks.TryGetValue(name, out StaticType? type))
        {
            type = _results.Of(tasks.Find(name)?.ResultType);
            _tasks.Add(name, type);
        }

        return type;
    }

    /// <summary>Of a step's output, when it has run to its end; null: nothing is known.</summary>
    public StaticType? OfStep(FlowStep step) => areFollowed ? step.OutputType : null;

    /// <summary>Of what an expression makes a step's output.</summary>
    public StaticType OfOutput(StaticType type) => areFollowed ? type : StaticType.Any;

    /// <summary>Of the items of a list.</summary>
    public StaticType OfItems(Template list) => areFollowed || list is HoleTemplate ? list.Type.Item : StaticType.Any;

    private StaticType Of(string word, JsonSchema? schema)
    {
        StaticType type = StaticType.OfWord(word);
        return schema is null || !areFollowed ? type : SchemaTyping.Of(schema).Only(type.Kinds);
    }
}
