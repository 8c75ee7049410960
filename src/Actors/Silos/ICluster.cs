using Actors.Storage;

namespace Actors.Silos;

/// <summary>
/// The seam between the engine and whoever spreads its grains over processes: activate by key, deliver a command, set a reminder, list the living. Journal, fence and committer
/// stay with the engine and its store, whoever implements this. Two do here: <see cref="DatabaseCluster"/>, for silos that share a database, and <see cref="SingleSilo"/>, for one that has its
/// database for itself. Thread-safe; nothing here waits for a run.
/// </summary>
public interface ICluster : IAsyncDisposable
{
    /// <summary>The silos that are alive, as far as this one knows; itself included.</summary>
    IReadOnlyList<LivingSilo> Living { get; }

    /// <summary>True while step bodies may run in this process: nobody else can have taken over what it owns.</summary>
    bool MayAct { get; }

    /// <summary>Begins: from here on the member is told what concerns it. Returns when runs that nobody holds have been looked for once.</summary>
    ValueTask JoinAsync(IClusterMember member, CancellationToken cancellationToken);

    /// <summary>The silo will leave: what others can take over from now on is theirs. Runs that it still holds stay its own until they are released.</summary>
    void Retire();

    /// <summary>Sees to it that the grain of a run with committed messages gets them, in whichever silo it is; brings it into some memory when it is in none.</summary>
    void Activate(IReadOnlyList<InboxMessage> messages);

    /// <summary>
    /// Delivers a command to a run that another silo holds. When it returns, the command is committed; the answer says how far its effect is.
    /// </summary>
    /// <exception cref="ConflictException">The run has ended, or the human task that is answered is closed.</exception>
    /// <exception cref="OverloadedException">Too many commands wait for that run.</exception>
    /// <exception cref="UnavailableException">The database does not answer, or the life is over.</exception>
    Task<DeliveryEffect> DeliverAsync(PostedMessage message, CancellationToken cancellationToken);

    /// <summary>Reminders that were committed; the row is there, and whoever's share it is rings it. A near one is rung here.</summary>
    void SetReminders(IReadOnlyList<Reminder> reminders);

    /// <summary>A transition of a run that this silo holds is committed.</summary>
    void OnCommitted(Transition transition);

    /// <summary>Somebody here waits for what happens in a run: from now on <see cref="IClusterMember.OnChanged"/> is called for it, also when another silo holds it.</summary>
    void Watch(RunId run);

    /// <summary>There is room for further runs in this silo's memory.</summary>
    void OnRoom();

    /// <summary>A run was committed as queued: it is claimed, here or elsewhere, when there is room.</summary>
    void OnQueued();
}

/// <summary>How far the effect of a delivered command is.</summary>
public enum DeliveryEffect
{
    /// <summary>The run has taken it in: the effect is committed.</summary>
    Taken,

    /// <summary>It is in no inbox any more: the run has taken it in, or has ended without it.</summary>
    Gone,

    /// <summary>It waits in the run's inbox (<see cref="SiloOptions.RemoteCommandLimit"/> is over).</summary>
    Pending,
}

/// <summary>The engine, as its cluster sees it. Calls return at once.</summary>
public interface IClusterMember
{
    /// <summary>How many further runs this silo may take into memory.</summary>
    int Room { get; }

    /// <summary>The runs that somebody here waits for and that are not in this memory.</summary>
    IReadOnlyCollection<RunId> Watched { get; }

    /// <summary>True when the run's grain is in this memory, or on its way.</summary>
    bool Holds(RunId run);

    /// <summary>Activates a run here, if it is not owned elsewhere.</summary>
    /// <returns>Faults when it cannot be had.</returns>
    Task Wake(RunId run);

    /// <summary>Runs are about to be claimed for this silo: called before the store is asked, each time.</summary>
    void OnClaiming();

    /// <summary>Takes in runs that were claimed for this silo.</summary>
    Task TakeInAsync(IReadOnlyList<LoadedRun> runs);

    /// <summary>Gives a committed message to a run that this silo holds, or activates it.</summary>
    void Deliver(InboxMessage message);

    /// <summary>Something may have been committed in a run that is watched here.</summary>
    void OnChanged(RunId run);

    /// <summary>Bodies must not run now: they are told to stop, and none begins until <see cref="Resume"/>.</summary>
    void Suspend();

    void Resume();

    /// <summary>The life is over: the grains are dropped.</summary>
    void Fence(string reason);
}
