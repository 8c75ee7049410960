namespace Actors.Simulation;

/// <summary>Runs many seeds, or the one in the environment variable <c>ACTORS_SEED</c>; a failure says how to see it again.</summary>
internal static class Seeds
{
    private static readonly ulong? Given = ulong.TryParse(Environment.GetEnvironmentVariable("ACTORS_SEED"), out ulong seed) ? seed : null;

    /// <summary>One seed is replayed: worlds keep their trace in words.</summary>
    public static bool IsReplay => Given is not null;

    /// <param name="run">Throws when something is wrong.</param>
    /// <returns>How many ran.</returns>
    public static int Run(int count, Action<ulong> run, [System.Runtime.CompilerServices.CallerMemberName] string test = "")
    {
        // Elsewhere than in CI more seeds, and others, can be tried.
        count = int.TryParse(Environment.GetEnvironmentVariable("ACTORS_SEEDS"), out int wanted) ? wanted : count;
        ulong first = ulong.TryParse(Environment.GetEnvironmentVariable("ACTORS_SEED_FIRST"), out ulong from) ? from : 1;
        for (ulong seed = Given ?? first; seed < (Given is { } one ? one + 1 : first + (ulong)count); seed++)
        {
            try
            {
                run(seed);
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"Seed {seed}. Replay it with: ACTORS_SEED={seed} dotnet test tests/Actors.Simulation --filter {test}\n{e.Message}\n{(e is InvalidOperationException ? "" : e.StackTrace)}");
            }
        }

        return IsReplay ? 1 : count;
    }
}
