using System.Text.Json;
using System.Text.Json.Serialization;

namespace Actors.Protocol;

[JsonConverter(typeof(KebabEnumConverter<HumanTaskStatus>))]
public enum HumanTaskStatus
{
    Open,
    Answered,
    Expired,
    Cancelled,
}

/// <summary>A question to people.</summary>
public sealed record HumanTaskView
{
    public required string Id { get; init; }
    public required string Run { get; init; }
    public required string Flow { get; init; }

    /// <summary>The key of the step that asks.</summary>
    public required string Step { get; init; }

    public required string Title { get; init; }

    /// <summary>What the person needs to decide; absent when the title says it all.</summary>
    public JsonElement? Details { get; init; }

    /// <summary>The JSON Schema that the answer's data must fit; absent when any data will do.</summary>
    public JsonElement? Form { get; init; }

    /// <summary>The decisions that can be given; never empty.</summary>
    public required IReadOnlyList<string> Decisions { get; init; }

    /// <summary>Who may answer; empty: everybody.</summary>
    public required IReadOnlyList<string> Candidates { get; init; }

    public required HumanTaskStatus Status { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the question expires; absent: never.</summary>
    public DateTimeOffset? DueAt { get; init; }

    public DateTimeOffset? ClosedAt { get; init; }
    public string? AnsweredBy { get; init; }
    public string? Decision { get; init; }
    public string? Comment { get; init; }
}

/// <param name="Next">Ask with <c>cursor</c> set to it for the next page; absent on the last.</param>
public sealed record HumanTaskPage(IReadOnlyList<HumanTaskView> Items, string? Next);

/// <summary>An answer to a human task.</summary>
public sealed record AnswerRequest
{
    /// <summary>One of the task's decisions.</summary>
    public string? Decision { get; init; }

    /// <summary>At most 4,000 characters.</summary>
    public string? Comment { get; init; }

    /// <summary>Any JSON value that fits the task's form; the form's defaults are applied. Absent: an empty object, where the form is for one.</summary>
    public JsonElement? Data { get; init; }

    /// <summary>
    /// Who answers, where the silo has no authentication: recorded as <c>local:NAME</c>. Refused where the host authenticates callers. 1 to 100 characters.
    /// </summary>
    public string? By { get; init; }
}
