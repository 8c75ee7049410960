namespace Actors.Cli.Tests;

public sealed class ImportCommandTests : IDisposable
{
    private const string Blueprint = """
        version: "0.1"
        name: two steps
        agents:
          writer: {model: "openai:gpt-4o", system_prompt: Write.}
        steps:
          - {kind: step, name: first, uses: agents.writer}
          - {kind: step, name: second, uses: pkg.tools:polish, validators: [pkg.checks:short]}
        """;

    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task A_file_is_no_folder_to_write_to()
    {
        using CommandLine line = new();
        string file = line.Write("old.yaml", "steps:\n- {name: a, uses: agents.b}\n");

        Said said = await CommandLine.RunAsync("import", file, "--output", file);

        Assert.Equal((ExitCodes.Usage, $"error: --output '{file}' is a file; name a folder."), (said.ExitCode, said.Error.Trim()));
    }

    [Fact]
    public async Task A_blueprint_is_written_as_a_flow_with_a_report()
    {
        string folder = _line.Path("flows");

        Said said = await CommandLine.RunAsync("import", _line.Write("pipeline.yaml", Blueprint), "--output", folder);
        Said valid = await CommandLine.RunAsync("validate", folder);

        Assert.Equal(ExitCodes.Ok, said.ExitCode);
        Assert.Contains("pipeline.yaml:4:3: changed: the agent 'writer'", said.Out, StringComparison.Ordinal);
        Assert.Contains("pipeline.yaml:7:56: lost: validators are code", said.Out, StringComparison.Ordinal);
        Assert.Contains("  polish (callable pkg.tools:polish)", said.Out, StringComparison.Ordinal);
        Assert.Contains("Wrote ", said.Error, StringComparison.Ordinal);
        Assert.Contains("flow: two_steps", await File.ReadAllTextAsync(Path.Combine(folder, "two_steps.yaml")), StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, valid.ExitCode);
    }

    [Fact]
    public async Task What_is_there_is_written_over_only_with_force()
    {
        string file = _line.Write("pipeline.yaml", Blueprint);
        string made = _line.Write("two_steps.yaml", "mine");

        Said refused = await CommandLine.RunAsync("import", file, "--output", _line.Folder);
        string kept = await File.ReadAllTextAsync(made);
        Said forced = await CommandLine.RunAsync("import", file, "--output", _line.Folder, "--force");

        Assert.Equal(ExitCodes.Error, refused.ExitCode);
        Assert.Contains("--force", refused.Error, StringComparison.Ordinal);
        Assert.Equal("mine", kept);
        Assert.Equal(ExitCodes.Ok, forced.ExitCode);
        Assert.NotEqual("mine", await File.ReadAllTextAsync(made));
    }

    [Fact]
    public async Task The_source_itself_is_never_written_over()
    {
        Said said = await CommandLine.RunAsync("import", _line.Write("two_steps.yaml", Blueprint), "--output", _line.Folder, "--force");

        Assert.Equal(ExitCodes.Usage, said.ExitCode);
        Assert.Equal(Blueprint, await File.ReadAllTextAsync(_line.Path("two_steps.yaml")));
    }

    [Fact]
    public async Task The_report_may_be_JSON()
    {
        Said said = await CommandLine.RunAsync("import", _line.Write("pipeline.yaml", Blueprint), "--output", _line.Path("x"), "--report", "json");

        Assert.Equal("flujo", said.Json().GetProperty("from").GetString());
        Assert.Equal(2, said.Json().GetProperty("tasks").GetArrayLength());
        Assert.Contains(said.Json().GetProperty("notes").EnumerateArray(), n => n.GetProperty("severity").GetString() == "lost" && n.GetProperty("line").GetInt32() == 7);
    }

    [Theory]
    [InlineData("flow: a\nsteps: [exit]\n", "this is a flow already")]
    [InlineData("steps: [\n", "error ACT1001")]
    [InlineData("x: 1\n", "--from")]
    public async Task What_cannot_be_imported_is_told_and_nothing_is_written(string text, string message)
    {
        Said said = await CommandLine.RunAsync("import", _line.Write("a.yaml", text), "--output", _line.Path("none"));

        Assert.Equal(ExitCodes.Error, said.ExitCode);
        Assert.Contains(message, said.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_line.Path("none")));
    }
}
