using Actors.Flows;
using Actors.Samples.Expenses;
using Actors.Samples.Orders;
using Microsoft.Extensions.Configuration;

namespace Actors.Samples.Tests.Orders;

public sealed class OrderPluginTests
{
    [Fact]
    public void Both_samples_fit_into_one_host()
    {
        ActorsRegistration registration = new(new TaskRegistry(), new FlowRegistry(), new Settings(null));

        new OrderPlugin().Configure(registration);
        new ExpensePlugin().Configure(registration);

        Assert.NotNull(registration.Flows.Find(OrderSample.CodeFlow));
        Assert.NotNull(registration.Flows.Find(ExpenseSample.CodeFlow));
    }

    [Theory]
    [InlineData("soon")]
    [InlineData("-00:00:01")]
    [InlineData("01:00:00")]
    public void A_delay_that_makes_no_sense_is_refused_by_name(string delay)
    {
        ActorsRegistration registration = new(new TaskRegistry(), new FlowRegistry(), new Settings(delay));

        InvalidOperationException refused = Assert.Throws<InvalidOperationException>(() => new OrderPlugin().Configure(registration));

        Assert.Contains("Samples:Delay", refused.Message);
        Assert.Contains(delay, refused.Message);
    }

    // Only the abstractions are at hand here: a host brings the real configuration.
    private sealed class Settings(string? delay) : IConfiguration
    {
        public string? this[string key]
        {
            get => key == "Samples:Delay" ? delay : null;
            set => throw new NotSupportedException();
        }

        public IEnumerable<IConfigurationSection> GetChildren() => [];

        public Microsoft.Extensions.Primitives.IChangeToken GetReloadToken() => throw new NotSupportedException();

        public IConfigurationSection GetSection(string key) => throw new NotSupportedException();
    }
}
