using System.Diagnostics;
using System.Text.Json;
using Actors;
using Actors.Benchmarks;
using Actors.Flows;
using Actors.Runs;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging.Abstractions;

// Prints what it measures and nothing else. Timings of a shared machine are noisy: compare lines of one run, not of two.
//   dotnet run -c Release --project tests/Actors.Benchmarks -- [memory|sqlite|postgres|all] [seconds per figure]
string which = args.ElementAtOrDefault(0) ?? "all";
double seconds = double.TryParse(args.ElementAtOrDefault(1), out double given) ? given : 3;

Console.WriteLine($"Processors {Environment.ProcessorCount}, .NET {Environment.Version}, {seconds:0.#} s per figure");
foreach (string name in which == "all" ? ["memory", "sqlite"] : new[] { which })
{
    Console.WriteLine();
    await Bench.RunAsync(name, TimeSpan.FromSeconds(seconds));
}

internal static class Bench
{
    public static async Task RunAsync(string storeName, TimeSpan time)
    {
        Console.WriteLine($"== {storeName}");
        // Warm up: the first second is the compiler's.
        await TenStepRunsAsync(storeName, 64, TimeSpan.FromSeconds(1.5), 512, print: false);
        double bare = await BareCommitterAsync(storeName, 64, time);
        double bare512 = await BareCommitterAsync(storeName, 512, time);
        double rate1 = await TenStepRunsAsync(storeName, 1, time, 512, print: true);
        double rate64 = await TenStepRunsAsync(storeName, 64, time, 512, print: true);
        double rate512 = await TenStepRunsAsync(storeName, 512, time, 512, print: true);
        double single = await TenStepRunsAsync(storeName, 64, time, 1, print: true, label: "batching off, 64 at once");
        Console.WriteLine($"ratios: engine/bare committer at 64 {rate64 / bare:0.00}, at 512 {rate512 / bare512:0.00}; batching on/off at 64 {rate64 / single:0.0}; 64/1 {rate64 / rate1:0.0}");
        await LoopAsync(storeName);
        await MapAsync(storeName);
        await QuestionsAsync(storeName, 2_000);
        await RecoveryAsync(storeName, 500);
    }

    private static async Task<double> TenStepRunsAsync(string storeName, int concurrent, TimeSpan time, int batchMax, bool print, string? label = null)
    {
        await using BenchStore database = await BenchStore.OpenAsync(storeName);
        await using Silo silo = await StartAsync(database.Store, batchMax);
        List<double> latencies = [];
        Stopwatch watch = Stopwatch.StartNew();
        long allocatedBefore = GC.GetTotalAllocatedBytes();
        int runs = 0;

        async Task WorkAsync()
        {
            List<double> own = [];
            while (watch.Elapsed < time)
            {
                long begun = Stopwatch.GetTimestamp();
                StartedRun started = await silo.StartRunAsync(new StartRun { Flow = "TenSteps", Input = One }, Caller.Local);
                RunResult result = await silo.WaitForEndAsync(started.Run.Id, Caller.Local, TimeSpan.FromMinutes(1));
                if (result.Run.Status != RunStatus.Completed)
                {
                    throw new InvalidOperationException($"A run ended as {result.Run.Status}: {result.Run.Why}");
                }

                own.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
                Interlocked.Increment(ref runs);
            }

            lock (latencies)
            {
                latencies.AddRange(own);
            }
        }

        await Task.WhenAll(Enumerable.Range(0, concurrent).Select(_ => Task.Run(WorkAsync)));
        double elapsed = watch.Elapsed.TotalSeconds;
        long allocated = GC.GetTotalAllocatedBytes() - allocatedBefore;
        (long batches, long transitions, long entries) = silo.Commits;
        double steps = runs * 10 / elapsed;
        if (print)
        {
            latencies.Sort();
            Console.WriteLine(
                $"ten-step runs, {label ?? $"{concurrent} at once"}: {runs / elapsed:N0} runs/s, {steps:N0} durable steps/s, run p50 {At(latencies, 0.5):0.00} ms p99 {At(latencies, 0.99):0.00} ms, "
                + $"step to step p50 {At(latencies, 0.5) / 12:0.000} ms, {(double)transitions / batches:0.0} transitions per commit, {allocated / Math.Max(1, runs) / 1024.0:0.0} KiB allocated per run, {database.BytesPerRun(runs)}");
        }

        return steps;
    }

