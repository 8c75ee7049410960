using System.Diagnostics;
using System.Text.Json;
using Actors.Runs;
using Actors.Silos;
using Actors.Storage;
using Xunit.Abstractions;

namespace Actors.Simulation;

/// <summary>
/// Silos that share a database and find out by themselves who is dead, through kills, pauses, broken sessions, lost and late notices and a slow store; clients that reach any silo.
/// Everything on one thread and from one seed. Replay one with <c>ACTORS_SEED=n dotnet test tests/Actors.Simulation --filter ClusterScheduleTests</c>.
/// </summary>
public sealed class ClusterScheduleTests(ITestOutputHelper output)
{
    private const int Schedules = 300;
    private const int Poisonings = 250;

    [Fact]
    public void Silos_on_one_database_keep_every_promise_in_every_schedule()
    {
        Stopwatch watch = Stopwatch.StartNew();
        long steps = 0;
        int quarantined = 0, crashes = 0, pauses = 0, breaks = 0, stops = 0, ended = 0, rejoined = 0, posts = 0, repeated = 0;
        int ran = Seeds.Run(Schedules, seed =>
        {
            ClusterSchedule schedule = new(seed, Seeds.IsReplay);
            schedule.Run();
            steps += schedule.World.Steps;
            crashes += schedule.Crashes;
            pauses += schedule.Pauses;
            breaks += schedule.Breaks;
            stops += schedule.Stops;
            quarantined += schedule.Quarantined;
            ended += schedule.Cluster.Database.LivesEndedByPeers;
            rejoined += schedule.Cluster.Processes.Sum(p => Math.Max(0, schedule.Cluster.Database.LivesOf(p.Lane).Count - 1));
            posts += schedule.Cluster.Database.Calls.GetValueOrDefault(SimCall.Post);
            repeated += schedule.Cluster.RepeatedCalls;
        });
        output.WriteLine(
            $"{ran:N0} schedules of {steps / ran:N0} callbacks in {watch.Elapsed.TotalSeconds:0.0} s: {ran / watch.Elapsed.TotalSeconds:N0} schedules/s; {crashes:N0} crashes, {pauses:N0} pauses, {breaks:N0} broken sessions, {stops:N0} stops, {ended:N0} lives ended by peers, {rejoined:N0} later lives of a process, {posts:N0} posts, {quarantined:N0} quarantined by chance, {repeated:N0} repeated calls");
        // Otherwise the schedules prove less than they say.
        Assert.True(Seeds.IsReplay || (crashes > ran / 3 && pauses > ran / 4 && breaks > ran / 4 && stops > ran / 10 && ended > ran / 2 && rejoined > ran / 10 && posts > ran / 4));
    }

    [Fact]
    public void A_run_that_kills_every_silo_is_quarantined_and_all_others_end()
    {
        int crashes = 0;
        int ran = Seeds.Run(Poisonings, seed =>
        {
            ClusterSchedule schedule = new(seed, Seeds.IsReplay, poisoned: true);
            schedule.Run();
            crashes += schedule.Crashes;
        });
        output.WriteLine($"{ran:N0} poisonings, {(double)crashes / ran:0.0} crashes each");
    }

    [Fact]
    public void The_same_seed_gives_the_same_trace()
    {
        for (ulong seed = 1; seed <= 5; seed++)
        {
            ClusterSchedule first = new(seed, trace: true);
            ClusterSchedule second = new(seed, trace: true);
            first.Run();
            second.Run();
            Assert.Equal(first.World.Trace.Lines!, second.World.Trace.Lines!);
            Assert.Equal(first.World.Trace.Hash, second.World.Trace.Hash);
        }
    }
}

/// <summary>One schedule of silos on a shared database.</summary>
internal sealed class ClusterSchedule
{
    private const long StepsMax = 1_000_000;

    // A tree of one step that its process dies of.
    private const int Poison = 9_999;

    private readonly SimRandom _random;
    private readonly Node[] _trees;
    private readonly (int Tree, long Input)[] _starts;
    private readonly bool _poisoned;
    private readonly double _errors;
    private readonly double _slow;
    private int _faultsLeft;
    private int _errorsLeft;
    private int _names;

