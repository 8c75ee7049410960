using System.CommandLine;
using System.Text.Json;
using Actors.Flows;
using Actors.Hosting;
using Microsoft.Extensions.Configuration;

namespace Actors.Cli.Flows;

/// <summary>Checks flow files and tells every problem with its place.</summary>
internal static class ValidateCommand
{
    public static Command Create(CliConsole console)
    {
        Argument<string[]> paths = new("paths") { Description = "Flow files and folders of them", Arity = ArgumentArity.OneOrMore };
        Option<string> format = new("--format")
        {
            Description = "text (for people), msbuild (for editors and builds) or json",
            DefaultValueFactory = _ => "text",
        };
        format.AcceptOnlyFromAmong("text", "msbuild", "json");
        Option<string[]> plugins = new("--plugin")
        {
            Description = "An assembly with tasks. When one is given, tasks that are not registered are problems, too",
            HelpName = "dll",
            DefaultValueFactory = _ => [],
        };
        Command command = new("validate", "Check YAML flows") { paths, format, plugins };
        command.SetAction(parsed => Run(console, parsed.GetValue(paths) ?? [], parsed.GetRequiredValue(format), parsed.GetValue(plugins) ?? []));
        return command.WithExamples("actors validate flows", "actors validate order.yaml --plugin bin/Shop.dll", "actors validate flows --format json");
    }

    private static int Run(CliConsole console, string[] paths, string format, string[] plugins)
    {
        ActorsRegistration registration = new(new TaskRegistry(), new FlowRegistry(), new ConfigurationBuilder().AddEnvironmentVariables().Build());
        HostResources.Apply(registration, HostResources.Read(registration.Configuration));
        foreach (string plugin in plugins)
        {
            PluginLoader.Load(plugin, "--plugin", registration);
        }

        List<FlowProblem> problems = [];
        int flows = 0;
        foreach (string path in paths)
        {
            try
            {
                IReadOnlyList<YamlFlowDefinition> loaded = FlowFiles.Load(path, registration.Tasks, new FlowRegistry(), checkTasks: plugins.Length > 0);
                flows += loaded.Count;
                problems.AddRange(loaded.SelectMany(f => f.Warnings));
            }
            catch (FlowSyntaxException e)
            {
                problems.AddRange(e.Problems);
            }
            catch (FileNotFoundException e)
            {
                throw new CliException(e.Message, ExitCodes.Usage);
            }
        }

        int errors = problems.Count(p => p.Severity == FlowProblemSeverity.Error);
        Write(console, problems, format);
        if (format != "json")
        {
            int warnings = problems.Count - errors;
            console.Error.WriteLine(errors == 0
                ? $"{flows} {(flows == 1 ? "flow is" : "flows are")} valid{(warnings > 0 ? $", {warnings} warnings" : "")}.{(plugins.Length == 0 ? " Tasks were not checked: name their assembly with --plugin." : "")}"
                : $"{errors} {(errors == 1 ? "error" : "errors")}{(warnings > 0 ? $", {warnings} warnings" : "")}.");
        }

        return errors == 0 ? ExitCodes.Ok : ExitCodes.Error;
    }

    private static void Write(CliConsole console, List<FlowProblem> problems, string format)
    {
        switch (format)
        {
            case "json":
                console.Out.WriteLine(JsonSerializer.Serialize(
                    problems.Select(p => new
                    {
                        rule = p.RuleId,
                        severity = p.Severity == FlowProblemSeverity.Error ? "error" : "warning",
                        file = p.File,
                        line = p.Line,
                        column = p.Column,
                        message = p.Message,
                        suggestion = p.Suggestion,
                    }),
                    new JsonSerializerOptions { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
                break;
            case "msbuild":
                foreach (FlowProblem p in problems)
                {
                    string severity = p.Severity == FlowProblemSeverity.Error ? "error" : "warning";
                    console.Out.WriteLine($"{p.File}({p.Line},{p.Column}): {severity} {p.RuleId}: {p.Message}{(p.Suggestion is null ? "" : ". " + p.Suggestion)}");
                }

                break;
            default:
                foreach (FlowProblem p in problems)
                {
                    console.Out.WriteLine(p.ToString());
                    console.Out.WriteLine();
                }

                break;
        }
    }
}
