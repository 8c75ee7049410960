using System.Text.Json;
using Actors.Protocol;

namespace Actors.Client;

public sealed partial class ActorsClient
{
    /// <summary>The flows that can be started, by name.</summary>
    public async Task<IReadOnlyList<FlowSummary>> ListFlowsAsync(CancellationToken cancellationToken = default) =>
        (await GetAsync("flows", WireJson.Default.FlowList, cancellationToken).ConfigureAwait(false)).Items;

    /// <param name="version">A version's label or pinned version. Null: the latest.</param>
    /// <exception cref="ActorsApiException">404: no such flow or version.</exception>
    public Task<FlowDetails> GetFlowAsync(string name, string? version = null, CancellationToken cancellationToken = default) =>
        GetAsync(new QueryText($"flows/{Segment(name)}").Add("version", version).ToString(), WireJson.Default.FlowDetails, cancellationToken);

    /// <summary>The diagram of a flow, as text that can be shown or kept.</summary>
    /// <param name="version">A version's label or pinned version. Null: the latest, or that of the run.</param>
    /// <param name="run">A run of this flow whose state is laid over the diagram. Null: none.</param>
    /// <exception cref="ActorsApiException">404: no such flow, version or run, or a flow in C#, which has no diagram without a run.</exception>
    public Task<string> DrawFlowAsync(
        string name, DiagramFormat format = DiagramFormat.Mermaid, string? version = null, string? run = null, CancellationToken cancellationToken = default) =>
        GetTextAsync(Visualize($"flows/{Segment(name)}", format).Add("version", version).Add("run", run).ToString(), cancellationToken);

    /// <summary>The diagram of a flow as nodes and edges, for programs that draw it themselves.</summary>
    /// <inheritdoc cref="DrawFlowAsync"/>
    public Task<DiagramView> GetFlowDiagramAsync(string name, string? version = null, string? run = null, CancellationToken cancellationToken = default) =>
        GetAsync(Visualize($"flows/{Segment(name)}", DiagramFormat.Json).Add("version", version).Add("run", run).ToString(), WireJson.Default.DiagramView, cancellationToken);

    /// <summary>The diagram of a run's flow with the run's state laid over it, as text that can be shown or kept.</summary>
    /// <exception cref="ActorsApiException">404: no such run.</exception>
    public Task<string> DrawRunAsync(string id, DiagramFormat format = DiagramFormat.Mermaid, CancellationToken cancellationToken = default) =>
        GetTextAsync(Visualize($"runs/{Segment(id)}", format).ToString(), cancellationToken);

    /// <summary>The diagram of a run's flow with the run's state, as nodes and edges.</summary>
    /// <exception cref="ActorsApiException">404: no such run.</exception>
    public Task<DiagramView> GetRunDiagramAsync(string id, CancellationToken cancellationToken = default) =>
        GetAsync(Visualize($"runs/{Segment(id)}", DiagramFormat.Json).ToString(), WireJson.Default.DiagramView, cancellationToken);

    private static QueryText Visualize(string path, DiagramFormat format) =>
        new QueryText(path + "/visualize").Add("format", JsonNamingPolicy.KebabCaseLower.ConvertName(format.ToString()));
}
