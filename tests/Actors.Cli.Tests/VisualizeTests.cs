using System.Xml.Linq;
using Actors.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Actors.Cli.Tests;

public sealed class VisualizeTests
{
    private const string Flow = """
        flow: two
        steps:
          - {id: first, task: Unknown}
          - {id: ask, approval: Fine?}
        """;

    [Fact]
    public async Task A_file_is_drawn_without_a_server_and_without_its_tasks()
    {
        using CommandLine line = new();
        string file = line.Write("two.yaml", Flow);

        Said mermaid = await CommandLine.RunAsync("visualize", file, "--url", "http://127.0.0.1:1");
        Said json = await CommandLine.RunAsync("visualize", file, "--format", "json");
        Said svg = await CommandLine.RunAsync("visualize", file, "--format", "svg", "--output", line.Path("two.svg"));

        Assert.Equal(ExitCodes.Ok, mermaid.ExitCode);
        Assert.StartsWith("flowchart TB", mermaid.Out, StringComparison.Ordinal);
        Assert.Contains("s_first --> s_ask", mermaid.Out, StringComparison.Ordinal);
        Assert.Equal("two", json.Json().GetProperty("flow").GetString());
        Assert.Equal("", svg.Out);
        Assert.Equal("svg", XDocument.Load(line.Path("two.svg")).Root!.Name.LocalName);
    }

    [Fact]
    public async Task A_file_with_mistakes_is_told_with_their_places()
    {
        using CommandLine line = new();

        Said said = await CommandLine.RunAsync("visualize", line.Write("bad.yaml", "flow: bad\nsteps:\n  - tsak: A\n"));

        Assert.Equal(ExitCodes.Error, said.ExitCode);
        Assert.Contains("3:5", said.Error, StringComparison.Ordinal);
        Assert.Equal("", said.Out);
    }

    [Fact]
    public async Task A_hostile_name_does_not_steer_the_terminal()
    {
        using CommandLine line = new();

        Said said = await CommandLine.RunAsync("visualize", line.Write("bad.yaml", "flow: \"a\\e[31m\\nb\"\nsteps: [exit]\n"));
        Said gone = await CommandLine.RunAsync("visualize", line.Write("good.yaml", Flow), "--flow", "a\u001B[31m");

        Assert.Contains(@"'a\u001B[31m\u000Ab' cannot be the name", said.Error, StringComparison.Ordinal);
        Assert.Contains(@"There is no flow 'a\u001B[31m'", gone.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_without_flow_files_is_told()
    {
        using CommandLine line = new();
        line.Write("note.txt", "no flow");

        Said said = await CommandLine.RunAsync("visualize", line.Folder);

        Assert.Equal(ExitCodes.Usage, said.ExitCode);
        Assert.Contains("There are no flow files in", said.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_flows_one_is_chosen_by_its_name()
    {
        using CommandLine line = new();
        line.Write("two.yaml", Flow);
        line.Write("one.yaml", "flow: one\nsteps: [{id: call, subflow: two}]");

        Said chosen = await CommandLine.RunAsync("visualize", line.Folder, "--flow", "one");
        Said file = await CommandLine.RunAsync("visualize", line.Path("one.yaml"));
        Said none = await CommandLine.RunAsync("visualize", line.Folder);
        Said wrong = await CommandLine.RunAsync("visualize", line.Folder, "-f", "three");

        Assert.Contains("s_call__in_two", chosen.Out, StringComparison.Ordinal);
        Assert.Equal(chosen.Out, file.Out);
        Assert.Contains("choose one with --flow: one, two", none.Error, StringComparison.Ordinal);
        Assert.Equal((ExitCodes.Usage, ExitCodes.Usage), (none.ExitCode, wrong.ExitCode));
    }

    [Theory]
    [InlineData("visualize")]
    [InlineData("visualize none.yaml")]
    [InlineData("visualize some/none")]
    [InlineData("visualize two.yaml --run run_1")]
    [InlineData("visualize x --format png")]
    public async Task What_cannot_be_drawn_is_a_mistake_of_usage(string line)
    {
        Said said = await CommandLine.RunAsync(line.Split(' '));

        Assert.Equal(ExitCodes.Usage, said.ExitCode);
        Assert.StartsWith("error: ", said.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flow_and_a_run_of_a_server_are_drawn()
    {
        WebApplicationBuilder builder = Server.CreateBuilder(["--urls=http://127.0.0.1:0", "--Actors:Ephemeral=true", "--Logging:LogLevel:Default=Error"]);
        builder.Services.AddActors().Register(r => r.Flows.Add(Actors.Flows.YamlFlowDefinition.Parse(Flow, "two.yaml", r.Tasks, checkTasks: false)));
        await using WebApplication app = Server.Build(builder);
        await app.StartAsync();
        string url = app.Urls.Single();
        Client.ActorsClient client = new(new HttpClient { BaseAddress = new Uri(url) });
        string run = (await client.ExecuteAsync("two")).RunId;

        Said flow = await CommandLine.RunAsync("visualize", "two", "--url", url);
        Said laid = await CommandLine.RunAsync("visualize", "two", "--run", run[..^2], "--url", url);
        Said alone = await CommandLine.RunAsync("visualize", "--run", run, "--format", "json", "--url", url);
        Said none = await CommandLine.RunAsync("visualize", "tow", "--url", url);

        Assert.DoesNotContain("classDef", flow.Out, StringComparison.Ordinal);
        Assert.Contains("classDef failed", laid.Out, StringComparison.Ordinal);
        Assert.Equal(run, alone.Json().GetProperty("run").GetString());
        Assert.Equal(ExitCodes.Error, none.ExitCode);
        Assert.Contains("Did you mean 'two'?", none.Error, StringComparison.Ordinal);
        await app.StopAsync();
    }
}
