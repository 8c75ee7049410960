using Actors.Flows;
using Actors.Storage;

namespace Actors.Silos;

/// <summary>What became of one of many starts: exactly one of the two is set.</summary>
/// <param name="Started">The run, committed.</param>
/// <param name="Refusal">What <see cref="Silo.StartRunAsync"/> would have thrown for this one; nothing was started.</param>
public sealed record BulkStart(StartedRun? Started, Exception? Refusal);

public sealed partial class Silo
{
    /// <summary>Starts that one call of <see cref="StartRunsAsync"/> takes.</summary>
    public const int BulkStartsMax = 1_000;

    /// <summary>
    /// Starts many runs, each as <see cref="StartRunAsync"/> does and answered on its own, in the order asked: one that is refused leaves the others unaffected. Together they take some
    /// commits instead of one each. Runs beyond <see cref="SiloOptions.ActiveRunsMax"/> are queued.
    /// </summary>
    /// <exception cref="InvalidRequestException">More than <see cref="BulkStartsMax"/>; nothing was started.</exception>
    /// <exception cref="UnavailableException">The silo is not ready; nothing was started.</exception>
    /// <exception cref="OperationCanceledException">The caller waits no longer. Any of the runs may have been started: ask again with the same idempotency keys.</exception>
    public async Task<IReadOnlyList<BulkStart>> StartRunsAsync(IReadOnlyList<StartRun> requests, Caller caller, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(caller);
        if (requests.Count > BulkStartsMax)
        {
            throw new InvalidRequestException("too_many_starts", $"There are {requests.Count:N0} starts; one call takes {BulkStartsMax:N0}. Send the others in further calls.");
        }

        SiloLife life = Life();
        foreach ((string flow, string? version) in requests.Select(static request => (request.Flow, request.Version)).Distinct())
        {
            if (Flows.Find(flow, version) is { } definition)
            {
                await SaveAheadAsync(life, definition, caller.Tenant, cancellationToken).ConfigureAwait(false);
            }
        }

        return await Task.WhenAll(requests.Select(request => StartOneAsync(request, caller, cancellationToken))).ConfigureAwait(false);
    }

    private async Task<BulkStart> StartOneAsync(StartRun request, Caller caller, CancellationToken cancellationToken)
    {
        try
        {
            return new BulkStart(await StartRunAsync(request, caller, cancellationToken).ConfigureAwait(false), null);
        }
        catch (Exception e) when (e is ActorsException or InvalidFlowInputException or StoreException)
        {
            return new BulkStart(null, e);
        }
    }

    // Once for all, or each would find that it is not stored yet.
    private static async Task SaveAheadAsync(SiloLife life, FlowDefinition definition, string tenant, CancellationToken cancellationToken)
    {
        try
        {
            await life.Services.SavedFlows.SaveAsync(definition, tenant, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException)
        {
            // Each start tries again and says so itself.
        }
    }
}
