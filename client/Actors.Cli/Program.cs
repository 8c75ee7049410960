using Actors.Cli;

return await CliApp.RunAsync(args, CliConsole.System());
