using System.Text.Json;
using Actors.Client;
using Actors.Postgres.Tests;
using Actors.Protocol;

namespace Actors.EndToEnd;

public sealed class KillSqliteTests() : KillTests(DatabaseKind.Sqlite)
{
    public static TheoryData<int> Seeds => SeedsTo(20);

    [Theory]
    [MemberData(nameof(Seeds))]
    public Task Every_run_ends_right_and_no_recorded_step_runs_again(int seed) => KillAsync(seed);
}

public sealed class KillPostgresTests() : KillTests(DatabaseKind.Postgres)
{
    public static TheoryData<int> Seeds => SeedsTo(2);

    [Theory]
    [MemberData(nameof(Seeds))]
    public Task Every_run_ends_right_and_no_recorded_step_runs_again(int seed) => KillAsync(seed);
}

/// <summary>A real silo process, killed with SIGKILL in the middle of its work. The outside world keeps its own log.</summary>
public abstract class KillTests
{
    private const int Runs = 200;

    // Each run records: reserve, three lines, left, right, flaky twice, ship.
    private const int EffectsPerRun = 9;

    private static readonly string[] Names = ["reserve", "line", "line", "line", "left", "right", "flaky", "ship"];

    private readonly DatabaseKind _kind;

    private protected KillTests(DatabaseKind kind) => _kind = kind;

    private protected async Task KillAsync(int seed)
    {
        // The seed chooses after how many effects the process dies, and how often.
#pragma warning disable CA5394
        Random chance = new(seed);
        await using StormFixture storm = await new StormFixture(_kind).StartAsync();
        Task<(int Number, string Id)>[] starts = [.. Enumerable.Range(0, Runs).Select(async number =>
        {
            string flow = number % 2 == 0 ? "storm_code" : "storm_yaml";
            RunView run = await storm.Client.StartRunAsync(flow, JsonSerializer.SerializeToElement(new { number = number / 2 }), $"start-{seed}-{number}");
            return (number / 2, run.Id);
        })];

        int effects = 0;
        int kills = chance.Next(1, 4);
        for (int kill = 0; kill < kills; kill++)
        {
            // The approvals are not answered yet: a quarter of the runs never comes to its last effect before the last kill.
            effects += chance.Next(1, Runs * (EffectsPerRun - 1) / kills);
            await storm.WhenEffectsAsync(effects);
            await storm.KillAsync();
            await storm.StartSiloAsync();
        }
#pragma warning restore CA5394

        (int Number, string Id)[] runs = await Task.WhenAll(starts);
        RunView[] ended = await Task.WhenAll(runs.Select(r => FollowAsync(storm.Client, r.Id)));

        IReadOnlyList<string[]> log = storm.Effects();
        string[] violations = [.. log.Where(e => e[3] != "ok").Select(e => string.Join(' ', e))];
        Assert.True(violations.Length == 0, $"seed {seed}: {string.Join('\n', violations)}\n{storm.Silo.Output}");
        ILookup<string, string[]> byRun = log.ToLookup(e => e[0]);
        foreach (RunView run in ended)
        {
            Assert.True(run.Status == RunStatus.Completed, $"seed {seed}: run {run.Id} is {run.Status}: {run.Why} {run.Error?.Message}");
            Assert.True(run.Output!.Value.GetProperty("shipped").GetBoolean());
            string[] keys = [.. byRun[run.Id].Select(e => e[1]).Distinct().Select(k => k[(k.LastIndexOf('/') + 1)..]).Order()];
            Assert.Equal(Names.Order(), keys);
        }

        Assert.Empty(await storm.InvariantsAsync());
    }

    [Fact]
    public async Task A_silo_that_is_asked_to_stop_hands_over_without_losing_a_run()
    {
        await using StormFixture storm = await new StormFixture(_kind).StartAsync();
        Task<RunView>[] starts = [.. Enumerable.Range(0, Runs).Select(n => storm.Client.StartRunAsync("storm_code", JsonSerializer.SerializeToElement(new { number = n }), $"stop-{n}"))];
        await storm.WhenEffectsAsync(Runs);
        Assert.Equal(0, await storm.Silo.TerminateAsync());
        await storm.StartSiloAsync();
        RunView[] runs = await Task.WhenAll(starts);
        RunView[] ended = await Task.WhenAll(runs.Select(r => FollowAsync(storm.Client, r.Id)));
        Assert.All(ended, run => Assert.Equal(RunStatus.Completed, run.Status));
        Assert.DoesNotContain(storm.Effects(), e => e[3] != "ok");
        Assert.Empty(await storm.InvariantsAsync());
    }

    private protected static TheoryData<int> SeedsTo(int standard) =>
        [.. Enumerable.Range(1, int.TryParse(Environment.GetEnvironmentVariable("ACTORS_SEEDS"), out int seeds) ? seeds : standard)];

    /// <summary>Answers the run's approval when it comes, and gives the run's end.</summary>
    private static async Task<RunView> FollowAsync(ActorsClient client, string id)
    {
        await foreach (RunEventView happened in client.WatchRunAsync(id))
        {
            if (happened.Type == "human-task.opened")
            {
                try
                {
                    await client.AnswerHumanTaskAsync(happened.Detail!, new AnswerRequest { Decision = "approve" });
                }
                catch (ActorsApiException e) when (e.Code == "task_closed")
                {
                    // Answered before the connection broke.
                }
            }
        }

        return await client.GetRunAsync(id);
    }
}
