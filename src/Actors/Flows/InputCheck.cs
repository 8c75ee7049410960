using System.Text.Json;

namespace Actors.Flows;

/// <summary>Checks what a run is to be started with against the inputs that its flow declares.</summary>
internal static class InputCheck
{
    // Enough to mend any form; a hostile body could hold a million unknown names.
    private const int FaultsMax = 100;

    /// <summary>The input that is journaled: every declared name, in the order of declaration, absent optional ones as null.</summary>
    /// <exception cref="InvalidFlowInputException">All faults.</exception>
    public static ReadOnlyMemory<byte> Check(string flow, IReadOnlyList<FlowInput> declared, JsonElement input)
    {
        List<InputFault> faults = [];
        Value result = Value.EmptyObject;
        try
        {
            result = Fit(declared, Value.FromJson(input), faults);
            if (faults.Count == 0 && result.Depth(Evaluation.DepthMax) > Evaluation.DepthMax)
            {
                faults.Add(new InputFault("", $"the input is nested deeper than {Evaluation.DepthMax} levels"));
            }

            // Writing looks into every corner: what cannot be journaled is refused here.
            return faults.Count == 0 ? JsonSerializer.SerializeToUtf8Bytes(result, FlowJson.Options) : throw new InvalidFlowInputException(flow, faults);
        }
        catch (InvalidOperationException)
        {
            faults.Add(new InputFault("", "a text in the input is not valid Unicode"));
        }
        catch (JsonException e)
        {
            faults.Add(new InputFault("", Text.Shorten(e.Message, 500)));
        }

        throw new InvalidFlowInputException(flow, faults);
    }

    private static Value Fit(IReadOnlyList<FlowInput> declared, Value input, List<InputFault> faults)
    {
        if (!input.IsNull && input.Kind != ValueKind.Object)
        {
            faults.Add(new InputFault("", $"the input must be an object, not {InputTypes.NameOf(input)}"));
            return input;
        }

        SchemaBudget budget = new();
        ValueMap given = (input.IsNull ? Value.EmptyObject : input).AsObject!;
        List<KeyValuePair<string, Value>> result = new(declared.Count);
        foreach (FlowInput wanted in declared)
        {
            result.Add(new(wanted.Name, FitOne(wanted, given, faults, budget)));
        }

        HashSet<string> names = [.. declared.Select(d => d.Name)];
        foreach (KeyValuePair<string, Value> entry in given.Entries)
        {
            if (faults.Count >= FaultsMax)
            {
                break;
            }

            if (!names.Contains(entry.Key))
            {
                faults.Add(new InputFault(Pointer(entry.Key), Unknown(entry.Key, declared)));
            }
        }

        return Value.Object(result);
    }

    private static Value FitOne(FlowInput wanted, ValueMap given, List<InputFault> faults, SchemaBudget budget)
    {
        bool isThere = given.TryGet(wanted.Name, out Value value);
        if (!isThere && wanted.Default.ValueKind != JsonValueKind.Undefined)
        {
            return Value.FromJson(wanted.Default);
        }

        bool takesNull = wanted.Type == InputTypes.Any && (wanted.Check is null || (wanted.Check.Types & SchemaTypes.Null) != 0);
        if (!isThere || (value.IsNull && !takesNull))
        {
            if (wanted.Required)
            {
                string type = wanted.Type == InputTypes.Any && wanted.Check is not null ? SchemaTypeNames.Describe(wanted.Check.Types) : InputTypes.Name(wanted.Type);
                faults.Add(new InputFault(Pointer(wanted.Name), isThere ? $"'{wanted.Name}' must be {type}, not null" : $"'{wanted.Name}' is required"));
            }

            return Value.Null;
        }

        if (!InputTypes.TryFit(value, wanted.Type, out Value fitted))
        {
            faults.Add(new InputFault(Pointer(wanted.Name), $"'{wanted.Name}' must be {InputTypes.Name(wanted.Type)}, not {InputTypes.NameOf(value)}"));
            return fitted;
        }

        if (wanted.Check is null || faults.Count >= FaultsMax)
        {
            return fitted;
        }

        if (wanted.Check.TryValidate(fitted, budget, out Value completed, out IReadOnlyList<SchemaFault> wrong))
        {
            return completed;
        }

        faults.AddRange(wrong.Take(FaultsMax - faults.Count).Select(f => new InputFault(Pointer(wanted.Name) + f.Pointer, $"'{wanted.Name}{f.Pointer}' {f.Message}")));
        return fitted;
    }

    private static string Unknown(string name, IReadOnlyList<FlowInput> declared)
    {
        string? near = Text.Nearest(name, declared.Select(d => d.Name));
        string known = declared.Count == 0 ? "The flow declares no inputs." : $"Known: {Names.List(declared.Select(d => d.Name))}.";
        return $"there is no input '{Text.Shorten(name, 80)}'. {(near is null ? known : $"Did you mean '{near}'?")}";
    }

    // RFC 6901.
    private static string Pointer(string name) =>
        "/" + SchemaFault.Escape(name);
}
