using System.CommandLine;
using System.Text.Json;
using Actors.Cli.Local;
using Actors.Flows;
using Actors.Hosting;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Cli.Flows;

/// <summary>Runs one YAML flow in this process, to its end or to where a person is needed.</summary>
internal static class RunCommand
{
    private const string UnknownTaskRule = "ACT1205";

    public static Command Create(CliConsole console)
    {
        Argument<string> file = new("flow") { Description = "The YAML file", HelpName = "flow.yaml" };
        Option<string[]> pairs = new("--input", "-i")
        {
            Description = "An input as key=value; may be given several times. A value is JSON, or text where the flow wants text",
            HelpName = "key=value",
            DefaultValueFactory = _ => [],
        };
        Option<string?> inputFile = new("--input-file") { Description = "A JSON file with the whole input; - is standard input", HelpName = "file" };
        Option<string[]> plugins = LocalOptions.Plugins();
        Option<bool> yes = LocalOptions.Yes();
        Option<bool> json = new("--json") { Description = "Write nothing but the ended run, as JSON" };
        Option<string?> database = LocalOptions.Database(ActorsOptions.DefaultDatabase);
        Option<bool> ephemeral = LocalOptions.Ephemeral();
        Command command = new("run", "Run a YAML flow in this process") { file, pairs, inputFile, plugins, yes, json, database, ephemeral };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string[] given = parsed.GetValue(pairs) ?? [];
            string? from = parsed.GetValue(inputFile);
            if (given.Length > 0 && from is not null)
            {
                throw new CliException("Give either --input or --input-file.", ExitCodes.Usage);
            }

            string path = parsed.GetRequiredValue(file);
            FlowDefinition? flow = null;
            string place = parsed.GetValue(ephemeral) ? "memory" : parsed.GetValue(database) ?? ActorsOptions.DefaultDatabase;
            await using LocalSilo local = await LocalSilo.StartAsync(
                place,
                "--db",
                registration =>
                {
                    foreach (string plugin in parsed.GetValue(plugins) ?? [])
                    {
                        PluginLoader.Load(plugin, "--plugin", registration);
                    }

                    flow = Load(path, registration);
                },
                new Dictionary<string, string?>(),
                cancellationToken);
            JsonElement input = from is not null
                ? await InputText.FromFileAsync(from, console.In, cancellationToken)
                : given.Length > 0 ? InputText.FromPairs(given, flow!.Inputs) : default;
            StartedRun started = await local.Silo.StartRunAsync(
                new StartRun { Flow = flow!.Name, Version = flow.Version, Input = input }, Caller.Local, cancellationToken);
            bool quiet = parsed.GetValue(json);
            if (!quiet)
            {
                await console.Error.WriteLineAsync($"Started {flow.Name} {started.Run.Id}.");
            }

            RunSession session = new(local.Silo, console, new SessionOptions(parsed.GetValue(yes), quiet, task => WaysToGoOn(task, place, path, parsed.GetValue(plugins) ?? [])));
            return await session.FollowAsync(started.Run, cancellationToken);
        });
        return command.WithExamples(
            "actors run hello.yaml --input name=Ann --input count=3",
            "actors run order.yaml --input-file order.json --plugin bin/Shop.dll",
            "echo '{\"name\":\"Ann\"}' | actors run hello.yaml --input-file - --json --ephemeral");
    }

    private static FlowDefinition Load(string path, ActorsRegistration registration)
    {
        try
        {
            // A file brings the flows that it runs inside it.
            IReadOnlyList<YamlFlowDefinition> flows = FlowFolder.Load(path, path, registration);
            return flows.FirstOrDefault(f => f.File == path) ?? (flows is [var only]
                ? only
                : throw new CliException($"{path} must be one flow file.", ExitCodes.Usage));
        }
        catch (ActorsStartException e) when (registration.Tasks.Names.Count == 0 && e.Message.Contains(UnknownTaskRule, StringComparison.Ordinal))
        {
            throw new CliException($"{path} calls tasks, and there are none: name the assembly that has them with --plugin path/to/Tasks.dll.", ExitCodes.Usage);
        }
    }

    private static string WaysToGoOn(HumanTaskRow task, string database, string flow, string[] plugins) => database == "memory"
        ? $"""

            The run waits for a person: {task.Title}
            It is in memory only and ends here. Run it again with --yes, on a terminal, or with --db to keep it.
            """
        : $"""

            The run waits for a person: {task.Title}
            It is safe in {StoreSetting.Describe(database)}. To go on: actors serve --flows {Path.GetDirectoryName(Path.GetFullPath(flow))}{string.Concat(plugins.Select(p => $" --plugin {p}"))} --db {(StoreSetting.Describe(database) == database ? database : "…")}, and then
              actors tasks answer {task.Id} {task.Decisions[0]}
              curl -X POST http://127.0.0.1:5080/human-tasks/{task.Id}/answer -H 'Content-Type: application/json' -d '{"{"}"decision":"{task.Decisions[0]}"{"}"}'
            """;
}
