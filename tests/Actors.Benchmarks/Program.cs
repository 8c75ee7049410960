using System.Globalization;
using Actors.Benchmarks;

// Prints what it measures and nothing else. Timings of a shared machine are noisy: compare lines of one run, not of two.
//   dotnet run -c Release --project tests/Actors.Benchmarks -- [memory|sqlite|postgres|all] [seconds per figure] [rounds]
//   dotnet run -c Release --project tests/Actors.Benchmarks -- sleepers [count]
//   dotnet run -c Release --project tests/Actors.Benchmarks -- conditions [seconds per condition]
//   dotnet run -c Release --project tests/Actors.Benchmarks -- loading
//   dotnet run -c Release --project tests/Actors.Benchmarks -- yaml [memory] [sqlite] [postgres]
// PostgreSQL: in the database of ACTORS_BENCH_POSTGRES, or else in a server of its own, which needs the server's binaries on this machine.
string which = args.ElementAtOrDefault(0) ?? "all";
if (which == "sleepers")
{
    await Sleepers.RunAsync(int.Parse(args.ElementAtOrDefault(1) ?? "1000000", CultureInfo.InvariantCulture));
    return;
}

if (which == "conditions")
{
    Conditions.Run(TimeSpan.FromSeconds(double.Parse(args.ElementAtOrDefault(1) ?? "2", CultureInfo.InvariantCulture)));
    return;
}

if (which == "yaml")
{
    foreach (string store in args.Length > 1 ? args[1..] : ["memory", "sqlite"])
    {
        Console.WriteLine($"== {store}");
        await Bench.InterpretedAsync(store, TimeSpan.FromSeconds(3), 5);
    }

    return;
}

if (which == "loading")
{
    Loading.Run();
    return;
}

double seconds = double.TryParse(args.ElementAtOrDefault(1), CultureInfo.InvariantCulture, out double given) ? given : 3;
int rounds = int.TryParse(args.ElementAtOrDefault(2), CultureInfo.InvariantCulture, out int wanted) ? wanted : 3;

Console.WriteLine($"Processors {Environment.ProcessorCount}, .NET {Environment.Version}, {seconds:0.#} s per figure, medians of {rounds} rounds");
foreach (string name in which == "all" ? ["memory", "sqlite", "postgres"] : new[] { which })
{
    Console.WriteLine();
    await Bench.RunAsync(name, TimeSpan.FromSeconds(seconds), rounds);
}
