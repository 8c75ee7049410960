using System.Text.Json;
using Actors.Storage;

namespace Actors.Runs;

/// <summary>Journal entries in public words.</summary>
internal static class RunEvents
{
    /// <summary>Entries that say nothing to a reader (snapshots) are left out.</summary>
    public static IReadOnlyList<RunEvent> From(IReadOnlyList<JournalEntry> entries)
    {
        List<RunEvent> events = new(entries.Count);
        foreach (JournalEntry entry in entries)
        {
            if (From(entry) is { } happened)
            {
                events.Add(happened);
            }
        }

        return events;
    }

    private static RunEvent? From(in JournalEntry entry)
    {
        RunEvent plain = new(entry.Seq, "", entry.At, entry.Key.Length == 0 ? null : entry.Key);
        switch (entry.Kind)
        {
            case EntryKind.RunStarted:
                return plain with { Type = RunEventTypes.RunStarted, Data = EntryBody.Read<RunStartedBody>(entry).Input };
            case EntryKind.RunCompleted:
                RunEndedBody completed = EntryBody.Read<RunEndedBody>(entry);
                return plain with { Type = RunEventTypes.RunCompleted, Data = completed.Output ?? default, Detail = completed.Reason };
            case EntryKind.RunFailed:
                return plain with { Type = RunEventTypes.RunFailed, Error = EntryBody.Read<RunEndedBody>(entry).Error };
            case EntryKind.RunCancelled:
                return plain with { Type = RunEventTypes.RunCancelled, Detail = EntryBody.Read<RunEndedBody>(entry).Reason };
            case EntryKind.CancelRequested:
                return plain with { Type = RunEventTypes.RunCancelRequested, Detail = EntryBody.Read<CancelRequestedBody>(entry).Reason };
            case EntryKind.Parked:
                ParkedBody parked = EntryBody.Read<ParkedBody>(entry);
                return plain with { Type = RunEventTypes.RunParked, Detail = $"{parked.Code}: {parked.Reason}" };
            case EntryKind.Resumed:
                return plain with { Type = RunEventTypes.RunResumed, Detail = EntryBody.Read<ResumedBody>(entry).By };
            case EntryKind.Reported:
                ReportedBody report = EntryBody.Read<ReportedBody>(entry);
                JsonElement progress = report.Progress is { } share ? JsonSerializer.SerializeToElement(new Dictionary<string, double> { ["progress"] = share }) : default;
                return plain with { Type = RunEventTypes.RunReported, Detail = report.Message, Data = progress, Step = ScopeOf(entry.Key) };
            case EntryKind.StepStarted:
                StepStartedBody started = EntryBody.Read<StepStartedBody>(entry);
                return plain with { Type = RunEventTypes.StepStarted, Attempt = started.Attempt };
            case EntryKind.AttemptFailed:
                AttemptFailedBody attempt = EntryBody.Read<AttemptFailedBody>(entry);
                return plain with { Type = RunEventTypes.StepRetrying, Attempt = attempt.Attempt, Error = attempt.Error, DueAt = attempt.NextAt, Duration = TimeSpan.FromMilliseconds(attempt.Ms) };
            case EntryKind.StepCompleted:
                StepCompletedBody step = EntryBody.ReadStepCompleted(entry.Payload);
                return plain with { Type = RunEventTypes.StepCompleted, Attempt = step.Attempt, Duration = TimeSpan.FromMilliseconds(step.Ms), Data = EntryBody.ToElement(step.Value.Span) };
            case EntryKind.StepFailed:
                StepFailedBody failed = EntryBody.Read<StepFailedBody>(entry);
                return plain with { Type = RunEventTypes.StepFailed, Attempt = failed.Attempt, Duration = TimeSpan.FromMilliseconds(failed.Ms), Error = failed.Error };
            case EntryKind.StepCancelled:
                return plain with { Type = RunEventTypes.StepCancelled };
            case EntryKind.TimerSet:
                return plain with { Type = RunEventTypes.TimerSet, DueAt = EntryBody.Read<TimerSetBody>(entry).DueAt };
            case EntryKind.TimerFired:
                return plain with { Type = RunEventTypes.TimerFired };
            case EntryKind.AskOpened:
                AskOpenedBody ask = EntryBody.Read<AskOpenedBody>(entry);
                return plain with { Type = RunEventTypes.HumanTaskOpened, DueAt = ask.DueAt, Detail = ask.TaskId, Data = JsonSerializer.SerializeToElement(ask.Title) };
            case EntryKind.AskAnswered:
                AskAnsweredBody answered = EntryBody.Read<AskAnsweredBody>(entry);
                return plain with { Type = RunEventTypes.HumanTaskAnswered, Detail = answered.TaskId, Data = JsonSerializer.SerializeToElement(answered.Answer, FlowJson.Options) };
            case EntryKind.AskExpired:
                return plain with { Type = RunEventTypes.HumanTaskExpired };
            case EntryKind.SignalReceived:
                SignalReceivedBody signal = EntryBody.Read<SignalReceivedBody>(entry);
                return plain with { Type = RunEventTypes.SignalReceived, Detail = signal.Name, Data = signal.Payload };
            case EntryKind.WaitOpened:
                WaitOpenedBody wait = EntryBody.Read<WaitOpenedBody>(entry);
                return plain with { Type = RunEventTypes.SignalWaiting, Detail = wait.Name, DueAt = wait.DueAt };
            case EntryKind.WaitCompleted:
                return plain with { Type = RunEventTypes.SignalTaken, Data = EntryBody.Read<WaitCompletedBody>(entry).Payload };
            case EntryKind.WaitExpired:
                return plain with { Type = RunEventTypes.SignalExpired };
            case EntryKind.SignalSent:
                SignalSentBody sent = EntryBody.Read<SignalSentBody>(entry);
                return plain with { Type = RunEventTypes.SignalSent, Detail = sent.Run, Data = DataOf(sent) };
            case EntryKind.SignalNotSent:
                SignalSentBody notSent = EntryBody.Read<SignalSentBody>(entry);
                return plain with { Type = RunEventTypes.SignalNotSent, Detail = notSent.Run, Data = DataOf(notSent), Error = notSent.Error };
            case EntryKind.EventEmitted:
                EventEmittedBody emitted = EntryBody.Read<EventEmittedBody>(entry);
                return plain with { Type = RunEventTypes.EventEmitted, Detail = emitted.Name, Data = emitted.Data };
            case EntryKind.ChildStarted:
                return plain with { Type = RunEventTypes.ChildStarted, Detail = EntryBody.Read<ChildStartedBody>(entry).Run };
            case EntryKind.RunLaunched:
                return plain with { Type = RunEventTypes.RunLaunched, Detail = EntryBody.Read<ChildStartedBody>(entry).Run };
            case EntryKind.ChildCompleted:
                ChildEndedBody child = EntryBody.Read<ChildEndedBody>(entry);
                return plain with { Type = RunEventTypes.ChildCompleted, Detail = child.Run, Data = child.Output ?? default };
            case EntryKind.ChildFailed:
                ChildEndedBody failedChild = EntryBody.Read<ChildEndedBody>(entry);
                return plain with { Type = RunEventTypes.ChildFailed, Detail = failedChild.Run, Error = failedChild.Error };
            case EntryKind.ChildCancelled:
                return plain with { Type = RunEventTypes.ChildCancelled, Detail = EntryBody.Read<ChildEndedBody>(entry).Run };
            case EntryKind.ScopeProgress:
                ScopeEndedBody iteration = EntryBody.Read<ScopeEndedBody>(entry);
                return plain with { Type = RunEventTypes.IterationCompleted, Attempt = iteration.Iteration + 1 };
            case EntryKind.ScopeCompleted:
                return plain with { Type = RunEventTypes.ScopeCompleted, Data = EntryBody.Read<ScopeEndedBody>(entry).Value ?? default };
            case EntryKind.ScopeFailed:
                return plain with { Type = RunEventTypes.ScopeFailed, Error = EntryBody.Read<ScopeEndedBody>(entry).Error };
            default:
                return null;
        }
    }

    private static JsonElement DataOf(SignalSentBody sent) => JsonSerializer.SerializeToElement(new { signal = sent.Signal, payload = sent.Payload });

    // A report belongs to the scope it was made in.
    private static string? ScopeOf(string key) => key.LastIndexOf('/') is var slash && slash > 0 ? key[..slash] : null;
}
