using System.Text.Json;
using Actors.Protocol;
using Actors.Silos;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Actors.Hosting;

/// <summary>Telling runs something. Each answers once what it asks is durable.</summary>
internal static class RunCommandEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/runs/{id}/cancel", CancelAsync)
            .WithName("cancelRun").WithTags("Runs").WithSummary("Asks a run to cancel; its clean-up runs")
            .TakesBody<CancelRequest>(optional: true)
            .Produces<RunView>(StatusCodes.Status202Accepted).ProducesProblems(400, 404, 409, 413, 415, 422);
        api.MapPost("/runs/{id}/signals/{name}", SignalAsync)
            .WithName("signalRun").WithTags("Runs").WithSummary("Sends a signal, which is kept until the run waits for it")
            .TakesHeader(WireText.IdempotencyKey, "1 to 200 characters: the signal's id. The same id is taken in once.").TakesBody<SignalRequest>(optional: true)
            .Produces(StatusCodes.Status204NoContent).ProducesProblems(400, 404, 409, 413, 415, 422, 429);
        api.MapPost("/runs/{id}/resume", ResumeAsync)
            .WithName("resumeRun").WithTags("Runs").WithSummary("Tries a parked run again; another run is left as it is")
            .Produces<RunView>(StatusCodes.Status202Accepted).ProducesProblems(400, 404, 409);
    }

    private static async Task<JsonHttpResult<RunView>> CancelAsync(HttpContext context, string id, Silo silo, RunViews views, CallerResolver callers)
    {
        _ = new QueryReader(context);
        CancelRequest? request = await JsonBody.ReadOptionalAsync(context, WireJson.Default.CancelRequest);
        Caller caller = callers.Resolve(context);
        RunId run = RunEndpoints.ReadId(id);
        await silo.CancelRunAsync(run, request?.Reason, caller, context.RequestAborted);
        return await StandingAsync(context, run, silo, views, caller);
    }

    private static async Task<NoContent> SignalAsync(HttpContext context, string id, string name, Silo silo, CallerResolver callers)
    {
        _ = new QueryReader(context);
        SignalRequest? request = await JsonBody.ReadOptionalAsync(context, WireJson.Default.SignalRequest);
        await silo.SignalRunAsync(
            RunEndpoints.ReadId(id), name, request?.Payload ?? default(JsonElement), IdempotencyKeys.Read(context), callers.Resolve(context), context.RequestAborted);
        return TypedResults.NoContent();
    }

    private static async Task<JsonHttpResult<RunView>> ResumeAsync(HttpContext context, string id, Silo silo, RunViews views, CallerResolver callers)
    {
        _ = new QueryReader(context);
        Caller caller = callers.Resolve(context);
        RunId run = RunEndpoints.ReadId(id);
        await silo.ResumeRunAsync(run, caller, context.RequestAborted);
        return await StandingAsync(context, run, silo, views, caller);
    }

    private static async Task<JsonHttpResult<RunView>> StandingAsync(HttpContext context, RunId id, Silo silo, RunViews views, Caller caller)
    {
        RunResult run = await silo.GetRunAsync(id, caller, context.RequestAborted) ?? throw ProblemException.RunNotFound(id.Value);
        return TypedResults.Json(views.View(context, run), WireJson.Default.RunView, statusCode: StatusCodes.Status202Accepted);
    }
}
