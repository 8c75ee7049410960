namespace Actors.Storage;

/// <summary>
/// What a store needs beyond <see cref="IStore"/> so that several silos can share its database. The database is the one coordinator: silos see each other
/// by their beats, take over by claims, and hand messages to each other by inbox rows. Notices between silos only make that faster; each may get lost.
/// </summary>
public interface IClusterStore : IStore
{
    /// <summary>True: several silos may be on this database at once. False: whoever uses it is alone, and nothing below is called.</summary>
    bool IsShared { get; }

    // ---- lives ---------------------------------------------------------------------------------------------------

    /// <summary>Publishes what a life can run; from then on its claims leave out all else. A life that has published nothing can run everything.</summary>
    /// <exception cref="StoreException">Fenced when the life is not alive.</exception>
    ValueTask PublishAsync(long silo, SiloCapabilities can, CancellationToken cancellationToken);

    /// <summary>
    /// Opens the connection that stands for a life: the database knows that it is there, and hears at once when it is gone. One at a time for each life.
    /// </summary>
    /// <param name="onNotice">Called for each notice that another silo tells this one, on any thread. Must not throw or wait.</param>
    /// <exception cref="StoreException">Fenced when the life is not alive.</exception>
    ValueTask<ISiloSession> OpenSessionAsync(long silo, Action<string> onNotice, CancellationToken cancellationToken);

    /// <summary>
    /// Marks another life dead, unless it has beaten since <paramref name="beat"/> was seen. True when it is dead after this call, also when it was before.
    /// </summary>
    /// <exception cref="StoreException">Fenced when <paramref name="silo"/>, which asks for it, is not alive itself.</exception>
    ValueTask<bool> EndSilentLifeAsync(long silo, long silent, long beat, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>The lives that are alive now, by number.</summary>
    ValueTask<IReadOnlyList<LivingSilo>> ListSilosAsync(CancellationToken cancellationToken);

    // ---- runs ----------------------------------------------------------------------------------------------------

    /// <summary>
    /// Claims up to <paramref name="limit"/> of the runs that <see cref="IStore.FindRunnableAsync"/> would find and that this life can run, and loads them. Runs that
    /// another silo is claiming at this moment are left out. An ordering as there: highest priority first, then oldest.
    /// </summary>
    /// <exception cref="StoreException">Fenced when the silo is not alive.</exception>
    ValueTask<IReadOnlyList<LoadedRun>> ClaimRunnableAsync(long silo, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Records that a run of this silo, which was taken over again and again without progress, is about to be begun alone: if this silo dies as well, the run is the suspect and not the crowd it was in.
    /// Or takes that back, when the run has done no harm for a while.
    /// </summary>
    /// <param name="begins">True adds a trial, false takes one back.</param>
    /// <exception cref="StoreException">Fenced when the silo is not alive.</exception>
    ValueTask CountTrialAsync(long silo, RunId run, bool begins, CancellationToken cancellationToken);

    /// <summary>The ids of the runs that this life owns, at most <paramref name="limit"/>, oldest first.</summary>
    ValueTask<IReadOnlyList<RunId>> FindOwnedAsync(long silo, int limit, CancellationToken cancellationToken);

    /// <summary>The living owner of each run that has not ended; runs without one are left out. Any order.</summary>
    ValueTask<IReadOnlyDictionary<RunId, long>> FindOwnersAsync(IReadOnlyCollection<RunId> runs, CancellationToken cancellationToken);

    /// <summary>
    /// Says in the rows of up to <paramref name="limit"/> runs that should go on, and that no living silo can run, what is missing. Those that say it already are left alone.
    /// </summary>
    /// <returns>How many rows were changed.</returns>
    /// <exception cref="StoreException">Fenced when the silo is not alive.</exception>
    ValueTask<int> ExplainUnclaimableAsync(long silo, int limit, CancellationToken cancellationToken);

    // ---- messages ------------------------------------------------------------------------------------------------

    /// <summary>
    /// Puts messages into the inboxes of runs, whoever owns them, each on its own. When it returns, what was accepted is committed. A message with an id
    /// that is there already is accepted and changes nothing. One that closes a human task does so in the same transaction.
    /// </summary>
    /// <param name="inboxMax">A run with so many messages gets no more.</param>
    /// <returns>The answers, in the order asked.</returns>
    /// <exception cref="StoreException">Fenced when the silo is not alive.</exception>
    ValueTask<IReadOnlyList<PostOutcome>> PostAsync(long silo, IReadOnlyList<PostedMessage> messages, int inboxMax, CancellationToken cancellationToken);

    /// <summary>The inboxes of those of the runs that this life owns, in order of arrival for each run.</summary>
    ValueTask<IReadOnlyList<InboxMessage>> ReadInboxesAsync(long silo, IReadOnlyCollection<RunId> runs, CancellationToken cancellationToken);

    /// <summary>Those of the messages that are still in an inbox. Any order.</summary>
    ValueTask<IReadOnlyList<string>> FindMessagesAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken);

    /// <summary>Tells silos something; who is not listening never hears of it.</summary>
    ValueTask TellAsync(IReadOnlyCollection<SiloNotice> notices, CancellationToken cancellationToken);

    // ---- reminders -----------------------------------------------------------------------------------------------

    /// <summary>As <see cref="IStore.FindRemindersAsync"/>, but only those of runs whose number, divided by <paramref name="shares"/>, leaves <paramref name="share"/>.</summary>
    ValueTask<IReadOnlyList<Reminder>> FindRemindersAsync(DateTimeOffset before, Reminder? after, int limit, int share, int shares, CancellationToken cancellationToken);
}

/// <summary>The connection that stands for one life. Disposing it tells the database that the life has no connection any more; it does not end the life.</summary>
public interface ISiloSession : IAsyncDisposable
{
    /// <summary>Completes when the connection is found to be lost.</summary>
    Task Lost { get; }