    public ClusterSchedule(ulong seed, bool trace, bool poisoned = false)
    {
        World = new SimWorld(seed, fifo: false);
        World.Trace.Lines = trace ? [] : null;
        _random = World.Random;
        _poisoned = poisoned;
        _trees = [.. Enumerable.Range(0, _random.Next(1, 4)).Select(i => new Generator(_random, firstId: i * 100).Tree(_random.Next(2, 12)))];
        _starts = [.. Enumerable.Range(0, _random.Next(1, 6)).Select(_ => (_random.Next(_trees.Length), (long)_random.Next(1_000)))];
        if (poisoned)
        {
            _trees = [.. _trees, new SequenceNode(Poison - 1, [new StepNode(Poison - 2), new StepNode(Poison, BodyMs: _random.Pick([0, 100, 3_000])), new StepNode(Poison - 3)])];
            _starts = [.. _starts, (_trees.Length - 1, 1)];
        }

        _errors = poisoned ? 0 : _random.Pick([0, 0.02, 0.05]);
        _slow = _random.Pick([0, 0.1, 1]);
        _faultsLeft = poisoned ? 0 : _random.Next(1, 6);
        _errorsLeft = 30;
        double lost = _random.Pick([0, 0.2, 1]);
        int late = _random.Pick([1, 50, 3_000]);
        Cluster = new SimCluster(
            World,
            _trees,
            new SiloOptions
            {
                Name = "sim",
                IdleTimeout = _random.Pick([TimeSpan.FromMilliseconds(30), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(10)]),
                CommitBatchMax = _random.Pick([1, 3, 512]),
                CommitLanes = _random.Pick([1, 2, 4]),
                BodiesMax = _random.Pick([1, 2, 1024]),
                ActiveRunsMax = _random.Pick([1, 2, 10_000]),
            },
            new MemoryStore { IsShared = true });
        Cluster.Database.Weather = Weather;
        Cluster.Database.NoticeWeather = () => _random.Chance(lost) ? null : TimeSpan.FromMilliseconds(_random.Next(0, late));
        Cluster.IsPoison = static step => step.StepKey == $"s{Poison}";
        Cluster.OnTransition = OnTransition;
        Cluster.OnKilled = _ =>
        {
            Crashes++;
            After(TimeSpan.FromMilliseconds(_random.Next(0, 20_000)), StartAnother);
        };
    }

    public SimWorld World { get; }

    public SimCluster Cluster { get; }

    public int Crashes { get; private set; }

    public int Pauses { get; private set; }

    public int Breaks { get; private set; }

    public int Stops { get; private set; }

    public int Quarantined { get; private set; }

    public void Run()
    {
        for (int i = _random.Next(2, 5); i > 0; i--)
        {
            StartAnother();
        }

        foreach ((int tree, long input) in _starts)
        {
            After(TimeSpan.FromMilliseconds(_random.Next(0, 4_000)), () => Cluster.StartRun(tree, input));
        }

        for (int i = _faultsLeft; i > 0; i--)
        {
            After(TimeSpan.FromMilliseconds(_random.Next(0, 12_000)), Hurt);
        }

        if (_random.Chance(0.3))
        {
            After(TimeSpan.FromMilliseconds(_random.Next(0, 15_000)), () =>
            {
                RunId[] innocent = [.. Cluster.Roots.Where(run => !IsPoisonous(run))];
                if (innocent.Length > 0)
                {
                    Cluster.Cancel(_random.Pick(innocent));
                }
            });
        }

        if (!World.RunUntil(IsOver, StepsMax))
        {
            throw new InvalidOperationException($"It does not end.\n{Cluster.Describe()}\n{Words()}");
        }

        // Whoever was declared dead and did not die is back as a new life.
        if (!World.RunUntil(() => Cluster.Processes.All(p => !p.IsAlive || p.Silo.IsReady), StepsMax))
        {
            throw new InvalidOperationException($"A silo does not come back.\n{Cluster.Describe()}\n{Words()}");
        }

        List<string> broken = Cluster.Check();
        foreach (RunId run in Cluster.Roots.Where(run => !IsPoisonous(run)))
        {
            TreeInput input = InputOf(run);
            broken.AddRange(Cluster.CheckRoot(run, Reference.Of(_trees[input.Tree], input.Value)));
        }

        if (_poisoned && Cluster.Roots.Find(IsPoisonous) is var poisonous && Cluster.Row(poisonous)?.Why?.Contains("silos in a row died", StringComparison.Ordinal) != true)
        {
            broken.Add($"The poisonous run is parked, but not quarantined: {Cluster.Row(poisonous)?.Why}");
        }

        HashSet<int> undoable = [.. _trees.SelectMany(Values.All).OfType<StepNode>().Where(static s => s.Undo).Select(static s => s.Id)];
        broken.AddRange(Cluster.AllRuns.Where(run => !IsPoisonous(run)).SelectMany(run => Cluster.CheckUndone(run, undoable)));
        if (broken.Count > 0)
        {
            throw new InvalidOperationException($"{string.Join("\n", broken)}\n{Words()}");
        }
    }

