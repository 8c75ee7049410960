using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Documentation;

/// <summary>
/// The reference of the flow language is written from the tables that the reader itself reads by, and each of its examples is run. After a change, ACTORS_WRITE_REFERENCE=1 writes it anew.
/// </summary>
public sealed partial class LanguageReferenceTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "src", "Actors", "Flows");
    private static readonly string File = Path.Combine(Folder, "REFERENCE.md");

    public static TheoryData<string> Examples => [.. Directory.GetFiles(Path.Combine(Folder, "Examples"), "*.yaml").Select(file => Path.GetFileNameWithoutExtension(file)!).Order(StringComparer.Ordinal)];

    [Fact]
    public void The_reference_is_what_the_reader_knows()
    {
        string text = Write();
        if (Environment.GetEnvironmentVariable("ACTORS_WRITE_REFERENCE") == "1")
        {
            System.IO.File.WriteAllText(File, text);
        }

        Assert.Equal(System.IO.File.ReadAllText(File), text);
    }

    [Fact]
    public void Every_kind_of_step_has_an_example() =>
        Assert.All(Language.Kinds, kind => Assert.True(System.IO.File.Exists(Example(kind.Kind)), kind.Kind));

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task An_example_gives_what_it_says(string name)
    {
        string yaml = await System.IO.File.ReadAllTextAsync(Example(name));
        await using ActorsTestHost host = new(new ActorsTestOptions { RewalkEveryCommit = true });
        host.MockTask<JsonElement, JsonElement>("Echo", input => input);
        host.MockTask<JsonElement, int>("Add", input => input.GetProperty("a").GetInt32() + input.GetProperty("b").GetInt32());
        host.MockTask<JsonElement, JsonElement>("Fail", input => throw new TaskException(input.TryGetProperty("message", out JsonElement message) ? message.GetString()! : "It failed."));
        FlowRegistry flows = host.Flows;
        foreach (string other in (string[])["while", "switch"])
        {
            flows.Add(YamlFlowDefinition.Parse(await System.IO.File.ReadAllTextAsync(Example(other)), other + ".yaml", host.Tasks));
        }

        YamlFlowDefinition flow = YamlFlowDefinition.Parse(yaml, name + ".yaml", host.Tasks, flows: flows);
        flows.Add(flow);
        await host.StartAsync();
        string? given = Comment(yaml, "with");
        RunId run = await host.StartRunAsync(flow.Name, given is null ? null : JsonDocument.Parse(given).RootElement);
        while (!(await host.Store.GetRunAsync(Caller.Local.Tenant, run, default))!.Status.IsFinal())
        {
            await host.SettleAsync();
            await host.AdvanceAsync(TimeSpan.FromHours(6));
        }

        RunResult result = await host.EndAsync(run);
        Assert.Empty(flow.Warnings);
        Assert.Equal(Value.Parse(Comment(yaml, "gives")!).ToJsonText(), Value.FromJson(result.Output).ToJsonText());
    }

    private static string Example(string name) => Path.Combine(Folder, "Examples", name + ".yaml");

    private static string? Comment(string yaml, string word) =>
        yaml.Split('\n').FirstOrDefault(line => line.StartsWith($"# {word}: ", StringComparison.Ordinal)) is { } line ? line[(word.Length + 4)..] : null;

    private static string Write()
    {
        StringBuilder text = new();
        text.Append(
            """
            # Reference of the flow language

            Written from the tables that the reader reads by ([Reading/Language.cs](Reading/Language.cs)); every example is run by the tests. Expressions: [Expressions/README.md](Expressions/README.md).
            Schemas: [Schemas/README.md](Schemas/README.md). In the examples the task `Echo` gives what it is given, `Add` gives `a + b`, and `Fail` fails; the comments at their ends say with what
            input they are run and what they give.


            """);
        Table(text, "A flow file", "What stands at the top of a file.", Language.Root);
        Table(text, "An input", "An entry of `inputs`.", Language.Input);
        Table(text, "An output", "An entry of `outputs`; its name alone stands for `{name: NAME}`.", Language.Output);
        Table(text, "A field of the state", "A value of `state`; a type alone stands for `{type: TYPE}`.", Language.StateField);
        foreach (KindTable kind in Language.Kinds)
        {
            Table(text, kind.Kind, kind.Meaning, kind.Table);
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"```yaml\n{System.IO.File.ReadAllText(Example(kind.Kind))}```\n\n");
            foreach (Key key in kind.Table.Keys)
            {
                foreach (KeyTable inner in Tables(key.Shape).Where(table => table != Language.OnError && table != Language.Retry && table != Language.Cache && table != Language.CompensateTable
                    && table != Language.ValidateTable && table != Language.StateOperations))
                {
                    Table(text, $"{kind.Kind}: {inner.Owner}", $"Under `{key.Name}`.", inner, "###");
                    foreach (KeyTable nested in inner.Keys.SelectMany(k => Tables(k.Shape)).Distinct())
                    {
                        Table(text, $"{kind.Kind}: {nested.Owner}", $"In {inner.Owner}.", nested, "###");
                    }
                }
            }
        }

        text.Append("# What steps have in common\n\n");
        Table(text, "retry", "Attempts and the waits between them survive restarts.", Language.Retry);
        Table(text, "on_error", "A list of steps stands for `{steps: […]}`.", Language.OnError);
        Table(text, "cache", "A length of time stands for `{ttl: TIME}`. Kept in the database, by tenant, flow, step and key. Runs that find nothing at the same time each compute the output, and keep their own; the last one stored is what later runs find.", Language.Cache, example: "cache");
        Table(text, "compensate", "A task alone is given the step's result.", Language.CompensateTable);
        Table(text, "validate", "An entry; a condition alone stands for `{check: CONDITION}`.", Language.ValidateTable);
        Table(text, "state", "Of a loop; the same keys make a `set` step.", Language.StateOperations);
        text.Append("## fallback\n\n```yaml\n").Append(System.IO.File.ReadAllText(Example("fallback"))).Append("```\n\n");
        text.Append("## background\n\n```yaml\n").Append(System.IO.File.ReadAllText(Example("background"))).Append("```\n");
        return text.ToString();
    }

    private static void Table(StringBuilder text, string title, string meaning, KeyTable table, string level = "##", string? example = null)
    {
        text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{level} {title}\n\n{meaning}\n\n| key | what it is | meaning | default |\n|---|---|---|---|\n");
        foreach (Key key in table.Keys)
        {
            string standard = key.IsRequired ? "required" : key.Default is null ? "" : CodeLike().IsMatch(key.Default) ? $"`{key.Default}`" : key.Default;
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"| `{key.Name}` | {Name(key.Shape)} | {key.Meaning.Replace("|", "\\|")} | {standard.Replace("|", "\\|")} |\n");
        }

        text.Append('\n');
        if (example is not null)
        {
            text.Append("```yaml\n").Append(System.IO.File.ReadAllText(Example(example))).Append("```\n\n");
        }
    }

    [GeneratedRegex(@"^[a-z0-9_\[\], *]+$")]
    private static partial Regex CodeLike();

    private static string Name(Shape shape) => shape switch
    {
        Shape.Word => "a word",
        Shape.Prose => "a text",
        Shape.Data => "any value",
        Shape.Flag => "true or false",
        Shape.Duration => "a length of time",
        Shape.Question => "a condition",
        Shape.Steps => "a list of steps",
        Shape.Schema => "a JSON Schema",
        Shape.Empty => "nothing",
        Shape.Number { IsWhole: true } number => $"a whole number from {number.Min} to {number.Max}",
        Shape.Number number => $"a number from {number.Min} to {number.Max}",
        Shape.Choice choice => string.Join(", ", choice.Words.Select(word => $"`{word}`")),
        Shape.ListOf list => $"a list: {Name(list.Items)}",
        Shape.MapOf map => $"a mapping by name: {Name(map.Values)}",
        Shape.Table => "a mapping",
        Shape.OneOf one => string.Join("; or ", one.Shapes.Select(Name)),
        _ => throw new InvalidOperationException(shape.GetType().Name),
    };

    private static IEnumerable<KeyTable> Tables(Shape shape) => shape switch
    {
        Shape.Table table => [table.Keys],
        Shape.ListOf list => Tables(list.Items),
        Shape.MapOf map => Tables(map.Values),
        Shape.OneOf one => one.Shapes.SelectMany(Tables),
        _ => [],
    };
}
