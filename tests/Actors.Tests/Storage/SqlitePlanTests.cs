using Actors.Sqlite;
using Actors.Testing.Stores;
using Microsoft.Data.Sqlite;

namespace Actors.Tests.Storage;

/// <summary>What silos ask at each tick or commit never walks a whole table: a million sleeping runs must cost nothing.</summary>
public sealed class SqlitePlanTests() : StoreSpecifications(new SqliteFixture())
{
    public static TheoryData<string> Hot => new(
        Statements.FindRunnable,
        Statements.FindReminders,
        Statements.FindRemindersAfter,
        Statements.LoadEntries,
        Statements.LoadInbox,
        Statements.Claim,
        Statements.LastSeq,
        Statements.TransitionAt,
        Statements.RowChange,
        Statements.ChangeRun,
        Statements.InsertMessage,
        Statements.ConsumeMessage,
        Statements.DropInbox,
        Statements.CloseHumanTask,
        Statements.RunOfTenant,
        Statements.RunByKey,
        Statements.ReadJournal,
        Statements.ReadLastEntry,
        Statements.HumanTaskOfTenant,
        Statements.CountMessages,
        Statements.IsAlive,
        $"SELECT {Statements.RunColumns} FROM runs WHERE tenant = ? AND no < ? ORDER BY no DESC LIMIT ?",
        $"SELECT {Statements.RunColumns} FROM runs WHERE tenant = ? AND status IN (6) ORDER BY no DESC LIMIT ?",
        $"SELECT {Statements.RunColumns} FROM runs WHERE tenant = ? AND parent_no = (SELECT no FROM runs WHERE id = ?) ORDER BY no DESC LIMIT ?",
        $"SELECT {Statements.RunColumns} FROM runs WHERE tenant = ? AND no IN (SELECT run_no FROM run_labels WHERE tenant = ? AND name = ? AND value = ?) ORDER BY no DESC LIMIT ?",
        $"SELECT {Statements.HumanTaskColumns} FROM human_tasks WHERE tenant = ? AND status = 1 AND (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?");

    [Theory]
    [MemberData(nameof(Hot))]
    public void A_hot_statement_walks_no_whole_table(string sql)
    {
        using SqliteDatabase database = SqliteDatabase.Open(((SqliteFixture)Fixture).File, SqliteOpenMode.ReadWrite);
        using SqliteStatement explain = database.Prepare("EXPLAIN QUERY PLAN " + sql);
        List<string> plan = RowReader.All(explain, static row => row.Text(3));

        // A scan of a small index is meant: owned runs, runnable runs, the inbox, reminders that are due.
        string[] small = ["runs_owned", "runs_runnable", "inbox_run", "silos_alive", "subquery", "SUBQUERY", "(subquery", "CONSTANT ROW"];
        Assert.DoesNotContain(plan, line => line.Contains("SCAN") && !small.Any(line.Contains));

        // Sorting is meant where few rows match: runnable runs, children, labels.
        bool sorts = sql == Statements.FindRunnable || sql.Contains("parent_no =") || sql.Contains("run_labels");
        Assert.DoesNotContain(plan, line => line.Contains("TEMP B-TREE") && !sorts);
    }
}
