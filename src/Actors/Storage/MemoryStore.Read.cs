namespace Actors.Storage;

public sealed partial class MemoryStore
{
    public ValueTask<IReadOnlyList<LoadedRun?>> ClaimAsync(long silo, IReadOnlyList<RunId> runs, CancellationToken cancellationToken) =>
        Locked(cancellationToken, (Store: this, Silo: silo, Runs: runs), static IReadOnlyList<LoadedRun?> (ask) =>
        {
            ask.Store.RequireAlive(ask.Silo);
            return [.. ask.Runs.Select(run => ask.Store.Claim(ask.Silo, run))];
        });

    public ValueTask<IReadOnlyList<RunId>> FindRunnableAsync(int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return Locked(cancellationToken, (Store: this, Limit: limit), static IReadOnlyList<RunId> (ask) =>
        [
            .. ask.Store._live.Values.Where(ask.Store.IsRunnable)
                .OrderByDescending(run => run.Row.Priority).ThenBy(run => run.Row.No).Take(ask.Limit).Select(run => run.Row.Id),
        ]);
    }

    public ValueTask<IReadOnlyList<Reminder>> FindRemindersAsync(
        DateTimeOffset before, Reminder? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return Locked(cancellationToken, (Store: this, Before: before, After: after, Limit: limit), static IReadOnlyList<Reminder> (ask) =>
            [.. ask.Store.RemindersAfter(ask.After).TakeWhile(reminder => reminder.DueAt < ask.Before).Take(ask.Limit)]);
    }

    public ValueTask<RunRow?> GetRunAsync(string tenant, RunId id, CancellationToken cancellationToken) =>
        Locked(cancellationToken, (Store: this, Tenant: tenant, Id: id), static ask => ask.Store.Find(ask.Tenant, ask.Id)?.Row);

    public ValueTask<RunRow?> GetRunByIdempotencyKeyAsync(string tenant, string key, CancellationToken cancellationToken) =>
        Locked(cancellationToken, (Store: this, Key: (tenant, key)), static ask => ask.Store._runsByKey.GetValueOrDefault(ask.Key)?.Row);

    public ValueTask<IReadOnlyList<RunRow>> ListRunsAsync(RunQuery query, CancellationToken cancellationToken)
    {
        StoreRules.Check(query);
        return Locked(cancellationToken, (Store: this, Query: query), static IReadOnlyList<RunRow> (ask) =>
            [.. ask.Store._runsByNo.Values.Reverse().Select(run => run.Row).Where(row => Matches(row, ask.Query)).Take(ask.Query.Limit)]);
    }

    public ValueTask<IReadOnlyList<JournalEntry>> ReadJournalAsync(
        string tenant, RunId id, long afterSeq, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return Locked(cancellationToken, (Store: this, Tenant: tenant, Id: id, After: afterSeq, Limit: limit), static IReadOnlyList<JournalEntry> (ask) =>
            ask.Store.Find(ask.Tenant, ask.Id) is { } run
                ? [.. run.Entries.Skip((int)Math.Clamp(ask.After, 0, int.MaxValue)).Take(ask.Limit).Select(entry => entry.Entry)]
                : []);
    }

    public ValueTask<JournalEntry?> ReadLastEntryAsync(string tenant, RunId id, CancellationToken cancellationToken) =>
        Locked(cancellationToken, (Store: this, Tenant: tenant, Id: id), static JournalEntry? (ask) =>
            ask.Store.Find(ask.Tenant, ask.Id) is { Entries.Count: > 0 } run ? run.Entries[^1].Entry : null);

    public ValueTask<HumanTaskRow?> GetHumanTaskAsync(string tenant, HumanTaskId id, CancellationToken cancellationToken) =>
        Locked(cancellationToken, (Store: this, Tenant: tenant, Id: id), static ask =>
            ask.Store._humanTasks.TryGetValue(ask.Id, out HumanTaskRow? task) && task.Tenant == ask.Tenant ? task : null);

    public ValueTask<IReadOnlyList<HumanTaskRow>> ListHumanTasksAsync(HumanTaskQuery query, CancellationToken cancellationToken)
    {
        StoreRules.Check(query);
        return Locked(cancellationToken, (Store: this, Query: query), static IReadOnlyList<HumanTaskRow> (ask) =>
        [
            .. ask.Store._humanTasks.Values.Where(task => Matches(task, ask.Query))
                .OrderBy(task => task.CreatedAt).ThenBy(task => task.Id.Value, StringComparer.Ordinal).Take(ask.Query.Limit),
        ]);
    }

    public ValueTask SaveFlowAsync(FlowRow flow, CancellationToken cancellationToken)
    {
        ValueTask<bool> saved = Locked(cancellationToken, (Store: this, Flow: flow), static ask =>
            ask.Store._flows.TryAdd((ask.Flow.Tenant, ask.Flow.Name, ask.Flow.Version), ask.Flow with { CreatedAt = Stored(ask.Flow.CreatedAt) }));
        return saved.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(saved.AsTask());
    }

