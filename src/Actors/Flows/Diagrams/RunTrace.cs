using System.Text.Json;
using Actors.Runs;
using Actors.Storage;

namespace Actors.Flows;

/// <summary>What the journal of a run says about a step.</summary>
/// <param name="Key">The step's key, e.g. <c>items[3]/reserve</c>.</param>
/// <param name="State">Done, failed, running, waiting or cancelled; none for a loop of which only iterations are known.</param>
/// <param name="Attempts">How many were begun; 0 for what is not attempted, such as a wait.</param>
/// <param name="Iterations">Of a loop: how many have ended; 0 for everything else.</param>
/// <param name="Kind">step, wait, approval, flow, signal or scope.</param>
public sealed record TraceStep(string Key, StepState State, int Attempts, int Iterations, string Kind);

/// <summary>What a run has done so far, step by step.</summary>
public sealed class RunTrace
{
    internal RunTrace(RunRow run, IReadOnlyList<TraceStep> steps, JsonElement input, string? exitReason, bool isPartial)
    {
        Run = run;
        Steps = steps;
        Input = input;
        ExitReason = exitReason;
        IsPartial = isPartial;
    }

    /// <summary>The run's row, read before its journal.</summary>
    public RunRow Run { get; }

    /// <summary>One for each key, in the order in which the journal first has them.</summary>
    public IReadOnlyList<TraceStep> Steps { get; }

    /// <summary>Undefined when it was not read.</summary>
    public JsonElement Input { get; }

    /// <summary>Why the flow ended itself early; null when it did not.</summary>
    public string? ExitReason { get; }

    /// <summary>True: the journal is so long that only its beginning and its end were read.</summary>
    public bool IsPartial { get; }
}

/// <summary>Puts a trace together from journal entries in their order.</summary>
internal sealed class TraceBuilder
{
    private readonly List<string> _keys = [];
    private readonly Dictionary<string, TraceStep> _steps = new(StringComparer.Ordinal);
    private JsonElement _input;
    private string? _exitReason;

    public void Add(in JournalEntry entry)
    {
        switch (entry.Kind)
        {
            case EntryKind.RunStarted:
                _input = EntryBody.Read<RunStartedBody>(entry).Input;
                break;
            case EntryKind.RunCompleted:
                _exitReason = EntryBody.Read<RunEndedBody>(entry).Reason;
                break;
            case EntryKind.StepStarted:
                Set(entry, StepState.Running, "step", EntryBody.Read<StepStartedBody>(entry).Attempt);
                break;
            case EntryKind.AttemptFailed:
                Set(entry, StepState.Waiting, "step", EntryBody.Read<AttemptFailedBody>(entry).Attempt);
                break;
            case EntryKind.StepCompleted:
                Set(entry, StepState.Done, "step", EntryBody.ReadStepCompleted(entry.Payload).Attempt);
                break;
            case EntryKind.StepFailed:
                Set(entry, StepState.Failed, "step", EntryBody.Read<StepFailedBody>(entry).Attempt);
                break;
            case EntryKind.StepCancelled:
                Set(entry, StepState.Cancelled, "step");
                break;
            case EntryKind.TimerSet or EntryKind.WaitOpened:
                Set(entry, StepState.Waiting, "wait");
                break;
            case EntryKind.TimerFired or EntryKind.WaitCompleted or EntryKind.WaitExpired:
                Set(entry, StepState.Done, "wait");
                break;
            case EntryKind.AskOpened:
                Set(entry, StepState.Waiting, "approval");
                break;
            case EntryKind.AskAnswered or EntryKind.AskExpired:
                Set(entry, StepState.Done, "approval");
                break;
            case EntryKind.SignalSent or EntryKind.EventEmitted:
                Set(entry, StepState.Done, "signal");
                break;
            case EntryKind.SignalNotSent:
                Set(entry, StepState.Failed, "signal");
                break;
            case EntryKind.ChildStarted:
                Set(entry, StepState.Waiting, "flow");
                break;
            case EntryKind.ChildCompleted or EntryKind.RunLaunched:
                Set(entry, StepState.Done, "flow");
                break;
            case EntryKind.ChildFailed:
                Set(entry, StepState.Failed, "flow");
                break;
            case EntryKind.ChildCancelled:
                Set(entry, StepState.Cancelled, "flow");
                break;
            case EntryKind.ScopeProgress:
                Set(entry, StepState.None, "scope", iterations: EntryBody.Read<ScopeEndedBody>(entry).Iteration + 1 ?? 1);
                break;
            case EntryKind.ScopeCompleted:
                Set(entry, StepState.Done, "scope");
                break;
            case EntryKind.ScopeFailed:
                Set(entry, StepState.Failed, "scope");
                break;
        }
    }

    public RunTrace Build(RunRow run, bool isPartial) => new(run, [.. _keys.Select(key => _steps[key])], _input, _exitReason, isPartial);

    private void Set(in JournalEntry entry, StepState state, string kind, int attempts = 0, int iterations = 0)
    {
        if (entry.Key.Length == 0)
        {
            return;
        }

        if (!_steps.TryGetValue(entry.Key, out TraceStep? known))
        {
            _keys.Add(entry.Key);
            known = new TraceStep(entry.Key, StepState.None, 0, 0, kind);
        }

        _steps[entry.Key] = known with
        {
            State = state,
            Kind = known.Kind == "scope" ? kind : known.Kind,
            Attempts = Math.Max(known.Attempts, attempts),
            Iterations = Math.Max(known.Iterations, iterations),
        };
    }
}
