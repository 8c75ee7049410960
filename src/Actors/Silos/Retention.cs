using Actors.Storage;

namespace Actors.Silos;

/// <summary>
/// Deletes runs that ended longer ago than the silo keeps them, a bounded number in each transaction and one transaction at a time, so that running ones hardly notice. Every silo does it;
/// no run is deleted twice, and a silo that is lost is no loss.
/// </summary>
internal sealed class Retention(EngineServices services, TimeSpan keep, Func<bool> isOver)
{
    public static readonly TimeSpan KeepMin = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
    private const int Chunk = 200;

    public void Start() => services.Alarms.Set(services.Time.GetUtcNow() + Every, static self => _ = ((Retention)self!).RunAsync(), this);

    private async Task RunAsync()
    {
        int deleted = 0;
        try
        {
            int last = 1;
            while (last > 0 && !isOver())
            {
                last = await services.Store.DeleteEndedAsync(services.SiloNo, services.Time.GetUtcNow() - keep, Chunk, CancellationToken.None).ConfigureAwait(false);
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

        if (deleted > 0)
        {
            services.Log.RunsDeleted(deleted, keep);
        }

        if (!isOver())
        {
            Start();
        }
    }
}
