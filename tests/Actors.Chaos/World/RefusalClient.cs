using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Actors.Protocol;

namespace Actors.Chaos.World;

/// <summary>
/// The least that a client must do: plain HTTP, one silo after the other. It asks again only when its connection was refused, or closed before an answer came; each answer that is no success is an
/// error that has reached it.
/// </summary>
internal sealed class RefusalClient(ChaosWorld world, int seed) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) }) { Timeout = TimeSpan.FromSeconds(30) };
    private readonly Random _chance = new(seed);
    private readonly List<string> _errors = [];
    private int _refusals;

    /// <summary>How often it was refused and asked elsewhere.</summary>
    public int Refusals => Volatile.Read(ref _refusals);

    public IReadOnlyList<string> Errors
    {
        get
        {
            lock (_errors)
            {
                return [.. _errors];
            }
        }
    }

    /// <summary>Null when an error reached it.</summary>
    public async Task<RunView?> StartAsync(string flow, string input, string key) =>
        Read(await SendAsync(HttpMethod.Post, $"flows/{flow}/runs", $$"""{"input":{{input}}}""", key));

    public async Task<RunView?> GetAsync(string run) => Read(await SendAsync(HttpMethod.Get, $"runs/{run}", null, null));

    public async Task<HumanTaskView?> FindTaskAsync(string run) =>
        await SendAsync(HttpMethod.Get, $"human-tasks?run={run}&status=open", null, null) is { } body
            ? JsonSerializer.Deserialize(body, WireJson.Default.HumanTaskPage)!.Items.FirstOrDefault()
            : null;

    public Task<string?> AnswerAsync(string task) => SendAsync(HttpMethod.Post, $"human-tasks/{task}/answer", """{"decision":"approve"}""", null);

    public void Dispose() => _http.Dispose();

    private static RunView? Read(string? body) => body is null ? null : JsonSerializer.Deserialize(body, WireJson.Default.RunView);

    private async Task<string?> SendAsync(HttpMethod method, string path, string? body, string? key)
    {
        long began = TimeProvider.System.GetTimestamp();
        int first;
        lock (_chance)
        {
            first = _chance.Next(world.Nodes.Count);
        }

        for (int attempt = 0; ; attempt++)
        {
            SiloNode node = world.Nodes[(first + attempt) % world.Nodes.Count];
            try
            {
                using HttpRequestMessage message = new(method, new Uri(node.Address, path));
                message.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
                if (key is not null)
                {
                    message.Headers.Add(WireText.IdempotencyKey, key);
                }

                using HttpResponseMessage answer = await _http.SendAsync(message);
                string text = await answer.Content.ReadAsStringAsync();
                if (answer.IsSuccessStatusCode)
                {
                    return text;
                }

                // It was asked before, and its answer was lost with the connection.
                if (attempt > 0 && answer.StatusCode == HttpStatusCode.Conflict && text.Contains("task_closed", StringComparison.Ordinal))
                {
                    return text;
                }

                return Fail($"{method} {node.Name}/{path}: {(int)answer.StatusCode} {text}");
            }
            catch (HttpRequestException e) when (IsRefusal(e) && TimeProvider.System.GetElapsedTime(began) < Patience)
            {
                Interlocked.Increment(ref _refusals);
                if (attempt >= world.Nodes.Count)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(50));
                }
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                return Fail($"{method} {node.Name}/{path}: {e.Message}");
            }
        }
    }

    private static bool IsRefusal(HttpRequestException e) =>
        e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.ResponseEnded
        || e.InnerException is IOException or SocketException;

    private string? Fail(string error)
    {
        lock (_errors)
        {
            _errors.Add(error);
        }

        return null;
    }
}
