using Actors.Flows;
using Actors.Storage;
using Actors.Time;

namespace Actors.Silos;

/// <summary>
/// Silos that share a database, which is their one coordinator. Each beats in a row of its own and watches the beats of the others; runs of a dead one are claimed, and nothing that it
/// still tries to write is accepted. Parts: this file holds the life among peers, the others the messages between silos.
/// </summary>
internal sealed partial class DatabaseCluster : ICluster
{
    private const int ClaimMax = 200;
    private const int OwnedMax = 100_000;
    private const int ExplainMax = 500;

    // In ticks: seldom, since they only mend what should not happen or tell what nobody can change quickly.
    private const int ReconcileEvery = 24;
    private const int ExplainEvery = 3;
    private const int WatchEvery = 4;

    private static readonly TimeSpan SessionRetry = TimeSpan.FromMilliseconds(200);

    private readonly EngineServices _services;
    private readonly IClusterStore _store;
    private readonly EffectLease _lease;
    private readonly Recovery _recovery;
    private readonly ReminderFeed _reminders;
    private readonly PeerWatch _peers;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly HashSet<long> _retiring = [];
    private IClusterMember _member = null!;
    private ISiloSession? _session;
    private volatile IReadOnlyList<LivingSilo> _living = [];
    private (int Index, int Of) _share = (0, 1);
    private int _published = -1;
    private long _ticks;
    private bool _lookingAfter;
    private volatile bool _retired;

    public DatabaseCluster(EngineServices services, IClusterStore store)
    {
        _services = services;
        _store = store;
        // A peer waits for a whole lease of its own time; a quarter less is the margin for clocks that run unevenly and for bodies that take a moment to stop.
        _lease = new EffectLease(services.Time, services.Options.Lease * 0.75, OnLeaseOver);
        _recovery = new Recovery(services.Scheduler, services.Log, TakeInAsync);
        _reminders = new ReminderFeed(services, FindRemindersAsync, run => _ = Wake(run));
        _peers = new PeerWatch(services.Time, services.SiloNo, services.Options.Lease, services.Options.TickInterval);
        _notices = new NoticeQueue(services, store, OnTold);
        _posts = new PostQueue(services, store);
    }

    public IReadOnlyList<LivingSilo> Living => _living;

    public bool MayAct => _lease.IsValid;

    public async ValueTask JoinAsync(IClusterMember member, CancellationToken cancellationToken)
    {
        _member = member;
        await PublishAsync(cancellationToken).ConfigureAwait(false);
        await OpenSessionAsync(cancellationToken).ConfigureAwait(false);
        await TickAsync(cancellationToken).ConfigureAwait(false);
        await _recovery.RunAsync().ConfigureAwait(false);
        _reminders.Start();
        _ = LoopAsync();
    }

