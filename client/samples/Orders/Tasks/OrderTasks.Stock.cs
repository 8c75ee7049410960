using Actors.Flows;

namespace Actors.Samples.Orders;

public sealed partial class OrderTasks
{
    [FlowTask("CheckInventory", Description = "Says whether one item can be delivered, and what it costs.")]
    public Task<StockLine> CheckInventory(CheckInventoryInput input, IStepContext step) =>
        shop.Call("CheckInventory", step, () => Check(input.ProductId, input.Quantity));

    [FlowTask("ReserveStock", Description = "Sets aside all items of an order, or none.")]
    public Task<Reservation> ReserveStock(ReserveStockInput input, IStepContext step) =>
        shop.Call("ReserveStock", step, () => shop.Reserve(input.OrderId, input.Items, step.IdempotencyKey));

    [FlowTask("ReleaseStock", Description = "Puts back what is set aside for an order.")]
    public Task<Release> ReleaseStock(OrderReference input, IStepContext step) =>
        shop.Call("ReleaseStock", step, () => shop.ReleaseStock(input.OrderId, step.IdempotencyKey));

    private StockLine Check(string productId, int quantity)
    {
        Product? product = shop.FindProduct(productId);
        int available = shop.Available(productId);
        string? problem = product switch
        {
            null => $"there is no product '{productId}'",
            _ when quantity < 1 => $"the quantity of {productId} must be at least 1",
            _ when available < quantity => $"{productId} ({product.Name}) is out of stock: {available} of {quantity} available",
            _ => null,
        };
        decimal price = product?.Price ?? 0;
        return new StockLine(productId, quantity, price, price * quantity, problem);
    }
}

public sealed record CheckInventoryInput(string ProductId, int Quantity);

/// <param name="Problem">Why this item cannot be delivered; null when it can.</param>
public sealed record StockLine(string ProductId, int Quantity, decimal UnitPrice, decimal LineTotal, string? Problem);

public sealed record ReserveStockInput(string OrderId, IReadOnlyList<OrderItem> Items);

/// <param name="OrderId">Null when the run was cancelled before the order had a number: then there is nothing to do.</param>
public sealed record OrderReference(string? OrderId);
