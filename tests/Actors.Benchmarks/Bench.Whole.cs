using System.Diagnostics;
using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Benchmarks;

// Figures of whole runs: loops, maps, questions, recovery.
internal static partial class Bench
{
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

        string size = await database.BytesPerRunAsync(count);
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
}
