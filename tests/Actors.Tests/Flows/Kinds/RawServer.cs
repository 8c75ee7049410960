using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Actors.Tests.Flows;

/// <summary>A server on the loopback that answers with the bytes it is given, however wrong they are, and keeps what it was asked.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _closed = new();
    private readonly Func<string, NetworkStream, CancellationToken, Task> _answer;
    private readonly ConcurrentBag<Task> _conversations = [];
    private readonly Task _accepting;

    /// <param name="answer">Gets the request with its body, as text, and the stream to write to; the connection is closed afterwards.</param>
    public RawServer(Func<string, NetworkStream, CancellationToken, Task> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public RawServer(Func<string, string> answer)
        : this(async (request, stream, token) => await stream.WriteAsync(Encoding.UTF8.GetBytes(answer(request)), token))
    {
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}");

    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>An answer with a length that fits.</summary>
    public static string Answer(int status, string body, string headers = "Content-Type: application/json") => string.Create(
        CultureInfo.InvariantCulture, $"HTTP/1.1 {status} Told\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{(headers.Length == 0 ? "" : headers + "\r\n")}\r\n{body}");

    public static string Redirect(int status, string to) => string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} Told\r\nContent-Length: 0\r\nLocation: {to}\r\n\r\n");

    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_conversations);
        _closed.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_closed.IsCancellationRequested)
        {
            try
            {
                _conversations.Add(TalkAsync(await _listener.AcceptTcpClientAsync(_closed.Token)));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task TalkAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                if (await ReadAsync(stream) is { } request)
                {
                    Requests.Enqueue(request);
                    await _answer(request, stream, _closed.Token);
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
            {
                // The client has gone.
            }
        }
    }

    private async Task<string?> ReadAsync(NetworkStream stream)
    {
        StringBuilder text = new();
        byte[] part = new byte[16 * 1024];
        while (true)
        {
            int read = await stream.ReadAsync(part, _closed.Token);
            if (read == 0)
            {
                return null;
            }

            text.Append(Encoding.UTF8.GetString(part, 0, read));
            string all = text.ToString();
            int end = all.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                int length = all[..end].Split("\r\n").Select(static line => line.Split(':', 2)).Where(static pair => pair[0].Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                    .Select(static pair => int.Parse(pair[1], CultureInfo.InvariantCulture)).FirstOrDefault();
                if (Encoding.UTF8.GetByteCount(all[(end + 4)..]) >= length)
                {
                    return all;
                }
            }
        }
    }
}
