using Actors.Postgres.Tests;
using Actors.Samples.Orders;
using Actors.Storage;

namespace Actors.Samples.Tests.Orders;

/// <summary>The database fails at the first commit, then at the second, and so on: the order ends the same and everything is done once.</summary>
public sealed class OrderFaultSqliteTests() : OrderFaultTests(DatabaseKind.Sqlite);

public sealed class OrderFaultPostgresTests() : OrderFaultTests(DatabaseKind.Postgres);

public abstract class OrderFaultTests : OrderFlowTests
{
    private protected OrderFaultTests(DatabaseKind kind)
        : base(kind)
    {
    }

    // More than an order has commits, so that the last rounds are without a fault.
    private const int CommitsMax = 40;

    public static TheoryData<string, CommitFault> Faults => new()
    {
        { OrderSample.YamlFlow, CommitFault.FailBefore },
        { OrderSample.YamlFlow, CommitFault.LoseAnswer },
        { OrderSample.CodeFlow, CommitFault.FailBefore },
        { OrderSample.CodeFlow, CommitFault.LoseAnswer },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_commit_that_fails_or_whose_answer_is_lost_changes_nothing(string flow, CommitFault fault)
    {
        bool reached = true;
        for (int broken = 1; reached && broken <= CommitsMax; broken++)
        {
            FaultyStore store = new(Store, broken, fault);
            Shop shop = new();
            await using SampleSilo silo = await StartSilo(shop, store);

            OrderResult result = Completed(await silo.Run(flow, OrderSample.StandardOrder));

            AssertSucceeded(result);
            Assert.All(shop.Effects.GroupBy(e => e.Operation), operation => Assert.Single(operation));
            reached = store.Commits >= broken;
        }

        Assert.False(reached, $"An order has more than {CommitsMax} commits.");
    }
}
