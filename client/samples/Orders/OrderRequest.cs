using System.Text.Json.Serialization;

namespace Actors.Samples.Orders;

// The names are written out so that the YAML flow and the C# flow take and give the same JSON.

public sealed record OrderRequest
{
    [JsonPropertyName("customer_id")]
    public required string CustomerId { get; init; }

    [JsonPropertyName("items")]
    public required IReadOnlyList<OrderItem> Items { get; init; }

    [JsonPropertyName("payment_method")]
    public required string PaymentMethod { get; init; }

    [JsonPropertyName("payment_details")]
    public required PaymentDetails PaymentDetails { get; init; }

    [JsonPropertyName("shipping_address")]
    public required Address ShippingAddress { get; init; }

    /// <summary>One of <see cref="OrderTypes"/>.</summary>
    [JsonPropertyName("order_type")]
    public string OrderType { get; init; } = OrderTypes.Standard;

    /// <summary>An order that costs more than this needs an approval.</summary>
    [JsonPropertyName("approval_limit")]
    public decimal ApprovalLimit { get; init; } = 500;
}

public sealed record OrderItem(
    [property: JsonPropertyName("product_id")] string ProductId,
    [property: JsonPropertyName("quantity")] int Quantity);

/// <param name="IdempotencyKey">The customer's own key, so that an order that is sent twice is paid once. Null: the step's key.</param>
public sealed record PaymentDetails(
    [property: JsonPropertyName("token")] string Token,
    [property: JsonPropertyName("idempotency_key")] string? IdempotencyKey = null);

public sealed record Address(
    [property: JsonPropertyName("street")] string Street,
    [property: JsonPropertyName("city")] string City,
    [property: JsonPropertyName("state")] string State,
    [property: JsonPropertyName("postal_code")] string PostalCode,
    [property: JsonPropertyName("country")] string Country);

public static class OrderTypes
{
    public const string Standard = "standard";
    public const string Express = "express";
    public const string Bulk = "bulk";
}
