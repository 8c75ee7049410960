namespace Actors.Postgres.Tests;

/// <summary>Asks again and again for what tells nobody when it changes.</summary>
internal static class Poll
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Gives the first answer that fits.</summary>
    /// <param name="what">What is waited for, as a sentence.</param>
    /// <param name="describe">What else the message of a failed test should say; null: nothing.</param>
    public static async Task<T> UntilAsync<T>(string what, Func<Task<T>> ask, Func<T, bool> fits, Func<string>? describe = null)
    {
        using CancellationTokenSource limit = new(Cluster.Limit);
        while (true)
        {
            T answer = await ask();
            if (fits(answer))
            {
                return answer;
            }

            Assert.False(limit.IsCancellationRequested, $"{what}: not within {Cluster.Limit.TotalSeconds} s; the last answer was {answer}.\n{describe?.Invoke()}");
            await Task.Delay(Pause);
        }
    }

    public static Task UntilAsync(string what, Func<bool> holds, Func<string>? describe = null) =>
        UntilAsync(what, () => Task.FromResult(holds()), static answer => answer, describe);
}
