using Actors.Flows;

namespace Actors.Samples.Expenses;

/// <summary>Brings the sample to a host, with books in memory.</summary>
public sealed class ExpensePlugin : IActorsPlugin
{
    public void Configure(ActorsRegistration registration) =>
        ExpenseSample.Register(registration.Tasks, registration.Flows, new ExpenseBook());
}
