using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Actors.Client;
using Actors.Hosting;
using Actors.Protocol;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Cli;

/// <summary>The command line: parses, runs a command, and makes every failure a sentence on standard error and an exit code.</summary>
internal static class CliApp
{
    public static async Task<int> RunAsync(string[] args, CliConsole console, CancellationToken cancellationToken = default)
    {
        RootCommand root = Create(console);
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction)
        {
            return await UsageAsync(parsed, console);
        }

        InvocationConfiguration invocation = new()
        {
            Output = console.Out,
            Error = console.Error,
            EnableDefaultExceptionHandler = false,
            // Time to let a run's step end and to release the database; then the process is ended from outside.
            ProcessTerminationTimeout = TimeSpan.FromSeconds(30),
        };
        try
        {
            return await parsed.InvokeAsync(invocation, cancellationToken);
        }
        catch (Exception e) when (Describe(e) is { } failure)
        {
            await console.Error.WriteLineAsync(SafeText.Lines(failure.Message));
            return failure.ExitCode;
        }
    }

    public static RootCommand Create(CliConsole console)
    {
        RootCommand root = new("Actors runs multi-step work that must not be lost: durable flows in YAML or C#.")
        {
            Demo.DemoCommand.Create(console),
            Flows.RunCommand.Create(console),
            Serving.ServeCommand.Create(console),
            Flows.ValidateCommand.Create(console),
            Flows.VisualizeCommand.Create(console),
            Flows.ImportCommand.Create(console),
            Flows.SchemaCommand.Create(console),
            Storage.MigrateCommand.Create(console),
            Storage.DoctorCommand.Create(console),
            Runs.RunCommands.Create(console),
            HumanTasks.HumanTaskCommands.Create(console),
        };
        Examples.AddHelp(root);
        return root;
    }

    private static (string Message, int ExitCode)? Describe(Exception exception) => exception switch
    {
        CliException e => ("error: " + e.Message, e.ExitCode),
        ActorsStartException { InnerException: FileNotFoundException } e => ("error: " + e.Message, ExitCodes.Usage),
        ActorsStartException e => ("error: " + e.Message, ExitCodes.Error),
        ActorsUnreachableException e => (
            $"error: Nothing answers at {e.Address.GetLeftPart(UriPartial.Authority)}. Start a server with 'actors serve', or say where it is with --url or ACTORS_URL.",
            ExitCodes.Error),
        ActorsApiException e => (ApiText(e), ExitCodes.Error),
        Actors.Flows.InvalidFlowInputException e => ("error: " + e.Message, ExitCodes.Usage),
        ActorsException e => ($"error: {e.Message} ({e.Code})", ExitCodes.Error),
        StoreException e => ("error: " + e.Message, ExitCodes.Error),
        OperationCanceledException => ("Interrupted.", ExitCodes.Interrupted),
        IOException or UnauthorizedAccessException => ("error: " + exception.Message, ExitCodes.Error),
        _ => null,
    };

    private static string ApiText(ActorsApiException e)
    {
        string code = e.Code.Length > 0 ? $" ({e.Code})" : "";
        IEnumerable<string> further = e.Errors.Where(x => x.Detail != e.Message).Select(x => $"\n  {x.Pointer}: {x.Detail}");
        return $"error: {e.Message}{code}{string.Concat(further)}";
    }

    private static async Task<int> UsageAsync(ParseResult parsed, CliConsole console)
    {
        Command command = parsed.CommandResult.Command;
        foreach (ParseError error in parsed.Errors)
        {
            await console.Error.WriteLineAsync("error: " + error.Message);
        }

        IEnumerable<string> known = command.Subcommands.Select(c => c.Name).Concat(command.Options.Select(o => o.Name));
        if (parsed.UnmatchedTokens.Count > 0 && Suggestion.Nearest(parsed.UnmatchedTokens[0], known) is { } near)
        {
            await console.Error.WriteLineAsync($"Did you mean '{near}'?");
        }

        string path = string.Join(' ', Path(parsed.CommandResult));
        await console.Error.WriteLineAsync($"See '{path} --help'.");
        return ExitCodes.Usage;
    }

    private static IEnumerable<string> Path(CommandResult result)
    {
        IEnumerable<string> parents = result.Parent is CommandResult parent ? Path(parent) : [];
        return parents.Append(result.Command is RootCommand ? "actors" : result.Command.Name);
    }
}
