using Actors.Protocol;
using Actors.Silos;
using Actors.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Actors.Hosting;

/// <summary>Reading runs.</summary>
internal static class RunEndpoints
{
    private const int EventsDefault = 200;
    private const int EventsMax = 1000;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/runs", ListAsync)
            .WithName("listRuns").WithTags("Runs").WithSummary("Runs, newest first")
            .Takes(
                new QueryParameter("status", "One or more statuses, separated by commas.", Values: QueryReader.WordsOf<Actors.Protocol.RunStatus>()),
                new QueryParameter("flow", "Only runs of this flow."),
                new QueryParameter("parent", "Only children of this run."),
                new QueryParameter(WireText.MetadataPrefix + "*", "Only runs with this label: metadata.KEY=value, once for each label."),
                new QueryParameter("limit", $"1 to {RunQuery.LimitMax}, default 50.", "integer"),
                new QueryParameter("cursor", "next of the page before."))
            .Produces<RunPage>().ProducesProblems(400);
        api.MapGet("/runs/{id}", GetAsync)
            .WithName("getRun").WithTags("Runs").WithSummary("A run: what it does, waits for or came to")
            .Produces<RunView>().ProducesProblems(400, 404);
        api.MapGet("/runs/{id}/events", EventsAsync)
            .WithName("listRunEvents").WithTags("Runs").WithSummary("What happened in a run, in order")
            .Takes(
                new QueryParameter("after", "Only events with a larger number. Default 0.", "integer"),
                new QueryParameter("limit", $"1 to {EventsMax}, default {EventsDefault}.", "integer"))
            .Produces<EventPage>().ProducesProblems(400, 404);
        api.MapGet("/runs/{id}/stream", StreamAsync)
            .WithName("streamRun").WithTags("Runs").WithSummary("What happens in a run, as server-sent events")
            .WithDescription("Each event has id (its number), event (its type) and data (JSON). When the run has ended, an event 'done' without id follows with the run, and the stream ends. A stream that ends without it was cut: connect again.")
            .TakesHeader(WireText.LastEventId, "Resume after the event with this number.")
            .Takes(new QueryParameter("after", "The same as the header Last-Event-ID, which goes before it.", "integer"))
            .Produces(StatusCodes.Status200OK, contentType: WireText.EventStreamContentType).ProducesProblems(400, 404);
    }

    /// <exception cref="ProblemException">The text cannot be a run's id, so there is no such run.</exception>
    public static RunId ReadId(string id) => RunId.TryParse(id, out RunId run) ? run : throw ProblemException.RunNotFound(id);

    private static async Task<JsonHttpResult<RunPage>> ListAsync(HttpContext context, Silo silo, RunViews views, CallerResolver callers)
    {
        QueryReader query = new(context);
        RunQuery wanted = new()
        {
            Tenant = callers.Resolve(context).Tenant,
            Statuses = query.Words<Actors.Protocol.RunStatus>("status").Select(RunViews.Stored).Distinct().ToArray(),
            Flow = query.Text("flow"),
            Metadata = query.Metadata(),
            Parent = query.Run("parent"),
            BeforeNo = Cursors.ReadRun(query.Text("cursor")),
            Limit = query.Limit(50, RunQuery.LimitMax),
        };
        IReadOnlyList<RunRow> runs = await silo.Store.ListRunsAsync(wanted, context.RequestAborted);
        string? next = null;
        if (runs.Count == wanted.Limit
            && await silo.Store.ListRunsAsync(wanted with { BeforeNo = runs[^1].No, Limit = 1 }, context.RequestAborted) is { Count: > 0 })
        {
            next = Cursors.AfterRun(runs[^1].No);
        }

        return TypedResults.Json(new RunPage(runs.Select(r => views.View(context, r)).ToArray(), next), WireJson.Default.RunPage);
    }

    private static async Task<JsonHttpResult<RunView>> GetAsync(HttpContext context, string id, Silo silo, RunViews views, CallerResolver callers)
    {
        _ = new QueryReader(context);
        RunResult run = await silo.GetRunAsync(ReadId(id), callers.Resolve(context), context.RequestAborted) ?? throw ProblemException.RunNotFound(id);
        return TypedResults.Json(views.View(context, run), WireJson.Default.RunView);
    }

    private static async Task<JsonHttpResult<EventPage>> EventsAsync(HttpContext context, string id, Silo silo, CallerResolver callers)
    {
        QueryReader query = new(context);
        long after = query.Number("after") ?? 0;
        int limit = query.Limit(EventsDefault, EventsMax);
        Caller caller = callers.Resolve(context);
        RunId run = ReadId(id);
        // Read before the events: a run that had ended then has no events that are not in them.
        RunResult standing = await silo.GetRunAsync(run, caller, context.RequestAborted) ?? throw ProblemException.RunNotFound(id);
        IReadOnlyList<RunEvent> events = await silo.ReadEventsAsync(run, caller, after, limit, context.RequestAborted);
        if (events.Count == 0)
        {
            // The limit counts entries of the journal, and some of them (snapshots) are no events: look further before saying that there are none.
            events = [.. (await silo.ReadEventsAsync(run, caller, after, EventsMax, context.RequestAborted)).Take(limit)];
        }

        bool read = standing.Run.Status.IsFinal() && (events.Count == 0 || events[^1].IsFinal);
        long last = events.Count == 0 ? after : events[^1].Seq;
        return TypedResults.Json(new EventPage(events.Select(RunViews.Event).ToArray(), read ? null : last), WireJson.Default.EventPage);
    }

    private static RunStream StreamAsync(HttpContext context, string id, CallerResolver callers)
    {
        long after = new QueryReader(context).Number("after") ?? 0;
        if (context.Request.Headers.TryGetValue(WireText.LastEventId, out Microsoft.Extensions.Primitives.StringValues header))
        {
            after = long.TryParse(header, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long seq)
                ? seq
                : throw new ProblemException(
                    StatusCodes.Status400BadRequest, ProblemCodes.InvalidRequest, $"The header {WireText.LastEventId} must be an event's number, not '{ProblemException.Shorten(header.ToString())}'.");
        }

        return new RunStream(ReadId(id), callers.Resolve(context), after);
    }
}
