using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Actors.Storage;

namespace Actors.Runs;

/// <summary>
/// One scope of a walk, and the verbs as flow code calls them in it. Everything runs on the grain's own thread.
/// </summary>
internal sealed partial class FlowContext : IFlowContext
{
    private const int NameLengthMax = 100;
    private const int EventNameLengthMax = 200;

    // Every watcher is sent it.
    private const int EventBytesMax = 64 * 1024;

    // Entering a scope is a call within a call: without a bound, a flow that calls itself for ever would take the process with it.
    private const int DepthMax = 256;

    private static readonly SearchValues<char> Reserved = SearchValues.Create("/#[]%");

    private readonly FlowContext? _outer;
    private readonly int _depth;
    private readonly string _path;
    private readonly JournalNode _node;
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private readonly HashSet<Verb> _open = [];
    private readonly HashSet<FlowContext> _nested = [];
    private readonly List<CleanUpEntry> _cleanUps = [];
    private int _openCount;
    private bool _hadTwoOpen;
    private bool _shielded;
    private bool _over;
    private int _ids;
    private int _reports;
    private TaskCompletionSource? _quiet;
    private Random? _random;

    public FlowContext(RunGrain grain, FlowContext? outer, string path, JournalNode node, FlowState? basis = null)
    {
        Grain = grain;
        _outer = outer;
        _depth = outer is null ? 0 : outer._depth + 1;
        _path = path;
        _node = node;
        State = new FlowState(basis ?? outer?.State);
        outer?._nested.Add(this);
    }

    public RunGrain Grain { get; }

    public RunInfo Run => Grain.Info;

    /// <summary>What keys in here begin with; empty for the run's own scope.</summary>
    public string Path => _path;

    public DateTimeOffset Now => Grain.Now;

    public FlowState State { get; }

    public Random Random => _random ??= new SeededRandom(Derive("random"));

    /// <summary>What is to be undone when the run does not end well, in order of doing.</summary>
    public List<OpenCompensation> Compensations { get; } = [];

    public string? CancelReason { get; private set; }

    public bool TimedOut { get; private set; }

    /// <summary>The code in here has come to its end, though verbs that it left open may not have.</summary>
    public bool IsBodyOver { get; private set; }

    /// <summary>This scope has a limit, or had one when it was recorded.</summary>
    public bool HasLimit => _node.Find(JournalNode.LimitName) is not null;

    public bool IsCancelled => CancelReason is not null || (!_shielded && _outer is { IsCancelled: true });

