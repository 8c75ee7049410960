namespace Actors.Protocol;

/// <summary>The codes of <see cref="Problem.Code"/>. A code is never reused for something else; later versions may add some.</summary>
public static class ProblemCodes
{
    public const string MalformedJson = "malformed_json";
    public const string InvalidRequest = "invalid_request";
    public const string UnknownField = "unknown_field";
    public const string InvalidQuery = "invalid_query";
    public const string InvalidCursor = "invalid_cursor";
    public const string InvalidInput = "invalid_input";
    public const string BodyRequired = "body_required";
    public const string PayloadTooLarge = "payload_too_large";
    public const string UnsupportedMediaType = "unsupported_media_type";
    public const string UnknownFlow = "unknown_flow";
    public const string UnknownRun = "unknown_run";
    public const string UnknownTask = "unknown_task";
    public const string UnknownAddress = "unknown_address";
    public const string MethodNotAllowed = "method_not_allowed";
    public const string Overloaded = "overloaded";
    public const string Unavailable = "unavailable";
    public const string Internal = "internal";
    public const string UnknownVersion = "unknown_version";
    public const string NoDiagram = "no_diagram";
    public const string RunEnded = "run_ended";
    public const string TaskClosed = "task_closed";
    public const string IdempotencyKeyReused = "idempotency_key_reused";
    public const string InvalidPriority = "invalid_priority";
    public const string InvalidMetadata = "invalid_metadata";
    public const string InvalidKey = "invalid_key";
    public const string InvalidReason = "invalid_reason";
    public const string InvalidDecision = "invalid_decision";
    public const string NotACandidate = "not_a_candidate";
    public const string InvalidData = "invalid_data";
    public const string InvalidComment = "invalid_comment";
    public const string StoreRefused = "store_refused";
}
