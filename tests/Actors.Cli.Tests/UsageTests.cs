namespace Actors.Cli.Tests;

public sealed class UsageTests
{
    [Theory]
    [InlineData("rnu", "'run'", "actors --help")]
    [InlineData("runs lsit", "'list'", "actors runs --help")]
    [InlineData("demo --fsat", "'--fast'", "actors demo --help")]
    public async Task A_misspelt_command_or_option_is_told_what_it_was_meant_to_be(string line, string meant, string help)
    {
        Said said = await CommandLine.RunAsync(line.Split(' '));

        Assert.Equal(ExitCodes.Usage, said.ExitCode);
        Assert.Contains($"Did you mean {meant}?", said.Error, StringComparison.Ordinal);
        Assert.Contains(help, said.Error, StringComparison.Ordinal);
        Assert.Equal("", said.Out);
    }

    [Theory]
    [InlineData("demo")]
    [InlineData("run")]
    [InlineData("serve")]
    [InlineData("validate")]
    [InlineData("visualize")]
    [InlineData("import")]
    [InlineData("schema")]
    [InlineData("migrate")]
    [InlineData("doctor")]
    [InlineData("runs list")]
    [InlineData("runs show")]
    [InlineData("runs logs")]
    [InlineData("runs cancel")]
    [InlineData("runs resume")]
    [InlineData("tasks list")]
    [InlineData("tasks answer")]
    public async Task Every_command_helps_with_examples(string command)
    {
        Said said = await CommandLine.RunAsync([.. command.Split(' '), "--help"]);

        Assert.Equal(ExitCodes.Ok, said.ExitCode);
        Assert.Contains("Examples:", said.Out, StringComparison.Ordinal);
        Assert.Contains($"actors {command}", said.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_exit_codes_are_in_the_help() =>
        Assert.Contains("5 waits for a person", (await CommandLine.RunAsync("--help")).Out, StringComparison.Ordinal);

    [Fact]
    public async Task The_exit_codes_of_the_help_are_those_of_the_readme()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Actors.sln")))
        {
            root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("Actors.sln is in no folder above the tests.");
        }

        string readme = await File.ReadAllTextAsync(Path.Combine(root, "README.md"));
        string help = (await CommandLine.RunAsync("--help")).Out;

        string[] fields = [.. typeof(ExitCodes).GetFields().Select(field => field.GetRawConstantValue()!.ToString()!).Distinct()];
        Assert.Equal(fields.Order(StringComparer.Ordinal), ExitCodes.All.Select(code => $"{code.Code}").Order(StringComparer.Ordinal));
        Assert.All(ExitCodes.All, code =>
        {
            Assert.Contains($"  {code.Code,3} {code.Meaning}\n", help.ReplaceLineEndings("\n"), StringComparison.Ordinal);
            Assert.Contains($"| {code.Code} | {code.Meaning} |\n", readme.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("run none.yaml")]
    [InlineData("run none.yaml --plugin none.dll")]
    [InlineData("validate none.yaml")]
    [InlineData("validate none.yaml --plugin none.dll")]
    [InlineData("visualize none.yaml")]
    [InlineData("import none.yaml")]
    [InlineData("schema --plugin none.dll")]
    [InlineData("serve --flows none --ephemeral")]
    [InlineData("serve --plugin none.dll --ephemeral")]
    public async Task A_file_that_is_not_there_is_a_mistake_of_usage_in_every_command(string line)
    {
        Said said = await CommandLine.RunAsync(line.Split(' '));

        Assert.Equal(ExitCodes.Usage, said.ExitCode);
        Assert.Matches("^error: .*(there|There) is no (such )?file", said.Error);
    }

    [Theory]
    [InlineData("schema")]
    [InlineData("visualize a.yaml")]
    public async Task What_is_written_to_a_file_makes_its_folders_and_says_why_it_cannot_be_written(string command)
    {
        using CommandLine line = new();
        string flow = line.Write("a.yaml", "flow: a\nsteps: [exit]\n");
        string[] words = [.. command.Split(' ').Select(word => word == "a.yaml" ? flow : word), "--output"];

        Said written = await CommandLine.RunAsync([.. words, line.Path("new/folder/file")]);
        Said folder = await CommandLine.RunAsync([.. words, line.Folder]);
        Said blocked = await CommandLine.RunAsync([.. words, Path.Combine(flow, "file")]);

        Assert.Equal(ExitCodes.Ok, written.ExitCode);
        Assert.NotEmpty(await File.ReadAllTextAsync(line.Path("new/folder/file")));
        Assert.Equal((ExitCodes.Usage, $"error: --output '{line.Folder}' is a folder; name a file in it."), (folder.ExitCode, folder.Error.Trim()));
        Assert.Equal(ExitCodes.Error, blocked.ExitCode);
        Assert.StartsWith($"error: --output '{Path.Combine(flow, "file")}' cannot be written: ", blocked.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_ends_early_says_so_with_one_full_stop()
    {
        using CommandLine line = new();

        Said said = await CommandLine.RunAsync("run", line.Write("a.yaml", "flow: a\nsteps: [exit]\n"), "--ephemeral");

        Assert.Equal(ExitCodes.Ok, said.ExitCode);
        Assert.Contains(", early: ", said.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("..", said.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("runs list -o xml")]
    [InlineData("runs list --status done")]
    [InlineData("runs show")]
    [InlineData("tasks answer t1")]
    [InlineData("validate x --format pdf")]
    [InlineData("import none.yaml")]
    [InlineData("import x --from python")]
    [InlineData("runs list --url nonsense")]
    [InlineData("runs list -m novalue")]
    [InlineData("run none.yaml --input a=1 --input-file b.json")]
    public async Task Wrong_options_are_mistakes_of_usage(string line)
    {
        Said said = await CommandLine.RunAsync(line.Split(' '));

        Assert.Equal(ExitCodes.Usage, said.ExitCode);
        Assert.StartsWith("error: ", said.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nothing_listens_it_says_how_to_start_a_server()
    {
        using System.Net.Sockets.Socket socket = new(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));

        Said said = await CommandLine.RunAsync("runs", "list", "--url", $"http://127.0.0.1:{((System.Net.IPEndPoint)socket.LocalEndPoint!).Port}");

        Assert.Equal(ExitCodes.Error, said.ExitCode);
        Assert.Contains("actors serve", said.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said.Error, StringComparison.Ordinal);
    }
}
