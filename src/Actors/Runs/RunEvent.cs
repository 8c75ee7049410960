using System.Text.Json;
using Actors.Storage;

namespace Actors;

/// <summary>One thing that happened in a run, as people and programs see it: a journal entry in public words.</summary>
/// <param name="Seq">The journal entry's number; resume a stream after it.</param>
/// <param name="Type">One of <see cref="RunEventTypes"/>.</param>
/// <param name="Step">The step's key; null for the run itself.</param>
/// <param name="Attempt">For steps: which attempt, from 1; null otherwise.</param>
/// <param name="Duration">For ended steps: of the last attempt; null otherwise.</param>
/// <param name="Data">Result, input, answer, payload, report or what the flow emitted; undefined when there is none.</param>
/// <param name="Error">What failed; null otherwise.</param>
/// <param name="DueAt">For waits: when they end by themselves; for failed attempts: when the next begins. Null otherwise.</param>
/// <param name="Detail">Further facts in words: the task's id, the id of the child or of the run that was sent a signal, the name of an emitted event, a reason. Null when there are none.</param>
public sealed record RunEvent(
    long Seq,
    string Type,
    DateTimeOffset At,
    string? Step = null,
    int? Attempt = null,
    TimeSpan? Duration = null,
    JsonElement Data = default,
    FlowError? Error = null,
    DateTimeOffset? DueAt = null,
    string? Detail = null)
{
    /// <summary>True for the last event of a run.</summary>
    public bool IsFinal => Type is RunEventTypes.RunCompleted or RunEventTypes.RunFailed or RunEventTypes.RunCancelled;
}

/// <summary>The words of <see cref="RunEvent.Type"/>; part of the public API.</summary>
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
}
