using Actors.Storage;

namespace Actors.Silos;

/// <summary>
/// Deletes runs that ended longer ago than the silo keeps them, and what has expired in the cache, a bounded number in each transaction and one transaction at a time, so that running ones
/// hardly notice. Every silo does it; nothing is deleted twice, and a silo that is lost is no loss.
/// </summary>
/// <param name="keep">Null: runs are kept for ever.</param>
internal sealed class Retention(EngineServices services, TimeSpan? keep, Func<bool> isOver)
{
    public static readonly TimeSpan KeepMin = TimeSpan.FromMinutes(1);

    // Nobody is given what has expired in the cache, so that it may lie a while longer.
    private static readonly TimeSpan CacheEvery = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan RunsEvery = TimeSpan.FromMinutes(1);
    private const int Chunk = 200;

    public void Start() => services.Alarms.Set(services.Time.GetUtcNow() + (keep is null ? CacheEvery : RunsEvery), static self => _ = ((Retention)self!).RunAsync(), this);

    private async Task RunAsync()
    {
        if (keep is { } time)
        {
            int deleted = await DeleteAllAsync(() => services.Store.DeleteEndedAsync(services.SiloNo, services.Time.GetUtcNow() - time, Chunk, CancellationToken.None)).ConfigureAwait(false);
            if (deleted > 0)
            {
                services.Log.RunsDeleted(deleted, time);
            }
        }

        await DeleteAllAsync(() => services.Store.DeleteExpiredAsync(services.SiloNo, services.Time.GetUtcNow(), Chunk, CancellationToken.None)).ConfigureAwait(false);
        if (!isOver())
        {
            Start();
        }
    }

    private async Task<int> DeleteAllAsync(Func<ValueTask<int>> deleteChunk)
    {
        int deleted = 0;
        try
        {
            int last = 1;
            while (last > 0 && !isOver())
            {
                last = await deleteChunk().ConfigureAwait(false);
                deleted += last;
            }
        }
        catch (StoreException e)
        {
            // When the life is over, others say so and do what is to be done.
            services.Log.StoreReadRetried(e.Message);
        }
#pragma warning disable CA1031 // Whatever went wrong, the next round tries again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            services.Log.StoreReadRetried(e.Message);
        }

        return deleted;
    }
}
