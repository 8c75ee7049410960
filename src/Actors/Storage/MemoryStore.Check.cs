namespace Actors.Storage;

public sealed partial class MemoryStore
{
    public ValueTask<IReadOnlyList<string>> CheckInvariantsAsync(CancellationToken cancellationToken) =>
        Locked(cancellationToken, this, static IReadOnlyList<string> (store) =>
        {
            Links links = new(store);
            return [.. store._runsByNo.Values.SelectMany(run => store.BrokenRowsOf(run, links)).Concat(store.BrokenHumanTasks()).Take(BrokenRows.Max)];
        });

    private IEnumerable<string> BrokenRowsOf(MemoryRun run, Links links) =>
        [.. BrokenJournal(run), .. BrokenEnding(run), .. BrokenWaiting(run, links), .. BrokenOwner(run), .. BrokenLinks(run, links)];

    private static IEnumerable<string> BrokenJournal(MemoryRun run)
    {
        string id = run.Row.Id.Value;
        if (run.Entries.Count == 0)
        {
            yield return BrokenRows.NoJournal(id);
        }
        else if (run.LastSeq != run.Entries.Count)
        {
            yield return BrokenRows.JournalGap(id, run.Entries.Count, run.LastSeq);
        }
    }

    private static IEnumerable<string> BrokenEnding(MemoryRun run)
    {
        string id = run.Row.Id.Value;
        int finals = run.Entries.Count(entry => IsFinal(entry.Entry.Kind));
        if (!run.Row.Status.IsFinal())
        {
            if (finals > 0)
            {
                yield return BrokenRows.LiveWithFinalEntry(id);
            }

            if (run.Row.Status != RunStatus.Parked
                && run.Entries.FindLast(static entry => entry.Entry.Kind is EntryKind.CancelRequested or EntryKind.Parked or EntryKind.Resumed).Entry.Kind == EntryKind.Parked)
            {
                yield return BrokenRows.ParkedDiffers(id, run.Row.Status);
            }

            yield break;
        }

        if (finals != 1)
        {
            yield return BrokenRows.FinalEntries(id, finals);
        }
        else if (!IsFinal(run.Entries[^1].Entry.Kind))
        {
            yield return BrokenRows.FinalEntryNotLast(id);
        }
        else if (run.Entries[^1].Entry.Kind - EntryKind.RunCompleted != run.Row.Status - RunStatus.Completed)
        {
            yield return BrokenRows.StatusDiffers(id, run.Row.Status, run.Entries[^1].Entry.Kind);
        }

        foreach (Reminder reminder in run.Reminders.Values)
        {
            yield return BrokenRows.Reminder(id, reminder.Key);
        }

        foreach (InboxMessage message in run.Inbox)
        {
            yield return BrokenRows.Message(message.Id, id);
        }
    }

    // A run that is queued, running or in a silo's memory is found by the silos; a parked one has its operator.
    private static IEnumerable<string> BrokenWaiting(MemoryRun run, Links links)
    {
        if (run.Row.Status == RunStatus.Waiting && run.Row.Owner is null && run.Reminders.Count == 0 && run.Inbox.Count == 0
            && !HasOpenWait(run) && !links.Awaited.Contains(run.Row.No))
        {
            yield return BrokenRows.NothingWakes(run.Row.Id.Value, run.Row.Why);
        }
    }

    private IEnumerable<string> BrokenOwner(MemoryRun run)
    {
        if (run.Row.Owner is { } owner && !_aliveSilos.Contains(owner)
            && !(_silos.TryGetValue(owner, out MemorySilo? silo) && silo.EndedAt > TimeProvider.System.GetUtcNow() - DatabaseCheck.TakeOverLimit))
        {
            yield return BrokenRows.OwnerNotAlive(run.Row.Id.Value, owner);
        }
    }

    private IEnumerable<string> BrokenLinks(MemoryRun run, Links links)
    {
        if (run.Row.Parent is { } link
            && !(_runs.TryGetValue(link.Id, out MemoryRun? parent) && parent.Row.No == link.No && HasChildStart(parent, link.Key)))
        {
            yield return BrokenRows.ParentDoesNotKnow(run.Row.Id.Value, link.Id.Value, link.Key);
        }

        foreach (MemoryEntry entry in run.Entries)
        {
            if (entry.Entry.Kind is EntryKind.ChildStarted or EntryKind.RunLaunched && !links.Children.Contains((run.Row.No, entry.Entry.Key)))
            {
                yield return BrokenRows.ChildMissing(run.Row.Id.Value, entry.Entry.Key);
            }
        }
    }

    private IEnumerable<string> BrokenHumanTasks() =>
        from task in _humanTasks.Values
        where task.Status == HumanTaskStatus.Open && !_live.ContainsKey(task.RunNo)
        select BrokenRows.OpenHumanTask(task.Id.Value, task.Run.Value);

    private static bool HasChildStart(MemoryRun run, string key) =>
        run.Entries.Any(entry => entry.Entry.Kind is EntryKind.ChildStarted or EntryKind.RunLaunched && entry.Entry.Key == key);

    private static bool HasOpenWait(MemoryRun run)
    {
        HashSet<string> open = [];
        foreach (MemoryEntry entry in run.Entries)
        {
            if (entry.Entry.Kind == EntryKind.WaitOpened)
            {
                open.Add(entry.Entry.Key);
            }
            else if (entry.Entry.Kind is EntryKind.WaitCompleted or EntryKind.WaitExpired)
            {
                open.Remove(entry.Entry.Key);
            }
        }

        return open.Count > 0;
    }

    private static bool IsFinal(EntryKind kind) => kind is EntryKind.RunCompleted or EntryKind.RunFailed or EntryKind.RunCancelled;

    // What is looked up for each run, gathered once.
    private sealed class Links(MemoryStore store)
    {
        /// <summary>Numbers of runs with an open human task or a live child that tells them its end.</summary>
        public HashSet<long> Awaited { get; } =
        [
            .. store._humanTasks.Values.Where(task => task.Status == HumanTaskStatus.Open).Select(task => task.RunNo),
            .. store._live.Values.Where(child => child.Row.Parent is { Notify: true }).Select(child => child.Row.Parent!.No),
        ];

        public HashSet<(long ParentNo, string Key)> Children { get; } =
            [.. store._runs.Values.Where(child => child.Row.Parent is not null).Select(child => (child.Row.Parent!.No, child.Row.Parent.Key))];
    }
}
