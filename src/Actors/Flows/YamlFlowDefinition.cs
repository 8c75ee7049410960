using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>A flow written in YAML.</summary>
public sealed class YamlFlowDefinition : FlowDefinition
{
    private readonly FlowDocument _document;
    private readonly FlowWalk _walk;

    private readonly IReadOnlyDictionary<string, FlowDocument> _subflows;

    internal YamlFlowDefinition(FlowDocument document, IReadOnlyDictionary<string, FlowDocument> subflows, TaskRegistry tasks)
    {
        _document = document;
        _subflows = subflows;
        _walk = new FlowWalk(document, tasks, subflows);
        Source = Linking.Join(document, subflows);
        Tasks = subflows.Count == 0 ? document.Tasks : [.. document.Tasks.Concat(subflows.Values.SelectMany(s => s.Tasks)).Distinct(StringComparer.Ordinal)];
        Version = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Source)))[..16];
    }

    /// <summary>Reads a flow.</summary>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="tasks">What the flow's steps call.</param>
    /// <param name="checkTasks">False: a task that is not registered is no problem now; a step that calls it fails, and what declared types say can never work is not told. For stored flows whose runs must go on.</param>
    /// <param name="flows">Where the flows that its steps run inside it are found; null: it has none.</param>
    /// <exception cref="FlowSyntaxException">The text is not a valid flow, or a flow that it runs is missing; all that is wrong is in it.</exception>
    public static YamlFlowDefinition Parse(string text, string file, TaskRegistry tasks, bool checkTasks = true, FlowRegistry? flows = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(tasks);
        string[] texts = Linking.Split(text);
        FlowDocument document = FlowReader.Read(texts[0], file, tasks, checkTasks, isStored: !checkTasks);
        if (document.Subflows.All(s => s.IsChild))
        {
            return new YamlFlowDefinition(document, new Dictionary<string, FlowDocument>(), tasks);
        }

        Dictionary<string, FlowDocument> stored = new(StringComparer.Ordinal);
        foreach (string inner in texts.Skip(1))
        {
            FlowDocument found = FlowReader.Read(inner, file, tasks, checkTasks, isStored: !checkTasks);
            stored[found.Name] = found;
        }

        return new YamlFlowDefinition(
            document,
            Linking.Link(document, name => stored.GetValueOrDefault(name) ?? (flows?.Find(name) as YamlFlowDefinition)?._document, stored.Keys.Concat(flows?.Latest.Select(f => f.Name) ?? [])),
            tasks);
    }

    public override string Name => _document.Name;

    /// <summary>The first 16 hexadecimal digits of the SHA-256 of <see cref="Source"/> in UTF-8 with line feeds only.</summary>
    public override string Version { get; }

    /// <summary>What the file says under <c>version</c>.</summary>
    public override string? Label => _document.Label;

    public override string? Description => _document.Description;

    /// <summary>The text, and behind it those of the flows that its steps run inside it.</summary>
    public override string Source { get; }

    /// <summary>What the file says under <c>timeout</c>.</summary>
    public override TimeSpan? RunTimeout => _document.Timeout;

    public override IReadOnlyList<FlowInput> Inputs => _document.Inputs;

    public override IReadOnlyList<FlowOutput> Outputs => _document.Outputs;

    public override IReadOnlyList<string> Tasks { get; }

    /// <summary>What is probably not meant, by line; empty when all is well.</summary>
    public IReadOnlyList<FlowProblem> Warnings => _document.Warnings;

    /// <summary>The file that it was read from, as it was given.</summary>
    public string File => _document.File;

    internal FlowDocument Document => _document;

    /// <summary>The flows that its steps run inside it, by name.</summary>
    internal IReadOnlyDictionary<string, FlowDocument> Subflows => _subflows;

    /// <summary>What is to start the flow from outside, in the order of the file. This version starts nothing by it.</summary>
    public IReadOnlyList<FlowTrigger> Triggers => _document.Triggers;

    /// <summary>The steps as a tree.</summary>
    internal IReadOnlyList<FlowStep> Steps => _document.Steps;

    internal IReadOnlyList<FlowStep> OnCancel => _document.OnCancel;

    public override ReadOnlyMemory<byte> CheckInput(JsonElement input) => InputCheck.Check(Name, Inputs, input);

    internal override Task<FlowResult> RunAsync(IFlowContext ctx, ReadOnlyMemory<byte> input) =>
        _walk.RunAsync(ctx, JsonSerializer.Deserialize<Value>(input.Span, FlowJson.Options));
}
