namespace Actors.Protocol;

/// <summary>
/// The codes that the API itself gives; the engine's own (e.g. why a run cannot be cancelled) come beside them. A code is never reused for something else.
/// </summary>
public static class ProblemCodes
{
    public const string MalformedJson = "malformed-json";
    public const string InvalidRequest = "invalid-request";
    public const string UnknownField = "unknown-field";
    public const string InvalidQuery = "invalid-query";
    public const string InvalidCursor = "invalid-cursor";
    public const string InvalidInput = "invalid-input";
    public const string BodyRequired = "body-required";
    public const string BodyTooLarge = "body-too-large";
    public const string UnsupportedMediaType = "unsupported-media-type";
    public const string FlowNotFound = "flow-not-found";
    public const string RunNotFound = "run-not-found";
    public const string HumanTaskNotFound = "human-task-not-found";
    public const string PageNotFound = "page-not-found";
    public const string MethodNotAllowed = "method-not-allowed";
    public const string Conflict = "conflict";
    public const string Overloaded = "overloaded";
    public const string Unavailable = "unavailable";
    public const string Internal = "internal";
}
