namespace Actors.Flows;

/// <summary>Checks what a flow ends with against the schemas of its outputs.</summary>
internal static class OutputCheck
{
    // As many as fit into an error's message.
    private const int FaultsTold = 5;

    /// <summary>The outputs, completed with defaults. Of a flow that ends itself early only those that it gives are checked.</summary>
    /// <exception cref="StepFailedException">One does not fit: <see cref="ErrorTypes.InvalidOutput"/>, with all places in its data.</exception>
    public static Value Check(IReadOnlyList<FlowOutput> declared, Value outputs)
    {
        if (outputs.AsObject is not { } map || declared.All(o => o.Check is null))
        {
            return outputs;
        }

        SchemaBudget budget = new();
        List<InputFault> faults = [];
        Dictionary<string, JsonSchema> schemas = declared.Where(o => o.Check is not null).ToDictionary(o => o.Name, o => o.Check!, StringComparer.Ordinal);
        KeyValuePair<string, Value>[] completed = [.. map.Entries];
        for (int i = 0; i < completed.Length; i++)
        {
            (string name, Value value) = completed[i];
            if (schemas.TryGetValue(name, out JsonSchema? schema) && !schema.TryValidate(value, budget, out value, out IReadOnlyList<SchemaFault> wrong))
            {
                faults.AddRange(wrong.Select(f => new InputFault($"/{SchemaFault.Escape(name)}{f.Pointer}", $"'{name}{f.Pointer}' {f.Message}")));
            }

            completed[i] = new(name, value);
        }

        if (faults.Count == 0)
        {
            return Value.Object(completed);
        }

        string more = faults.Count > FaultsTold ? $"; and {faults.Count - FaultsTold} more" : "";
        throw new StepFailedException(
            "outputs",
            new FlowError(
                ErrorTypes.InvalidOutput,
                Text.Shorten($"The output is not valid: {string.Join("; ", faults.Take(FaultsTold).Select(f => f.Message))}{more}", FlowError.MessageLengthMax),
                null,
                System.Text.Json.JsonSerializer.SerializeToElement(faults.Take(JsonSchema.FaultsMax), FlowJson.Options)));
    }
}
