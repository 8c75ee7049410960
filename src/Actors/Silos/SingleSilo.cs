using Actors.Storage;
using Actors.Time;

namespace Actors.Silos;

/// <summary>The cluster of one: the silo has its database for itself, so that what it does not hold nobody holds.</summary>
internal sealed class SingleSilo : ICluster
{
    // How often runs that nobody holds are looked for, beside the moments when there is reason to.
    private static readonly TimeSpan RecoverEvery = TimeSpan.FromSeconds(10);
    private const int Page = 500;

    private readonly EngineServices _services;
    private readonly ReminderFeed _reminders;
    private readonly Recovery _recovery;
    private IClusterMember? _member;
    private volatile bool _stopped;

    public SingleSilo(EngineServices services)
    {
        _services = services;
        _reminders = new ReminderFeed(services, services.Store.FindRemindersAsync, run => _ = _member!.Wake(run));
        _recovery = new Recovery(services.Scheduler, services.Log, TakeInAsync);
        Living = [new LivingSilo(services.SiloNo, services.Options.Name, 0, true, services.Now())];
    }

    public IReadOnlyList<LivingSilo> Living { get; }

    public bool MayAct => true;

    public async ValueTask JoinAsync(IClusterMember member, CancellationToken cancellationToken)
    {
        _member = member;
        await _recovery.RunAsync().ConfigureAwait(false);
        _reminders.Start();
        RecoverLater();
    }

    public void Retire()
    {
        _stopped = true;
        _recovery.Stop();
        _reminders.Stop();
    }

    public void Activate(IReadOnlyList<InboxMessage> messages)
    {
        foreach (InboxMessage message in messages)
        {
            _member!.Deliver(message);
        }
    }

    public Task<DeliveryEffect> DeliverAsync(PostedMessage message, CancellationToken cancellationToken) =>
        throw new UnavailableException($"Run {message.Message.Run} could not be reached; try again.");

    public void SetReminders(IReadOnlyList<Reminder> reminders) => _reminders.OnCommitted(reminders);

    public void OnCommitted(Transition transition)
    {
    }

    public void Watch(RunId run)
    {
    }

    public void OnRoom() => _recovery.OnRoom();

    public void OnQueued() => _recovery.OnQueued();

    public ValueTask DisposeAsync()
    {
        Retire();
        return ValueTask.CompletedTask;
    }

    private void RecoverLater()
    {
        if (!_stopped)
        {
            _services.Alarms.Set(
                _services.Time.GetUtcNow() + RecoverEvery,
                static self =>
                {
                    SingleSilo silo = (SingleSilo)self!;
                    _ = silo._recovery.RunAsync();
                    silo.RecoverLater();
                },
                this);
        }
    }

    private async Task<RecoveryRound> TakeInAsync()
    {
        int room = _member!.Room;
        if (room <= 0)
        {
            return RecoveryRound.NoRoom;
        }

        IReadOnlyList<RunId> runs = await _services.Store.FindRunnableAsync(Math.Min(room, Page), CancellationToken.None).ConfigureAwait(false);
        Task[] arrivals = [.. runs.Select(_member.Wake)];
        await Task.WhenAll(arrivals).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // Nothing could be taken in: whatever the reason, asking again at once would only turn in a circle.
        bool stuck = runs.Count > 0 && arrivals.All(static a => a.IsFaulted);
        return new RecoveryRound(runs.Count, runs.Count == 0 || stuck, stuck);
    }
}
