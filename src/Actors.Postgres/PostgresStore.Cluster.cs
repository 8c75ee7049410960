using System.Globalization;
using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

public sealed partial class PostgresStore : IClusterStore
{
    /// <summary>True: any number of silos may run on the database.</summary>
    public bool IsShared => true;

    public async ValueTask PublishAsync(long silo, SiloCapabilities can, CancellationToken cancellationToken) =>
        await RunAsync((silo, can), async (connection, ask, cancellationToken) =>
        {
            NpgsqlBatchCommand[] commands =
            [
                .. Fence(ask.silo),
                Command(ClusterStatements.Describe, Columns.Of((int)ask.silo), Columns.Of(ask.can.JournalVersion), Columns.Of([.. ask.can.Tasks])),
                Command(ClusterStatements.DropFlows, Columns.Of((int)ask.silo)),
                Command(
                    ClusterStatements.DescribeFlows,
                    Columns.Of((int)ask.silo), Columns.Of([.. ask.can.Flows.Select(static f => f.Flow)]), Columns.Of([.. ask.can.Flows.Select(static f => f.Version)])),
                new(Statements.Commit),
            ];
            return await FencedAsync(connection, ask.silo, commands, static (_, _) => Task.FromResult(true), cancellationToken).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);

    public async ValueTask<ISiloSession> OpenSessionAsync(long silo, Action<string> onNotice, CancellationToken cancellationToken)
    {
        try
        {
            return await PostgresSession.OpenAsync(_sessions, _place, _lockClass, silo, onNotice, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (PostgresErrors.IsOurs(e))
        {
            throw PostgresErrors.From(e, _place);
        }
    }

    public ValueTask<bool> EndSilentLifeAsync(long silo, long silent, long beat, DateTimeOffset at, CancellationToken cancellationToken) =>
        RunAsync((silo, silent, beat, at), async (connection, ask, cancellationToken) =>
        {
            // Whoever declares others dead must be alive; that it may die in the meantime makes the other no less silent.
            await FencedAsync(connection, ask.silo, [.. Fence(ask.silo), new(Statements.Commit)], static (_, _) => Task.FromResult(true), cancellationToken).ConfigureAwait(false);
            return await EndLifeAsync(connection, ask.silent, ask.beat, ask.at, cancellationToken).ConfigureAwait(false);
        }, cancellationToken);

    public async ValueTask<IReadOnlyList<LivingSilo>> ListSilosAsync(CancellationToken cancellationToken) => await ReadAsync(
        Command(ClusterStatements.ListSilos, Columns.Of(_lockClass)),
        static row => new LivingSilo(row.GetInt32(0), row.GetString(1), row.GetInt64(2), row.GetBoolean(3), RowReader.Time(row, 4)), cancellationToken).ConfigureAwait(false);

    public ValueTask<IReadOnlyList<LoadedRun>> ClaimRunnableAsync(long silo, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return RunAsync((silo, limit), async Task<IReadOnlyList<LoadedRun>> (connection, ask, cancellationToken) =>
        {
            NpgsqlBatchCommand[] claim = [.. Fence(ask.silo), Command(ClusterStatements.ClaimRunnable, Columns.Of(ask.silo), Columns.Of((long)ask.limit)), new(Statements.Commit)];
            List<string> ids = await FencedAsync(
                connection, ask.silo, claim, static (reader, cancellationToken) => RowsAsync(reader, static row => row.GetString(0), cancellationToken), cancellationToken)
                .ConfigureAwait(false);
            if (ids.Count == 0)
            {
                return [];
            }

            using NpgsqlBatch load = new(connection);
            foreach (NpgsqlBatchCommand command in Loads([.. ids], ask.silo))
            {
                load.BatchCommands.Add(command);
            }

            using NpgsqlDataReader reader = await load.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            Dictionary<RunId, LoadedRun> loaded = await LoadAsync(reader, cancellationToken).ConfigureAwait(false);
            return [.. loaded.Values.OrderByDescending(static run => run.Row.Priority).ThenBy(static run => run.Row.No)];
        }, cancellationToken);
    }

    public async ValueTask CountTrialAsync(long silo, RunId run, bool begins, CancellationToken cancellationToken) =>
        await RunAsync((silo, run, change: begins ? 1 : -1), async (connection, ask, cancellationToken) =>
        {
            NpgsqlBatchCommand[] commands =
                [.. Fence(ask.silo), Command(ClusterStatements.CountTrial, Columns.Of(ask.run.Value), Columns.Of(ask.silo), Columns.Of(ask.change)), new(Statements.Commit)];
            return await FencedAsync(connection, ask.silo, commands, static (_, _) => Task.FromResult(true), cancellationToken).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);

    public async ValueTask<IReadOnlyList<RunId>> FindOwnedAsync(long silo, int limit, CancellationToken cancellationToken) => await ReadAsync(
        Command(ClusterStatements.FindOwned, Columns.Of(silo), Columns.Of((long)limit)), static row => new RunId(row.GetString(0)), cancellationToken).ConfigureAwait(false);

    public async ValueTask<IReadOnlyDictionary<RunId, long>> FindOwnersAsync(IReadOnlyCollection<RunId> runs, CancellationToken cancellationToken) =>
        (await ReadAsync(
            Command(ClusterStatements.FindOwners, Columns.Of(Values(runs))), static row => (Run: new RunId(row.GetString(0)), Owner: row.GetInt64(1)), cancellationToken)
            .ConfigureAwait(false)).ToDictionary(static row => row.Run, static row => row.Owner);

    public ValueTask<int> ExplainUnclaimableAsync(long silo, int limit, CancellationToken cancellationToken) =>
        RunAsync((silo, limit), async (connection, ask, cancellationToken) =>
        {
            List<(long No, string Why)> runs = await AllAsync(
                connection, Command(ClusterStatements.FindUnclaimable, Columns.Of((long)ask.limit)),
                static row => (row.GetInt64(0), Unclaimable.Why(row.GetString(1), row.GetString(2), row.GetBoolean(3))), cancellationToken).ConfigureAwait(false);
            NpgsqlBatchCommand[] commands =
            [
                .. Fence(ask.silo),
                Command(ClusterStatements.Explain, Columns.Longs(runs, static run => run.No), Columns.Texts(runs, static run => run.Why)),
                new(Statements.Commit),
            ];
            await FencedAsync(connection, ask.silo, commands, static (_, _) => Task.FromResult(true), cancellationToken).ConfigureAwait(false);
            return runs.Count;
        }, cancellationToken);

    public async ValueTask<IReadOnlyList<PostOutcome>> PostAsync(
        long silo, IReadOnlyList<PostedMessage> messages, int inboxMax, CancellationToken cancellationToken)
    {
        PostOutcome[] outcomes = new PostOutcome[messages.Count];
        List<int> left = [.. Enumerable.Range(0, messages.Count)];
        while (left.Count > 0)
        {
            // Of several that close one human task, or that are the same message, the later ones see what the first did.
            HashSet<string> ids = new(StringComparer.Ordinal);
            HashSet<HumanTaskId> tasks = [];
            List<int> now = [.. left.Where(i => ids.Add(messages[i].Message.Id) & (messages[i].Closing is not { } closing || tasks.Add(closing.Id)))];
            IReadOnlyList<PostOutcome> told = await RunAsync(
                (silo, messages: (List<PostedMessage>)[.. now.Select(i => messages[i])], inboxMax), PostAsync, cancellationToken).ConfigureAwait(false);
            for (int i = 0; i < now.Count; i++)
            {
                outcomes[now[i]] = told[i];
            }

            left.RemoveAll(now.Contains);
        }

        return outcomes;
    }

    public async ValueTask<IReadOnlyList<InboxMessage>> ReadInboxesAsync(long silo, IReadOnlyCollection<RunId> runs, CancellationToken cancellationToken) => await ReadAsync(
        Command(ClusterStatements.ReadInboxes, Columns.Of(Values(runs)), Columns.Of(silo)), static row => RowReader.Message(row, new RunId(row.GetString(8)), row.GetInt64(7)), cancellationToken)
        .ConfigureAwait(false);

    public async ValueTask<IReadOnlyList<string>> FindMessagesAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken) =>
        await ReadAsync(Command(ClusterStatements.FindMessages, Columns.Of([.. ids])), static row => row.GetString(0), cancellationToken).ConfigureAwait(false);

    public async ValueTask TellAsync(IReadOnlyCollection<SiloNotice> notices, CancellationToken cancellationToken)
    {
        List<SiloNotice> rows = [.. notices];
        await ReadAsync(
            Command(ClusterStatements.Tell, Columns.Texts(rows, notice => Channel(_lockClass, notice.To)), Columns.Texts(rows, static notice => notice.Text)),
            static _ => true, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<Reminder>> FindRemindersAsync(
        DateTimeOffset before, Reminder? after, int limit, int share, int shares, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        NpgsqlBatchCommand find = Command(
            after is null ? ClusterStatements.FindReminders : ClusterStatements.FindRemindersAfter,
            Columns.Of(CeilingMs(before)), Columns.Of((long)limit), Columns.Of((long)shares), Columns.Of((long)share));
        if (after is { } last)
        {
            find.Parameters.Add(Columns.Of(last.DueAt));
            find.Parameters.Add(Columns.Of(last.RunNo));
            find.Parameters.Add(Columns.Of(last.Key));
        }

        return await ReadAsync(find, RowReader.Reminder, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Where a silo listens; the channels of a database are shared by all schemas. Null: where all listen.</summary>
    internal static string Channel(int lockClass, long? silo) =>
        silo is { } one
            ? string.Create(CultureInfo.InvariantCulture, $"actors_{unchecked((uint)lockClass)}_{one}")
            : string.Create(CultureInfo.InvariantCulture, $"actors_{unchecked((uint)lockClass)}");

    private async Task<IReadOnlyList<PostOutcome>> PostAsync(
        NpgsqlConnection connection, (long Silo, List<PostedMessage> Messages, int InboxMax) ask, CancellationToken cancellationToken)
    {
        List<PostedMessage> posts = ask.Messages;
        string[] tasks = [.. posts.Where(static p => p.Closing is not null).Select(static p => p.Closing!.Id.Value)];
        NpgsqlBatchCommand post = Command(
            ClusterStatements.Post,
            Columns.Texts(posts, static p => p.Message.Id),
            Columns.Longs(posts, static p => p.Message.RunNo),
            Columns.Texts(posts, static p => p.Message.Run.Value),
            Columns.Longs(posts, static p => (long)p.Message.Kind),
            Columns.Texts(posts, static p => p.Message.Key),
            Columns.Bytes(posts, static p => p.Message.Payload),
            Columns.Texts(posts, static p => p.Message.Principal),
            Columns.Times(posts, static p => p.Message.At),
            Columns.LongsOrNull(posts, static p => p.Message.Sender),
            Columns.Texts(posts, static p => p.Closing?.Id.Value),
            Columns.TimesOrNull(posts, static p => p.Closing?.At),
            Columns.Texts(posts, static p => p.Closing?.By),
            Columns.Texts(posts, static p => p.Closing?.Decision),
            Columns.Texts(posts, static p => p.Closing?.Comment),
            Columns.Of((long)ask.InboxMax));
        NpgsqlBatchCommand[] commands =
        [
            .. Fence(ask.Silo),
            Command(Statements.LockHumanTasks, Columns.Of(tasks)),
            Command(Statements.LockRuns, Columns.Of([.. posts.Select(static p => p.Message.RunNo).Distinct()])),
            post,
            new(Statements.Commit),
        ];
        return await FencedAsync(connection, ask.Silo, commands, static async Task<IReadOnlyList<PostOutcome>> (reader, cancellationToken) =>
        {
            await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
            await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
            return await RowsAsync(reader, static row => new PostOutcome((PostStatus)row.GetInt32(0), RowReader.LongOrNull(row, 1)), cancellationToken).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
    }

    private static string[] Values(IReadOnlyCollection<RunId> runs) => [.. runs.Select(static run => run.Value)];
}