    public void Retire()
    {
        if (_retired)
        {
            return;
        }

        _retired = true;
        _recovery.Stop();
        _reminders.Stop();

        // The others ring this silo's reminders from now on.
        _notices.Add(null, Notice.Retiring, _services.SiloNo.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    public void SetReminders(IReadOnlyList<Reminder> reminders) => _reminders.OnCommitted(reminders);

    public void OnRoom() => _recovery.OnRoom();

    public void OnQueued() => _recovery.OnQueued();

    public async ValueTask DisposeAsync()
    {
        Retire();
        Stop();
        _lease.Dispose();
        await CloseSessionAsync().ConfigureAwait(false);
        _posts.FailAll(new UnavailableException("The silo is stopping, or its life is over; the command may have been accepted."));
    }

    // Here and now, and not on another thread as CancelAsync does: what ends with it is the engine's own.
    private void Stop() => _stopping.Cancel();

    // Only what keeps the life alive: whatever may take longer is done beside it, so that no beat waits for it.
    private async Task LoopAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            TimeSpan pause = _peers.IsSuspicious ? _services.Options.TickInterval / 2 : _services.Options.TickInterval;
            try
            {
                Task lost = _session?.Lost ?? Task.CompletedTask;
                await Task.WhenAny(lost, Task.Delay(pause, _services.Time, _stopping.Token)).ConfigureAwait(false);
                if (_stopping.IsCancellationRequested)
                {
                    return;
                }

                if (lost.IsCompleted && _session is not null)
                {
                    await OnSessionLostAsync("The server closed it, or it broke.").ConfigureAwait(false);
                }

                if (_session is null)
                {
                    await OpenSessionAsync(_stopping.Token).ConfigureAwait(false);
                }

                await TickAsync(_stopping.Token).ConfigureAwait(false);
            }
            catch (StoreException e) when (e.Kind == StoreFailure.Fenced)
            {
                _member.Fence(e.Message);
                return;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // The database did not answer: again, for as long as the silo is there.
            catch (Exception e)
#pragma warning restore CA1031
            {
                await OnSessionLostAsync(e.Message).ConfigureAwait(false);
                await Task.Delay(SessionRetry, _services.Time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task OpenSessionAsync(CancellationToken cancellationToken)
    {
        _session = await _store.OpenSessionAsync(_services.SiloNo, OnNotice, cancellationToken).ConfigureAwait(false);

        // What was seen of the peers counts for the session in which it was seen.
        _peers.Reset();
    }

    private async Task OnSessionLostAsync(string reason)
    {
        // Peers see that the session is gone and wait for about one tick; this silo must have stopped acting before.
        _lease.Shorten(_services.Options.TickInterval / 2);
        if (_session is not null)
        {
            _services.Log.SessionLost(_services.SiloNo, reason);
        }

        await CloseSessionAsync().ConfigureAwait(false);
    }

    private async Task CloseSessionAsync()
    {
        if (Interlocked.Exchange(ref _session, null) is { } session)
        {
            try
            {
                await session.DisposeAsync().ConfigureAwait(false);
            }
            catch (StoreException e)
            {
                _services.Log.StoreReadRetried(e.Message);
            }
        }
    }

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        long sent = _services.Time.GetTimestamp();
        Tick tick = await _session!.TickAsync(cancellationToken).ConfigureAwait(false);
        if (_lease.Renew(sent))
        {
            if (_ticks > 0)
            {
                _services.Log.LeaseRenewed(_services.SiloNo);
            }

            _member.Resume();
        }

        _ticks++;
        _living = tick.Silos;
        SetShare(tick.Silos);
        if (_retired)
        {
            return;
        }

        IReadOnlyList<(LivingSilo Silo, string Reason)> dead = _peers.See(tick.Silos);
        if (tick.HasRunnable)
        {
            _recovery.OnQueued();
            _recovery.Ask();
        }

        if (tick.WithMessages.Count > 0)
        {
            ReadInboxes(tick.WithMessages);
        }

        _posts.CheckOverdue();
        ForgetInterest();
        if (!Interlocked.Exchange(ref _lookingAfter, true))
        {
            _services.Scheduler.Post(static state => _ = ((Looking)state!).RunAsync(), new Looking(this, tick, dead, _ticks));
        }
    }

    /// <summary>What follows from a tick and may take its time: one at a time.</summary>
    private async Task LookAfterAsync(Tick tick, IReadOnlyList<(LivingSilo Silo, string Reason)> dead, long ticks)
    {
        try
        {
            if (dead.Count > 0 && await BuryAsync(dead, _stopping.Token).ConfigureAwait(false))
            {
                _recovery.OnQueued();
                _recovery.Ask();
            }

            if (_services.Flows.Changes != _published)
            {
                await PublishAsync(_stopping.Token).ConfigureAwait(false);
            }

            if (ticks % WatchEvery == 0)
            {
                foreach (RunId watched in _member.Watched)
                {
                    Watch(watched);
                }
            }

            if (tick.HasUnclaimable && ticks % ExplainEvery == 0 && tick.Silos[0].No == _services.SiloNo)
            {
                int explained = await _store.ExplainUnclaimableAsync(_services.SiloNo, ExplainMax, _stopping.Token).ConfigureAwait(false);
                if (explained > 0)
                {
                    _services.Log.RunsUnclaimable(explained);
                }
            }

            if (ticks % ReconcileEvery == 0)
            {
                foreach (RunId run in await _store.FindOwnedAsync(_services.SiloNo, OwnedMax, _stopping.Token).ConfigureAwait(false))
                {
                    if (!_member.Holds(run))
                    {
                        _ = Wake(run);
                    }
                }
            }
        }
        catch (StoreException e) when (e.Kind == StoreFailure.Fenced)
        {
            _member.Fence(e.Message);
        }
        catch (StoreException e)
        {
            // At a later tick again.
            _services.Log.StoreReadRetried(e.Message);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
        }
        finally
        {
            Volatile.Write(ref _lookingAfter, false);
        }
    }

    private async Task<bool> BuryAsync(IReadOnlyList<(LivingSilo Silo, string Reason)> dead, CancellationToken cancellationToken)
    {
        bool any = false;
        foreach ((LivingSilo silo, string reason) in dead)
        {
            if (await _store.EndSilentLifeAsync(_services.SiloNo, silo.No, silo.Beat, _services.Time.GetUtcNow(), cancellationToken).ConfigureAwait(false))
            {
                _services.Log.PeerDied(silo.Name, silo.No, reason);
                any = true;
            }
        }

        return any;
    }

    private void OnLeaseOver()
    {
        if (!_stopping.IsCancellationRequested)
        {
            _services.Log.LeaseOver(_services.SiloNo);
            _member.Suspend();
        }
    }

    private async ValueTask PublishAsync(CancellationToken cancellationToken)
    {
        int changes = _services.Flows.Changes;
        List<(string, string)> flows = [.. _services.Flows.All.Select(static f => (f.Name, f.Version))];
        SiloCapabilities can = new(_services.Options.JournalVersion, flows, _services.Tasks.Known);
        await _store.PublishAsync(_services.SiloNo, can, cancellationToken).ConfigureAwait(false);
        _published = changes;
    }

    private async Task<RecoveryRound> TakeInAsync()
    {
        int room = _member.Room;
        if (room <= 0)
        {
            return RecoveryRound.NoRoom;
        }

        int limit = Math.Min(room, ClaimMax);
        _member.OnClaiming();
        IReadOnlyList<LoadedRun> runs = await _store.ClaimRunnableAsync(_services.SiloNo, limit, CancellationToken.None).ConfigureAwait(false);
        await _member.TakeInAsync(runs).ConfigureAwait(false);
        return new RecoveryRound(runs.Count, runs.Count < limit, runs.Count == limit);
    }

    // ---- reminders -----------------------------------------------------------------------------------------------

    private void SetShare(IReadOnlyList<LivingSilo> silos)
    {
        lock (_lock)
        {
            _retiring.RemoveWhere(no => !silos.Any(s => s.No == no));
            long[] sharing = [.. silos.Select(static s => s.No).Where(no => !_retiring.Contains(no))];
            (int, int) share = (Array.IndexOf(sharing, _services.SiloNo), sharing.Length);
            if (share == _share || share.Item1 < 0)
            {
                return;
            }

            _share = share;
        }

        _reminders.Reload();
    }

    private ValueTask<IReadOnlyList<Reminder>> FindRemindersAsync(DateTimeOffset before, Reminder? after, int limit, CancellationToken cancellationToken)
    {
        (int index, int of) = _share;
        return _store.FindRemindersAsync(before, after, limit, index, of, cancellationToken);
    }

    private async Task Wake(RunId run)
    {
        try
        {
            await _member.Wake(run).ConfigureAwait(false);
        }
        catch (ActorsException)
        {
            // Another silo has it, and with it its alarms; or it has ended.
        }
    }

    private sealed record Looking(DatabaseCluster Cluster, Tick Tick, IReadOnlyList<(LivingSilo Silo, string Reason)> Dead, long Ticks)
    {
        public Task RunAsync() => Cluster.LookAfterAsync(Tick, Dead, Ticks);
    }
}
