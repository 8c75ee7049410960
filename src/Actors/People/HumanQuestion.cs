using System.Text.Json;
using Actors.Flows;

namespace Actors;

/// <summary>A question to people.</summary>
/// <param name="Title">One sentence: what is asked. 1 to 500 characters.</param>
public sealed record HumanQuestion(string Title)
{
    public const string Approve = "approve";
    public const string Reject = "reject";

    /// <summary>What the person needs to decide: written as JSON and shown as it is. Null: the title says it all.</summary>
    public object? Details { get; init; }

    /// <summary>The decisions to choose from. Default: approve and reject.</summary>
    public IReadOnlyList<string> Decisions { get; init; } = [Approve, Reject];

    /// <summary>Who may answer: names of people or groups. Empty: everybody of the tenant.</summary>
    public IReadOnlyList<string> Candidates { get; init; } = [];

    /// <summary>
    /// What the answer's data must look like. Data that does not fit is refused and the question stays open; defaults are applied. It counts for every decision; an answer without data is checked as an
    /// empty object. Null: any data, or none.
    /// </summary>
    public JsonSchema? Form { get; init; }

    /// <summary>How long the question is open. Null: for ever.</summary>
    public TimeSpan? Due { get; init; }
}

/// <summary>What people answered.</summary>
/// <param name="Decision">One of the question's decisions; empty when it expired.</param>
/// <param name="By">Who answered; empty when it expired.</param>
/// <param name="Comment">Null when none was given.</param>
/// <param name="Data">What was given with the answer, completed with the defaults of the question's form; null when there was none.</param>
/// <param name="Expired">True: nobody answered in time.</param>
public sealed record HumanAnswer(string Decision, string By, DateTimeOffset At, string? Comment = null, JsonElement? Data = null, bool Expired = false)
{
    /// <summary>True when the decision is <see cref="HumanQuestion.Approve"/>.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool Approved => Decision == HumanQuestion.Approve;
}
