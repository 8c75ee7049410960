using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Actors.Protocol;

namespace Actors.Client;

// One way to send everything: what to repeat, for how long to wait, and how errors become exceptions.
public sealed partial class ActorsClient
{
    // An answer that is no problem document is quoted in the message up to this length.
    private const int QuotedLengthMax = 300;

    private Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        ReadAsync(new Request(HttpMethod.Get, path, null, null, Repeatable: true), type, cancellationToken);

    private async Task<string> GetTextAsync(string path, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await SendAsync(new Request(HttpMethod.Get, path, null, null, Repeatable: true), HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
        return await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
    }

    private Task<T> PostAsync<T>(string path, byte[]? body, string? idempotencyKey, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        ReadAsync(new Request(HttpMethod.Post, path, body, idempotencyKey, Repeatable: idempotencyKey is not null), type, cancellationToken);

    private async Task<T> ReadAsync<T>(Request request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(response, type, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return JsonSerializer.Deserialize(body, type) ?? throw new JsonException("null");
        }
        catch (JsonException)
        {
            throw new ActorsApiException(response.StatusCode, null, $"What answers at {response.RequestMessage?.RequestUri} is no Actors API: {Quote(body)}");
        }
    }

    /// <summary>Gives a successful response; the caller disposes it.</summary>
    private async Task<HttpResponseMessage> SendAsync(Request request, HttpCompletionOption completion, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            HttpResponseMessage? response = null;
            TimeSpan? asked = null;
            try
            {
                using HttpRequestMessage message = request.ToMessage(_base);
                response = await _http.SendAsync(message, completion, cancellationToken).ConfigureAwait(false);
                if (response.IsSuccessStatusCode)
                {
                    return response;
                }

                if (!request.Repeatable || attempt >= _options.AttemptsMax || !IsTransient(response.StatusCode))
                {
                    ActorsApiException refused = await RefusedAsync(response, cancellationToken).ConfigureAwait(false);
                    response.Dispose();
                    throw refused;
                }

                asked = RetryAfter(response);
                response.Dispose();
            }
            catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException { InnerException: TimeoutException } && !cancellationToken.IsCancellationRequested))
            {
                response?.Dispose();
                if (!request.Repeatable || attempt >= _options.AttemptsMax)
                {
                    throw new ActorsUnreachableException(new Uri(_base, request.Path), e);
                }
            }

            await WaitAsync(attempt, asked, cancellationToken).ConfigureAwait(false);
        }
    }

    private static bool IsTransient(HttpStatusCode status) =>
        status is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;

    private Task WaitAsync(int attempt, TimeSpan? asked, CancellationToken cancellationToken)
    {
        double ms = _options.RetryDelay.TotalMilliseconds * Math.Pow(2, Math.Min(attempt - 1, 20));
        // Half of it by chance, so that callers that failed together do not come back together.
        TimeSpan own = TimeSpan.FromMilliseconds(Math.Min(ms, _options.RetryDelayMax.TotalMilliseconds) * (0.5 + (Random.Shared.NextDouble() / 2)));
        TimeSpan wait = asked is { } retryAfter && retryAfter > own ? retryAfter : own;
        return Task.Delay(wait < _options.RetryDelayMax ? wait : _options.RetryDelayMax, _time, cancellationToken);
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - _time.GetUtcNow(),
        _ => null,
    };

    private static async Task<ActorsApiException> RefusedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        Problem? problem = null;
        if (response.Content.Headers.ContentType?.MediaType == WireText.ProblemContentType)
        {
            try
            {
                problem = JsonSerializer.Deserialize(body, WireJson.Default.Problem);
            }
            catch (JsonException)
            {
                // Told below as what it is: an answer that is no problem document.
            }
        }

        string message = problem is null
            ? $"{response.RequestMessage?.RequestUri} answered {(int)response.StatusCode}: {Quote(body)}"
            : problem.Detail ?? problem.Title;
        return new ActorsApiException(response.StatusCode, problem, message);
    }

    private static string Quote(byte[] body)
    {
        string text = System.Text.Encoding.UTF8.GetString(body).Trim();
        return text.Length == 0 ? "(empty)" : text.Length <= QuotedLengthMax ? text : text[..QuotedLengthMax] + "…";
    }

    private static byte[] Body<T>(T value, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(value, type);

    private static string Segment(string text) => Uri.EscapeDataString(text);

    /// <summary>A message can be sent once; a request as often as is needed.</summary>
    private sealed record Request(HttpMethod Method, string Path, byte[]? Body, string? IdempotencyKey, bool Repeatable)
    {
        public string? LastEventId { get; init; }

        public HttpRequestMessage ToMessage(Uri origin)
        {
            HttpRequestMessage message = new(Method, new Uri(origin, Path));
            if (Body is not null)
            {
                message.Content = new ByteArrayContent(Body);
                message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            }

            if (IdempotencyKey is not null)
            {
                message.Headers.Add(WireText.IdempotencyKey, IdempotencyKey);
            }

            if (LastEventId is not null)
            {
                message.Headers.Add(WireText.LastEventId, LastEventId);
            }

            return message;
        }
    }
}
