namespace Actors.Tests.Documentation;

// The example of the README, word for word: ReadmeTests compares and runs it.
public sealed record RefundRequest(string OrderId, decimal Amount, decimal Limit = 100);

public sealed record RefundResult(bool Paid, string? Transaction = null);

public sealed record Payment(string Order, decimal Amount);

public sealed class RefundFlow(RefundService refunds) : Flow<RefundRequest, RefundResult>
{
    private static readonly StepOptions Patient = new()
    {
        Retry = new RetryPolicy { MaxAttempts = 5, Delay = TimeSpan.FromSeconds(2), MaxDelay = TimeSpan.FromHours(1), RetryOn = ["PaymentNetworkError"] },
    };

    public override async Task<RefundResult> RunAsync(IFlowContext ctx, RefundRequest input)
    {
        ctx.CleanUp("tell", c => c.Step("tell-customer", input.OrderId, (id, step) => refunds.TellAsync(id, "cancelled", step.IdempotencyKey)));
        string order = await ctx.Step("find-order", input.OrderId, (id, _) => refunds.FindAsync(id));
        if (input.Amount > input.Limit)
        {
            HumanAnswer answer = await ctx.Ask("decision", new HumanQuestion($"Refund {input.Amount} for order {order}?") { Candidates = ["finance"], Due = TimeSpan.FromDays(2) });
            if (!answer.Approved)
            {
                return new RefundResult(false);
            }
        }

        string transaction = await ctx.Step("pay-back", new Payment(order, input.Amount), (p, step) => refunds.PayAsync(p, step.IdempotencyKey), Patient);
        return new RefundResult(true, transaction);
    }
}

public sealed class RefundService
{
    public List<string> Done { get; } = [];

    public Task<string> FindAsync(string id) => Task.FromResult($"ORD-{id}");

    public Task<string> PayAsync(Payment payment, string key)
    {
        ArgumentNullException.ThrowIfNull(payment);
        Done.Add($"paid {payment.Amount} for {payment.Order} once per {key}");
        return Task.FromResult("TXN-1");
    }

    public Task<bool> TellAsync(string id, string text, string key)
    {
        Done.Add($"told {id}: {text} once per {key}");
        return Task.FromResult(true);
    }
}
