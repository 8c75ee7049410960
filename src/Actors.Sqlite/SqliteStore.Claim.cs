using Actors.Storage;

namespace Actors.Sqlite;

public sealed partial class SqliteStore
{
    public async ValueTask<IReadOnlyList<LoadedRun?>> ClaimAsync(long silo, IReadOnlyList<RunId> runs, CancellationToken cancellationToken)
    {
        await WriteAsync((silo, runs), static (database, ask) =>
        {
            RequireAlive(database, ask.silo);
            foreach (RunId run in ask.runs)
            {
                database[Statements.Claim].Bind(1, ask.silo).Bind(2, run.Value).Run();
            }

            return true;
        }, cancellationToken).ConfigureAwait(false);

        // Loaded by a reader, so that long journals do not hold up commits; what the silo owns only the silo changes.
        return await ReadAsync((silo, runs), static IReadOnlyList<LoadedRun?> (database, ask) =>
            [.. ask.runs.Select(run => Load(database, ask.silo, run))], cancellationToken).ConfigureAwait(false);
    }

    public ValueTask<IReadOnlyList<RunId>> FindRunnableAsync(int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return ReadAsync(limit, static IReadOnlyList<RunId> (database, limit) =>
            RowReader.All(database[Statements.FindRunnable].Bind(1, limit), static row => new RunId(row.Text(0))), cancellationToken);
    }

    public ValueTask<IReadOnlyList<Reminder>> FindRemindersAsync(
        DateTimeOffset before, Reminder? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return ReadAsync((before, after, limit), static IReadOnlyList<Reminder> (database, ask) =>
        {
            SqliteStatement find = database[ask.after is null ? Statements.FindReminders : Statements.FindRemindersAfter];
            find.Bind(1, CeilingMs(ask.before)).Bind(2, ask.limit);
            if (ask.after is { } last)
            {
                find.Bind(3, last.DueAt).Bind(4, last.RunNo).Bind(5, last.Key);
            }

            return RowReader.All(find, RowReader.Reminder);
        }, cancellationToken);
    }

    private static LoadedRun? Load(SqliteDatabase database, long silo, RunId id)
    {
        RunRow? run = RowReader.First(database[Statements.RunById].Bind(1, id.Value), RowReader.Run);
        if (run is null || run.Owner != silo)
        {
            return null;
        }

        List<JournalEntry> entries = RowReader.All(database[Statements.LoadEntries].Bind(1, run.No), RowReader.Entry);
        List<InboxMessage> inbox = RowReader.All(database[Statements.LoadInbox].Bind(1, run.No), row => RowReader.Message(row, run));
        return new LoadedRun(run, entries, inbox);
    }

    // Stored times are whole milliseconds: one is before an instant when it is before that instant's next whole millisecond.
    private static long CeilingMs(DateTimeOffset at) => at.ToUnixTimeMilliseconds() + (at.Ticks % TimeSpan.TicksPerMillisecond == 0 ? 0 : 1);
}
