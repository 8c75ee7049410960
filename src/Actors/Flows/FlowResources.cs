namespace Actors.Flows;

/// <summary>What a host offers to flows beside tasks. Everything in it may be added to until the host starts; disposing it closes what steps have opened.</summary>
public sealed class FlowResources : IAsyncDisposable
{
    private readonly Lazy<HttpGuard> _guard;
    private readonly Lazy<HttpClient> _http;

    public FlowResources()
    {
        Connections = new ConnectionRegistry(this);
        Kinds.Add(HttpKind.Create(this)).Add(SqlKind.Create(this));
        SqlTasks = new SqlTasks(this);
        _guard = new(() => new HttpGuard(this, HttpHandler ?? HttpGuard.CreateHandler(this)));
        _http = new(CreateClient);
    }

    /// <summary>Kinds of steps beside those of the language. <c>http</c> and <c>sql</c> are there; a host that does not want them removes them.</summary>
    public StepKindRegistry Kinds { get; } = new();

    /// <summary>Connections to other systems, by name.</summary>
    public ConnectionRegistry Connections { get; }

    /// <summary>
    /// The hosts that <c>http</c> steps and HTTP connections may call: names, or <c>*.example.com</c> for all names that end so. Null, the default: all. It is asked for each redirect as well.
    /// </summary>
    public ISet<string>? HttpHostsAllowed { get; set; }

    /// <summary>
    /// True: hosts with a private, local or otherwise special address cannot be called, so that who gives a flow an address cannot reach into the network that the host is in. No proxy is used then. Looked
    /// at when the first request is sent, and only without an <see cref="HttpHandler"/>. Default false, since services on the same machine and in the same network are what flows mostly call;
    /// set it where addresses come from outside.
    /// </summary>
    public bool HttpPrivateAddressesRefused { get; set; }

    /// <summary>What sends requests, e.g. one with a proxy or client certificates; it should follow no redirects. Belongs to this object. Null, the default: one of its own.</summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Environment variables that expressions may read as <c>env.NAME</c>; empty: none.</summary>
    public ISet<string> EnvironmentAllowed { get; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Gives an environment variable; null when it is not set.</summary>
    public Func<string, string?> Environment { get; set; } = System.Environment.GetEnvironmentVariable;

    /// <summary>Gives a secret by its name; null when there is none. Called for each attempt of a step that uses it; what it gives is never stored.</summary>
    public Func<string, string?> Secrets { get; set; } = static _ => null;

    /// <summary>Tasks that are there without being registered.</summary>
    internal SqlTasks SqlTasks { get; }

    /// <summary>Shared by all <c>http</c> steps.</summary>
    internal HttpClient Http => _http.Value;

    /// <summary>A client without a limit of its own: the step's token ends its calls.</summary>
    internal HttpClient CreateClient() => new(_guard.Value, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };

    public async ValueTask DisposeAsync()
    {
        await Connections.DisposeAsync().ConfigureAwait(false);
        if (_guard.IsValueCreated)
        {
            _guard.Value.Dispose();
        }
    }
}
