using System.Globalization;

namespace Actors.Chaos.World;

/// <summary>An effect that the outside world saw. Times are microseconds since 1970.</summary>
/// <param name="Once">The step's idempotency key.</param>
internal sealed record Effect(string Run, string Key, int Attempt, string Verdict, string Once, int Process, long Began, long Came)
{
    public string Name => Key[(Key.LastIndexOf('/') + 1)..];
}

/// <summary>A long body that ended.</summary>
internal sealed record Ended(string Run, string Key, int Process, long Began, long At);

/// <summary>What the recorder process wrote down.</summary>
internal sealed class EffectLog(string path, Uri recorder) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = recorder, Timeout = Timeout.InfiniteTimeSpan };

    public IReadOnlyList<Effect> Read() =>
        [.. Lines(path).Select(static f => new Effect(f[0], f[1], (int)Number(f[2]), f[3], f[4], (int)Number(f[5]), Number(f[6]), Number(f[7])))];

    public IReadOnlyList<Ended> ReadEnded() => [.. Lines(path + ".ended").Select(static f => new Ended(f[0], f[1], (int)Number(f[2]), Number(f[3]), Number(f[4])))];

    /// <summary>Completes when so many effects have come, from the beginning of the log.</summary>
    public async Task WhenAsync(int count)
    {
        using HttpResponseMessage answer = await _http.GetAsync(new Uri($"/when?wanted={count}", UriKind.Relative));
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>
    /// Effects of steps whose outcome was recorded before their body began. Asked of the whole log when the storm is over, beside what the recorder saw at each call: it may not have
    /// reached the database then.
    /// </summary>
    public async Task<IReadOnlyList<string>> FindRepeatedAsync(ChaosWorld world)
    {
        IReadOnlyList<Effect> effects = Read();
        List<string> repeated = [.. effects.Where(static e => e.Verdict.StartsWith("VIOLATION", StringComparison.Ordinal)).Select(static e => $"{e.Run} {e.Key} attempt {e.Attempt} was executed again: {e.Verdict}")];
        repeated.AddRange(await world.ListAsync(
            """
            SELECT e.run, e.key, 'began at', e.began, 'after its outcome was recorded: entry', j.seq, 'kind', j.kind, 'key', j.key, 'at', j.at
              FROM unnest($1::text[], $2::text[], $3::bigint[]) AS e (run, key, began) JOIN runs r ON r.id = e.run JOIN journal j ON j.run_no = r.no
             WHERE (j.at + 1) * 1000 <= e.began
               AND ((j.kind IN (22, 23, 24) AND j.key = e.key) OR (j.kind IN (72, 73) AND (starts_with(e.key, j.key || '/') OR starts_with(e.key, j.key || '['))) OR j.kind IN (2, 3, 4))
             LIMIT 20
            """,
            effects.Select(static e => e.Run).ToArray(),
            effects.Select(static e => e.Key).ToArray(),
            effects.Select(static e => e.Began).ToArray()));
        return repeated;
    }

    public void Dispose() => _http.Dispose();

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static IEnumerable<string[]> Lines(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using StreamReader reader = new(file);
        string all = reader.ReadToEnd();

        // A last line without an end is being written.
        return all[..(all.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split('\t'));
    }
}
