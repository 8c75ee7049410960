using System.Text.Json.Serialization;

namespace Actors.Samples.Orders;

/// <summary>How an order ended. An order that cannot be fulfilled is a result, not an error: <see cref="Error"/> then says why.</summary>
public sealed record OrderResult
{
    [JsonPropertyName("success")]
    public required bool Success { get; init; }

    [JsonPropertyName("order_id")]
    public required string OrderId { get; init; }

    /// <summary>Null when the order succeeded; otherwise one sentence.</summary>
    [JsonPropertyName("error")]
    public string? Error { get; init; }

    [JsonPropertyName("transaction_id")]
    public string? TransactionId { get; init; }

    [JsonPropertyName("confirmation_code")]
    public string? ConfirmationCode { get; init; }

    [JsonPropertyName("final_price")]
    public decimal? FinalPrice { get; init; }

    [JsonPropertyName("discount_applied")]
    public decimal? DiscountApplied { get; init; }

    [JsonPropertyName("shipping_cost")]
    public decimal? ShippingCost { get; init; }

    [JsonPropertyName("estimated_delivery")]
    public string? EstimatedDelivery { get; init; }

    [JsonPropertyName("message")]
    public string? Message { get; init; }

    internal static OrderResult Refused(string orderId, string error) => new() { Success = false, OrderId = orderId, Error = error };
}
