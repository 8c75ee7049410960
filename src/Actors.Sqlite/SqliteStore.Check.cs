using Actors.Storage;

namespace Actors.Sqlite;

public sealed partial class SqliteStore
{
    private static readonly string Invariants = ReadSql("Actors.Sqlite.Checks.invariants.sql");

    public ValueTask<IReadOnlyList<string>> CheckInvariantsAsync(CancellationToken cancellationToken) =>
        ReadAsync(BrokenRows.Max, static IReadOnlyList<string> (database, max) =>
            RowReader.All(database[Invariants].Bind(1, max), Sentence), cancellationToken);

    private static string Sentence(SqliteStatement row)
    {
        string kind = row.Text(0);
        string one = row.TextOrNull(1) ?? "";
        string two = row.TextOrNull(2) ?? "";
        return kind switch
        {
            "NoJournal" => BrokenRows.NoJournal(one),
            "JournalWithoutRun" => BrokenRows.JournalWithoutRun(row.Long(3)),
            "JournalGap" => BrokenRows.JournalGap(one, row.Long(3), row.Long(4)),
            "FinalEntries" => BrokenRows.FinalEntries(one, row.Long(3)),
            "FinalEntryNotLast" => BrokenRows.FinalEntryNotLast(one),
            "LiveWithFinalEntry" => BrokenRows.LiveWithFinalEntry(one),
            "NothingWakes" => BrokenRows.NothingWakes(one, two),
            "Reminder" => BrokenRows.Reminder(one, two),
            "Message" => BrokenRows.Message(two, one),
            "OpenHumanTask" => BrokenRows.OpenHumanTask(two, one),
            "ParentDoesNotKnow" => BrokenRows.ParentDoesNotKnow(one, two, row.Text(5)),
            "ChildMissing" => BrokenRows.ChildMissing(one, two),
            _ => throw new InvalidOperationException($"invariants.sql gives the kind {kind}, which has no sentence."),
        };
    }

    private static string ReadSql(string resource)
    {
        using StreamReader reader = new(typeof(SqliteStore).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
