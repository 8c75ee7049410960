namespace Actors.Storage;

public sealed partial class MemoryStore
{
    public ValueTask<IReadOnlyList<CommitOutcome>> CommitAsync(IReadOnlyList<Transition> batch, CancellationToken cancellationToken)
    {
        StoreRules.Check(batch);
        CommitFault fault = OnCommit?.Invoke(batch) ?? CommitFault.None;
        if (fault == CommitFault.FailBefore)
        {
            return Fault(StoreFailure.Transient, "A fault was injected before the commit.");
        }

        var answer = Locked(cancellationToken, (Store: this, Batch: batch), static ask => ask.Store.Commit(ask.Batch));
        return fault == CommitFault.LoseAnswer && answer.IsCompletedSuccessfully
            ? Fault(StoreFailure.UnknownOutcome, "A fault was injected: the answer of the commit was lost.")
            : answer;

        static ValueTask<IReadOnlyList<CommitOutcome>> Fault(StoreFailure kind, string message) =>
            ValueTask.FromException<IReadOnlyList<CommitOutcome>>(new StoreException(kind, message));
    }

    private IReadOnlyList<CommitOutcome> Commit(IReadOnlyList<Transition> batch)
    {
        if (batch.Count == 0)
        {
            return [];
        }

        RequireAlive(batch[0].Silo);
        RequireNewHumanTasks(batch);
        CommitOutcome[] outcomes = new CommitOutcome[batch.Count];
        for (int i = 0; i < batch.Count; i++)
        {
            outcomes[i] = Commit(batch[i]);
        }

        return outcomes;
    }

    // Applying never fails half-way: what could refuse a whole batch is looked for before the first change.
    private void RequireNewHumanTasks(IReadOnlyList<Transition> batch)
    {
        HashSet<HumanTaskId>? opened = null;
        foreach (Transition transition in batch)
        {
            long last = _runs.TryGetValue(transition.Run, out MemoryRun? run) ? run.LastSeq : 0;
            if (transition.HumanTasksOpened.Count == 0 || last != transition.ExpectedSeq)
            {
                continue;
            }

            opened ??= [];
            foreach (HumanTaskRow task in transition.HumanTasksOpened)
            {
                if (_humanTasks.ContainsKey(task.Id) || !opened.Add(task.Id))
                {
                    throw new StoreException(StoreFailure.Data, $"The human task {task.Id} of the run {transition.Run} exists already.");
                }
            }
        }
    }

    private CommitOutcome Commit(Transition transition)
    {
        MemoryRun run;
        if (transition.Start is { } start)
        {
            if (FindExisting(start) is { } existing)
            {
                return existing.Row.No == transition.RunNo && existing.Entries[0].Transition == transition.Id
                    ? CommitOutcome.Committed
                    : new CommitOutcome(CommitStatus.Exists, existing.Row);
            }

            if (_runsByNo.ContainsKey(transition.RunNo))
            {
                return new CommitOutcome(CommitStatus.Conflict, Reason: $"The run number {transition.RunNo} is taken by another run.");
            }

            if (ClosedTask(transition) is { } notOpen)
            {
                return notOpen;
            }

            run = Add(start);
        }
        else if (!_runsByNo.TryGetValue(transition.RunNo, out run!) || run.Row.Id != transition.Run)
        {
            return new CommitOutcome(CommitStatus.Conflict, Reason: "There is no such run.");
        }
        else if (WasCommitted(run, transition))
        {
            return CommitOutcome.Committed;
        }
        else if (run.LastSeq != transition.ExpectedSeq)
        {
            return new CommitOutcome(CommitStatus.Conflict, Reason: $"The run's last entry is {run.LastSeq}, not {transition.ExpectedSeq}.");
        }
        else if (transition.Entries.Count == 0 && run.Row.Owner != transition.Silo)
        {
            return new CommitOutcome(CommitStatus.Conflict, Reason: $"The run is not owned by the silo {transition.Silo}.");
        }
        else if (ClosedTask(transition) is { } notOpen)
        {
            return notOpen;
        }

        Apply(transition, run);
        return CommitOutcome.Committed;
    }

    private MemoryRun? FindExisting(RunRow start)
    {
        if (_runs.TryGetValue(start.Id, out MemoryRun? existing))
        {
            return existing;
        }

        return start.IdempotencyKey is { } key && _runsByKey.TryGetValue((start.Tenant, key), out existing) ? existing : null;
    }

    private static bool WasCommitted(MemoryRun run, Transition transition)
    {
        if (transition.Entries.Count == 0)
        {
            return run.LastRowChange == transition.Id;
        }

        // Entries have no gaps, so the entry with number n lies at n - 1.
        int first = (int)transition.ExpectedSeq;
        return first < run.Entries.Count && run.Entries[first].Transition == transition.Id;
    }

    private CommitOutcome? ClosedTask(Transition transition)
    {
        foreach (HumanTaskClosing closing in transition.HumanTasksClosed)
        {
            if (!_humanTasks.TryGetValue(closing.Id, out HumanTaskRow? task) || task.Status != HumanTaskStatus.Open)
            {
                return new CommitOutcome(
                    CommitStatus.Conflict,
                    Reason: task is null ? $"There is no human task {closing.Id}." : $"The human task {closing.Id} is not open: it is {task.Status}.");
            }
        }

        return null;
    }

