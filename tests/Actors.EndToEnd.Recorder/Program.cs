using System.Globalization;
using Actors;
using Actors.EndToEnd.Recorder;
using Actors.Storage;

// Stands for the outside world: every effect of every step is a call here, written to a log of its own that no crash of a silo touches.
// On each call it looks into the silo's database: a step whose outcome is recorded must never be executed again.
//   Recorder <SQLite file or PostgreSQL connection> <log>
// The log has a line for each effect: run, step key, attempt, verdict, idempotency key, process, when its body began, when it came; times are microseconds
// since 1970. <log>.ended has one for each long body that ended: run, step key, process, began, ended.
await using Judge judge = new(args[0]);
using StreamWriter log = new(args[1], append: true) { AutoFlush = true };
using StreamWriter endings = new(args[1] + ".ended", append: true) { AutoFlush = true };

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
WebApplication app = builder.Build();
Lock gate = new();
int count = 0;
List<(int Count, TaskCompletionSource Reached)> waiting = [];

app.MapPost("/effects", async (string run, string key, int attempt, string? once, int? process, long? began) =>
{
    long came = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
    string verdict = await judge.JudgeAsync(new RunId(run), key, began);
    lock (gate)
    {
        log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{run}\t{key}\t{attempt}\t{verdict}\t{once}\t{process}\t{began}\t{came}"));
        count++;
        foreach ((int Count, TaskCompletionSource Reached) wait in waiting.Where(w => w.Count <= count).ToArray())
        {
            wait.Reached.TrySetResult();
            waiting.Remove(wait);
        }
    }

    return verdict;
});

app.MapPost("/ended", (string run, string key, int process, long began, long ended) =>
{
    lock (gate)
    {
        endings.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{run}\t{key}\t{process}\t{began}\t{ended}"));
    }
});

// Answers when that many effects have been recorded: a signal for the test instead of a guess about time.
app.MapGet("/when", (int wanted) =>
{
    TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    lock (gate)
    {
        if (count >= wanted)
        {
            return Task.CompletedTask;
        }

        waiting.Add((wanted, reached));
    }

    return reached.Task;
});

await app.StartAsync();
Console.WriteLine(app.Urls.First());
await app.WaitForShutdownAsync();
