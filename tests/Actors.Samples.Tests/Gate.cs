namespace Actors.Samples.Tests;

/// <summary>Holds a call until the call's token is cancelled, and tells when one is held.</summary>
internal sealed class Gate
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Reached => _reached.Task.WaitAsync(TimeSpan.FromMinutes(2));

    public async Task Hold(CancellationToken cancellationToken)
    {
        TaskCompletionSource cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = cancellationToken.Register(() => cancelled.TrySetCanceled(cancellationToken));
        _reached.TrySetResult();
        await cancelled.Task;
    }
}
