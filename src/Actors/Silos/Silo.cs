using Actors.Flows;
using Actors.Runs;
using Actors.Storage;
using Actors.Time;
using Microsoft.Extensions.Logging;

namespace Actors.Silos;

/// <summary>
/// A process's part in running flows: it holds the grains of the runs it owns, commits what they do, and takes commands for them. Thread-safe.
/// A 2xx of an API means that the call here returned: what it accepted is committed.
/// </summary>
public sealed partial class Silo : IAsyncDisposable
{
    private static readonly TimeSpan RejoinDelayMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RejoinDelayMax = TimeSpan.FromSeconds(5);

    private const int StartAttemptsMax = 3;

    // How often an operator is told that bodies of an ended life still run.
    private static readonly TimeSpan OldBodiesReport = TimeSpan.FromSeconds(30);

    private readonly SiloOptions _options;
    private readonly EngineScheduler _scheduler;
    private readonly IdSource _ids;
    private readonly ILogger _log;
    private readonly RunFeed _feed = new();
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopRequested = new();
    private volatile SiloLife? _life;
    private bool _started;
    private Task? _stopping;
    private int _starting;

    public Silo(SiloOptions options, IStore store, FlowRegistry flows, TaskRegistry tasks, TimeProvider time, ILoggerFactory logs)
        : this(options, store, flows, tasks, time, logs, EngineScheduler.Pool, new IdSource())
    {
    }

    /// <summary>With a scheduler and a source of ids of one's own: for simulation and tests.</summary>
    public Silo(
        SiloOptions options, IStore store, FlowRegistry flows, TaskRegistry tasks, TimeProvider time, ILoggerFactory logs, EngineScheduler scheduler, IdSource ids)
    {
        ArgumentNullException.ThrowIfNull(logs);
        _options = options;
        Store = store;
        Flows = flows;
        Tasks = tasks;
        Time = time;
        _scheduler = scheduler;
        _ids = ids;
        _log = logs.CreateLogger("Actors.Engine");
        _feed.OnWatched = run =>
        {
            if (_life is { IsReady: true } life && !life.Grains.Holds(run))
            {
                life.Cluster.Watch(run);
            }
        };
    }

    /// <summary>Set before the start; null outside of tests.</summary>
    internal EngineProbe? Probe { get; init; }

    public FlowRegistry Flows { get; }

    public TaskRegistry Tasks { get; }

    public IStore Store { get; }

    public TimeProvider Time { get; }

    public SiloOptions Options => _options;

    /// <summary>
    /// True between the end of <see cref="StartAsync"/> and the beginning of <see cref="StopAsync"/>, while the life is alive and has lately heard from its database. A silo of a shared
    /// database whose life was ended begins another, and is ready again.
    /// </summary>
    public bool IsReady => _life is { IsReady: true, Cluster.MayAct: true };

    /// <summary>
    /// Why the database takes no commits now; null while it does. What was asked before waits and is not lost; what is asked meanwhile is refused with <see cref="UnavailableException"/>.
    /// </summary>
    public string? Trouble => _life?.Services.Committer.Trouble;

    /// <summary>Grains in memory now.</summary>
    public int ActiveRuns => _life?.Grains.Count ?? 0;

    /// <summary>Commits so far in this life: batches, transitions, journal entries.</summary>
    public (long Batches, long Transitions, long Entries) Commits =>
        _life is { Services.Committer: var c } ? (c.Batches, c.Transitions, c.EntriesWritten) : default;

    /// <summary>The number of this life; 0 before the start.</summary>
    public long LifeNo => _life?.Services.SiloNo ?? 0;

    /// <summary>The silos of the database that are alive, as far as this one knows; itself included. Empty before the start.</summary>
    public IReadOnlyList<LivingSilo> Living => _life?.Cluster.Living ?? [];

    // The store when other silos may be on it; null when this one is alone.
    private IClusterStore? SharedStore => !_options.Alone && Store is IClusterStore { IsShared: true } shared ? shared : null;

    /// <summary>Begins a life and takes in the runs that a dead life left behind. Call once.</summary>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (_started)
            {
                throw new InvalidOperationException("A silo is started once.");
            }

