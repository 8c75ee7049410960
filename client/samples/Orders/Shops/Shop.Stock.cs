using System.Globalization;

namespace Actors.Samples.Orders;

public sealed partial class Shop
{
    private const int ProductCount = 300;

    private readonly Dictionary<string, Product> _products = CreateProducts();
    private readonly Dictionary<string, IReadOnlyList<OrderItem>> _reserved = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _taken = new(StringComparer.Ordinal);

    /// <summary>The product, or null when the shop has none of this id.</summary>
    public Product? FindProduct(string productId) => productId is null ? null : _products.GetValueOrDefault(productId);

    /// <summary>What can be ordered now: the stock less what is reserved or shipped. Zero for an unknown product.</summary>
    public int Available(string productId)
    {
        lock (_lock)
        {
            return AvailableLocked(productId);
        }
    }

    /// <summary>Units that are set aside for this order.</summary>
    public int Reserved(string orderId)
    {
        lock (_lock)
        {
            return _reserved.TryGetValue(orderId, out IReadOnlyList<OrderItem>? items) ? items.Sum(i => i.Quantity) : 0;
        }
    }

    /// <summary>Sets aside all items of an order or none of them.</summary>
    /// <exception cref="TaskException">Something is not there (code <c>out_of_stock</c>), or the order has a reservation (code <c>already_reserved</c>).</exception>
    public Reservation Reserve(string orderId, IReadOnlyList<OrderItem> items, string key) => Once("ReserveStock", key, () =>
    {
        if (_reserved.ContainsKey(orderId))
        {
            throw new TaskException($"Order {orderId} has a reservation already.", "already_reserved") { Retryable = false };
        }

        OrderItem[] units = [.. items.GroupBy(i => i.ProductId).Select(g => new OrderItem(g.Key, g.Sum(i => i.Quantity)))];
        foreach (OrderItem item in units)
        {
            if (item.Quantity < 1 || AvailableLocked(item.ProductId) < item.Quantity)
            {
                throw new TaskException($"{item.ProductId} is out of stock: {AvailableLocked(item.ProductId)} of {item.Quantity} available.", "out_of_stock")
                {
                    Type = "OutOfStock",
                    Retryable = false,
                };
            }
        }

        foreach (OrderItem item in units)
        {
            _taken[item.ProductId] = _taken.GetValueOrDefault(item.ProductId) + item.Quantity;
        }

        _reserved.Add(orderId, units);
        int count = units.Sum(i => i.Quantity);
        Did("ReserveStock", orderId, $"{count} units");
        return new Reservation(NewId("RES-", key), count);
    });

    /// <summary>Puts back what is set aside for an order; nothing is done for one without a reservation, or one that has been shipped.</summary>
    public Release ReleaseStock(string? orderId, string key) => Once("ReleaseStock", key, () =>
    {
        if (orderId is null || !_reserved.Remove(orderId, out IReadOnlyList<OrderItem>? items))
        {
            return new Release(0);
        }

        foreach (OrderItem item in items)
        {
            _taken[item.ProductId] -= item.Quantity;
        }

        int count = items.Sum(i => i.Quantity);
        Did("ReleaseStock", orderId, $"{count} units");
        return new Release(count);
    });

    private int AvailableLocked(string productId) =>
        FindProduct(productId) is { } product ? product.Stock - _taken.GetValueOrDefault(productId) : 0;

    // PROD-150 to PROD-199 are the dear ones: an order of a few of them needs an approval, fifty different cheap ones do not.
    private static Dictionary<string, Product> CreateProducts()
    {
        Dictionary<string, Product> products = new(StringComparer.Ordinal)
        {
            ["PROD-OUT"] = new Product("PROD-OUT", "Sold-out lamp", 24.50m, 0),
        };
        for (int n = 0; n < ProductCount; n++)
        {
            decimal price = n is >= 150 and < 200 ? 149m + ((n - 150) * 10m) : 1.95m + (n * 37 % 100 / 10m);
            string id = "PROD-" + n.ToString("D3", CultureInfo.InvariantCulture);
            products.Add(id, new Product(id, $"Article {n}", price, 50 + (n * 13 % 100)));
        }

        return products;
    }
}

/// <param name="Stock">What the warehouse had at first.</param>
public sealed record Product(string ProductId, string Name, decimal Price, int Stock);

public sealed record Reservation(string ReservationId, int Units);

public sealed record Release(int Released);
