namespace Actors.Benchmarks;

internal static class Sleepers
{
    public static Task RunAsync(int count) => throw new NotImplementedException(count.ToString());
}
