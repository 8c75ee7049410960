#pragma warning disable CA1050 // As in the README, where a newcomer has no namespace yet.
using Actors;
using Actors.Flows;

public sealed record PayInput(string Employee, decimal Amount);

public sealed record PayResult(string Transaction);

public sealed class PayTasks
{
    // The key is the same for every attempt, also after a crash: hand it to whoever is called.
    [FlowTask("Pay", Description = "Pays an employee.")]
    public async Task<PayResult> PayAsync(PayInput input, IStepContext step)
    {
        await Task.CompletedTask; // Call the bank here, with step.IdempotencyKey and step.CancellationToken.
        return new PayResult($"TXN-{input.Employee}-{input.Amount}");
    }
}

public sealed class PayPlugin : IActorsPlugin
{
    public void Configure(ActorsRegistration registration)
    {
        registration.Tasks.AddFrom(new PayTasks());
        // registration.Flows.Add(new MyFlow());   a flow in C#
    }
}
