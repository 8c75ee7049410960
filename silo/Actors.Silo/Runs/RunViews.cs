using System.Text.Json;
using Actors.Protocol;
using Actors.Silos;
using Actors.Storage;
using WireStatus = Actors.Protocol.RunStatus;

namespace Actors.Hosting;

/// <summary>What callers see of the engine's records.</summary>
internal sealed class RunViews(LinkGenerator links, TimeProvider time)
{
    public RunView View(HttpContext context, RunRow run) => View(run) with { Links = Links(context, run.Id) };

    public RunView View(HttpContext context, RunResult result) => View(result) with { Links = Links(context, result.Run.Id) };

    /// <summary>Without links: outside a web server there are no addresses.</summary>
    public static RunView View(RunResult result) => View(result.Run) with
    {
        Output = Optional(result.Output),
        Error = Error(result.Error),
        ExitReason = result.ExitReason,
        Terminated = result.ExitReason is not null,
        CleanUpErrors = result.CleanUpErrors.Count == 0 ? null : result.CleanUpErrors,
    };

    private static RunView View(RunRow run) => new()
    {
        Id = run.Id.Value,
        Flow = run.Flow,
        Version = run.FlowVersion,
        Status = Status(run.Status),
        Why = run.Why,
        Metadata = run.Metadata,
        State = run.State is null ? null : Json(run.State),
        Priority = run.Priority,
        StartedBy = run.Principal,
        CreatedAt = run.CreatedAt,
        UpdatedAt = run.UpdatedAt,
        FinishedAt = run.FinishedAt,
        Parent = run.Parent is { } parent ? new RunParent(parent.Id.Value, parent.Key) : null,
    };

    public ExecuteResponse Executed(HttpContext context, RunResult result)
    {
        RunRow run = result.Run;
        return new ExecuteResponse(
            run.Status == Actors.Storage.RunStatus.Completed,
            Optional(result.Output),
            Error(result.Error),
            run.Id.Value,
            Status(run.Status),
            result.ExitReason is not null,
            result.ExitReason ?? run.Why,
            (long)((run.FinishedAt ?? time.GetUtcNow()) - run.CreatedAt).TotalMilliseconds,
            Links(context, run.Id));
    }

    public static RunEventView Event(RunEvent e) => new(
        e.Seq, e.Type, e.At, e.Step, e.Attempt, e.Duration?.TotalMilliseconds, Optional(e.Data), Error(e.Error), e.DueAt, e.Detail);

    public RunLinks Links(HttpContext context, RunId id) => new(
        Path(context, "getRun", id), Path(context, "listRunEvents", id), Path(context, "streamRun", id));

    public static JsonElement Json(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private string Path(HttpContext context, string endpoint, RunId id) => links.GetPathByName(context, endpoint, new { id = id.Value })!;

    private static WireStatus Status(Actors.Storage.RunStatus status) => status switch
    {
        Actors.Storage.RunStatus.Queued => WireStatus.Queued,
        Actors.Storage.RunStatus.Running => WireStatus.Running,
        Actors.Storage.RunStatus.Waiting => WireStatus.Waiting,
        Actors.Storage.RunStatus.Parked => WireStatus.Parked,
        Actors.Storage.RunStatus.Completed => WireStatus.Completed,
        Actors.Storage.RunStatus.Failed => WireStatus.Failed,
        _ => WireStatus.Cancelled,
    };

    public static Actors.Storage.RunStatus Stored(WireStatus status) => status switch
    {
        WireStatus.Queued => Actors.Storage.RunStatus.Queued,
        WireStatus.Running => Actors.Storage.RunStatus.Running,
        WireStatus.Waiting => Actors.Storage.RunStatus.Waiting,
        WireStatus.Parked => Actors.Storage.RunStatus.Parked,
        WireStatus.Completed => Actors.Storage.RunStatus.Completed,
        WireStatus.Failed => Actors.Storage.RunStatus.Failed,
        _ => Actors.Storage.RunStatus.Cancelled,
    };

    private static ErrorView? Error(FlowError? error) => error is null ? null : new ErrorView(error.Type, error.Message, error.Code, error.Data is { } data ? Optional(data) : null);

    private static JsonElement? Optional(JsonElement value) => value.ValueKind == JsonValueKind.Undefined ? null : value;
}
