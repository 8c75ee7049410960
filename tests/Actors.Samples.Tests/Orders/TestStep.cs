namespace Actors.Samples.Tests.Orders;

/// <summary>What a task is given when a test calls it without an engine.</summary>
internal sealed class TestStep(string key, CancellationToken cancellationToken = default) : IStepContext
{
    public RunInfo Run { get; } = new(new RunId("run-1"), "order", "1", Caller.DefaultTenant, "test", DateTimeOffset.UnixEpoch);
    public string StepKey => key;
    public int Attempt => 1;
    public string IdempotencyKey => $"{Run.Id}:{key}";
    public CancellationToken CancellationToken => cancellationToken;
    public TimeProvider Time => TimeProvider.System;
}