    /// <summary>Beats, and looks at everything that a silo must know about regularly, in one statement.</summary>
    /// <exception cref="StoreException">Fenced when the life is not alive; Transient when the connection is lost: open a new session.</exception>
    ValueTask<Tick> TickAsync(CancellationToken cancellationToken);
}

/// <param name="Silos">All living silos, this one included, by number.</param>
/// <param name="HasRunnable">There is at least one run that <see cref="IClusterStore.ClaimRunnableAsync"/> would give this silo, or that another silo claims now.</param>
/// <param name="HasUnclaimable">There is at least one run that should go on and that this silo cannot run.</param>
/// <param name="WithMessages">Runs of this silo with messages in their inbox; at most <see cref="WithMessagesMax"/>.</param>
public sealed record Tick(IReadOnlyList<LivingSilo> Silos, bool HasRunnable, bool HasUnclaimable, IReadOnlyList<RunId> WithMessages)
{
    public const int WithMessagesMax = 500;
}

/// <param name="No">The number of the life.</param>
/// <param name="Name">A label.</param>
/// <param name="Beat">Grows with each tick of that silo.</param>
/// <param name="IsConnected">The database has an open session of that life.</param>
/// <param name="BeganAt">When the life began, by its own clock.</param>
public sealed record LivingSilo(long No, string Name, long Beat, bool IsConnected, DateTimeOffset BeganAt);

/// <summary>What a silo can run: it claims nothing else.</summary>
/// <param name="JournalVersion">The newest journal that it can read; see <see cref="JournalFormat.Version"/>.</param>
/// <param name="Flows">Name and version of each flow that is registered, in YAML or C#.</param>
/// <param name="Tasks">Names of the tasks that flows stored as YAML may call.</param>
public sealed record SiloCapabilities(int JournalVersion, IReadOnlyList<(string Flow, string Version)> Flows, IReadOnlyList<string> Tasks);

public static class JournalFormat
{
    /// <summary>
    /// The version of the journal that this build writes and reads. It grows when an entry kind, or a form of one, is added that an earlier build cannot read. A run
    /// that a build has had in memory is claimed by builds of at least that version only. 2: signals to other runs, events of flows.
    /// </summary>
    public const int Version = 2;
}

/// <param name="Message">With <see cref="InboxMessage.Sender"/> set when the sender wants to hear that it was taken.</param>
/// <param name="Closing">The human task that it answers; the message is refused when it is not open. Null for none.</param>
public sealed record PostedMessage(InboxMessage Message, HumanTaskClosing? Closing = null);

public enum PostStatus
{
    /// <summary>It is in the inbox.</summary>
    Accepted,

    /// <summary>There is no such run, or it has ended.</summary>
    Ended,

    /// <summary>The human task is not open.</summary>
    TaskClosed,

    /// <summary>The run's inbox is full.</summary>
    Full,
}

/// <param name="Owner">The living owner of the run; null when it has none.</param>
public sealed record PostOutcome(PostStatus Status, long? Owner);

/// <param name="To">The life that it is for; null: all.</param>
/// <param name="Text">At most <see cref="TextMax"/> characters of ASCII.</param>
public sealed record SiloNotice(long? To, string Text)
{
    public const int TextMax = 7_900;
}
