using System.Text.Json;
using Actors.Flows;
using Actors.Postgres.Tests;
using Actors.Samples.Orders;

namespace Actors.Samples.Tests.Orders;

public sealed class OrderOutcomeSqliteTests() : OrderOutcomeTests(DatabaseKind.Sqlite);

public sealed class OrderOutcomePostgresTests() : OrderOutcomeTests(DatabaseKind.Postgres);

public abstract class OrderOutcomeTests : OrderFlowTests
{
    private protected OrderOutcomeTests(DatabaseKind kind)
        : base(kind)
    {
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_standard_order_is_paid_shipped_and_confirmed(string flow)
    {
        (OrderResult result, Shop shop) = await RunOrder(flow, OrderSample.StandardOrder);

        AssertSucceeded(result);
        Assert.Equal("4 to 6 working days", result.EstimatedDelivery);
        foreach (string effect in (string[])["ReserveStock", "ProcessPayment", "CreateShipment", "SendConfirmation", "UpdateLoyaltyPoints", "RecordAudit"])
        {
            Assert.Equal(1, shop.EffectsOf(effect, result.OrderId));
        }

        Assert.Equal(result.FinalPrice, shop.FindPayment(result.OrderId)!.Amount);
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task Express_shipping_costs_a_premium_member_19_99(string flow)
    {
        (OrderResult result, _) = await RunOrder(flow, OrderSample.ExpressPremiumOrder);

        AssertSucceeded(result);
        Assert.Equal(19.99m, result.ShippingCost);
        Assert.True(result.DiscountApplied > 0);
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task An_order_of_fifty_lines_works(string flow)
    {
        (OrderResult result, Shop shop) = await RunOrder(flow, OrderSample.BulkOrder);

        AssertSucceeded(result);
        Assert.Equal(50, shop.Calls("CheckInventory"));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task The_order_type_is_standard_when_none_is_given(string flow)
    {
        JsonElement input = JsonSerializer.SerializeToElement(new
        {
            customer_id = "CUST-001",
            items = new[] { new { product_id = "PROD-100", quantity = 1 } },
            payment_method = "credit_card",
            payment_details = new { token = "tok_visa" },
            shipping_address = new { street = "1 Harbour Road", city = "Albany", state = "NY", postal_code = "12207", country = "US" },
        });

        (OrderResult result, Shop shop) = await RunOrder(flow, input);

        AssertSucceeded(result);
        Assert.Equal(1, shop.Calls("ApplyStandardPricing"));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task The_two_ways_of_writing_give_the_same_result(string flow)
    {
        (OrderResult result, _) = await RunOrder(flow, OrderSample.ExpressPremiumOrder);
        (OrderResult other, _) = await RunOrder(OrderSample.CodeFlow, OrderSample.ExpressPremiumOrder);

        // Ids come from the run's id, which differs.
        Assert.Equal(
            other with { OrderId = "", TransactionId = "", ConfirmationCode = "" },
            result with { OrderId = "", TransactionId = "", ConfirmationCode = "" });
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task An_inactive_customer_ends_the_order_early(string flow)
    {
        (OrderResult result, Shop shop) = await RunOrder(flow, Order(customer: "CUST-INACTIVE"));

        AssertRefused(result, "validation");
        Assert.Equal(0, shop.Calls("ReserveStock"));
        Assert.Equal(0, shop.Calls("ProcessPayment"));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task An_unknown_customer_ends_the_order_early(string flow)
    {
        (OrderResult result, Shop shop) = await RunOrder(flow, Order(customer: "BOB"));

        AssertRefused(result, "there is no customer 'BOB'");
        Assert.Equal(0, shop.Calls("ReserveStock"));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task An_item_out_of_stock_ends_the_order_early_and_is_named(string flow)
    {
        (OrderResult result, Shop shop) = await RunOrder(
            flow, OrderSample.Order("CUST-001", OrderTypes.Standard, [new("PROD-100", 1), new("PROD-OUT", 1)]));

        AssertRefused(result, "PROD-OUT");
        Assert.Equal(0, shop.Calls("ReserveStock"));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task An_item_that_another_order_took_meanwhile_ends_the_order_early(string flow)
    {
        Shop? shop = null;
        Task TakeAll(string task) => task == "ReserveStock"
            ? Task.FromResult(shop!.Reserve("ORD-other", [new("PROD-100", shop.Available("PROD-100"))], "other"))
            : Task.CompletedTask;
        shop = new Shop(new ShopOptions { Before = (task, _) => TakeAll(task) });
        await using SampleSilo silo = await StartSilo(shop);

        AssertRefused(Completed(await silo.Run(flow, Order())), "PROD-100 is out of stock");
        Assert.Equal(0, shop.Calls("ProcessPayment"));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task An_invalid_order_type_ends_the_order_early(string flow)
    {
        (OrderResult result, Shop shop) = await RunOrder(flow, OrderSample.Order("CUST-001", "overnight", [new("PROD-100", 1)]));

        AssertRefused(result, "invalid order type 'overnight'");
        Assert.Equal(0, shop.Calls("ReserveStock"));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_stolen_card_ends_the_order_early(string flow)
    {
        (OrderResult result, Shop shop) = await RunOrder(flow, Order(token: "tok_stolen"));

        AssertRefused(result, "fraud");
        Assert.Equal(0, shop.Calls("ReserveStock"));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task Missing_inputs_are_refused_before_anything_is_stored(string flow)
    {
        await using SampleSilo silo = await StartSilo(new Shop());

        InvalidFlowInputException refused = await Assert.ThrowsAsync<InvalidFlowInputException>(
            () => silo.Start(flow, JsonSerializer.SerializeToElement(new { customer_id = "CUST-001" })));

        Assert.Contains("items", refused.Message);
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_confirmation_that_cannot_be_mailed_is_sent_as_a_text(string flow)
    {
        (OrderResult result, Shop shop) = await RunOrder(flow, OrderSample.StandardOrder, new ShopOptions
        {
            Before = (task, _) => task == "SendConfirmation" ? throw new TaskException("The mail server is away.") : Task.CompletedTask,
        });

        AssertSucceeded(result);
        Assert.Equal(1, shop.EffectsOf("SendTextMessage", result.OrderId));
        Assert.Equal(0, shop.EffectsOf("SendConfirmation"));
    }

    private static JsonElement Order(string customer = "CUST-001", string token = "tok_visa") =>
        OrderSample.Order(customer, OrderTypes.Standard, [new("PROD-100", 1)], token);
}