    public ValueTask<FlowRow?> GetFlowAsync(string tenant, string name, string version, CancellationToken cancellationToken) =>
        Locked(cancellationToken, (Store: this, Key: (tenant, name, version)), static ask => ask.Store._flows.GetValueOrDefault(ask.Key));

    public ValueTask<IReadOnlyList<FlowVersionRow>> ListFlowVersionsAsync(string tenant, string name, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return Locked(cancellationToken, (Store: this, Tenant: tenant, Name: name, Limit: limit), static IReadOnlyList<FlowVersionRow> (ask) =>
        [
            .. ask.Store._flows.Values.Where(flow => flow.Tenant == ask.Tenant && flow.Name == ask.Name)
                .OrderByDescending(static flow => flow.CreatedAt).ThenBy(static flow => flow.Version, StringComparer.Ordinal).Take(ask.Limit)
                .Select(static flow => new FlowVersionRow(flow.Version, flow.Label, flow.CreatedAt)),
        ]);
    }

    public ValueTask<int> CountMessagesAsync(long runNo, int max, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        return Locked(cancellationToken, (Store: this, No: runNo, Max: max), static ask => Math.Min(ask.Max, ask.Store._live.GetValueOrDefault(ask.No)?.Inbox.Count ?? 0));
    }

    private LoadedRun? Claim(long silo, RunId id)
    {
        if (!_runs.TryGetValue(id, out MemoryRun? run) || run.Row.Status.IsFinal()
            || (run.Row.Owner is { } owner && owner != silo && _aliveSilos.Contains(owner))
            || (run.Row.Owner != silo && !CanRun(silo, run)))
        {
            return null;
        }

        if (run.Row.Owner != silo)
        {
            run.Adoptions = Adoption(run);
            run.Trials = run.Adoptions.Count > 1 ? run.Trials : 0;
            run.JournalVersion = Math.Max(run.JournalVersion, _silos[silo].Can?.JournalVersion ?? 0);
        }

        run.Row = run.Row with { Owner = silo };
        return new LoadedRun(run.Row, [.. run.Entries.Skip(run.LoadFrom).Select(entry => entry.Entry)], [.. run.Inbox], run.Adoptions.Count, run.Trials);
    }

    private static (int Count, long At) Adoption(MemoryRun run)
    {
        if (run.Row.Owner is null || run.Row.Status != RunStatus.Running)
        {
            return default;
        }

        long last = run.Entries.FindLast(static entry => entry.Entry.Kind != EntryKind.StepStarted).Entry.Seq;
        return (last > run.Adoptions.At ? 1 : run.Adoptions.Count + 1, last);
    }

    private bool IsRunnable(MemoryRun run)
    {
        if (run.Row.Owner is { } owner)
        {
            return !_aliveSilos.Contains(owner);
        }

        return run.Row.Status is RunStatus.Queued or RunStatus.Running || (run.Row.Status == RunStatus.Waiting && run.Inbox.Count > 0);
    }

    private IEnumerable<Reminder> RemindersAfter(Reminder? after)
    {
        if (after is not { } last)
        {
            return _reminders;
        }

        last = last with { DueAt = Stored(last.DueAt) };
        Reminder end = new(default, long.MaxValue, "", DateTimeOffset.MaxValue);
        return _reminders.GetViewBetween(last, end).SkipWhile(reminder => ReminderOrder.Instance.Compare(reminder, last) <= 0);
    }

    private MemoryRun? Find(string tenant, RunId id) => _runs.TryGetValue(id, out MemoryRun? run) && run.Row.Tenant == tenant ? run : null;

    private static bool Matches(RunRow row, RunQuery query) =>
        row.Tenant == query.Tenant
        && (query.BeforeNo is not { } before || row.No < before)
        && (query.Statuses.Count == 0 || query.Statuses.Contains(row.Status))
        && (query.Flow is not { } flow || row.Flow == flow)
        && (query.Parent is not { } parent || row.Parent?.Id == parent)
        && (query.Metadata is not { Count: > 0 } labels
            || (row.Metadata is { } own && labels.All(label => own.TryGetValue(label.Key, out string? value) && value == label.Value)));

    private static bool Matches(HumanTaskRow task, HumanTaskQuery query) =>
        task.Tenant == query.Tenant
        && (query.Status is not { } status || task.Status == status)
        && (query.Run is not { } run || task.Run == run)
        && (query.Candidate is not { } candidate || task.Candidates.Count == 0 || task.Candidates.Contains(candidate))
        && (query.After is not { } after || IsAfter(task, Stored(after.CreatedAt), after.Id));

    private static bool IsAfter(HumanTaskRow task, DateTimeOffset createdAt, HumanTaskId id) =>
        task.CreatedAt > createdAt || (task.CreatedAt == createdAt && string.CompareOrdinal(task.Id.Value, id.Value) > 0);
}
