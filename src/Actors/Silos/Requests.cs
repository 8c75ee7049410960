using System.Text.Json;
using Actors.Storage;

namespace Actors.Silos;

/// <summary>What is to be started.</summary>
public sealed record StartRun
{
    public required string Flow { get; init; }

    /// <summary>A version's label or pinned version. Null: the latest.</summary>
    public string? Version { get; init; }

    /// <summary>Any JSON value; undefined when there is none.</summary>
    public JsonElement Input { get; init; }

    /// <summary>1 to 200 characters. The same key with the same request gives the same run; with another request it is a conflict. Null: every call starts a run.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Higher goes first where runs queue. −100 to 100, default 0.</summary>
    public int Priority { get; init; }

    /// <summary>At most 32 labels for search: names to 100, values to 500 characters.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <param name="Existed">True: the idempotency key named this run already; nothing was started.</param>
public sealed record StartedRun(RunRow Run, bool Existed);

/// <summary>An answer to a human task.</summary>
/// <param name="Decision">One of the task's decisions.</param>
/// <param name="Comment">At most 4,000 characters; null for none.</param>
/// <param name="Data">Any JSON value that fits the task's form, which also completes it; undefined for none.</param>
public sealed record TaskAnswer(string Decision, string? Comment = null, JsonElement Data = default);

/// <summary>How a run stands or ended.</summary>
/// <param name="Output">The output of a completed run, as JSON; undefined otherwise.</param>
/// <param name="Error">The error of a failed run; null otherwise.</param>
/// <param name="ExitReason">Why the flow ended itself early; null when it did not.</param>
/// <param name="CleanUpErrors">What went wrong in clean-up; empty when nothing did.</param>
public sealed record RunResult(RunRow Run, JsonElement Output, FlowError? Error, string? ExitReason, IReadOnlyList<string> CleanUpErrors);
