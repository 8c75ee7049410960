using System.Globalization;
using Actors.Runs;
using Actors.Storage;

namespace Actors.Silos;

/// <summary>What silos tell each other: first letter of a notice. Whatever a notice says is in the database as well; losing one costs a tick.</summary>
internal enum Notice
{
    /// <summary>Runs with new messages in their inbox.</summary>
    Inbox = 'i',

    /// <summary>Messages of yours that were taken in.</summary>
    Taken = 't',

    /// <summary>A silo watches runs: sender, then runs.</summary>
    Watch = 'w',

    /// <summary>Something was committed in runs that you watch.</summary>
    Changed = 'c',

    /// <summary>Silos that are about to leave.</summary>
    Retiring = 'r',
}

internal sealed partial class DatabaseCluster
{
    // Interest of another silo is told anew every few ticks; what is not told again is forgotten.
    private static readonly TimeSpan InterestFor = TimeSpan.FromSeconds(15);

    // Within this a notice has arrived.
    private static readonly TimeSpan WatchSettles = TimeSpan.FromMilliseconds(100);

    // Bounds what is remembered for others.
    private const int RememberedMax = 100_000;

    private readonly NoticeQueue _notices;
    private readonly PostQueue _posts;
    private readonly Dictionary<RunId, Dictionary<long, long>> _interest = [];
    private readonly Dictionary<string, long> _senders = new(StringComparer.Ordinal);
    private readonly HashSet<RunId> _inboxesWanted = [];
    private bool _readingInboxes;

    // Read outside the lock for each commit.
    private volatile bool _hasInterest;

    public void Activate(IReadOnlyList<InboxMessage> messages)
    {
        List<RunId>? elsewhere = null;
        foreach (InboxMessage message in messages)
        {
            if (_member.Holds(message.Run))
            {
                Give(message);
            }
            else
            {
                (elsewhere ??= []).Add(message.Run);
            }
        }

        if (elsewhere is not null)
        {
            _services.Scheduler.Post(static state => _ = ((Routing)state!).RunAsync(), new Routing(this, elsewhere));
        }
    }

    public async Task<DeliveryEffect> DeliverAsync(PostedMessage message, CancellationToken cancellationToken)
    {
        InboxMessage inner = message.Message;
        Post post = _posts.Add(message);
        PostOutcome outcome = await post.Posted.WaitAsync(cancellationToken).ConfigureAwait(false);
        switch (outcome.Status)
        {
            case PostStatus.Ended:
                throw new ConflictException("run_ended", $"Run {inner.Run} has ended.");
            case PostStatus.TaskClosed:
                throw new ConflictException("task_closed", $"Human task {message.Closing?.Id} is not open any more.");
            case PostStatus.Full:
                throw new OverloadedException($"Run {inner.Run} has too many commands waiting already (SiloOptions.MailboxMax).");
        }

        if (outcome.Owner is { } owner && owner != _services.SiloNo)
        {
            _notices.Add(owner, Notice.Inbox, inner.Run.Value);
        }
        else if (_member.Holds(inner.Run))
        {
            Give(inner);
        }
        else
        {
            await RouteAsync([inner.Run]).ConfigureAwait(false);
        }

        // Accepted and committed. That its effect is visible as well when this returns is a courtesy with a limit.
        using CancellationTokenSource limit = new(_services.Options.RemoteCommandLimit, _services.Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await post.Effect.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return DeliveryEffect.Pending;
        }
        finally
        {
            _posts.Forget(post);
        }
    }

    public void OnCommitted(Transition transition)
    {
        if (transition.MessagesConsumed.Count > 0)
        {
            foreach (string id in transition.MessagesConsumed)
            {
                TellTaken(id);
            }
        }

        if (!_hasInterest)
        {
            return;
        }

        lock (_lock)
        {
            if (_interest.TryGetValue(transition.Run, out Dictionary<long, long>? silos))
            {
                foreach (long silo in silos.Keys)
                {
                    _notices.Add(silo, Notice.Changed, transition.Run.Value);
                }
            }
        }
    }

    public void Watch(RunId run) => _notices.Add(null, Notice.Watch, run.Value);

    // The others know that these runs are watched, or soon will: what was committed before is looked for once more.
    private void OnTold(Notice kind, IReadOnlyCollection<string> words)
    {
        if (kind == Notice.Watch)
        {
            _services.Alarms.Set(
                _services.Time.GetUtcNow() + WatchSettles,
                static state =>
                {
                    (DatabaseCluster cluster, IReadOnlyCollection<string> words) = ((DatabaseCluster, IReadOnlyCollection<string>))state!;
                    Runs([.. words]).ForEach(cluster._member.OnChanged);
                },
                (this, words));
        }
    }

    /// <summary>Gives a message to a run that is here; its sender hears of it when the run has taken it in.</summary>
    private void Give(InboxMessage message)
    {
        RememberSender(message);
        _member.Deliver(message);
    }

    public void RememberSender(InboxMessage message)
    {
        if (message.Sender is { } sender)
        {
            lock (_lock)
            {
                if (_senders.Count >= RememberedMax)
                {
                    // Those that are forgotten look for themselves at a tick.
                    _senders.Clear();
                }

                _senders[message.Id] = sender;
            }
        }
    }

    private void TellTaken(string id)
    {
        long sender;
        lock (_lock)
        {
            if (!_senders.Remove(id, out sender))
            {
                return;
            }
        }

        if (sender == _services.SiloNo)
        {
            _posts.OnGone(id, DeliveryEffect.Taken);
        }
        else
        {
            _notices.Add(sender, Notice.Taken, id);
        }
    }

