using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Actors.Postgres.Tests;

/// <summary>
/// Ports for servers that must be found where they were before, also after a restart. They are below those that operating systems give to outgoing connections: one of those could take the port
/// while its server is away.
/// </summary>
internal static class FreePort
{
    private const int First = 20_000;
    private const int Count = 10_000;

    // Held until the process ends: test processes that run at once take different ports.
    private static readonly List<FileStream> Claims = [];

    /// <summary>A port of the loopback that nobody listens on, and that no other test process is given.</summary>
    public static int Take()
    {
#pragma warning disable CA5394 // So that processes seldom try the same port.
        int start = Random.Shared.Next(Count);
#pragma warning restore CA5394
        for (int i = 0; i < Count; i++)
        {
            int port = First + ((start + i) % Count);
            if (Claim(port) is not { } claim)
            {
                continue;
            }

            if (IsFree(port))
            {
                lock (Claims)
                {
                    Claims.Add(claim);
                }

                return port;
            }

            claim.Dispose();
        }

        throw new InvalidOperationException($"No port from {First} to {First + Count - 1} is free.");
    }

    private static FileStream? Claim(int port)
    {
        string path = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"actors-port-{port}.lock"));
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using TcpListener listener = new(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
