using System.Net;
using System.Net.Sockets;

namespace Actors.Flows;

/// <summary>Refuses requests to hosts that flows may not call. Stands before the handler that sends them, its own or the host's.</summary>
internal sealed class HttpGuard(FlowResources resources, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const int HeadersKilobytesMax = 64;

    private static readonly IPNetwork[] Private =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"),
        IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.0.0.0/24"), IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("198.18.0.0/15"), IPNetwork.Parse("224.0.0.0/4"),
        IPNetwork.Parse("240.0.0.0/4"), IPNetwork.Parse("::/128"), IPNetwork.Parse("::1/128"), IPNetwork.Parse("fc00::/7"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("fec0::/10"),
        IPNetwork.Parse("ff00::/8"),
    ];

    // Addresses of the new protocol that carry one of the old: the prefix's length in bytes is where it begins.
    private static readonly (IPNetwork Network, int At)[] Carriers = [(IPNetwork.Parse("64:ff9b::/96"), 12), (IPNetwork.Parse("2002::/16"), 2), (IPNetwork.Parse("::/96"), 12)];

    /// <summary>The handler that is used when the host gives none: no cookies, no redirects of its own, at most 64 KiB of headers.</summary>
    public static SocketsHttpHandler CreateHandler(FlowResources resources)
    {
        SocketsHttpHandler handler = new()
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.All,
            ConnectTimeout = TimeSpan.FromSeconds(30),

            // Names move to other addresses; connections are made anew from time to time to follow them.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxResponseHeadersLength = HeadersKilobytesMax,
        };
        if (resources.HttpPrivateAddressesRefused)
        {
            // A proxy would be asked in the place of the host, and its address is often a private one.
            handler.UseProxy = false;
            handler.ConnectCallback = static async (context, cancellationToken) => await ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
        }

        return handler;
    }

    /// <summary>True for addresses of this machine, of private networks, and those that lead to no single machine.</summary>
    public static bool IsPrivate(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        if (Array.Exists(Private, network => network.Contains(address)))
        {
            return true;
        }

        foreach ((IPNetwork network, int at) in Carriers)
        {
            if (network.Contains(address))
            {
                return IsPrivate(new IPAddress(address.GetAddressBytes().AsSpan(at, 4)));
            }
        }

        return false;
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri is { } url && resources.HttpHostsAllowed is { } allowed && !IsAllowed(url.IdnHost, allowed))
        {
            throw Refuse($"The host '{url.Host}' is not among those that flows may call (HttpHostsAllowed).");
        }

        return base.SendAsync(request, cancellationToken);
    }

    private static bool IsAllowed(string host, IEnumerable<string> allowed)
    {
        foreach (string name in allowed)
        {
            if (name.StartsWith("*.", StringComparison.Ordinal) ? host.EndsWith(name[1..], StringComparison.OrdinalIgnoreCase) : host.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    // Looked up once and connected to what was looked at: a second look could give another answer.
    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint place, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = IPAddress.TryParse(place.Host, out IPAddress? literal) ? [literal] : await Dns.GetHostAddressesAsync(place.Host, cancellationToken).ConfigureAwait(false);
        IPAddress[] open = Array.FindAll(addresses, static address => !IsPrivate(address));
        if (open.Length == 0)
        {
            throw Refuse($"The host '{place.Host}' has a private or local address, which flows may not call (HttpPrivateAddressesRefused).");
        }

        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(open, place.Port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static TaskException Refuse(string message) => new(message, "host_refused") { Type = HttpKind.ErrorType, Retryable = false };
}
