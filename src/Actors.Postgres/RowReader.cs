using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

/// <summary>Rows of statements as the records of the contract. The column orders are those in <see cref="Statements"/>.</summary>
internal static class RowReader
{
    public static RunRow Run(NpgsqlDataReader row) => new()
    {
        No = row.GetInt64(0),
        Id = new RunId(row.GetString(1)),
        Tenant = row.GetString(2),
        Principal = row.GetString(3),
        Flow = row.GetString(4),
        FlowVersion = row.GetString(5),
        Status = (RunStatus)row.GetInt16(6),
        Why = TextOrNull(row, 7),
        Owner = LongOrNull(row, 8),
        Priority = row.GetInt32(9),
        Metadata = TextOrNull(row, 10) is { } labels ? Columns.FromJson<Dictionary<string, string>>(labels) : null,
        IdempotencyKey = TextOrNull(row, 11),
        RequestHash = TextOrNull(row, 12),
        Parent = row.IsDBNull(13) ? null : new ParentLink(new RunId(row.GetString(13)), row.GetInt64(14), row.GetString(15), row.GetBoolean(16)),
        State = TextOrNull(row, 17),
        CreatedAt = Time(row, 18),
        UpdatedAt = Time(row, 19),
        FinishedAt = TimeOrNull(row, 20),
    };

    public static JournalEntry Entry(NpgsqlDataReader row) => new(
        row.GetInt64(0), (EntryKind)row.GetInt16(1), (byte)row.GetInt16(2), row.GetString(3), Time(row, 4), row.GetFieldValue<byte[]>(5));

    public static InboxMessage Message(NpgsqlDataReader row, RunId run, long runNo) => new(
        row.GetString(0), run, runNo, (InboxKind)row.GetInt16(1), row.GetString(2), row.GetFieldValue<byte[]>(3), row.GetString(4), Time(row, 5),
        row.IsDBNull(6) ? null : row.GetInt32(6));

    public static Reminder Reminder(NpgsqlDataReader row) => new(new RunId(row.GetString(0)), row.GetInt64(1), row.GetString(2), Time(row, 3));

    public static HumanTaskRow HumanTask(NpgsqlDataReader row)
    {
        (string? details, string? form) = HumanTaskDetails.Split(TextOrNull(row, 7));
        return HumanTask(row, details, form);
    }

    private static HumanTaskRow HumanTask(NpgsqlDataReader row, string? details, string? form) => new()
    {
        Id = new HumanTaskId(row.GetString(0)),
        Run = new RunId(row.GetString(1)),
        RunNo = row.GetInt64(2),
        Tenant = row.GetString(3),
        Flow = row.GetString(4),
        Key = row.GetString(5),
        Title = row.GetString(6),
        Details = details,
        Form = form,
        Decisions = Columns.FromJson<string[]>(row.GetString(8)),
        Candidates = Columns.FromJson<string[]>(row.GetString(9)),
        Status = (HumanTaskStatus)row.GetInt16(10),
        CreatedAt = Time(row, 11),
        DueAt = TimeOrNull(row, 12),
        ClosedAt = TimeOrNull(row, 13),
        AnsweredBy = TextOrNull(row, 14),
        Decision = TextOrNull(row, 15),
        Comment = TextOrNull(row, 16),
    };

    public static string? TextOrNull(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    public static long? LongOrNull(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

    public static DateTimeOffset Time(NpgsqlDataReader row, int column) => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));

    private static DateTimeOffset? TimeOrNull(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : Time(row, column);
}
