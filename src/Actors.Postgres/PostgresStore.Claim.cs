using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

public sealed partial class PostgresStore
{
    public ValueTask<IReadOnlyList<LoadedRun?>> ClaimAsync(long silo, IReadOnlyList<RunId> runs, CancellationToken cancellationToken) =>
        RunAsync((silo, runs), ClaimAsync, cancellationToken);

    public async ValueTask<IReadOnlyList<RunId>> FindRunnableAsync(int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return await ReadAsync(Command(Statements.FindRunnable, Columns.Of((long)limit)), static row => new RunId(row.GetString(0)), cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<Reminder>> FindRemindersAsync(
        DateTimeOffset before, Reminder? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        NpgsqlBatchCommand find = Command(after is null ? Statements.FindReminders : Statements.FindRemindersAfter, Columns.Of(CeilingMs(before)), Columns.Of((long)limit));
        if (after is { } last)
        {
            find.Parameters.Add(Columns.Of(last.DueAt));
            find.Parameters.Add(Columns.Of(last.RunNo));
            find.Parameters.Add(Columns.Of(last.Key));
        }

        return await ReadAsync(find, RowReader.Reminder, cancellationToken).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<LoadedRun?>> ClaimAsync(NpgsqlConnection connection, (long Silo, IReadOnlyList<RunId> Runs) ask, CancellationToken cancellationToken)
    {
        string[] ids = [.. ask.Runs.Select(static run => run.Value).Distinct()];

        // Loaded behind the COMMIT, so that long journals do not hold up the end of the life; what the silo owns only the silo changes.
        NpgsqlBatchCommand[] commands =
        [
            .. Fence(ask.Silo),
            Command(Statements.Claim, Columns.Of(ask.Silo), Columns.Of(ids)),
            new(Statements.Commit),
            Command(Statements.LoadRuns, Columns.Of(ids), Columns.Of(ask.Silo)),
            Command(Statements.LoadEntries, Columns.Of(ids), Columns.Of(ask.Silo)),
            Command(Statements.LoadInboxes, Columns.Of(ids), Columns.Of(ask.Silo)),
        ];
        Dictionary<RunId, LoadedRun> loaded = await FencedAsync(connection, ask.Silo, commands, LoadAsync, cancellationToken).ConfigureAwait(false);
        return [.. ask.Runs.Select(run => loaded.GetValueOrDefault(run))];
    }

    private static async Task<Dictionary<RunId, LoadedRun>> LoadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        Dictionary<long, RunRow> rows = (await RowsAsync(reader, RowReader.Run, cancellationToken).ConfigureAwait(false)).ToDictionary(static row => row.No);
        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        ILookup<long, JournalEntry> entries = (await RowsAsync(reader, static row => (No: row.GetInt64(6), Entry: RowReader.Entry(row)), cancellationToken).ConfigureAwait(false))
            .ToLookup(static row => row.No, static row => row.Entry);
        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        List<InboxMessage?> messages = await RowsAsync(
            reader, row => rows.TryGetValue(row.GetInt64(6), out RunRow? run) ? RowReader.Message(row, run) : null, cancellationToken).ConfigureAwait(false);
        ILookup<long, InboxMessage> inboxes = messages.OfType<InboxMessage>().ToLookup(static message => message.RunNo);
        return rows.Values.Where(row => entries.Contains(row.No))
            .ToDictionary(static row => row.Id, row => new LoadedRun(row, [.. entries[row.No]], [.. inboxes[row.No]]));
    }

    // Stored times are whole milliseconds: one is before an instant when it is before that instant's next whole millisecond.
    private static long CeilingMs(DateTimeOffset at) => at.ToUnixTimeMilliseconds() + (at.Ticks % TimeSpan.TicksPerMillisecond == 0 ? 0 : 1);
}