    /// <summary>The same rows through the same committer and store, without an engine: what the database itself can do.</summary>
    private static async Task<double> BareCommitterAsync(string storeName, int concurrent, TimeSpan time)
    {
        await using BenchStore database = await BenchStore.OpenAsync(storeName);
        long life = await database.Store.BeginLifeAsync("bench", DateTimeOffset.UtcNow, default);
        Committer committer = new(database.Store, EngineScheduler.Pool, TimeProvider.System, 512, NullLogger.Instance, () => { });
        byte[] value = JsonSerializer.SerializeToUtf8Bytes(TenSteps.Result);
        ReadOnlyMemory<byte> payload = EntryBody.WriteStepCompleted("1:0123456789abcdef", 1, 0, false, "1"u8, value);
        Stopwatch watch = Stopwatch.StartNew();
        int runs = 0;
        long number = 0;
        long transition = 0;

        async Task WorkAsync()
        {
            BareRun run = new(committer);
            while (watch.Elapsed < time)
            {
                DateTimeOffset now = DateTimeOffset.UtcNow;
                long no = Interlocked.Increment(ref number);
                RunRow row = new()
                {
                    Id = new RunId($"run_{no}"), No = no, Tenant = "default", Principal = "local", Flow = "TenSteps", FlowVersion = "1",
                    Status = RunStatus.Running, Owner = life, CreatedAt = now, UpdatedAt = now,
                };
                long seq = 0;
                for (int i = 0; i < 12; i++)
                {
                    EntryKind kind = i == 0 ? EntryKind.RunStarted : i == 11 ? EntryKind.RunCompleted : EntryKind.StepCompleted;
                    await run.CommitAsync(new Transition
                    {
                        Id = (life << 40) | Interlocked.Increment(ref transition), Silo = life, Run = row.Id, RunNo = no, ExpectedSeq = seq,
                        Start = i == 0 ? row : null,
                        Entries = [new JournalEntry(++seq, kind, 1, i is 0 or 11 ? "" : $"step#{i}", now, payload)],
                        Change = i == 11 ? new RunChange { Status = RunStatus.Completed, At = now, Release = true } : null,
                    });
                }

                Interlocked.Increment(ref runs);
            }
        }

        await Task.WhenAll(Enumerable.Range(0, concurrent).Select(_ => Task.Run(WorkAsync)));
        double steps = runs * 10 / watch.Elapsed.TotalSeconds;
        Console.WriteLine($"bare committer, {concurrent} at once: {steps:N0} durable steps/s, {(double)committer.Transitions / committer.Batches:0.0} transitions per commit");
        return steps;
    }

    private static async Task LoopAsync(string storeName)
    {
        await using BenchStore database = await BenchStore.OpenAsync(storeName);
        await using Silo silo = await StartAsync(database.Store, 512);
        await TimeAsync(silo, "TenSteps");
        await TimeAsync(silo, "LoopOfTen", 10);
        List<double> ten = [];
        List<double> loop = [];
        // In turns, so that a machine that becomes slower does so for both.
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < 100; i++)
            {
                ten.Add(await TimeAsync(silo, "TenSteps") / 10);
            }

