namespace Actors.Storage;

public sealed partial class MemoryStore : IClusterStore
{
    private readonly Dictionary<long, MemorySilo> _silos = [];

    /// <summary>True: silos that use this store form a cluster, as on a shared database. False: each believes that it is alone. Default false.</summary>
    public bool IsShared { get; init; }

    public ValueTask PublishAsync(long silo, SiloCapabilities can, CancellationToken cancellationToken)
    {
        ValueTask<bool> done = Locked(cancellationToken, (Store: this, Silo: silo, Can: can), static ask =>
        {
            ask.Store.RequireAlive(ask.Silo);
            ask.Store._silos[ask.Silo].Can = ask.Can;
            return true;
        });
        return done.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(done.AsTask());
    }

    public ValueTask<ISiloSession> OpenSessionAsync(long silo, Action<string> onNotice, CancellationToken cancellationToken) =>
        Locked(cancellationToken, (Store: this, Silo: silo, OnNotice: onNotice), static ISiloSession (ask) =>
        {
            ask.Store.RequireAlive(ask.Silo);
            MemorySession session = new(ask.Store, ask.Silo, ask.OnNotice);
            ask.Store._silos[ask.Silo].Session = session;
            return session;
        });

    public ValueTask<bool> EndSilentLifeAsync(long silo, long silent, long beat, DateTimeOffset at, CancellationToken cancellationToken) =>
        Locked(cancellationToken, (Store: this, Silo: silo, Silent: silent, Beat: beat, At: at), static ask =>
        {
            ask.Store.RequireAlive(ask.Silo);
            if (!ask.Store._aliveSilos.Contains(ask.Silent))
            {
                return true;
            }

            return ask.Store._silos[ask.Silent].Beat == ask.Beat && ask.Store.End(ask.Silent, ask.At);
        });

    public ValueTask<IReadOnlyList<LivingSilo>> ListSilosAsync(CancellationToken cancellationToken) =>
        Locked(cancellationToken, this, static store => store.Living());

    public ValueTask<IReadOnlyList<LoadedRun>> ClaimRunnableAsync(long silo, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return Locked(cancellationToken, (Store: this, Silo: silo, Limit: limit), static IReadOnlyList<LoadedRun> (ask) =>
        {
            ask.Store.RequireAlive(ask.Silo);
            MemoryRun[] runs =
            [
                .. ask.Store._live.Values.Where(run => ask.Store.IsRunnable(run) && ask.Store.CanRun(ask.Silo, run))
                    .OrderByDescending(run => run.Row.Priority).ThenBy(run => run.Row.No).Take(ask.Limit),
            ];
            return [.. runs.Select(run => ask.Store.Claim(ask.Silo, run.Row.Id)!)];
        });
    }

    public ValueTask CountTrialAsync(long silo, RunId run, bool begins, CancellationToken cancellationToken)
    {
        ValueTask<bool> done = Locked(cancellationToken, (Store: this, Silo: silo, Run: run, Change: begins ? 1 : -1), static ask =>
        {
            ask.Store.RequireAlive(ask.Silo);
            if (ask.Store._runs.TryGetValue(ask.Run, out MemoryRun? found) && found.Row.Owner == ask.Silo)
            {
                found.Trials = Math.Max(0, found.Trials + ask.Change);
            }

            return true;
        });
        return done.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(done.AsTask());
    }

    public ValueTask<IReadOnlyList<RunId>> FindOwnedAsync(long silo, int limit, CancellationToken cancellationToken) =>
        Locked(cancellationToken, (Store: this, Silo: silo, Limit: limit), static IReadOnlyList<RunId> (ask) =>
            [.. ask.Store._live.Values.Where(run => run.Row.Owner == ask.Silo).Take(ask.Limit).Select(static run => run.Row.Id)]);

