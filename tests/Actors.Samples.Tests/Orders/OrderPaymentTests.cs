using System.Text.Json;
using Actors.Postgres.Tests;
using Actors.Samples.Orders;

namespace Actors.Samples.Tests.Orders;

public sealed class OrderPaymentSqliteTests() : OrderPaymentTests(DatabaseKind.Sqlite);

public sealed class OrderPaymentPostgresTests() : OrderPaymentTests(DatabaseKind.Postgres);

public abstract class OrderPaymentTests : OrderFlowTests
{
    private protected OrderPaymentTests(DatabaseKind kind)
        : base(kind)
    {
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_lost_connection_is_tried_again_until_it_works(string flow)
    {
        (OrderResult result, Shop shop) = await RunOrder(flow, OrderSample.FlakyPaymentOrder);

        AssertSucceeded(result);
        Assert.Equal(3, shop.Calls("ProcessPayment"));
        Assert.Equal(1, shop.EffectsOf("ProcessPayment", result.OrderId));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_payment_whose_answer_was_lost_is_not_taken_twice(string flow)
    {
        int answers = 0;
        (OrderResult result, Shop shop) = await RunOrder(flow, Order(), new ShopOptions
        {
            After = (task, _) => task == "ProcessPayment" && Interlocked.Increment(ref answers) == 1
                ? throw new TaskException("The answer was lost.", "network")
                : Task.CompletedTask,
        });

        AssertSucceeded(result);
        Assert.Equal(2, shop.Calls("ProcessPayment"));
        Assert.Equal(1, shop.EffectsOf("ProcessPayment", result.OrderId));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_declined_card_is_tried_once_and_the_stock_goes_back(string flow)
    {
        (OrderResult result, Shop shop) = await RunOrder(flow, Order("tok_declined"));

        AssertRefused(result, "declined");
        Assert.Equal(1, shop.Calls("ProcessPayment"));
        Assert.Equal(1, shop.EffectsOf("ReleaseStock", result.OrderId));
        Assert.Equal(new Shop().Available("PROD-100"), shop.Available("PROD-100"));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_connection_that_stays_lost_ends_the_order_and_the_stock_goes_back(string flow)
    {
        (OrderResult result, Shop shop) = await RunOrder(flow, Order("tok_flaky_9"));

        AssertRefused(result, "connection");
        Assert.Equal(4, shop.Calls("ProcessPayment"));
        Assert.Equal(0, shop.EffectsOf("ProcessPayment"));
        Assert.Equal(1, shop.EffectsOf("ReleaseStock", result.OrderId));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_paid_order_that_cannot_be_shipped_is_refunded(string flow)
    {
        (OrderResult result, Shop shop) = await RunOrder(
            flow, OrderSample.Order("CUST-001", OrderTypes.Standard, [new("PROD-100", 1)], postalCode: "00000"));

        AssertRefused(result, "postal code");
        Assert.Equal(1, shop.EffectsOf("ProcessPayment", result.OrderId));
        Assert.Equal(1, shop.EffectsOf("RefundPayment", result.OrderId));
        Assert.Equal(1, shop.EffectsOf("ReleaseStock", result.OrderId));
    }

    private static JsonElement Order(string token = "tok_visa") => OrderSample.Order("CUST-001", OrderTypes.Standard, [new("PROD-100", 1)], token);
}
