using System.Diagnostics;
using System.Text.Json;
using Actors.Runs;
using Actors.Silos;
using Actors.Storage;
using Xunit.Abstractions;

namespace Actors.Simulation;

/// <summary>
/// Two silos on one database through crashes, pauses, lost answers, errors and a slow store; clients that reach whichever silo owns the run. Everything on one thread and from one seed.
/// Replay one with <c>ACTORS_SEED=n dotnet test tests/Actors.Simulation --filter ScheduleTests</c>.
/// </summary>
public sealed class ScheduleTests(ITestOutputHelper output)
{
    private const int Schedules = 1_000;

    [Fact]
    public void Two_silos_keep_every_promise_in_every_schedule()
    {
        Stopwatch watch = Stopwatch.StartNew();
        long steps = 0;
        int crashes = 0, pauses = 0, stops = 0, fenced = 0, repeated = 0;
        int ran = Seeds.Run(Schedules, seed =>
        {
            Schedule schedule = new(seed, Seeds.IsReplay);
            schedule.Run();
            steps += schedule.World.Steps;
            crashes += schedule.Crashes;
            pauses += schedule.Pauses;
            stops += schedule.Stops;
            fenced += schedule.Fenced;
            repeated += schedule.Cluster.RepeatedCalls;
        });
        output.WriteLine($"{ran:N0} schedules of {steps / ran:N0} callbacks in {watch.Elapsed.TotalSeconds:0.0} s: {ran / watch.Elapsed.TotalSeconds:N0} schedules/s; {crashes:N0} crashes, {pauses:N0} pauses, {stops:N0} stops, {fenced:N0} fenced silos, {repeated:N0} repeated calls");
        // Otherwise the schedules prove less than they say.
        Assert.True(Seeds.IsReplay || (crashes > ran / 2 && pauses > ran / 4 && stops > ran / 10 && fenced > ran / 10));
    }

    [Fact]
    public void A_silo_that_is_left_alone_rings_the_reminders_of_one_that_died()
    {
        SimWorld world = new(1, fifo: true);
        Node tree = new SleepNode(1, 45_000);
        SimCluster cluster = new(world, [tree], new SiloOptions { Name = "sim", IdleTimeout = TimeSpan.FromMilliseconds(30) });
        SimProcess first = cluster.Start("first");
        world.RunUntil(() => first.IsUp, 1_000);
        // The other has looked ahead for two minutes already when the reminder is set, and the run is in nobody's memory when the first one dies.
        SimProcess second = cluster.Start("second");
        world.RunUntil(() => second.IsUp && cluster.Database.Calls.GetValueOrDefault(SimCall.FindReminders) == 2, 1_000);
        second.Lane.IsPaused = true;
        cluster.StartRun(0, 5);
        world.RunUntil(() => cluster.Roots.Count == 1 && cluster.Row(cluster.Roots[0]) is { Owner: null, Status: RunStatus.Waiting }, 1_000);
        second.Lane.IsPaused = false;
        cluster.Kill(first.Lane);
        cluster.Bury(first);
        Assert.True(world.RunUntil(() => cluster.IsOver, 1_000), cluster.Describe());
    }

    [Fact]
    public void The_same_seed_gives_the_same_trace()
    {
        HashSet<ulong> different = [];
        for (ulong seed = 1; seed <= 20; seed++)
        {
            Schedule first = new(seed, trace: true);
            Schedule second = new(seed, trace: true);
            first.Run();
            second.Run();
            Assert.Equal(first.World.Trace.Lines!, second.World.Trace.Lines!);
            Assert.Equal(first.World.Trace.Hash, second.World.Trace.Hash);
            different.Add(first.World.Trace.Hash);
        }

        Assert.Equal(20, different.Count);
    }
}

/// <summary>One schedule: some runs, two silos, and so many faults before everything heals.</summary>
internal sealed class Schedule
{
    // Hours of virtual time in which three silos look for work every ten seconds.
    private const long StepsMax = 1_000_000;

