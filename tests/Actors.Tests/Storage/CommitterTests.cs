using Actors.Silos;
using Actors.Storage;
using Actors.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Tests.Storage;

public sealed class CommitterTests
{
    [Fact]
    public async Task A_batch_that_breaks_a_rule_of_stores_is_taken_apart_instead_of_being_sent_for_ever()
    {
        MemoryStore store = new();
        VirtualTime time = new();
        long silo = await store.BeginLifeAsync("a", time.GetUtcNow(), default);
        RunRow row = new()
        {
            Id = new RunId("r1"), No = 1, Tenant = "t", Principal = "p", Flow = "f", FlowVersion = "1", Status = RunStatus.Running, Owner = silo,
            CreatedAt = time.GetUtcNow(), UpdatedAt = time.GetUtcNow(),
        };
        StepByStep scheduler = new();
        Committer committer = new(store, scheduler, time, 512, 2, NullLogger.Instance, static _ => { });
        Sink sink = new();
        // One run twice in a batch: a bug of the caller, which must not stop what others commit.
        committer.Submit(Start(1, row), sink);
        committer.Submit(new Transition { Id = 2, Silo = silo, Run = row.Id, RunNo = 1, ExpectedSeq = 1, Change = new RunChange { Status = RunStatus.Waiting, At = time.GetUtcNow() }, Entries = [] }, sink);
        committer.Submit(Start(3, row with { Id = new RunId("r2"), No = 2 }), sink);
        scheduler.RunAll();

        Assert.Equal([1, 2, 3], sink.Answered.Keys.Order());
        Assert.All(sink.Answered.Values, static outcome => Assert.Equal(CommitStatus.Committed, outcome.Status));
        Assert.True(committer.WhenIdleAsync().IsCompleted);
    }

    [Fact]
    public async Task A_transition_that_breaks_a_rule_of_stores_by_itself_is_refused_with_the_rule()
    {
        MemoryStore store = new();
        VirtualTime time = new();
        long silo = await store.BeginLifeAsync("a", time.GetUtcNow(), default);
        StepByStep scheduler = new();
        Committer committer = new(store, scheduler, time, 512, 2, NullLogger.Instance, static _ => { });
        Sink sink = new();

        committer.Submit(new Transition { Id = 1, Silo = silo, Run = new RunId("r1"), RunNo = 1, ExpectedSeq = 0, Entries = [] }, sink);
        scheduler.RunAll();

        Assert.Equal(CommitStatus.Refused, sink.Answered[1].Status);
        Assert.Contains("r1", sink.Answered[1].Reason, StringComparison.Ordinal);
    }

    private static Transition Start(long id, RunRow row) => new()
    {
        Id = id,
        Silo = row.Owner!.Value,
        Run = row.Id,
        RunNo = row.No,
        ExpectedSeq = 0,
        Start = row,
        Entries = [new JournalEntry(1, EntryKind.RunStarted, 1, "", row.CreatedAt, default)],
    };

    private sealed class Sink : ITransitionSink
    {
        public Dictionary<long, CommitOutcome> Answered { get; } = [];

        public void OnCommitted(Transition transition, CommitOutcome outcome) => Answered.Add(transition.Id, outcome);
    }

    /// <summary>Runs on the test's thread, when it says so.</summary>
    private sealed class StepByStep : EngineScheduler
    {
        private readonly Queue<(Action<object?> Callback, object? State)> _queue = new();

        public override void Post(Action<object?> callback, object? state) => _queue.Enqueue((callback, state));

        public void RunAll()
        {
            while (_queue.TryDequeue(out (Action<object?> Callback, object? State) next))
            {
                next.Callback(next.State);
            }
        }
    }
}
