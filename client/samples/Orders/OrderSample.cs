using System.Text.Json;
using Actors.Flows;

namespace Actors.Samples.Orders;

/// <summary>Puts the sample into a silo, and inputs to start it with.</summary>
public static class OrderSample
{
    public const string YamlFlow = "order_fulfilment";
    public const string CodeFlow = "OrderFulfilment";

    /// <summary>The text of <c>order-fulfilment.yaml</c>.</summary>
    public static string Yaml { get; } = Read("order-fulfilment.yaml");

    public static JsonElement StandardOrder { get; } = Input("standard.json");

    public static JsonElement ExpressPremiumOrder { get; } = Input("express-premium.json");

    /// <summary>Fifty lines.</summary>
    public static JsonElement BulkOrder { get; } = Input("bulk.json");

    /// <summary>Costs more than the approval limit.</summary>
    public static JsonElement ExpensiveOrder { get; } = Input("expensive.json");

    /// <summary>Costs more than the limit, so it needs an approval, and its first payment fails for the moment: what the demo shows.</summary>
    public static JsonElement DemoOrder { get; } = Input("demo.json");

    /// <summary>Its payment loses the connection twice.</summary>
    public static JsonElement FlakyPaymentOrder { get; } = Input("flaky-payment.json");

    /// <summary>Registers the tasks and both flows.</summary>
    /// <exception cref="ArgumentException">The tasks are registered already.</exception>
    public static void Register(TaskRegistry tasks, FlowRegistry flows, Shop shop)
    {
        OrderTasks orderTasks = new(shop);
        tasks.AddFrom(orderTasks);
        flows.Add(new OrderFlow(orderTasks));
        flows.Add(YamlFlowDefinition.Parse(Yaml, "order-fulfilment.yaml", tasks));
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

    private static JsonElement Input(string name) => JsonSerializer.Deserialize<JsonElement>(Read(name));

    private static string Read(string name)
    {
        using Stream stream = typeof(OrderSample).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The resource {name} is missing.");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
