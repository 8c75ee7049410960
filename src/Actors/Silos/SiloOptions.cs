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

    /// <summary>Commands that wait in one run's mailbox. Default 1,000.</summary>
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

    /// <summary>How long the transaction of a transactional step may be open; then it is rolled back, and the attempt has failed. Default 30 seconds.</summary>
    public TimeSpan TransactionLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Transactions of steps that are open at once, each with a connection of its own; further ones wait. Default 16.</summary>
    public int TransactionsMax { get; init; } = 16;

    /// <summary>Transitions in one commit. Default 512: beyond it a batch only adds latency.</summary>
    public int CommitBatchMax { get; init; } = 512;
}
