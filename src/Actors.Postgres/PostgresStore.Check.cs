using System.Globalization;
using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

public sealed partial class PostgresStore : ICheckedStore
{
    // Nothing is locked but the tables' existence, and no snapshot is held for longer than one range takes: the server's clean-up of old rows goes on.
    private const string BeginLook = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    // The hot path's plans are wrong for a look at everything.
    private const string AnyPlan = "SET LOCAL enable_seqscan = on";
    private const string AnyHashJoin = "SET LOCAL enable_hashjoin = on";
    private const string AnyMergeJoin = "SET LOCAL enable_mergejoin = on";
    private const string LookLimit = "SELECT set_config('statement_timeout', $1, true)";
    private const string RangeEnd = "SELECT no FROM runs WHERE no > $1 ORDER BY no OFFSET $2 LIMIT 1";

    private static readonly string Invariants = ReadSql("Actors.Postgres.Checks.invariants.sql");
    private static readonly string Counts = ReadSql("Actors.Postgres.Checks.counts.sql");

    public async ValueTask<IReadOnlyList<string>> CheckInvariantsAsync(CancellationToken cancellationToken) =>
        [.. (await CheckAsync(null, cancellationToken).ConfigureAwait(false)).Broken.Select(static row => row.Says)];

    public async ValueTask<DatabaseCheck> CheckAsync(TimeSpan? limit, CancellationToken cancellationToken)
    {
        long began = TimeProvider.System.GetTimestamp();
        DatabaseCheck sum = new();
        for (long before = long.MinValue; before < long.MaxValue;)
        {
            TimeSpan? left = limit - TimeProvider.System.GetElapsedTime(began);
            if (left <= TimeSpan.Zero || sum.Broken.Count >= BrokenRows.Max)
            {
                return sum;
            }

            (DatabaseCheck? range, before) = await RunAsync((before, BrokenRows.Max - sum.Broken.Count, left), CheckRangeAsync, cancellationToken).ConfigureAwait(false);
            if (range is null)
            {
                return sum;
            }

            sum = sum.Plus(range);
        }

        return sum with { IsComplete = sum.Broken.Count < BrokenRows.Max };
    }

    // Null when the time was up. With the last number of the range.
    private static async Task<(DatabaseCheck? Range, long Last)> CheckRangeAsync(
        NpgsqlConnection connection, (long Before, int Max, TimeSpan? Left) ask, CancellationToken cancellationToken)
    {
        long first = ask.Before == long.MinValue ? ask.Before : ask.Before + 1;
        List<long> end = await AllAsync(
            connection, Command(RangeEnd, Columns.Of(ask.Before), Columns.Of((long)DatabaseCheck.RangeRuns - 1)), static row => row.GetInt64(0), cancellationToken).ConfigureAwait(false);
        long last = end.Count == 0 ? long.MaxValue : end[0];
        string timeout = ask.Left is { } left ? Math.Max(1, (long)left.TotalMilliseconds).ToString(CultureInfo.InvariantCulture) : "0";
        using NpgsqlBatch batch = new(connection)
        {
            Timeout = 0,
            BatchCommands =
            {
                new(BeginLook),
                new(AnyPlan),
                new(AnyHashJoin),
                new(AnyMergeJoin),
                Command(LookLimit, Columns.Of(timeout)),
                Command(Counts, Columns.Of(first), Columns.Of(last)),
                Command(Invariants, Columns.Of((long)ask.Max), Columns.Of(first), Columns.Of(last)),
                new(Statements.Commit),
            },
        };
        try
        {
            using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
            List<DatabaseCheck> counts = await RowsAsync(reader, Count, cancellationToken).ConfigureAwait(false);
            await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
            List<BrokenRow> broken = await RowsAsync(reader, Broken, cancellationToken).ConfigureAwait(false);
            return (counts[0] with { Broken = broken }, last);
        }
        catch (PostgresException e)
        {
            await RollbackAsync(connection).ConfigureAwait(false);
            if (e.SqlState == PostgresErrors.QueryCanceled && ask.Left is not null)
            {
                return (null, last);
            }

            throw;
        }
    }

    private static DatabaseCheck Count(NpgsqlDataReader row) => new()
    {
        Runs = row.GetInt64(0),
        LiveRuns = row.GetInt64(1),
        Reminders = row.GetInt64(2),
        Messages = row.GetInt64(3),
        HumanTasks = row.GetInt64(4),
    };

    private static BrokenRow Broken(NpgsqlDataReader row) => BrokenRows.Of(
        row.GetString(0), RowReader.TextOrNull(row, 1), RowReader.TextOrNull(row, 2), row.IsDBNull(3) ? null : row.GetInt64(3), row.IsDBNull(4) ? null : row.GetInt64(4), RowReader.TextOrNull(row, 5));

    private static string ReadSql(string resource)
    {
        using StreamReader reader = new(typeof(PostgresStore).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