    public Guid NewId()
    {
        Grain.CheckThread();
        byte[] hash = Derive($"id\n{++_ids}");
        // RFC 9562, version 8: a custom value with the version and variant bits set.
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true);
    }

    public void CleanUp(string name, Func<IFlowContext, Task> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        CheckName(name);
        if (Grain.CheckThread())
        {
            _cleanUps.Add(new CleanUpEntry(name, body, Grain.NextCleanUp()));
        }
    }

    public void Report(string message, double? progress = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (!Grain.CheckThread())
        {
            return;
        }

        string name = ++_reports == 1 ? "~report" : $"~report#{_reports}";
        JournalNode node = _node.GetOrAdd(name);
        if (node.Outcome is null && !IsCancelled)
        {
            double? share = progress is { } p && double.IsFinite(p) ? Math.Clamp(p, 0, 1) : null;
            Grain.Append(EntryKind.Reported, KeyOf(name), EntryBody.Write(new ReportedBody(Text.Shorten(message, 2000), share)), null, node);
        }
    }

    /// <summary>Gives the verb its key and opens it: towards its recorded outcome if there is one, else to act.</summary>
    public void Open(string name, Verb verb, bool isKeyed = false)
    {
        if (!Grain.CheckThread())
        {
            return;
        }

        if (_over)
        {
            // Its outcome stands for all that is beneath it, and no cancellation would reach the verb.
            Grain.Park("VerbOutsideFlow", $"'{KeyOf(name)}' was called on the context of '{_path}', but '{_path}' has ended. Use the context that belongs to the code that calls the verb.");
            return;
        }

        if (verb is ScopeVerb && _depth >= DepthMax && !_shielded)
        {
            throw new InvalidOperationException($"'{Text.Shorten(KeyOf(name), 200)}' is too deep: scopes, branches, items and iterations are at most {DepthMax} within each other. Use Call, or a Loop.");
        }

        int number = _names.GetValueOrDefault(name) + 1;
        _names[name] = number;
        bool others = _openCount > 0;
        if (number > 1 && (_hadTwoOpen || others))
        {
            Grain.Park(
                "AmbiguousStep",
                $"'{KeyOf(name)}' is used again in a scope that has had two verbs open at once, so its key would depend on which comes first. Give each its own name, or use Map with a key from the data.");
            return;
        }

        _hadTwoOpen |= others && verb is not TimerVerb { IsLimit: true };
        string segment = number == 1 ? name : $"{name}#{number}";
        Open(verb, isKeyed ? _path + segment : KeyOf(segment), _node.GetOrAdd(segment), number > 1);
    }

    /// <summary>Opens the verb of a loop's iteration, which records under the loop's own key.</summary>
    public void OpenProgress(ProgressVerb verb) => Attach(verb, _path, _node, false);

    public void OnClosed(Verb verb)
    {
        _open.Remove(verb);
        if (verb is ScopeVerb { Inner: { } inner })
        {
            _nested.Remove(inner);
        }

        Grain.OnVerbClosed(verb);
        // The limit of the scope itself is not counted: nothing waits for it.
        if (verb is not TimerVerb { IsLimit: true } && --_openCount == 0)
        {
            TaskCompletionSource? quiet = _quiet;
            _quiet = null;
            quiet?.SetResult();
        }
    }

    /// <summary>Cancels every verb in here and beneath that has no outcome; later ones throw at once.</summary>
    public void Cancel(string reason)
    {
        if (CancelReason is null || TimedOut)
        {
            TimedOut = false;
            CancelReason = reason;
            CancelOpen(reason);
        }
    }

    public void TimeOut(string reason)
    {
        if (!IsCancelled)
        {
            TimedOut = true;
            CancelReason = reason;
            CancelOpen(reason);
        }
    }

    /// <summary>
    /// Runs a body in this scope and waits for the verbs it left open; on failure these are cancelled first. Cancelled is true when the scope was cancelled from outside
    /// before the body ended, whatever the body made of it; TimedOut when it reached its limit before. What comes later changes neither.
    /// </summary>
    public async Task<(T? Value, FlowError? Error, bool Cancelled, bool TimedOut)> RunToEndAsync<T>(Func<FlowContext, Task<T>> body)
    {
        T? value = default;
        FlowError? error = null;
        try
        {
            value = await body(this);
        }
        catch (FlowCancelledException e)
        {
            error = new FlowError(ErrorTypes.Cancelled, e.Message);
        }
#pragma warning disable CA1031 // Whatever flow code throws is the scope's failure, which is data.
        catch (Exception e)
#pragma warning restore CA1031
        {
            error = FlowError.From(e);
        }

        IsBodyOver = true;
        (bool cancelled, bool timedOut) = (IsCancelled && !TimedOut, TimedOut);
        if (error is not null && !IsCancelled)
        {
            CancelReason = $"The scope failed: {error.Message}";
            CancelOpen(CancelReason);
        }

        while (_openCount > 0)
        {
            _quiet = new TaskCompletionSource();
            await _quiet.Task;
            // What waited for the last verb runs first: it may open another.
            await Task.Yield();
        }

        _over = true;
        return (value, error, cancelled, timedOut);
    }

    /// <summary>
    /// Takes over what a scope that was cancelled, and so leaves no entry, has to undo. Its clean-ups are done now, before what ended it goes on; when the whole run is cancelled, they are
    /// done together with those of all others.
    /// </summary>
    public async Task AdoptAsync(FlowContext inner)
    {
        if (inner._cleanUps.Count > 0 && !(Grain.IsRunCancelled && IsOutsideCleanUp))
        {
            await Grain.CleanUpAsync(inner.Shielded(), inner.TakeCleanUps(), []);
        }

        Compensations.AddRange(inner.Compensations);
        _cleanUps.AddRange(inner.TakeCleanUps());
    }

    /// <summary>The clean-ups that are in force, last registered first.</summary>
    public IReadOnlyList<CleanUpEntry> TakeCleanUps()
    {
        List<CleanUpEntry> all = [.. _cleanUps.OrderByDescending(c => c.Order)];
        _cleanUps.Clear();
        return all;
    }

    /// <summary>A context beside this one that the cancellation of the run does not reach: for clean-up.</summary>
    public FlowContext Shielded() => new(Grain, this, _path, _node) { _shielded = true };

    public FlowContext Nest(string bracket) => new(Grain, this, _path + bracket, _node.GetOrAdd(bracket));

    public void Unnest(FlowContext inner) => _nested.Remove(inner);

    private void Open(Verb verb, string key, JournalNode node, bool numbered)
    {
        Attach(verb, key, node, numbered);
        if (verb.Closed || Grain.IsClosed)
        {
            return;
        }

        LiveEntry? recorded = node.Outcome ?? node.Progress ?? node.Opened;
        if (recorded is not null && !verb.Owns(recorded.Kind))
        {
            Grain.Park("FlowChanged", $"The flow has changed: '{key}' is {verb.Noun} now, but the journal has an entry {recorded.Kind} under this key (number {recorded.Seq}). Deploy the version the run began with, or give the new verb another name.");
            return;
        }

        if (node.Outcome is null && recorded is not null)
        {
            verb.Restore();
        }

        if (node.Outcome is { } outcome)
        {
            verb.HasOutcome = true;
            Grain.Enqueue(verb, outcome);
        }
        else if (IsCancelled)
        {
            verb.CancelAtOnce(EffectiveReason);
        }
        else if (verb is ScopeVerb scope)
        {
            scope.Enter();
        }
        else
        {
            Grain.StartSoon(verb);
        }
    }

    private void Attach(Verb verb, string key, JournalNode node, bool numbered)
    {
        verb.Attach(this, key, node, numbered);
        _open.Add(verb);
        if (verb is not TimerVerb { IsLimit: true })
        {
            _openCount++;
        }

        Grain.OnVerbOpened(verb);
    }

    // Within a clean-up nothing of the run's cancellation is known.
    private bool IsOutsideCleanUp => !_shielded && (_outer is null || _outer.IsOutsideCleanUp);

    public string EffectiveReason => CancelReason ?? _outer?.EffectiveReason ?? "Cancelled.";

    private void CancelOpen(string reason)
    {
        foreach (Verb verb in _open.ToArray())
        {
            if (verb is { HasOutcome: false, Closed: false } and not ScopeVerb)
            {
                verb.Cancel(reason);
            }
        }

        foreach (FlowContext nested in _nested.ToArray())
        {
            if (!nested._shielded && nested.CancelReason is null)
            {
                nested.CancelOpen(reason);
            }
        }
    }

    private string KeyOf(string segment) => _path.Length == 0 ? segment : $"{_path}/{segment}";

    private static void CheckName(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (name.Length > NameLengthMax || name.AsSpan().ContainsAny(Reserved) || name[0] == '~' || name.Any(char.IsControl) || !IsUnicode(name))
        {
            throw new ArgumentException($"'{Text.Shorten(name, NameLengthMax)}' is not a name for a step: 1 to {NameLengthMax} characters, none of / # [ ] %, control characters or halves of a character, not beginning with ~.", nameof(name));
        }
    }

    // A key from the data may be anything: what has a meaning in keys is percent-encoded, and a long one is replaced by its hash.
    private static string Bracket(string key)
    {
        if (key.Length > NameLengthMax)
        {
            key = "~" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 16));
        }

        bool isUnicode = IsUnicode(key);
        if (key.AsSpan().ContainsAny(Reserved) || key.Any(char.IsControl) || !isUnicode)
        {
            StringBuilder escaped = new();
            foreach (char c in key)
            {
                // No database keeps half a character, as it is left when a text is cut in the middle of one.
                escaped.Append(Reserved.Contains(c) || char.IsControl(c) || (!isUnicode && char.IsSurrogate(c)) ? $"%{(int)c:X2}" : c.ToString());
            }

            key = escaped.ToString();
        }

        return $"[{key}]";
    }

    private static bool IsUnicode(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[++i])))
            {
                return false;
            }
        }

        return true;
    }

    private byte[] Derive(string what) => SHA256.HashData(Encoding.UTF8.GetBytes($"{Run.Id.Value}\n{_path}\n{what}"));

    private sealed class SeededRandom(byte[] seed) : Random(0)
    {
        // SplitMix64: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014. Ours, so that a change of the platform's Random cannot change a walk.
        private ulong _state = BitConverter.ToUInt64(seed);

        public override int Next() => (int)(NextBits() >> 33);

        public override int Next(int maxValue) => Next(0, maxValue);

        public override int Next(int minValue, int maxValue)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(maxValue, minValue);
            return (int)(minValue + (long)(Sample() * ((long)maxValue - minValue)));
        }

        public override long NextInt64() => (long)(NextBits() >> 1);

        public override long NextInt64(long maxValue) => NextInt64(0, maxValue);

        public override long NextInt64(long minValue, long maxValue) =>
            minValue >= maxValue ? minValue : minValue + (long)(NextBits() % (ulong)(maxValue - minValue));

        public override double NextDouble() => Sample();

        public override void NextBytes(byte[] buffer) => NextBytes(buffer.AsSpan());

        public override void NextBytes(Span<byte> buffer)
        {
            for (int i = 0; i < buffer.Length; i++)
            {
                buffer[i] = (byte)NextBits();
            }
        }

        protected override double Sample() => (NextBits() >> 11) * (1.0 / (1UL << 53));

        private ulong NextBits()
        {
            ulong z = _state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}

internal sealed record CleanUpEntry(string Name, Func<IFlowContext, Task> Body, long Order);
