using Actors.Runs;
using Actors.Storage;

namespace Actors.Silos;

/// <summary>Everything of a silo that ends with its life: a silo whose life was ended begins another with new ones. Thread-safe.</summary>
internal sealed class SiloLife(EngineServices services, GrainTable grains, ICluster cluster, RunFeed feed, Action<string> onFenced) : IClusterMember
{
    private readonly CancellationTokenSource _over = new();
    private int _closed;
    private int _ended;
    private int _reserved;

    public EngineServices Services => services;

    public GrainTable Grains => grains;

    public ICluster Cluster => cluster;

    /// <summary>Takes work.</summary>
    public bool IsReady => Volatile.Read(ref _closed) == 0;

    /// <summary>Cancelled when nobody is answered any more.</summary>
    public CancellationToken Over => _over.Token;

    public int Room => IsReady ? services.Options.ActiveRunsMax - grains.Count - Volatile.Read(ref _reserved) : 0;

    public IReadOnlyCollection<RunId> Watched => [.. feed.Watched.Where(run => !grains.Holds(run))];

    /// <summary>Keeps a place for a run that is being stored: of many starts at once, only as many as there are places find one. True: give it back when the start was answered.</summary>
    public bool TryReserve()
    {
        Interlocked.Increment(ref _reserved);
        if (IsReady && Room >= 0)
        {
            return true;
        }

        GiveBack();
        return false;
    }

    public void GiveBack() => Interlocked.Decrement(ref _reserved);

    /// <summary>Takes no new work from here on. False when it took none already.</summary>
    public bool Close() => Interlocked.Exchange(ref _closed, 1) == 0;

    /// <summary>Drops everything as it is. False when that was done before.</summary>
    public bool End()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
        {
            return false;
        }

        Close();
        services.Committer.Stop();
        cluster.Retire();
        services.Bodies.Stop();
        grains.DropAll();
        _over.Cancel();
        return true;
    }

    public bool Holds(RunId run) => grains.Holds(run);

    public Task Wake(RunId run)
    {
        WakeCommand wake = new();
        grains.Send(run, wake);
        return wake.Done;
    }

    public void OnClaiming() => grains.OnClaiming();

    public Task TakeInAsync(IReadOnlyList<LoadedRun> runs) => grains.TakeInAsync(runs);

    public void Deliver(InboxMessage message) => grains.Send(message.Run, new MessageCommand(message));

    public void OnChanged(RunId run) => feed.Publish(run, ended: true);

    public void Suspend() => services.Bodies.Suspend();

    public void Resume() => services.Bodies.Resume();

    public void Fence(string reason) => onFenced(reason);
}
