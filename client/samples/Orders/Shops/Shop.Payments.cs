using System.Globalization;

namespace Actors.Samples.Orders;

public sealed partial class Shop
{
    private const string FlakyPrefix = "tok_flaky_";

    private readonly Dictionary<string, int> _failures = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Payment> _payments = new(StringComparer.Ordinal);
    private readonly HashSet<string> _closed = new(StringComparer.Ordinal);

    public TimeSpan SlowAnswer => _options.SlowAnswer;

    /// <summary>The payment that stands for this order; null when there is none or it was given back.</summary>
    public Payment? FindPayment(string orderId)
    {
        lock (_lock)
        {
            return _payments.GetValueOrDefault(orderId);
        }
    }

    /// <summary>
    /// Takes the money. The token decides how the provider behaves: <c>tok_flaky_N</c> loses the connection N times, <c>tok_declined</c> is refused for good,
    /// <c>tok_slow</c> takes the money and is slow to answer (that is up to the caller, with <see cref="SlowAnswer"/>), all others are fine.
    /// </summary>
    /// <exception cref="TaskException">
    /// The connection was lost (type <c>PaymentNetworkError</c>, code <c>network</c>, worth a retry); the card was declined (<c>card_declined</c>); the amount is
    /// not positive (<c>invalid_amount</c>); the key was used for another order or amount (<c>idempotency_conflict</c>); the order is paid (<c>already_paid</c>) or
    /// was refunded (<c>order_closed</c>).
    /// </exception>
    public Payment Pay(string orderId, string customerId, decimal amount, string token, string key)
    {
        Payment payment = Once("ProcessPayment", key, () =>
        {
            FailAsTheTokenSays(token, key);
            Require(amount > 0, "invalid_amount", $"An amount of {amount} cannot be paid.");
            Require(!_closed.Contains(orderId), "order_closed", $"Order {orderId} was refunded and takes no payment.");
            Require(!_payments.ContainsKey(orderId), "already_paid", $"Order {orderId} is paid already.");
            Payment taken = new(NewId("TXN-", key), orderId, customerId, amount);
            _payments.Add(orderId, taken);
            Did("ProcessPayment", orderId, taken.TransactionId);
            return taken;
        });
        Require(
            payment.OrderId == orderId && payment.CustomerId == customerId && payment.Amount == amount,
            "idempotency_conflict",
            "This idempotency key was used for another payment.");
        return payment;
    }

    /// <summary>Gives back what was paid for an order, if anything, and takes no payment for it from then on: one that is still under way comes too late.</summary>
    public Refund RefundPayment(string? orderId, string key) => Once("RefundPayment", key, () =>
    {
        if (orderId is null)
        {
            return new Refund(false, 0, null);
        }

        _closed.Add(orderId);
        if (!_payments.Remove(orderId, out Payment? payment))
        {
            return new Refund(false, 0, null);
        }

        Did("RefundPayment", orderId, payment.TransactionId);
        return new Refund(true, payment.Amount, payment.TransactionId);
    });

    private void FailAsTheTokenSays(string token, string key)
    {
        Require(token != "tok_declined", "card_declined", "The card was declined.");
        if (token is null || !token.StartsWith(FlakyPrefix, StringComparison.Ordinal))
        {
            return;
        }

        _ = int.TryParse(token.AsSpan(FlakyPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int times);
        int failures = _failures.GetValueOrDefault(key);
        if (failures < times)
        {
            _failures[key] = failures + 1;
            throw new TaskException("The connection to the payment provider was lost.", "network") { Type = "PaymentNetworkError" };
        }
    }

    private static void Require(bool condition, string code, string message)
    {
        if (!condition)
        {
            throw new TaskException(message, code) { Type = "PaymentRefused", Retryable = false };
        }
    }
}

public sealed record Payment(string TransactionId, string OrderId, string CustomerId, decimal Amount);

/// <param name="TransactionId">The payment that was given back; null when there was none.</param>
public sealed record Refund(bool Refunded, decimal Amount, string? TransactionId);
