using System.Text.Json.Serialization;

namespace Actors.Samples.Expenses;

// The names are written out so that the YAML flow and the C# flow take and give the same JSON.

public sealed record ExpenseRequest
{
    [JsonPropertyName("employee")]
    public required string Employee { get; init; }

    [JsonPropertyName("amount")]
    public required decimal Amount { get; init; }

    [JsonPropertyName("purpose")]
    public required string Purpose { get; init; }

    /// <summary>The person or group that decides first.</summary>
    [JsonPropertyName("manager")]
    public string Manager { get; init; } = "manager";

    /// <summary>The person or group that decides about large amounts, and when the manager does not answer.</summary>
    [JsonPropertyName("director")]
    public string Director { get; init; } = "finance-director";
}

/// <summary>What became of an expense. A rejection is a result, not an error.</summary>
public sealed record ExpenseResult
{
    public const string Approved = "approved";
    public const string Rejected = "rejected";

    [JsonPropertyName("status")]
    public required string Status { get; init; }

    [JsonPropertyName("expense_id")]
    public required string ExpenseId { get; init; }

    /// <summary>Who decided last; <c>policy</c> when nobody had to, null when nobody did.</summary>
    [JsonPropertyName("decided_by")]
    public string? DecidedBy { get; init; }

    /// <summary>Null unless approved.</summary>
    [JsonPropertyName("payment_id")]
    public string? PaymentId { get; init; }

    /// <summary>Why it was rejected; null when it was approved.</summary>
    [JsonPropertyName("reason")]
    public string? Reason { get; init; }
}
