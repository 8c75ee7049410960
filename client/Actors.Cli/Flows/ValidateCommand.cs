using System.CommandLine;

namespace Actors.Cli.Flows;

internal static class ValidateCommand
{
    public static Command Create(CliConsole console)
    {
        Command command = new("validate", "Check YAML flows");
        command.SetAction(_ => { console.Error.WriteLine("x"); return 1; });
        return command;
    }
}
