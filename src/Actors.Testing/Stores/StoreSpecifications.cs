using System.Text;
using System.Text.Json;
using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>
/// The ground of all store specifications: an empty store with one life, and short ways to write runs into it. The classes that derive from this one are
/// the contract of <see cref="IStore"/> in tests; every store inherits every one of them.
/// </summary>
public abstract class StoreSpecifications(StoreFixture fixture) : IAsyncLifetime
{
    protected const string Tenant = "acme";

    private IStore? _store;
    private long _lastTransition = 1000;

    public StoreFixture Fixture { get; } = fixture;

    protected IStore Store => _store ?? throw new InvalidOperationException("The store is opened in InitializeAsync.");

    /// <summary>A life that began with the test.</summary>
    protected long Silo { get; private set; }

    public async Task InitializeAsync()
    {
        _store = await Fixture.CreateStoreAsync();
        Silo = await BeginLifeAsync("silo-a");
    }

    public async Task DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        await Fixture.DisposeAsync();
    }

    /// <summary>A fixed instant, so many minutes later.</summary>
    protected static DateTimeOffset At(double minutes = 0) => new DateTimeOffset(2026, 3, 4, 5, 6, 7, 890, TimeSpan.Zero).AddMinutes(minutes);

    protected async Task<long> BeginLifeAsync(string name) => await Store.BeginLifeAsync(name, At(), default);

    protected long NextTransition() => Interlocked.Increment(ref _lastTransition);

    /// <summary>The row of a run with a number of its own, not stored yet; vary it with <c>with</c>.</summary>
    protected async Task<RunRow> RowAsync(string id) => new()
    {
        Id = new RunId(id),
        No = await Store.ReserveRunNumbersAsync(Silo, 1, default),
        Tenant = Tenant,
        Principal = "ann",
        Flow = "refund",
        FlowVersion = "v1",
        Status = RunStatus.Running,
        Owner = Silo,
        CreatedAt = At(),
        UpdatedAt = At(),
    };

    protected Transition Begin(RunRow row, long? silo = null, long? id = null, RunChange? change = null) => new()
    {
        Id = id ?? NextTransition(),
        Silo = silo ?? Silo,
        Run = row.Id,
        RunNo = row.No,
        ExpectedSeq = 0,
        Start = row,
        Change = change,
        Entries = [Entry(1, EntryKind.RunStarted, "")],
    };

    /// <summary>Starts a run: its journal has one entry then.</summary>
    protected async Task<RunRow> StartAsync(string id, Func<RunRow, RunRow>? vary = null)
    {
        RunRow row = await RowAsync(id);
        row = vary?.Invoke(row) ?? row;
        await CommittedAsync(Begin(row));
        return row;
    }

    protected static JournalEntry Entry(long seq, EntryKind kind = EntryKind.StepCompleted, string key = "charge", string body = "done") =>
        new(seq, kind, 1, key, At(seq), Encoding.UTF8.GetBytes(body));

    protected static InboxMessage Message(RunRow to, string id, string key = "paid", string body = "hello") =>
        new(id, to.Id, to.No, InboxKind.Signal, key, Encoding.UTF8.GetBytes(body), "ben", At());

    protected static Reminder Reminder(RunRow run, string key, double minutes) => new(run.Id, run.No, key, At(minutes));

    protected static HumanTaskRow HumanTask(RunRow run, string id, params string[] candidates) => new()
    {
        Id = new HumanTaskId(id),
        Run = run.Id,
        RunNo = run.No,
        Tenant = run.Tenant,
        Flow = run.Flow,
        Key = "approve",
        Title = "Refund 12 €?",
        Decisions = ["approve", "reject"],
        Candidates = candidates,
        Status = HumanTaskStatus.Open,
        CreatedAt = At(),
    };

    protected static HumanTaskClosing Answer(string id, string by = "ann") => new(new HumanTaskId(id), HumanTaskStatus.Answered, At(9), by, "approve", "fine");

    protected static RunChange Becomes(RunStatus status, string? why = null, bool release = false) =>
        new() { Status = status, Why = why, Release = release, At = At(30) };

    /// <summary>One transition of a run. Unless given, it has one step entry.</summary>
    protected Transition Next(
        RunRow run,
        long expectedSeq,
        RunChange? change = null,
        IReadOnlyList<JournalEntry>? entries = null,
        IReadOnlyList<ChildStart>? children = null,
        IReadOnlyList<Reminder>? set = null,
        IReadOnlyList<string>? cleared = null,
        IReadOnlyList<HumanTaskRow>? opened = null,
        IReadOnlyList<HumanTaskClosing>? closed = null,
        IReadOnlyList<InboxMessage>? messages = null,
        IReadOnlyList<string>? consumed = null,
        long? silo = null,
        long? id = null) => new()
        {
            Id = id ?? NextTransition(),
            Silo = silo ?? Silo,
            Run = run.Id,
            RunNo = run.No,
            ExpectedSeq = expectedSeq,
            Entries = entries ?? [Entry(expectedSeq + 1)],
            Change = change,
            Children = children ?? [],
            RemindersSet = set ?? [],
            RemindersCleared = cleared ?? [],
            HumanTasksOpened = opened ?? [],
            HumanTasksClosed = closed ?? [],
            Messages = messages ?? [],
            MessagesConsumed = consumed ?? [],
        };

    /// <summary>A change of the row alone.</summary>
    protected Transition RowOnly(RunRow run, long expectedSeq, RunChange change, long? silo = null, long? id = null) =>
        Next(run, expectedSeq, change, entries: [], silo: silo, id: id);

    protected async Task<CommitOutcome> CommitAsync(Transition transition) => Assert.Single(await Store.CommitAsync([transition], default));

    protected async Task<IReadOnlyList<CommitStatus>> CommitAllAsync(params Transition[] batch) =>
        [.. (await Store.CommitAsync(batch, default)).Select(outcome => outcome.Status)];

    protected async Task CommittedAsync(params Transition[] batch)
    {
        foreach (CommitOutcome outcome in await Store.CommitAsync(batch, default))
        {
            Assert.Equal(new CommitOutcome(CommitStatus.Committed), outcome);
        }
    }

    protected async Task<StoreException> FailsAsync(StoreFailure kind, Func<Task> act)
    {
        StoreException error = await Assert.ThrowsAsync<StoreException>(act);
        Assert.Equal(kind, error.Kind);
        return error;
    }

    protected async Task<RunRow> GetAsync(RunRow run)
    {
        RunRow? row = await Store.GetRunAsync(run.Tenant, run.Id, default);
        Assert.NotNull(row);
        return row;
    }

    protected async Task<IReadOnlyList<JournalEntry>> JournalAsync(RunRow run) => await Store.ReadJournalAsync(run.Tenant, run.Id, 0, 10_000, default);

    protected async Task<LoadedRun?> ClaimAsync(RunRow run, long? silo = null) => Assert.Single(await Store.ClaimAsync(silo ?? Silo, [run.Id], default));

    /// <summary>The ids in the run's inbox, read by claiming it.</summary>
    protected async Task<IReadOnlyList<string>> InboxAsync(RunRow run)
    {
        LoadedRun? loaded = await ClaimAsync(run);
        Assert.NotNull(loaded);
        return [.. loaded.Inbox.Select(message => message.Id)];
    }

    protected async Task<IReadOnlyList<string>> ReminderKeysAsync() =>
        [.. (await Store.FindRemindersAsync(At(1_000_000), null, 1000, default)).Select(reminder => $"{reminder.Run}/{reminder.Key}")];

    /// <summary>Everything that can be read about a run, as text: two equal texts mean that nothing changed.</summary>
    protected async Task<string> SeeAsync(RunRow run)
    {
        StringBuilder text = new();
        text.AppendLine(JsonSerializer.Serialize(await Store.GetRunAsync(run.Tenant, run.Id, default)));
        text.AppendLine(JsonSerializer.Serialize(await JournalAsync(run)));
        text.AppendLine(JsonSerializer.Serialize(await Store.ListHumanTasksAsync(new HumanTaskQuery { Tenant = run.Tenant, Run = run.Id }, default)));
        text.AppendLine(JsonSerializer.Serialize((await Store.FindRemindersAsync(At(1_000_000), null, 1000, default)).Where(reminder => reminder.Run == run.Id)));
        text.AppendLine(JsonSerializer.Serialize(await Store.ListRunsAsync(new RunQuery { Tenant = run.Tenant, Parent = run.Id }, default)));
        return text.ToString();
    }

    protected static string BodyOf(JournalEntry entry) => Encoding.UTF8.GetString(entry.Payload.Span);
}
