using System.Text.Json;
using Actors.Protocol;
using Actors.Silos;
using Actors.Storage;
using Microsoft.AspNetCore.Http.HttpResults;
using StoredStatus = Actors.Storage.HumanTaskStatus;
using WireStatus = Actors.Protocol.HumanTaskStatus;

namespace Actors.Hosting;

internal static class HumanTaskEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/human-tasks", ListAsync)
            .WithName("listHumanTasks").WithTags("Human tasks").WithSummary("Questions to people, oldest first")
            .Takes(
                new QueryParameter("status", "One status.", Values: QueryReader.WordsOf<WireStatus>()),
                new QueryParameter("run", "Only tasks of this run."),
                new QueryParameter("candidate", "Only tasks that this person or group may answer."),
                new QueryParameter("limit", $"1 to {HumanTaskQuery.LimitMax}, default 50.", "integer"),
                new QueryParameter("cursor", "next of the page before."))
            .Produces<HumanTaskPage>().ProducesProblems(400);
        api.MapGet("/human-tasks/{id}", GetAsync)
            .WithName("getHumanTask").WithTags("Human tasks").WithSummary("A question to people and its answer")
            .Produces<HumanTaskView>().ProducesProblems(400, 404);
        api.MapPost("/human-tasks/{id}/answer", AnswerAsync)
            .WithName("answerHumanTask").WithTags("Human tasks").WithSummary("Answers a question; exactly one answer wins")
            .WithDescription("409 when the task is closed already; the detail says by whom and when. 422 with the places when the data does not fit the task's form; the task stays open.")
            .TakesBody<AnswerRequest>()
            .Produces<HumanTaskView>().ProducesProblems(400, 403, 404, 409, 413, 415, 422);
    }

    private static async Task<JsonHttpResult<HumanTaskPage>> ListAsync(HttpContext context, Silo silo, CallerResolver callers)
    {
        QueryReader query = new(context);
        IReadOnlyList<WireStatus> statuses = query.Words<WireStatus>("status");
        if (statuses.Count > 1)
        {
            throw ProblemException.Query("status", "'status' takes one value here.");
        }

        HumanTaskQuery wanted = new()
        {
            Tenant = callers.Resolve(context).Tenant,
            Status = statuses.Count == 0 ? null : Stored(statuses[0]),
            Run = query.Run("run"),
            Candidate = query.Text("candidate"),
            After = Cursors.ReadHumanTask(query.Text("cursor")),
            Limit = query.Limit(50, HumanTaskQuery.LimitMax),
        };
        IReadOnlyList<HumanTaskRow> tasks = await silo.Store.ListHumanTasksAsync(wanted, context.RequestAborted);
        string? next = null;
        if (tasks.Count == wanted.Limit
            && await silo.Store.ListHumanTasksAsync(wanted with { After = (tasks[^1].CreatedAt, tasks[^1].Id), Limit = 1 }, context.RequestAborted) is { Count: > 0 })
        {
            next = Cursors.AfterHumanTask(tasks[^1].CreatedAt, tasks[^1].Id);
        }

        return TypedResults.Json(new HumanTaskPage(tasks.Select(View).ToArray(), next), WireJson.Default.HumanTaskPage);
    }

    private static async Task<JsonHttpResult<HumanTaskView>> GetAsync(HttpContext context, string id, Silo silo, CallerResolver callers)
    {
        _ = new QueryReader(context);
        HumanTaskRow task = await silo.Store.GetHumanTaskAsync(callers.Resolve(context).Tenant, ReadId(id), context.RequestAborted)
            ?? throw ProblemException.HumanTaskNotFound(id);
        return TypedResults.Json(View(task), WireJson.Default.HumanTaskView);
    }

    private static async Task<JsonHttpResult<HumanTaskView>> AnswerAsync(HttpContext context, string id, Silo silo, CallerResolver callers)
    {
        _ = new QueryReader(context);
        AnswerRequest request = await JsonBody.ReadAsync(context, WireJson.Default.AnswerRequest);
        if (string.IsNullOrWhiteSpace(request.Decision))
        {
            throw ProblemException.Invalid(ProblemCodes.InvalidRequest, "/decision", "'decision' is required: one of the task's decisions.");
        }

        HumanTaskRow task = await silo.AnswerAsync(
            ReadId(id),
            new TaskAnswer(request.Decision, request.Comment, request.Data ?? default(JsonElement)),
            callers.ResolveAnswering(context, request.By),
            context.RequestAborted);
        return TypedResults.Json(View(task), WireJson.Default.HumanTaskView);
    }

    private static HumanTaskId ReadId(string id) => HumanTaskId.TryParse(id, out HumanTaskId task) ? task : throw ProblemException.HumanTaskNotFound(id);

    private static HumanTaskView View(HumanTaskRow task) => new()
    {
        Id = task.Id.Value,
        Run = task.Run.Value,
        Flow = task.Flow,
        Step = task.Key,
        Title = task.Title,
        Details = task.Details is null ? null : RunViews.Json(task.Details),
        Form = task.Form is null ? null : RunViews.Json(task.Form),
        Decisions = task.Decisions,
        Candidates = task.Candidates,
        Status = task.Status switch
        {
            StoredStatus.Open => WireStatus.Open,
            StoredStatus.Answered => WireStatus.Answered,
            StoredStatus.Expired => WireStatus.Expired,
            _ => WireStatus.Cancelled,
        },
        CreatedAt = task.CreatedAt,
        DueAt = task.DueAt,
        ClosedAt = task.ClosedAt,
        AnsweredBy = task.AnsweredBy,
        Decision = task.Decision,
        Comment = task.Comment,
    };

    private static StoredStatus Stored(WireStatus status) => status switch
    {
        WireStatus.Open => StoredStatus.Open,
        WireStatus.Answered => StoredStatus.Answered,
        WireStatus.Expired => StoredStatus.Expired,
        _ => StoredStatus.Cancelled,
    };
}
