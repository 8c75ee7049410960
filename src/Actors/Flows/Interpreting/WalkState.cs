using System.Text.Json;

namespace Actors.Flows;

/// <summary>
/// A flow's declared state over that of the run. The fields of a flow that runs inside another one have a prefix, so that they are its own.
/// </summary>
internal sealed class WalkState(IReadOnlyDictionary<string, StateField> fields, string prefix)
{
    public static WalkState None { get; } = new(new Dictionary<string, StateField>(), "");

    public bool IsEmpty => fields.Count == 0;

    public string Prefix => prefix;

    /// <summary>All fields as one object.</summary>
    public Value Read(FlowState state) => Value.Object(fields.Values.Select(field => KeyValuePair.Create(field.Name, Read(state, field.Name))));

    public Value Read(FlowState state, string name) =>
        state.Has(prefix + name) ? Value.FromJson(state.Get<JsonElement>(prefix + name)) : fields[name].Default;

    /// <summary>Gives every field its first value again: for a flow that runs once more in the same run.</summary>
    public void Reset(FlowState state)
    {
        foreach (StateField field in fields.Values)
        {
            if (state.Has(prefix + field.Name))
            {
                state.Set<JsonElement?>(prefix + field.Name, null);
            }
        }
    }

    /// <exception cref="StepFailedException">The value does not fit the field.</exception>
    public void Change(FlowState state, StateOperation operation, string name, Value value, string step)
    {
        StateField field = fields[name];
        Value result = operation switch
        {
            StateOperation.Set => value,
            StateOperation.Append => Append(Read(state, name), value, field, step),
            _ => Merge(Read(state, name), value, field, step),
        };
        Put(state, field, result, step);
    }

    public void Put(FlowState state, string name, Value value, string step) => Put(state, fields[name], value, step);

    private void Put(FlowState state, StateField field, Value value, string step)
    {
        Value fitted = value;
        if (!value.IsNull && !InputTypes.TryFit(value, field.Type, out fitted))
        {
            throw Frame.Fail(step, ErrorTypes.InvalidInput, $"state.{field.Name} must be {InputTypes.Name(field.Type)}, not {InputTypes.NameOf(value)}");
        }

        if (!fitted.IsNull && field.Schema is { } schema && !schema.TryValidate(fitted, out fitted, out IReadOnlyList<SchemaFault> faults))
        {
            throw Frame.Fail(step, ErrorTypes.InvalidInput, $"state.{field.Name}{faults[0].Pointer} {faults[0].Message}");
        }

        state.Set(prefix + field.Name, fitted.ToJson());
    }

    private static Value Append(Value before, Value value, StateField field, string step)
    {
        if (before.IsNull)
        {
            return Value.List(value);
        }

        return before.AsList is { } list
            ? Value.List([.. list.Items, value])
            : throw Frame.Fail(step, ErrorTypes.InvalidInput, $"'append' needs a list, but state.{field.Name} is {InputTypes.NameOf(before)}");
    }

    private static Value Merge(Value before, Value value, StateField field, string step)
    {
        if (value.Kind != ValueKind.Object || before.Kind is not (ValueKind.Object or ValueKind.Null))
        {
            Value wrong = value.Kind == ValueKind.Object ? before : value;
            throw Frame.Fail(step, ErrorTypes.InvalidInput, $"'merge' needs two objects, but {(wrong.Equals(value) ? "the value" : $"state.{field.Name}")} is {InputTypes.NameOf(wrong)}");
        }

        return before.IsNull ? value : Merging.Deep(before, value);
    }
}
