using System.Text;
using Actors.Flows;

namespace Actors.Tests.Flows;

public sealed class FlowFilesTests : FlowTest, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actors-flows-").FullName;
    private readonly FlowRegistry _registry = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

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

    private void Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text, new UTF8Encoding(false));
    }
}
