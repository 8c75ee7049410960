using Actors.Flows;
using Actors.Storage;

namespace Actors.Hosting;

/// <summary>What code adds to a hosted silo. Everything is applied once, in order, when the host starts.</summary>
public sealed class ActorsBuilder
{
    internal ActorsBuilder(IServiceCollection services) => Services = services;

    public IServiceCollection Services { get; }

    internal List<Action<IServiceProvider, ActorsRegistration>> Registrations { get; } = [];

    internal Func<IServiceProvider, CancellationToken, ValueTask<IStore>>? OpenStore { get; private set; }

    internal Func<HttpContext, Caller>? Caller { get; private set; }

    /// <summary>Where runs are kept; goes before <see cref="ActorsOptions.Database"/>. The host disposes the store after the silo has stopped.</summary>
    public ActorsBuilder UseStore(Func<IServiceProvider, CancellationToken, ValueTask<IStore>> open)
    {
        ArgumentNullException.ThrowIfNull(open);
        OpenStore = open;
        return this;
    }

    /// <summary>Registers tasks and flows; the services are those of the host.</summary>
    public ActorsBuilder Register(Action<IServiceProvider, ActorsRegistration> register)
    {
        ArgumentNullException.ThrowIfNull(register);
        Registrations.Add(register);
        return this;
    }

    /// <inheritdoc cref="Register(Action{IServiceProvider,ActorsRegistration})"/>
    public ActorsBuilder Register(Action<ActorsRegistration> register)
    {
        ArgumentNullException.ThrowIfNull(register);
        return Register((_, registration) => register(registration));
    }

    public ActorsBuilder AddFlow<TIn, TOut>(Flow<TIn, TOut> flow) => Register(r => r.Flows.Add(flow));

    public ActorsBuilder AddPlugin(IActorsPlugin plugin) => Register(plugin.Configure);

    /// <summary>
    /// Who sends a request: tenant and principal. Default: an authenticated user's name, with the tenant of its claim <c>tenant</c> and its roles as groups; without authentication
    /// <see cref="Actors.Caller.Local"/>. Never take either from the request's path, body or an unauthenticated header.
    /// </summary>
    public ActorsBuilder UseCaller(Func<HttpContext, Caller> caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        Caller = caller;
        return this;
    }
}
