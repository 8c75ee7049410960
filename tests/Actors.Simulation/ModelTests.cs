using System.Diagnostics;
using Actors.Silos;
using Actors.Sqlite;
using Actors.Storage;
using Xunit.Abstractions;

namespace Actors.Simulation;

/// <summary>
/// Random flows on the real engine, with crashes, lost answers and errors at random commits, against the reference.
/// Replay one with <c>ACTORS_SEED=n dotnet test tests/Actors.Simulation --filter ModelTests</c>.
/// </summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    private const int Flows = 2_000;
    private const int SqliteFlows = 200;

    [Fact]
    public void Random_flows_give_what_the_reference_gives_whatever_goes_wrong()
    {
        Stopwatch watch = Stopwatch.StartNew();
        int repeated = 0;
        long steps = 0;
        int ran = Seeds.Run(Flows, seed =>
        {
            ModelRun run = new(seed, Seeds.IsReplay);
            run.Run();
            repeated += run.Cluster.RepeatedCalls;
            steps += run.World.Steps;
        });
        output.WriteLine($"{ran:N0} flows, {steps:N0} callbacks, {repeated:N0} repeated calls in {watch.Elapsed.TotalSeconds:0.0} s: {ran / watch.Elapsed.TotalSeconds:N0} flows/s");
        // Otherwise no crash ever came between a call and its commit, and the test proves less than it says.
        Assert.True(Seeds.IsReplay || repeated > ran / 20);
    }

    [Fact]
    public void Random_flows_on_SQLite_give_what_the_reference_gives()
    {
        Stopwatch watch = Stopwatch.StartNew();
        string directory = Directory.CreateTempSubdirectory("actors-model-").FullName;
        try
        {
            int ran = Seeds.Run(SqliteFlows, seed =>
            {
                SqliteStoreOptions options = new() { Path = Path.Combine(directory, $"{seed}.db"), Readers = 1 };
                Using(options, store => new ModelRun(seed, Seeds.IsReplay, store).Run());
                // What was acknowledged is in the file.
                Using(options, store => Assert.Empty(store.CheckInvariantsAsync(default).Result));
            });
            output.WriteLine($"{ran:N0} flows on SQLite in {watch.Elapsed.TotalSeconds:0.0} s");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void Using(SqliteStoreOptions options, Action<IStore> use)
    {
        BlockingStore store = new(Task.Run(() => SqliteStore.OpenAsync(options)).GetAwaiter().GetResult());
        try
        {
            use(store);
        }
        finally
        {
            store.DisposeAsync().AsTask().Wait();
        }
    }
}

/// <summary>One random flow in one simulated process that dies and is started again.</summary>
internal sealed class ModelRun
{
    private const long StepsMax = 1_000_000;

    private readonly Node _tree;
    private readonly long _input;
    private readonly bool _cancels;
    private int _faultsLeft;
    private int _lives = 1;

    /// <param name="store">Null: the in-memory store.</param>
    public ModelRun(ulong seed, bool trace, IStore? store = null)
    {
        World = new SimWorld(seed, fifo: false);
        World.Trace.Lines = trace ? [] : null;
        SimRandom random = World.Random;
        _tree = new Generator(random).Tree(size: random.Next(3, 30));
        _input = random.Next(1_000);
        _cancels = random.Chance(0.2);
        _faultsLeft = random.Chance(0.15) ? 0 : random.Next(1, 6);
        double share = random.Pick([0.02, 0.1, 0.3]);
        Cluster = new SimCluster(World, [_tree], new SiloOptions
        {
            Name = "sim",
            IdleTimeout = random.Pick([TimeSpan.FromMilliseconds(30), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(10)]),
            CommitBatchMax = random.Pick([1, 3, 512]),
            CommitLanes = random.Pick([1, 2, 4]),
            BodiesMax = random.Pick([1, 2, 1024]),
            ActiveRunsMax = random.Pick([1, 10_000]),
        }, store);
        Cluster.Database.Weather = (_, call, _) =>
        {
            if (_faultsLeft == 0 || !random.Chance(share))
            {
                return default;
            }

            _faultsLeft--;
            return new SimWeather((SimFault)random.Next(1, 5), default);
        };
        Cluster.OnKilled = dead => World.Network.PostAfter(TimeSpan.FromMilliseconds(random.Next(0, 20_000)), () =>
        {
            Cluster.Bury(dead);
            Cluster.Start($"life {++_lives}");
        });
    }

    public SimWorld World { get; }

    public SimCluster Cluster { get; }

    public void Run()
    {
        Cluster.Start("life 1");
        Cluster.StartRun(0, _input);
        if (_cancels)
        {
            World.Network.PostAfter(TimeSpan.FromMilliseconds(World.Random.Next(1, 30_000)), CancelRoot);
        }

        if (!World.RunUntil(() => Cluster.IsOver, StepsMax))
        {
            throw new InvalidOperationException($"It does not end.\n{Cluster.Describe()}\n{Describe(_tree, 0)}\n{string.Join("\n", World.Trace.Lines?.Take(3_000) ?? [])}");
        }

        Reference expected = Reference.Of(_tree, _input);
        HashSet<int> undoable = [.. Values.All(_tree).OfType<StepNode>().Where(s => s.Undo).Select(s => s.Id)];
        List<string> broken = Cluster.Check();
        broken.AddRange(Cluster.CheckRoot(Cluster.Roots[0], expected));
        foreach (RunId run in Cluster.AllRuns)
        {
            broken.AddRange(Cluster.CheckUndone(run, undoable));
        }

        broken.AddRange(Cluster.CheckCalls(expected, Cluster.Row(Cluster.Roots[0])!.Status == RunStatus.Cancelled));
        if (broken.Count > 0)
        {
            throw new InvalidOperationException($"{string.Join("\n", broken)}\n{Describe(_tree, 0)}\n{string.Join("\n", World.Trace.Lines ?? [])}");
        }
    }

    private void CancelRoot()
    {
        if (Cluster.Roots.Count > 0)
        {
            Cluster.Cancel(Cluster.Roots[0]);
        }
    }

    private static string Describe(Node node, int depth)
    {
        string line = node is StepNode or SleepNode or AskNode or WaitNode ? node.ToString() : $"{node.GetType().Name} {node.Id}{(node is MapNode m ? $" x{m.Count}/{m.Concurrency}" : node is LoopNode l ? $" x{l.Count}" : node is TimeoutNode t ? $" {t.LimitMs} ms" : "")}";
        return $"{new string(' ', depth * 2)}{line}\n{string.Concat(Values.Children(node).Select(n => Describe(n, depth + 1)))}";
    }
}
