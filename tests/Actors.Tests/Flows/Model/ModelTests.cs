using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Flows.Model;

/// <summary>
/// Random flows of all kinds of steps, run on a real silo that is killed once on the way, give what an independent model of the language says, and do outside what it says. Each run is walked again from
/// every commit. ACTORS_MODEL_FLOWS says how many; ACTORS_MODEL_SEED repeats one.
/// </summary>
public sealed class ModelTests
{
    private const int FlowsPerTest = 15;

    // Only ends a test that hangs.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public static TheoryData<int> Batches => [.. Enumerable.Range(0, int.Parse(Environment.GetEnvironmentVariable("ACTORS_MODEL_FLOWS") ?? "90", System.Globalization.CultureInfo.InvariantCulture) / FlowsPerTest)];

    [Theory]
    [MemberData(nameof(Batches))]
    public async Task Flows_give_what_the_model_says(int batch)
    {
        await using ModelWorld world = await ModelWorld.StartAsync();
        if (Environment.GetEnvironmentVariable("ACTORS_MODEL_SEED") is { } one)
        {
            await CheckAsync(world, int.Parse(one, System.Globalization.CultureInfo.InvariantCulture));
            return;
        }

        for (int i = 0; i < FlowsPerTest; i++)
        {
            await CheckAsync(world, (batch * FlowsPerTest) + i);
        }
    }

    private static async Task CheckAsync(ModelWorld world, int seed)
    {
        (IReadOnlyList<string> flows, Value expected, ModelEffects effects) = new ModelFlows(seed, world.UrlOf(seed)).Next();
        await using ActorsTestHost host = new(new ActorsTestOptions { RewalkEveryCommit = true, Limit = Limit });
        await using FlowResources resources = host.Tasks.Resources;
        await world.OfferAsync(seed, resources);
        host.MockTask<JsonElement, decimal>("Add", input => input.GetProperty("a").GetDecimal() + input.GetProperty("b").GetDecimal());
        host.MockTask<JsonElement, string>("Say", input => input.GetProperty("text").GetString()!);
        host.MockTask<JsonElement, object>("Fail", input => throw new TaskException(input.GetProperty("message").GetString()!));
        try
        {
            foreach (string yaml in flows)
            {
                host.Flows.Add(YamlFlowDefinition.Parse(yaml, "model.yaml", host.Tasks, flows: host.Flows));
            }

            await host.StartAsync();
            RunId run = await host.StartRunAsync("model", new { n = 11 });
            int kills = await DriveAsync(host, run, new Random(seed));
            RunResult result = await host.EndAsync(run);
            Assert.True(result.Run.Status == RunStatus.Completed, $"{result.Run.Status}: {result.Error?.Message} {result.Run.Why}");
            Value actual = Plain(Value.FromJson(result.Output));
            Assert.True(expected.Equals(actual), $"expected {expected.ToJsonText()}\nactual   {actual.ToJsonText()}");
            await world.ExpectAsync(seed, resources, effects, kills);
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException { Message: { } message } || !message.StartsWith("seed", StringComparison.Ordinal))
        {
            Assert.Fail($"seed {seed}: {e.Message}\n{string.Join("\n---\n", flows)}");
        }
    }

    /// <summary>Answers each question with what it shows, lets time pass, and kills the silo once, mostly while bodies are under way.</summary>
    /// <returns>How often it was killed.</returns>
    private static async Task<int> DriveAsync(ActorsTestHost host, RunId run, Random random)
    {
        int turn = 0;
        int killAt = random.Next(1, 6);
        while (true)
        {
            await host.SettleAsync();
            if (++turn == killAt)
            {
                await host.CrashAsync();
                continue;
            }

            await WhenAtRestAsync(host);
            RunRow row = (await host.Store.GetRunAsync(Caller.Local.Tenant, run, default))!;
            if (row.Status.IsFinal() || row.Status == RunStatus.Parked || turn > 500)
            {
                return turn > killAt ? 1 : 0;
            }

            foreach (HumanTaskRow task in await host.Store.ListHumanTasksAsync(new HumanTaskQuery { Tenant = Caller.Local.Tenant, Status = HumanTaskStatus.Open, Limit = 100 }, default))
            {
                await host.Silo.AnswerAsync(task.Id, new TaskAnswer(HumanQuestion.Approve) { Data = JsonDocument.Parse(task.Details!).RootElement }, Caller.Local);
            }

            await host.AdvanceAsync(TimeSpan.FromMinutes(1));
        }
    }

    /// <summary>Completes when all that is left waits for time or people: requests and statements take as long as they take, and virtual time must not pass meanwhile.</summary>
    private static async Task WhenAtRestAsync(ActorsTestHost host)
    {
        Task bodies;
        do
        {
            await host.Silo.WhenNoBodyRunsAsync().WaitAsync(Limit);
            await host.SettleAsync();
            bodies = host.Silo.WhenNoBodyRunsAsync();
        }
        while (!bodies.IsCompleted);
    }

    // The model says of a failed item only that it has failed.
    private static Value Plain(Value value)
    {
        if (value.AsList is { } list)
        {
            return Value.List([.. list.Items.Select(Plain)]);
        }

        if (value.AsObject is not { } map)
        {
            return value;
        }

        return map.Entries.Length == 1 && map.Entries[0].Key == "error"
            ? Value.Of(-1m)
            : Value.Object([.. map.Entries.Select(entry => KeyValuePair.Create(entry.Key, Plain(entry.Value)))]);
    }
}
