using System.Net;
using System.Net.Sockets;

namespace Actors.Postgres.Tests;

/// <summary>
/// Stands between a client and the server, and loses the answer of commits: when it is armed, the next connection whose server says that a COMMIT is done
/// is cut before the client hears of it.
/// </summary>
internal sealed class CommitCuttingProxy : IAsyncDisposable
{
    // A whole message of the protocol: 'C', its length with itself, the tag, and a zero.
    private static readonly byte[] Done = [(byte)'C', 0, 0, 0, 11, .. "COMMIT\0"u8];

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopped = new();
    private readonly int _serverPort;
    private readonly byte[]? _onlyAfter;
    private readonly Task _accepting;
    private int _armed;
    private int _cuts;

    /// <param name="onlyAfter">Cuts only on connections whose client has sent this before, e.g. the name of a table of the test; null: on any.</param>
    public CommitCuttingProxy(int serverPort, string? onlyAfter = null)
    {
        _serverPort = serverPort;
        _onlyAfter = onlyAfter is null ? null : System.Text.Encoding.UTF8.GetBytes(onlyAfter);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>How many answers were lost so far.</summary>
    public int Cuts => Volatile.Read(ref _cuts);

    /// <summary>The answers of so many further commits are lost.</summary>
    public void Arm(int commits = 1) => Interlocked.Add(ref _armed, commits);

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stopped.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true)
            {
                connections.Add(PassAsync(await _listener.AcceptTcpClientAsync(_stopped.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using TcpClient near = client;
        using TcpClient far = new();
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, _serverPort, _stopped.Token);
            (near.NoDelay, far.NoDelay) = (true, true);
            Watch watch = new(_onlyAfter is null);
            Task up = CopyAsync(near.GetStream(), far.GetStream(), bytes =>
            {
                watch.IsOpen |= _onlyAfter is not null && bytes.IndexOf(_onlyAfter) >= 0;
                return true;
            });
            Task down = CopyAsync(far.GetStream(), near.GetStream(), bytes => !watch.IsOpen || bytes.IndexOf(Done) < 0 || !Take());
            await Task.WhenAny(up, down);
            near.Close();
            far.Close();
            await Task.WhenAll(up, down);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or IOException or ObjectDisposedException)
        {
            // One side has gone: so does the other.
        }
    }

    // Messages that lie across two reads are seen as well: the end of the last read is looked at again.
    private async Task CopyAsync(NetworkStream from, NetworkStream to, Func<ReadOnlySpan<byte>, bool> mayPass)
    {
        byte[] buffer = new byte[64 * 1024];
        byte[] tail = [];
        try
        {
            while (await from.ReadAsync(buffer, _stopped.Token) is > 0 and int read)
            {
                byte[] seen = [.. tail, .. buffer.AsSpan(0, read)];
                if (!mayPass(seen))
                {
                    return;
                }

                // Shorter than what is looked for, so that nothing is found twice.
                tail = seen[^Math.Min(seen.Length, Math.Max(Done.Length, _onlyAfter?.Length ?? 0) - 1)..];
                await to.WriteAsync(buffer.AsMemory(0, read), _stopped.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or IOException or ObjectDisposedException)
        {
            // As above.
        }
    }

    private bool Take()
    {
        if (Interlocked.Decrement(ref _armed) < 0)
        {
            Interlocked.Increment(ref _armed);
            return false;
        }

        Interlocked.Increment(ref _cuts);
        return true;
    }

    private sealed class Watch(bool isOpen)
    {
        public volatile bool IsOpen = isOpen;
    }
}
