using Actors.Hosting;
using Actors.Silos;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

public static class ActorsServices
{
    /// <summary>
    /// Adds a silo that starts and stops with the host. Settings are the configuration section <c>Actors</c>, then <paramref name="configure"/>.
    /// Calling it again gives the same builder.
    /// </summary>
    public static ActorsBuilder AddActors(this IServiceCollection services, Action<ActorsOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ServiceDescriptor? existing = services.FirstOrDefault(s => s.ServiceType == typeof(ActorsBuilder));
        if (configure is not null)
        {
            services.Configure(configure);
        }

        if (existing?.ImplementationInstance is ActorsBuilder known)
        {
            return known;
        }

        ActorsBuilder builder = new(services);
        services.AddSingleton(builder);
        // Before what the caller configures, whenever this is called first.
        services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<ActorsOptions>>(sp =>
            new ConfigureNamedOptions<ActorsOptions>(Options.Options.DefaultName, options => sp.GetRequiredService<IConfiguration>().GetSection(ActorsOptions.Section).Bind(options))));
        services.AddOptions();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<SiloHost>();
        services.AddSingleton<CallerResolver>();
        services.AddSingleton<ProblemWriter>();
        services.AddSingleton<RunViews>();
        services.AddHostedService(sp => sp.GetRequiredService<SiloHost>());
        services.TryAddSingleton<Silo>(sp => sp.GetRequiredService<SiloHost>().Silo);
        services.AddOptions<HostOptions>().Configure<IServiceProvider>((host, provider) =>
        {
            // The silo drains within its own limit; what remains is for the web server.
            TimeSpan needed = DrainLimit(provider) + TimeSpan.FromSeconds(10);
            host.ShutdownTimeout = host.ShutdownTimeout > needed ? host.ShutdownTimeout : needed;
        });
        return builder;
    }

    private static TimeSpan DrainLimit(IServiceProvider services)
    {
        try
        {
            return services.GetRequiredService<IOptions<ActorsOptions>>().Value.Silo.DrainLimit;
        }
        catch (InvalidOperationException)
        {
            // A setting cannot be read: the silo's own start tells it with its key, a moment later.
            return TimeSpan.Zero;
        }
    }
}
