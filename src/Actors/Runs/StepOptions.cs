using System.Text.Json;

namespace Actors;

/// <summary>How a step is run. Everything has a default; <see cref="Default"/> is one attempt without a limit of time.</summary>
public sealed record StepOptions
{
    public static StepOptions Default { get; } = new();

    /// <summary>Default: one attempt.</summary>
    public RetryPolicy Retry { get; init; } = RetryPolicy.None;

    /// <summary>
    /// The limit of one attempt. The body's token is cancelled then, and the attempt has failed with <see cref="ErrorTypes.Timeout"/> whether the body listens or not.
    /// Null: no limit.
    /// </summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>
    /// The name of the handler that undoes this step when the run is cancelled or fails later: a compensation of the flow, else a registered task.
    /// Its input is <see cref="CompensationInput"/>, or the step's result when that is null. Null: nothing is undone.
    /// </summary>
    public string? Compensation { get; init; }

    /// <summary>What the compensation is given in place of the step's result.</summary>
    public object? CompensationInput { get; init; }

    /// <summary>
    /// Makes what the compensation is given out of the step's result, in place of <see cref="CompensationInput"/>. Called on the flow's thread in every walk, when the outcome is delivered:
    /// it must be pure. When it throws, the step has failed with that error and nothing is undone.
    /// </summary>
    internal Func<JsonElement, JsonElement>? CompensationInputFrom { get; init; }
}

/// <summary>What the body of a step knows about itself. Safe to use from any thread while the body runs.</summary>
public interface IStepContext
{
    RunInfo Run { get; }

    /// <summary>The step's key in its run, e.g. <c>items[3]/reserve</c>.</summary>
    string StepKey { get; }

    /// <summary>From 1.</summary>
    int Attempt { get; }

    /// <summary>
    /// How the attempt before this one failed, also when it is not counted because the body had no part in it; null at the first. It is in the journal and so survives a restart,
    /// unless the process ends before that attempt's failure is recorded.
    /// </summary>
    FlowError? PreviousError => null;

    /// <summary>
    /// The same for every attempt of this step, also after a crash: hand it to the system that is called, so that it can recognise a repetition.
    /// Run id, a colon and the step key.
    /// </summary>
    string IdempotencyKey { get; }

    /// <summary>Cancelled when the attempt's time is over, the run is cancelled, or the silo shuts down.</summary>
    CancellationToken CancellationToken { get; }

    /// <summary>The silo's clock: bodies that wait should wait on it, so that tests can run in virtual time.</summary>
    TimeProvider Time { get; }

    /// <summary>The connection that a step of a YAML flow names for its task (<c>connection: crm</c>); null when it names none.</summary>
    IStepConnection? Connection => null;

    /// <summary>A connection of the flow's file or of the host.</summary>
    /// <exception cref="TaskException">There is none of this name (<see cref="ErrorTypes.UnknownConnection"/>), or its settings are wrong.</exception>
    IStepConnection GetConnection(string name) => throw Flows.ConnectionRegistry.Unknown(name, []);
}

/// <summary>The fixed facts of a run.</summary>
/// <param name="FlowVersion">The pinned definition: content hash of YAML, declared version of C#.</param>
public sealed record RunInfo(RunId Id, string Flow, string FlowVersion, string Tenant, string Principal, DateTimeOffset StartedAt);
