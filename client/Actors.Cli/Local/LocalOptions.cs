using System.CommandLine;

namespace Actors.Cli.Local;

/// <summary>Where a command in this process keeps its runs.</summary>
internal static class LocalOptions
{
    public static Option<string?> Database(string fallback) => new("--db")
    {
        Description = $"The SQLite file that keeps the runs, or a PostgreSQL connection. Default: {fallback}",
        HelpName = "path",
    };

    public static Option<bool> Ephemeral() => new("--ephemeral") { Description = "Keep everything in memory; it is gone when the command ends" };

    public static Option<bool> Yes() => new("--yes", "-y") { Description = "Answer what the run asks people with 'approve'" };

    public static Option<string[]> Plugins() => new("--plugin")
    {
        Description = "An assembly with tasks and flows (IActorsPlugin); may be given several times",
        HelpName = "dll",
        DefaultValueFactory = _ => [],
    };
}
