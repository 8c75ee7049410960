using System.Collections.Frozen;
using Actors.Protocol;

namespace Actors.Hosting;

/// <summary>What each kind of problem is called and what to do about it; served at its type's address.</summary>
internal static class ProblemCatalog
{
    private static readonly FrozenDictionary<string, ProblemDescription> Known = new ProblemDescription[]
    {
        new(ProblemCodes.MalformedJson, 400, "The body is not valid JSON", "Mend the JSON at the line and column given; columns count bytes from 1."),
        new(ProblemCodes.BodyRequired, 400, "A body is required", "Send the JSON object that the API document describes."),
        new(ProblemCodes.InvalidQuery, 400, "A query parameter is wrong", "Look at the parameter named in errors; allowed values are in its detail."),
        new(ProblemCodes.InvalidCursor, 400, "The cursor is not valid", "Use a cursor only as a page gave it, with the same address; begin again without one."),
        new(ProblemCodes.NotACandidate, 403, "Others may answer this human task", "Its candidates are people and groups; ask one of them."),
        new(ProblemCodes.UnknownFlow, 404, "No such flow", "List the flows with GET /flows; names are case-sensitive."),
        new(ProblemCodes.UnknownVersion, 404, "The flow has no such version", "GET /flows/{name} lists the versions."),
        new(ProblemCodes.NoDiagram, 404, "The flow has no diagram", "Flows in C# have no tree of steps; ask for the diagram of one of its runs."),
        new(ProblemCodes.UnknownRun, 404, "No such run", "Check the id; runs of other tenants are not shown."),
        new(ProblemCodes.UnknownTask, 404, "No such human task", "Check the id; human tasks of other tenants are not shown."),
        new(ProblemCodes.UnknownAddress, 404, "No such address", "The API document lists all addresses."),
        new(ProblemCodes.MethodNotAllowed, 405, "This address does not take this method", "The response header Allow lists the methods."),
        new(ProblemCodes.RunEnded, 409, "The run has ended", "An ended run never changes again; start another."),
        new(ProblemCodes.TaskClosed, 409, "The human task is closed", "Read the task: it says who answered, or that it expired or was cancelled."),
        new(ProblemCodes.IdempotencyKeyReused, 409, "The idempotency key was used for another request", "Use a new key for a new request, or send the first request unchanged."),
        new(ProblemCodes.PayloadTooLarge, 413, "The body is too large", "Store large data elsewhere and send a reference, or raise Actors:Silo:PayloadBytesMax."),
        new(ProblemCodes.UnsupportedMediaType, 415, "The body must be JSON", "Send Content-Type: application/json in UTF-8."),
        new(ProblemCodes.InvalidRequest, 422, "The request is not valid", "Mend what errors names."),
        new(ProblemCodes.UnknownField, 422, "The body has an unknown field", "Mend or remove the fields that errors names; nothing is ignored silently."),
        new(ProblemCodes.InvalidPriority, 422, "The priority is out of bounds", "Give a whole number from -100 to 100."),
        new(ProblemCodes.InvalidMetadata, 422, "The labels are out of bounds", "At most 32 labels, names to 100 and values to 500 characters."),
        new(ProblemCodes.InvalidKey, 422, "A key or name is not valid", "1 to 200 characters without control characters."),
        new(ProblemCodes.InvalidReason, 422, "The reason is too long", "At most 4,000 characters."),
        new(ProblemCodes.InvalidDecision, 422, "The task has no such decision", "Give one of the task's decisions."),
        new(ProblemCodes.InvalidData, 422, "The data does not fit the task's form", "Mend what errors names; the task's form says what the data must look like."),
        new(ProblemCodes.InvalidComment, 422, "The comment is too long", "At most 4,000 characters."),
        new(ProblemCodes.StoreRefused, 422, "The database refuses a value", "Change the value that the detail names."),
        new(ProblemCodes.InvalidInput, 422, "The input does not fit the flow", "Mend what errors names; GET /flows/{name} shows the declared inputs."),
        new(ProblemCodes.Overloaded, 429, "A limit is reached now", "Send the same request again after Retry-After seconds; nothing was done."),
        new(ProblemCodes.Internal, 500, "Something went wrong in the silo", "Look for the trace id in the silo's log."),
        new(ProblemCodes.Unavailable, 503, "The silo cannot do this now", "Send the same request again after Retry-After seconds, with its Idempotency-Key."),
    }.ToFrozenDictionary(p => p.Code, StringComparer.Ordinal);

    public static ProblemDescription? Find(string code) => Known.GetValueOrDefault(code);

    public static string Title(string code, int status) => Find(code)?.Title ?? Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status);
}
