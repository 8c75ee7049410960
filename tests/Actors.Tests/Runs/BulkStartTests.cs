using System.Text.Json;
using Actors.Flows;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs;

/// <summary>Many starts in one call: each with the checks of a single one, each answered on its own.</summary>
public sealed class BulkStartTests
{
    private static StartRun Start(int n, string? key = null, string flow = "f") =>
        new() { Flow = flow, Input = JsonSerializer.SerializeToElement(n), IdempotencyKey = key };

    private static async Task<ActorsTestHost> HostAsync(ActorsTestOptions? options = null)
    {
        ActorsTestHost host = new(options);
        host.Flow<int, int>("f", (ctx, n) => ctx.Step("double", n, static (v, _) => Task.FromResult(v * 2)));
        await host.StartAsync();
        return host;
    }

    [Fact]
    public async Task Each_is_answered_in_the_order_asked_and_runs()
    {
        await using ActorsTestHost host = await HostAsync();

        IReadOnlyList<BulkStart> answers = await host.Silo.StartRunsAsync([.. Enumerable.Range(0, Silo.BulkStartsMax).Select(n => Start(n))], ActorsTestHost.Caller);

        Assert.Equal(Silo.BulkStartsMax, answers.Count);
        for (int n = 0; n < answers.Count; n += 111)
        {
            Assert.Null(answers[n].Refusal);
            Assert.Equal(n * 2, (await host.EndAsync(answers[n].Started!.Run.Id)).Output.GetInt32());
        }
    }

    [Fact]
    public async Task A_wrong_one_is_refused_as_alone_and_leaves_its_neighbours_unaffected()
    {
        await using ActorsTestHost host = await HostAsync();
        StartRun large = new() { Flow = "f", Input = JsonSerializer.SerializeToElement(4), Priority = 101 };
        StartRun text = new() { Flow = "f", Input = JsonSerializer.SerializeToElement("four") };

        IReadOnlyList<BulkStart> answers = await host.Silo.StartRunsAsync([Start(1), Start(2, flow: "g"), text, large, Start(3)], ActorsTestHost.Caller);

        Assert.Equal("unknown_flow", Assert.IsType<NotFoundException>(answers[1].Refusal).Code);
        Assert.IsType<InvalidFlowInputException>(answers[2].Refusal);
        Assert.Equal("invalid_priority", Assert.IsType<InvalidRequestException>(answers[3].Refusal).Code);
        Assert.All(new[] { 1, 2, 3 }, i => Assert.Null(answers[i].Started));
        Assert.Equal(2, (await host.EndAsync(answers[0].Started!.Run.Id)).Output.GetInt32());
        Assert.Equal(6, (await host.EndAsync(answers[4].Started!.Run.Id)).Output.GetInt32());
        Assert.Equal(2, (await host.Store.ListRunsAsync(new RunQuery { Tenant = "default" }, default)).Count);
    }

    [Fact]
    public async Task A_key_starts_one_run_whether_it_comes_twice_in_one_call_or_in_two()
    {
        await using ActorsTestHost host = await HostAsync();

        IReadOnlyList<BulkStart> first = await host.Silo.StartRunsAsync([Start(1, "k"), Start(1, "k"), Start(2, "k"), Start(2, "l")], ActorsTestHost.Caller);
        IReadOnlyList<BulkStart> second = await host.Silo.StartRunsAsync([Start(1, "k"), Start(2, "l")], ActorsTestHost.Caller);

        List<BulkStart> same = [.. first.Take(3)];
        // Which of the three is first is not promised; the two requests that are alike go together.
        List<BulkStart> refused = [.. same.Where(static answer => answer.Refusal is not null)];
        Assert.All(refused, static answer => Assert.Equal("idempotency_key_reused", Assert.IsType<ConflictException>(answer.Refusal).Code));
        Assert.Single(same.Where(static answer => answer.Started is not null).Select(static answer => answer.Started!.Run.Id).Distinct());
        Assert.Single(same, static answer => answer.Started is { Existed: false });
        Assert.True(second[1].Started!.Existed);
        Assert.Equal(first[3].Started!.Run.Id, second[1].Started!.Run.Id);
        Assert.Equal(2, (await host.Store.ListRunsAsync(new RunQuery { Tenant = "default" }, default)).Count);
    }

    [Fact]
    public async Task Those_beyond_the_places_are_queued_and_all_run()
    {
        await using ActorsTestHost host = await HostAsync(new ActorsTestOptions { Silo = new SiloOptions { ActiveRunsMax = 3 } });

        IReadOnlyList<BulkStart> answers = await host.Silo.StartRunsAsync([.. Enumerable.Range(0, 50).Select(n => Start(n))], ActorsTestHost.Caller);

        Assert.Contains(answers, static answer => answer.Started!.Run.Status == RunStatus.Queued);
        for (int n = 0; n < answers.Count; n++)
        {
            Assert.Equal(n * 2, (await host.EndAsync(answers[n].Started!.Run.Id)).Output.GetInt32());
        }
    }

    [Fact]
    public async Task Those_beyond_the_starts_that_may_wait_are_refused_and_the_others_are_not()
    {
        await using ActorsTestHost host = await HostAsync(new ActorsTestOptions { Silo = new SiloOptions { StartsMax = 10 } });

        IReadOnlyList<BulkStart> answers = await host.Silo.StartRunsAsync([.. Enumerable.Range(0, 30).Select(n => Start(n))], ActorsTestHost.Caller);

        Assert.Contains(answers, static answer => answer.Refusal is OverloadedException);
        Assert.True(answers.Count(static answer => answer.Started is not null) >= 10);
        Assert.All(answers, static answer => Assert.True(answer.Started is null == answer.Refusal is not null));
    }

    [Fact]
    public async Task Too_many_are_refused_as_a_whole()
    {
        await using ActorsTestHost host = await HostAsync();

        InvalidRequestException refused = await Assert.ThrowsAsync<InvalidRequestException>(
            () => host.Silo.StartRunsAsync([.. Enumerable.Range(0, Silo.BulkStartsMax + 1).Select(n => Start(n))], ActorsTestHost.Caller));

        Assert.Equal("too_many_starts", refused.Code);
        Assert.Empty(await host.Store.ListRunsAsync(new RunQuery { Tenant = "default" }, default));
    }
}
