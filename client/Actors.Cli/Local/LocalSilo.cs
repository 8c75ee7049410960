using Actors.Flows;
using Actors.Hosting;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Cli.Local;

/// <summary>An engine in this process, on a database file or in memory.</summary>
internal sealed class LocalSilo : IAsyncDisposable
{
    private readonly IStore _store;

    private readonly FlowResources _resources;

    private LocalSilo(Silo silo, IStore store, FlowResources resources)
    {
        Silo = silo;
        _store = store;
        _resources = resources;
    }

    public Silo Silo { get; }

    /// <param name="database">A path, <c>Data Source=path</c> or <c>memory</c>.</param>
    /// <param name="register">Adds tasks and flows before the silo starts.</param>
    /// <exception cref="ActorsStartException">The database, a plugin or a flow file is not usable.</exception>
    public static async Task<LocalSilo> StartAsync(
        string database,
        string setting,
        Action<ActorsRegistration> register,
        IReadOnlyDictionary<string, string?> settings,
        CancellationToken cancellationToken)
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).AddEnvironmentVariables().Build();
        ActorsRegistration registration = new(new TaskRegistry(), new FlowRegistry(), configuration);
        HostResources.Apply(registration, HostResources.Read(configuration));
        register(registration);
        IStore store = await StoreSetting.OpenAsync(database, setting, TimeProvider.System, cancellationToken);
        ILoggerFactory logs = NullLoggerFactory.Instance;
        // A command goes away when the run ends, so nothing is dropped from memory while it looks on.
        Silo silo = new(new SiloOptions { DrainLimit = TimeSpan.FromSeconds(10) }, store, registration.Flows, registration.Tasks, TimeProvider.System, logs);
        try
        {
            await silo.StartAsync(cancellationToken);
        }
        catch
        {
            await silo.DisposeAsync();
            await store.DisposeAsync();
            throw;
        }

        return new LocalSilo(silo, store, registration.Resources);
    }

    public async ValueTask DisposeAsync()
    {
        await Silo.StopAsync(CancellationToken.None);
        await Silo.DisposeAsync();
        await _store.DisposeAsync();
        await _resources.DisposeAsync();
    }
}
