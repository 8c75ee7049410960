using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Actors.Protocol;

namespace Actors.Client;

public sealed partial class ActorsClient
{
    /// <summary>
    /// Events of a run as they happen, each once and in order, until the run has ended. When the connection breaks it is made again after the last event;
    /// <see cref="ActorsClientOptions.AttemptsMax"/> failures without an event in between end it with the last failure.
    /// </summary>
    /// <param name="after">Only events with a larger number.</param>
    /// <exception cref="ActorsApiException">404: no such run.</exception>
    /// <exception cref="ActorsUnreachableException">Nothing answers any more.</exception>
    public async IAsyncEnumerable<RunEventView> WatchRunAsync(string id, long after = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        long last = after;
        int cuts = 0;
        while (true)
        {
            Request request = new(HttpMethod.Get, $"runs/{Segment(id)}/stream", null, null, Repeatable: true)
            {
                LastEventId = last.ToString(CultureInfo.InvariantCulture),
            };
            using HttpResponseMessage response = await SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using IAsyncEnumerator<SseItem<string>> items = SseParser.Create(body).EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await NextAsync(items).ConfigureAwait(false) is { } item)
            {
                if (item.EventType == WireText.DoneEvent)
                {
                    yield break;
                }

                RunEventView e = JsonSerializer.Deserialize(item.Data, WireJson.Default.RunEventView)!;
                if (e.Seq > last)
                {
                    last = e.Seq;
                    cuts = 0;
                    yield return e;
                }
            }

            // A stream that ends without its last event was cut: by a proxy, a silo that stops, the network.
            if (++cuts >= _options.AttemptsMax)
            {
                throw new ActorsUnreachableException(new Uri(_base, request.Path), new IOException("The event stream is cut again and again."));
            }

            await WaitAsync(cuts, null, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until a run has ended and gives it; <see cref="WatchRunAsync"/>.</summary>
    public async Task<RunView> WaitForEndAsync(string id, CancellationToken cancellationToken = default)
    {
        await foreach (RunEventView _ in WatchRunAsync(id, cancellationToken: cancellationToken).ConfigureAwait(false))
        {
        }

        return await GetRunAsync(id, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The next event, or null when the stream ended or broke.</summary>
    private static async ValueTask<SseItem<string>?> NextAsync(IAsyncEnumerator<SseItem<string>> items)
    {
        try
        {
            return await items.MoveNextAsync().ConfigureAwait(false) ? items.Current : null;
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return null;
        }
    }
}
