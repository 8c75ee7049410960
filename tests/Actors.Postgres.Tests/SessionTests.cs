using Actors.Storage;
using Actors.Testing.Stores;

namespace Actors.Postgres.Tests;

/// <summary>A session is closed by whoever finds that its life is over, whatever its tick does at that moment.</summary>
public sealed class SessionTests() : StoreSpecifications(new PostgresFixture())
{
    private IClusterStore Cluster => (IClusterStore)Store;

    [Fact]
    public async Task A_session_is_closed_also_while_its_tick_is_under_way()
    {
        for (int round = 0; round < 60; round++)
        {
            long life = await BeginLifeAsync($"r{round}");
            ISiloSession session = await Cluster.OpenSessionAsync(life, static _ => { }, default);
            using CancellationTokenSource over = new();
            Task ticking = Task.Run(async () =>
            {
                while (!over.IsCancellationRequested)
                {
                    await session.TickAsync(over.Token);
                }
            });
            for (int i = 0; i < round * 200; i++)
            {
                await Task.Yield();
            }

            // As the end of a life does it: the tick is told to stop, and nobody waits for it.
            over.Cancel();
            await session.DisposeAsync().AsTask().WaitAsync(Postgres.Tests.Cluster.Limit);

            // Whether it was in a tick or between two.
            await ticking.ContinueWith(static _ => { }, TaskScheduler.Default).WaitAsync(Postgres.Tests.Cluster.Limit);
        }
    }
}
