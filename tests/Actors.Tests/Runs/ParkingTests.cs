using System.Collections.Concurrent;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs;

public sealed class ParkingTests
{
    [Fact]
    public async Task A_run_that_parks_sends_nothing_after_it_has_left()
    {
        ConcurrentQueue<Transition> sent = [];
        CountingStore store = new(new MemoryStore())
        {
            OnCommit = batch =>
            {
                foreach (Transition transition in batch)
                {
                    sent.Enqueue(transition);
                }
            },
        };
        await using ActorsTestHost host = new ActorsTestHost(new ActorsTestOptions { Store = store }).Flow<int, int>("stuck", static async (_, _) =>
        {
            await new TaskCompletionSource().Task;
            return 0;
        });
        await host.StartAsync();

        RunId run = await host.StartRunAsync("stuck", 0);
        await host.WhenStatusAsync(run, RunStatus.Parked);
        await host.SettleAsync();

        Assert.Equal([EntryKind.RunStarted, EntryKind.Parked], sent.Where(t => t.Run == run).Select(static t => t.Entries.Count == 0 ? default : t.Entries[0].Kind));
    }
}
