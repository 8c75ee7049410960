using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;

namespace Actors;

/// <summary>Checks the data of answers against the form of their question.</summary>
internal static class HumanForm
{
    // As many as a person reads in one message; all of them are in the faults.
    private const int FaultsTold = 5;

    /// <summary>
    /// The answer's data, completed with the form's defaults. Where nothing was given and the form is for an object, an empty one is meant.
    /// </summary>
    /// <param name="data">Undefined when none was given.</param>
    /// <exception cref="InvalidRequestException">The data does not fit; all faults are in it.</exception>
    /// <exception cref="UnavailableException">The form was stored by a later version, and this one cannot read it.</exception>
    public static JsonElement Complete(HumanTaskRow task, JsonElement data)
    {
        if (task.Form is null)
        {
            return data;
        }

        JsonSchema form = Read(task);
        JsonElement given = data.ValueKind != JsonValueKind.Undefined ? data
            : ((form.Types & SchemaTypes.Object) != 0 ? Value.EmptyObject : Value.Null).ToJson();
        if (form.TryValidate(given, out JsonElement completed, out IReadOnlyList<SchemaFault> faults))
        {
            return completed;
        }

        string more = faults.Count > FaultsTold ? $"; and {faults.Count - FaultsTold} more" : "";
        throw new InvalidRequestException(
            "invalid_data", $"The answer's data does not fit the form: {string.Join("; ", faults.Take(FaultsTold).Select(f => f.Sentence("it")))}{more}.", "/data" + faults[0].Pointer)
        {
            Faults = faults.Select(f => new InputFault("/data" + f.Pointer, f.Sentence("the data"))).ToArray(),
        };
    }

    private static JsonSchema Read(HumanTaskRow task)
    {
        try
        {
            return JsonSchema.Parse(task.Form!);
        }
        catch (JsonSchemaException)
        {
            throw new UnavailableException($"The form of human task {task.Id} uses what this version cannot check; answer it where a later one runs.");
        }
    }
}
