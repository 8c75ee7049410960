using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

public sealed partial class PostgresStore
{
    // The hot path's plans are wrong for a look at everything.
    private const string AnyPlan = "SET LOCAL enable_seqscan = on";
    private const string AnyJoin = "SET LOCAL enable_hashjoin = on";

    private static readonly string Invariants = ReadSql("Actors.Postgres.Checks.invariants.sql");

    public ValueTask<IReadOnlyList<string>> CheckInvariantsAsync(CancellationToken cancellationToken) =>
        RunAsync(BrokenRows.Max, static async Task<IReadOnlyList<string>> (connection, max, cancellationToken) =>
        {
            using NpgsqlBatch batch = new(connection)
            {
                Timeout = 0,
                BatchCommands = { new(Statements.Begin), new(AnyPlan), new(AnyJoin), Command(Invariants, Columns.Of((long)max)), new(Statements.Commit) },
            };
            using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            return await RowsAsync(reader, Sentence, cancellationToken).ConfigureAwait(false);
        }, cancellationToken);

    private static string Sentence(NpgsqlDataReader row)
    {
        string kind = row.GetString(0);
        string one = RowReader.TextOrNull(row, 1) ?? "";
        string two = RowReader.TextOrNull(row, 2) ?? "";
        return kind switch
        {
            "NoJournal" => BrokenRows.NoJournal(one),
            "JournalWithoutRun" => BrokenRows.JournalWithoutRun(row.GetInt64(3)),
            "JournalGap" => BrokenRows.JournalGap(one, row.GetInt64(3), row.GetInt64(4)),
            "FinalEntries" => BrokenRows.FinalEntries(one, row.GetInt64(3)),
            "FinalEntryNotLast" => BrokenRows.FinalEntryNotLast(one),
            "LiveWithFinalEntry" => BrokenRows.LiveWithFinalEntry(one),
            "NothingWakes" => BrokenRows.NothingWakes(one, two),
            "Reminder" => BrokenRows.Reminder(one, two),
            "Message" => BrokenRows.Message(two, one),
            "OpenHumanTask" => BrokenRows.OpenHumanTask(two, one),
            "ParentDoesNotKnow" => BrokenRows.ParentDoesNotKnow(one, two, row.GetString(5)),
            "ChildMissing" => BrokenRows.ChildMissing(one, two),
            _ => throw new InvalidOperationException($"invariants.sql gives the kind {kind}, which has no sentence."),
        };
    }

    private static string ReadSql(string resource)
    {
        using StreamReader reader = new(typeof(PostgresStore).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
