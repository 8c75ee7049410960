using System.CommandLine;
using System.Text.Json;
using Actors.Cli.Local;
using Actors.Hosting;
using Actors.Samples.Orders;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Cli.Demo;

/// <summary>
/// The first lesson: an order runs step by step on a file, waits for a person, and survives being killed. Each start of the command first looks for an order that has not ended.
/// </summary>
internal static class DemoCommand
{
    public const string DefaultDatabase = ".actors/demo.db";

    // Slow enough to be watched and killed.
    private const string Delay = "00:00:00.4";

    public static Command Create(CliConsole console)
    {
        Option<bool> yes = LocalOptions.Yes();
        Option<string?> database = LocalOptions.Database(DefaultDatabase);
        Option<string?> input = new("--input") { Description = "A JSON file with another order", HelpName = "file" };
        Option<bool> fast = new("--fast") { Description = "Let the steps take no time" };
        Command command = new("demo", "Run the sample order on a durable file, and go on with it after a crash") { yes, database, input, fast };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            console,
            parsed.GetValue(database) ?? DefaultDatabase,
            parsed.GetValue(input),
            parsed.GetValue(yes),
            parsed.GetValue(fast),
            cancellationToken));
        return command.WithExamples(
            "actors demo                   watch an order, then approve it",
            "actors demo --yes             approve it by itself",
            "kill -9 <pid>, actors demo    the order goes on where it was");
    }

    private static async Task<int> RunAsync(CliConsole console, string database, string? inputFile, bool yes, bool fast, CancellationToken cancellationToken)
    {
        JsonElement input = inputFile is null ? OrderSample.DemoOrder : await InputText.FromFileAsync(inputFile, console.In, cancellationToken);
        Dictionary<string, string?> settings = new() { ["Samples:Delay"] = fast ? "00:00:00" : Delay };
        await using LocalSilo local = await LocalSilo.StartAsync(database, "--db", new OrderPlugin().Configure, settings, cancellationToken);
        RunRow run;
        if (await FindUnendedAsync(local.Silo, cancellationToken) is { } earlier)
        {
            run = earlier;
            await console.Error.WriteLineAsync($"The order of {TimeText.Local(run.CreatedAt)} has not ended: going on with it. Steps that are done are not done again.");
            if (run.Status == RunStatus.Parked)
            {
                await local.Silo.ResumeRunAsync(run.Id, Caller.Local, cancellationToken);
            }
        }
        else
        {
            StartRun request = new() { Flow = OrderSample.YamlFlow, Input = input };
            run = (await local.Silo.StartRunAsync(request, Caller.Local, cancellationToken)).Run;
            await console.Error.WriteLineAsync($"Started {run.Flow} {run.Id}, kept in {StoreSetting.Describe(database)}.");
        }

        if (database != "memory")
        {
            await console.Error.WriteLineAsync($"Try it: 'kill -9 {Environment.ProcessId}' now, then 'actors demo' again. The order goes on where it was.");
        }

        RunSession session = new(local.Silo, console, new SessionOptions(yes, Json: false, task => WaysToGoOn(task, database)));
        return await session.FollowAsync(run, cancellationToken);
    }

    private static async Task<RunRow?> FindUnendedAsync(Silo silo, CancellationToken cancellationToken)
    {
        RunQuery query = new()
        {
            Tenant = Caller.DefaultTenant,
            Flow = OrderSample.YamlFlow,
            Statuses = [RunStatus.Queued, RunStatus.Running, RunStatus.Waiting, RunStatus.Parked],
            Limit = 1,
        };
        return (await silo.Store.ListRunsAsync(query, cancellationToken)).FirstOrDefault();
    }

    private static string WaysToGoOn(HumanTaskRow task, string database)
    {
        if (database == "memory")
        {
            return $"\nThe order waits for a person: {task.Title}\nIt is in memory only and ends here. Run it again with --yes, on a terminal, or without --db memory to keep it.";
        }

        string place = StoreSetting.Describe(database);
        string named = place == database ? database : "…";
        string db = database == DefaultDatabase ? "" : $" --db {named}";
        return $"""

            The order waits for a person: {task.Title}
            It is safe in {place} and costs nothing while it waits. Ways to go on:
              actors demo{db}          on a terminal: it asks you
              actors demo{db} --yes    approve it
              actors serve --samples --db {named}, and then
                actors tasks answer {task.Id} approve
                curl -X POST http://127.0.0.1:5080/human-tasks/{task.Id}/answer -H 'Content-Type: application/json' -d '{"{"}"decision":"approve"{"}"}'
            """;
    }
}
