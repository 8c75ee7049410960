using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Actors.Flows;

namespace Actors.Cli.Flows;

/// <summary>Makes flow files of files in other languages, and tells line by line what became of them.</summary>
internal static class ImportCommand
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create(CliConsole console)
    {
        Argument<string> file = new("file") { Description = "A Flujo blueprint or a Configurable Agents configuration, in YAML or JSON" };
        Option<string> from = new("--from") { Description = "What the file is: auto, flujo or configurable-agents", DefaultValueFactory = _ => "auto" };
        from.AcceptOnlyFromAmong("auto", "flujo", "configurable-agents");
        Option<string> output = new("--output", "-o") { Description = "The folder that the flows are written to", HelpName = "folder", DefaultValueFactory = _ => "." };
        Option<string> report = new("--report") { Description = "text (for people) or json", DefaultValueFactory = _ => "text" };
        report.AcceptOnlyFromAmong("text", "json");
        Option<bool> force = new("--force") { Description = "Write over files that are there" };
        Command command = new("import", "Make flows of Flujo blueprints and Configurable Agents configurations") { file, from, output, report, force };
        command.SetAction(parsed => Run(
            console, parsed.GetRequiredValue(file), parsed.GetRequiredValue(from), parsed.GetRequiredValue(output), parsed.GetRequiredValue(report) == "json", parsed.GetValue(force)));
        return command.WithExamples("actors import pipeline.yaml --output flows", "actors import workflow.json --from configurable-agents --report json");
    }

    private static int Run(CliConsole console, string file, string from, string folder, bool isJson, bool force)
    {
        ImportSource source = from switch
        {
            "flujo" => ImportSource.Flujo,
            "configurable-agents" => ImportSource.ConfigurableAgents,
            _ => ImportSource.Auto,
        };
        ImportResult result;
        try
        {
            result = FlowImport.Import(file, source);
        }
        catch (FileNotFoundException e)
        {
            throw new CliException(e.Message, ExitCodes.Usage);
        }
        catch (FlowSyntaxException e)
        {
            foreach (FlowProblem problem in e.Problems)
            {
                console.Error.WriteLine(ProblemWriter.Safe(problem).ToString());
            }

            return ExitCodes.Error;
        }

        if (result.Problems.Count > 0)
        {
            Write(console, result, [], isJson);
            foreach (FlowProblem problem in result.Problems)
            {
                console.Error.WriteLine(ProblemWriter.Safe(problem).ToString());
            }

            console.Error.WriteLine("error: What was made is not valid, so nothing was written. Mend the places that are told above in the source.");
            return ExitCodes.Error;
        }

        string[] paths = [.. result.Files.Select(f => Path.Combine(folder, f.Name))];
        if (File.Exists(folder))
        {
            throw new CliException($"--output '{SafeText.Line(folder)}' is a file; name a folder.", ExitCodes.Usage);
        }

        Check(file, paths, force);
        Directory.CreateDirectory(folder);
        for (int i = 0; i < paths.Length; i++)
        {
            using FileStream stream = new(paths[i], force ? FileMode.Create : FileMode.CreateNew, FileAccess.Write);
            stream.Write(Encoding.UTF8.GetBytes(result.Files[i].Text));
        }

        Write(console, result, paths, isJson);
        return ExitCodes.Ok;
    }

    private static void Check(string source, string[] paths, bool force)
    {
        if (paths.FirstOrDefault(p => Path.GetFullPath(p) == Path.GetFullPath(source)) is not null)
        {
            throw new CliException($"The flow would be written over {source} itself. Name another folder with --output.", ExitCodes.Usage);
        }

        string[] there = force ? [] : [.. paths.Where(File.Exists)];
        if (there.Length > 0)
        {
            throw new CliException($"{string.Join(", ", there)} {(there.Length == 1 ? "is" : "are")} there already. Nothing was written; --force writes over {(there.Length == 1 ? "it" : "them")}.");
        }
    }

    private static void Write(CliConsole console, ImportResult result, string[] paths, bool isJson)
    {
        if (isJson)
        {
            console.Out.WriteLine(JsonSerializer.Serialize(
                new
                {
                    from = result.From == ImportSource.Flujo ? "flujo" : "configurable-agents",
                    files = paths,
                    notes = result.Notes.Select(n => new { severity = n.Severity.ToString().ToLowerInvariant(), file = n.File, line = n.Line, column = n.Column, message = n.Message, todo = n.Todo }),
                    tasks = result.Tasks.Select(t => new { name = t.Name, was = t.Was }),
                },
                Json));
            return;
        }

        foreach (ImportNote note in result.Notes)
        {
            console.Out.WriteLine(note.ToString());
        }

        if (result.Tasks.Count > 0)
        {
            console.Out.WriteLine();
            console.Out.WriteLine("Tasks to register:");
            foreach (ImportedTask task in result.Tasks)
            {
                console.Out.WriteLine($"  {task.Name} ({task.Was})");
            }
        }

        int changed = result.Notes.Count(n => n.Severity == ImportSeverity.Changed);
        int lost = result.Notes.Count(n => n.Severity == ImportSeverity.Lost);
        if (paths.Length > 0)
        {
            console.Error.WriteLine($"Wrote {string.Join(", ", paths)}: {changed} {(changed == 1 ? "thing works" : "things work")} in another way, {lost} {(lost == 1 ? "is" : "are")} lost.");
        }
    }
}
