using System.Buffers;
using System.Text;
using System.Text.Json;
using Actors.Storage;

namespace Actors.Runs;

/// <summary>
/// A run's live set: of the whole journal, the entries that nothing has superseded, as a tree by key. It is built from the stored entries at activation and kept up with each commit.
/// What supersedes what: an outcome everything beneath its key and what its own key recorded before; an iteration of a loop everything beneath the loop but its limit, and the iteration before.
/// </summary>
internal sealed class JournalIndex
{
    /// <summary>Ids of signals that are remembered to recognise a repetition; beyond it the oldest are forgotten.</summary>
    public const int SignalIdsMax = 10_000;

    // Below this many entries a snapshot saves less than it costs.
    private const int SnapshotEntriesMin = 100;

    private readonly HashSet<string> _signalIds = new(StringComparer.Ordinal);
    private readonly Queue<string> _signalIdOrder = new();
    private readonly Dictionary<string, Queue<LiveEntry>> _signals = new(StringComparer.Ordinal);
    private int _sinceSnapshot;

    public JournalNode Root { get; } = new();

    /// <summary>The number of the last committed entry.</summary>
    public long LastSeq { get; private set; }

    public LiveEntry? Started { get; private set; }

    public LiveEntry? CancelRequested { get; private set; }

    /// <summary>The run's final entry; null while it lives.</summary>
    public LiveEntry? Final { get; private set; }

    public int SignalsKept { get; private set; }

    public int LiveCount => Root.Count + SignalsKept + 1 + (CancelRequested is null ? 0 : 1);

    /// <summary>True when reading the journal from here would cost more than twice the live set (design §4, rule 6).</summary>
    public bool WantsSnapshot => _sinceSnapshot > Math.Max(2 * LiveCount, SnapshotEntriesMin);

    /// <summary>Takes in the next entry; gives it as it is live, or null for a snapshot, which only stands for others.</summary>
    public LiveEntry? Apply(in JournalEntry entry, JournalNode? node = null)
    {
        LastSeq = entry.Seq;
        _sinceSnapshot++;
        if (entry.Kind == EntryKind.Snapshot)
        {
            Restore(entry);
            return null;
        }

        LiveEntry live = new(entry);
        Add(live, node);
        return live;
    }

    /// <summary>The oldest kept signal of this name that is not in <paramref name="taken"/>; null when there is none.</summary>
    public LiveEntry? FindSignal(string name, HashSet<long> taken) =>
        _signals.TryGetValue(name, out Queue<LiveEntry>? queue) ? queue.FirstOrDefault(s => !taken.Contains(s.Seq)) : null;

    public bool HasSignalId(string id) => _signalIds.Contains(id);

    /// <summary>The node of a key; null when nothing of it is live.</summary>
    public JournalNode? Find(string key)
    {
        JournalNode? node = Root;
        foreach (Range range in JournalNode.Split(key))
        {
            node = node.Find(key.AsSpan(range));
            if (node is null)
            {
                return null;
            }
        }

        return node;
    }

    public JournalNode GetOrAdd(string key)
    {
        JournalNode node = Root;
        foreach (Range range in JournalNode.Split(key))
        {
            node = node.GetOrAdd(key.AsSpan(range));
        }

        return node;
    }