            loop.Add(await TimeAsync(silo, "LoopOfTen", LoopOfTen.Iterations) / (LoopOfTen.Iterations * 10));
        }

        double mean = ten.Average();
        loop.Sort();
        Console.WriteLine($"cost per step: ten-step run {mean * 1000:0} us, {LoopOfTen.Iterations * 10:N0}-step loop {At(loop, 0.5) * 1000:0} us, ratio {At(loop, 0.5) / mean:0.00}");
    }

    private static async Task MapAsync(string storeName)
    {
        await using BenchStore database = await BenchStore.OpenAsync(storeName);
        await using Silo silo = await StartAsync(database.Store, 512);
        await TimeAsync(silo, "ThousandItems");
        List<double> times = [];
        for (int i = 0; i < 7; i++)
        {
            times.Add(await TimeAsync(silo, "ThousandItems"));
        }

        times.Sort();
        Console.WriteLine($"1,000-item map, 50 at a time: median {At(times, 0.5):0} ms");
    }

    private static async Task QuestionsAsync(string storeName, int count)
    {
        await using BenchStore database = await BenchStore.OpenAsync(storeName);
        await using Silo silo = await StartAsync(database.Store, 512);
        List<RunId> runs = [];
        await Task.WhenAll(Enumerable.Range(0, count).Select(async _ =>
        {
            StartedRun started = await silo.StartRunAsync(new StartRun { Flow = "OneQuestion", Input = One }, Caller.Local);
            lock (runs)
            {
                runs.Add(started.Run.Id);
            }
        }));
        List<HumanTaskRow> tasks = [];
        while (tasks.Count < count)
        {
            tasks.Clear();
            IReadOnlyList<HumanTaskRow> page;
            do
            {
                page = await database.Store.ListHumanTasksAsync(
                    new HumanTaskQuery { Tenant = "default", Status = HumanTaskStatus.Open, Limit = 500, After = tasks.Count == 0 ? null : (tasks[^1].CreatedAt, tasks[^1].Id) }, default);
                tasks.AddRange(page);
            }
            while (page.Count == 500);
        }

        string size = database.BytesPerRun(count);
        Stopwatch watch = Stopwatch.StartNew();
        await Task.WhenAll(tasks.Select(t => Task.Run(() => silo.AnswerAsync(t.Id, new TaskAnswer("approve"), Caller.Local))));
        await Task.WhenAll(runs.Select(r => silo.WaitForEndAsync(r, Caller.Local, TimeSpan.FromMinutes(1))));
        Console.WriteLine($"{count:N0} answered questions at once: {count / watch.Elapsed.TotalSeconds:N0} resumed and finished per second; while they waited {size}");
    }

    private static async Task RecoveryAsync(string storeName, int count)
    {
        await using BenchStore database = await BenchStore.OpenAsync(storeName);
        CountdownEvent reached = new(count);
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        FlowRegistry flows = new FlowRegistry().Add(new HeldOpen(async _ =>
        {
            reached.Signal();
            await release.Task;
            return 1;
        }));
        Silo first = new(new SiloOptions(), database.Store, flows, new TaskRegistry(), TimeProvider.System, NullLoggerFactory.Instance);
        await first.StartAsync();
        StartedRun[] runs = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => first.StartRunAsync(new StartRun { Flow = "HeldOpen", Input = One }, Caller.Local)));
        reached.Wait();
        long dead = first.LifeNo;
        first.Abandon();
        reached.Reset(count);
        Stopwatch watch = Stopwatch.StartNew();
        await database.Store.EndLifeAsync(dead, DateTimeOffset.UtcNow, default);
        await using Silo second = new(new SiloOptions(), database.Store, flows, new TaskRegistry(), TimeProvider.System, NullLoggerFactory.Instance);
        await second.StartAsync();
        double owned = watch.Elapsed.TotalMilliseconds;
        reached.Wait();
        double executing = watch.Elapsed.TotalMilliseconds;
        release.SetResult();
        await Task.WhenAll(runs.Select(r => second.WaitForEndAsync(r.Run.Id, Caller.Local, TimeSpan.FromMinutes(1))));
        Console.WriteLine($"a silo with {count} active runs is gone: all owned again after {owned:0} ms, all in their unfinished step again after {executing:0} ms");
    }

    private static async Task<double> TimeAsync(Silo silo, string flow, int input = 1)
    {
        long begun = Stopwatch.GetTimestamp();
        StartedRun started = await silo.StartRunAsync(new StartRun { Flow = flow, Input = JsonSerializer.SerializeToElement(input) }, Caller.Local);
        await silo.WaitForEndAsync(started.Run.Id, Caller.Local, TimeSpan.FromMinutes(5));
        return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
    }

    private static async Task<Silo> StartAsync(IStore store, int batchMax)
    {
        FlowRegistry flows = new();
        flows.Add(new TenSteps()).Add(new LoopOfTen()).Add(new ThousandItems()).Add(new OneQuestion());
        Silo silo = new(new SiloOptions { CommitBatchMax = batchMax }, store, flows, new TaskRegistry(), TimeProvider.System, NullLoggerFactory.Instance);
        await silo.StartAsync();
        return silo;
    }

    private static double At(List<double> sorted, double share) => sorted.Count == 0 ? double.NaN : sorted[(int)Math.Min(sorted.Count - 1, sorted.Count * share)];

    private static JsonElement One { get; } = JsonSerializer.SerializeToElement(1);

    private sealed class BareRun(Committer committer) : ITransitionSink
    {
        private TaskCompletionSource _done = new();

        public Task CommitAsync(Transition transition)
        {
            _done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            committer.Submit(transition, this);
            return _done.Task;
        }

        public void OnCommitted(Transition transition, CommitOutcome outcome)
        {
            if (outcome.Status == CommitStatus.Committed)
            {
                _done.SetResult();
            }
            else
            {
                _done.SetException(new InvalidOperationException($"{outcome.Status}: {outcome.Reason}"));
            }
        }
    }
}
