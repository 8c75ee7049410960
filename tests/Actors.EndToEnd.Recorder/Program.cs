using Actors;
using Actors.Postgres;
using Actors.Sqlite;
using Actors.Storage;

// Stands for the outside world: every effect of every step is a call here, written to a log of its own that no crash of a silo touches.
// On each call it looks into the silo's database: a step whose outcome is recorded must never be executed again.
//   Recorder <SQLite file or PostgreSQL connection> <log>
string database = args[0];
PostgresStore? postgres = database.Contains("Host=", StringComparison.Ordinal)
    ? await PostgresStore.OpenAsync(new PostgresStoreOptions { ConnectionString = database })
    : null;

using StreamWriter log = new(args[1], append: true) { AutoFlush = true };

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
WebApplication app = builder.Build();
Lock gate = new();
int count = 0;
List<(int Count, TaskCompletionSource Reached)> waiting = [];

app.MapPost("/effects", async (string run, string key, int attempt) =>
{
    string verdict = "ok";
    foreach (JournalEntry entry in await ReadAsync(new RunId(run)))
    {
        bool outcome = entry.Kind is EntryKind.StepCompleted or EntryKind.StepFailed or EntryKind.StepCancelled && entry.Key == key;
        bool above = entry.Kind is EntryKind.ScopeCompleted or EntryKind.ScopeFailed && (key.StartsWith(entry.Key + "/", StringComparison.Ordinal) || key.StartsWith(entry.Key + "[", StringComparison.Ordinal));
        if (outcome || above || entry.Kind is EntryKind.RunCompleted or EntryKind.RunFailed or EntryKind.RunCancelled)
        {
            verdict = $"VIOLATION entry {entry.Seq} {entry.Kind} {entry.Key} was recorded";
        }
    }

    lock (gate)
    {
        log.WriteLine($"{run}\t{key}\t{attempt}\t{verdict}");
        count++;
        foreach ((int Count, TaskCompletionSource Reached) wait in waiting.Where(w => w.Count <= count).ToArray())
        {
            wait.Reached.TrySetResult();
            waiting.Remove(wait);
        }
    }

    return verdict;
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

async Task<IReadOnlyList<JournalEntry>> ReadAsync(RunId run)
{
    if (postgres is not null)
    {
        return await postgres.ReadJournalAsync(Caller.DefaultTenant, run, 0, 10_000, CancellationToken.None);
    }

    await using SqliteStore store = await SqliteStore.OpenReadOnlyAsync(new SqliteStoreOptions { Path = database });
    return await store.ReadJournalAsync(Caller.DefaultTenant, run, 0, 10_000, CancellationToken.None);
}
