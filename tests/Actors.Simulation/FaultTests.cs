using Actors.Silos;
using Actors.Storage;

namespace Actors.Simulation;

/// <summary>
/// For each scenario and each call of the store in its undisturbed run: that call fails, or loses its answer, or the process dies before or after it. The end must be that of the undisturbed run.
/// </summary>
public sealed class FaultTests
{
    private const long StepsMax = 200_000;

    private static readonly Dictionary<string, Node> Scenarios = new()
    {
        ["sequence"] = new SequenceNode(1, [new StepNode(2), new SetNode(3), new StepNode(4), new ReportNode(5), new RepeatNode(6, 3), new StepNode(7)]),
        ["parallel"] = new AllNode(1, [new SequenceNode(2, [new StepNode(3), new StepNode(4), new SetNode(5)]), new StepNode(6, BodyMs: 30), new SequenceNode(7, [new SleepNode(8, 10), new SetNode(9)])]),
        ["map"] = new SequenceNode(1, [new MapNode(2, 5, 2, new SequenceNode(3, [new StepNode(4, BodyMs: 5), new StepNode(5)])), new StepNode(6)]),
        ["retry"] = new SequenceNode(1, [new StepNode(2, Fails: 2, Attempts: 3, RetryMs: 50), new StepNode(3, Fails: 2, Attempts: 3, RetryMs: 20_000), new TryNode(4, new StepNode(5, Fails: 2, Attempts: 2, RetryMs: 3_000)), new StepNode(6, Fails: 2, Attempts: 2, Fallback: true), new StepNode(7, BodyMs: 2_500)]),
        ["approval"] = new SequenceNode(1, [new StepNode(2), new AskNode(3, Expires: false), new StepNode(4), new AskNode(5, Expires: true), new AskNode(6, Expires: false), new StepNode(8)]),
        ["signal"] = new SequenceNode(1, [new WaitNode(2, Expires: false), new StepNode(3), new WaitNode(5, Expires: false), new WaitNode(7, Expires: true), new StepNode(8)]),
        ["child"] = new SequenceNode(1, [new CallNode(2, new SequenceNode(3, [new StepNode(4), new SleepNode(5, 15_000), new CallNode(6, new StepNode(7))])), new TryNode(8, new CallNode(9, new StepNode(10, Fails: 1))), new StepNode(11)]),
        ["sending"] = new SequenceNode(1, [new SendNode(2), new EmitNode(3), new CallNode(4, new SequenceNode(5, [new StepNode(6), new SendNode(7), new EmitNode(8)])), new StepNode(9)]),
        ["ordered"] = new SequenceNode(1, [new AllNode(2, [new SequenceNode(3, [new StepNode(4), new SetNode(5)]), new SequenceNode(6, [new SetNode(7), new StepNode(8, BodyMs: 30)]), new SequenceNode(9, [new SetNode(10), new EmitNode(11)])], [[1, 2], [2], []], 1), new StepNode(12)]),
        ["cached"] = new SequenceNode(1, [new CachedNode(2, new SequenceNode(3, [new StepNode(4), new AskNode(5, Expires: true), new StepNode(6)])), new TryNode(7, new CachedNode(8, new StepNode(9, Fails: 1))), new StepNode(10)]),
        ["loop"] = new SequenceNode(1, [new LoopNode(2, 4, new SequenceNode(3, [new StepNode(4, Undo: true), new SetNode(5), new SleepNode(6, 1_500)])), new StepNode(7)]),
        ["timeout"] = new SequenceNode(1, [new TryNode(2, new TimeoutNode(3, new StepNode(4), 5_000)), new ScopeNode(5, new StepNode(6), Limited: true), new TryNode(7, new TimeoutNode(8, new AskNode(10, Expires: true), 300))]),
        ["any"] = new SequenceNode(1, [new AnyNode(2, [new SequenceNode(3, [new SleepNode(4, 50_000), new StepNode(5)]), new StepNode(6)]), new AnyNode(7, [new StepNode(8, Fails: 1), new StepNode(9, BodyMs: 20)]), new StepNode(10)]),
        ["failing"] = new SequenceNode(1, [new StepNode(2, Undo: true), new ScopeNode(3, new SequenceNode(4, [new StepNode(5, Undo: true), new SetNode(6)]), Limited: false), new SetNode(7), new StepNode(8, Fails: 1)]),
        ["cancel"] = new SequenceNode(1, [new CleanUpNode(2), new StepNode(3, Undo: true), new ScopeNode(4, new SequenceNode(5, [new StepNode(6, Undo: true), new CleanUpNode(7)]), Limited: false), new AllNode(8, [new CallNode(9, new SequenceNode(10, [new CleanUpNode(11), new StepNode(12, Undo: true), new WaitNode(13, Expires: false), new SleepNode(CancelAt, 50_000_000)])), new TimeoutNode(15, new AskNode(16, Expires: true), 500_000_000)])]),
    };

    // The sleep that makes the client cancel.
    private const int CancelAt = 99;

