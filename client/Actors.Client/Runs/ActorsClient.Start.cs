using System.Globalization;
using System.Text.Json;
using Actors.Protocol;

namespace Actors.Client;

public sealed partial class ActorsClient
{
    /// <summary>Starts a run and returns once it is durable.</summary>
    /// <param name="idempotencyKey">The same key with the same request gives the same run. Null: one is made for this call, so that it can be repeated safely.</param>
    /// <exception cref="ActorsApiException">404: no such flow; 409: the key was used with another request; 422: the input does not fit.</exception>
    public Task<RunView> StartRunAsync(
        string flow, StartRunRequest? request = null, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        PostAsync(
            $"flows/{Segment(flow)}/runs",
            Body(request ?? new StartRunRequest(), WireJson.Default.StartRunRequest),
            idempotencyKey ?? NewKey(),
            WireJson.Default.RunView,
            cancellationToken);

    /// <summary>Starts a run with this input; <see cref="StartRunAsync(string,StartRunRequest,string,CancellationToken)"/>.</summary>
    public Task<RunView> StartRunAsync(string flow, JsonElement input, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        StartRunAsync(flow, new StartRunRequest { Input = input }, idempotencyKey, cancellationToken);

    /// <summary>
    /// Starts a run and waits for its end, at most <paramref name="wait"/> (up to 5 minutes; null: 30 seconds). When it has not ended by then the answer's status says so, and the run goes on:
    /// <see cref="WatchRunAsync"/> or <see cref="GetRunAsync"/> with its id.
    /// </summary>
    /// <inheritdoc cref="StartRunAsync(string,StartRunRequest,string,CancellationToken)"/>
    public Task<ExecuteResponse> ExecuteAsync(
        string flow, StartRunRequest? request = null, TimeSpan? wait = null, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        PostAsync(
            new QueryText($"flows/{Segment(flow)}/execute")
                .Add("wait", wait is { } limit ? ((long)limit.TotalMilliseconds).ToString(CultureInfo.InvariantCulture) + "ms" : null).ToString(),
            Body(request ?? new StartRunRequest(), WireJson.Default.StartRunRequest),
            idempotencyKey ?? NewKey(),
            WireJson.Default.ExecuteResponse,
            cancellationToken);

    private static string NewKey() => Guid.NewGuid().ToString("N");
}
