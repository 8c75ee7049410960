using Actors.Protocol;

namespace Actors.Client;

/// <summary>
/// A client of one silo's API. Thread-safe; one instance serves a whole application. It does not dispose the <see cref="HttpClient"/>.
/// <para>
/// What can be repeated without doing something twice is tried again on connection failures, 429, 502, 503 and 504: reads, and commands that carry an idempotency key.
/// A start always carries one: give your own to make it survive a restart of your program, too.
/// </para>
/// </summary>
public sealed partial class ActorsClient
{
    private readonly HttpClient _http;
    private readonly Uri _base;
    private readonly ActorsClientOptions _options;
    private readonly TimeProvider _time;

    /// <param name="http">
    /// Its base address is where the API is mapped, e.g. <c>http://127.0.0.1:5080/</c>; a missing slash at the end is added. Its timeout bounds each attempt and must be longer than
    /// waits of <see cref="ExecuteAsync"/>; streams are not bounded by it.
    /// </param>
    /// <exception cref="ArgumentException">There is no base address.</exception>
    public ActorsClient(HttpClient http, ActorsClientOptions? options = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(http);
        if (http.BaseAddress is null)
        {
            throw new ArgumentException("The HttpClient needs a BaseAddress: where the API is, e.g. http://127.0.0.1:5080/.", nameof(http));
        }

        _http = http;
        _base = http.BaseAddress.AbsoluteUri.EndsWith('/') ? http.BaseAddress : new Uri(http.BaseAddress.AbsoluteUri + "/");
        _options = options ?? new ActorsClientOptions();
        _time = time ?? TimeProvider.System;
    }

    /// <summary>What answers at the base address.</summary>
    public Task<ServiceInfo> GetServiceAsync(CancellationToken cancellationToken = default) =>
        GetAsync("", WireJson.Default.ServiceInfo, cancellationToken);
}

/// <summary>How a client repeats.</summary>
public sealed record ActorsClientOptions
{
    /// <summary>All attempts of one call, the first included; from 1. Default 5.</summary>
    public int AttemptsMax { get; init; } = 5;

    /// <summary>The wait before the second attempt; it doubles for each further one, and a random half of it is left out. Default 200 ms.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>No wait is longer, not even one that the silo asks for with Retry-After. Default 30 seconds.</summary>
    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromSeconds(30);
}
