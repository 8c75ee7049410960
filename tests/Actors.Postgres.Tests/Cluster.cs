using System.Text.Json;
using Actors.Flows;
using Actors.Runs;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging;

namespace Actors.Postgres.Tests;

/// <summary>Several silos in this process on one database: the in-memory one or PostgreSQL, where each has a store of its own.</summary>
internal sealed class Cluster(string storeName) : IAsyncDisposable
{
    // Only ends a test that hangs.
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly MemoryStore _memory = new() { IsShared = true };
    private readonly PostgresFixture _fixture = new();
    private readonly List<(Silo Silo, IStore Store)> _silos = [];
    private readonly LogCollector _logs = new();
    private bool _migrated;

    public static TheoryData<string> Stores => ["memory", "postgres"];

    public IReadOnlyList<string> Messages => _logs.Messages;

    /// <summary>Any of the stores: they show the same rows.</summary>
    public IStore Store => _silos[0].Store;

    /// <summary>
    /// Ticks are short, so that what ticks find is found soon. The lease is not: a silo that is killed is dead at once, since its session has ended, and one that a busy machine holds up must not be.
    /// </summary>
    public static SiloOptions Quick { get; } = new() { TickInterval = TimeSpan.FromMilliseconds(200), Lease = TimeSpan.FromSeconds(20) };

    public async Task<Silo> StartAsync(Action<FlowRegistry> flows, SiloOptions? options = null)
    {
        FlowRegistry registry = new();
        flows(registry);
        IStore store = storeName == "memory" ? _memory : await _fixture.OpenAsync(migrate: !_migrated);
        _migrated = true;
        Silo silo = new(options ?? Quick with { Name = $"silo-{_silos.Count}" }, store, registry, new TaskRegistry(), TimeProvider.System, _logs);
        _silos.Add((silo, store));
        await silo.StartAsync();
        return silo;
    }

    public static async Task<RunId> StartRunAsync(Silo silo, string flow, object? input = null) =>
        (await silo.StartRunAsync(new StartRun { Flow = flow, Input = JsonSerializer.SerializeToElement(input, FlowJson.Options) }, Caller.Local)).Run.Id;

    public static async Task<RunEvent> WhenAsync(Silo silo, RunId run, Func<RunEvent, bool> fits)
    {
        using CancellationTokenSource limit = new(Limit);
        await foreach (RunEvent happened in silo.WatchAsync(run, Caller.Local, 0, limit.Token))
        {
            if (fits(happened))
            {
                return happened;
            }
        }

        throw new InvalidOperationException("The run ended before the event came.");
    }

    public static async Task<HumanTaskId> WhenAskedAsync(Silo silo, RunId run) =>
        new((await WhenAsync(silo, run, static e => e.Type == RunEventTypes.HumanTaskOpened)).Detail!);

    public async Task<RunRow> RowAsync(RunId run) => (await Store.GetRunAsync(Caller.Local.Tenant, run, default))!;

    /// <summary>Polls the run's row: what others do to it tells nobody here.</summary>
    public Task<RunRow> WhenRowAsync(RunId run, Func<RunRow, bool> fits) => Poll.UntilAsync($"The row of {run}", () => RowAsync(run), fits, Tail);

    /// <summary>Waits until each silo knows all the others.</summary>
    public Task WhenAllSeeAllAsync() => Poll.UntilAsync("Each silo knows all the others", () => _silos.TrueForAll(s => s.Silo.Living.Count == _silos.Count), Tail);

    /// <summary>What the silos have logged last, for messages of failed tests.</summary>
    public string Tail() => string.Join('\n', Messages.TakeLast(40));

    /// <summary>Kills a silo like kill -9 does.</summary>
    public async Task KillAsync(Silo silo)
    {
        silo.Abandon();
        await Task.Yield();
    }

    public async ValueTask DisposeAsync()
    {
        foreach ((Silo silo, _) in _silos)
        {
            await silo.StopAsync().WaitAsync(Limit);
        }

        Assert.Empty(await Store.CheckInvariantsAsync(default));
        foreach ((_, IStore store) in _silos)
        {
            await store.DisposeAsync();
        }

        await _fixture.DisposeAsync();
    }

    private sealed class LogCollector : ILoggerFactory, ILogger
    {
        private readonly List<string> _messages = [];

        public IReadOnlyList<string> Messages
        {
            get
            {
                lock (_messages)
                {
                    return [.. _messages];
                }
            }
        }

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_messages)
            {
                _messages.Add($"{logLevel} {eventId.Id} {formatter(state, exception)} {exception?.Message}");
            }
        }
    }
}

/// <summary>A flow from a lambda.</summary>
internal sealed class CodeFlow<TIn, TOut>(string name, Func<IFlowContext, TIn, Task<TOut>> run) : Flow<TIn, TOut>
{
    public override string Name => name;

    public override Task<TOut> RunAsync(IFlowContext ctx, TIn input) => run(ctx, input);
}
