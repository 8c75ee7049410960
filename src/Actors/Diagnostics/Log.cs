using Microsoft.Extensions.Logging;

namespace Actors;

/// <summary>Every message the engine logs, with its stable event id. Never reuse an id.</summary>
internal static partial class Log
{
    [LoggerMessage(1001, LogLevel.Error, "This life of the silo is over: {Reason} Its grains are dropped.")]
    public static partial void LifeOver(this ILogger log, string reason);

    [LoggerMessage(1002, LogLevel.Error, "The database refuses a change of run {Run}: {Reason}")]
    public static partial void TransitionRefused(this ILogger log, string run, string reason);

    [LoggerMessage(1003, LogLevel.Warning, "Commit attempt {Attempt} failed; the same batch is sent again in {DelayMs} ms. {Reason}")]
    public static partial void CommitRetried(this ILogger log, int attempt, double delayMs, string reason);

    [LoggerMessage(1010, LogLevel.Information, "Silo {Name} began life {SiloNo} on {Store}.")]
    public static partial void LifeBegan(this ILogger log, string name, long siloNo, string store);

    [LoggerMessage(1011, LogLevel.Information, "Silo {Name} ended life {SiloNo}; {Released} runs were released.")]
    public static partial void LifeEnded(this ILogger log, string name, long siloNo, int released);

    [LoggerMessage(1012, LogLevel.Information, "Took in {Count} runs that were left behind.")]
    public static partial void RunsRecovered(this ILogger log, int count);

    [LoggerMessage(1013, LogLevel.Warning, "Bodies of the ended life {SiloNo} still run; the silo rejoins when they have ended.")]
    public static partial void OldBodiesRun(this ILogger log, long siloNo);

    [LoggerMessage(1014, LogLevel.Warning, "Silo {Name} (life {SiloNo}) is dead: {Reason}. What it held is taken over.")]
    public static partial void PeerDied(this ILogger log, string name, long siloNo, string reason);

    [LoggerMessage(1015, LogLevel.Warning, "The connection that stands for life {SiloNo} was lost; a new one is opened. {Reason}")]
    public static partial void SessionLost(this ILogger log, long siloNo, string reason);

    [LoggerMessage(1016, LogLevel.Error, "Life {SiloNo} has not heard from its database within its lease: step bodies are stopped until it does.")]
    public static partial void LeaseOver(this ILogger log, long siloNo);

    [LoggerMessage(1017, LogLevel.Information, "Life {SiloNo} has heard from its database again: step bodies go on.")]
    public static partial void LeaseRenewed(this ILogger log, long siloNo);

    [LoggerMessage(1018, LogLevel.Warning, "{Count} runs wait for a silo that can run them; their rows say what is missing.")]
    public static partial void RunsUnclaimable(this ILogger log, int count);

    [LoggerMessage(1020, LogLevel.Warning, "Run {Run} is parked: {Code}: {Reason}")]
    public static partial void RunParked(this ILogger log, string run, string code, string reason);

    [LoggerMessage(1021, LogLevel.Warning, "Run {Run}: the input of step {Step} differs from the recorded one; the recorded outcome is used.")]
    public static partial void InputDiffers(this ILogger log, string run, string step);

    [LoggerMessage(1022, LogLevel.Warning, "Run {Run}: a transition was refused as a conflict ({Reason}); the grain is dropped.")]
    public static partial void GrainConflict(this ILogger log, string run, string? reason);

    [LoggerMessage(1041, LogLevel.Warning, "Run {Run}: the transaction of step '{Step}' was rolled back: {Reason}")]
    public static partial void TransactionRolledBack(this ILogger log, string run, string step, string reason);

    [LoggerMessage(1023, LogLevel.Error, "Run {Run}: unexpected error in the engine; the grain is dropped and will be activated again.")]
    public static partial void GrainBroken(this ILogger log, string run, Exception error);

    [LoggerMessage(1024, LogLevel.Debug, "Run {Run}: attempt {Attempt} of step {Step} failed.")]
    public static partial void AttemptFailed(this ILogger log, string run, string step, int attempt, Exception error);

    [LoggerMessage(1031, LogLevel.Information, "{Count} runs that ended more than {Keep} ago were deleted.")]
    public static partial void RunsDeleted(this ILogger log, int count, TimeSpan keep);

    [LoggerMessage(1032, LogLevel.Warning, "Run {Run}: the cache could not be read, so that the value is computed. {Reason}")]
    public static partial void CacheNotRead(this ILogger log, string run, string reason);

    [LoggerMessage(1033, LogLevel.Warning, "Run {Run}: a value could not be kept in the cache. {Reason}")]
    public static partial void CacheNotWritten(this ILogger log, string run, string reason);

    [LoggerMessage(1030, LogLevel.Warning, "Reading from the store failed; it is tried again. {Reason}")]
    public static partial void StoreReadRetried(this ILogger log, string reason);
}
