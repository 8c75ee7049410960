using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>A flow written in YAML.</summary>
public sealed class YamlFlowDefinition : FlowDefinition
{
    private readonly FlowDocument _document;
    private readonly FlowWalk _walk;

    private YamlFlowDefinition(FlowDocument document, TaskRegistry tasks)
    {
        _document = document;
        _walk = new FlowWalk(document, tasks);
        Version = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(document.Source)))[..16];
    }

    /// <summary>Reads a flow.</summary>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="tasks">What the flow's steps call.</param>
    /// <param name="checkTasks">False: a task that is not registered is no problem now; a step that calls it fails. For stored flows whose runs must go on.</param>
    /// <exception cref="FlowSyntaxException">The text is not a valid flow; all that is wrong is in it.</exception>
    public static YamlFlowDefinition Parse(string text, string file, TaskRegistry tasks, bool checkTasks = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(tasks);
        return new YamlFlowDefinition(FlowReader.Read(text, file, checkTasks ? tasks : null), tasks);
    }

    public override string Name => _document.Name;

    /// <summary>The first 16 hexadecimal digits of the SHA-256 of the text in UTF-8 with line feeds only.</summary>
    public override string Version { get; }

    /// <summary>What the file says under <c>version</c>.</summary>
    public override string? Label => _document.Label;

    public override string? Description => _document.Description;

    public override string? Source => _document.Source;

    public override IReadOnlyList<FlowInput> Inputs => _document.Inputs;

    public override IReadOnlyList<FlowOutput> Outputs => _document.Outputs;

    public override IReadOnlyList<string> Tasks => _document.Tasks;

    /// <summary>What is probably not meant, by line; empty when all is well.</summary>
    public IReadOnlyList<FlowProblem> Warnings => _document.Warnings;

    /// <summary>The steps as a tree.</summary>
    internal IReadOnlyList<FlowStep> Steps => _document.Steps;

    internal IReadOnlyList<FlowStep> OnCancel => _document.OnCancel;

    public override ReadOnlyMemory<byte> CheckInput(JsonElement input) => InputCheck.Check(Name, Inputs, input);

    internal override Task<FlowResult> RunAsync(IFlowContext ctx, ReadOnlyMemory<byte> input) =>
        _walk.RunAsync(ctx, JsonSerializer.Deserialize<Value>(input.Span, FlowJson.Options));
}
