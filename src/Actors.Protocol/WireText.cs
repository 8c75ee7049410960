namespace Actors.Protocol;

/// <summary>Fixed words of the API beside its records.</summary>
public static class WireText
{
    /// <summary>Request header: 1 to 200 characters; the same key with the same request is done once.</summary>
    public const string IdempotencyKey = "Idempotency-Key";

    /// <summary>Response header, <c>true</c> when the key had been used before and nothing new was done.</summary>
    public const string IdempotencyReplayed = "Idempotency-Replayed";

    /// <summary>Request header of event streams: resume after the event with this number.</summary>
    public const string LastEventId = "Last-Event-ID";

    /// <summary>The SSE event that ends every stream of a run. Its data is the <see cref="RunView"/>; it has no id.</summary>
    public const string DoneEvent = "done";

    /// <summary>In lists of runs: a query parameter <c>metadata.KEY=value</c> asks for runs with this label.</summary>
    public const string MetadataPrefix = "metadata.";

    public const string ProblemContentType = "application/problem+json";
    public const string EventStreamContentType = "text/event-stream";

    /// <summary>Where a silo listens when nothing else is said.</summary>
    public const string DefaultUrl = "http://127.0.0.1:5080";
}
