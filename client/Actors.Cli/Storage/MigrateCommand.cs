using System.CommandLine;
using Actors.Cli.Local;
using Actors.Hosting;
using Actors.Storage;

namespace Actors.Cli.Storage;

/// <summary>Brings a database to the schema of this build; opening does it, so this is for operators who want it done apart.</summary>
internal static class MigrateCommand
{
    public static Command Create(CliConsole console)
    {
        Option<string?> database = LocalOptions.Database(ActorsOptions.DefaultDatabase);
        Command command = new("migrate", "Create the database or bring it up to date") { database };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string path = parsed.GetValue(database)
                ?? Environment.GetEnvironmentVariable(Server.DatabaseVariable)
                ?? ActorsOptions.DefaultDatabase;
            await using IStore store = await StoreSetting.OpenAsync(path, "--db", TimeProvider.System, cancellationToken);
            IReadOnlyList<string> broken = await store.CheckInvariantsAsync(cancellationToken);
            foreach (string line in broken)
            {
                await console.Error.WriteLineAsync(line);
            }

            await console.Error.WriteLineAsync(broken.Count == 0 ? $"{path} is up to date and sound ({store.Name})." : $"{path} is up to date, but {broken.Count} rows break a promise.");
            return broken.Count == 0 ? ExitCodes.Ok : ExitCodes.Error;
        });
        return command.WithExamples("actors migrate --db /var/lib/actors/shop.db");
    }
}
