using System.Collections.Concurrent;
using System.Text.Json;
using Actors.Flows;
using Actors.Runs;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Postgres.Tests;

/// <summary>What silos of one database owe each other, seen through the engine's own calls.</summary>
public sealed class ClusterTests
{
    public static TheoryData<string> Stores => Cluster.Stores;

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_run_is_started_streamed_answered_and_cancelled_on_different_silos(string store)
    {
        await using Cluster cluster = new(store);
        (Silo a, Silo b, Silo c) = await ThreeAsync(cluster, TwoQuestions);

        RunId run = await Cluster.StartRunAsync(a, "two-questions");
        HumanTaskId first = await Cluster.WhenAskedAsync(b, run);
        HumanTaskRow answered = await c.AnswerAsync(first, new TaskAnswer("approve"), Caller.Local);
        Assert.Equal(HumanTaskStatus.Answered, answered.Status);
        Assert.Contains(await c.ReadEventsAsync(run, Caller.Local, 0, 100), static e => e.Type == RunEventTypes.HumanTaskAnswered);
        await Cluster.WhenAsync(b, run, static e => e.Type == RunEventTypes.HumanTaskOpened && e.Step == "second");

        await b.SignalRunAsync(run, "note", JsonSerializer.SerializeToElement("hello"), "s1", Caller.Local);
        Assert.Contains(await b.ReadEventsAsync(run, Caller.Local, 0, 100), static e => e.Type == RunEventTypes.SignalReceived);

        await c.CancelRunAsync(run, "enough", Caller.Local);
        Assert.Contains(await c.ReadEventsAsync(run, Caller.Local, 0, 100), static e => e.Type == RunEventTypes.RunCancelRequested);
        Assert.Equal(RunStatus.Cancelled, (await b.WaitForEndAsync(run, Caller.Local, Cluster.Limit)).Run.Status);
        Assert.Equal(RunStatus.Cancelled, (await a.GetRunAsync(run, Caller.Local))!.Run.Status);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task What_a_killed_silo_held_is_taken_over_and_nothing_recorded_runs_again(string store)
    {
        await using Cluster cluster = new(store);
        ConcurrentBag<(RunId, string)> bodies = [];
        TaskCompletionSource block = new();
        void Register(FlowRegistry flows) => flows.Add(new CodeFlow<int, int>("two-steps", async (ctx, input) =>
        {
            int one = await ctx.Step("one", input, (value, step) =>
            {
                bodies.Add((step.Run.Id, "one"));
                return Task.FromResult(value + 1);
            });
            return await ctx.Step("two", one, async (value, step) =>
            {
                bodies.Add((step.Run.Id, "two"));
                await block.Task.WaitAsync(step.CancellationToken);
                return value + 1;
            });
        }));
        (Silo a, Silo b, _) = await ThreeAsync(cluster, Register);
        RunId[] runs = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Cluster.StartRunAsync(a, "two-steps", i)));
        await Task.WhenAll(runs.Select(run => Cluster.WhenAsync(a, run, static e => e.Type == RunEventTypes.StepCompleted)));

        await cluster.KillAsync(a);
        block.SetResult();
        RunResult[] ended = await Task.WhenAll(runs.Select(run => b.WaitForEndAsync(run, Caller.Local, Cluster.Limit)));

