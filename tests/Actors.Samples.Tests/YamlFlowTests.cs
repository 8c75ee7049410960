using Actors.Flows;
using Actors.Samples.Expenses;
using Actors.Samples.Orders;

namespace Actors.Samples.Tests;

public sealed class YamlFlowTests
{
    [Fact]
    public void The_order_flow_has_no_warnings_and_uses_every_task()
    {
        TaskRegistry tasks = new();
        FlowRegistry flows = new();

        OrderSample.Register(tasks, flows, new Shop());

        YamlFlowDefinition flow = Assert.IsType<YamlFlowDefinition>(flows.Find(OrderSample.YamlFlow));
        Assert.Empty(flow.Warnings);
        Assert.Equal(tasks.Names, flow.Tasks.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_expense_flow_has_no_warnings_and_uses_every_task()
    {
        TaskRegistry tasks = new();
        FlowRegistry flows = new();

        ExpenseSample.Register(tasks, flows, new ExpenseBook());

        YamlFlowDefinition flow = Assert.IsType<YamlFlowDefinition>(flows.Find(ExpenseSample.YamlFlow));
        Assert.Empty(flow.Warnings);
        Assert.Equal(tasks.Names, flow.Tasks.Order(StringComparer.Ordinal));
    }
}