    public static TheoryData<string, bool> All()
    {
        TheoryData<string, bool> all = [];
        foreach (string name in Scenarios.Keys)
        {
            all.Add(name, false);
            all.Add(name, true);
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Any_commit_may_fail_get_lost_or_be_the_last(string name, bool dropsIdleRuns) => Exhaust(name, dropsIdleRuns, commits: true);

    [Theory]
    [MemberData(nameof(All))]
    public void Any_other_call_may_fail_get_lost_or_be_the_last(string name, bool dropsIdleRuns) => Exhaust(name, dropsIdleRuns, commits: false);

    private static void Exhaust(string name, bool dropsIdleRuns, bool commits)
    {
        // A process that dies early on makes the undisturbed run recover, too, so that the calls of a recovery are among those that fail.
        int dieAt = commits ? 0 : 4;
        (string expected, int calls) = Run(name, dropsIdleRuns, commits, 0, SimFault.None, SimFault.None, dieAt);
        Assert.True(calls > 2);
        (SimFault, SimFault)[] faults =
        [
            (SimFault.FailBefore, SimFault.None), (SimFault.LoseAnswer, SimFault.None), (SimFault.DieBefore, SimFault.None), (SimFault.DieAfter, SimFault.None),
            (SimFault.FailBefore, SimFault.DieBefore), (SimFault.LoseAnswer, SimFault.DieBefore), (SimFault.LoseAnswer, SimFault.DieAfter), (SimFault.DieAfter, SimFault.LoseAnswer),
        ];
        for (int call = 1; call <= calls; call++)
        {
            foreach ((SimFault first, SimFault then) in faults)
            {
                (string outcome, _) = Run(name, dropsIdleRuns, commits, call, first, then, dieAt);
                Assert.True(expected == outcome, $"{name}, call {call} of {calls}: {first}, then {then}.\nExpected: {expected}\nActual:   {outcome}");
            }
        }
    }

    /// <summary>Runs the scenario with these faults at call number <paramref name="at"/> and the one after it. Gives everything that must be equal, and how many calls there were.</summary>
    private static (string Outcome, int Calls) Run(string name, bool dropsIdleRuns, bool commits, int at, SimFault first, SimFault then, int dieAt)
    {
        SimWorld world = new(7, fifo: true);
        world.Trace.Lines = [];
        Node tree = Scenarios[name];
        SimCluster cluster = new(world, [tree], new SiloOptions { Name = "sim", IdleTimeout = dropsIdleRuns ? TimeSpan.FromMilliseconds(40) : TimeSpan.FromMinutes(10) });
        int calls = 0;
        int commitCalls = 0;
        cluster.Database.Weather = (_, call, _) =>
        {
            if (call == SimCall.Commit && ++commitCalls == dieAt)
            {
                return new SimWeather(SimFault.DieAfter, default);
            }

            if ((call == SimCall.Commit) != commits)
            {
                return default;
            }

            calls++;
            return new SimWeather(calls == at ? first : at > 0 && calls == at + 1 ? then : SimFault.None, default);
        };
        int lives = 1;
        cluster.OnKilled = dead => world.Network.PostAfter(TimeSpan.FromMilliseconds(100), () =>
        {
            cluster.Bury(dead);
            cluster.Start($"life {++lives}");
        });
        bool cancelled = false;
        RunId root = default;
        cluster.OnTransition = transition =>
        {
            root = transition.Start is null ? root : transition.Run;
            if (!cancelled && transition.Entries.Any(e => e.Kind == EntryKind.TimerSet && e.Key.EndsWith($"n{CancelAt}", StringComparison.Ordinal)))
            {
                cancelled = true;
                world.Network.PostAfter(TimeSpan.FromMilliseconds(10), () => cluster.Cancel(root));
            }
        };
        cluster.Start("life 1");
        cluster.StartRun(0, 5);
        if (!world.RunUntil(() => cluster.IsOver, StepsMax))
        {
            Assert.Fail($"{name}, call {at}: {first}, then {then}: the run does not end.\n{cluster.Describe()}\n{Tail(world)}");
        }

        RunId run = cluster.Roots[0];
        List<string> broken = [.. cluster.Check(), .. cluster.CheckUndone(run, Values.All(tree).OfType<StepNode>().Where(s => s.Undo).Select(s => s.Id).ToHashSet())];
        if (broken.Count > 0)
        {
            Assert.Fail($"{name}, call {at}: {first}, then {then}:\n{string.Join("\n", broken)}\n{Tail(world)}");
        }

        RunRow row = cluster.Row(run)!;
        JournalEntry last = cluster.Journal(run)[^1];
        string effects = string.Join(" ", cluster.Calls.Select(c => $"{c.Key}({c.Input})").Order(StringComparer.Ordinal));
        return ($"{row.Status} {System.Text.Encoding.UTF8.GetString(Payload.Decode(last.Payload).Span)} {row.State} {effects}", calls);
    }

    private static string Tail(SimWorld world) => string.Join("\n", world.Trace.Lines?.TakeLast(150) ?? []);
}