    /// <summary>The live set as the payload of a snapshot entry: number of entries, the entries, number of signal ids, the ids; all numbers as 7-bit varints.</summary>
    public ReadOnlyMemory<byte> WriteSnapshot()
    {
        List<LiveEntry> live = [];
        Root.Collect(live);
        live.Add(Started!);
        if (CancelRequested is not null)
        {
            live.Add(CancelRequested);
        }

        foreach (Queue<LiveEntry> queue in _signals.Values)
        {
            live.AddRange(queue);
        }

        live.Sort(static (a, b) => a.Seq.CompareTo(b.Seq));
        using MemoryStream stream = new();
        using (BinaryWriter writer = new(stream, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write7BitEncodedInt(live.Count);
            foreach (LiveEntry entry in live)
            {
                writer.Write7BitEncodedInt64(entry.Seq);
                writer.Write((byte)entry.Kind);
                writer.Write(entry.Version);
                writer.Write(entry.Key);
                writer.Write7BitEncodedInt64(entry.At.ToUnixTimeMilliseconds());
                writer.Write7BitEncodedInt(entry.Payload.Length);
                writer.Write(entry.Payload.Span);
            }

            writer.Write7BitEncodedInt(_signalIdOrder.Count);
            foreach (string id in _signalIdOrder)
            {
                writer.Write(id);
            }
        }

        return Payload.Encode(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    /// <summary>The entries inside a snapshot, for readers of a journal that begins with one.</summary>
    public static IReadOnlyList<JournalEntry> ReadSnapshot(in JournalEntry snapshot) => ReadSnapshot(snapshot, out _);

    private static List<JournalEntry> ReadSnapshot(in JournalEntry snapshot, out List<string> signalIds)
    {
        if (snapshot.Version != EntryBody.Version)
        {
            throw new InvalidDataException($"A snapshot has version {snapshot.Version}; this build reads version {EntryBody.Version}.");
        }

        ReadOnlyMemory<byte> body = Payload.Decode(snapshot.Payload);
        using MemoryStream stream = new(body.ToArray());
        using BinaryReader reader = new(stream, Encoding.UTF8);
        int count = reader.Read7BitEncodedInt();
        List<JournalEntry> entries = new(count);
        for (int i = 0; i < count; i++)
        {
            long seq = reader.Read7BitEncodedInt64();
            EntryKind kind = (EntryKind)reader.ReadByte();
            byte version = reader.ReadByte();
            string key = reader.ReadString();
            DateTimeOffset at = DateTimeOffset.FromUnixTimeMilliseconds(reader.Read7BitEncodedInt64());
            int length = reader.Read7BitEncodedInt();
            entries.Add(new JournalEntry(seq, kind, version, key, at, reader.ReadBytes(length)));
        }

        signalIds = [];
        for (int left = reader.Read7BitEncodedInt(); left > 0; left--)
        {
            signalIds.Add(reader.ReadString());
        }

        return entries;
    }

    private void Restore(in JournalEntry snapshot)
    {
        // On a living grain the set is already what the snapshot holds.
        _sinceSnapshot = 0;
        if (Started is not null)
        {
            return;
        }

        List<JournalEntry> entries = ReadSnapshot(snapshot, out List<string> signalIds);
        foreach (JournalEntry entry in entries)
        {
            Add(new LiveEntry(entry), null);
        }

        foreach (string id in signalIds)
        {
            Remember(id);
        }
    }

    private void Add(LiveEntry entry, JournalNode? node)
    {
        switch (entry.Kind)
        {
            case EntryKind.RunStarted:
                Started = entry;
                break;
            case EntryKind.CancelRequested:
                CancelRequested ??= entry;
                break;
            case EntryKind.RunCompleted or EntryKind.RunFailed or EntryKind.RunCancelled:
                Final = entry;
                break;
            case EntryKind.Parked or EntryKind.Resumed:
                break;
            case EntryKind.SignalReceived:
                AddSignal(entry);
                break;
            case EntryKind.StepStarted or EntryKind.AttemptFailed:
                (node ?? GetOrAdd(entry.Key)).SetProgress(entry);
                break;
            case EntryKind.TimerSet or EntryKind.AskOpened or EntryKind.WaitOpened or EntryKind.ChildStarted:
                (node ?? GetOrAdd(entry.Key)).SetOpened(entry);
                break;
            case EntryKind.ScopeProgress:
                (node ?? GetOrAdd(entry.Key)).SetIteration(entry);
                break;
            case EntryKind.WaitCompleted:
                TakeSignal(entry);
                (node ?? GetOrAdd(entry.Key)).SetOutcome(entry);
                break;
            default:
                if (!Enum.IsDefined(entry.Kind))
                {
                    throw new InvalidDataException($"The journal has an entry of kind {(byte)entry.Kind}, which this build does not know: it was written by a newer version.");
                }

                (node ?? GetOrAdd(entry.Key)).SetOutcome(entry);
                break;
        }
    }

    private void AddSignal(LiveEntry entry)
    {
        SignalReceivedBody body = EntryBody.Read<SignalReceivedBody>(entry.Payload);
        if (!_signals.TryGetValue(body.Name, out Queue<LiveEntry>? queue))
        {
            _signals.Add(body.Name, queue = new Queue<LiveEntry>());
        }

        queue.Enqueue(entry);
        SignalsKept++;
        if (body.Id is not null)
        {
            Remember(body.Id);
        }
    }

    // A signal is always taken from the head of its queue, so the head is the one unless it was taken before the snapshot.
    private void TakeSignal(LiveEntry entry)
    {
        long seq = EntryBody.Read<WaitCompletedBody>(entry.Payload).SignalSeq;
        foreach ((string name, Queue<LiveEntry> queue) in _signals)
        {
            if (queue.Peek().Seq == seq)
            {
                queue.Dequeue();
                SignalsKept--;
                if (queue.Count == 0)
                {
                    _signals.Remove(name);
                }

                return;
            }
        }
    }

    private void Remember(string id)
    {
        if (_signalIds.Add(id))
        {
            _signalIdOrder.Enqueue(id);
            if (_signalIdOrder.Count > SignalIdsMax)
            {
                _signalIds.Remove(_signalIdOrder.Dequeue());
            }
        }
    }
}

/// <summary>One entry that is live.</summary>
internal sealed class LiveEntry(in JournalEntry entry)
{
    public long Seq { get; } = entry.Seq;
    public EntryKind Kind { get; } = entry.Kind;
    public byte Version { get; } = entry.Version;
    public string Key { get; } = entry.Key;
    public DateTimeOffset At { get; } = entry.At;
    public ReadOnlyMemory<byte> Payload { get; } = entry.Payload;
}

/// <summary>What is live under one key. A key is segments parted by <c>/</c>; a segment in brackets is one of its own: <c>items[3]/reserve</c> is items, [3], reserve.</summary>
internal sealed class JournalNode
{
    /// <summary>The segment under which a scope keeps the timer of its limit.</summary>
    public const string LimitName = "~limit";

    private static readonly SearchValues<char> Boundaries = SearchValues.Create("/[");

    private Dictionary<string, JournalNode>? _children;
    private JournalNode? _parent;

    /// <summary>Live entries here and beneath.</summary>
    public int Count { get; private set; }

    /// <summary>A timer, question, wait or child that has begun.</summary>
    public LiveEntry? Opened { get; private set; }

    /// <summary>The last attempt or iteration.</summary>
    public LiveEntry? Progress { get; private set; }

    public LiveEntry? Outcome { get; private set; }

    /// <summary>For a loop: what all its iterations so far have written and left to undo. Kept apart from the entry, which holds only its own iteration's part.</summary>
    public Dictionary<string, JsonElement>? IterationState { get; private set; }

    public List<OpenCompensation>? IterationCompensations { get; private set; }

    public IReadOnlyCollection<JournalNode> Children => _children is null ? [] : _children.Values;

    public static RangeEnumerator Split(string key) => new(key);

    public JournalNode? Find(ReadOnlySpan<char> segment) =>
        _children is not null && _children.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(segment, out JournalNode? node) ? node : null;

    public JournalNode GetOrAdd(ReadOnlySpan<char> segment)
    {
        _children ??= new(StringComparer.Ordinal);
        Dictionary<string, JournalNode>.AlternateLookup<ReadOnlySpan<char>> lookup = _children.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!lookup.TryGetValue(segment, out JournalNode? node))
        {
            node = new JournalNode { _parent = this };
            lookup[segment] = node;
        }

        return node;
    }

    public void SetOpened(LiveEntry entry)
    {
        Add(Opened is null ? 1 : 0);
        Opened = entry;
    }

    public void SetProgress(LiveEntry entry)
    {
        Add(Progress is null ? 1 : 0);
        Progress = entry;
    }

    public void SetIteration(LiveEntry entry)
    {
        // The limit of the loop is no part of an iteration: it began with the first and goes on.
        JournalNode? limit = Find(LimitName);
        RemoveChildren();
        Keep(limit);
        SetProgress(entry);
        ScopeEndedBody body = EntryBody.Read<ScopeEndedBody>(entry.Payload);
        foreach ((string name, JsonElement value) in body.State ?? System.Collections.Immutable.ImmutableDictionary<string, JsonElement>.Empty)
        {
            (IterationState ??= new(StringComparer.Ordinal))[name] = value;
        }

        if (body.Compensations is { Count: > 0 } compensations)
        {
            (IterationCompensations ??= []).AddRange(compensations);
        }
    }

    public void SetOutcome(LiveEntry entry)
    {
        RemoveChildren();
        Add((Outcome is null ? 1 : 0) - (Opened is null ? 0 : 1) - (Progress is null ? 0 : 1));
        Opened = null;
        Progress = null;
        IterationState = null;
        IterationCompensations = null;
        Outcome = entry;
    }

    public void Collect(List<LiveEntry> live)
    {
        if (Outcome is not null)
        {
            live.Add(Outcome);
        }

        if (Opened is not null)
        {
            live.Add(Opened);
        }

        if (Progress is not null)
        {
            live.Add(IterationState is null && IterationCompensations is null ? Progress : MergedProgress());
        }

        foreach (JournalNode child in _children?.Values ?? Enumerable.Empty<JournalNode>())
        {
            child.Collect(live);
        }
    }

    // In a snapshot the entries of earlier iterations are gone, so the last one must carry what they left.
    private LiveEntry MergedProgress()
    {
        ScopeEndedBody body = EntryBody.Read<ScopeEndedBody>(Progress!.Payload) with { State = IterationState, Compensations = IterationCompensations };
        return new LiveEntry(new JournalEntry(Progress.Seq, Progress.Kind, Progress.Version, Progress.Key, Progress.At, EntryBody.Write(body)));
    }

    private void Keep(JournalNode? child)
    {
        if (child is not null)
        {
            child._parent = this;
            (_children ??= new(StringComparer.Ordinal)).Add(LimitName, child);
            Add(child.Count);
        }
    }

    private void RemoveChildren()
    {
        if (_children is null)
        {
            return;
        }

        int removed = 0;
        foreach (JournalNode child in _children.Values)
        {
            removed += child.Count;
            child._parent = null;
        }

        _children = null;
        Add(-removed);
    }

    private void Add(int change)
    {
        for (JournalNode? node = this; node is not null && change != 0; node = node._parent)
        {
            node.Count += change;
        }
    }

    public ref struct RangeEnumerator(string key)
    {
        private int _next;

        public Range Current { get; private set; }

        public readonly RangeEnumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_next >= key.Length)
            {
                return false;
            }

            int start = key[_next] == '/' ? _next + 1 : _next;
            int end = key.AsSpan(start + 1 <= key.Length ? start + 1 : start).IndexOfAny(Boundaries);
            _next = end < 0 ? key.Length : start + 1 + end;
            Current = start.._next;
            return true;
        }
    }
}
