namespace Actors.Silos;

/// <summary>Settings of a silo. Every queue and payload has a bound here; over it the caller gets an <see cref="OverloadedException"/> or a clear refusal, and nothing is lost.</summary>
public sealed record SiloOptions
{
    /// <summary>A label for logs; not an identity. Default: the machine's name.</summary>
    public string Name { get; init; } = Environment.MachineName;

    /// <summary>How long a run that only waits for something outside stays in memory. Default 10 seconds.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Runs in memory at once; further ones queue in the database. Default 10,000: at about 10 KB each, 100 MB.</summary>
    public int ActiveRunsMax { get; init; } = 10_000;

    /// <summary>Starts that wait for their commit at once. Default 10,000.</summary>
    public int StartsMax { get; init; } = 10_000;

    /// <summary>Commands that wait in one run's mailbox, and messages that wait in its inbox: further commands of callers are refused, signals of flows wait. Default 1,000.</summary>
    public int MailboxMax { get; init; } = 1_000;

    /// <summary>Signals that one run keeps while nobody waits for them. Default 1,000.</summary>
    public int SignalsKeptMax { get; init; } = 1_000;

    /// <summary>The largest input, result, answer or signal, as JSON bytes. Default 4 MiB.</summary>
    public int PayloadBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>Inputs of steps up to this size are kept with the outcome, for people who look for what went wrong; larger ones leave only their hash. Default 1 KiB; 0 keeps none.</summary>
    public int RecordedInputBytesMax { get; init; } = 1024;

    /// <summary>Step bodies that run at once. Default 1,024: most of them wait for a network.</summary>
    public int BodiesMax { get; init; } = 1_024;

    /// <summary>How long clean-up of a cancelled or failed run may take. Default 5 minutes.</summary>
    public TimeSpan CleanUpLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a cancelled step body may go on before it is abandoned. Default 30 seconds.</summary>
    public TimeSpan CancelledBodyLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a stopping silo lets bodies finish. Default 20 seconds.</summary>
    public TimeSpan DrainLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How often a silo of a shared database beats and looks around; a peer whose connection is gone is taken for dead when it has not beaten for about so long. Default 1.25 seconds; 100 ms to 1 minute.
    /// </summary>
    public TimeSpan TickInterval { get; init; } = TimeSpan.FromSeconds(1.25);

    /// <summary>
    /// A peer that is connected but has not beaten for so long is dead: it hangs, or is cut off. A silo itself stops its step bodies earlier than that. Default 8 seconds; at least four times <see cref="TickInterval"/>.
    /// </summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>How long a command for a run that another silo holds waits for its effect; after that it is accepted and its effect follows. Default 10 seconds.</summary>
    public TimeSpan RemoteCommandLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a signal of a flow waits for room in the inbox of the run that it is for; then it is not sent, and its step fails. A crash begins the time anew. Default 30 seconds.</summary>
    public TimeSpan InboxWaitLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Runs that ended longer ago are deleted, with their journals, human tasks and audit; those with children when all of them have ended. At least a minute. Default null: they are kept for ever.
    /// What has expired in the cache is deleted every ten minutes, whatever is set here.
    /// </summary>
    public TimeSpan? KeepEndedRuns { get; init; }

    /// <summary>How long the transaction of a transactional step may be open; then it is rolled back, and the attempt has failed. Default 30 seconds.</summary>
    public TimeSpan TransactionLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Transactions of steps that are open at once, each with a connection of its own; further ones wait. Default 16.</summary>
    public int TransactionsMax { get; init; } = 16;

    /// <summary>Transitions in one commit. Default 512: beyond it a batch only adds latency.</summary>
    public int CommitBatchMax { get; init; } = 512;

    /// <summary>Commits under way at once; a further one begins only when much has gathered behind those. Default 2: one batch is built while another is flushed.</summary>
    public int CommitLanes { get; init; } = 2;

    /// <summary>For tests with a clock of their own: the silo has its database for itself, although others could share it. It neither beats nor looks for peers.</summary>
    internal bool Alone { get; init; }

    /// <summary>For tests: acts like a build of another journal version.</summary>
    internal int JournalVersion { get; init; } = Storage.JournalFormat.Version;
}