    private void Apply(Transition transition, MemoryRun run)
    {
        long? id = transition.Id;
        foreach (JournalEntry entry in transition.Entries)
        {
            Append(run, entry, id);
            id = null;
        }

        if (transition.Entries.Count == 0)
        {
            run.LastRowChange = transition.Id;
        }

        foreach (ChildStart child in transition.Children)
        {
            if (FindExisting(child.Row) is null && !_runsByNo.ContainsKey(child.Row.No))
            {
                Append(Add(child.Row), child.First, transition.Id);
            }
        }

        ApplyReminders(transition, run);
        ApplyHumanTasks(transition);
        if (transition.Change is { } change)
        {
            Apply(change, run, transition.Silo);
        }

        ApplyMessages(transition, run);
    }

    private MemoryRun Add(RunRow row)
    {
        MemoryRun run = new()
        {
            Row = row with
            {
                Owner = row.Status.IsFinal() ? null : row.Owner,
                Metadata = row.Metadata is { Count: > 0 } metadata ? new Dictionary<string, string>(metadata) : null,
                CreatedAt = Stored(row.CreatedAt),
                UpdatedAt = Stored(row.UpdatedAt),
                FinishedAt = Stored(row.FinishedAt),
            },
            JournalVersion = row.Owner is { } owner && _silos.TryGetValue(owner, out MemorySilo? silo) ? silo.Can?.JournalVersion ?? 0 : 0,
        };
        _runs.Add(row.Id, run);
        _runsByNo.Add(row.No, run);
        if (row.IdempotencyKey is { } key)
        {
            _runsByKey.Add((row.Tenant, key), run);
        }

        if (!row.Status.IsFinal())
        {
            _live.Add(row.No, run);
        }

        return run;
    }

    private static void Append(MemoryRun run, JournalEntry entry, long? transition)
    {
        if (entry.Kind == EntryKind.Snapshot)
        {
            run.LoadFrom = run.Entries.Count;
        }

        // The bytes are copied, as every other store does: the caller may use its buffer again.
        run.Entries.Add(new MemoryEntry(entry with { At = Stored(entry.At), Payload = entry.Payload.ToArray() }, transition));
    }

    private void Apply(RunChange change, MemoryRun run, long silo)
    {
        bool ends = change.Status.IsFinal();
        bool released = ends || (change.Release && run.Row.Owner == silo);
        run.Row = run.Row with
        {
            Status = change.Status,
            Why = change.Why,
            State = change.State ?? run.Row.State,
            Owner = released ? null : run.Row.Owner,
            UpdatedAt = Stored(change.At),
            FinishedAt = ends ? Stored(change.At) : run.Row.FinishedAt,
        };
        if (ends)
        {
            _live.Remove(run.Row.No);
        }
    }

    private void ApplyReminders(Transition transition, MemoryRun run)
    {
        foreach (string key in transition.RemindersCleared)
        {
            if (run.Reminders.Remove(key, out Reminder cleared))
            {
                _reminders.Remove(cleared);
            }
        }

        foreach (Reminder reminder in transition.RemindersSet)
        {
            if (run.Reminders.Remove(reminder.Key, out Reminder replaced))
            {
                _reminders.Remove(replaced);
            }

            Reminder stored = reminder with { DueAt = Stored(reminder.DueAt) };
            run.Reminders.Add(stored.Key, stored);
            _reminders.Add(stored);
        }
    }

    private void ApplyHumanTasks(Transition transition)
    {
        foreach (HumanTaskRow task in transition.HumanTasksOpened)
        {
            _humanTasks.Add(task.Id, task with
            {
                Decisions = [.. task.Decisions],
                Candidates = [.. task.Candidates],
                CreatedAt = Stored(task.CreatedAt),
                DueAt = Stored(task.DueAt),
            });
        }

        foreach (HumanTaskClosing closing in transition.HumanTasksClosed)
        {
            Close(closing);
        }
    }

    private void Close(HumanTaskClosing closing) => _humanTasks[closing.Id] = _humanTasks[closing.Id] with
    {
        Status = closing.Status,
        ClosedAt = Stored(closing.At),
        AnsweredBy = closing.Status == HumanTaskStatus.Answered ? closing.By : null,
        Decision = closing.Decision,
        Comment = closing.Comment,
    };

    private void ApplyMessages(Transition transition, MemoryRun run)
    {
        foreach (InboxMessage message in transition.Messages)
        {
            if (_live.TryGetValue(message.RunNo, out MemoryRun? receiver) && receiver.Row.Id == message.Run && _messageIds.Add(message.Id))
            {
                receiver.Inbox.Add(message with { At = Stored(message.At), Payload = message.Payload.ToArray() });
            }
        }

        foreach (string id in transition.MessagesConsumed)
        {
            if (run.Inbox.RemoveAll(message => message.Id == id) > 0)
            {
                _messageIds.Remove(id);
            }
        }

        if (run.Row.Status.IsFinal())
        {
            _messageIds.ExceptWith(run.Inbox.Select(message => message.Id));
            run.Inbox.Clear();
        }
    }
}
