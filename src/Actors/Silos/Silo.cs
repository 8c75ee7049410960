using System.Text.Json;
using Actors.Flows;
using Actors.Storage;
using Microsoft.Extensions.Logging;

namespace Actors.Silos;

/// <summary>
/// A process's part in running flows: it holds the grains of the runs it owns, commits what they do, and takes commands for them. Thread-safe.
/// A 2xx of an API means that the call here returned: what it accepted is committed.
/// </summary>
public sealed class Silo : IAsyncDisposable
{
    public Silo(SiloOptions options, IStore store, FlowRegistry flows, TaskRegistry tasks, TimeProvider time, ILoggerFactory logs) => throw new NotSupportedException();

    public FlowRegistry Flows => throw new NotSupportedException();
    public TaskRegistry Tasks => throw new NotSupportedException();
    public IStore Store => throw new NotSupportedException();
    public TimeProvider Time => throw new NotSupportedException();

    /// <summary>True between the end of <see cref="StartAsync"/> and the beginning of <see cref="StopAsync"/>, while the life is alive.</summary>
    public bool IsReady => throw new NotSupportedException();

    /// <summary>Grains in memory now.</summary>
    public int ActiveRuns => throw new NotSupportedException();

    /// <summary>Begins a life and takes in the runs that a dead life left behind. Call once.</summary>
    public Task StartAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Drains: takes no new work, lets bodies finish within <see cref="SiloOptions.DrainLimit"/>, releases its runs, ends its life. Calling it again waits for the same end.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => throw new NotSupportedException();

    /// <summary>Starts a run. When it returns, the run is committed.</summary>
    /// <exception cref="NotFoundException">No such flow or version.</exception>
    /// <exception cref="InvalidFlowInputException">The input does not fit.</exception>
    /// <exception cref="InvalidRequestException">A label, key or priority is out of bounds.</exception>
    /// <exception cref="ConflictException">The idempotency key was used with another request.</exception>
    /// <exception cref="OverloadedException">Too many starts wait for their commit.</exception>
    /// <exception cref="UnavailableException">The silo is not ready.</exception>
    public Task<StartedRun> StartRunAsync(StartRun request, Caller caller, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>The run's row, with output or error when it has ended; null when the tenant has no such run.</summary>
    public Task<RunResult?> GetRunAsync(RunId id, Caller caller, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Waits until the run has ended, at most <paramref name="limit"/>; then gives it as it stands (check <see cref="RunStatuses.IsFinal"/>).</summary>
    /// <exception cref="NotFoundException">The tenant has no such run.</exception>
    public Task<RunResult> WaitForEndAsync(RunId id, Caller caller, TimeSpan limit, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Events with a number above <paramref name="afterSeq"/>, at most <paramref name="limit"/> (1 to 1,000).</summary>
    /// <exception cref="NotFoundException">The tenant has no such run.</exception>
    public Task<IReadOnlyList<RunEvent>> ReadEventsAsync(RunId id, Caller caller, long afterSeq, int limit, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>
    /// Events with a number above <paramref name="afterSeq"/> as they are committed, each once and in order; ends after the run's last event. Costs nothing while the run is quiet.
    /// </summary>
    /// <exception cref="NotFoundException">The tenant has no such run.</exception>
    public IAsyncEnumerable<RunEvent> WatchAsync(RunId id, Caller caller, long afterSeq = 0, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Asks the run to cancel: its open verbs are cancelled and its clean-up runs. Asking again while it cancels does nothing.</summary>
    /// <exception cref="NotFoundException">The tenant has no such run.</exception>
    /// <exception cref="ConflictException">The run has ended.</exception>
    public Task CancelRunAsync(RunId id, string? reason, Caller caller, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Sends a signal. It is kept until the run waits for it.</summary>
    /// <param name="signalId">The same id is taken in once; null: every call is a signal of its own. 1 to 200 characters.</param>
    /// <exception cref="NotFoundException">The tenant has no such run.</exception>
    /// <exception cref="ConflictException">The run has ended.</exception>
    /// <exception cref="OverloadedException">The run keeps too many signals already.</exception>
    public Task SignalRunAsync(RunId id, string name, JsonElement payload, string? signalId, Caller caller, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Answers a human task. Of several answers, an expiry and a cancel, exactly one wins.</summary>
    /// <exception cref="NotFoundException">The tenant has no such task.</exception>
    /// <exception cref="ConflictException">The task is closed; the message says by whom and when.</exception>
    /// <exception cref="InvalidRequestException">The decision is none of the task's, or the caller is no candidate.</exception>
    public Task<HumanTaskRow> AnswerAsync(HumanTaskId id, TaskAnswer answer, Caller caller, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Tries a parked run again, for example after the flow was mended. A run that is not parked is left as it is.</summary>
    /// <exception cref="NotFoundException">The tenant has no such run.</exception>
    /// <exception cref="ConflictException">The run has ended.</exception>
    public Task ResumeRunAsync(RunId id, Caller caller, CancellationToken cancellationToken = default) => throw new NotSupportedException();
}
