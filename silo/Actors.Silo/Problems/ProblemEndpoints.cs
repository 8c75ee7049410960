using Actors.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Actors.Hosting;

/// <summary>Describes each kind of problem at the address that is its type.</summary>
internal static class ProblemEndpoints
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/problems/{code}", Get)
            .WithName("getProblem")
            .WithTags("Service")
            .WithSummary("What a kind of problem means and what to do about it")
            .Produces<ProblemDescription>()
            .ProducesProblems(404);

    private static JsonHttpResult<ProblemDescription> Get(string code) =>
        ProblemCatalog.Find(code) is { } description
            ? TypedResults.Json(description, WireJson.Default.ProblemDescription)
            : throw new ProblemException(StatusCodes.Status404NotFound, ProblemCodes.UnknownAddress, $"There is no description of '{ProblemException.Shorten(code)}'.");

    /// <summary>Documents the problems that an endpoint can answer with, beside 500 and 503.</summary>
    public static RouteHandlerBuilder ProducesProblems(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (int status in statuses)
        {
            endpoint.Produces<Problem>(status, WireText.ProblemContentType);
        }

        return endpoint.Produces<Problem>(StatusCodes.Status503ServiceUnavailable, WireText.ProblemContentType);
    }
}
