using System.Globalization;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Actors.Chaos.World;

/// <summary>How much is tried: a short form in CI, a long one with <c>ACTORS_CHAOS=long</c>.</summary>
internal static class ChaosMode
{
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("ACTORS_CHAOS") == "long";

    /// <summary>The seed of this test run: <c>ACTORS_SEED</c>, or one by chance.</summary>
    public static int Seed { get; } = int.TryParse(Environment.GetEnvironmentVariable("ACTORS_SEED"), CultureInfo.InvariantCulture, out int given) ? given : Random.Shared.Next(1, 1_000_000);

    /// <summary>How long the long form repeats one test at most; the round that is under way ends. <c>ACTORS_CHAOS_MINUTES</c>, ten without it.</summary>
    public static TimeSpan RepeatLimit { get; } =
        TimeSpan.FromMinutes(double.TryParse(Environment.GetEnvironmentVariable("ACTORS_CHAOS_MINUTES"), CultureInfo.InvariantCulture, out double minutes) ? minutes : 10);

    public static T Pick<T>(T brief, T full) => IsLong ? full : brief;
}

/// <summary>How the cluster of a test class is set up.</summary>
public sealed record ChaosOptions
{
    public int Silos { get; init; } = 3;

    /// <summary>True: a proxy stands between each silo and the database.</summary>
    public bool Proxies { get; init; }

    /// <summary>Shorter than the default, so that tests end soon.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(3);

    public TimeSpan TickInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan DrainLimit { get; init; } = TimeSpan.FromSeconds(10);
}
