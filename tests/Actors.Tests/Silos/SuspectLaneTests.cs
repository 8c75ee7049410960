using System.Reflection;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Tests.Silos;

/// <summary>Suspects begin one at a time, and each is counted while it may be to blame.</summary>
public sealed class SuspectLaneTests
{
    private readonly VirtualTime _time = new();
    private readonly QueuedScheduler _scheduler = new();
    private readonly TrialStore _trials;
    private readonly List<string> _begun = [];
    private readonly SuspectLane _lane;
    private bool _begins = true;

    public SuspectLaneTests()
    {
        IClusterStore store = DispatchProxy.Create<IClusterStore, TrialStore>();
        _trials = (TrialStore)(object)store;
        _lane = new SuspectLane(_scheduler, _time, NullLogger.Instance, store, 7, suspect =>
        {
            _begun.Add(suspect.Row.Id.Value["run_".Length..]);
            return Task.FromResult(_begins);
        });
    }

    [Theory]
    [InlineData(1, 0, RunStatus.Running, false, false)]
    [InlineData(2, 0, RunStatus.Running, true, false)]
    [InlineData(2, 1, RunStatus.Running, true, false)]
    [InlineData(4, 2, RunStatus.Running, true, false)]
    [InlineData(5, 3, RunStatus.Running, false, true)]
    [InlineData(5, 3, RunStatus.Parked, false, false)]
    [InlineData(2, 1, RunStatus.Parked, false, false)]
    public void Two_adoptions_make_a_suspect_and_three_trials_convict_it(int adoptions, int trials, RunStatus status, bool suspect, bool convicted)
    {
        LoadedRun run = Suspect("a") with { Adoptions = adoptions, Trials = trials };
        run = run with { Row = run.Row with { Status = status } };

        Assert.Equal((suspect, convicted), (SuspectLane.IsSuspect(run), SuspectLane.IsConvicted(run)));
    }

    [Fact]
    public void A_convicted_run_is_told_with_its_last_steps()
    {
        JournalEntry[] entries = [.. new[] { "", "one", "two", "three", "three", "four", "five", "six" }.Select(static (key, i) => Entry(i + 1, key))];

        string told = SuspectLane.Describe(Suspect("a") with { Adoptions = 4, Trials = 2, Entries = entries });

        Assert.StartsWith("4 silos in a row died", told, StringComparison.Ordinal);
        Assert.Contains("Its last steps were two, three, four, five, six.", told, StringComparison.Ordinal);
        Assert.Contains("It has recorded no step yet.", SuspectLane.Describe(Suspect("a")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_next_begins_when_an_outcome_of_the_one_before_is_recorded()
    {
        _lane.Add(Suspect("a"));
        _lane.Add(Suspect("b"));
        AssertBegun("a");
        Assert.Equal(["a +"], _trials.Counted);

        _lane.OnCommitted(Committed("a", EntryKind.StepStarted));
        _lane.OnCommitted(Committed("b", EntryKind.StepCompleted));
        AssertBegun("a");

        _lane.OnCommitted(Committed("a", EntryKind.StepCompleted));
        AssertBegun("a", "b");

        Assert.Equal(["a +", "a -", "b +"], _trials.Counted);
    }

    [Fact]
    public void Those_that_were_tried_least_begin_first()
    {
        _lane.Add(Suspect("a") with { Trials = 2 });
        _lane.Add(Suspect("b") with { Trials = 1 });
        _lane.Add(Suspect("c"));
        _lane.Add(Suspect("d"));
        AssertBegun("c");
        _lane.OnClosed(Run("c"));
        _lane.OnClosed(Run("d"));
        AssertBegun("c", "d");
        _lane.OnClosed(Run("d"));
        AssertBegun("c", "d", "b");
        _lane.OnClosed(Run("b"));
        AssertBegun("c", "d", "b", "a");
    }

    [Fact]
    public void One_that_leaves_memory_makes_way()
    {
        _lane.Add(Suspect("a"));
        _lane.Add(Suspect("b"));
        AssertBegun("a");

        _lane.OnClosed(Run("a"));

        AssertBegun("a", "b");
    }

    [Fact]
    public void One_that_has_done_no_harm_for_long_makes_way()
    {
        _lane.Add(Suspect("a"));
        _lane.Add(Suspect("b"));
        AssertBegun("a");

        _scheduler.Run(() => _time.Advance(SuspectLane.TrialMax - TimeSpan.FromMilliseconds(1)));
        AssertBegun("a");
        _scheduler.Run(() => _time.Advance(TimeSpan.FromMilliseconds(1)));

        AssertBegun("a", "b");
        Assert.Equal(["a +", "a -", "b +"], _trials.Counted);
    }

    [Fact]
    public void One_that_cannot_begin_is_not_counted_and_holds_up_nobody()
    {
        _begins = false;
        _lane.Add(Suspect("a"));
        _lane.Add(Suspect("b"));

        AssertBegun("a", "b");
        Assert.Equal(["a +", "a -", "b +", "b -"], _trials.Counted);
    }

    [Fact]
    public void A_count_that_the_store_does_not_take_holds_up_nobody()
    {
        _trials.Fails = true;
        _lane.Add(Suspect("a"));
        AssertBegun("a");
        _lane.Add(Suspect("b"));
        _lane.OnClosed(Run("a"));

        AssertBegun("a", "b");
    }

    [Fact]
    public void Stopped_it_begins_no_other_and_the_one_under_way_stays_counted()
    {
        _lane.Add(Suspect("a"));
        _lane.Add(Suspect("b"));
        AssertBegun("a");

        _lane.Stop();
        _lane.OnClosed(Run("a"));
        _lane.Add(Suspect("c"));
        AssertBegun("a");

        Assert.Equal(["a +"], _trials.Counted);
    }

    private void AssertBegun(params string[] names)
    {
        _scheduler.Run();
        Assert.Equal(names, _begun);
    }

    private static RunId Run(string name) => new($"run_{name}");

    private static LoadedRun Suspect(string name) => new(
        new RunRow
        {
            Id = Run(name), No = 1, Tenant = "t", Principal = "p", Flow = "f", FlowVersion = "1", Status = RunStatus.Running,
            CreatedAt = DateTimeOffset.UnixEpoch, UpdatedAt = DateTimeOffset.UnixEpoch,
        },
        [Entry(1, "")],
        [],
        Adoptions: 2);

    private static JournalEntry Entry(long seq, string key) => new(seq, EntryKind.StepCompleted, 1, key, DateTimeOffset.UnixEpoch, default);

    private static Transition Committed(string run, EntryKind kind) =>
        new() { Id = 1, Silo = 7, Run = Run(run), RunNo = 1, ExpectedSeq = 1, Entries = [Entry(2, "step") with { Kind = kind }] };

    /// <summary>A store of which only the counting of trials is asked.</summary>
    private class TrialStore : DispatchProxy
    {
        public List<string> Counted { get; } = [];

        public bool Fails { get; set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            Assert.Equal(nameof(IClusterStore.CountTrialAsync), targetMethod!.Name);
            Assert.Equal(7L, args![0]);
            if (Fails)
            {
                throw new StoreException(StoreFailure.Transient, "The connection is lost.");
            }

            Counted.Add($"{((RunId)args[1]!).Value["run_".Length..]} {((bool)args[2]! ? '+' : '-')}");
            return ValueTask.CompletedTask;
        }
    }
}
