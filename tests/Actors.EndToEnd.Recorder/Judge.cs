using Actors.Postgres;
using Actors.Sqlite;
using Actors.Storage;

namespace Actors.EndToEnd.Recorder;

/// <summary>Looks into the silos' database, an SQLite file or PostgreSQL, for what is recorded of a step.</summary>
internal sealed class Judge(string database) : IAsyncDisposable
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _opening = new(1);
    private IStore? _shared;

    private bool IsPostgres => database.Contains("Host=", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// <c>ok</c>; <c>VIOLATION …</c> when the step's outcome, or one above it, was recorded before its body began; <c>overlap …</c> when it was recorded while the body was under way, which the
    /// owner before may do; <c>unjudged</c> when the database does not answer.
    /// </summary>
    /// <param name="began">Microseconds since 1970; null: now.</param>
    public async Task<string> JudgeAsync(RunId run, string key, long? began)
    {
        try
        {
            foreach (JournalEntry entry in await ReadAsync(run))
            {
                if (IsOutcome(entry, key))
                {
                    // Whole milliseconds are kept, cut off.
                    bool before = began is null || (entry.At.ToUnixTimeMilliseconds() + 1) * 1000 <= began;
                    return $"{(before ? "VIOLATION" : "overlap")} entry {entry.Seq} {entry.Kind} {entry.Key} was recorded";
                }
            }

            return "ok";
        }
        catch (Exception e) when (IsPostgres && e is StoreException or OperationCanceledException)
        {
            return "unjudged";
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_shared is not null)
        {
            await _shared.DisposeAsync();
        }

        _opening.Dispose();
    }

    private static bool IsOutcome(in JournalEntry entry, string key) => entry.Kind switch
    {
        EntryKind.StepCompleted or EntryKind.StepFailed or EntryKind.StepCancelled => entry.Key == key,
        EntryKind.ScopeCompleted or EntryKind.ScopeFailed =>
            key.StartsWith(entry.Key + "/", StringComparison.Ordinal) || key.StartsWith(entry.Key + "[", StringComparison.Ordinal),
        _ => entry.Kind is EntryKind.RunCompleted or EntryKind.RunFailed or EntryKind.RunCancelled,
    };

    private async Task<IReadOnlyList<JournalEntry>> ReadAsync(RunId run)
    {
        if (IsPostgres)
        {
            using CancellationTokenSource limit = new(AnswerLimit);
            return await (await OpenAsync(limit.Token)).ReadJournalAsync(Caller.DefaultTenant, run, 0, 10_000, limit.Token);
        }

        await using SqliteStore file = await SqliteStore.OpenReadOnlyAsync(new SqliteStoreOptions { Path = database });
        return await file.ReadJournalAsync(Caller.DefaultTenant, run, 0, 10_000, CancellationToken.None);
    }

    private async Task<IStore> OpenAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            return _shared ??= await PostgresStore.OpenAsync(new PostgresStoreOptions { ConnectionString = database }, cancellationToken: cancellationToken);
        }
        finally
        {
            _opening.Release();
        }
    }
}
