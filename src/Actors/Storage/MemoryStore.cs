namespace Actors.Storage;

/// <summary>What a test does to one commit of a <see cref="MemoryStore"/>.</summary>
public enum CommitFault
{
    None,

    /// <summary>Nothing is written; the caller gets <see cref="StoreFailure.Transient"/>.</summary>
    FailBefore,

    /// <summary>Everything is written; the caller gets <see cref="StoreFailure.UnknownOutcome"/>.</summary>
    LoseAnswer,
}

/// <summary>
/// The store of tests and samples: the full contract, kept in the memory of one process. Nothing survives the process; several silos of that
/// process may share one. Every call completes before it returns; one lock guards all. Disposing does nothing, so that the next silo of a test
/// finds what the last one wrote.
/// </summary>
public sealed partial class MemoryStore
{
    private readonly Lock _lock = new();

    private readonly Dictionary<RunId, MemoryRun> _runs = [];
    private readonly SortedDictionary<long, MemoryRun> _runsByNo = [];
    private readonly Dictionary<(string Tenant, string Key), MemoryRun> _runsByKey = [];

    // Runs that have not ended: what silos look through again and again.
    private readonly SortedDictionary<long, MemoryRun> _live = [];
    private readonly SortedSet<Reminder> _reminders = new(ReminderOrder.Instance);
    private readonly HashSet<string> _messageIds = [];
    private readonly Dictionary<HumanTaskId, HumanTaskRow> _humanTasks = [];
    private readonly Dictionary<(string Tenant, string Name, string Version), FlowRow> _flows = [];
    private readonly HashSet<long> _aliveSilos = [];
    private long _lastSilo;
    private long _nextRunNo = 1;

    public string Name => "memory";

    /// <summary>Asked before each commit what shall go wrong with it, outside the lock; null for nothing ever. For crash tests.</summary>
    public Func<IReadOnlyList<Transition>, CommitFault>? OnCommit { get; set; }

    public ValueTask<long> BeginLifeAsync(string siloName, DateTimeOffset at, CancellationToken cancellationToken) =>
        Locked(cancellationToken, (Store: this, Name: siloName, At: at), static ask =>
        {
            long silo = ++ask.Store._lastSilo;
            ask.Store._aliveSilos.Add(silo);
            ask.Store._silos.Add(silo, new MemorySilo(ask.Name, Stored(ask.At)));
            return silo;
        });

    public ValueTask EndLifeAsync(long silo, DateTimeOffset at, CancellationToken cancellationToken)
    {
        ValueTask<bool> ended = Locked(cancellationToken, (Store: this, Silo: silo, At: at), static ask => ask.Store.End(ask.Silo, ask.At));
        return ended.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(ended.AsTask());
    }

    public ValueTask<long> ReserveRunNumbersAsync(long silo, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return Locked(cancellationToken, (Store: this, Silo: silo, Count: count), static ask =>
        {
            ask.Store.RequireAlive(ask.Silo);
            long first = ask.Store._nextRunNo;
            ask.Store._nextRunNo += ask.Count;
            return first;
        });
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Gives tests the rows of a run as they lie, to break what no call can break.</summary>
    internal void Damage(RunId run, Action<List<JournalEntry>, List<InboxMessage>> damage)
    {
        lock (_lock)
        {
            MemoryRun found = _runs[run];
            List<JournalEntry> entries = [.. found.Entries.Select(entry => entry.Entry)];
            damage(entries, found.Inbox);
            found.Entries.Clear();
            found.Entries.AddRange(entries.Select(entry => new MemoryEntry(entry, null)));
        }
    }

    private bool End(long silo, DateTimeOffset at)
    {
        bool lived = _aliveSilos.Remove(silo);
        if (lived)
        {
            _silos[silo].EndedAt = Stored(at);
        }

        return lived;
    }

    private void RequireAlive(long silo)
    {
        if (!_aliveSilos.Contains(silo))
        {
            throw new StoreException(StoreFailure.Fenced, $"The life {silo} is over: it was ended, or never began. Nothing was written.");
        }
    }

    private ValueTask<TAnswer> Locked<TAsk, TAnswer>(CancellationToken cancellationToken, TAsk ask, Func<TAsk, TAnswer> answer)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<TAnswer>(cancellationToken);
        }

        try
        {
            lock (_lock)
            {
                return ValueTask.FromResult(answer(ask));
            }
        }
        catch (StoreException error)
        {
            return ValueTask.FromException<TAnswer>(error);
        }
    }

    // Databases keep milliseconds in UTC; so does this store, that a test finds the same here and there.
    private static DateTimeOffset Stored(DateTimeOffset at) => DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds());

    private static DateTimeOffset? Stored(DateTimeOffset? at) => at is { } some ? Stored(some) : null;

    private sealed class MemoryRun
    {
        public required RunRow Row { get; set; }
        public List<MemoryEntry> Entries { get; } = [];
        public Dictionary<string, Reminder> Reminders { get; } = [];
        public List<InboxMessage> Inbox { get; } = [];

        /// <summary>Position of the latest snapshot in <see cref="Entries"/>; 0 when there is none: loading begins with the first entry.</summary>
        public int LoadFrom { get; set; }

        /// <summary>The last transition without entries: it leaves no entry that could carry its id.</summary>
        public long? LastRowChange { get; set; }

        /// <summary>The newest journal version of the builds that have had the run in memory.</summary>
        public int JournalVersion { get; set; }

        /// <summary>See <see cref="LoadedRun.Adoptions"/>; with the number of the last outcome at that time.</summary>
        public (int Count, long At) Adoptions { get; set; }

        public int Trials { get; set; }

        public long LastSeq => Entries.Count == 0 ? 0 : Entries[^1].Entry.Seq;
    }

    // The transition's id is kept on its first entry only.
    private readonly record struct MemoryEntry(JournalEntry Entry, long? Transition);

    private sealed class ReminderOrder : IComparer<Reminder>
    {
        public static ReminderOrder Instance { get; } = new();

        public int Compare(Reminder x, Reminder y)
        {
            int order = x.DueAt.CompareTo(y.DueAt);
            order = order != 0 ? order : x.RunNo.CompareTo(y.RunNo);
            return order != 0 ? order : string.CompareOrdinal(x.Key, y.Key);
        }
    }
}
