using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Options;

namespace Actors.Hosting;

/// <summary>
/// Starts the silo before the web server listens, and drains it after the web server has answered its last request: a client is refused a connection, which it can try elsewhere, instead of being told
/// that this silo does not take its work any more.
/// </summary>
internal sealed class SiloHost(
    ActorsBuilder builder,
    IServiceProvider services,
    IConfiguration configuration,
    TimeProvider time,
    ILoggerFactory logs,
    IHostApplicationLifetime lifetime) : IHostedLifecycleService, IAsyncDisposable
{
    private readonly ILogger _log = logs.CreateLogger("Actors.Silo");
    private Silo? _silo;
    private IStore? _store;
    private FlowResources? _resources;

    /// <exception cref="UnavailableException">The silo is not started yet.</exception>
    public Silo Silo => _silo ?? throw new UnavailableException("The silo is starting.");

    public bool IsReady => _silo is { IsReady: true, Trouble: null } && !lifetime.ApplicationStopping.IsCancellationRequested;

    public ActorsOptions Options { get; private set; } = new();

    /// <summary>The largest request body: the largest payload and 64 KiB for what surrounds it.</summary>
    public int BodyBytesMax => Options.Silo.PayloadBytesMax + 64 * 1024;

    /// <summary>Cancelled when the host begins to stop: waiting requests and streams end then.</summary>
    public CancellationToken Stopping => lifetime.ApplicationStopping;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        Options = SettingsCheck.Read(services, configuration);
        ActorsRegistration registration = new(new TaskRegistry(), new FlowRegistry(), configuration);
        _resources = registration.Resources;
        HostResources.Apply(registration, Options);
        PluginLoader.Load(Options.Plugins, registration);
        foreach (Action<IServiceProvider, ActorsRegistration> register in builder.Registrations)
        {
            register(services, registration);
        }

        FlowFolder.Load(Options.Flows, registration);
        _store = builder.OpenStore is { } open
            ? await open(services, cancellationToken)
            : await StoreSetting.OpenAsync(Options, time, cancellationToken);
        Silo silo = new(Options.Silo, _store, registration.Flows, registration.Tasks, time, logs);
        await silo.StartAsync(cancellationToken);
        _silo = silo;
        HostLog.SiloStarted(_log, _store.Name, registration.Flows.Latest.Count, registration.Tasks.Names.Count);
    }

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        if (_silo is not null)
        {
            await _silo.StopAsync(cancellationToken);
            HostLog.SiloStopped(_log);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_silo is not null)
        {
            await _silo.DisposeAsync();
        }

        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        if (_resources is not null)
        {
            await _resources.DisposeAsync();
        }
    }
}
