using System.Text.Json;
using Actors.Flows;
using Actors.Protocol;
using Actors.Silos;
using Actors.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Actors.Hosting;

/// <summary>The three ways to start a run: return at once, wait for its end, watch it.</summary>
internal static class StartEndpoints
{
    private static readonly TimeSpan WaitDefault = TimeSpan.FromSeconds(30);

    // Beyond it proxies cut the connection; a longer run is watched or asked for.
    private static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(5);

    private const string KeyText = "1 to 200 characters. The same key with the same request gives the same run; with another request it is a conflict.";

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/flows/{name}/runs", StartAsync)
            .WithName("startRun").WithTags("Runs").WithSummary("Starts a run and returns once it is durable")
            .WithDescription("201 with the run's address; 200 with Idempotency-Replayed: true when the key had started it before.")
            .TakesHeader(WireText.IdempotencyKey, KeyText).TakesBody<StartRunRequest>(optional: true)
            .Produces<RunView>(StatusCodes.Status201Created).Produces<RunView>().ProducesProblems(400, 404, 409, 413, 415, 422, 429);
        api.MapPost("/flows/{name}/execute", ExecuteAsync)
            .WithName("executeFlow").WithTags("Runs").WithSummary("Starts a run and waits for its end")
            .WithDescription("200 when the run has ended, well or not: look at success. 202 with the address of the same run when it has not ended within the wait. The run goes on when the caller goes away.")
            .Takes(new QueryParameter("wait", "How long to wait: 0 to 5m, such as 30s or 1m30s. Default 30s."))
            .TakesHeader(WireText.IdempotencyKey, KeyText).TakesBody<StartRunRequest>(optional: true)
            .Produces<ExecuteResponse>().Produces<ExecuteResponse>(StatusCodes.Status202Accepted).ProducesProblems(400, 404, 409, 413, 415, 422, 429);
        api.MapPost("/flows/{name}/execute/stream", StreamAsync)
            .WithName("executeFlowStream").WithTags("Runs").WithSummary("Starts a run and streams its events until it has ended")
            .WithDescription("Server-sent events as of GET /runs/{id}/stream; resume there with Last-Event-ID when the connection breaks. The header Location has the run's address.")
            .TakesHeader(WireText.IdempotencyKey, KeyText).TakesBody<StartRunRequest>(optional: true)
            .Produces(StatusCodes.Status200OK, contentType: WireText.EventStreamContentType).ProducesProblems(400, 404, 409, 413, 415, 422, 429);
    }

    private static async Task<JsonHttpResult<RunView>> StartAsync(HttpContext context, string name, Silo silo, RunViews views, CallerResolver callers)
    {
        _ = new QueryReader(context);
        (StartedRun started, _) = await BeginAsync(context, name, silo, callers);
        context.Response.Headers.Location = views.Links(context, started.Run.Id).Self;
        return TypedResults.Json(
            views.View(context, started.Run),
            WireJson.Default.RunView,
            statusCode: started.Existed ? StatusCodes.Status200OK : StatusCodes.Status201Created);
    }

    private static async Task<JsonHttpResult<ExecuteResponse>> ExecuteAsync(
        HttpContext context, string name, Silo silo, SiloHost host, RunViews views, CallerResolver callers)
    {
        TimeSpan wait = new QueryReader(context).Duration("wait", WaitDefault, WaitMax);
        (StartedRun started, Caller caller) = await BeginAsync(context, name, silo, callers);
        using CancellationTokenSource ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, host.Stopping);
        RunResult result;
        try
        {
            result = await silo.WaitForEndAsync(started.Run.Id, caller, wait, ends.Token);
        }
        catch (OperationCanceledException) when (host.Stopping.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            // The run is safe; its successor silo goes on with it, and the caller finds it at its address.
            result = new RunResult(started.Run, default, null, null, []);
        }

        bool ended = result.Run.Status.IsFinal();
        if (!ended)
        {
            context.Response.Headers.Location = views.Links(context, started.Run.Id).Self;
        }

        return TypedResults.Json(
            views.Executed(context, result),
            WireJson.Default.ExecuteResponse,
            statusCode: ended ? StatusCodes.Status200OK : StatusCodes.Status202Accepted);
    }

    private static async Task<RunStream> StreamAsync(HttpContext context, string name, Silo silo, RunViews views, CallerResolver callers)
    {
        _ = new QueryReader(context);
        (StartedRun started, Caller caller) = await BeginAsync(context, name, silo, callers);
        context.Response.Headers.Location = views.Links(context, started.Run.Id).Self;
        return new RunStream(started.Run.Id, caller, After: 0, WithStarts: true);
    }

    private static async Task<(StartedRun Started, Caller Caller)> BeginAsync(HttpContext context, string name, Silo silo, CallerResolver callers)
    {
        StartRunRequest request = await JsonBody.ReadOptionalAsync(context, WireJson.Default.StartRunRequest) ?? new StartRunRequest();
        if (request.Input is not null && request.Inputs is not null)
        {
            throw ProblemException.Invalid(ProblemCodes.InvalidRequest, "/inputs", "'inputs' is another name of 'input'; give only one of them.");
        }

        Caller caller = callers.Resolve(context);
        StartedRun started;
        try
        {
            started = await silo.StartRunAsync(
                new StartRun
                {
                    Flow = name,
                    Version = request.Version,
                    Input = request.Input ?? request.Inputs ?? default(JsonElement),
                    IdempotencyKey = IdempotencyKeys.Read(context),
                    Priority = request.Priority ?? 0,
                    Metadata = request.Metadata,
                },
                caller,
                context.RequestAborted);
        }
        catch (InvalidFlowInputException e)
        {
            throw ProblemWriter.InvalidInput(e, request.Inputs is null ? "/input" : "/inputs");
        }

        if (started.Existed)
        {
            context.Response.Headers[WireText.IdempotencyReplayed] = "true";
        }

        return (started, caller);
    }
}
