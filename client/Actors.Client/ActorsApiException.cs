using System.Net;
using Actors.Protocol;

namespace Actors.Client;

/// <summary>The silo refused a request, or something else answered in its place. The message is for people; decide by the properties.</summary>
public sealed class ActorsApiException : Exception
{
    internal ActorsApiException(HttpStatusCode status, Problem? problem, string message)
        : base(message)
    {
        Status = status;
        Problem = problem;
    }

    public HttpStatusCode Status { get; }

    /// <summary>One of <see cref="ProblemCodes"/> or a code of the engine; empty when no problem document came, e.g. from a proxy.</summary>
    public string Code => Problem?.Code ?? "";

    /// <summary>The single faults of the request; empty when the message says it all.</summary>
    public IReadOnlyList<ProblemError> Errors => Problem?.Errors ?? [];

    /// <summary>The whole answer; null when no problem document came.</summary>
    public Problem? Problem { get; }
}

/// <summary>Nothing answers at the address, also after repeating: the silo is not running, or the network fails.</summary>
public sealed class ActorsUnreachableException(Uri address, Exception inner)
    : Exception($"Nothing answers at {address.GetLeftPart(UriPartial.Authority)}: {inner.Message}", inner)
{
    public Uri Address { get; } = address;
}
