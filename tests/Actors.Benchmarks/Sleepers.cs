using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Benchmarks;

/// <summary>
/// A database full of runs that sleep until a date: each was started, ran to its sleep and left memory. Then what they cost a silo that starts, lists and reminders. On PostgreSQL.
/// </summary>
internal static class Sleepers
{
    private const int DueTogether = 10_000;
    private const int RareEvery = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    public static async Task RunAsync(int count)
    {
        await using BenchStore database = await BenchStore.OpenAsync("postgres");
        Console.WriteLine($"Processors {Environment.ProcessorCount}, .NET {Environment.Version}, {count:N0} sleeping runs");
        await FillAsync(database, count);
        await StartAsync(database, count);
        await ListsAsync(database, count);
        await RemindersAsync(database);
    }

    private static async Task FillAsync(BenchStore database, int count)
    {
        // They leave memory as soon as they sleep, so that there is room for the next.
        Stopwatch watch = Stopwatch.StartNew();
        await using (Silo silo = New(database.Store, TimeSpan.FromMilliseconds(1)))
        {
            await silo.StartAsync();
            DateTimeOffset first = DateTimeOffset.UtcNow.AddDays(2);
            int next = 0;

            async Task WorkAsync()
            {
                while (true)
                {
                    int from = Interlocked.Add(ref next, Silo.BulkStartsMax) - Silo.BulkStartsMax;
                    StartRun[] starts =
                    [
                        .. Enumerable.Range(from, Math.Max(0, Math.Min(Silo.BulkStartsMax, count - from))).Select(i => new StartRun
                        {
                            Flow = i % RareEvery == 7 ? "RareSleeper" : "Sleeper",
                            Input = JsonSerializer.SerializeToElement(first.AddSeconds(i * 3)),
                            Metadata = new Dictionary<string, string> { ["kind"] = "sleeper", ["customer"] = $"c{i % RareEvery}" },
                        }),
                    ];
                    if (starts.Length == 0)
                    {
                        return;
                    }

                    foreach (BulkStart started in await silo.StartRunsAsync(starts, Caller.Local))
                    {
                        _ = started.Started ?? throw new InvalidOperationException("A start was refused.", started.Refusal);
                    }
                }
            }

            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(WorkAsync)));
            await AsleepAsync(database, silo, count);
        }

        double seconds = watch.Elapsed.TotalSeconds;
        Console.WriteLine($"started and fell asleep: {count / seconds:N0} runs/s, {seconds:N0} s; {await database.BytesPerRunAsync(count)}");
        watch.Restart();
        await database.AskAsync<int>($"ANALYZE {database.Schema}.runs; ANALYZE {database.Schema}.run_labels; ANALYZE {database.Schema}.journal; ANALYZE {database.Schema}.reminders; SELECT 1");
        Console.WriteLine($"statistics, as autovacuum makes them within minutes: {watch.Elapsed.TotalSeconds:0.0} s");
    }

    // All have run to their sleep and have no owner: none is in anybody's memory.
    private static async Task AsleepAsync(BenchStore database, Silo silo, int count)
    {
        while (silo.ActiveRuns > 0 || await database.AskAsync<long>($"SELECT count(*) FROM {database.Schema}.runs WHERE status = {(int)RunStatus.Waiting} AND owner IS NULL") < count)
        {
            await Task.Delay(200);
        }
    }

    private static async Task StartAsync(BenchStore database, int count)
    {
        GC.Collect();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Stopwatch watch = Stopwatch.StartNew();
        IStore again = await database.AgainAsync();
        await using Silo silo = New(again, TimeSpan.FromSeconds(10));
        await silo.StartAsync();
        double ready = watch.Elapsed.TotalMilliseconds;

        // Some ticks long, for whatever it may take in.
        await Task.Delay(TimeSpan.FromSeconds(5));
        long after = GC.GetTotalMemory(forceFullCollection: true);
        Console.WriteLine($"a silo on {count:N0} sleeping runs: ready after {ready:N0} ms, holds {silo.ActiveRuns} runs and {(after - before) / 1024.0:N0} KiB more than before it was there");
        await silo.StopAsync();
        await again.DisposeAsync();
    }

    private static async Task ListsAsync(BenchStore database, int count)
    {
        long newest = (await database.Store.ListRunsAsync(new RunQuery { Tenant = "default", Limit = 1 }, default))[0].No;
        Dictionary<string, string> One(string name, string value) => new() { [name] = value };
        (string Name, RunQuery Query)[] queries =
        [
            ("all", new RunQuery { Tenant = "default" }),
            ("waiting", new RunQuery { Tenant = "default", Statuses = [RunStatus.Waiting] }),
            ("running or parked", new RunQuery { Tenant = "default", Statuses = [RunStatus.Running, RunStatus.Parked] }),
            ("ended", new RunQuery { Tenant = "default", Statuses = [RunStatus.Completed, RunStatus.Failed, RunStatus.Cancelled] }),
            ("of the common flow", new RunQuery { Tenant = "default", Flow = "Sleeper" }),
            ("of a rare flow", new RunQuery { Tenant = "default", Flow = "RareSleeper" }),
            ("failed of the common flow", new RunQuery { Tenant = "default", Flow = "Sleeper", Statuses = [RunStatus.Failed] }),
            ("with a label that all have", new RunQuery { Tenant = "default", Metadata = One("kind", "sleeper") }),
            ("with a rare label", new RunQuery { Tenant = "default", Metadata = One("customer", "c77") }),
            ("with both labels", new RunQuery { Tenant = "default", Metadata = new Dictionary<string, string> { ["kind"] = "sleeper", ["customer"] = "c77" } }),
            ("waiting, common flow, common label", new RunQuery { Tenant = "default", Flow = "Sleeper", Statuses = [RunStatus.Waiting], Metadata = One("kind", "sleeper") }),
            ("with a label that none has", new RunQuery { Tenant = "default", Metadata = One("kind", "none") }),
        ];
        foreach ((string name, RunQuery query) in queries)
        {
            string line = "";
            foreach ((string depth, long? from) in new (string, long?)[] { ("first page", null), ("in the middle", newest - (count / 2)), ("near the end", newest - count + 200) })
            {
                List<double> times = [];
                int rows = 0;
                for (int i = 0; i < 15; i++)
                {
                    long begun = Stopwatch.GetTimestamp();
                    rows = (await database.Store.ListRunsAsync(query with { BeforeNo = from }, default)).Count;
                    times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
                }

                double cold = times[0];
                times.Sort();
                line += $"; {depth} p50 {times[7]:0.0} ms, at first {cold:0.0} ms, slowest {times[^1]:0.0} ms ({rows} rows)";
            }

            Console.WriteLine($"list {name}{line}");
        }
    }

    private static async Task RemindersAsync(BenchStore database)
    {
        await using Silo silo = New(database.Store, TimeSpan.FromMilliseconds(200));
        await silo.StartAsync();

        // Far enough for all to be asleep before the first is due.
        DateTimeOffset first = DateTimeOffset.UtcNow + TimeSpan.FromSeconds(30);
        ConcurrentBag<double> late = Sleeper.Late;
        late.Clear();
        List<RunId> runs = [];
        for (int i = 0; i < DueTogether; i += Silo.BulkStartsMax)
        {
            IReadOnlyList<BulkStart> started = await silo.StartRunsAsync(
                [.. Enumerable.Range(i, Silo.BulkStartsMax).Select(k => new StartRun { Flow = "Sleeper", Input = JsonSerializer.SerializeToElement(first + (Window * k / DueTogether)) })], Caller.Local);
            runs.AddRange(started.Select(static start => (start.Started ?? throw new InvalidOperationException("A start was refused.", start.Refusal)).Run.Id));
        }

        while (silo.ActiveRuns > 0 && DateTimeOffset.UtcNow < first)
        {
            await Task.Delay(50);
        }

        Console.WriteLine($"reminders: {DueTogether:N0} set, {silo.ActiveRuns} of their runs in memory {(first - DateTimeOffset.UtcNow).TotalSeconds:0.0} s before the first is due");
        using CancellationTokenSource over = new();
        int other = 0;

        async Task LoadAsync()
        {
            while (!over.IsCancellationRequested)
            {
                StartedRun started = await silo.StartRunAsync(new StartRun { Flow = "TenSteps", Input = JsonSerializer.SerializeToElement(1) }, Caller.Local);
                await silo.WaitForEndAsync(started.Run.Id, Caller.Local, TimeSpan.FromMinutes(1));
                Interlocked.Increment(ref other);
            }
        }

        Stopwatch watch = Stopwatch.StartNew();
        Task load = Task.WhenAll(Enumerable.Range(0, 512).Select(_ => Task.Run(LoadAsync)));
        foreach (RunId run in runs)
        {
            RunResult result = await silo.WaitForEndAsync(run, Caller.Local, TimeSpan.FromMinutes(5));
            if (result.Run.Status != RunStatus.Completed)
            {
                throw new InvalidOperationException($"A sleeper ended as {result.Run.Status}: {result.Run.Why}");
            }
        }

        double seconds = watch.Elapsed.TotalSeconds;
        await over.CancelAsync();
        await load;
        List<double> sorted = [.. late.Order()];
        double At(double share) => sorted[(int)Math.Min(sorted.Count - 1, sorted.Count * share)];
        Console.WriteLine(
            $"reminders: {sorted.Count:N0} fired within {Window.TotalSeconds:0} s, from due to the body of the next step p50 {At(0.5):0} ms, p99 {At(0.99):0} ms, last {sorted[^1]:0} ms; beside it {other * 10 / seconds:N0} durable steps/s of 512 runs at once");
    }

    private static Silo New(IStore store, TimeSpan idle)
    {
        FlowRegistry flows = new FlowRegistry().Add(new Sleeper()).Add(new RareSleeper()).Add(new TenSteps());
        return new Silo(new SiloOptions { IdleTimeout = idle }, store, flows, new TaskRegistry(), TimeProvider.System, NullLoggerFactory.Instance);
    }

    /// <summary>Sleeps until its input, then makes one step.</summary>
    private class Sleeper : Flow<DateTimeOffset, int>
    {
        public static ConcurrentBag<double> Late { get; } = [];

        public override async Task<int> RunAsync(IFlowContext ctx, DateTimeOffset input)
        {
            await ctx.Until("date", input);
            return await ctx.Step("woken", input, static (due, _) =>
            {
                Late.Add((DateTimeOffset.UtcNow - due).TotalMilliseconds);
                return Task.FromResult(1);
            });
        }
    }

    private sealed class RareSleeper : Sleeper;
}
