using System.Globalization;
using Actors.Chaos.Wire;
using Actors.Client;
using Actors.EndToEnd;
using Actors.Postgres.Tests;

namespace Actors.Chaos.World;

/// <summary>One place of the cluster: a name, an address, and the process that is there now.</summary>
internal sealed class SiloNode(ChaosWorld world, string name) : IAsyncDisposable
{
    private readonly int _port = FreePort.Take();
    private readonly List<Program> _past = [];
    private HttpClient? _http;
    private Program? _process;

    public string Name => name;

    /// <summary>Null when the world has none.</summary>
    public TcpProxy? Proxy { get; private set; }

    /// <summary>Which build the next process is: 1, or the newer 2.</summary>
    public int Build { get; set; } = 1;

    public Program Process => _process ?? throw new InvalidOperationException($"{name} was not started.");

    /// <summary>True while a test keeps it from answering: callers do not turn to it.</summary>
    public bool IsFrozen { get; set; }

    public bool Runs => _process is { HasExited: false };

    /// <summary>Asks this silo only, once.</summary>
    public ActorsClient Client => new(Http, new ActorsClientOptions { AttemptsMax = 1 });

    public Uri Address => new($"http://127.0.0.1:{_port}/");

    private HttpClient Http => _http ??= new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2) })
    {
        BaseAddress = Address,
        Timeout = TimeSpan.FromSeconds(15),
    };

    public async Task StartAsync()
    {
        if (Runs)
        {
            return;
        }

        ChaosOptions options = world.Options;
        if (options.Proxies)
        {
            Proxy ??= new TcpProxy(world.Server.Port);
        }

        (Program process, _) = await Program.StartAsync(
            Program.Dll("silo", "Actors.Silo"),
            ["--urls", Address.ToString()],
            static line => line.StartsWith("Actors ", StringComparison.Ordinal),
            new Dictionary<string, string>
            {
                ["ACTORS_DATABASE"] = world.ConnectionString(Proxy?.Port),
                ["Actors__Silo__Name"] = name,
                ["Actors__Silo__Lease"] = Text(options.Lease),
                ["Actors__Silo__TickInterval"] = Text(options.TickInterval),
                ["Actors__Silo__DrainLimit"] = Text(options.DrainLimit),
                ["Actors__Plugins__0"] = Program.Dll("tests", "Actors.Chaos.Plugin"),
                ["Recorder__Url"] = world.RecorderUrl,
                ["Chaos__Build"] = Build.ToString(CultureInfo.InvariantCulture),
                ["Logging__LogLevel__Default"] = "Warning",
                // Each call that a silo without a database refuses is a warning there.
                ["Logging__LogLevel__Actors.Api"] = "Error",
                ["Logging__LogLevel__Actors.Engine"] = "Information",
                ["Logging__Console__FormatterName"] = "simple",
                ["Logging__Console__FormatterOptions__SingleLine"] = "true",
                ["Logging__Console__FormatterOptions__TimestampFormat"] = "HH:mm:ss.fff ",
            });
        if (_process is not null)
        {
            _past.Add(_process);
        }

        _process = process;
    }

    public Task KillAsync() => Process.KillAsync();

    public Task PauseAsync() => Process.SignalAsync("STOP");

    public Task ContinueAsync() => Process.SignalAsync("CONT");

    /// <summary>SIGTERM; gives the exit code.</summary>
    public Task<int> TerminateAsync() => Process.TerminateAsync();

    /// <summary>The number of its life that the database takes for alive; null when there is none.</summary>
    public async Task<int?> FindLifeAsync() =>
        await world.QueryAsync<int?>($"SELECT max(no) FROM silos WHERE name = '{name}' AND ended_at IS NULL");

    /// <summary>What its processes printed last, for messages of failed tests.</summary>
    public string Tail => string.Join('\n', _past.TakeLast(1).Append(_process).OfType<Program>().Select(p => $"--- {name} (process {p.Id}{(p.HasExited ? ", ended" : "")}):\n{p.Output}"));

    public async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        foreach (Program process in _past.Append(_process).OfType<Program>())
        {
            await process.DisposeAsync();
        }

        if (Proxy is not null)
        {
            await Proxy.DisposeAsync();
        }
    }

    private static string Text(TimeSpan time) => time.ToString("c", CultureInfo.InvariantCulture);
}
