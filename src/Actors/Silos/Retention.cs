using Actors.Storage;

namespace Actors.Silos;

/// <summary>
/// Deletes runs that ended longer ago than the silo keeps them, and what has expired in the cache, a bounded number in each transaction and one transaction at a time, so that running ones
/// hardly notice; each of the two at an interval of its own. Every silo does it; nothing is deleted twice, and a silo that is lost is no loss.
/// </summary>
/// <param name="keep">Null: runs are kept for ever.</param>
internal sealed class Retention(EngineServices services, TimeSpan? keep, Func<bool> isOver)
{
    public static readonly TimeSpan KeepMin = TimeSpan.FromMinutes(1);

    /// <summary>How often ended runs are looked for: about so much longer than told are they kept.</summary>
    public static readonly TimeSpan RunsEvery = TimeSpan.FromMinutes(1);

    /// <summary>How often expired rows of the cache are deleted, whatever is set for runs. Nobody is given what has expired, so that it may lie a while longer.</summary>
    public static readonly TimeSpan CacheEvery = TimeSpan.FromMinutes(10);

    private const int Chunk = 200;

    private bool IsOver => isOver();

    public void Start()
    {
        if (keep is not null)
        {
            Later(RunsEvery, static self => self.DeleteRunsAsync());
        }

        Later(CacheEvery, static self => self.DeleteExpiredAsync());
    }

    private void Later(TimeSpan every, Func<Retention, Task> delete) =>
        services.Alarms.Set(services.Time.GetUtcNow() + every, static state => _ = ((Round)state!).RunAsync(), new Round(this, every, delete));

    private async Task DeleteRunsAsync()
    {
        TimeSpan kept = keep!.Value;
        int deleted = await DeleteAllAsync(() => services.Store.DeleteEndedAsync(services.SiloNo, services.Time.GetUtcNow() - kept, Chunk, CancellationToken.None)).ConfigureAwait(false);
        if (deleted > 0)
        {
            services.Log.RunsDeleted(deleted, kept);
        }
    }

    private Task DeleteExpiredAsync() =>
        DeleteAllAsync(() => services.Store.DeleteExpiredAsync(services.SiloNo, services.Time.GetUtcNow(), Chunk, CancellationToken.None));

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

    private sealed record Round(Retention Retention, TimeSpan Every, Func<Retention, Task> Delete)
    {
        public async Task RunAsync()
        {
            await Delete(Retention).ConfigureAwait(false);
            if (!Retention.IsOver)
            {
                Retention.Later(Every, Delete);
            }
        }
    }
}
