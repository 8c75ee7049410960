namespace Actors.Hosting;

/// <summary>The host's log messages. Event ids are stable: 5000 to 5099.</summary>
internal static partial class HostLog
{
    [LoggerMessage(5000, LogLevel.Information, "Silo started: storage {Store}, {Flows} flows, {Tasks} tasks")]
    public static partial void SiloStarted(ILogger log, string store, int flows, int tasks);

    [LoggerMessage(5001, LogLevel.Information, "Silo stopped")]
    public static partial void SiloStopped(ILogger log);

    [LoggerMessage(5010, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void RequestFailed(ILogger log, Exception exception, string method, string path);

    [LoggerMessage(5011, LogLevel.Warning, "{Method} {Path} could not reach the store")]
    public static partial void StoreUnavailable(ILogger log, Exception exception, string method, string path);

    [LoggerMessage(5012, LogLevel.Error, "The event stream of run {Run} broke off")]
    public static partial void StreamFailed(ILogger log, Exception exception, string run);

    [LoggerMessage(5013, LogLevel.Warning, "The event stream of run {Run} is cut: {Reason}")]
    public static partial void StreamCut(ILogger log, string run, string reason);
}
