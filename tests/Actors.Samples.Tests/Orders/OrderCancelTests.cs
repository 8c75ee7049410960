using Actors.Postgres.Tests;
using Actors.Samples.Orders;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Samples.Tests.Orders;

public sealed class OrderCancelSqliteTests() : OrderCancelTests(DatabaseKind.Sqlite);

public sealed class OrderCancelPostgresTests() : OrderCancelTests(DatabaseKind.Postgres);

public abstract class OrderCancelTests : OrderFlowTests
{
    private protected OrderCancelTests(DatabaseKind kind)
        : base(kind)
    {
    }

    private static readonly string[] CleanUpTasks = ["ReleaseStock", "RefundPayment", "NotifyCustomerCancelled"];

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task Cancelled_while_it_waits_for_an_approval_it_gives_the_stock_back(string flow)
    {
        Shop shop = new();
        await using SampleSilo silo = await StartSilo(shop);
        RunId run = await silo.Start(flow, OrderSample.ExpensiveOrder);
        await silo.Question(run, "approval");

        await silo.Cancel(run);

        RunResult result = await silo.End(run);
        AssertCleanedUp(result, shop);
        Assert.Empty(result.CleanUpErrors);
        Assert.Equal(1, shop.EffectsOf("ReleaseStock"));
        Assert.Equal(0, shop.EffectsOf("RefundPayment"));
        Assert.Equal(1, shop.EffectsOf("NotifyCustomerCancelled"));
        Assert.Equal(0, shop.Calls("ProcessPayment"));
        Assert.Empty(await silo.Store.CheckInvariantsAsync(CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task Cancelled_while_the_provider_has_the_money_but_has_not_answered_it_is_refunded(string flow)
    {
        Gate gate = new();
        Shop shop = new(new ShopOptions { After = (task, step) => task == "ProcessPayment" ? gate.Hold(step.CancellationToken) : Task.CompletedTask });
        await using SampleSilo silo = await StartSilo(shop);
        RunId run = await silo.Start(flow, OrderSample.StandardOrder);
        await gate.Reached;

        await silo.Cancel(run);

        AssertCleanedUp(await silo.End(run), shop);
        Assert.Equal(1, shop.EffectsOf("ProcessPayment"));
        Assert.Equal(1, shop.EffectsOf("RefundPayment"));
        Assert.Equal(1, shop.EffectsOf("ReleaseStock"));
        Assert.Equal(0, shop.Calls("CreateShipment"));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task Cancelled_before_the_provider_has_the_money_nothing_is_refunded(string flow)
    {
        Gate gate = new();
        Shop shop = new(new ShopOptions { Before = (task, step) => task == "ProcessPayment" ? gate.Hold(step.CancellationToken) : Task.CompletedTask });
        await using SampleSilo silo = await StartSilo(shop);
        RunId run = await silo.Start(flow, OrderSample.StandardOrder);
        await gate.Reached;

        await silo.Cancel(run);

        AssertCleanedUp(await silo.End(run), shop);
        Assert.Equal(0, shop.EffectsOf("RefundPayment"));
        Assert.Equal(1, shop.EffectsOf("ReleaseStock"));
    }

    [Theory]
    [InlineData(OrderSample.YamlFlow, "ReleaseStock")]
    [InlineData(OrderSample.YamlFlow, "RefundPayment")]
    [InlineData(OrderSample.YamlFlow, "NotifyCustomerCancelled")]
    [InlineData(OrderSample.CodeFlow, "ReleaseStock")]
    [InlineData(OrderSample.CodeFlow, "RefundPayment")]
    [InlineData(OrderSample.CodeFlow, "NotifyCustomerCancelled")]
    public async Task A_clean_up_task_that_fails_does_not_stop_the_others(string flow, string broken)
    {
        Shop shop = new(new ShopOptions
        {
            Before = (task, _) => task == broken ? throw new TaskException($"{task} is broken.") : Task.CompletedTask,
        });
        await using SampleSilo silo = await StartSilo(shop);
        RunId run = await silo.Start(flow, OrderSample.ExpensiveOrder);
        await silo.Question(run, "approval");

        await silo.Cancel(run);

        RunResult result = await silo.End(run);
        AssertCleanedUp(result, shop);
        Assert.Contains($"{broken} is broken.", Assert.Single(result.CleanUpErrors));
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task Cancelling_again_while_it_cancels_cleans_up_once(string flow)
    {
        TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Shop shop = new(new ShopOptions
        {
            Before = (task, _) =>
            {
                if (task != "ReleaseStock")
                {
                    return Task.CompletedTask;
                }

                reached.TrySetResult();
                return released.Task;
            },
        });
        await using SampleSilo silo = await StartSilo(shop);
        RunId run = await silo.Start(flow, OrderSample.ExpensiveOrder);
        await silo.Question(run, "approval");

        await silo.Cancel(run);
        await reached.Task.WaitAsync(TimeSpan.FromMinutes(2));
        await silo.Cancel(run);
        released.SetResult();

        AssertCleanedUp(await silo.End(run), shop);
    }

    private static void AssertCleanedUp(RunResult result, Shop shop)
    {
        Assert.Equal(RunStatus.Cancelled, result.Run.Status);
        foreach (string task in CleanUpTasks)
        {
            Assert.Equal(1, shop.Calls(task));
        }
    }
}