    public ValueTask<IReadOnlyDictionary<RunId, long>> FindOwnersAsync(IReadOnlyCollection<RunId> runs, CancellationToken cancellationToken) =>
        Locked(cancellationToken, (Store: this, Runs: runs), static IReadOnlyDictionary<RunId, long> (ask) =>
        {
            Dictionary<RunId, long> owners = [];
            foreach (RunId id in ask.Runs)
            {
                if (ask.Store._runs.TryGetValue(id, out MemoryRun? run) && run.Row.Owner is { } owner && ask.Store._aliveSilos.Contains(owner))
                {
                    owners[id] = owner;
                }
            }

            return owners;
        });

    public ValueTask<int> ExplainUnclaimableAsync(long silo, int limit, CancellationToken cancellationToken) =>
        Locked(cancellationToken, (Store: this, Silo: silo, Limit: limit), static ask =>
        {
            ask.Store.RequireAlive(ask.Silo);
            int changed = 0;
            foreach (MemoryRun run in ask.Store._live.Values.Where(ask.Store.IsRunnable).Where(run => !ask.Store._aliveSilos.Any(silo => ask.Store.CanRun(silo, run))))
            {
                FlowRow? flow = ask.Store._flows.GetValueOrDefault((run.Row.Tenant, run.Row.Flow, run.Row.FlowVersion));
                string why = Unclaimable.Why(run.Row.Flow, flow?.Label ?? run.Row.FlowVersion, flow?.Source is not null);
                if (run.Row.Why != why && changed < ask.Limit)
                {
                    run.Row = run.Row with { Why = why };
                    changed++;
                }
            }

            return changed;
        });

    public ValueTask<IReadOnlyList<PostOutcome>> PostAsync(long silo, IReadOnlyList<PostedMessage> messages, int inboxMax, CancellationToken cancellationToken) =>
        Locked(cancellationToken, (Store: this, Silo: silo, Messages: messages, Max: inboxMax), static IReadOnlyList<PostOutcome> (ask) =>
        {
            ask.Store.RequireAlive(ask.Silo);
            return [.. ask.Messages.Select(message => ask.Store.Post(message, ask.Max))];
        });

    public ValueTask<IReadOnlyList<InboxMessage>> ReadInboxesAsync(long silo, IReadOnlyCollection<RunId> runs, CancellationToken cancellationToken) =>
        Locked(cancellationToken, (Store: this, Silo: silo, Runs: runs), static IReadOnlyList<InboxMessage> (ask) =>
            [.. ask.Runs.SelectMany(id => ask.Store._runs.TryGetValue(id, out MemoryRun? run) && run.Row.Owner == ask.Silo ? run.Inbox : [])]);

