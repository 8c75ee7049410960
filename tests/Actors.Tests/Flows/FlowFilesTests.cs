using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Actors.Flows;

namespace Actors.Tests.Flows;

public sealed class FlowFilesTests : FlowTest, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actors-flows-").FullName;
    private readonly FlowRegistry _registry = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("sub.yaml")]
    [InlineData("sub/flow.yaml")]
    [InlineData("in/sub.yml")]
    [InlineData("in/the/sub/flow.yaml")]
    public void A_subflow_is_found_in_the_folders_above_when_it_is_loaded_and_when_it_is_checked(string where)
    {
        Write(where, "flow: sub\nsteps: [exit]");
        Write("in/the/main.yaml", "flow: main\nsteps: [{subflow: sub}]");
        string file = Path.Combine(_folder, "in", "the", "main.yaml");

        Assert.Equal(["main", "sub"], FlowFiles.Load(file, Tasks, _registry).Select(flow => flow.Name));
        Assert.Empty(FlowChecker.Check([file], new FlowCheckOptions { Tasks = Tasks }).Problems);
        Assert.Empty(FlowChecker.CheckText(File.ReadAllText(file), file, new FlowCheckOptions { Tasks = Tasks }).Problems);
    }

    [Fact]
    public void A_folder_is_loaded_with_all_below_it()
    {
        Write("b.yaml", "flow: b\nsteps: [exit]");
        Write("deep/er/a.yml", "flow: a\nsteps: [exit]");
        Write("note.txt", "no flow");

        Assert.Equal(["b", "a"], FlowFiles.Load(_folder, Tasks, _registry).Select(f => f.Name));
        Assert.Equal(["a", "b"], _registry.Latest.Select(f => f.Name));
    }

    [Fact]
    public void A_single_file_is_loaded()
    {
        Write("b.yaml", "flow: b\nsteps: [exit]");
        Assert.Single(FlowFiles.Load(Path.Combine(_folder, "b.yaml"), Tasks, _registry));
    }

    [Fact]
    public void Problems_of_all_files_are_told_and_nothing_is_registered()
    {
        Write("a.yaml", "flow: a\nsteps: [exit]");
        Write("b.yaml", "flow: b\nstps: [exit]");
        Write("c.yaml", "");
        Write("d.yaml", new string('#', (1 << 20) + 1));
        File.WriteAllBytes(Path.Combine(_folder, "e.yaml"), [.. "flow: e\nx: "u8, 0xFF, 0xFE]);
        Write("f.yaml", "# again\nflow: a\nsteps: [exit]");

        FlowSyntaxException e = Assert.Throws<FlowSyntaxException>(() => FlowFiles.Load(_folder, Tasks, _registry));
        Assert.Equal(
            ["b.yaml:1:1 ACT1102", "b.yaml:2:1 ACT1103", "c.yaml:1:1 ACT1005", "d.yaml:1:1 ACT1002", "e.yaml:2:4 ACT1004", "f.yaml:2:7 ACT1110"],
            e.Problems.Select(p => $"{Path.GetFileName(p.File)}:{p.Line}:{p.Column} {p.RuleId}"));
        Assert.Contains("a.yaml too", e.Problems[^1].Message, StringComparison.Ordinal);
        Assert.Empty(_registry.Latest);
    }

    [Fact]
    public void A_path_that_is_not_there_is_told() =>
        Assert.Throws<FileNotFoundException>(() => FlowFiles.Load(Path.Combine(_folder, "nothing"), Tasks, _registry));

    [Fact]
    public void A_project_stands_for_the_flows_that_it_names_and_gives_them_its_connections()
    {
        Tasks.Resources.Connections.AddType(new ConnectionType("sqlite", "A file.")).AddType(new ConnectionType("postgres", "A server."));
        Tasks.Resources.EnvironmentAllowed.UnionWith(["DB", "HOST", "PASS"]);
        Write("project.yaml", """
            project: Shop
            description: All about orders
            version: 1.0.0
            settings:
              shared_connections:
                db: {type: postgresql, url: "${env.DB}"}
                parts: {type: postgresql, host: "${HOST:localhost}", port: 5432, database: shop, user: me, password: "${PASS}"}
                cache: {type: sqlite, database: ./shared.db}
              tags: [shop]
              contact: {team: A, email: a@example.org}
            flows:
              - second
              - {name: First, path: deep/first.yaml}
            """);
        Write("deep/first.yaml", "flow: First\nconnections:\n  cache: {type: sqlite, database: ./own.db}\nsteps:\n  - exit");
        Write("second/flow.yaml", "flow: Second\nsteps: [exit]\n");
        Write("other.yaml", "flow: Other\nsteps: [exit]\n");

        IReadOnlyList<YamlFlowDefinition> project = FlowFiles.Load(Path.Combine(_folder, "project.yaml"), Tasks, _registry);
        IReadOnlyList<YamlFlowDefinition> all = FlowFiles.Load(_folder, Tasks, _registry);

        Assert.Equal(["Second", "First"], project.Select(f => f.Name));
        Assert.Equal(["First", "Other", "Second"], all.Select(f => f.Name));
        // What a run is pinned to has everything in it, however it was loaded.
        Assert.Equal(project.Select(f => f.Version).Order(), all.Where(f => f.Name != "Other").Select(f => f.Version).Order());
        Assert.Contains("./shared.db", project[0].Source, StringComparison.Ordinal);
        Assert.DoesNotContain("linked", all[1].Source, StringComparison.Ordinal);
        Assert.Equal(project[1].Version, YamlFlowDefinition.Parse(project[1].Source!, "stored", Tasks).Version);
    }

    [Fact]
    public void A_project_without_a_list_has_the_flows_in_the_folders_beside_it()
    {
        Write("project.yaml", "project: p\nsettings:\n  shared_connections:\n");
        Write("b/flow.yaml", "flow: b\nsteps: [exit]");
        Write("a/flow.yml", "flow: a\nsteps: [exit]");

        Assert.Equal(["a", "b"], FlowFiles.Load(Path.Combine(_folder, "project.yaml"), Tasks, _registry).Select(f => f.Name));
    }

    [Fact]
    public void A_project_inside_a_project_has_the_connections_of_both()
    {
        Write("project.yaml", "project: p\nsettings: {shared_connections: {a: {type: http, base_url: 'http://a'}, b: {type: http, base_url: 'http://b'}}}\nflows: [inner]");
        Write("inner/project.yaml", "project: q\nsettings: {shared_connections: {b: {type: http, base_url: 'http://c'}}}\nflows: [x]");
        Write("inner/x.yaml", "flow: x\nsteps: [exit]");

        string source = Assert.Single(FlowFiles.Load(_folder, Tasks, _registry)).Source!;

        Assert.Contains("http://a", source, StringComparison.Ordinal);
        Assert.Contains("http://c", source, StringComparison.Ordinal);
        Assert.DoesNotContain("http://b", source, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_with_a_project_is_told_with_its_place()
    {
        Write("project.yaml", """
            project: p
            flow: []
            settings: {shared: {}, shared_connections: {a: {type: http}}}
            flows:
              - missing
              - ../outside
              - {nme: x}
              - again/project.yaml
              - braces
              - [a]
            """.Replace("flow: []\n", "flws: []\n", StringComparison.Ordinal));
        Write("again/project.yaml", "project: again\nflows: [back]");
        Write("again/back/project.yaml", "project: back\nflows:\n  - nowhere");
        Write("braces.yaml", "{flow: braces, steps: [exit]}");

        FlowSyntaxException e = Assert.Throws<FlowSyntaxException>(() => FlowFiles.Load(Path.Combine(_folder, "project.yaml"), Tasks, _registry));

        Assert.Equal(
            [
                "project.yaml:2:1 ACT1103", "project.yaml:3:12 ACT1103", "project.yaml:5:5 ACT1613", "project.yaml:6:5 ACT1611", "project.yaml:7:5 ACT1102", "project.yaml:7:6 ACT1103",
                "project.yaml:9:5 ACT1611", "project.yaml:10:5 ACT1104", "project.yaml:3:5 ACT1613",
            ],
            e.Problems.OrderBy(p => p.File.Length).Select(p => $"{Path.GetFileName(p.File)}:{p.Line}:{p.Column} {p.RuleId}"));
        Assert.Empty(_registry.Latest);
    }

    [Fact]
    public void A_project_that_is_part_of_itself_is_told_once()
    {
        Write("project.yaml", "project: p\nflows: [a]");
        Write("a/project.yaml", "project: q\nflows: [b]");
        Write("a/b/project.yaml", "project: r\nflows: [c]");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "a", "b", "c"), Path.Combine(_folder, "a"));

        FlowSyntaxException e = Assert.Throws<FlowSyntaxException>(() => FlowFiles.Load(Path.Combine(_folder, "project.yaml"), Tasks, _registry));

        Assert.Equal("ACT1612", Assert.Single(e.Problems).RuleId);
    }

    [Fact]
    public void Projects_that_name_each_other_again_and_again_come_to_an_end()
    {
        // Twenty to the power of eight readings.
        string folder = "";
        for (int level = 0; level < 8; level++)
        {
            string shared = level == 0 ? "settings: {shared_connections: {web: {type: http, base_url: http://localhost}}}\n" : "";
            Write(folder + "project.yaml", $"project: p{level}\n{shared}flows: [{string.Join(", ", Enumerable.Repeat("in", 20))}]");
            folder += "in/";
        }

        Write(folder + "flow.yaml", "flow: f\nsteps: [exit]");

        FlowSyntaxException e = Assert.Throws<FlowSyntaxException>(() => FlowFiles.Load(Path.Combine(_folder, "project.yaml"), Tasks, _registry));

        Assert.All(e.Problems, static problem => Assert.Equal(("ACT1612", "projects name each other more than 1,000 times"), (problem.RuleId, problem.Message)));
    }

    [Theory]
    [InlineData("pipe")]
    [InlineData("socket")]
    [InlineData("terminal")]
    [InlineData("nowhere")]
    [InlineData("itself")]
    public void What_is_no_file_is_told_alike_in_loading_and_in_checking_and_stops_neither(string kind)
    {
        Write("a.yaml", "flow: a\nsteps: [exit]");
        string path = Path.Combine(_folder, "b.yaml");
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        switch (kind)
        {
            case "pipe":
                using (Process make = Process.Start("mkfifo", path))
                {
                    make.WaitForExit();
                }

                break;
            case "socket":
                socket.Bind(new UnixDomainSocketEndPoint(path));
                break;
            case "terminal":
                File.CreateSymbolicLink(path, "/dev/ptmx");
                break;
            case "nowhere":
                File.CreateSymbolicLink(path, Path.Combine(_folder, "gone.yaml"));
                break;
            default:
                File.CreateSymbolicLink(path, path);
                break;
        }

        FlowProblem loaded = Assert.Single(Assert.Throws<FlowSyntaxException>(() => FlowFiles.Load(_folder, Tasks, _registry)).Problems);
        FlowCheck check = FlowChecker.Check([_folder]);

        Assert.Equal($"b.yaml {Rules.NotText}", $"{Path.GetFileName(loaded.File)} {loaded.RuleId}");
        Assert.StartsWith(kind is "nowhere" or "itself" ? "the file cannot be read: " : "the file cannot be read: it is a pipe, a socket or a device", loaded.Message, StringComparison.Ordinal);
        Assert.Equal(loaded, Assert.Single(check.Problems));
        Assert.Equal(["a.yaml True", "b.yaml False"], check.Files.Select(file => $"{Path.GetFileName(file.File)} {file.Text is not null}"));
    }

    [Fact]
    public void Links_to_files_are_read_as_a_mounted_folder_has_them_and_links_to_folders_are_not_followed()
    {
        Write("..2026_01/a.yaml", "flow: a\nsteps: [exit]");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "..data"), "..2026_01");
        File.CreateSymbolicLink(Path.Combine(_folder, "a.yaml"), Path.Combine("..data", "a.yaml"));
        Write("sub/b.yaml", "flow: b\nsteps: [exit]");
        File.CreateSymbolicLink(Path.Combine(_folder, "again.yaml"), Path.Combine("sub", "b.yaml"));
        Directory.CreateSymbolicLink(Path.Combine(_folder, "sub", "up"), _folder);

        Assert.Equal(["a", "b"], FlowFiles.Load(_folder, Tasks, _registry).Select(f => f.Name));
    }

    [Fact]
    public void A_subflow_in_a_fallback_without_a_list_is_found_when_it_is_loaded()
    {
        Write("sub.yaml", "flow: sub\nsteps: [exit]");
        Write("main.yaml", "flow: main\nsteps:\n  - {task: Echo, fallback: {subflow: sub}}");

        Assert.Equal(["main", "sub"], FlowFiles.Load(Path.Combine(_folder, "main.yaml"), Tasks, _registry).Select(flow => flow.Name));
    }

    [Fact]
    public void A_subflow_whose_file_has_another_name_than_its_flow_is_found_in_a_text_alone_too()
    {
        Write("sub.yaml", "flow: other\nsteps: [exit]");
        string file = Path.Combine(_folder, "main.yaml");

        FlowCheck check = FlowChecker.CheckText("flow: main\nsteps: [{subflow: sub}]", file);

        Assert.Empty(check.Problems);
        Assert.Equal(["main True", "other False"], check.Files.Select(f => $"{f.Name} {f.IsGiven}"));
    }

    [Fact]
    public void A_file_of_a_project_that_cannot_be_read_is_told_in_checking_too()
    {
        Write("project.yaml", "project: p\nflows: [a]");
        Directory.CreateDirectory(Path.Combine(_folder, "a"));
        File.WriteAllBytes(Path.Combine(_folder, "a", "flow.yaml"), [0xFF]);
        string project = Path.Combine(_folder, "project.yaml");

        IReadOnlyList<FlowProblem> loaded = Assert.Throws<FlowSyntaxException>(() => FlowFiles.Load(project, Tasks, _registry)).Problems;

        Assert.Equal(Rules.NotText, Assert.Single(loaded).RuleId);
        Assert.Equal(loaded, FlowChecker.Check([project]).Problems);
    }

    [Fact]
    public void Two_flows_of_one_name_are_told_alike_in_loading_and_in_checking()
    {
        Write("a.yaml", "flow: a\nsteps: [exit]");
        Write("b.yaml", "# again\nflow: a\nsteps: [exit]");

        IReadOnlyList<FlowProblem> loaded = Assert.Throws<FlowSyntaxException>(() => FlowFiles.Load(_folder, Tasks, _registry)).Problems;

        Assert.Equal(Rules.DuplicateFlow, Assert.Single(loaded).RuleId);
        Assert.Equal(loaded, FlowChecker.Check([_folder]).Problems);
    }

    [Fact]
    public void A_key_that_stands_twice_in_a_project_is_told()
    {
        Write("project.yaml", "project: p\nproject: q\nflows: [a]");
        Write("a.yaml", "flow: a\nsteps: [exit]");

        Assert.Equal(
            Rules.DuplicateKey, Assert.Single(Assert.Throws<FlowSyntaxException>(() => FlowFiles.Load(Path.Combine(_folder, "project.yaml"), Tasks, _registry)).Problems).RuleId);
    }

    [Theory]
    [InlineData(200, false)]
    [InlineData(201, true)]
    public void It_is_told_when_there_are_more_errors_than_are_told(int errors, bool hasMore)
    {
        Write("a.yaml", "flow: a\nsteps: [exit]\n" + string.Concat(Enumerable.Range(0, errors).Select(i => $"k{i}: 1\n")));

        FlowSyntaxException loaded = Assert.Throws<FlowSyntaxException>(() => FlowFiles.Load(_folder, Tasks, _registry));
        FlowCheck check = FlowChecker.Check([_folder]);

        Assert.Equal((200, hasMore), (loaded.Problems.Count, loaded.HasMore));
        Assert.Equal((200, hasMore), (check.Errors, check.HasMore));
    }

    private void Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text, new UTF8Encoding(false));
    }
}