    /// <summary>Runs with committed messages that are not in this memory: told to their owners, or brought here when they have none.</summary>
    private async Task RouteAsync(IReadOnlyCollection<RunId> runs)
    {
        try
        {
            IReadOnlyDictionary<RunId, long> owners = await _store.FindOwnersAsync(runs, CancellationToken.None).ConfigureAwait(false);
            foreach (RunId run in runs)
            {
                if (owners.TryGetValue(run, out long owner) && owner != _services.SiloNo)
                {
                    _notices.Add(owner, Notice.Inbox, run.Value);
                }
                else
                {
                    _ = WakeOrTellAsync(run);
                }
            }
        }
        catch (StoreException e)
        {
            // The tick of whoever owns them finds the messages.
            _services.Log.StoreReadRetried(e.Message);
        }
    }

    private async Task WakeOrTellAsync(RunId run)
    {
        try
        {
            await _member.Wake(run).ConfigureAwait(false);
        }
        catch (ActorsException)
        {
            // Claimed by another a moment ago, or not to be run here: whoever can takes it.
            _notices.Add(null, Notice.Inbox, run.Value);
        }
    }

    // ---- notices -------------------------------------------------------------------------------------------------

    private void OnNotice(string text)
    {
        if (text.Length >= 2 && !_stopping.IsCancellationRequested)
        {
            _services.Scheduler.Post(static state => ((Heard)state!).Take(), new Heard(this, text));
        }
    }

    private void Take(Notice kind, string[] words)
    {
        switch (kind)
        {
            case Notice.Inbox:
                ReadInboxes(Runs(words));
                break;
            case Notice.Taken:
                foreach (string id in words)
                {
                    _posts.OnGone(id, DeliveryEffect.Taken);
                }

                break;
            case Notice.Changed:
                foreach (RunId run in Runs(words))
                {
                    _member.OnChanged(run);
                }

                break;
            case Notice.Watch when long.TryParse(words[0], CultureInfo.InvariantCulture, out long silo) && silo != _services.SiloNo:
                Remember(silo, Runs(words.AsSpan(1)));
                break;
            case Notice.Retiring:
                lock (_lock)
                {
                    _retiring.UnionWith(words.Select(static w => long.TryParse(w, CultureInfo.InvariantCulture, out long no) ? no : 0));
                }

                SetShare(_living);
                break;
        }
    }

    private void Remember(long silo, List<RunId> runs)
    {
        long now = _services.Time.GetTimestamp();
        lock (_lock)
        {
            foreach (RunId run in runs)
            {
                if (!_interest.TryGetValue(run, out Dictionary<long, long>? silos))
                {
                    if (_interest.Count >= RememberedMax)
                    {
                        return;
                    }

                    _interest.Add(run, silos = []);
                    _hasInterest = true;
                }

                silos[silo] = now;
            }
        }
    }

    private void ForgetInterest()
    {
        lock (_lock)
        {
            foreach ((RunId run, Dictionary<long, long> silos) in _interest.ToArray())
            {
                foreach ((long silo, long since) in silos.ToArray())
                {
                    if (_services.Time.GetElapsedTime(since) > InterestFor)
                    {
                        silos.Remove(silo);
                    }
                }

                if (silos.Count == 0)
                {
                    _interest.Remove(run);
                }
            }

            _hasInterest = _interest.Count > 0;
        }
    }

    private static List<RunId> Runs(ReadOnlySpan<string> words)
    {
        List<RunId> runs = new(words.Length);
        foreach (string word in words)
        {
            if (RunId.TryParse(word, out RunId run))
            {
                runs.Add(run);
            }
        }

        return runs;
    }

    // ---- inboxes -------------------------------------------------------------------------------------------------

    /// <summary>Reads the new messages of runs, many runs at once; those that are in no memory are brought here.</summary>
    private void ReadInboxes(IReadOnlyList<RunId> runs)
    {
        lock (_lock)
        {
            _inboxesWanted.UnionWith(runs);
            if (_readingInboxes || _inboxesWanted.Count == 0)
            {
                return;
            }

            _readingInboxes = true;
        }

        _services.Scheduler.Post(static self => _ = ((DatabaseCluster)self!).ReadInboxesAsync(), this);
    }

    private async Task ReadInboxesAsync()
    {
        while (true)
        {
            RunId[] runs;
            lock (_lock)
            {
                runs = [.. _inboxesWanted];
                _inboxesWanted.Clear();
                if (runs.Length == 0 || _stopping.IsCancellationRequested)
                {
                    _readingInboxes = false;
                    return;
                }
            }

            try
            {
                // A run that is not here yet reads its inbox when it comes.
                RunId[] here = [.. runs.Where(_member.Holds)];
                foreach (RunId run in runs.Except(here))
                {
                    _ = Wake(run);
                }

                if (here.Length > 0)
                {
                    foreach (InboxMessage message in await _store.ReadInboxesAsync(_services.SiloNo, here, CancellationToken.None).ConfigureAwait(false))
                    {
                        Give(message);
                    }
                }
            }
            catch (StoreException e)
            {
                // The next tick finds them.
                _services.Log.StoreReadRetried(e.Message);
            }
        }
    }

    private sealed record Routing(DatabaseCluster Cluster, IReadOnlyCollection<RunId> Runs)
    {
        public Task RunAsync() => Cluster.RouteAsync(Runs);
    }

    private sealed record Heard(DatabaseCluster Cluster, string Text)
    {
        public void Take() => Cluster.Take((Notice)Text[0], Text[1..].Split(','));
    }
}
