using System.Diagnostics;

namespace Actors.Tests;

/// <summary>Bounds of time on machines that others use as well.</summary>
internal static class Timing
{
    private const int TriesMax = 5;

    /// <summary>Asserts that work takes no longer than this when nothing else holds it up: one of a few tries must do it.</summary>
    public static T Within<T>(TimeSpan bound, Func<T> work)
    {
        TimeSpan best = TimeSpan.MaxValue;
        for (int i = 0; i < TriesMax; i++)
        {
            long start = Stopwatch.GetTimestamp();
            T result = work();
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            if (took <= bound)
            {
                return result;
            }

            best = took < best ? took : best;
        }

        throw new Xunit.Sdk.XunitException($"The best of {TriesMax} tries took {best}, more than {bound}.");
    }
}
