using System.Text.Json;
using Actors.Postgres.Tests;

namespace Actors.Cli.Tests;

public sealed class LocalCommandTests : IDisposable
{
    private const string Hello = """
        flow: hello
        version: "1"
        inputs:
          - name: name
            type: string
            required: true
          - name: count
            type: integer
            required: false
            default: 1
        steps:
          - if: ${inputs.count > 9}
            then:
              - id: approval
                approval:
                  title: So many?
        outputs:
          - name: text
            value: Hello ${inputs.name} ${inputs.count}
        """;

    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task A_flow_runs_to_its_end_with_data_on_one_side_and_progress_on_the_other()
    {
        Said said = await CommandLine.RunAsync("run", _line.Write("hello.yaml", Hello), "--input", "name=007", "-i", "count=3", "--ephemeral");

        Assert.Equal(ExitCodes.Ok, said.ExitCode);
        Assert.Equal("Hello 007 3", said.Json().GetProperty("text").GetString());
        Assert.Contains("Completed in", said.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", said.Out + said.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_json_the_output_is_the_run_and_nothing_else()
    {
        string file = _line.Write("hello.yaml", Hello);

        Said said = await CommandLine.RunAsync("""{"name":"Ann"}""", false, CancellationToken.None, "run", file, "--input-file", "-", "--json", "--ephemeral");

        Assert.Equal(ExitCodes.Ok, said.ExitCode);
        Assert.Equal("", said.Error);
        Assert.Equal("completed", said.Json().GetProperty("status").GetString());
        Assert.Equal("Hello Ann 1", said.Json().GetProperty("output").GetProperty("text").GetString());
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_person_that_cannot_be_asked_is_told_the_ways_to_go_on(DatabaseKind kind)
    {
        string file = _line.Write("hello.yaml", Hello);
        await using TestDatabase database = await TestDatabase.CreateAsync(kind);

        Said said = await CommandLine.RunAsync("run", file, "-i", "name=a", "-i", "count=10", "--db", database.Setting);

        Assert.Equal(ExitCodes.WaitsForHuman, said.ExitCode);
        Assert.Contains("So many?", said.Error, StringComparison.Ordinal);
        Assert.Contains("actors tasks answer task_", said.Error, StringComparison.Ordinal);
        Assert.Contains("curl", said.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", said.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("approve\n")]
    [InlineData("a fine with me\n")]
    [InlineData("\nwhat?\nAPP\n")]
    public async Task A_person_at_the_terminal_is_asked(string typed)
    {
        string file = _line.Write("hello.yaml", Hello);

        Said said = await CommandLine.RunAsync(typed, true, CancellationToken.None, "run", file, "-i", "name=a", "-i", "count=10", "--ephemeral");

        Assert.Equal(ExitCodes.Ok, said.ExitCode);
        Assert.Contains("approve / reject?", said.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_schema_of_flow_files_is_printed_or_written()
    {
        Said said = await CommandLine.RunAsync("schema");
        Said written = await CommandLine.RunAsync("schema", "--output", _line.Path("flow.schema.json"));

        Assert.Equal((ExitCodes.Ok, ""), (said.ExitCode, said.Error));
        Assert.Equal("https://json-schema.org/draft/2020-12/schema", said.Json().GetProperty("$schema").GetString());
        Assert.True(said.Json().GetProperty("$defs").TryGetProperty("http_step", out _));
        Assert.Equal((ExitCodes.Ok, ""), (written.ExitCode, written.Out));
        Assert.Equal(said.Out, await File.ReadAllTextAsync(_line.Path("flow.schema.json")));
    }

    [Fact]
    public async Task A_form_is_asked_for_and_asked_for_again_when_it_is_wrong()
    {
        string file = _line.Write("form.yaml", """
            flow: form
            steps:
              - id: ok
                approval: {title: Refund?, form: {type: object, required: [amount], properties: {amount: {type: integer, maximum: 9}, kind: {enum: [a, b], default: a}}}}
            outputs: [{name: data, value: "${ok.data}"}]
            """);

        Said said = await CommandLine.RunAsync("a\nnothing\n{\"amount\":10}\na\n{\"amount\":9}\n", true, CancellationToken.None, "run", file, "--ephemeral");

        Assert.Contains("With data (amount*: integer, kind: a | b), as JSON in one line; nothing for {}:", said.Error, StringComparison.Ordinal);
        Assert.Contains("data(1,", said.Error, StringComparison.Ordinal);
        Assert.Contains("'amount' must be at most 9, but is 10", said.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, said.ExitCode);
        Assert.Equal("""{"amount":9,"kind":"a"}""", JsonSerializer.Serialize(said.Json().GetProperty("data")));
    }

    [Theory]
    [InlineData("count=3")]
    [InlineData("name")]
    [InlineData("name=a", "name=b")]
    [InlineData("name=a", "nmae=b")]
    [InlineData("name=a", "count=many")]
    public async Task A_wrong_input_is_a_mistake_of_usage(params string[] inputs)
    {
        string[] options = inputs.SelectMany(i => (string[])["--input", i]).ToArray();

        Said said = await CommandLine.RunAsync(["run", _line.Write("hello.yaml", Hello), "--ephemeral", .. options]);

        Assert.Equal(ExitCodes.Usage, said.ExitCode);
        Assert.StartsWith("error: ", said.Error, StringComparison.Ordinal);
        Assert.Equal("", said.Out);
    }

    [Fact]
    public async Task Input_that_is_no_JSON_is_told_with_its_position()
    {
        Said said = await CommandLine.RunAsync("run", _line.Write("hello.yaml", Hello), "--ephemeral", "--input-file", _line.Write("in.json", "{\n  oops\n}"));

        Assert.Equal(ExitCodes.Usage, said.ExitCode);
        Assert.Contains("in.json(2,3)", said.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_fails_says_why_and_exits_with_3()
    {
        string file = _line.Write("fail.yaml", "flow: fail\nsteps:\n  - exit:\n      reason: enough\n      outputs:\n        x: ${1 / 0}\n");

        Said said = await CommandLine.RunAsync("run", file, "--ephemeral");

        Assert.Equal(ExitCodes.RunFailed, said.ExitCode);
        Assert.Contains("Failed after", said.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Interrupting_leaves_the_run_in_its_database_and_exits_with_130(DatabaseKind kind)
    {
        await using TestDatabase database = await TestDatabase.CreateAsync(kind);
        string file = _line.Write("wait.yaml", "flow: wait\nsteps:\n  - wait: 1h\n    id: long\n");
        using CancellationTokenSource interrupt = new();
        StringWriter error = new InterruptingWriter("waiting", interrupt);
        CliConsole console = new() { In = TextReader.Null, Out = TextWriter.Null, Error = error, CanAsk = false, CanDraw = false };

        int exitCode = await CliApp.RunAsync(["run", file, "--db", database.Setting], console, interrupt.Token);

        Assert.Equal(ExitCodes.Interrupted, exitCode);
        Assert.Contains("sound", (await CommandLine.RunAsync("migrate", "--db", database.Setting)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validating_tells_all_problems_of_all_files_with_their_places()
    {
        _line.Write("good.yaml", Hello);
        _line.Write("bad.yaml", "flow: x\nstep:\n  - task: A\n");

        Said text = await CommandLine.RunAsync("validate", _line.Folder);
        Said json = await CommandLine.RunAsync("validate", _line.Folder, "--format", "json");
        Said msbuild = await CommandLine.RunAsync("validate", _line.Folder, "--format", "msbuild");
        Said good = await CommandLine.RunAsync("validate", _line.Path("good.yaml"));

        Assert.Equal(ExitCodes.Error, text.ExitCode);
        Assert.Contains("bad.yaml:2:1: error ACT", text.Out, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'steps'?", text.Out, StringComparison.Ordinal);
        JsonElement problem = json.Json().EnumerateArray().Single(p => p.GetProperty("line").GetInt32() == 2);
        Assert.Equal("error", problem.GetProperty("severity").GetString());
        Assert.Contains("bad.yaml(2,1): error ACT", msbuild.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, good.ExitCode);
        Assert.Contains("1 flow is valid", good.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validating_nothing_or_what_is_not_there_is_a_mistake_of_usage()
    {
        Assert.Equal(ExitCodes.Usage, (await CommandLine.RunAsync("validate")).ExitCode);
        Assert.Equal(ExitCodes.Usage, (await CommandLine.RunAsync("validate", _line.Path("none.yaml"))).ExitCode);
    }

    [Fact]
    public async Task Migrating_makes_the_database_and_can_be_repeated()
    {
        string database = _line.Path("deep/er/a.db");

        Assert.Equal(ExitCodes.Ok, (await CommandLine.RunAsync("migrate", "--db", database)).ExitCode);
        Assert.Equal(ExitCodes.Ok, (await CommandLine.RunAsync("migrate", "--db", database)).ExitCode);
        Assert.True(File.Exists(database));
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_told_with_the_option()
    {
        Said said = await CommandLine.RunAsync("migrate", "--db", _line.Write("a.db", new string('x', 5000)));

        Assert.Equal(ExitCodes.Error, said.ExitCode);
        Assert.Contains("--db is '", said.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task The_demo_approves_its_order_with_yes(DatabaseKind kind)
    {
        await using TestDatabase database = await TestDatabase.CreateAsync(kind);
        Said said = await CommandLine.RunAsync("demo", "--yes", "--fast", "--db", database.Setting);

        Assert.Equal(ExitCodes.Ok, said.ExitCode);
        Assert.True(said.Json().GetProperty("success").GetBoolean());
        Assert.Contains("kill -9", said.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task The_demo_goes_on_with_an_order_that_has_not_ended(DatabaseKind kind)
    {
        await using TestDatabase place = await TestDatabase.CreateAsync(kind);
        string database = place.Setting;
        Said first = await CommandLine.RunAsync("demo", "--fast", "--db", database);
        Said second = await CommandLine.RunAsync("demo", "--fast", "--yes", "--db", database);
        Said third = await CommandLine.RunAsync("demo", "--fast", "--yes", "--db", database);

        Assert.Equal(ExitCodes.WaitsForHuman, first.ExitCode);
        Assert.Contains("--yes", first.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", first.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, second.ExitCode);
        Assert.Contains("has not ended: going on with it", second.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Started", second.Error, StringComparison.Ordinal);
        Assert.Contains("Started", third.Error, StringComparison.Ordinal);
    }

    /// <summary>Interrupts once a word has been written.</summary>
    private sealed class InterruptingWriter(string word, CancellationTokenSource interrupt) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.Contains(word, StringComparison.Ordinal) == true)
            {
                interrupt.Cancel();
            }
        }
    }
}
