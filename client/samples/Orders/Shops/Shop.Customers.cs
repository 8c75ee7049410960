namespace Actors.Samples.Orders;

public sealed partial class Shop
{
    private readonly Dictionary<string, int> _points = new(StringComparer.Ordinal);

    /// <summary>
    /// Any id that begins with <c>CUST-</c> is a customer: <c>CUST-INACTIVE…</c> a closed account, <c>CUST-PREMIUM…</c> a premium member, <c>CUST-BULK…</c> a
    /// business, all others standard customers.
    /// </summary>
    /// <exception cref="TaskException">There is no such customer (code <c>customer_not_found</c>).</exception>
    public Customer FindCustomer(string customerId)
    {
        if (string.IsNullOrEmpty(customerId) || !customerId.StartsWith("CUST-", StringComparison.Ordinal) || customerId.Length is < 6 or > 50)
        {
            throw new TaskException($"There is no customer '{customerId}'.", "customer_not_found") { Type = "CustomerNotFound", Retryable = false };
        }

        string rest = customerId[5..];
        CustomerTier tier = rest switch
        {
            _ when rest.StartsWith("PREMIUM", StringComparison.Ordinal) => CustomerTier.Premium,
            _ when rest.StartsWith("BULK", StringComparison.Ordinal) => CustomerTier.Business,
            _ => CustomerTier.Standard,
        };
        bool active = !rest.StartsWith("INACTIVE", StringComparison.Ordinal);
        return new Customer(customerId, $"Customer {rest}", $"{rest.ToLowerInvariant()}@customers.example", tier, active);
    }

    /// <summary>One point for each whole unit of money.</summary>
    public LoyaltyPoints AddPoints(string customerId, string orderId, decimal amount, string key) => Once("UpdateLoyaltyPoints", key, () =>
    {
        int added = (int)decimal.Floor(Math.Max(0, amount));
        int balance = _points[customerId] = _points.GetValueOrDefault(customerId) + added;
        Did("UpdateLoyaltyPoints", orderId, $"{customerId} +{added}");
        return new LoyaltyPoints(added, balance);
    });
}

public enum CustomerTier
{
    Standard,
    Premium,
    Business,
}

public sealed record Customer(string CustomerId, string Name, string Email, CustomerTier Tier, bool Active);

public sealed record LoyaltyPoints(int PointsAdded, int Balance);
