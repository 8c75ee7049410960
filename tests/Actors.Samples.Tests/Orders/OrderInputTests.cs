using System.Text.Json;
using Actors.Samples.Expenses;
using Actors.Samples.Orders;

namespace Actors.Samples.Tests.Orders;

public sealed class OrderInputTests
{
    [Fact]
    public void The_orders_that_come_with_the_sample_are_what_they_are_called()
    {
        Assert.Equal(OrderTypes.Standard, Read(OrderSample.StandardOrder).OrderType);
        Assert.Equal(OrderTypes.Express, Read(OrderSample.ExpressPremiumOrder).OrderType);
        Assert.Equal(50, Read(OrderSample.BulkOrder).Items.Count);
        Assert.Equal("tok_flaky_2", Read(OrderSample.FlakyPaymentOrder).PaymentDetails.Token);

        Shop shop = new();
        Assert.True(Cost(shop, OrderSample.ExpensiveOrder) > 500);
        Assert.True(Cost(shop, OrderSample.BulkOrder) < 450);
    }

    [Fact]
    public void The_expenses_that_come_with_the_sample_need_nobody_one_and_two()
    {
        Assert.InRange(Amount(ExpenseSample.SmallExpense), 1, 100);
        Assert.InRange(Amount(ExpenseSample.MediumExpense), 100.01m, 1000);
        Assert.True(Amount(ExpenseSample.LargeExpense) > 1000);
    }

    private static OrderRequest Read(JsonElement input) => input.Deserialize<OrderRequest>(FlowJson.Options)!;

    private static decimal Cost(Shop shop, JsonElement input) =>
        Read(input).Items.Sum(i => shop.FindProduct(i.ProductId)!.Price * i.Quantity);

    private static decimal Amount(JsonElement input) => input.Deserialize<ExpenseRequest>(FlowJson.Options)!.Amount;
}
