namespace Actors.Silos;

/// <summary>A caller's mistake or a state of affairs that the caller must know; nothing was changed. <see cref="Code"/> is stable and documented.</summary>
public abstract class ActorsException(string code, string message) : Exception(message)
{
    public string Code { get; } = code;
}

/// <summary>There is no such run, human task or flow for this tenant.</summary>
public sealed class NotFoundException(string code, string message) : ActorsException(code, message);

/// <summary>The thing exists but is in a state that does not allow this: it has ended, was answered, or the idempotency key was used with another request.</summary>
public sealed class ConflictException(string code, string message) : ActorsException(code, message);

/// <summary>The request itself is wrong.</summary>
public sealed class InvalidRequestException(string code, string message, string? pointer = null) : ActorsException(code, message)
{
    /// <summary>JSON pointer to the wrong part; null when it is the whole.</summary>
    public string? Pointer { get; } = pointer;

    /// <summary>All that is wrong, where several things can be; otherwise empty.</summary>
    public IReadOnlyList<Flows.InputFault> Faults { get; init; } = [];
}

/// <summary>A limit is reached now; the same request can succeed later.</summary>
public sealed class OverloadedException(string message) : ActorsException("overloaded", message);

/// <summary>The silo is starting or stopping, or its database does not answer; the same request can succeed later or elsewhere.</summary>
public sealed class UnavailableException(string message) : ActorsException("unavailable", message);

/// <summary>The run is in another silo's memory, cannot be run here, or has ended.</summary>
internal sealed class RunElsewhereException(RunId run) : ActorsException("run_elsewhere", $"Run {run} has ended, or another silo has it.");
