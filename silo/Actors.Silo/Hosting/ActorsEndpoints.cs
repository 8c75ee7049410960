using Actors.Hosting;

namespace Microsoft.AspNetCore.Builder;

public static class ActorsEndpoints
{
    /// <summary>
    /// Maps the API of the silo that <c>AddActors</c> added. Errors are answered as problems inside this group only; the rest of the application is left alone.
    /// </summary>
    /// <param name="prefix">Where it begins, e.g. <c>/api</c>; empty for the root. Map it once: the addresses in its answers come from the endpoints' names.</param>
    /// <returns>The group, for example to require authorization; the health endpoints stay open.</returns>
    public static RouteGroupBuilder MapActorsApi(this IEndpointRouteBuilder routes, string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(routes);
        RouteGroupBuilder api = routes.MapGroup(prefix);
        HealthEndpoints.Map(api);
        FlowEndpoints.Map(api);
        DiagramEndpoints.Map(api);
        StartEndpoints.Map(api);
        RunEndpoints.Map(api);
        RunCommandEndpoints.Map(api);
        HumanTaskEndpoints.Map(api);
        ProblemEndpoints.Map(api);
        ((IEndpointConventionBuilder)api).Finally(endpoint =>
        {
            if (endpoint.RequestDelegate is { } inner)
            {
                ProblemWriter problems = endpoint.ApplicationServices.GetRequiredService<ProblemWriter>();
                endpoint.RequestDelegate = context => problems.InvokeAsync(context, inner);
            }
        });
        return api;
    }
}