    // A run whose silos were killed under it as often as if it did that itself is quarantined: nobody could tell the difference. An operator resumes it. Any other is not parked at all.
    private void OnTransition(Transition transition)
    {
        if (transition.Change is not { Status: RunStatus.Parked } change || !transition.Entries.Any(static e => e.Kind == EntryKind.Parked) || IsPoisonous(transition.Run))
        {
            return;
        }

        int died = Cluster.Database.OwnersOf[transition.Run].Count(Cluster.Database.DeadLives.Contains);
        if (_poisoned || died < 5 || change.Why?.Contains("silos in a row died", StringComparison.Ordinal) != true)
        {
            Cluster.Database.Broken.Add($"Run {transition.Run} was parked, although nothing of it kills a silo and only {died} that had it have died: {change.Why}");
        }

        Quarantined++;
        After(TimeSpan.FromSeconds(20), () => Cluster.Resume(transition.Run));
    }

    private bool IsOver() => _faultsLeft == 0 && Cluster.PendingOps == 0 && Cluster.Roots.Count == _starts.Length
        && (_poisoned ? Cluster.Live.Count == 1 && IsPoisonous(Cluster.Live.First()) && Cluster.Row(Cluster.Live.First())!.Status == RunStatus.Parked : Cluster.Live.Count == 0);

    private bool IsPoisonous(RunId run) => _poisoned && InputOf(run).Tree == _trees.Length - 1;

    private TreeInput InputOf(RunId run) =>
        JsonSerializer.Deserialize<TreeInput>(EntryBody.Read<RunStartedBody>(Cluster.Journal(run)[0]).Input, FlowJson.Options)!;

    private string Words() => string.Join("\n", World.Trace.Lines ?? []);

    private void StartAnother() => Cluster.Start($"silo-{++_names}");

    private void After(TimeSpan time, Action action) => World.Network.PostAfter(time, action);

    private void Hurt()
    {
        _faultsLeft--;
        List<SimProcess> victims = [.. Cluster.Processes.Where(static p => p.IsUp && !p.Lane.IsPaused)];
        if (victims.Count == 0)
        {
            return;
        }

        SimProcess victim = _random.Pick(victims);
        switch (_random.Next(6))
        {
            case 0 or 1:
                Cluster.Kill(victim.Lane);
                break;
            case 2:
                Stop(victim);
                break;
            case 3:
                Break(victim);
                break;
            default:
                Pause(victim);
                break;
        }
    }

    private void Break(SimProcess victim)
    {
        Breaks++;
        World.Trace.Say(World, () => $"the session of {victim.Name} breaks");
        Cluster.BreakSession(victim.Lane);
    }

    // A deployment: the silo drains, and its successor starts whether it has come to its end or not.
    private void Stop(SimProcess victim)
    {
        Stops++;
        _faultsLeft++;
        World.Trace.Say(World, () => $"{victim.Name} is stopped");
        victim.Lane.Post(() => victim.Silo.StopAsync());
        After(TimeSpan.FromMilliseconds(_random.Next(0, 10_000)), StartAnother);
        After(TimeSpan.FromSeconds(70), () =>
        {
            _faultsLeft--;
            if (victim.IsAlive)
            {
                victim.Lane.Kill();
                Cluster.BreakSession(victim.Lane);
            }
        });
    }

    private void Pause(SimProcess victim)
    {
        Pauses++;
        _faultsLeft++;
        World.Trace.Say(World, () => $"{victim.Name} is paused");
        victim.Lane.IsPaused = true;
        if (_random.Chance(0.3))
        {
            // Cut off as well: the server gives its session up while it sleeps.
            After(TimeSpan.FromMilliseconds(_random.Next(0, 3_000)), () => Break(victim));
        }

        After(TimeSpan.FromMilliseconds(_random.Next(1, 30_000)), () =>
        {
            _faultsLeft--;
            World.Trace.Say(World, () => $"{victim.Name} goes on");
            victim.Lane.IsPaused = false;
        });
    }

    private SimWeather Weather(SimScheduler lane, SimCall call, IReadOnlyList<Transition>? batch)
    {
        TimeSpan latency = _random.Chance(_slow) ? TimeSpan.FromMilliseconds(_random.Chance(0.05) ? _random.Next(0, 5_000) : _random.Next(0, 30)) : TimeSpan.Zero;
        SimFault fault = SimFault.None;
        if (_errorsLeft > 0 && _random.Chance(_errors))
        {
            _errorsLeft--;
            fault = _random.Pick([SimFault.FailBefore, SimFault.FailBefore, SimFault.LoseAnswer, SimFault.LoseAnswer, SimFault.DieBefore, SimFault.DieAfter]);
        }

        return new SimWeather(fault, latency);
    }
}
