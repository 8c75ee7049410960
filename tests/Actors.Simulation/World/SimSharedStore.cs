using Actors.Storage;

namespace Actors.Simulation;

/// <summary>One process's connection to a database that several silos share. Sessions, claims and messages go through the same weather as everything else; notices have their own.</summary>
internal sealed class SimSharedStore(SimDatabase database, SimScheduler lane) : SimStore(database, lane), IClusterStore
{
    public bool IsShared => true;

    public ValueTask PublishAsync(long silo, SiloCapabilities can, CancellationToken cancellationToken) =>
        new(CallAsync(SimCall.Publish, null, () => Done(Database.Shared.PublishAsync(silo, can, default))).AsTask());

    public ValueTask<ISiloSession> OpenSessionAsync(long silo, Action<string> onNotice, CancellationToken cancellationToken) =>
        CallAsync<ISiloSession>(SimCall.OpenSession, null, async () =>
        {
            ISiloSession inner = await Database.Shared.OpenSessionAsync(silo, text => Hear(onNotice, text), default);
            if (Database.Sessions.TryGetValue(silo, out SimSession? earlier))
            {
                earlier.Break();
            }

            SimSession session = new(Database, this, Lane, silo, inner);
            Database.Sessions[silo] = session;
            Database.World.Trace.Say(Database.World, () => $"  session of {silo}");
            return session;
        });

    public ValueTask<bool> EndSilentLifeAsync(long silo, long silent, long beat, DateTimeOffset at, CancellationToken cancellationToken) =>
        CallAsync(SimCall.EndSilentLife, null, () => Database.EndSilentLifeAsync(silo, silent, beat));

    public ValueTask<IReadOnlyList<LivingSilo>> ListSilosAsync(CancellationToken cancellationToken) => CallAsync(SimCall.Read, null, () => Database.Shared.ListSilosAsync(default));

    public ValueTask<IReadOnlyList<LoadedRun>> ClaimRunnableAsync(long silo, int limit, CancellationToken cancellationToken) =>
        CallAsync(SimCall.ClaimRunnable, null, () => Database.ClaimRunnableAsync(silo, limit));

    public ValueTask CountTrialAsync(long silo, RunId run, bool begins, CancellationToken cancellationToken) =>
        new(CallAsync(SimCall.CountTrial, null, () => Done(Database.Shared.CountTrialAsync(silo, run, begins, default))).AsTask());

    public ValueTask<IReadOnlyList<RunId>> FindOwnedAsync(long silo, int limit, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Read, null, () => Database.Shared.FindOwnedAsync(silo, limit, default));

    public ValueTask<IReadOnlyDictionary<RunId, long>> FindOwnersAsync(IReadOnlyCollection<RunId> runs, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Read, null, () => Database.Shared.FindOwnersAsync(runs, default));

    public ValueTask<int> ExplainUnclaimableAsync(long silo, int limit, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Explain, null, () => Database.Shared.ExplainUnclaimableAsync(silo, limit, default));

    public ValueTask<IReadOnlyList<PostOutcome>> PostAsync(long silo, IReadOnlyList<PostedMessage> messages, int inboxMax, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Post, null, () => Database.PostAsync(silo, messages, inboxMax));

    public ValueTask<IReadOnlyList<InboxMessage>> ReadInboxesAsync(long silo, IReadOnlyCollection<RunId> runs, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Read, null, () => Database.Shared.ReadInboxesAsync(silo, runs, default));

    public ValueTask<IReadOnlyList<string>> FindMessagesAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken) =>
        CallAsync(SimCall.Read, null, () => Database.Shared.FindMessagesAsync(ids, default));

    public ValueTask TellAsync(IReadOnlyCollection<SiloNotice> notices, CancellationToken cancellationToken) =>
        new(CallAsync(SimCall.Tell, null, () => Done(Database.Shared.TellAsync(notices, default))).AsTask());

    public ValueTask<IReadOnlyList<Reminder>> FindRemindersAsync(DateTimeOffset before, Reminder? after, int limit, int share, int shares, CancellationToken cancellationToken) =>
        CallAsync(SimCall.FindReminders, null, async () =>
        {
            IReadOnlyList<Reminder> found = await Database.Shared.FindRemindersAsync(before, after, limit, share, shares, default);
            Database.World.Trace.Add(found.Count);
            Database.World.Trace.Say(Database.World, () => $"  {found.Count} reminders of share {share} of {shares} before {before:HH:mm:ss.fff}");
            return found;
        });

    private void Hear(Action<string> onNotice, string text)
    {
        TimeSpan? delay = Database.NoticeWeather();
        Database.World.Trace.Say(Database.World, () => $"  notice to {Lane.Name}: {text}{(delay is null ? " is lost" : "")}");
        if (delay is { } time)
        {
            Database.World.Network.PostAfter(time, () => Lane.Post(() => onNotice(text)));
        }
    }

    private static async ValueTask<bool> Done(ValueTask call)
    {
        await call;
        return true;
    }
}

/// <summary>The session of one life. Breaking it is what a server, a network or the death of the process does: the database sees it at once, the process a moment later.</summary>
internal sealed class SimSession(SimDatabase database, SimSharedStore store, SimScheduler lane, long silo, ISiloSession inner) : ISiloSession
{
    private readonly TaskCompletionSource _lost = new();
    private bool _broken;

    public SimScheduler Lane => lane;

    public Task Lost => _lost.Task;

    public async ValueTask<Tick> TickAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset sent = database.World.Now;
        Tick tick = await store.CallAsync(SimCall.Tick, null, () => _broken
            ? ValueTask.FromException<Tick>(new StoreException(StoreFailure.Transient, "The connection is lost."))
            : inner.TickAsync(default));
        database.Beats[silo] = sent;
        return tick;
    }

    public void Break()
    {
        if (!_broken)
        {
            Close();
            lane.Post(() => _lost.TrySetResult());
        }
    }

    public ValueTask DisposeAsync()
    {
        Close();
        _lost.TrySetResult();
        return ValueTask.CompletedTask;
    }

    private void Close()
    {
        _broken = true;
        _ = inner.DisposeAsync();
        if (database.Sessions.GetValueOrDefault(silo) == this)
        {
            database.Sessions.Remove(silo);
        }
    }
}
