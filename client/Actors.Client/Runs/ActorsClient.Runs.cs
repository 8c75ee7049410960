using System.Runtime.CompilerServices;
using System.Text.Json;
using Actors.Protocol;

namespace Actors.Client;

/// <summary>Which runs to list. All conditions must hold; a null or empty one does not restrict.</summary>
public sealed record RunFilter
{
    public IReadOnlyList<RunStatus> Statuses { get; init; } = [];
    public string? Flow { get; init; }

    /// <summary>Only children of this run.</summary>
    public string? Parent { get; init; }

    /// <summary>Labels that the run must have with exactly these values.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Runs in one request, 1 to 500. Null: the silo's default.</summary>
    public int? PageSize { get; init; }
}

public sealed partial class ActorsClient
{
    /// <exception cref="ActorsApiException">404: no such run.</exception>
    public Task<RunView> GetRunAsync(string id, CancellationToken cancellationToken = default) =>
        GetAsync($"runs/{Segment(id)}", WireJson.Default.RunView, cancellationToken);

    /// <summary>All runs that fit, newest first, asked for page by page as they are read.</summary>
    public async IAsyncEnumerable<RunView> ListRunsAsync(RunFilter? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? cursor = null;
        do
        {
            RunPage page = await ListRunPageAsync(filter, cursor, cancellationToken).ConfigureAwait(false);
            foreach (RunView run in page.Items)
            {
                yield return run;
            }

            cursor = page.Next;
        }
        while (cursor is not null);
    }

    /// <summary>One page of runs.</summary>
    /// <param name="cursor"><see cref="RunPage.Next"/> of the page before; null for the first.</param>
    public Task<RunPage> ListRunPageAsync(RunFilter? filter = null, string? cursor = null, CancellationToken cancellationToken = default)
    {
        RunFilter wanted = filter ?? new RunFilter();
        QueryText query = new QueryText("runs")
            .Add("status", wanted.Statuses.Count == 0 ? null : string.Join(',', wanted.Statuses.Select(s => JsonNamingPolicy.KebabCaseLower.ConvertName(s.ToString()))))
            .Add("flow", wanted.Flow)
            .Add("parent", wanted.Parent)
            .Add("limit", wanted.PageSize)
            .Add("cursor", cursor);
        foreach ((string name, string value) in wanted.Metadata ?? new Dictionary<string, string>())
        {
            query.Add(WireText.MetadataPrefix + name, value);
        }

        return GetAsync(query.ToString(), WireJson.Default.RunPage, cancellationToken);
    }

    /// <summary>What has happened in a run so far, in order.</summary>
    /// <param name="after">Only events with a larger number.</param>
    /// <exception cref="ActorsApiException">404: no such run.</exception>
    public async IAsyncEnumerable<RunEventView> ListRunEventsAsync(string id, long after = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        long? next = after;
        while (next is { } from)
        {
            EventPage page = await GetAsync(
                new QueryText($"runs/{Segment(id)}/events").Add("after", from).ToString(), WireJson.Default.EventPage, cancellationToken).ConfigureAwait(false);
            foreach (RunEventView e in page.Items)
            {
                yield return e;
            }

            // A page without events is the end for now, also of a run that goes on.
            next = page.Items.Count == 0 ? null : page.Next;
        }
    }

    /// <summary>Asks a run to cancel; its clean-up runs. Not repeated by itself: look at the run when the connection failed.</summary>
    /// <exception cref="ActorsApiException">404: no such run; 409: it has ended.</exception>
    public Task<RunView> CancelRunAsync(string id, string? reason = null, CancellationToken cancellationToken = default) =>
        PostAsync($"runs/{Segment(id)}/cancel", Body(new CancelRequest(reason), WireJson.Default.CancelRequest), null, WireJson.Default.RunView, cancellationToken);

    /// <summary>Tries a parked run again; another run is left as it is.</summary>
    /// <exception cref="ActorsApiException">404: no such run; 409: it has ended.</exception>
    public Task<RunView> ResumeRunAsync(string id, CancellationToken cancellationToken = default) =>
        PostAsync($"runs/{Segment(id)}/resume", null, null, WireJson.Default.RunView, cancellationToken);

    /// <summary>Sends a signal, which is kept until the run waits for it.</summary>
    /// <param name="signalId">The same id is taken in once. Null: one is made for this call, so that it can be repeated safely.</param>
    /// <exception cref="ActorsApiException">404: no such run; 409: it has ended; 429: it keeps too many signals.</exception>
    public async Task SignalRunAsync(string id, string name, JsonElement? payload = null, string? signalId = null, CancellationToken cancellationToken = default)
    {
        Request request = new(
            HttpMethod.Post,
            $"runs/{Segment(id)}/signals/{Segment(name)}",
            Body(new SignalRequest(payload), WireJson.Default.SignalRequest),
            signalId ?? NewKey(),
            Repeatable: true);
        using HttpResponseMessage response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
    }
}
