namespace Actors.Flows;

/// <summary>A node of the graph.</summary>
internal sealed class AgentNode(string id, YamlMap map, string step)
{
    public string Id => id;
    public YamlMap Map => map;

    /// <summary>The id of its step.</summary>
    public string Step => step;

    public List<string> Outputs { get; } = [];
    public List<AgentEdge> Edges { get; } = [];
}

/// <summary>A way out of a node: exactly one of the four.</summary>
internal sealed record AgentEdge(YamlItem At)
{
    public string? To { get; init; }

    /// <summary>By condition; a null condition is the default.</summary>
    public IReadOnlyList<(YamlText? Condition, string To)>? Routes { get; init; }

    public (YamlText Field, int Max, string ExitTo)? Loop { get; init; }

    public (string Items, string Target, string Collect)? Parallel { get; init; }
}
