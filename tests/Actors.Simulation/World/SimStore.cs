using Actors.Storage;

namespace Actors.Simulation;

internal enum SimFault
{
    None,

    /// <summary>Nothing is done; the caller gets a transient error.</summary>
    FailBefore,

    /// <summary>It is done; the caller is told that the answer is unknown.</summary>
    LoseAnswer,

    /// <summary>Nothing is done and the calling process dies.</summary>
    DieBefore,

    /// <summary>It is done and the calling process dies before it hears of it.</summary>
    DieAfter,
}

internal enum SimCall
{
    BeginLife,
    Reserve,
    Commit,
    Claim,
    FindRunnable,
    FindReminders,
    Read,
    SaveFlow,
    ReadCache,
    WriteCache,

    // Only of a database that silos share.
    Publish,
    OpenSession,
    Tick,
    EndSilentLife,
    ClaimRunnable,
    CountTrial,
    Explain,
    Post,
    Tell,
}

/// <param name="Latency">Zero: the call completes before it returns.</param>
internal readonly record struct SimWeather(SimFault Fault, TimeSpan Latency);

/// <summary>The database that all simulated processes share, and the oracles that watch every change of it.</summary>
/// <param name="store">Every call of it must complete before it returns.</param>
internal sealed class SimDatabase(SimWorld world, IStore store)
{
    private readonly Dictionary<RunId, long> _owners = [];
    private readonly Dictionary<SimScheduler, List<long>> _lives = [];
    private readonly HashSet<long> _applied = [];
    private readonly Dictionary<(RunId, string), int> _outcomes = [];

    public IStore Store => store;

    public SimWorld World => world;

    /// <summary>What shall go wrong with a call.</summary>
    public Func<SimScheduler, SimCall, IReadOnlyList<Transition>?, SimWeather> Weather { get; set; } = static (_, _, _) => default;

    /// <summary>Kills the process of a lane, on behalf of a fault.</summary>
    public Action<SimScheduler> Kill { get; set; } = static lane => lane.Kill();

    /// <summary>Told of each transition when it is newly written.</summary>
    public Action<Transition>? OnApplied { get; set; }

    public List<string> Broken { get; } = [];

    public Dictionary<SimCall, int> Calls { get; } = [];

    public HashSet<long> DeadLives { get; } = [];

    /// <summary>What shall happen to a notice on its way; null: it gets lost.</summary>
    public Func<TimeSpan?> NoticeWeather { get; set; } = static () => TimeSpan.Zero;

    /// <summary>The open sessions of a shared database, by life.</summary>
    public Dictionary<long, SimSession> Sessions { get; } = [];

    /// <summary>When the last beat of a life was sent that was acknowledged to it.</summary>
    public Dictionary<long, DateTimeOffset> Beats { get; } = [];

    public IClusterStore Shared => (IClusterStore)store;

    public bool IsShared => store is IClusterStore { IsShared: true };

    public int LivesEndedByPeers { get; private set; }

    /// <summary>The lives that have had a run, in order.</summary>
    public Dictionary<RunId, List<long>> OwnersOf { get; } = [];

    /// <summary>Runs whose grain a life has lost to a conflict: a person was faster than the run.</summary>
    public HashSet<(RunId, long)> Conflicts { get; } = [];

    public bool HasOutcome(RunId run, string key) => _outcomes.ContainsKey((run, key));

    public async ValueTask<IReadOnlyList<CommitOutcome>> CommitAsync(IReadOnlyList<Transition> batch)
    {
        IReadOnlyList<CommitOutcome> outcomes = await Store.CommitAsync(batch, CancellationToken.None);
        for (int i = 0; i < batch.Count; i++)
        {
            Transition transition = batch[i];
            world.Trace.Add(transition.Id);
            world.Trace.Add((long)outcomes[i].Status);
            foreach (JournalEntry entry in transition.Entries)
            {
                world.Trace.Add((long)entry.Kind);
                world.Trace.Add(entry.Key);
                world.Trace.Add(entry.Payload.Span);
            }

            world.Trace.Say(world, () => $"  {outcomes[i].Status} {transition.Silo}/{transition.Run.Value[^6..]} {string.Join(", ", transition.Entries.Select(e => $"{e.Seq}:{e.Kind} {e.Key}"))}{(transition.Change is { } c ? $" -> {c.Status}{(c.Release ? " released" : "")}" : "")} {string.Concat(transition.RemindersSet.Select(r => $" +{r.Key}@{r.DueAt:HH:mm:ss.fff}"))}{string.Concat(transition.RemindersCleared.Select(r => $" -{r}"))} {outcomes[i].Reason}");
            if (outcomes[i].Status == CommitStatus.Conflict)
            {
                Conflicts.Add((transition.Run, transition.Silo));
            }

            if (outcomes[i].Status == CommitStatus.Committed && _applied.Add(transition.Id))
            {
                Watch(transition);
                OnApplied?.Invoke(transition);
            }
        }

        return outcomes;
    }

