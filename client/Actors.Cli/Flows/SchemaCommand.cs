using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Actors.Flows;
using Actors.Hosting;
using Microsoft.Extensions.Configuration;

namespace Actors.Cli.Flows;

/// <summary>Prints the JSON Schema of flow files, for editors.</summary>
internal static class SchemaCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create(CliConsole console)
    {
        Option<string?> output = new("--output", "-o") { Description = "Write to this file instead of standard output", HelpName = "file" };
        Option<string[]> plugins = new("--plugin")
        {
            Description = "An assembly with kinds of steps, which the schema then knows",
            HelpName = "dll",
            DefaultValueFactory = _ => [],
        };
        Command command = new("schema", "Print the JSON Schema of flow files, for editors") { output, plugins };
        command.SetAction((parsed, cancellationToken) => RunAsync(console, parsed.GetValue(output), parsed.GetValue(plugins) ?? [], cancellationToken));
        return command.WithExamples("actors schema > flow.schema.json", "actors schema -o .vscode/flow.schema.json", "actors schema --plugin bin/Shop.dll");
    }

    private static async Task<int> RunAsync(CliConsole console, string? file, string[] plugins, CancellationToken cancellationToken)
    {
        ActorsRegistration registration = new(new TaskRegistry(), new FlowRegistry(), new ConfigurationBuilder().AddEnvironmentVariables().Build());
        foreach (string plugin in plugins)
        {
            PluginLoader.Load(plugin, "--plugin", registration);
        }

        string text = JsonSerializer.Serialize(LanguageSchema.Create(registration.Resources.Kinds), Indented);
        if (file is null)
        {
            await console.Out.WriteLineAsync(text);
            return ExitCodes.Ok;
        }

        await OutputFile.WriteAsync(file, text + "\n", cancellationToken);
        return ExitCodes.Ok;
    }
}
