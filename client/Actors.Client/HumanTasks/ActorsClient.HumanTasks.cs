using System.Runtime.CompilerServices;
using System.Text.Json;
using Actors.Protocol;

namespace Actors.Client;

/// <summary>Which human tasks to list. All conditions must hold; a null one does not restrict.</summary>
public sealed record HumanTaskFilter
{
    public HumanTaskStatus? Status { get; init; }
    public string? Run { get; init; }

    /// <summary>Only tasks that this person or group may answer.</summary>
    public string? Candidate { get; init; }

    /// <summary>Tasks in one request, 1 to 500. Null: the silo's default.</summary>
    public int? PageSize { get; init; }
}

public sealed partial class ActorsClient
{
    /// <summary>All human tasks that fit, oldest first, asked for page by page as they are read.</summary>
    public async IAsyncEnumerable<HumanTaskView> ListHumanTasksAsync(
        HumanTaskFilter? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? cursor = null;
        do
        {
            HumanTaskPage page = await ListHumanTaskPageAsync(filter, cursor, cancellationToken).ConfigureAwait(false);
            foreach (HumanTaskView task in page.Items)
            {
                yield return task;
            }

            cursor = page.Next;
        }
        while (cursor is not null);
    }

    /// <summary>One page of human tasks.</summary>
    /// <param name="cursor"><see cref="HumanTaskPage.Next"/> of the page before; null for the first.</param>
    public Task<HumanTaskPage> ListHumanTaskPageAsync(HumanTaskFilter? filter = null, string? cursor = null, CancellationToken cancellationToken = default)
    {
        HumanTaskFilter wanted = filter ?? new HumanTaskFilter();
        return GetAsync(
            new QueryText("human-tasks")
                .Add("status", wanted.Status is { } status ? JsonNamingPolicy.KebabCaseLower.ConvertName(status.ToString()) : null)
                .Add("run", wanted.Run)
                .Add("candidate", wanted.Candidate)
                .Add("limit", wanted.PageSize)
                .Add("cursor", cursor)
                .ToString(),
            WireJson.Default.HumanTaskPage,
            cancellationToken);
    }

    /// <exception cref="ActorsApiException">404: no such task.</exception>
    public Task<HumanTaskView> GetHumanTaskAsync(string id, CancellationToken cancellationToken = default) =>
        GetAsync($"human-tasks/{Segment(id)}", WireJson.Default.HumanTaskView, cancellationToken);

    /// <summary>Answers a human task. Of several answers exactly one wins. Not repeated by itself: look at the task when the connection failed.</summary>
    /// <exception cref="ActorsApiException">404: no such task; 409: it is closed, the message says by whom and when; 422: the decision is none of the task's, or the data does not fit its form.</exception>
    public Task<HumanTaskView> AnswerHumanTaskAsync(string id, AnswerRequest answer, CancellationToken cancellationToken = default) =>
        PostAsync(
            $"human-tasks/{Segment(id)}/answer", Body(answer, WireJson.Default.AnswerRequest), null, WireJson.Default.HumanTaskView, cancellationToken);
}
