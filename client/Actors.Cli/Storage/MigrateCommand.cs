using System.CommandLine;
using Actors.Cli.Local;
using Actors.Hosting;
using Actors.Storage;

namespace Actors.Cli.Storage;

/// <summary>Brings a database to the schema of this build; opening a file does it too, opening a shared PostgreSQL database does not.</summary>
internal static class MigrateCommand
{
    public static Command Create(CliConsole console)
    {
        Option<string?> database = LocalOptions.Database($"{Server.DatabaseVariable}, else Actors:Database in appsettings.json, else {ActorsOptions.DefaultDatabase}");
        Command command = new("migrate", "Create the database or bring it up to date") { database };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            (string path, string setting) = StoreSetting.Find(parsed.GetValue(database), "--db");
            string name = StoreSetting.Describe(path);
            await using IStore store = await StoreSetting.OpenAsync(path, setting, TimeProvider.System, cancellationToken, migrate: true);
            IReadOnlyList<string> broken = await store.CheckInvariantsAsync(cancellationToken);
            foreach (string line in broken)
            {
                await console.Error.WriteLineAsync(line);
            }

            await console.Error.WriteLineAsync(broken.Count == 0 ? $"{name} is up to date and sound ({store.Name})." : $"{name} is up to date, but {broken.Count} rows break a promise.");
            return broken.Count == 0 ? ExitCodes.Ok : ExitCodes.Error;
        });
        return command.WithExamples("actors migrate --db /var/lib/actors/shop.db", "actors migrate --db 'postgres://actors:${PASSWORD}@db/shop'");
    }
}
