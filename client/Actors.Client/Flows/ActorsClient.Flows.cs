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
}