    public async ValueTask<IReadOnlyList<LoadedRun?>> ClaimAsync(long silo, IReadOnlyList<RunId> runs)
    {
        IReadOnlyList<LoadedRun?> loaded = await Store.ClaimAsync(silo, runs, CancellationToken.None);
        for (int i = 0; i < runs.Count; i++)
        {
            if (loaded[i] is not null)
            {
                Own(runs[i], silo);
            }

            world.Trace.Add(loaded[i]?.Entries.Count ?? -1);
            world.Trace.Say(world, () => $"  claim {silo}/{runs[i].Value[^6..]}: {(loaded[i] is { } l ? $"{l.Entries.Count} entries, {l.Inbox.Count} messages" : "no")}");
        }

        return loaded;
    }

    public async ValueTask<IReadOnlyList<LoadedRun>> ClaimRunnableAsync(long silo, int limit)
    {
        IReadOnlyList<LoadedRun> loaded = await Shared.ClaimRunnableAsync(silo, limit, CancellationToken.None);
        foreach (LoadedRun run in loaded)
        {
            Own(run.Row.Id, silo);
            world.Trace.Add(run.Entries.Count);
            world.Trace.Say(world, () => $"  claim {silo}/{run.Row.Id.Value[^6..]}: {run.Entries.Count} entries, {run.Inbox.Count} messages, {run.Adoptions} adoptions, {run.Trials} trials");
        }

        return loaded;
    }

    public async ValueTask<bool> EndSilentLifeAsync(long silo, long silent, long beat)
    {
        bool dead = await Shared.EndSilentLifeAsync(silo, silent, beat, world.Now, CancellationToken.None);
        world.Trace.Add(dead ? 1 : 0);
        if (dead && DeadLives.Add(silent))
        {
            LivesEndedByPeers++;
            world.Trace.Say(world, () => $"life {silent} was ended by {silo}");
        }

        return dead;
    }

    public async ValueTask<IReadOnlyList<PostOutcome>> PostAsync(long silo, IReadOnlyList<PostedMessage> messages, int inboxMax)
    {
        IReadOnlyList<PostOutcome> outcomes = await Shared.PostAsync(silo, messages, inboxMax, CancellationToken.None);
        for (int i = 0; i < messages.Count; i++)
        {
            PostedMessage posted = messages[i];
            PostOutcome outcome = outcomes[i];
            world.Trace.Add((long)outcome.Status);
            world.Trace.Say(world, () => $"  {silo} posts {posted.Message.Kind} {posted.Message.Id} to {posted.Message.Run.Value[^6..]} of {outcome.Owner}: {outcome.Status}");
        }

        return outcomes;
    }

    /// <summary>The lives that a process has begun, also one whose number it never heard.</summary>
    public IReadOnlyList<long> LivesOf(SimScheduler lane) => _lives.TryGetValue(lane, out List<long>? lives) ? lives : [];

    public async ValueTask<long> BeginLifeAsync(SimScheduler lane, string name)
    {
        long life = await Store.BeginLifeAsync(name, world.Now, CancellationToken.None);
        if (!_lives.TryGetValue(lane, out List<long>? lives))
        {
            _lives[lane] = lives = [];
        }

        lives.Add(life);
        return life;
    }

    public async ValueTask EndLifeAsync(long silo)
    {
        await Store.EndLifeAsync(silo, world.Now, CancellationToken.None);
        DeadLives.Add(silo);
        world.Trace.Say(world, () => $"life {silo} ended");
    }

    private void Own(RunId run, long silo)
    {
        _owners[run] = silo;
        if (!OwnersOf.TryGetValue(run, out List<long>? owners))
        {
            OwnersOf[run] = owners = [];
        }

        if (owners.Count == 0 || owners[^1] != silo)
        {
            owners.Add(silo);
        }
    }

