using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Testing;

/// <summary>
/// Records what was committed and what flow code was given, and walks a run again from each of its commits. It stands between the silo and its store.
/// </summary>
internal sealed class WalkRecorder(IStore inner) : DelegatingStore(inner)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<RunId, List<Transition>> _transitions = [];
    private readonly Dictionary<RunId, List<Walk>> _walks = [];

    private WalkProbe? _probe;

    public IStore Inner { get; } = inner;

    /// <summary>Tells the recorder what flow code is given.</summary>
    public EngineProbe Probe => _probe ??= new WalkProbe(this);

    private void OnWalk(RunId run)
    {
        lock (_lock)
        {
            if (!_walks.TryGetValue(run, out List<Walk>? walks))
            {
                _walks.Add(run, walks = []);
            }

            walks.Add(new Walk());
        }
    }

    private void OnDelivered(RunId run, long seq, string key)
    {
        lock (_lock)
        {
            _walks[run][^1].Delivered.Add((seq, key));
        }
    }

    public override async ValueTask<IReadOnlyList<CommitOutcome>> CommitAsync(IReadOnlyList<Transition> batch, CancellationToken cancellationToken)
    {
        IReadOnlyList<CommitOutcome> outcomes = await Inner.CommitAsync(batch, cancellationToken);
        lock (_lock)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                if (outcomes[i].Status != CommitStatus.Committed || batch[i].Entries.Count == 0)
                {
                    continue;
                }

                Of(batch[i].Run).Add(batch[i]);
                foreach (ChildStart child in batch[i].Children)
                {
                    Of(child.Row.Id).Add(new Transition
                    {
                        Id = batch[i].Id, Silo = batch[i].Silo, Run = child.Row.Id, RunNo = child.Row.No, ExpectedSeq = 0, Entries = [child.First], Start = child.Row,
                    });
                }
            }
        }

        return outcomes;
    }

    /// <exception cref="ActorsTestException">A walk was given something else, or in another order, or began a step that has an outcome.</exception>
    public async Task RewalkAsync(RunId run, RunRow row, FlowRegistry flows, TaskRegistry tasks, ActorsTestOptions options)
    {
        List<Transition> transitions;
        List<(long Seq, string Key)> delivered;
        lock (_lock)
        {
            transitions = [.. Of(run)];
            List<Walk> walks = _walks.GetValueOrDefault(run) ?? [];
            // Of several walks each knows what came after its beginning: together they are the order in which everything came.
            delivered = [.. walks.SelectMany(w => w.Delivered).DistinctBy(d => d.Seq).OrderBy(d => d.Seq)];
            foreach (Walk walk in walks)
            {
                if (!walk.Delivered.SequenceEqual(walk.Delivered.OrderBy(d => d.Seq)))
                {
                    throw new ActorsTestException($"Outcomes of run {run} were delivered out of order: {string.Join(", ", walk.Delivered)}.");
                }
            }
        }

        JournalEntry[] journal = [.. transitions.SelectMany(t => t.Entries)];
        for (int count = 1; count <= transitions.Count; count++)
        {
            JournalEntry[] prefix = [.. transitions.Take(count).SelectMany(t => t.Entries)];
            if (prefix[^1].Kind is EntryKind.RunCompleted or EntryKind.RunFailed or EntryKind.RunCancelled or EntryKind.Parked)
            {
                continue;
            }

            Rewalk walk = new(prefix[^1].Seq, run);
            await walk.RunAsync(transitions.Take(count), run, row, flows, tasks, options);
            (long, string)[] expected = [.. delivered.Where(d => d.Seq <= prefix[^1].Seq && !IsSuperseded(d, prefix))];
            if (!expected.SequenceEqual(walk.Delivered))
            {
                throw new ActorsTestException(
                    $"The walk of run {run} from entry {prefix[^1].Seq} of {journal.Length} is not what came first. Expected: {string.Join(", ", expected)}. Delivered: {string.Join(", ", walk.Delivered)}.");
            }

            foreach ((string step, int after) in walk.Begun)
            {
                if (after < walk.Delivered.Count)
                {
                    throw new ActorsTestException($"The walk of run {run} from entry {prefix[^1].Seq} would begin '{step}' after {after} of {walk.Delivered.Count} recorded outcomes.");
                }

                if (Array.Exists(prefix, e => e.Key == step && e.Kind is EntryKind.StepCompleted or EntryKind.StepFailed or EntryKind.StepCancelled && e.Key == step))
                {
                    throw new ActorsTestException($"The walk of run {run} from entry {prefix[^1].Seq} would run '{step}' again, which has an outcome.");
                }
            }
        }
    }

    // Beneath a composite that has ended, or an iteration that a later one has superseded, nothing is delivered any more.
    private static bool IsSuperseded((long Seq, string Key) outcome, JournalEntry[] prefix) => Array.Exists(prefix, e =>
        e.Seq > outcome.Seq
        && e.Kind is EntryKind.ScopeCompleted or EntryKind.ScopeFailed or EntryKind.ScopeProgress
        && e.Seq > outcome.Seq
        && (outcome.Key == e.Key || outcome.Key.StartsWith(e.Key + "/", StringComparison.Ordinal) || outcome.Key.StartsWith(e.Key + "[", StringComparison.Ordinal)));

    private List<Transition> Of(RunId run)
    {
        if (!_transitions.TryGetValue(run, out List<Transition>? list))
        {
            _transitions.Add(run, list = []);
        }

        return list;
    }

    private sealed class WalkProbe(WalkRecorder recorder) : EngineProbe
    {
        public override void OnWalk(RunId run) => recorder.OnWalk(run);

        public override void OnDelivered(RunId run, long seq, string key) => recorder.OnDelivered(run, seq, key);

        public override bool MayRun(RunId run, string step) => true;
    }

    private sealed class Walk
    {
        public List<(long Seq, string Key)> Delivered { get; } = [];
    }

    /// <summary>One walk over the entries up to a commit, on a silo and a store of its own, at the time of that commit.</summary>
    /// <param name="walked">Other runs, which its walk may start, are not looked at.</param>
    private sealed class Rewalk(long limit, RunId walked) : EngineProbe
    {
        public List<(long Seq, string Key)> Delivered { get; } = [];

        /// <summary>Steps that would have run, with the number of outcomes that had been delivered by then.</summary>
        public List<(string Step, int After)> Begun { get; } = [];

        public override void OnWalk(RunId run)
        {
        }

        public override void OnDelivered(RunId run, long seq, string key)
        {
            if (seq <= limit && run == walked)
            {
                lock (Delivered)
                {
                    Delivered.Add((seq, key));
                }
            }
        }

        public override bool MayRun(RunId run, string step)
        {
            if (run == walked)
            {
                lock (Delivered)
                {
                    Begun.Add((step, Delivered.Count));
                }
            }

            return false;
        }

        public async Task RunAsync(IEnumerable<Transition> transitions, RunId run, RunRow row, FlowRegistry flows, TaskRegistry tasks, ActorsTestOptions options)
        {
            MemoryStore store = new();
            long life = await store.BeginLifeAsync("first", row.CreatedAt, default);
            DateTimeOffset at = row.CreatedAt;
            foreach (Transition transition in transitions)
            {
                await store.CommitAsync([Copy(transition, life)], default);
                at = transition.Entries[^1].At;
            }

            // No run waits here for its owner's release: it is taken over from a dead life.
            await store.EndLifeAsync(life, at, default);
            TrackedScheduler scheduler = new();
            Silo silo = new(options.Silo with { Name = "rewalk" }, store, flows, tasks, new VirtualTime(at), NullLoggerFactory.Instance, scheduler, new IdSource()) { Probe = this };
            await silo.StartAsync();
            await scheduler.WhenIdleAsync().WaitAsync(options.Limit);
            silo.Abandon();
            await scheduler.WhenIdleAsync().WaitAsync(options.Limit);
        }

        private static Transition Copy(Transition transition, long life) => new()
        {
            Id = transition.Id,
            Silo = life,
            Run = transition.Run,
            RunNo = transition.RunNo,
            ExpectedSeq = transition.ExpectedSeq,
            Entries = transition.Entries,
            Start = transition.Start is { } start ? start with { Owner = life, Status = RunStatus.Running } : null,
            // The walk is what is looked at: the run must be taken in, whatever it waited for.
            Change = null,
            RemindersSet = transition.RemindersSet,
            RemindersCleared = transition.RemindersCleared,
            HumanTasksOpened = transition.HumanTasksOpened,
            HumanTasksClosed = transition.HumanTasksClosed,
        };
    }
}
