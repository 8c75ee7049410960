using System.Net;
using System.Net.Sockets;

namespace Actors.Chaos.Wire;

/// <summary>One connection through a <see cref="TcpProxy"/>.</summary>
internal sealed class ProxyLink(TcpProxy proxy, Socket client) : IDisposable
{
    private readonly Socket _server = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly Dictionary<string, string> _statements = new(StringComparer.Ordinal);
    private TaskCompletionSource? _held;
    private string _bound = "";

    public async Task RunAsync(int target)
    {
        try
        {
            client.NoDelay = true;
            await proxy.WhenPassesAsync();
            await _server.ConnectAsync(IPAddress.Loopback, target);
            PostgresMessages answers = new() { PlainIsByte = true };
            PostgresMessages questions = new() { Plain = 1, OnEncryptionRequest = () => answers.Plain++ };
            await Task.WhenAny(PumpAsync(client, _server, questions, AskAsync), PumpAsync(_server, client, answers, AnswerAsync));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The server is down: the client sees a connection that is closed.
        }
        finally
        {
            Close();
            proxy.Remove(this);
        }
    }

    /// <summary>Lets the second half of its batch go.</summary>
    public void Release() => Volatile.Read(ref _held)?.TrySetResult();

    public void Close()
    {
        Release();
        client.Dispose();
        _server.Dispose();
    }

    public void Dispose() => Close();

    private async Task PumpAsync(Socket from, Socket to, PostgresMessages messages, Func<Socket, List<PostgresMessage>, Task<bool>> forward)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is int read and > 0)
            {
                List<PostgresMessage> complete = messages.Read(buffer.AsSpan(0, read));
                if (!await forward(to, complete))
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Closed by either side.
        }
    }

    private async Task<bool> AskAsync(Socket server, List<PostgresMessage> messages)
    {
        int sent = 0;
        for (int i = 0; i < messages.Count; i++)
        {
            if (WritesEntries(messages[i]) && proxy.TakeHalf() is { } half)
            {
                await SendAsync(server, messages[..(i + 1)]);
                sent = i + 1;
                TaskCompletionSource held = new(TaskCreationOptions.RunContinuationsAsynchronously);
                Volatile.Write(ref _held, held);
                half.SetResult();
                await held.Task;
            }
        }

        await SendAsync(server, messages[sent..]);
        return true;
    }

    private async Task<bool> AnswerAsync(Socket silo, List<PostgresMessage> messages)
    {
        foreach (PostgresMessage message in messages)
        {
            if (message.Type == 'C' && message.Texts(1)[0] == "COMMIT" && proxy.TakeCut())
            {
                return false;
            }
        }

        await SendAsync(silo, messages);
        return true;
    }

    /// <summary>True when this message makes the server insert journal entries.</summary>
    private bool WritesEntries(PostgresMessage message)
    {
        switch (message.Type)
        {
            case 'P':
                string[] parsed = message.Texts(2);
                _statements[parsed[0]] = parsed[1];
                return false;
            case 'B':
                _bound = _statements.GetValueOrDefault(message.Texts(2)[1], "");
                return false;
            default:
                return message.Type == 'E' && _bound.Contains("INSERT INTO journal", StringComparison.Ordinal);
        }
    }

    private async Task SendAsync(Socket to, IReadOnlyList<PostgresMessage> messages)
    {
        if (messages.Count == 0)
        {
            return;
        }

        byte[] bytes = new byte[messages.Sum(static message => message.Bytes.Length)];
        int at = 0;
        foreach (PostgresMessage message in messages)
        {
            message.Bytes.CopyTo(bytes.AsMemory(at));
            at += message.Bytes.Length;
        }

        // Held back here while nothing passes, and not thrown away: a network delivers late.
        await proxy.WhenPassesAsync();
        for (int sent = 0; sent < bytes.Length;)
        {
            sent += await to.SendAsync(bytes.AsMemory(sent));
        }
    }
}