    // The oracles that need no knowledge of the flow: one owner, and one outcome for each key.
    private void Watch(Transition transition)
    {
        if (transition.Start is { } start)
        {
            if (start.Owner is { } owner)
            {
                Own(transition.Run, owner);
            }
        }
        else if (!_owners.TryGetValue(transition.Run, out long owner) || owner != transition.Silo)
        {
            Broken.Add($"Silo {transition.Silo} wrote for run {transition.Run}, which {(owner == 0 ? "nobody" : $"silo {owner}")} owns.");
        }

        foreach (ChildStart child in transition.Children)
        {
            if (child.Row.Owner is { } owner)
            {
                Own(child.Row.Id, owner);
            }
        }

        foreach (JournalEntry entry in transition.Entries)
        {
            if (entry.Kind is EntryKind.StepCompleted or EntryKind.StepFailed or EntryKind.StepCancelled or EntryKind.TimerFired or EntryKind.AskAnswered or EntryKind.AskExpired
                    or EntryKind.WaitCompleted or EntryKind.WaitExpired or EntryKind.ChildCompleted or EntryKind.ChildFailed or EntryKind.ChildCancelled or EntryKind.ScopeCompleted or EntryKind.ScopeFailed
                    or EntryKind.SignalSent or EntryKind.SignalNotSent or EntryKind.EventEmitted
                && !_outcomes.TryAdd((transition.Run, entry.Key), 1))
            {
                Broken.Add($"Run {transition.Run} has two outcomes for '{entry.Key}': the second is entry {entry.Seq}, {entry.Kind}.");
            }
        }

        if (transition.Change is { Release: true } or { Status: RunStatus.Completed or RunStatus.Failed or RunStatus.Cancelled })
        {
            _owners.Remove(transition.Run);
        }
    }
}

/// <summary>One process's connection to the database, with the weather between them.</summary>
internal class SimStore(SimDatabase database, SimScheduler lane) : IStore
{
    public string Name => "simulated";

    protected SimDatabase Database => database;

    protected SimScheduler Lane => lane;

    public ValueTask<long> BeginLifeAsync(string siloName, DateTimeOffset at, CancellationToken cancellationToken) =>
        CallAsync(SimCall.BeginLife, null, () => database.BeginLifeAsync(lane, siloName));

    public ValueTask EndLifeAsync(long silo, DateTimeOffset at, CancellationToken cancellationToken) => database.EndLifeAsync(silo);

    public ValueTask<long> ReserveRunNumbersAsync(long silo, int count, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Reserve, null, () => database.Store.ReserveRunNumbersAsync(silo, count, default));

    public ValueTask<int> DeleteEndedAsync(long silo, DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken) =>
        database.Store.DeleteEndedAsync(silo, endedBefore, limit, cancellationToken);

    public ValueTask<CacheRow?> ReadCacheAsync(string tenant, string key, DateTimeOffset now, CancellationToken cancellationToken) =>
        CallAsync(SimCall.ReadCache, null, () => database.Store.ReadCacheAsync(tenant, key, now, default));

    public ValueTask WriteCacheAsync(long silo, CacheRow row, CancellationToken cancellationToken) => new(CallAsync(SimCall.WriteCache, null, async () =>
    {
        await database.Store.WriteCacheAsync(silo, row, default);
        return true;
    }).AsTask());

