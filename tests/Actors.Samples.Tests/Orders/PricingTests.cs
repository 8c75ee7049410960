using Actors.Samples.Orders;

namespace Actors.Samples.Tests.Orders;

public sealed class PricingTests
{
    private readonly OrderTasks _tasks = new(new Shop());

    [Theory]
    [InlineData(CustomerTier.Premium, 19.99, 5)]
    [InlineData(CustomerTier.Standard, 24.99, 0)]
    public async Task Express_shipping_is_cheaper_for_premium_members(CustomerTier tier, decimal shipping, decimal discount)
    {
        Pricing pricing = await _tasks.ApplyExpressPricing(new PricingInput(100, 1, tier), new TestStep("pricing"));

        Assert.Equal(new Pricing(discount, shipping, 100 - discount + shipping), pricing);
    }

    [Theory]
    [InlineData(99.99, CustomerTier.Standard, 5.99)]
    [InlineData(100, CustomerTier.Standard, 0)]
    [InlineData(1, CustomerTier.Premium, 0)]
    public async Task Standard_shipping_is_free_from_a_hundred_on_and_for_premium_members(decimal subtotal, CustomerTier tier, decimal shipping) =>
        Assert.Equal(shipping, (await _tasks.ApplyStandardPricing(new PricingInput(subtotal, 1, tier), new TestStep("pricing"))).ShippingCost);

    [Theory]
    [InlineData(9, 0)]
    [InlineData(10, 10)]
    [InlineData(50, 15)]
    public async Task The_bulk_discount_grows_with_the_units(int units, decimal discount) =>
        Assert.Equal(discount, (await _tasks.ApplyBulkPricing(new PricingInput(100, units, CustomerTier.Business), new TestStep("pricing"))).Discount);

    [Fact]
    public async Task Every_line_that_cannot_be_delivered_is_named()
    {
        StockLine[] lines =
        [
            await _tasks.CheckInventory(new CheckInventoryInput("PROD-001", 1), new TestStep("a")),
            await _tasks.CheckInventory(new CheckInventoryInput("PROD-OUT", 1), new TestStep("b")),
            await _tasks.CheckInventory(new CheckInventoryInput("SOFA", 1), new TestStep("c")),
            await _tasks.CheckInventory(new CheckInventoryInput("PROD-002", 0), new TestStep("d")),
        ];

        Subtotal subtotal = await _tasks.CalculateSubtotal(new CalculateSubtotalInput(lines), new TestStep("subtotal"));

        Assert.Null(lines[0].Problem);
        Assert.Contains("PROD-OUT", subtotal.Problem);
        Assert.Contains("SOFA", subtotal.Problem);
        Assert.Contains("PROD-002", subtotal.Problem);
    }

    [Fact]
    public async Task An_order_without_items_has_a_problem() =>
        Assert.NotNull((await _tasks.CalculateSubtotal(new CalculateSubtotalInput([]), new TestStep("subtotal"))).Problem);

    [Fact]
    public async Task Tax_is_rounded_to_cents_and_added()
    {
        Address address = new("1 Harbour Road", "San Francisco", "CA", "94102", "US");

        Tax tax = await _tasks.CalculateTax(new CalculateTaxInput(10.10m, address), new TestStep("tax"));

        Assert.Equal(new Tax(0.0725m, 0.73m, 10.83m), tax);
    }
}