            _started = true;
        }

        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await BeginLifeAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (StoreException e) when (e.Kind == StoreFailure.Fenced && attempt < StartAttemptsMax)
            {
                // It took so long that its peers took it for dead.
                _log.LifeOver(e.Message);
            }
        }
    }

    /// <summary>Drains: takes no new work, lets bodies finish within <see cref="SiloOptions.DrainLimit"/>, releases its runs, ends its life. Calling it again waits for the same end.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            _stopping ??= DrainAsync();
        }

        return _stopping.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    /// <summary>
    /// Says that another silo has committed a message for a run that this one holds. Nothing depends on it alone: the message is in the run's inbox, which each activation reads.
    /// </summary>
    internal void Announce(InboxMessage message)
    {
        if (_life is { IsReady: true } life)
        {
            life.Grains.Send(message.Run, new MessageCommand(message));
        }
    }

    /// <summary>Completes when no step's body runs in this life. For tests in virtual time, which must not pass while bodies wait for real answers.</summary>
    internal Task WhenNoBodyRunsAsync() => _life?.Services.Bodies.WhenIdleAsync() ?? Task.CompletedTask;

    /// <summary>Leaves like a process that is killed: nothing is released, nothing is said to the store. For tests of recovery.</summary>
    public void Abandon()
    {
        lock (_lock)
        {
            _stopping ??= Task.CompletedTask;
        }

        _stopRequested.Cancel();
        if (_life is { } life)
        {
            life.End();
            _ = life.Cluster.DisposeAsync().AsTask();
            life.Services.Alarms.Dispose();
        }
    }

    private async Task BeginLifeAsync(CancellationToken cancellationToken)
    {
        long number = await Store.BeginLifeAsync(_options.Name, Time.GetUtcNow(), cancellationToken).ConfigureAwait(false);
        Alarms alarms = new(Time, _scheduler);
        SiloLife life = null!;
        void Fenced(string reason) => OnFenced(life, reason);
        EngineServices services = new()
        {
            Options = _options,
            SiloNo = number,
            Store = Store,
            Scheduler = _scheduler,
            Time = Time,
            Ids = _ids,
            Committer = new Committer(Store, _scheduler, Time, _options.CommitBatchMax, _options.CommitLanes, _log, Fenced),
            Alarms = alarms,
            Bodies = new Bodies(_scheduler, Time, alarms, _options.BodiesMax, () => life.Cluster.MayAct),
            Transactions = new TransactionSlots(_scheduler, _options.TransactionsMax),
            InboxRoom = new InboxRoom(Store, _scheduler, alarms, Time, _log, _options.MailboxMax),
            Numbers = new RunNumbers(Store, number, _scheduler, Fenced),
            SavedFlows = new SavedFlows(Store, Time),
            Flows = Flows,
            Tasks = Tasks,
            Log = _log,
            Probe = Probe,
        };
        GrainTable grains = new(services, FindFlowAsync, _feed, () => life.Cluster) { OnFenced = Fenced };
        ICluster cluster = SharedStore is { } shared ? new DatabaseCluster(services, shared) : new SingleSilo(services);
        life = new SiloLife(services, grains, cluster, _feed, Fenced);
        _life = life;
        _log.LifeBegan(_options.Name, number, Store.Name);
        try
        {
            await cluster.JoinAsync(life, cancellationToken).ConfigureAwait(false);
            new Retention(services, _options.KeepEndedRuns is { } keep && keep < Retention.KeepMin ? Retention.KeepMin : _options.KeepEndedRuns, () => !life.IsReady).Start();
        }
        catch
        {
            bool fenced = !life.End();
            await cluster.DisposeAsync().ConfigureAwait(false);
            alarms.Dispose();
            if (fenced && SharedStore is not null)
            {
                // OnFenced was faster, and has another life begun: two at once must not be.
                return;
            }

            throw;
        }
    }

    // Here and now, and not on another thread as CancelAsync does.
    private void RequestStop() => _stopRequested.Cancel();

    private async Task DrainAsync()
    {
        RequestStop();
        if (_life is not { } life)
        {
            return;
        }

        EngineServices services = life.Services;
        bool alive = life.Close();
        life.Cluster.Retire();
        services.Bodies.Stop();
        IReadOnlyList<RunGrain> active = life.Grains.Stop();
        if (alive)
        {
            Task limit = Task.Delay(_options.DrainLimit, Time);
            await Task.WhenAny(services.Bodies.WhenIdleAsync(), limit).ConfigureAwait(false);
            foreach (RunGrain grain in active)
            {
                grain.StopBodies();
                grain.Drain();
            }

            // Releasing takes a commit; a store that does not answer must not keep the process from ending. What is not released is claimed from the dead life.
            await Task.WhenAny(life.Grains.WhenEmptyAsync(), Task.Delay(_options.DrainLimit, Time)).ConfigureAwait(false);
            await Task.WhenAny(services.Committer.WhenIdleAsync(), Task.Delay(_options.DrainLimit, Time)).ConfigureAwait(false);
        }

        life.End();
        try
        {
            await Store.EndLifeAsync(services.SiloNo, Time.GetUtcNow(), CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            _log.StoreReadRetried(e.Message);
        }

        await life.Cluster.DisposeAsync().ConfigureAwait(false);
        services.Alarms.Dispose();
        _log.LifeEnded(_options.Name, services.SiloNo, active.Count);
    }

    private void OnFenced(SiloLife life, string reason)
    {
        if (!life.End())
        {
            return;
        }

        _log.LifeOver(reason);
        if (SharedStore is not null)
        {
            _scheduler.Post(static state => _ = ((Rejoining)state!).RunAsync(), new Rejoining(this, life));
        }
    }

    /// <summary>A life that was ended by others is followed by a new one, as soon as nothing of the old one acts any more.</summary>
    private async Task RejoinAsync(SiloLife old)
    {
        await old.Cluster.DisposeAsync().ConfigureAwait(false);
        Task bodies = old.Services.Bodies.WhenIdleAsync();
        while (!bodies.IsCompleted && !_stopRequested.IsCancellationRequested)
        {
            await Task.WhenAny(bodies, Task.Delay(OldBodiesReport, Time, _stopRequested.Token)).ConfigureAwait(false);
            if (!bodies.IsCompleted)
            {
                _log.OldBodiesRun(old.Services.SiloNo);
            }
        }

        old.Services.Alarms.Dispose();
        for (TimeSpan delay = RejoinDelayMin; !_stopRequested.IsCancellationRequested; delay = delay < RejoinDelayMax ? delay * 2 : RejoinDelayMax)
        {
            try
            {
                await BeginLifeAsync(_stopRequested.Token).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (e is StoreException or UnavailableException)
            {
                _log.StoreReadRetried(e.Message);
                await Task.Delay(delay, Time, _stopRequested.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>The pinned definition of a run: registered, or stored YAML that is read again.</summary>
    private async ValueTask<(FlowDefinition? Definition, string? Missing)> FindFlowAsync(RunRow row, CancellationToken cancellationToken)
    {
        if (Flows.FindPinned(row.Flow, row.FlowVersion) is { } known)
        {
            return (known, null);
        }

        FlowRow? stored = await Store.GetFlowAsync(row.Tenant, row.Flow, row.FlowVersion, cancellationToken).ConfigureAwait(false);
        if (stored?.Source is { } source)
        {
            try
            {
                // A task that is gone fails its step when it comes to it; the rest of the flow may well do without.
                YamlFlowDefinition definition = YamlFlowDefinition.Parse(source, $"{row.Flow}.yaml", Tasks, checkTasks: false);
                Flows.Keep(definition);
                return (definition, null);
            }
            catch (FlowSyntaxException e)
            {
                return (null, $"The stored text of {row.Flow} {stored.Label ?? row.FlowVersion} cannot be read by this build: {e.Message}");
            }
        }

        return (null, $"No silo has {row.Flow} {stored?.Label ?? row.FlowVersion}. Register this version of the flow beside the newer one, then resume the run.");
    }

    private sealed record Rejoining(Silo Silo, SiloLife Old)
    {
        public Task RunAsync() => Silo.RejoinAsync(Old);
    }
}
