using System.Diagnostics;
using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Benchmarks;

internal static partial class Bench
{
    // As many as connections that commits may have.
    private const int LanesUnbatched = 32;

    private static JsonElement One { get; } = JsonSerializer.SerializeToElement(1);

    public static async Task RunAsync(string storeName, TimeSpan time, int rounds)
    {
        Console.WriteLine($"== {storeName}");

        // The first seconds are the compiler's: methods become fast after they have run often, and with many runs at once other methods do than with one.
        for (int i = 0; i < 3; i++)
        {
            await TenStepRunsAsync(storeName, 512, TimeSpan.FromSeconds(3));
            await BareCommitterAsync(storeName, 512, TimeSpan.FromSeconds(1));
        }

        foreach (int concurrent in new[] { 1, 64, 512 })
        {
            List<Figure> bare = [];
            List<Figure> engine = [];
            List<Figure> unbatched = [];

            // In turns, so that a machine that becomes slower does so for all.
            for (int round = 0; round < rounds; round++)
            {
                bare.Add(await BareCommitterAsync(storeName, concurrent, time));
                engine.Add(await TenStepRunsAsync(storeName, concurrent, time));
                if (concurrent > 1)
                {
                    unbatched.Add(await TenStepRunsAsync(storeName, concurrent, time, batchMax: 1, lanes: LanesUnbatched));
                }
            }

            Print($"bare committer, {concurrent} at once", bare);
            Print($"ten-step runs, {concurrent} at once", engine);
            if (unbatched.Count > 0)
            {
                Print($"one commit per step, {concurrent} at once", unbatched);
            }

            string single = unbatched.Count == 0 ? "" : $", engine/one commit per step {Median(engine.Zip(unbatched, static (a, b) => a.StepsPerSecond / b.StepsPerSecond)):0.0}";
            Console.WriteLine($"  ratios at {concurrent}: engine/bare committer {Median(engine.Zip(bare, static (a, b) => a.StepsPerSecond / b.StepsPerSecond)):0.00}{single}");
        }

        await InterpretedAsync(storeName, time, rounds);
        await AloneAsync(storeName);
        await LoopAsync(storeName);
        await MapAsync(storeName);
        await QuestionsAsync(storeName, 2_000);
        await RecoveryAsync(storeName, 500);
        await IdleAsync(storeName);
    }

    private static Task<Figure> TenStepRunsAsync(string storeName, int concurrent, TimeSpan time, int batchMax = 512, int? lanes = null, string flow = "TenSteps") =>
        MeasureAsync(storeName, concurrent, time, async database =>
        {
            Silo silo = await StartAsync(database.Store, batchMax, lanes);

            async Task RunAsync()
            {
                StartedRun started = await silo.StartRunAsync(new StartRun { Flow = flow, Input = flow == "TenSteps" ? One : default }, Caller.Local);
                RunResult result = await silo.WaitForEndAsync(started.Run.Id, Caller.Local, TimeSpan.FromMinutes(1));
                if (result.Run.Status != RunStatus.Completed)
                {
                    throw new InvalidOperationException($"A run ended as {result.Run.Status}: {result.Run.Why}");
                }
            }

            return new Subject(RunAsync, () => silo.Commits, silo.DisposeAsync);
        });