    // As long as a lease: a peer is declared dead when it has not been heard of for so long.
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(8);

    private readonly SimRandom _random;
    private readonly Node[] _trees;
    private readonly (int Tree, long Input)[] _starts;
    private readonly double _errors;
    private readonly double _slow;
    private int _faultsLeft;
    private int _errorsLeft;
    private int _names;

    public Schedule(ulong seed, bool trace)
    {
        World = new SimWorld(seed, fifo: false);
        World.Trace.Lines = trace ? [] : null;
        _random = World.Random;
        _trees = [.. Enumerable.Range(0, _random.Next(1, 4)).Select(i => new Generator(_random, firstId: i * 100).Tree(_random.Next(2, 12)))];
        _starts = [.. Enumerable.Range(0, _random.Next(1, 5)).Select(_ => (_random.Next(_trees.Length), (long)_random.Next(1_000)))];
        _errors = _random.Pick([0, 0.02, 0.1]);
        _slow = _random.Pick([0, 0.1, 1]);
        _faultsLeft = _random.Next(1, 5);
        _errorsLeft = 30;
        Cluster = new SimCluster(World, _trees, new SiloOptions
        {
            Name = "sim",
            IdleTimeout = _random.Pick([TimeSpan.FromMilliseconds(30), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(10)]),
            CommitBatchMax = _random.Pick([1, 3, 512]),
            CommitLanes = _random.Pick([1, 2, 4]),
            BodiesMax = _random.Pick([1, 2, 1024]),
            ActiveRunsMax = _random.Pick([1, 2, 10_000]),
        });
        Cluster.Database.Weather = Weather;
        Cluster.OnKilled = dead =>
        {
            Crashes++;
            After(Lease, () => Cluster.Bury(dead));
            After(TimeSpan.FromMilliseconds(_random.Next(0, 20_000)), StartAnother);
        };
    }

    public SimWorld World { get; }

    public SimCluster Cluster { get; }

    public int Crashes { get; private set; }

    public int Pauses { get; private set; }

    public int Stops { get; private set; }

    /// <summary>Silos that woke up after they had been declared dead.</summary>
    public int Fenced { get; private set; }

    public void Run()
    {
        StartAnother();
        StartAnother();
        foreach ((int tree, long input) in _starts)
        {
            After(TimeSpan.FromMilliseconds(_random.Next(0, 4_000)), () => Cluster.StartRun(tree, input));
        }

        After(TimeSpan.FromMilliseconds(_random.Next(0, 6_000)), SignalEarly);
        for (int i = _faultsLeft; i > 0; i--)
        {
            After(TimeSpan.FromMilliseconds(_random.Next(0, 8_000)), Hurt);
        }

        if (_random.Chance(0.3))
        {
            After(TimeSpan.FromMilliseconds(_random.Next(0, 15_000)), () =>
            {
                if (Cluster.Roots.Count > 0)
                {
                    Cluster.Cancel(_random.Pick(Cluster.Roots));
                }
            });
        }

        // Ends have to be waited for until the last fault, or what it breaks is not seen.
        if (!World.RunUntil(() => _faultsLeft == 0 && Cluster.Roots.Count == _starts.Length && Cluster.IsOver, StepsMax))
        {
            throw new InvalidOperationException($"It does not end.\n{Cluster.Describe()}\n{Words()}");
        }

        List<string> broken = Cluster.Check();
        foreach (RunId run in Cluster.Roots)
        {
            RunStartedBody started = EntryBody.Read<RunStartedBody>(Cluster.Journal(run)[0]);
            TreeInput input = JsonSerializer.Deserialize<TreeInput>(started.Input, FlowJson.Options)!;
            broken.AddRange(Cluster.CheckRoot(run, Reference.Of(_trees[input.Tree], input.Value)));
        }

        HashSet<int> undoable = [.. _trees.SelectMany(Values.All).OfType<StepNode>().Where(s => s.Undo).Select(s => s.Id)];
        broken.AddRange(Cluster.AllRuns.SelectMany(run => Cluster.CheckUndone(run, undoable)));
        if (broken.Count > 0)
        {
            throw new InvalidOperationException($"{string.Join("\n", broken)}\n{Words()}");
        }
    }

