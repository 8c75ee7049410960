using System.Text.Json;
using Actors.Postgres.Tests;
using Actors.Samples.Orders;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Samples.Tests.Orders;

/// <summary>What the YAML flow and the C# flow have in common: both run each of these.</summary>
public abstract class OrderFlowTests : SampleTests
{
    private protected OrderFlowTests(DatabaseKind kind)
        : base(kind)
    {
    }

    /// <summary>Both ways of writing the flow.</summary>
    public static TheoryData<string> Flows => [OrderSample.YamlFlow, OrderSample.CodeFlow];

    private protected Task<SampleSilo> StartSilo(Shop shop, IStore? store = null) =>
        StartSilo((tasks, flows) => OrderSample.Register(tasks, flows, shop), store);

    private protected async Task<(OrderResult Result, Shop Shop)> RunOrder(string flow, JsonElement input, ShopOptions? options = null)
    {
        Shop shop = new(options);
        await using SampleSilo silo = await StartSilo(shop);
        return (Completed(await silo.Run(flow, input)), shop);
    }

    private protected static OrderResult Completed(RunResult run)
    {
        Assert.True(run.Run.Status == RunStatus.Completed, $"{run.Run.Status}: {run.Error?.Message}");
        return run.Output.Deserialize<OrderResult>(FlowJson.Options)!;
    }

    private protected static void AssertSucceeded(OrderResult result)
    {
        Assert.True(result.Success, result.Error);
        Assert.StartsWith("ORD-", result.OrderId);
        Assert.StartsWith("TXN-", result.TransactionId);
        Assert.StartsWith("CNF-", result.ConfirmationCode);
        Assert.True(result.FinalPrice > 0);
        Assert.Null(result.Error);
    }

    private protected static void AssertRefused(OrderResult result, string reason)
    {
        Assert.False(result.Success);
        Assert.Contains(reason, result.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Null(result.TransactionId);
        Assert.Null(result.ConfirmationCode);
    }
}