    public ValueTask<IReadOnlyList<string>> FindMessagesAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken) =>
        Locked(cancellationToken, (Store: this, Ids: ids), static IReadOnlyList<string> (ask) => [.. ask.Ids.Where(ask.Store._messageIds.Contains)]);

    public ValueTask TellAsync(IReadOnlyCollection<SiloNotice> notices, CancellationToken cancellationToken)
    {
        List<(Action<string> OnNotice, string Text)> calls = [];
        lock (_lock)
        {
            foreach (SiloNotice notice in notices)
            {
                calls.AddRange(_silos.Where(s => (notice.To is null || notice.To == s.Key) && s.Value.Session is not null).Select(s => (s.Value.Session!.OnNotice, notice.Text)));
            }
        }

        calls.ForEach(static call => call.OnNotice(call.Text));
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<Reminder>> FindRemindersAsync(
        DateTimeOffset before, Reminder? after, int limit, int share, int shares, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return Locked(cancellationToken, (Store: this, Before: before, After: after, Limit: limit, Share: share, Shares: shares), static IReadOnlyList<Reminder> (ask) =>
        [
            .. ask.Store.RemindersAfter(ask.After).TakeWhile(reminder => reminder.DueAt < ask.Before)
                .Where(reminder => reminder.RunNo % ask.Shares == ask.Share).Take(ask.Limit),
        ]);
    }

    /// <summary>Breaks the connection of a life, as a server or a network does. For tests.</summary>
    internal void BreakSession(long silo)
    {
        lock (_lock)
        {
            _silos[silo].Session?.Break();
            _silos[silo].Session = null;
        }
    }

    private PostOutcome Post(PostedMessage posted, int inboxMax)
    {
        InboxMessage message = posted.Message;
        if (!_live.TryGetValue(message.RunNo, out MemoryRun? run) || run.Row.Id != message.Run)
        {
            return new PostOutcome(PostStatus.Ended, null);
        }

        long? owner = run.Row.Owner is { } silo && _aliveSilos.Contains(silo) ? silo : null;
        if (_messageIds.Contains(message.Id))
        {
            return new PostOutcome(PostStatus.Accepted, owner);
        }

        if (run.Inbox.Count >= inboxMax)
        {
            return new PostOutcome(PostStatus.Full, owner);
        }

        if (posted.Closing is { } closing)
        {
            if (!_humanTasks.TryGetValue(closing.Id, out HumanTaskRow? task) || task.Status != HumanTaskStatus.Open)
            {
                return new PostOutcome(PostStatus.TaskClosed, owner);
            }

            Close(closing);
        }

        _messageIds.Add(message.Id);
        run.Inbox.Add(message with { At = Stored(message.At), Payload = message.Payload.ToArray() });
        return new PostOutcome(PostStatus.Accepted, owner);
    }

    private IReadOnlyList<LivingSilo> Living() =>
        [.. _aliveSilos.Order().Select(no => new LivingSilo(no, _silos[no].Name, _silos[no].Beat, _silos[no].Session is not null, _silos[no].BeganAt))];

    private bool CanRun(long silo, MemoryRun run)
    {
        if (_silos[silo].Can is not { } can)
        {
            return true;
        }

        RunRow row = run.Row;
        if (run.JournalVersion > can.JournalVersion)
        {
            return false;
        }

        return can.Flows.Contains((row.Flow, row.FlowVersion))
            || (_flows.GetValueOrDefault((row.Tenant, row.Flow, row.FlowVersion)) is { Source: not null } flow && (flow.Tasks ?? []).All(can.Tasks.Contains));
    }

    private Tick Tick(long silo)
    {
        RequireAlive(silo);
        _silos[silo].Beat++;
        bool runnable = false;
        bool unclaimable = false;
        foreach (MemoryRun run in _live.Values.Where(IsRunnable))
        {
            bool can = CanRun(silo, run);
            runnable |= can;
            unclaimable |= !can;
        }

        IReadOnlyList<RunId> messages =
            [.. _live.Values.Where(run => run.Row.Owner == silo && run.Inbox.Count > 0).Take(Storage.Tick.WithMessagesMax).Select(static run => run.Row.Id)];
        return new Tick(Living(), runnable, unclaimable, messages);
    }

    private sealed class MemorySilo(string name, DateTimeOffset beganAt)
    {
        public string Name => name;

        public DateTimeOffset BeganAt => beganAt;

        public DateTimeOffset? EndedAt { get; set; }

        public long Beat { get; set; }

        public SiloCapabilities? Can { get; set; }

        public MemorySession? Session { get; set; }
    }

    private sealed class MemorySession(MemoryStore store, long silo, Action<string> onNotice) : ISiloSession
    {
        private readonly TaskCompletionSource _lost = new();

        public Action<string> OnNotice => onNotice;

        public Task Lost => _lost.Task;

        public ValueTask<Tick> TickAsync(CancellationToken cancellationToken) => store.Locked(cancellationToken, this, static session =>
            session._lost.Task.IsCompleted
                ? throw new StoreException(StoreFailure.Transient, "The connection is lost.")
                : session.Store.Tick(session.Silo));

        public void Break() => _lost.TrySetResult();

        public ValueTask DisposeAsync()
        {
            lock (store._lock)
            {
                if (store._silos[silo].Session == this)
                {
                    store._silos[silo].Session = null;
                }
            }

            return ValueTask.CompletedTask;
        }

        private MemoryStore Store => store;

        private long Silo => silo;
    }
}
