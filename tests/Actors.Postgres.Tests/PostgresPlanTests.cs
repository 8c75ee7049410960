using System.Text.RegularExpressions;
using Actors.Testing.Stores;
using Npgsql;

namespace Actors.Postgres.Tests;

/// <summary>
/// Plans are made once, while the tables may still be empty, and kept. None of what silos ask again and again may walk a table, or all runs of a tenant, when a million runs sleep there.
/// </summary>
public sealed partial class PostgresPlanTests() : StoreSpecifications(new PostgresFixture())
{
    private PostgresFixture Database => (PostgresFixture)Fixture;

    public static TheoryData<string, int> Hot => new()
    {
        { Statements.LookUpRuns, 0 },
        { Statements.LookUpRunsByKey, 0 },
        { Statements.LookUpLastEntries, 0 },
        { Statements.LookUpHumanTasks, 0 },
        { Statements.GateAll, 0 },
        { Statements.StartAll, 0 },
        { Statements.ChangeRowAll, 0 },
        { Statements.InsertLabels, 0 },
        { Statements.ChangeRuns, 0 },
        { Statements.CloseHumanTasks, 0 },
        { Statements.InsertMessages, 0 },
        { Statements.ConsumeMessages, 0 },
        { Statements.DropInboxes, 0 },
        { Statements.ClearReminders, 0 },
        { ClusterStatements.Claim, 0 },
        { Statements.LoadRuns, 0 },
        { Statements.LoadEntries, 0 },
        { Statements.LoadInboxes, 0 },

        // Of messages that nobody has taken in there are few.
        { Statements.FindRunnable, 2 },
        { Statements.FindReminders, 0 },
        { Statements.FindRemindersAfter, 0 },
        { Statements.ReadJournal, 0 },
        { Statements.CountMessages, 0 },
        { Statements.ListFlowVersions, 0 },
        { Statements.DeleteEnded, 0 },
    };

    [Theory]
    [MemberData(nameof(Hot))]
    public async Task A_hot_statement_walks_no_whole_table(string sql, int walksAllowed)
    {
        await using NpgsqlConnection connection = new((await Database.OptionsAsync()).Read().ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        int parameters = Parameter().Matches(sql).Select(static match => int.Parse(match.Groups[1].Value)).DefaultIfEmpty(0).Max();
        string nulls = parameters == 0 ? "" : $"({string.Join(", ", Enumerable.Repeat("NULL", parameters))})";
        await using NpgsqlCommand explain = new($"SET plan_cache_mode = force_generic_plan; PREPARE asked AS {sql}; EXPLAIN EXECUTE asked{nulls}", connection);
        List<string> plan = [];
        await using (NpgsqlDataReader reader = await explain.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                plan.Add(reader.GetString(0));
            }
        }

        Assert.NotEmpty(plan);
        Assert.DoesNotContain(plan, static line => line.Contains("Seq Scan", StringComparison.Ordinal));

        // An index that is read without a condition is read from end to end.
        int walks = 0;
        for (int i = 0; i < plan.Count; i++)
        {
            bool scan = plan[i].Contains("Index Scan", StringComparison.Ordinal) || plan[i].Contains("Index Only Scan", StringComparison.Ordinal);
            bool narrow = plan[i].Contains("silos_alive", StringComparison.Ordinal) || plan[i].Contains("runs_runnable", StringComparison.Ordinal) || plan[i].Contains("runs_owned", StringComparison.Ordinal);
            walks += scan && !narrow && !(i + 1 < plan.Count && plan[i + 1].Contains("Index Cond", StringComparison.Ordinal)) ? 1 : 0;
        }

        Assert.True(walks <= walksAllowed, string.Join(Environment.NewLine, plan));
        Assert.DoesNotContain(plan, static line => line.Contains("runs_tenant", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\$(\d+)")]
    private static partial Regex Parameter();
}
