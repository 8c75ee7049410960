using System.Text.Json;

namespace Actors.Protocol;

/// <summary>What is to be started.</summary>
public sealed record StartRunRequest
{
    /// <summary>Any JSON value; absent when the flow needs none.</summary>
    public JsonElement? Input { get; init; }

    /// <summary>Another name of <see cref="Input"/>; only one of the two may be given.</summary>
    public JsonElement? Inputs { get; init; }

    /// <summary>A version's label or pinned version. Absent: the latest.</summary>
    public string? Version { get; init; }

    /// <summary>At most 32 labels for search: names to 100, values to 500 characters.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Higher goes first where runs queue. −100 to 100, default 0.</summary>
    public int? Priority { get; init; }
}

/// <param name="Reason">Shown with the run; absent for none.</param>
public sealed record CancelRequest(string? Reason = null);

/// <param name="Payload">Any JSON value; absent for none.</param>
public sealed record SignalRequest(JsonElement? Payload = null);
