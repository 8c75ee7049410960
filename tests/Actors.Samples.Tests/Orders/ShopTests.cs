using Actors.Flows;
using Actors.Samples.Orders;

namespace Actors.Samples.Tests.Orders;

public sealed class ShopTests
{
    private readonly Shop _shop = new();

    [Theory]
    [InlineData("CUST-001", CustomerTier.Standard, true)]
    [InlineData("CUST-12345", CustomerTier.Standard, true)]
    [InlineData("CUST-PREMIUM-001", CustomerTier.Premium, true)]
    [InlineData("CUST-BULK", CustomerTier.Business, true)]
    [InlineData("CUST-INACTIVE", CustomerTier.Standard, false)]
    public void Customers_are_what_their_id_says(string id, CustomerTier tier, bool active)
    {
        Customer customer = _shop.FindCustomer(id);

        Assert.Equal(tier, customer.Tier);
        Assert.Equal(active, customer.Active);
    }

    [Theory]
    [InlineData("")]
    [InlineData("CUST-")]
    [InlineData("BOB")]
    public void Other_ids_are_no_customers(string id)
    {
        TaskException refused = Assert.Throws<TaskException>(() => _shop.FindCustomer(id));

        Assert.Equal("customer_not_found", refused.Code);
        Assert.False(refused.Retryable);
    }

    [Fact]
    public void Two_shops_have_the_same_products_and_give_the_same_ids()
    {
        Shop other = new();

        Assert.Equal(_shop.FindProduct("PROD-042"), other.FindProduct("PROD-042"));
        Assert.Equal(_shop.OpenOrder("CUST-001", "k1"), other.OpenOrder("CUST-001", "k1"));
        Assert.NotEqual(_shop.OpenOrder("CUST-001", "k1"), other.OpenOrder("CUST-001", "k2"));
    }

    [Fact]
    public void Points_are_added_once_for_each_key()
    {
        _shop.AddPoints("CUST-001", "ORD-1", 10.90m, "k1");
        _shop.AddPoints("CUST-001", "ORD-1", 10.90m, "k1");

        Assert.Equal(new LoyaltyPoints(5, 15), _shop.AddPoints("CUST-001", "ORD-2", 5m, "k2"));
    }

    [Fact]
    public void A_message_is_sent_once_for_each_task_and_key()
    {
        Message mail = _shop.Send("SendConfirmation", "ORD-1", "email", "thanks", "k1");

        Assert.Equal(mail, _shop.Send("SendConfirmation", "ORD-1", "email", "thanks", "k1"));
        Assert.NotEqual(mail, _shop.Send("SendTextMessage", "ORD-1", "text", "thanks", "k1"));
        Assert.Equal(2, _shop.Effects.Count);
    }

    [Fact]
    public async Task Calls_that_fail_are_counted_too()
    {
        OrderTasks tasks = new(_shop);

        await Assert.ThrowsAsync<TaskException>(() => tasks.FetchCustomer(new FetchCustomerInput("BOB"), new TestStep("customer")));
        await tasks.FetchCustomer(new FetchCustomerInput("CUST-001"), new TestStep("customer"));

        Assert.Equal(2, _shop.Calls("FetchCustomer"));
        Assert.Equal(0, _shop.Calls("ReserveStock"));
    }

    [Fact]
    public async Task The_hooks_see_the_task_before_and_after_it_acts()
    {
        List<string> seen = [];
        Shop? shop = null;
        Task See(string when, string task)
        {
            seen.Add($"{when} {task} {shop!.Effects.Count}");
            return Task.CompletedTask;
        }

        shop = new Shop(new ShopOptions { Before = (task, _) => See("before", task), After = (task, _) => See("after", task) });

        await new OrderTasks(shop).OpenOrder(new OpenOrderInput("CUST-001"), new TestStep("order"));

        Assert.Equal(["before OpenOrder 0", "after OpenOrder 1"], seen);
    }

    [Fact]
    public void All_tasks_can_be_registered_by_name()
    {
        TaskRegistry tasks = new();
        FlowRegistry flows = new();

        OrderSample.Register(tasks, flows, _shop);

        Assert.Equal(22, tasks.Names.Count);
        Assert.NotNull(flows.Find(OrderSample.CodeFlow, "1"));
    }
}
