using System.Text.Json;
using Actors.Flows;

namespace Actors.Samples.Orders;

/// <summary>Puts the sample into a silo, and inputs to start it with.</summary>
public static class OrderSample
{
    public const string YamlFlow = "order_fulfilment";
    public const string CodeFlow = "OrderFulfilment";

    /// <summary>The text of <c>order-fulfilment.yaml</c>.</summary>
    public static string Yaml { get; } = ReadYaml();

    public static JsonElement StandardOrder { get; } = Order("CUST-001", OrderTypes.Standard, [new("PROD-100", 2), new("PROD-200", 1)]);

    public static JsonElement ExpressPremiumOrder { get; } = Order("CUST-PREMIUM-001", OrderTypes.Express, [new("PROD-100", 1)]);

    /// <summary>Fifty lines.</summary>
    public static JsonElement BulkOrder { get; } =
        Order("CUST-BULK", OrderTypes.Bulk, [.. Enumerable.Range(0, 50).Select(i => new OrderItem($"PROD-{i:D3}", 1))]);

    /// <summary>Costs more than the approval limit.</summary>
    public static JsonElement ExpensiveOrder { get; } = Order("CUST-002", OrderTypes.Standard, [new("PROD-199", 2)]);

    /// <summary>Registers the tasks and the C# flow.</summary>
    /// <exception cref="ArgumentException">The tasks are registered already.</exception>
    public static void Register(TaskRegistry tasks, FlowRegistry flows, Shop shop)
    {
        OrderTasks orderTasks = new(shop);
        tasks.AddFrom(orderTasks);
        flows.Add(new OrderFlow(orderTasks));
    }

    /// <summary>An order's input: the same JSON for both flows.</summary>
    public static JsonElement Order(
        string customerId, string orderType, IReadOnlyList<OrderItem> items, string token = "tok_visa", string postalCode = "94102") =>
        JsonSerializer.SerializeToElement(
            new OrderRequest
            {
                CustomerId = customerId,
                Items = items,
                PaymentMethod = "credit_card",
                PaymentDetails = new PaymentDetails(token),
                ShippingAddress = new Address("1 Harbour Road", "San Francisco", "CA", postalCode, "US"),
                OrderType = orderType,
            },
            FlowJson.Options);

    private static string ReadYaml()
    {
        using Stream stream = typeof(OrderSample).Assembly.GetManifestResourceStream("order-fulfilment.yaml")
            ?? throw new InvalidOperationException("The resource order-fulfilment.yaml is missing.");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
