using System.Text.Json.Serialization;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs.NineRules;

/// <summary>Rule 4: what flow code receives is decoded from the journaled bytes, the first time too; failures are recorded outcomes.</summary>
public sealed class Rule4SameObjects
{
    private static readonly ActorsTestOptions Rewalk = new() { RewalkEveryCommit = true };

    private record Animal(string Name);

    private sealed record Dog(string Name, int Tricks) : Animal(Name);

    private sealed class Counter
    {
        private int _hidden;

        public int Shown { get; set; }

        public Counter Add()
        {
            _hidden++;
            return this;
        }

        public int Hidden => _hidden;
    }

    private sealed class Secretive
    {
#pragma warning disable CS0414
        private int _secret = 1;
#pragma warning restore CS0414

        public int Shown { get; set; }

        public Secretive Change()
        {
            _secret = 5;
            return this;
        }
    }

    private sealed class Cached
    {
        [JsonIgnore]
        public int MayBeLost { get; set; }

        public int Kept { get; set; }
    }

    private sealed class ReadOnly
    {
        public int Value { get; private set; }

        public static ReadOnly Of(int value) => new() { Value = value };
    }

    private static async Task<RunResult> ResultOfAsync<T>(Func<T> make)
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Step("s", s => Task.FromResult(make()));
            return 1;
        });
        await host.StartAsync();
        return await host.RunAsync("f", 1);
    }

    private static void AssertNotSerializable(RunResult result, string names)
    {
        Assert.Equal(RunStatus.Failed, result.Run.Status);
        Assert.Equal(ErrorTypes.ResultNotSerializable, result.Error!.Type);
        Assert.Contains(names, result.Error.Message);
    }

    [Fact]
    public async Task The_object_that_the_flow_gets_is_not_the_one_the_body_returned()
    {
        await using ActorsTestHost host = new(Rewalk);
        List<string>? inBody = null;
        bool same = true;
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            List<string> got = await ctx.Step("s", s => Task.FromResult(inBody = ["a"]));
            same = ReferenceEquals(got, inBody);
            got.Add("b");
            inBody!.Add("c");
            return await ctx.Step("count", got.Count, (count, _) => Task.FromResult(count));
        });
        await host.StartAsync();
        Assert.Equal(2, (await host.RunAsync("f", 1)).Output.GetInt32());
        Assert.False(same);
    }

    [Fact]
    public async Task A_result_of_a_derived_type_fails_its_step() =>
        AssertNotSerializable(await ResultOfAsync<Animal>(() => new Dog("Rex", 3)), "tricks");

    [Fact]
    public async Task A_result_with_private_state_fails_its_step() => AssertNotSerializable(await ResultOfAsync(() => new Counter().Add()), "hidden");

    [Fact]
    public async Task A_result_with_private_state_that_no_property_shows_fails_its_step() => AssertNotSerializable(await ResultOfAsync(() => new Secretive().Change()), "_secret");

    [Fact]
    public async Task Private_state_deep_in_a_list_is_found() =>
        AssertNotSerializable(await ResultOfAsync(() => new Dictionary<string, List<Secretive>> { ["a"] = [new Secretive().Change()] }), "_secret");

    [Fact]
    public async Task Private_state_that_is_as_a_new_object_has_it_is_no_loss() => Assert.Equal(RunStatus.Completed, (await ResultOfAsync(() => new Secretive())).Run.Status);

    [Fact]
    public async Task A_result_without_a_setter_fails_its_step() => AssertNotSerializable(await ResultOfAsync(() => ReadOnly.Of(7)), "7");

    [Fact]
    public async Task A_tuple_whose_items_json_would_drop_fails_its_step() => AssertNotSerializable(await ResultOfAsync(() => (1, "a")), "Item1");

    [Fact]
    public async Task What_is_marked_with_JsonIgnore_may_be_lost() =>
        Assert.Equal(RunStatus.Completed, (await ResultOfAsync(() => new Cached { MayBeLost = 3, Kept = 1 })).Run.Status);

    [Fact]
    public async Task A_result_that_cannot_be_written_fails_its_step_and_is_not_tried_again()
    {
        int attempts = 0;
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            try
            {
                await ctx.Step<object?, object>("s", null, (_, _) =>
                {
                    attempts++;
                    return Task.FromResult<object>((Action)(() => { }));
                }, new StepOptions { Retry = new RetryPolicy { MaxAttempts = 5, Delay = TimeSpan.Zero } });
                return "";
            }
            catch (StepFailedException e)
            {
                return e.Error.Type;
            }
        });
        await host.StartAsync();
        Assert.Equal(ErrorTypes.ResultNotSerializable, (await host.RunAsync("f", 1)).Output.GetString());
        Assert.Equal(1, attempts);
    }

    [Fact]
    public async Task A_failure_has_the_same_type_code_message_and_data_in_every_walk()
    {
        await using ActorsTestHost host = new(Rewalk);
        List<string> seen = [];
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            try
            {
                await ctx.Step<int>("s", s => throw new TaskException("no money", "card_declined")
                {
                    Details = System.Text.Json.JsonSerializer.SerializeToElement(new { limit = 5 }),
                });
            }
            catch (StepFailedException e)
            {
                lock (seen)
                {
                    seen.Add($"{e.StepKey} {e.Error.Type} {e.Error.Code} {e.Error.Message} {e.Error.Data}");
                }
            }

            await ctx.Ask("go", new HumanQuestion("Go?"));
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(run);
        await host.CrashAsync();
        await host.AnswerAsync(run);
        await host.EndAsync(run);
        Assert.True(seen.Count >= 2);
        Assert.All(seen, s => Assert.Equal("s TaskException card_declined no money {\"limit\":5}", s));
    }

    [Fact]
    public async Task Numbers_dates_and_enums_come_back_as_they_were()
    {
        DateTimeOffset at = new(2026, 3, 4, 5, 6, 7, 890, TimeSpan.FromHours(2));
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, bool>("f", async (ctx, n) =>
        {
            double d = await ctx.Step("double", s => Task.FromResult(0.1 + 0.2));
            double nan = await ctx.Step("nan", s => Task.FromResult(double.NaN));
            decimal m = await ctx.Step("decimal", s => Task.FromResult(1.10m));
            DateTimeOffset t = await ctx.Step("date", s => Task.FromResult(at));
            DayOfWeek day = await ctx.Step("enum", s => Task.FromResult(DayOfWeek.Friday));
            string text = await ctx.Step("text", s => Task.FromResult("ü\u0000\"<>\ud83d\ude00"));
            return d == 0.1 + 0.2 && double.IsNaN(nan) && m == 1.10m && t.EqualsExact(at) && day == DayOfWeek.Friday && text == "ü\u0000\"<>\ud83d\ude00";
        });
        await host.StartAsync();
        Assert.True((await host.RunAsync("f", 1)).Output.GetBoolean());
    }

    [Fact]
    public async Task Ids_of_runs_and_tasks_can_be_results_and_state()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, bool>("f", async (ctx, n) =>
        {
            RunId id = await ctx.Scope("s", async c => await c.Step("id", s => Task.FromResult(s.Run.Id)));
            HumanTaskId task = await ctx.Step("task", s => Task.FromResult(new HumanTaskId("task_1")));
            ctx.State.Set("id", id);
            return id == ctx.Run.Id && ctx.State.Get<RunId>("id") == id && task.Value == "task_1";
        });
        await host.StartAsync();
        Assert.True((await host.RunAsync("f", 1)).Output.GetBoolean());
    }
}
