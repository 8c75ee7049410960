using Actors.Flows;

namespace Actors.Samples.Orders;

public sealed partial class OrderTasks
{
    [FlowTask("ProcessPayment", Description = "Takes the money for an order.")]
    public async Task<Payment> ProcessPayment(ProcessPaymentInput input, IStepContext step)
    {
        string key = input.PaymentDetails.IdempotencyKey is { Length: > 0 } own ? $"{input.CustomerId}/{own}" : step.IdempotencyKey;
        Payment payment = await shop.Call(
            "ProcessPayment",
            step,
            () => shop.Pay(input.OrderId, input.CustomerId, input.Amount, input.PaymentDetails.Token, key));
        if (input.PaymentDetails.Token == "tok_slow")
        {
            await Task.Delay(shop.SlowAnswer, step.Time, step.CancellationToken);
        }

        return payment;
    }

    [FlowTask("RefundPayment", Description = "Gives back what was paid for an order, if anything.")]
    public Task<Refund> RefundPayment(OrderReference input, IStepContext step) =>
        shop.Call("RefundPayment", step, () => shop.RefundPayment(input.OrderId, step.IdempotencyKey));
}

public sealed record ProcessPaymentInput(string OrderId, string CustomerId, decimal Amount, string PaymentMethod, PaymentDetails PaymentDetails);
