using Actors.Postgres.Tests;
using Actors.Samples.Orders;
using Actors.Storage;

namespace Actors.Samples.Tests.Orders;

public sealed class OrderApprovalSqliteTests() : OrderApprovalTests(DatabaseKind.Sqlite);

public sealed class OrderApprovalPostgresTests() : OrderApprovalTests(DatabaseKind.Postgres);

public abstract class OrderApprovalTests : OrderFlowTests
{
    private protected OrderApprovalTests(DatabaseKind kind)
        : base(kind)
    {
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task An_expensive_order_is_paid_when_it_is_approved(string flow)
    {
        Shop shop = new();
        await using SampleSilo silo = await StartSilo(shop);
        RunId run = await silo.Start(flow, OrderSample.ExpensiveOrder);

        HumanTaskRow question = await silo.Question(run, "approval");
        Assert.Equal(0, shop.Calls("ProcessPayment"));
        Assert.Contains("CUST-002", question.Details);
        await silo.Answer(question, HumanQuestion.Approve);

        OrderResult result = Completed(await silo.End(run));
        AssertSucceeded(result);
        Assert.True(result.FinalPrice > 500);
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_rejected_order_gives_the_stock_back_and_says_why(string flow)
    {
        Shop shop = new();
        await using SampleSilo silo = await StartSilo(shop);
        RunId run = await silo.Start(flow, OrderSample.ExpensiveOrder);

        await silo.Answer(await silo.Question(run, "approval"), HumanQuestion.Reject, "not this quarter");

        OrderResult result = Completed(await silo.End(run));
        AssertRefused(result, "not this quarter");
        Assert.Equal(0, shop.Calls("ProcessPayment"));
        Assert.Equal(1, shop.EffectsOf("ReleaseStock", result.OrderId));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_cheap_order_asks_nobody(string flow)
    {
        await using SampleSilo silo = await StartSilo(new Shop());

        await silo.Run(flow, OrderSample.StandardOrder);

        Assert.Empty(await silo.Store.ListHumanTasksAsync(new HumanTaskQuery { Tenant = Caller.DefaultTenant }, CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task A_restart_while_it_waits_repeats_nothing(string flow)
    {
        Shop shop = new();
        RunId run;
        await using (SampleSilo first = await StartSilo(shop))
        {
            run = await first.Start(flow, OrderSample.ExpensiveOrder);
            await first.Question(run, "approval");
        }

        await using SampleSilo second = await StartSilo(shop);
        await second.Answer(await second.Question(run, "approval"), HumanQuestion.Approve);

        OrderResult result = Completed(await second.End(run));
        AssertSucceeded(result);
        foreach (string task in (string[])["OpenOrder", "FetchCustomer", "CheckInventory", "ReserveStock", "ProcessPayment", "SendConfirmation"])
        {
            Assert.Equal(1, shop.Calls(task));
        }
    }
}
