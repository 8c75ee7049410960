using Actors.Samples.Orders;

namespace Actors.Samples.Tests.Orders;

public sealed class ShopPaymentTests
{
    private readonly Shop _shop = new();

    [Fact]
    public void The_same_key_pays_once()
    {
        Payment first = Pay("k1");
        Payment again = Pay("k1");

        Assert.Equal(first, again);
        Assert.Equal(1, _shop.EffectsOf("ProcessPayment", "ORD-1"));
    }

    [Fact]
    public void A_key_that_was_used_for_another_amount_is_refused()
    {
        Pay("k1");

        Assert.Equal("idempotency_conflict", Refused(() => _shop.Pay("ORD-1", "CUST-001", 11, "tok_visa", "k1")).Code);
    }

    [Fact]
    public void An_order_is_not_paid_twice_with_two_keys()
    {
        Pay("k1");

        Assert.Equal("already_paid", Refused(() => Pay("k2")).Code);
    }

    [Fact]
    public void A_flaky_token_fails_as_often_as_it_says_and_then_pays()
    {
        for (int i = 0; i < 2; i++)
        {
            TaskException lost = Refused(() => Pay("k1", "tok_flaky_2"));
            Assert.Equal("PaymentNetworkError", lost.Type);
            Assert.Equal("network", lost.Code);
            Assert.True(lost.Retryable);
        }

        Assert.Equal("ORD-1", Pay("k1", "tok_flaky_2").OrderId);
        Assert.Equal(1, _shop.EffectsOf("ProcessPayment"));
    }

    [Fact]
    public void A_declined_card_is_refused_for_good()
    {
        TaskException declined = Refused(() => Pay("k1", "tok_declined"));

        Assert.Equal("card_declined", declined.Code);
        Assert.False(declined.Retryable);
        Assert.Empty(_shop.Effects);
    }

    [Fact]
    public void An_amount_that_is_not_positive_is_refused() =>
        Assert.Equal("invalid_amount", Refused(() => _shop.Pay("ORD-1", "CUST-001", 0, "tok_visa", "k1")).Code);

    [Fact]
    public void A_refund_gives_the_money_back_once()
    {
        Payment payment = Pay("k1");

        Refund first = _shop.RefundPayment("ORD-1", "k2");
        Refund again = _shop.RefundPayment("ORD-1", "k2");

        Assert.Equal(new Refund(true, 10, payment.TransactionId), first);
        Assert.Equal(first, again);
        Assert.False(_shop.RefundPayment("ORD-1", "k3").Refunded);
        Assert.Equal(1, _shop.EffectsOf("RefundPayment"));
        Assert.Null(_shop.FindPayment("ORD-1"));
    }

    [Fact]
    public void A_payment_that_comes_after_the_refund_is_refused()
    {
        Assert.False(_shop.RefundPayment("ORD-1", "k1").Refunded);

        Assert.Equal("order_closed", Refused(() => Pay("k2")).Code);
    }

    [Fact]
    public void Many_calls_at_once_with_one_key_pay_once()
    {
        Parallel.For(0, 200, _ => Pay("k1"));

        Assert.Equal(1, _shop.EffectsOf("ProcessPayment"));
    }

    [Fact]
    public async Task A_slow_provider_has_the_money_before_it_answers()
    {
        using CancellationTokenSource cancel = new();
        Shop slow = new(new ShopOptions { SlowAnswer = Timeout.InfiniteTimeSpan });
        OrderTasks tasks = new(slow);

        Task<Payment> payment = tasks.ProcessPayment(
            new ProcessPaymentInput("ORD-1", "CUST-001", 10, "card", new PaymentDetails("tok_slow")), new TestStep("payment", cancel.Token));

        Assert.False(payment.IsCompleted);
        Assert.Equal(1, slow.EffectsOf("ProcessPayment", "ORD-1"));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => payment);
    }

    [Fact]
    public async Task The_customers_own_key_pays_an_order_once_in_two_runs()
    {
        OrderTasks tasks = new(_shop);
        ProcessPaymentInput input = new("ORD-1", "CUST-001", 10, "card", new PaymentDetails("tok_visa", "my-order-7"));

        Payment first = await tasks.ProcessPayment(input, new TestStep("payment"));
        Payment again = await tasks.ProcessPayment(input, new TestStep("payment#2"));

        Assert.Equal(first, again);
        Assert.Equal(2, _shop.Calls("ProcessPayment"));
        Assert.Equal(1, _shop.EffectsOf("ProcessPayment"));
    }

    private Payment Pay(string key, string token = "tok_visa") => _shop.Pay("ORD-1", "CUST-001", 10, token, key);

    private static TaskException Refused(Action act) => Assert.Throws<TaskException>(act);
}
