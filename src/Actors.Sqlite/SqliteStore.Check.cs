using Actors.Storage;

namespace Actors.Sqlite;

public sealed partial class SqliteStore : ICheckedStore
{
    private const string RangeEnd = "SELECT no FROM runs WHERE no > ?1 ORDER BY no LIMIT 1 OFFSET ?2";

    private static readonly string Invariants = ReadSql("Actors.Sqlite.Checks.invariants.sql");
    private static readonly string Counts = ReadSql("Actors.Sqlite.Checks.counts.sql");

    public async ValueTask<IReadOnlyList<string>> CheckInvariantsAsync(CancellationToken cancellationToken) =>
        [.. (await CheckAsync(null, cancellationToken).ConfigureAwait(false)).Broken.Select(static row => row.Says)];

    public async ValueTask<DatabaseCheck> CheckAsync(TimeSpan? limit, CancellationToken cancellationToken)
    {
        long began = TimeProvider.System.GetTimestamp();
        DatabaseCheck sum = new();
        for (long before = long.MinValue; before < long.MaxValue;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TimeProvider.System.GetElapsedTime(began) >= limit || sum.Broken.Count >= BrokenRows.Max)
            {
                return sum;
            }

            (DatabaseCheck range, before) = await ReadAsync((before, BrokenRows.Max - sum.Broken.Count), CheckRange, cancellationToken).ConfigureAwait(false);
            sum = sum.Plus(range);
        }

        return sum with { IsComplete = sum.Broken.Count < BrokenRows.Max };
    }

    private static (DatabaseCheck Range, long Last) CheckRange(SqliteDatabase database, (long Before, int Max) ask)
    {
        long first = ask.Before == long.MinValue ? ask.Before : ask.Before + 1;
        List<long> end = RowReader.All(database[RangeEnd].Bind(1, ask.Before).Bind(2, DatabaseCheck.RangeRuns - 1), static row => row.Long(0));
        long last = end.Count == 0 ? long.MaxValue : end[0];
        DatabaseCheck counts = RowReader.All(database[Counts].Bind(1, first).Bind(2, last), static row => new DatabaseCheck
        {
            Runs = row.Long(0),
            LiveRuns = row.Long(1),
            Reminders = row.Long(2),
            Messages = row.Long(3),
            HumanTasks = row.Long(4),
        })[0];
        List<BrokenRow> broken = RowReader.All(
            database[Invariants].Bind(1, ask.Max).Bind(2, first).Bind(3, last),
            static row => BrokenRows.Of(row.Text(0), row.TextOrNull(1), row.TextOrNull(2), row.LongOrNull(3), row.LongOrNull(4), row.TextOrNull(5)));
        return (counts with { Broken = broken }, last);
    }

    private static string ReadSql(string resource)
    {
        using StreamReader reader = new(typeof(SqliteStore).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
