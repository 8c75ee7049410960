using System.Text.Json;

namespace Actors.Protocol;

/// <summary>One thing that happened in a run.</summary>
/// <param name="Seq">Rises within a run, with gaps; resume a stream after it.</param>
/// <param name="Type">One of <see cref="RunEventTypes"/>; later versions may add some.</param>
/// <param name="Step">The step's key; absent for the run itself.</param>
/// <param name="Attempt">Of steps: from 1.</param>
/// <param name="DurationMs">Of ended steps: of the last attempt.</param>
/// <param name="Data">Result, input, answer, payload, report or what the flow emitted.</param>
/// <param name="DueAt">Of waits: when they end by themselves; of failed attempts: when the next begins.</param>
/// <param name="Detail">Further facts in words: the task's id, the id of the child or of the run that was sent a signal, the name of an emitted event, a reason.</param>
public sealed record RunEventView(
    long Seq,
    string Type,
    DateTimeOffset At,
    string? Step = null,
    int? Attempt = null,
    double? DurationMs = null,
    JsonElement? Data = null,
    ErrorView? Error = null,
    DateTimeOffset? DueAt = null,
    string? Detail = null);

/// <param name="Next">Ask with <c>after</c> set to it for what follows; absent when the run has ended and everything was read.</param>
public sealed record EventPage(IReadOnlyList<RunEventView> Items, long? Next);

/// <summary>The words of <see cref="RunEventView.Type"/>.</summary>
public static class RunEventTypes
{
    public const string RunStarted = "run.started";
    public const string RunCompleted = "run.completed";
    public const string RunFailed = "run.failed";
    public const string RunCancelled = "run.cancelled";
    public const string RunCancelRequested = "run.cancel-requested";
    public const string RunParked = "run.parked";
    public const string RunResumed = "run.resumed";
    public const string RunReported = "run.reported";
    public const string StepStarted = "step.started";
    public const string StepRetrying = "step.retrying";
    public const string StepCompleted = "step.completed";
    public const string StepFailed = "step.failed";
    public const string StepCancelled = "step.cancelled";
    public const string TimerSet = "timer.set";
    public const string TimerFired = "timer.fired";
    public const string HumanTaskOpened = "human-task.opened";
    public const string HumanTaskAnswered = "human-task.answered";
    public const string HumanTaskExpired = "human-task.expired";
    public const string SignalReceived = "signal.received";
    public const string SignalWaiting = "signal.waiting";
    public const string SignalTaken = "signal.taken";
    public const string SignalExpired = "signal.expired";
    public const string SignalSent = "signal.sent";
    public const string SignalNotSent = "signal.not-sent";
    public const string EventEmitted = "event.emitted";
    public const string ChildStarted = "child.started";
    public const string ChildCompleted = "child.completed";
    public const string ChildFailed = "child.failed";
    public const string ChildCancelled = "child.cancelled";
    public const string RunLaunched = "run.launched";
    public const string ScopeCompleted = "scope.completed";
    public const string ScopeFailed = "scope.failed";
    public const string IterationCompleted = "iteration.completed";

    /// <summary>True for the last event of a run.</summary>
    public static bool IsFinal(string type) => type is RunCompleted or RunFailed or RunCancelled;
}