    private string Words() => string.Join("\n", World.Trace.Lines ?? []);

    private void StartAnother() => Cluster.Start($"silo-{++_names}");

    private void After(TimeSpan time, Action action) => World.Network.PostAfter(time, action);

    // Signals that come before anybody waits are kept.
    private void SignalEarly()
    {
        foreach (RunId run in Cluster.Roots)
        {
            TreeInput input = JsonSerializer.Deserialize<TreeInput>(EntryBody.Read<RunStartedBody>(Cluster.Journal(run)[0]).Input, FlowJson.Options)!;
            foreach (WaitNode wait in Values.All(_trees[input.Tree]).OfType<WaitNode>().Where(w => !w.Expires))
            {
                Cluster.Signal(run, TreeFlow.NameOf(wait));
            }
        }
    }

    private void Hurt()
    {
        _faultsLeft--;
        List<SimProcess> victims = [.. Cluster.Processes.Where(p => p.IsUp && !p.Lane.IsPaused)];
        if (victims.Count == 0)
        {
            return;
        }

        SimProcess victim = _random.Pick(victims);
        int choice = _random.Next(5);
        if (choice < 2)
        {
            Cluster.Kill(victim.Lane);
        }
        else if (choice == 2)
        {
            Stop(victim);
        }
        else
        {
            Pause(victim);
        }
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
                if (victim.Silo.ActiveRuns > 0 && !Cluster.Database.DeadLives.Contains(victim.Silo.LifeNo))
                {
                    Cluster.Database.Broken.Add($"{victim.Name} was stopped, but has {victim.Silo.ActiveRuns} runs in memory and its life goes on.");
                }

                victim.Lane.Kill();
                Cluster.Bury(victim);
            }
        });
    }

    private void Pause(SimProcess victim)
    {
        Pauses++;
        _faultsLeft++;
        World.Trace.Say(World, () => $"{victim.Name} is paused");
        victim.Lane.IsPaused = true;
        TimeSpan time = TimeSpan.FromMilliseconds(_random.Next(1, 30_000));
        bool buried = time > Lease;
        if (buried)
        {
            After(Lease, () => Cluster.Bury(victim));
        }

        After(time, () =>
        {
            _faultsLeft--;
            if (!victim.IsAlive)
            {
                return;
            }

            World.Trace.Say(World, () => $"{victim.Name} goes on");
            victim.Lane.IsPaused = false;
            if (buried)
            {
                Fenced++;
                AfterFence(victim);
            }
        });
    }

    // It does not know yet. The first thing that it asks of the store tells it, and then it holds nothing any more; its supervisor starts another.
    private void AfterFence(SimProcess victim)
    {
        _faultsLeft++;
        for (int seconds = 0; seconds < 30; seconds += 3)
        {
            After(TimeSpan.FromSeconds(seconds), () => Poke(victim));
        }

        After(TimeSpan.FromSeconds(40), () =>
        {
            _faultsLeft--;
            if (victim.IsAlive && (victim.Silo.IsReady || victim.Silo.ActiveRuns > 0))
            {
                Cluster.Database.Broken.Add($"{victim.Name} was declared dead, but is {(victim.Silo.IsReady ? "ready" : "not ready")} with {victim.Silo.ActiveRuns} runs in memory.");
            }

            Cluster.Kill(victim.Lane);
        });
    }

    private static void Poke(SimProcess victim)
    {
        StartRun request = new() { Flow = TreeFlow.FlowName, Input = JsonSerializer.SerializeToElement(new TreeInput(0, "", 1), FlowJson.Options) };
        victim.Lane.Post(() => victim.Silo.StartRunAsync(request, Caller.Local));
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
