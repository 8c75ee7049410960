using System.Text.Encodings.Web;
using System.Text.Json;
using Actors.Storage;

namespace Actors.Sqlite;

/// <summary>Rows of statements as the records of the contract, and back. The column orders are those in <see cref="Statements"/>.</summary>
internal static class RowReader
{
    // Plain characters stay readable in the file; what is stored is never put into a page.
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string? ToJson(IReadOnlyDictionary<string, string>? labels) =>
        labels is { Count: > 0 } ? JsonSerializer.Serialize(labels, Json) : null;

    public static string ToJson(IReadOnlyList<string> names) => JsonSerializer.Serialize(names, Json);

    public static void BindRun(SqliteStatement insert, RunRow row) => insert
        .Bind(1, row.No)
        .Bind(2, row.Id.Value)
        .Bind(3, row.Tenant)
        .Bind(4, row.Principal)
        .Bind(5, row.Flow)
        .Bind(6, row.FlowVersion)
        .Bind(7, (long)row.Status)
        .Bind(8, row.Why)
        .Bind(9, row.Status.IsFinal() ? null : row.Owner)
        .Bind(10, row.Priority)
        .Bind(11, ToJson(row.Metadata))
        .Bind(12, row.IdempotencyKey)
        .Bind(13, row.RequestHash)
        .Bind(14, row.Parent?.Id.Value)
        .Bind(15, row.Parent?.No)
        .Bind(16, row.Parent?.Key)
        .Bind(17, row.Parent is { } parent ? (parent.Notify ? 1 : 0) : (long?)null)
        .Bind(18, row.State)
        .Bind(19, row.CreatedAt)
        .Bind(20, row.UpdatedAt)
        .Bind(21, row.FinishedAt);

    public static RunRow Run(SqliteStatement row) => new()
    {
        No = row.Long(0),
        Id = new RunId(row.Text(1)),
        Tenant = row.Text(2),
        Principal = row.Text(3),
        Flow = row.Text(4),
        FlowVersion = row.Text(5),
        Status = (RunStatus)row.Int(6),
        Why = row.TextOrNull(7),
        Owner = row.LongOrNull(8),
        Priority = row.Int(9),
        Metadata = row.TextOrNull(10) is { } labels ? JsonSerializer.Deserialize<Dictionary<string, string>>(labels, Json) : null,
        IdempotencyKey = row.TextOrNull(11),
        RequestHash = row.TextOrNull(12),
        Parent = row.IsNull(13) ? null : new ParentLink(new RunId(row.Text(13)), row.Long(14), row.Text(15), row.Int(16) != 0),
        State = row.TextOrNull(17),
        CreatedAt = row.Time(18),
        UpdatedAt = row.Time(19),
        FinishedAt = row.TimeOrNull(20),
    };

    public static JournalEntry Entry(SqliteStatement row) =>
        new(row.Long(0), (EntryKind)row.Int(1), (byte)row.Int(2), row.Text(3), row.Time(4), row.Bytes(5));

    public static InboxMessage Message(SqliteStatement row, RunRow run) =>
        new(row.Text(0), run.Id, run.No, (InboxKind)row.Int(1), row.Text(2), row.Bytes(3), row.Text(4), row.Time(5));

    public static Reminder Reminder(SqliteStatement row) => new(new RunId(row.Text(0)), row.Long(1), row.Text(2), row.Time(3));

    public static HumanTaskRow HumanTask(SqliteStatement row)
    {
        (string? details, string? form) = HumanTaskDetails.Split(row.TextOrNull(7));
        return HumanTask(row, details, form);
    }

    private static HumanTaskRow HumanTask(SqliteStatement row, string? details, string? form) => new()
    {
        Id = new HumanTaskId(row.Text(0)),
        Run = new RunId(row.Text(1)),
        RunNo = row.Long(2),
        Tenant = row.Text(3),
        Flow = row.Text(4),
        Key = row.Text(5),
        Title = row.Text(6),
        Details = details,
        Form = form,
        Decisions = JsonSerializer.Deserialize<string[]>(row.Text(8), Json) ?? [],
        Candidates = JsonSerializer.Deserialize<string[]>(row.Text(9), Json) ?? [],
        Status = (HumanTaskStatus)row.Int(10),
        CreatedAt = row.Time(11),
        DueAt = row.TimeOrNull(12),
        ClosedAt = row.TimeOrNull(13),
        AnsweredBy = row.TextOrNull(14),
        Decision = row.TextOrNull(15),
        Comment = row.TextOrNull(16),
    };

    /// <summary>All rows of a bound statement.</summary>
    public static List<T> All<T>(SqliteStatement statement, Func<SqliteStatement, T> read)
    {
        List<T> rows = [];
        while (statement.Step())
        {
            rows.Add(read(statement));
        }

        return rows;
    }

    /// <summary>The first row of a bound statement, or the default when there is none.</summary>
    public static T? First<T>(SqliteStatement statement, Func<SqliteStatement, T> read)
    {
        if (!statement.Step())
        {
            return default;
        }

        T first = read(statement);
        statement.Reset();
        return first;
    }
}
