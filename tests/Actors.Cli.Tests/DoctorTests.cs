using System.Text.Json;
using Actors.Postgres.Tests;
using Actors.Storage;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Actors.Cli.Tests;

public sealed class DoctorTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    public static TheoryData<DatabaseKind> Kinds => [DatabaseKind.Sqlite, DatabaseKind.Postgres];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_sound_database_is_called_so_with_what_was_looked_at(DatabaseKind kind)
    {
        await using TestDatabase database = await TestDatabase.CreateAsync(kind);
        Assert.Equal(ExitCodes.WaitsForHuman, (await CommandLine.RunAsync("demo", "--fast", "--db", database.Setting)).ExitCode);

        Said text = await CommandLine.RunAsync("doctor", "--db", database.Setting);
        Said json = await CommandLine.RunAsync("doctor", "--db", database.Setting, "--format", "json");

        Assert.True(text.ExitCode == ExitCodes.Ok, text.Out + text.Error);
        Assert.Contains("1 run (1 live), 1 human task, 1 reminder and 0 messages", text.Out, StringComparison.Ordinal);
        Assert.Contains("all holds.", text.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, json.ExitCode);
        JsonElement report = json.Json();
        Assert.True(report.GetProperty("complete").GetBoolean());
        Assert.Equal(1, report.GetProperty("checked").GetProperty("liveRuns").GetInt32());
        Assert.Equal(0, report.GetProperty("findings").GetArrayLength());
        Assert.Equal(kind == DatabaseKind.Postgres, report.TryGetProperty("silos", out _));
        Assert.DoesNotContain("secret", text.Out + json.Out, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_is_broken_is_told_with_what_it_means_and_what_to_do(DatabaseKind kind)
    {
        await using TestDatabase database = await TestDatabase.CreateAsync(kind);
        await CommandLine.RunAsync("demo", "--fast", "--db", database.Setting);
        await ExecuteAsync(kind, database, "UPDATE human_tasks SET status = 2, closed_at = 1; DELETE FROM reminders");

        Said text = await CommandLine.RunAsync("doctor", "--db", database.Setting);
        Said json = await CommandLine.RunAsync("doctor", "--db", database.Setting, "--format", "json");

        Assert.Equal(ExitCodes.Error, text.ExitCode);
        Assert.Contains("but it has no reminder, open human task", text.Out, StringComparison.Ordinal);
        Assert.Contains("What it means: The run waits for ever.", text.Out, StringComparison.Ordinal);
        Assert.Contains("actors runs resume", text.Out, StringComparison.Ordinal);
        Assert.Contains(": 1 breaks a promise.", text.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Error, json.ExitCode);
        Assert.Equal("NothingWakes", json.Json().GetProperty("findings")[0].GetProperty("kind").GetString());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task It_looks_beside_a_silo_that_works_and_changes_nothing(DatabaseKind kind)
    {
        await using TestDatabase database = await TestDatabase.CreateAsync(kind);
        await using IStore store = await database.OpenAsync();
        long life = await store.BeginLifeAsync("mine", DateTimeOffset.UnixEpoch, default);

        Said said = await CommandLine.RunAsync("doctor", "--db", database.Setting);

        Assert.True(said.ExitCode == ExitCodes.Ok, said.Out + said.Error);
        Assert.Equal(kind == DatabaseKind.Postgres, said.Out.Contains($"Silo {life} (mine) since 1970-01-01", StringComparison.Ordinal));
        // The life is as it was, and begins no other.
        await store.ReserveRunNumbersAsync(life, 1, default);
        Assert.Equal(life + 1, await store.BeginLifeAsync("next", DateTimeOffset.UnixEpoch, default));
    }

    [Fact]
    public async Task Ranges_together_are_everything()
    {
        await using TestDatabase database = await TestDatabase.CreateAsync(DatabaseKind.Postgres);
        const int Runs = (2 * DatabaseCheck.RangeRuns) + 1;
        await ExecuteAsync(
            DatabaseKind.Postgres,
            database,
            $"""
            INSERT INTO runs (no, id, tenant, principal, flow, flow_version, status, priority, created_at, updated_at, finished_at)
            SELECT n * 3, 'r' || n, 't', 'p', 'f', '1', 5, 0, 0, 0, 0 FROM generate_series(1, {Runs}) n;
            INSERT INTO journal (run_no, seq, at, kind, version, key, payload)
            SELECT n * 3, 1, 0, 2, 1, '', '' FROM generate_series(1, {Runs}) n;
            -- Between two runs, behind all, in front of all.
            INSERT INTO journal (run_no, seq, at, kind, version, key, payload) VALUES (31, 1, 0, 1, 1, '', ''), ({Runs * 4}, 1, 0, 1, 1, '', ''), (-5, 1, 0, 1, 1, '', '');
            DELETE FROM journal WHERE run_no IN ({3 * DatabaseCheck.RangeRuns}, {3 * (DatabaseCheck.RangeRuns + 1)})
            """);

        JsonElement report = (await CommandLine.RunAsync("doctor", "--db", database.Setting, "--format", "json")).Json();

        Assert.Equal(Runs, report.GetProperty("checked").GetProperty("runs").GetInt32());
        Assert.Equal(
            [
                "JournalWithoutRun: The journal of run number -5 has no run.",
                "JournalWithoutRun: The journal of run number 31 has no run.",
                $"JournalWithoutRun: The journal of run number {Runs * 4} has no run.",
                $"NoJournal: Run r{DatabaseCheck.RangeRuns} has no journal.",
                $"NoJournal: Run r{DatabaseCheck.RangeRuns + 1} has no journal.",
            ],
            report.GetProperty("findings").EnumerateArray()
                .Select(static f => $"{f.GetProperty("kind").GetString()}: {f.GetProperty("says").GetString()}")
                .Where(static f => !f.StartsWith("FinalEntries", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task What_was_decided_for_a_run_that_is_gone_is_found(DatabaseKind kind)
    {
        await using TestDatabase database = await TestDatabase.CreateAsync(kind);
        await CommandLine.RunAsync("demo", "--fast", "--yes", "--db", database.Setting);
        await ExecuteAsync(kind, database, "DELETE FROM runs; DELETE FROM journal");

        JsonElement finding = (await CommandLine.RunAsync("doctor", "--db", database.Setting, "--format", "json")).Json().GetProperty("findings")[0];

        Assert.Equal("HumanTaskWithoutRun", finding.GetProperty("kind").GetString());
    }

    [Fact]
    public async Task A_look_that_could_not_be_finished_is_no_all_clear()
    {
        await using TestDatabase database = await TestDatabase.CreateAsync(DatabaseKind.Postgres);

        Said said = await CommandLine.RunAsync("doctor", "--db", database.Setting, "--limit", "1ms");

        Assert.Equal(ExitCodes.CannotTell, said.ExitCode);
        Assert.Contains("Give it longer with --limit", said.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("all holds", said.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/no/such/file.db", "There is no database")]
    [InlineData("memory", "in no other process")]
    [InlineData("Host=127.0.0.1;Port=1;Username=a;Password=secret", "does not answer")]
    public async Task What_cannot_be_looked_at_is_told_with_2(string database, string says)
    {
        Said said = await CommandLine.RunAsync("doctor", "--db", database);

        Assert.Equal(ExitCodes.CannotTell, said.ExitCode);
        Assert.StartsWith("error: --db", said.Error, StringComparison.Ordinal);
        Assert.Contains(says, said.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", said.Error, StringComparison.Ordinal);
    }

    private static async Task ExecuteAsync(DatabaseKind kind, TestDatabase database, string sql)
    {
        if (kind == DatabaseKind.Postgres)
        {
            await using NpgsqlConnection server = new(database.Setting + ";Search Path=actors;Pooling=false");
            await server.OpenAsync();
            await using NpgsqlCommand change = new(sql, server);
            await change.ExecuteNonQueryAsync();
            return;
        }

        await using SqliteConnection file = new($"Data Source={database.Setting};Pooling=False");
        await file.OpenAsync();
        await using SqliteCommand command = file.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}
