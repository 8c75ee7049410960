namespace Actors.Cli;

/// <summary>What the process tells its caller; documented, never renumbered.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;
    public const int Error = 1;
    public const int Usage = 2;

    /// <summary>A check could not be made, or not to its end: nothing is known.</summary>
    public const int CannotTell = 2;

    public const int RunFailed = 3;
    public const int RunCancelled = 4;
    public const int WaitsForHuman = 5;

    /// <summary>128 + SIGINT, as shells expect it.</summary>
    public const int Interrupted = 130;

    /// <summary>What each means, as the help tells it.</summary>
    public static IReadOnlyList<(int Code, string Meaning)> All { get; } =
    [
        (Ok, "done"),
        (Error, "error: it failed, or a check has found something"),
        (Usage, "usage: the command line is wrong, a file that it names is not there, or a check could not be made"),
        (RunFailed, "run failed"),
        (RunCancelled, "run cancelled"),
        (WaitsForHuman, "waits for a person"),
        (Interrupted, "interrupted"),
    ];
}

/// <summary>The command cannot go on; the message is for the user's eyes and ends the process with <see cref="ExitCode"/>.</summary>
internal sealed class CliException(string message, int exitCode = ExitCodes.Error) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