    /// <summary>So many callers, each of which makes one ten-step run after the other until the time is over.</summary>
    private static async Task<Figure> MeasureAsync(string storeName, int concurrent, TimeSpan time, Func<BenchStore, Task<Subject>> open)
    {
        await using BenchStore database = await BenchStore.OpenAsync(storeName);
        await using Meter meter = await Meter.OpenAsync(database.ConnectionString);
        Subject subject = await open(database);
        List<double> latencies = [];
        Cost before = await meter.ReadAsync();
        long allocatedBefore = GC.GetTotalAllocatedBytes();
        Stopwatch watch = Stopwatch.StartNew();

        async Task WorkAsync()
        {
            List<double> own = [];
            while (watch.Elapsed < time)
            {
                long begun = Stopwatch.GetTimestamp();
                await subject.RunAsync();
                own.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            }

            lock (latencies)
            {
                latencies.AddRange(own);
            }
        }

        await Task.WhenAll(Enumerable.Range(0, concurrent).Select(_ => Task.Run(WorkAsync)));
        double elapsed = watch.Elapsed.TotalSeconds;
        long allocated = GC.GetTotalAllocatedBytes() - allocatedBefore;
        Cost cost = await meter.ReadAsync() - before;
        (long batches, long transitions, long entries) = subject.Commits();
        await subject.DisposeAsync();
        latencies.Sort();
        double steps = latencies.Count * 10;
        return new Figure(
            steps / elapsed, At(latencies, 0.5), At(latencies, 0.99), (double)transitions / batches, (double)entries / batches,
            cost.WalBytes / steps, cost.RoundTrips / steps, cost.Silo.TotalMicroseconds / steps, cost.Database.TotalMicroseconds / steps, allocated / steps);
    }

    private static async Task<Silo> StartAsync(IStore store, int batchMax = 512, int? lanes = null)
    {
        FlowRegistry flows = new();
        flows.Add(new TenSteps()).Add(new LoopOfTen()).Add(new ThousandItems()).Add(new OneQuestion()).Add(new Timed());
        SiloOptions options = new() { CommitBatchMax = batchMax };
        options = options with { CommitLanes = lanes ?? options.CommitLanes };
        TaskRegistry tasks = new();
        tasks.Add<int, string>("Step", static (_, _) => Task.FromResult(TenSteps.Result));
        flows.Add(YamlFlowDefinition.Parse(Yaml, "ten-steps.yaml", tasks));
        Silo silo = new(options, store, flows, tasks, TimeProvider.System, NullLoggerFactory.Instance);
        await silo.StartAsync();
        return silo;
    }

    private static void Print(string label, List<Figure> figures)
    {
        double Of(Func<Figure, double> read) => Median(figures.Select(read));
        string database = Of(static f => f.WalPerStep) == 0
            ? ""
            : $", {Of(static f => f.WalPerStep):N0} WAL bytes and {Of(static f => f.RoundTripsPerStep):0.000} round trips per step, database CPU {Of(static f => f.DatabaseMicroseconds):0} us per step";
        Console.WriteLine(
            $"{label}: {Of(static f => f.StepsPerSecond):N0} durable steps/s (of {string.Join(", ", figures.Select(static f => $"{f.StepsPerSecond:N0}"))}), run p50 {Of(static f => f.P50):0.00} ms p99 {Of(static f => f.P99):0.00} ms, "
            + $"{Of(static f => f.EntriesPerCommit):0.0} entries and {Of(static f => f.TransitionsPerCommit):0.0} transitions per commit, CPU of this process {Of(static f => f.SiloMicroseconds):0} us and {Of(static f => f.AllocatedPerStep) / 1024:0.0} KiB allocated per step{database}");
    }

    private static double Median(IEnumerable<double> values)
    {
        List<double> sorted = [.. values.Order()];
        return sorted.Count == 0 ? double.NaN : sorted[sorted.Count / 2];
    }

    private static double At(List<double> sorted, double share) => sorted.Count == 0 ? double.NaN : sorted[(int)Math.Min(sorted.Count - 1, sorted.Count * share)];

    private sealed record Subject(Func<Task> RunAsync, Func<(long Batches, long Transitions, long Entries)> Commits, Func<ValueTask> DisposeAsync);

    private sealed record Figure(
        double StepsPerSecond, double P50, double P99, double TransitionsPerCommit, double EntriesPerCommit,
        double WalPerStep, double RoundTripsPerStep, double SiloMicroseconds, double DatabaseMicroseconds, double AllocatedPerStep);
}
