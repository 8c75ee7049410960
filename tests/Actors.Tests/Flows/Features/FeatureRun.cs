using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Actors.Tests.Flows.Steps;

namespace Actors.Tests.Flows.Features;

/// <summary>Runs flows, folders of flows and imported files. Each test of the classes is named after a feature of the language that it stands for.</summary>
public abstract class FeatureRun : YamlRun
{
    /// <summary>The outputs of another run of a flow that a run of this test has registered.</summary>
    protected async Task<string> AgainAsync(object? inputs = null, string flow = "f") => Text(await EndAsync(await Host.StartRunAsync(flow, inputs)));

    /// <summary>The inputs of a task's calls, in order.</summary>
    protected IReadOnlyList<string> Calls(string task) => [.. Host.CallsOf(task).Select(c => Value.FromJson(c).ToJsonText())];

    protected static string Text(RunResult result)
    {
        Assert.True(result.Run.Status == RunStatus.Completed, $"{result.Run.Status}: {result.Error?.Type} {result.Error?.Message}");
        return Value.FromJson(result.Output).ToJsonText();
    }

    protected YamlFlowDefinition Parse(string yaml) => YamlFlowDefinition.Parse(yaml, "test.yaml", Host.Tasks, flows: Host.Flows);

    /// <summary>The errors of a file that cannot be read: rule, message and suggestion.</summary>
    protected IReadOnlyList<string> Mistakes(string yaml) =>
        [.. Assert.Throws<FlowSyntaxException>(() => Parse(yaml)).Problems.Where(p => p.Severity == FlowProblemSeverity.Error).Select(p => $"{p.RuleId} {p.Message}. {p.Suggestion}")];

    /// <summary>Writes files into a new folder, loads one of them, or all, and starts the host.</summary>
    /// <param name="load">A path in the folder; empty for the folder itself.</param>
    protected async Task LoadAsync(string load, params (string Path, string Text)[] files)
    {
        string folder = Directory.CreateTempSubdirectory("actors-features-").FullName;
        try
        {
            foreach ((string path, string text) in files)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, path))!);
                await File.WriteAllTextAsync(Path.Combine(folder, path), text);
            }

            FlowFiles.Load(Path.Combine(folder, load), Host.Tasks, Host.Flows);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        await Host.StartAsync();
    }

    /// <summary>Imports a file with those that it names, and checks that what is made of it can be read.</summary>
    protected static ImportResult Import(string text, params (string Path, string Text)[] others)
    {
        string folder = Directory.CreateTempSubdirectory("actors-features-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "old.yaml"), text);
            foreach ((string path, string other) in others)
            {
                File.WriteAllText(Path.Combine(folder, path), other);
            }

            ImportResult made = FlowImport.Import(Path.Combine(folder, "old.yaml"));
            Assert.True(made.Problems.Count == 0, $"{string.Join('\n', made.Problems)}\n{made.Files[0].Text}");
            return made;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Runs the first flow of an import to its end.</summary>
    protected async Task<RunResult> EndAsync(ImportResult made, object? inputs = null)
    {
        await LoadAsync("", [.. made.Files.Select(f => (f.Name, f.Text))]);
        return await EndAsync(await Host.StartRunAsync(Path.GetFileNameWithoutExtension(made.Files[0].Name), inputs));
    }

    /// <summary>The outputs of a run of an import.</summary>
    protected async Task<string> RunImportAsync(string text, object? inputs = null, params (string Path, string Text)[] others) => Text(await EndAsync(Import(text, others), inputs));

    /// <summary>A key of a file that is imported is told as lost at its place.</summary>
    protected static void IsLost(ImportResult made, int line, string message) =>
        Assert.True(
            made.Notes.Any(n => n.Severity == ImportSeverity.Lost && n.Line == line && n.Message.Contains(message, StringComparison.Ordinal)), $"{line}: {message}\n{string.Join('\n', made.Notes)}");

    protected static JsonElement Json(string json) => JsonDocument.Parse(json).RootElement;
}
