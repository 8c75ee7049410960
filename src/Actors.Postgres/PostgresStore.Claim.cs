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
            Command(ClusterStatements.Claim, Columns.Of(ask.Silo), Columns.Of(ids)),
            new(Statements.Commit),
            .. Loads(ids, ask.Silo),
        ];
        Dictionary<RunId, LoadedRun> loaded = await FencedAsync(connection, ask.Silo, commands, LoadAsync, cancellationToken).ConfigureAwait(false);
        return [.. ask.Runs.Select(run => loaded.GetValueOrDefault(run))];
    }

    private static NpgsqlBatchCommand[] Loads(string[] ids, long silo) =>
    [
        Command(Statements.LoadRuns, Columns.Of(ids), Columns.Of(silo)),
        Command(Statements.LoadEntries, Columns.Of(ids), Columns.Of(silo)),
        Command(Statements.LoadInboxes, Columns.Of(ids), Columns.Of(silo)),
    ];

    private static async Task<Dictionary<RunId, LoadedRun>> LoadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        Dictionary<long, (RunRow Row, int Adoptions, int Trials)> rows =
            (await RowsAsync(reader, static row => (Row: RowReader.Run(row), (int)row.GetInt16(21), (int)row.GetInt16(22)), cancellationToken).ConfigureAwait(false)).ToDictionary(static run => run.Row.No);
        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        ILookup<long, JournalEntry> entries = (await RowsAsync(reader, static row => (No: row.GetInt64(6), Entry: RowReader.Entry(row)), cancellationToken).ConfigureAwait(false))
            .ToLookup(static row => row.No, static row => row.Entry);
        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        List<InboxMessage?> messages = await RowsAsync(
            reader, row => rows.TryGetValue(row.GetInt64(7), out var run) ? RowReader.Message(row, run.Row.Id, run.Row.No) : null, cancellationToken).ConfigureAwait(false);
        ILookup<long, InboxMessage> inboxes = messages.OfType<InboxMessage>().ToLookup(static message => message.RunNo);
        return rows.Values.Where(run => entries.Contains(run.Row.No))
            .ToDictionary(static run => run.Row.Id, run => new LoadedRun(run.Row, [.. entries[run.Row.No]], [.. inboxes[run.Row.No]], run.Adoptions, run.Trials));
    }

    // Stored times are whole milliseconds: one is before an instant when it is before that instant's next whole millisecond.
    private static long CeilingMs(DateTimeOffset at) => at.ToUnixTimeMilliseconds() + (at.Ticks % TimeSpan.TicksPerMillisecond == 0 ? 0 : 1);
}
