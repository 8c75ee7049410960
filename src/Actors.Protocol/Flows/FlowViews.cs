using System.Text.Json;
using System.Text.Json.Serialization;

namespace Actors.Protocol;

/// <summary>A flow in lists: its latest version.</summary>
/// <param name="Version">What runs are pinned to: the content hash of YAML, the declared version of C#.</param>
/// <param name="Label">The version that people read; absent when the author gave none.</param>
public sealed record FlowSummary(string Name, string Version, string? Label, string? Description, FlowKind Kind);

/// <summary>How a flow is written.</summary>
[JsonConverter(typeof(KebabEnumConverter<FlowKind>))]
public enum FlowKind
{
    Yaml,
    Code,
}

public sealed record FlowList(IReadOnlyList<FlowSummary> Items);

/// <summary>One version of a flow.</summary>
/// <param name="Tasks">The registered tasks it calls, in order of first use.</param>
/// <param name="Versions">All versions of this name that the silo has, oldest first.</param>
/// <param name="Source">The YAML text; absent for C#.</param>
/// <param name="InputSchema">One JSON Schema of the whole input, made of the declared inputs, e.g. for forms; absent when the flow declares none.</param>
/// <param name="TimeoutSeconds">The limit of a whole run; absent when there is none.</param>
public sealed record FlowDetails(
    string Name,
    string Version,
    string? Label,
    string? Description,
    FlowKind Kind,
    IReadOnlyList<FlowInputView> Inputs,
    IReadOnlyList<FlowOutputView> Outputs,
    IReadOnlyList<string> Tasks,
    IReadOnlyList<FlowVersionView> Versions,
    string? Source,
    JsonElement? InputSchema = null,
    double? TimeoutSeconds = null);

/// <param name="Type">string, integer, number, boolean, object, array or any.</param>
/// <param name="Schema">The JSON Schema of the value; absent when there is none.</param>
public sealed record FlowInputView(string Name, string Type, bool Required, string? Description, JsonElement? Default, JsonElement? Schema = null);

/// <param name="Schema">The JSON Schema of the value; absent when there is none.</param>
public sealed record FlowOutputView(string Name, string? Description, JsonElement? Schema = null);

public sealed record FlowVersionView(string Version, string? Label);