        Assert.All(ended, static result => Assert.Equal(RunStatus.Completed, result.Run.Status));
        Assert.Equal(Enumerable.Range(2, 50), ended.Select(static result => result.Output.GetInt32()));
        Assert.Equal(50, bodies.Count(static body => body.Item2 == "one"));
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_silo_whose_life_was_ended_drops_its_grains_and_begins_another_after_its_bodies_have_ended(string store)
    {
        await using Cluster cluster = new(store);
        ConcurrentDictionary<Silo, int> running = [];
        int most = 0;
        int begun = 0;
        TaskCompletionSource held = new();
        Silo? self = null;
        void Register(FlowRegistry flows) => flows.Add(new CodeFlow<int, int>("held", (ctx, input) => ctx.Step("hold", input, async (value, step) =>
        {
            // Ignores its token the first time, as a careless body does.
            int now = running.AddOrUpdate(self!, 1, static (_, n) => n + 1);
            most = Math.Max(most, now);
            if (Interlocked.Increment(ref begun) == 1)
            {
                await held.Task;
            }

            running.AddOrUpdate(self!, 0, static (_, n) => n - 1);
            return value;
        })));
        Silo silo = self = await cluster.StartAsync(Register);
        long life = silo.LifeNo;
        RunId run = await Cluster.StartRunAsync(silo, "held", 1);
        await cluster.WhenRowAsync(run, _ => Volatile.Read(ref begun) == 1);

        await cluster.Store.EndLifeAsync(life, DateTimeOffset.UtcNow, default);
        await cluster.WhenRowAsync(run, _ => !silo.IsReady);
        Assert.Equal(life, silo.LifeNo);
        held.SetResult();

        RunRow row = await cluster.WhenRowAsync(run, static r => r.Status == RunStatus.Completed);
        Assert.Equal(RunStatus.Completed, row.Status);
        Assert.True(silo.LifeNo > life);
        Assert.Equal(1, most);
        Assert.Equal(2, begun);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_run_whose_flow_no_silo_has_says_so_and_goes_on_when_one_comes(string store)
    {
        await using Cluster cluster = new(store);
        static void Old(FlowRegistry flows) => flows.Add(new CodeFlow<int, int>("known", static (ctx, input) => ctx.Step("s", input, static (v, _) => Task.FromResult(v))));
        TaskCompletionSource block = new();
        void New(FlowRegistry flows)
        {
            Old(flows);
            flows.Add(new CodeFlow<int, int>("newer", (ctx, input) => ctx.Step("s", input, async (v, step) =>
            {
                await block.Task.WaitAsync(step.CancellationToken);
                return v;
            })));
        }

        Silo old = await cluster.StartAsync(Old);
        Silo newer = await cluster.StartAsync(New);
        RunId run = await Cluster.StartRunAsync(newer, "newer", 5);
        await cluster.KillAsync(newer);

        RunRow waiting = await cluster.WhenRowAsync(run, static r => r.Why?.StartsWith("No silo has newer", StringComparison.Ordinal) == true);
        Assert.NotEqual(RunStatus.Parked, waiting.Status);
        Assert.NotEqual(old.LifeNo, waiting.Owner);

        block.SetResult();
        await cluster.StartAsync(New);
        RunResult ended = await old.WaitForEndAsync(run, Caller.Local, Cluster.Limit);
        Assert.Equal((RunStatus.Completed, 5), (ended.Run.Status, ended.Output.GetInt32()));
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_signal_of_one_run_reaches_another_on_its_silo_also_when_that_dies_and_when_no_silo_holds_it(string store)
    {
        await using Cluster cluster = new(store);
        static void Flows(FlowRegistry flows)
        {
            flows.Add(new CodeFlow<int, string>("receiver", async (ctx, n) => $"{(await ctx.WaitFor<string>("note")).Value} {(await ctx.WaitFor<string>("note")).Value}"));
            flows.Add(new CodeFlow<string[], int>("sender", async (ctx, to) =>
            {
                await ctx.Map("each", to, async (c, run, i) => { await c.Signal("tell", new RunId(run), "note", $"for {i}"); return 1; });
                return 1;
            }));
        }

        Silo first = await cluster.StartAsync(Flows);
        Silo second = await cluster.StartAsync(Flows, Cluster.Quick with { Name = "idle", IdleTimeout = TimeSpan.FromMilliseconds(1) });
        RunId[] receivers = [await Cluster.StartRunAsync(first, "receiver", 1), await Cluster.StartRunAsync(second, "receiver", 1)];
        await cluster.WhenRowAsync(receivers[0], static r => r.Status == RunStatus.Waiting);
        // In no silo's memory.
        await cluster.WhenRowAsync(receivers[1], static r => r is { Status: RunStatus.Waiting, Owner: null });
        string[] to = [.. receivers.Select(static r => r.Value)];
        await second.WaitForEndAsync(await Cluster.StartRunAsync(second, "sender", to), Caller.Local, Cluster.Limit);
        await Cluster.WhenAsync(first, receivers[0], static e => e.Type == RunEventTypes.SignalTaken);
        await cluster.KillAsync(first);
        await second.WaitForEndAsync(await Cluster.StartRunAsync(second, "sender", to), Caller.Local, Cluster.Limit);
        Assert.Equal("for 0 for 0", (await second.WaitForEndAsync(receivers[0], Caller.Local, Cluster.Limit)).Output.GetString());
        Assert.Equal("for 1 for 1", (await second.WaitForEndAsync(receivers[1], Caller.Local, Cluster.Limit)).Output.GetString());
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_value_that_one_silo_has_computed_is_found_by_another(string store)
    {
        await using Cluster cluster = new(store);
        int ran = 0;
        void Register(FlowRegistry flows) => flows.Add(new CodeFlow<int, int>("cached", (ctx, n) =>
            ctx.Cached("block", n, TimeSpan.FromHours(1), c => c.Step("work", n, (v, _) => Task.FromResult(v + Interlocked.Increment(ref ran))))));
        Silo first = await cluster.StartAsync(Register);
        Silo second = await cluster.StartAsync(Register);
        List<int> values = [];
        foreach ((Silo silo, int key) in new[] { (first, 10), (second, 10), (second, 20), (first, 20) })
        {
            values.Add((await silo.WaitForEndAsync(await Cluster.StartRunAsync(silo, "cached", key), Caller.Local, Cluster.Limit)).Output.GetInt32());
        }

        Assert.Equal([11, 11, 22, 22], values);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_run_that_a_newer_build_has_had_is_left_to_builds_that_read_its_journal(string store)
    {
        await using Cluster cluster = new(store);
        SiloOptions newer = Cluster.Quick with { Name = "newer", JournalVersion = JournalFormat.Version + 1 };
        Silo old = await cluster.StartAsync(TwoQuestions, Cluster.Quick with { RemoteCommandLimit = TimeSpan.FromSeconds(1) });
        RunId olds = await Cluster.StartRunAsync(old, "two-questions");
        Silo first = await cluster.StartAsync(TwoQuestions, newer);
        RunId run = await Cluster.StartRunAsync(first, "two-questions");
        HumanTaskId task = await Cluster.WhenAskedAsync(first, run);
        await first.StopAsync();

        // Accepted by the old build, and kept for a newer one.
        await old.AnswerAsync(task, new TaskAnswer("approve"), Caller.Local).WaitAsync(Cluster.Limit);
        RunRow waiting = await cluster.WhenRowAsync(run, static r => r.Why?.StartsWith("No silo has", StringComparison.Ordinal) == true);
        Assert.Equal((RunStatus.Waiting, null), (waiting.Status, waiting.Owner));

        await cluster.StartAsync(TwoQuestions, newer);
        await Cluster.WhenAsync(old, run, static e => e.Type == RunEventTypes.HumanTaskOpened && e.Step == "second");
        await old.CancelRunAsync(run, null, Caller.Local);
        Assert.Equal(RunStatus.Cancelled, (await old.WaitForEndAsync(run, Caller.Local, Cluster.Limit)).Run.Status);

        // What only the old build has had goes on there.
        await old.CancelRunAsync(olds, null, Caller.Local);
        Assert.Equal(RunStatus.Cancelled, (await old.WaitForEndAsync(olds, Caller.Local, Cluster.Limit)).Run.Status);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Of_many_answers_on_all_silos_exactly_one_wins_and_the_others_hear_who(string store)
    {
        await using Cluster cluster = new(store);
        (Silo a, Silo b, Silo c) = await ThreeAsync(cluster, TwoQuestions);
        Silo[] silos = [a, b, c];
        for (int round = 0; round < 20; round++)
        {
            RunId run = await Cluster.StartRunAsync(silos[round % 3], "two-questions");
            HumanTaskId task = await Cluster.WhenAskedAsync(silos[round % 3], run);

            string[] answers = await Task.WhenAll(Enumerable.Range(0, 9).Select(async i =>
            {
                while (true)
                {
                    try
                    {
                        HumanTaskRow row = await silos[i % 3].AnswerAsync(task, new TaskAnswer(i % 2 == 0 ? "approve" : "reject"), Caller.Local with { Principal = $"p{i}" });
                        return $"p{i}";
                    }
                    catch (ConflictException e)
                    {
                        return e.Message;
                    }
                    catch (UnavailableException)
                    {
                        // To be tried again, as clients do.
                    }
                }
            }));

            HumanTaskRow closed = (await cluster.Store.GetHumanTaskAsync(Caller.DefaultTenant, task, default))!;
            Assert.Single(answers, answer => answer == closed.AnsweredBy);
            Assert.Equal(8, answers.Count(answer => answer.Contains($"was answered '{closed.Decision}' by {closed.AnsweredBy}", StringComparison.Ordinal)));
            await silos[0].CancelRunAsync(run, null, Caller.Local);
        }
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Every_signal_accepted_on_any_silo_is_in_the_run_exactly_once(string store)
    {
        const int Count = 300;
        await using Cluster cluster = new(store);
        static void Register(FlowRegistry flows) => flows.Add(new CodeFlow<int, int>("sums", static async (ctx, count) =>
        {
            int sum = 0;
            for (int i = 0; i < count; i++)
            {
                sum += (await ctx.WaitFor<int>("add")).Value;
            }

            return sum;
        }));
        SiloOptions tight = Cluster.Quick with { SignalsKeptMax = 5 };
        Silo[] silos = [await cluster.StartAsync(Register, tight), await cluster.StartAsync(Register, tight), await cluster.StartAsync(Register, tight)];
        RunId run = await Cluster.StartRunAsync(silos[0], "sums", Count);

        await Task.WhenAll(Enumerable.Range(1, Count).Select(async i =>
        {
            for (int attempt = 0; ; attempt++)
            {
                try
                {
                    await silos[i % 3].SignalRunAsync(run, "add", JsonSerializer.SerializeToElement(i), $"add-{i}", Caller.Local);
                    return;
                }
                catch (OverloadedException) when (attempt < 1_000)
                {
                    await Task.Delay(5);
                }
            }
        }));

        RunResult ended = await silos[1].WaitForEndAsync(run, Caller.Local, Cluster.Limit);
        Assert.Equal((RunStatus.Completed, Count * (Count + 1) / 2), (ended.Run.Status, ended.Output.GetInt32()));
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task The_reminders_of_a_silo_that_left_are_rung_by_the_others(string store)
    {
        await using Cluster cluster = new(store);
        static void Register(FlowRegistry flows) => flows.Add(new CodeFlow<int, int>("sleeps", static async (ctx, input) =>
        {
            await ctx.Sleep("nap", TimeSpan.FromSeconds(4));
            return input;
        }));
        SiloOptions quick = Cluster.Quick with { IdleTimeout = TimeSpan.FromMilliseconds(50) };
        Silo a = await cluster.StartAsync(Register, quick);
        Silo b = await cluster.StartAsync(Register, quick);
        await cluster.StartAsync(Register, quick);
        RunId[][] runs = await Task.WhenAll(new[] { a, b }.Select(silo => Task.WhenAll(Enumerable.Range(0, 30).Select(i => Cluster.StartRunAsync(silo, "sleeps", i)))));
        await Task.WhenAll(runs.SelectMany(static all => all).Select(run => cluster.WhenRowAsync(run, static r => r is { Status: RunStatus.Waiting, Owner: null })));

        await a.StopAsync();
        RunResult[][] ended = await Task.WhenAll(runs.Select(all => Task.WhenAll(all.Select(run => b.WaitForEndAsync(run, Caller.Local, Cluster.Limit)))));

        Assert.All(ended.SelectMany(static all => all), static result => Assert.Equal(RunStatus.Completed, result.Run.Status));
        TimeSpan[] took = [.. ended.Select(static all => all.Max(static result => result.Run.FinishedAt!.Value - result.Run.CreatedAt))];
        Assert.All(ended.SelectMany(static all => all), static result => Assert.True(result.Run.FinishedAt - result.Run.CreatedAt >= TimeSpan.FromSeconds(4)));

        // Compared with those of a silo that stays, which whatever holds up this machine holds up as well.
        Assert.True(took[0] <= took[1] + TimeSpan.FromSeconds(2), $"The last reminder of the silo that left was rung after {took[0]}, that of another silo after {took[1]}.");
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_run_that_its_silos_die_of_is_quarantined_and_its_neighbours_are_not(string store)
    {
        await using Cluster cluster = new(store);
        Silo? victim = null;
        int deaths = 0;
        void Register(FlowRegistry flows)
        {
            flows.Add(new CodeFlow<int, int>("poison", (ctx, input) => ctx.Step("eat", input, async (value, step) =>
            {
                victim!.Abandon();
                Interlocked.Increment(ref deaths);
                await Task.Delay(Timeout.Infinite, step.CancellationToken);
                return value;
            })));
            flows.Add(new CodeFlow<int, int>("harmless", static (ctx, input) => ctx.Step("wait", input, static async (value, step) =>
            {
                await Task.Delay(400, step.CancellationToken);
                return value;
            })));
        }

        Silo silo = victim = await cluster.StartAsync(Register);
        RunId[] neighbours = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => Cluster.StartRunAsync(silo, "harmless", i)));
        RunId poison = await Cluster.StartRunAsync(silo, "poison", 1);
        for (int seen = 0; ;)
        {
            RunRow now = await Poll.UntilAsync(
                "The run is quarantined, or its silo has died of it", () => cluster.RowAsync(poison), r => r.Status == RunStatus.Parked || Volatile.Read(ref deaths) > seen, cluster.Tail);
            if (now.Status == RunStatus.Parked)
            {
                break;
            }

            seen++;
            silo = victim = await cluster.StartAsync(Register);
        }

        Assert.InRange(deaths, 3, 5);
        RunRow row = await cluster.RowAsync(poison);
        Assert.StartsWith("Quarantined:", row.Why, StringComparison.Ordinal);
        RunResult[] ended = await Task.WhenAll(neighbours.Select(run => silo.WaitForEndAsync(run, Caller.Local, Cluster.Limit)));
        Assert.All(ended, static result => Assert.Equal(RunStatus.Completed, result.Run.Status));
    }

    private static void TwoQuestions(FlowRegistry flows) => flows.Add(new CodeFlow<object?, string>("two-questions", static async (ctx, _) =>
    {
        HumanAnswer first = await ctx.Ask("first", new HumanQuestion("First?"));
        await ctx.Ask("second", new HumanQuestion("Second?"));
        return first.Decision;
    }));

    private static async Task<(Silo A, Silo B, Silo C)> ThreeAsync(Cluster cluster, Action<FlowRegistry> flows)
    {
        Silo a = await cluster.StartAsync(flows);
        Silo b = await cluster.StartAsync(flows);
        Silo c = await cluster.StartAsync(flows);
        await cluster.WhenAllSeeAllAsync();
        return (a, b, c);
    }
}
