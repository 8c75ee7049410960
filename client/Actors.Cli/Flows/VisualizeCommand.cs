using System.CommandLine;
using System.Text.Json;
using Actors.Cli.Remote;
using Actors.Client;
using Actors.Flows;
using Actors.Hosting;
using Actors.Protocol;

namespace Actors.Cli.Flows;

/// <summary>Draws a flow from its file, or a flow or a run of a server.</summary>
internal static class VisualizeCommand
{
    public static Command Create(CliConsole console)
    {
        Argument<string?> flow = new("flow") { Description = "A flow file or a folder of them, which needs no server; or the name of a flow of a server. With --run it can be left out", Arity = ArgumentArity.ZeroOrOne };
        Option<string> format = new("--format") { Description = "mermaid, svg, html or json", DefaultValueFactory = _ => "mermaid" };
        format.AcceptOnlyFromAmong("mermaid", "svg", "html", "json");
        Option<string?> one = new("--flow", "-f") { Description = "Which flow, where a file or folder has several", HelpName = "name" };
        Option<string?> run = new("--run") { Description = "A run whose state is laid over the diagram: its id, or the beginning of it", HelpName = "id" };
        Option<string?> version = new("--flow-version") { Description = "A version of the flow on the server. Default: the latest, or that of the run", HelpName = "version" };
        Option<string?> output = new("--output", "-o") { Description = "Write to this file instead of standard output", HelpName = "file" };
        Option<string?> url = RemoteSilo.UrlOption();
        Command command = new("visualize", "Draw a flow, maybe with the state of a run") { flow, one, format, run, version, output, url };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string? name = parsed.GetValue(flow);
            DiagramFormat wanted = Enum.Parse<DiagramFormat>(parsed.GetRequiredValue(format), ignoreCase: true);
            string text = name is not null && IsFile(name)
                ? FromFile(name, parsed.GetValue(one), wanted, parsed.GetValue(run))
                : await FromServerAsync(RemoteSilo.Client(parsed, url), name, wanted, parsed.GetValue(version), parsed.GetValue(run), cancellationToken);
            if (parsed.GetValue(output) is { } file)
            {
                await OutputFile.WriteAsync(file, text, cancellationToken);
            }
            else
            {
                await console.Out.WriteAsync(text.EndsWith('\n') ? text : text + "\n");
            }

            return ExitCodes.Ok;
        });
        return command.WithExamples("actors visualize order.yaml", "actors visualize flows --flow order --format svg --output order.svg", "actors visualize order --run run_06gz --format svg -o run.svg");
    }

    // What looks like a file is one, so that a mistyped name is told as such and not as an unknown flow.
    private static bool IsFile(string name) => File.Exists(name) || Directory.Exists(name) || name.Contains('/') || Path.GetExtension(name).ToLowerInvariant() is ".yaml" or ".yml";

    private static string FromFile(string path, string? name, DiagramFormat format, string? run)
    {
        if (run is not null)
        {
            throw new CliException($"'{path}' is a file, and --run is about a server: give the flow's name, or --run alone.", ExitCodes.Usage);
        }

        try
        {
            IReadOnlyList<YamlFlowDefinition> flows = FlowFiles.Load(path, new TaskRegistry(), new FlowRegistry(), checkTasks: false);
            // A file brings the flows that it runs inside it.
            YamlFlowDefinition? flow = name is null ? flows.Count == 1 ? flows[0] : flows.FirstOrDefault(f => f.File == path) : flows.FirstOrDefault(f => f.Name == name);
            if (flows.Count == 0)
            {
                throw new CliException($"There are no flow files in '{path}'.", ExitCodes.Usage);
            }

            if (flow is null)
            {
                string known = string.Join(", ", flows.Take(20).Select(f => f.Name));
                throw new CliException(name is null ? $"There are {flows.Count} flows in '{path}'; choose one with --flow: {known}." : $"There is no flow '{name}' in '{path}'. There are: {known}.", ExitCodes.Usage);
            }

            FlowDiagram diagram = FlowDiagram.Of(flow);
            return format switch
            {
                DiagramFormat.Svg => diagram.ToSvg(),
                DiagramFormat.Html => diagram.ToHtml(),
                DiagramFormat.Json => OutputFormat.Json(DiagramEndpoints.View(diagram, null), WireJson.Default.DiagramView),
                _ => diagram.ToMermaid(),
            };
        }
        catch (FileNotFoundException e)
        {
            throw new CliException(e.Message, ExitCodes.Usage);
        }
        catch (FlowSyntaxException e)
        {
            throw new CliException(string.Join("\n", e.Problems.Select(p => ProblemWriter.Safe(p).ToString())));
        }
    }

    private static async Task<string> FromServerAsync(ActorsClient client, string? flow, DiagramFormat format, string? version, string? run, CancellationToken cancellationToken)
    {
        string? id = run is null ? null : (await client.FindRunAsync(run, cancellationToken)).Id;
        string text = (flow, id) switch
        {
            (null, null) => throw new CliException("Name a flow, a flow file, or a run with --run.", ExitCodes.Usage),
            (null, { } alone) => await client.DrawRunAsync(alone, format, cancellationToken),
            ({ } name, _) => await client.DrawFlowAsync(name, format, version, id, cancellationToken),
        };
        if (format != DiagramFormat.Json)
        {
            return text;
        }

        DiagramView view = JsonSerializer.Deserialize(text, WireJson.Default.DiagramView)!;
        return OutputFormat.Json(view, WireJson.Default.DiagramView);
    }
}
