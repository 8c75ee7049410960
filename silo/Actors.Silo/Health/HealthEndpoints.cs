using System.Reflection;
using Actors.Protocol;
using Actors.Silos;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Actors.Hosting;

/// <summary>What answers here, and whether it can work.</summary>
internal static class HealthEndpoints
{
    public static string Version { get; } =
        typeof(HealthEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/", Info).WithName("getService").WithTags("Service").WithSummary("What answers here").Produces<ServiceInfo>();
        // Open to all where the host authenticates: an orchestrator has no credentials, and these say nothing else.
        api.MapGet("/health/live", Live).AllowAnonymous()
            .WithName("getLive").WithTags("Service").WithSummary("200 while the process answers").Produces<Protocol.Health>();
        api.MapGet("/health/ready", Ready).AllowAnonymous()
            .WithName("getReady").WithTags("Service").WithSummary("200 while the silo takes work, 503 while it starts, drains or has lost its database")
            .Produces<Protocol.Health>().Produces<Protocol.Health>(StatusCodes.Status503ServiceUnavailable);
    }

    private static JsonHttpResult<ServiceInfo> Info(HttpContext context, SiloHost host, LinkGenerator links)
    {
        Silo silo = host.Silo;
        string Path(string endpoint) => links.GetPathByName(context, endpoint)!;
        return TypedResults.Json(
            new ServiceInfo(
                "actors",
                Version,
                silo.Store.Name,
                host.IsReady,
                silo.Flows.Latest.Count,
                silo.ActiveRuns,
                new ServiceLinks(Path("listFlows"), Path("listRuns"), Path("listHumanTasks"), Path("getLive"), Path("getReady"))),
            WireJson.Default.ServiceInfo);
    }

    private static JsonHttpResult<Protocol.Health> Live() => TypedResults.Json(new Protocol.Health("live"), WireJson.Default.Health);

    private static JsonHttpResult<Protocol.Health> Ready(SiloHost host) => host.IsReady
        ? TypedResults.Json(new Protocol.Health("ready"), WireJson.Default.Health)
        : TypedResults.Json(new Protocol.Health("not-ready"), WireJson.Default.Health, statusCode: StatusCodes.Status503ServiceUnavailable);
}
