using Actors.Flows;

namespace Actors.Samples.Orders;

public sealed partial class OrderTasks
{
    private const decimal PremiumDiscount = 0.05m;
    private const decimal FreeShippingFrom = 100m;

    [FlowTask("CalculateSubtotal", Description = "Adds up the lines of an order and collects what is wrong with them.")]
    public Task<Subtotal> CalculateSubtotal(CalculateSubtotalInput input, IStepContext step) => shop.Call("CalculateSubtotal", step, () =>
    {
        string problems = input.Lines.Count == 0
            ? "the order has no items"
            : string.Join("; ", input.Lines.Where(l => l.Problem is not null).Select(l => l.Problem));
        return new Subtotal(Money(input.Lines.Sum(l => l.LineTotal)), input.Lines.Sum(l => l.Quantity), problems.Length == 0 ? null : problems);
    });

    [FlowTask("ApplyStandardPricing", Description = "Standard: shipping is free from 100 on and for premium members.")]
    public Task<Pricing> ApplyStandardPricing(PricingInput input, IStepContext step) => shop.Call("ApplyStandardPricing", step, () =>
    {
        bool premium = input.Tier == CustomerTier.Premium;
        return Price(input.Subtotal, premium ? PremiumDiscount : 0, premium || input.Subtotal >= FreeShippingFrom ? 0 : 5.99m);
    });

    [FlowTask("ApplyExpressPricing", Description = "Express: dearer shipping, less so for premium members.")]
    public Task<Pricing> ApplyExpressPricing(PricingInput input, IStepContext step) => shop.Call("ApplyExpressPricing", step, () =>
    {
        bool premium = input.Tier == CustomerTier.Premium;
        return Price(input.Subtotal, premium ? PremiumDiscount : 0, premium ? 19.99m : 24.99m);
    });

    [FlowTask("ApplyBulkPricing", Description = "Bulk: a discount that grows with the number of units.")]
    public Task<Pricing> ApplyBulkPricing(PricingInput input, IStepContext step) => shop.Call("ApplyBulkPricing", step, () =>
        Price(input.Subtotal, input.Units switch { >= 50 => 0.15m, >= 10 => 0.10m, _ => 0 }, 29.99m));

    [FlowTask("CalculateTax", Description = "Adds the tax of the place that the order goes to.")]
    public Task<Tax> CalculateTax(CalculateTaxInput input, IStepContext step) => shop.Call("CalculateTax", step, () =>
    {
        decimal rate = (input.ShippingAddress.Country, input.ShippingAddress.State) switch
        {
            ("US", "CA") => 0.0725m,
            ("US", "NY") => 0.04m,
            ("US", _) => 0.05m,
            _ => 0.20m,
        };
        decimal tax = Money(input.Amount * rate);
        return new Tax(rate, tax, input.Amount + tax);
    });

    private static Pricing Price(decimal subtotal, decimal discountRate, decimal shipping)
    {
        decimal discount = Money(subtotal * discountRate);
        return new Pricing(discount, shipping, subtotal - discount + shipping);
    }

    private static decimal Money(decimal amount) => decimal.Round(amount, 2, MidpointRounding.AwayFromZero);
}

public sealed record CalculateSubtotalInput(IReadOnlyList<StockLine> Lines);

/// <param name="Problem">What is wrong with the lines; null when all can be delivered.</param>
public sealed record Subtotal(decimal Amount, int Units, string? Problem);

public sealed record PricingInput(decimal Subtotal, int Units, CustomerTier Tier);

/// <param name="Price">With discount and shipping, without tax.</param>
public sealed record Pricing(decimal Discount, decimal ShippingCost, decimal Price);

public sealed record CalculateTaxInput(decimal Amount, Address ShippingAddress);

public sealed record Tax(decimal Rate, decimal Amount, decimal FinalPrice);