    public ValueTask<int> DeleteExpiredAsync(long silo, DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        database.Store.DeleteExpiredAsync(silo, now, limit, cancellationToken);

    public ValueTask<IReadOnlyList<CommitOutcome>> CommitAsync(IReadOnlyList<Transition> batch, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Commit, batch, () => database.CommitAsync(batch));

    public ValueTask<IReadOnlyList<LoadedRun?>> ClaimAsync(long silo, IReadOnlyList<RunId> runs, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Claim, null, () => database.ClaimAsync(silo, runs));

    public ValueTask<IReadOnlyList<RunId>> FindRunnableAsync(int limit, CancellationToken cancellationToken) =>
        CallAsync(SimCall.FindRunnable, null, () => database.Store.FindRunnableAsync(limit, default));

    public ValueTask<IReadOnlyList<Reminder>> FindRemindersAsync(DateTimeOffset before, Reminder? after, int limit, CancellationToken cancellationToken) =>
        CallAsync(SimCall.FindReminders, null, async () =>
        {
            IReadOnlyList<Reminder> found = await database.Store.FindRemindersAsync(before, after, limit, default);
            database.World.Trace.Add(found.Count);
            database.World.Trace.Say(database.World, () => $"  {found.Count} reminders after {after?.DueAt:HH:mm:ss.fff} before {before:HH:mm:ss.fff}");
            return found;
        });

    public ValueTask<RunRow?> GetRunAsync(string tenant, RunId id, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Read, null, () => database.Store.GetRunAsync(tenant, id, default));

    public ValueTask<RunRow?> GetRunByIdempotencyKeyAsync(string tenant, string key, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Read, null, () => database.Store.GetRunByIdempotencyKeyAsync(tenant, key, default));

    public ValueTask<IReadOnlyList<RunRow>> ListRunsAsync(RunQuery query, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Read, null, () => database.Store.ListRunsAsync(query, default));

    public ValueTask<IReadOnlyList<JournalEntry>> ReadJournalAsync(string tenant, RunId id, long afterSeq, int limit, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Read, null, () => database.Store.ReadJournalAsync(tenant, id, afterSeq, limit, default));

    public ValueTask<JournalEntry?> ReadLastEntryAsync(string tenant, RunId id, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Read, null, () => database.Store.ReadLastEntryAsync(tenant, id, default));

    public ValueTask<HumanTaskRow?> GetHumanTaskAsync(string tenant, HumanTaskId id, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Read, null, () => database.Store.GetHumanTaskAsync(tenant, id, default));

    public ValueTask<IReadOnlyList<HumanTaskRow>> ListHumanTasksAsync(HumanTaskQuery query, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Read, null, () => database.Store.ListHumanTasksAsync(query, default));

    public ValueTask SaveFlowAsync(FlowRow flow, CancellationToken cancellationToken) => new(CallAsync(SimCall.SaveFlow, null, async () =>
    {
        await database.Store.SaveFlowAsync(flow, default);
        return true;
    }).AsTask());

    public ValueTask<FlowRow?> GetFlowAsync(string tenant, string name, string version, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Read, null, () => database.Store.GetFlowAsync(tenant, name, version, default));

    public ValueTask<IReadOnlyList<FlowVersionRow>> ListFlowVersionsAsync(string tenant, string name, int limit, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Read, null, () => database.Store.ListFlowVersionsAsync(tenant, name, limit, default));

    public ValueTask<int> CountMessagesAsync(long runNo, int max, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Read, null, () => database.Store.CountMessagesAsync(runNo, max, default));

    public ValueTask<IReadOnlyList<string>> CheckInvariantsAsync(CancellationToken cancellationToken) => database.Store.CheckInvariantsAsync(default);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    internal ValueTask<T> CallAsync<T>(SimCall call, IReadOnlyList<Transition>? batch, Func<ValueTask<T>> act)
    {
        if (lane.IsDead)
        {
            return Never<T>();
        }

        SimWorld world = database.World;
        database.Calls[call] = database.Calls.GetValueOrDefault(call) + 1;
        (SimFault fault, TimeSpan latency) = database.Weather(lane, call, batch);
        if (fault != SimFault.None || latency > TimeSpan.Zero)
        {
            world.Trace.Add((long)fault);
            world.Trace.Say(world, () => $"{lane.Name} {call}: {fault} after {latency.TotalMilliseconds} ms");
        }

        if (latency <= TimeSpan.Zero)
        {
            return Act(act, fault);
        }

        // There and back: the process may die or be paused on either way.
        TaskCompletionSource<T> answer = new();
        world.Network.PostAfter(latency / 2, () =>
        {
            ValueTask<T> done = Act(act, fault);
            Task<T> task = done.AsTask();
            world.Network.PostAfter(latency / 2, () => lane.Post(() =>
            {
                if (task.IsCompletedSuccessfully)
                {
                    answer.SetResult(task.Result);
                }
                else if (task.Exception is { } error)
                {
                    answer.SetException(error.InnerException!);
                }
            }));
        });
        return new ValueTask<T>(answer.Task);
    }

    private ValueTask<T> Act<T>(Func<ValueTask<T>> act, SimFault fault)
    {
        switch (fault)
        {
            case SimFault.FailBefore:
                return ValueTask.FromException<T>(new StoreException(StoreFailure.Transient, "A fault was injected before the call."));
            case SimFault.DieBefore:
                database.Kill(lane);
                return Never<T>();
            case SimFault.DieAfter:
                _ = act();
                database.Kill(lane);
                return Never<T>();
            case SimFault.LoseAnswer:
                ValueTask<T> done = act();
                return done.IsCompletedSuccessfully
                    ? ValueTask.FromException<T>(new StoreException(StoreFailure.UnknownOutcome, "A fault was injected: the answer was lost."))
                    : done;
            default:
                return act();
        }
    }

    // The answer of a call whose caller is gone.
    private static ValueTask<T> Never<T>() => new(new TaskCompletionSource<T>().Task);
}
