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
    // How often runs that nobody holds are looked for, beside the moments when there is reason to.
    private static readonly TimeSpan RecoverEvery = TimeSpan.FromSeconds(10);
    private const int RecoverPage = 500;

    private readonly SiloOptions _options;
    private readonly EngineScheduler _scheduler;
    private readonly IdSource _ids;
    private readonly ILogger _log;
    private readonly RunFeed _feed = new();
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _lifeOver = new();
    private EngineServices? _services;
    private GrainTable? _grains;
    private ReminderFeed? _reminders;
    private Task? _stopping;
    private int _starting;
    private bool _recovering;
    private bool _recoverAgain;
    private volatile bool _mayHaveQueued;
    private volatile bool _ready;

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
    }

    /// <summary>Set before the start; null outside of tests.</summary>
    internal EngineProbe? Probe { get; init; }

    public FlowRegistry Flows { get; }

    public TaskRegistry Tasks { get; }

    public IStore Store { get; }

    public TimeProvider Time { get; }

    public SiloOptions Options => _options;

    /// <summary>True between the end of <see cref="StartAsync"/> and the beginning of <see cref="StopAsync"/>, while the life is alive.</summary>
    public bool IsReady => _ready;

    /// <summary>
    /// Why the database takes no commits now; null while it does. What was asked before waits and is not lost; what is asked meanwhile is refused with <see cref="UnavailableException"/>.
    /// </summary>
    public string? Trouble => _services?.Committer.Trouble;

    /// <summary>Grains in memory now.</summary>
    public int ActiveRuns => _grains?.Count ?? 0;

    /// <summary>Commits so far in this life: batches, transitions, journal entries.</summary>
    public (long Batches, long Transitions, long Entries) Commits =>
        _services is { Committer: var c } ? (c.Batches, c.Transitions, c.EntriesWritten) : default;

    /// <summary>The number of this life; 0 before the start.</summary>
    public long LifeNo => _services?.SiloNo ?? 0;

    /// <summary>Begins a life and takes in the runs that a dead life left behind. Call once.</summary>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (_services is not null)
        {
            throw new InvalidOperationException("A silo is started once.");
        }

        long life = await Store.BeginLifeAsync(_options.Name, Time.GetUtcNow(), cancellationToken).ConfigureAwait(false);
        Alarms alarms = new(Time, _scheduler);
        _services = new EngineServices
        {
            Options = _options,
            SiloNo = life,
            Store = Store,
            Scheduler = _scheduler,
            Time = Time,
            Ids = _ids,
            Committer = new Committer(Store, _scheduler, Time, _options.CommitBatchMax, _log, OnFenced),
            Alarms = alarms,
            Bodies = new Bodies(_scheduler, Time, alarms, _options.BodiesMax),
            Transactions = new TransactionSlots(_scheduler, _options.TransactionsMax),
            Numbers = new RunNumbers(Store, life, _scheduler, OnFenced),
            SavedFlows = new SavedFlows(Store, Time),
            Flows = Flows,
            Tasks = Tasks,
            Log = _log,
            Probe = Probe,
        };
        _grains = new GrainTable(_services, FindFlowAsync, _feed) { OnRoom = OnRoom, OnFenced = OnFenced };
        _reminders = new ReminderFeed(_services, run => _grains.Send(run, new WakeCommand()));
        _grains.OnReminders = _reminders.OnCommitted;
        _log.LifeBegan(_options.Name, life, Store.Name);
        _ready = true;
        await RecoverAsync().ConfigureAwait(false);
        _reminders.Start();
        RecoverLater();
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
        if (_ready)
        {
            _grains!.Send(message.Run, new MessageCommand(message));
        }
    }

    /// <summary>Leaves like a process that is killed: nothing is released, nothing is said to the store. For tests of recovery.</summary>
    public void Abandon()
    {
        _ready = false;
        _services?.Committer.Stop();
        _lifeOver.Cancel();
        _reminders?.Stop();
        _services?.Bodies.Stop();
        _grains?.DropAll();
        _services?.Alarms.Dispose();
        lock (_lock)
        {
            _stopping ??= Task.CompletedTask;
        }
    }

    private async Task DrainAsync()
    {
        if (_services is not { } services || _grains is not { } grains)
        {
            return;
        }

        bool alive = _ready;
        _ready = false;
        _reminders!.Stop();
        services.Bodies.Stop();
        IReadOnlyList<RunGrain> active = grains.Stop();
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
            await Task.WhenAny(grains.WhenEmptyAsync(), Task.Delay(_options.DrainLimit, Time)).ConfigureAwait(false);
            await Task.WhenAny(services.Committer.WhenIdleAsync(), Task.Delay(_options.DrainLimit, Time)).ConfigureAwait(false);
        }

        services.Committer.Stop();
        _lifeOver.Cancel();
        services.Alarms.Dispose();
        try
        {
            await Store.EndLifeAsync(services.SiloNo, Time.GetUtcNow(), CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            _log.StoreReadRetried(e.Message);
        }

        _log.LifeEnded(_options.Name, services.SiloNo, active.Count);
    }

    private void OnFenced()
    {
        _ready = false;
        _reminders!.Stop();
        _services!.Bodies.Stop();
        _grains!.DropAll();
        _lifeOver.Cancel();
    }

    private void RecoverLater()
    {
        if (_ready)
        {
            _services!.Alarms.Set(
                Time.GetUtcNow() + RecoverEvery,
                static self =>
                {
                    Silo silo = (Silo)self!;
                    _ = silo.RecoverAsync();
                    silo.RecoverLater();
                },
                this);
        }
    }

    private void OnRoom()
    {
        if (_mayHaveQueued && _ready)
        {
            _ = RecoverAsync();
        }
    }

    /// <summary>Takes in runs that are in nobody's memory, as far as there is room.</summary>
    private async Task RecoverAsync()
    {
        lock (_lock)
        {
            if (_recovering || !_ready)
            {
                _recoverAgain = true;
                return;
            }

            (_recovering, _recoverAgain) = (true, false);
        }

        try
        {
            int taken = 0;
            while (_ready)
            {
                int room = _options.ActiveRunsMax - _grains!.Count;
                if (room <= 0)
                {
                    _mayHaveQueued = true;
                    break;
                }

                IReadOnlyList<RunId> runs = await Store.FindRunnableAsync(Math.Min(room, RecoverPage), CancellationToken.None).ConfigureAwait(false);
                List<Task> arrivals = [];
                foreach (RunId run in runs)
                {
                    WakeCommand wake = new();
                    _grains.Send(run, wake);
                    arrivals.Add(wake.Done);
                }

                taken += runs.Count;
                await Task.WhenAll(arrivals).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (runs.Count == 0)
                {
                    _mayHaveQueued = false;
                    break;
                }

                if (arrivals.TrueForAll(a => a.IsFaulted))
                {
                    // Nothing could be taken in: whatever the reason, asking again at once would only turn in a circle.
                    break;
                }
            }

            if (taken > 0)
            {
                _log.RunsRecovered(taken);
            }
        }
        catch (StoreException e)
        {
            _log.StoreReadRetried(e.Message);
        }
        finally
        {
            bool again;
            lock (_lock)
            {
                _recovering = false;
                again = _recoverAgain && _mayHaveQueued;
            }

            if (again)
            {
                // A place became free, or a run was queued, while this round was ending.
                _scheduler.Post(static self => _ = ((Silo)self!).RecoverAsync(), this);
            }
        }
    }

    /// <summary>The pinned definition of a run: registered, or stored YAML that is read again.</summary>
    private async ValueTask<(FlowDefinition? Definition, string? Missing)> FindFlowAsync(RunRow row, CancellationToken cancellationToken)
    {
        if (Flows.Find(row.Flow, row.FlowVersion) is { } known && known.Version == row.FlowVersion)
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
                Flows.AddOld(definition);
                return (definition, null);
            }
            catch (FlowSyntaxException e)
            {
                return (null, $"The stored text of {row.Flow} {stored.Label ?? row.FlowVersion} cannot be read by this build: {e.Message}");
            }
        }

        return (null, $"No silo has {row.Flow} {stored?.Label ?? row.FlowVersion}. Register this version of the flow beside the newer one, then resume the run.");
    }
}
