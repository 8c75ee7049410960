using System.Text.Json;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs;

/// <summary>Blocks whose value is kept over runs.</summary>
public sealed class CachedTests
{
    private static readonly ActorsTestOptions Rewalk = new() { RewalkEveryCommit = true };
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private sealed record Question(string Name, int Size);

    /// <summary>A host with a flow that gives how often its cached body had run when the value was made.</summary>
    private static (ActorsTestHost Host, Func<int> Ran) HostOf(ActorsTestOptions options, Func<IFlowContext, int, Func<IFlowContext, Task<int>>, Task<int>>? flow = null)
    {
        ActorsTestHost host = new(options);
        int ran = 0;
        flow ??= (ctx, n, body) => ctx.Cached("block", n, Hour, body);
        host.Flow<int, int>("f", (ctx, n) => flow(ctx, n, c => c.Step("work", _ => Task.FromResult(Interlocked.Increment(ref ran)))));
        return (host, () => ran);
    }

    private static async Task<int> RunAsync(ActorsTestHost host, int input, string flow = "f") => (await host.RunAsync(flow, input)).Output.GetInt32();

    [Fact]
    public async Task A_value_is_computed_once_for_a_key_and_again_when_its_time_is_over()
    {
        (ActorsTestHost host, Func<int> ran) = HostOf(Rewalk);
        await using ActorsTestHost _ = host;
        await host.StartAsync();
        List<int> values = [];
        foreach (int key in new[] { 7, 7, 8, 7 })
        {
            values.Add(await RunAsync(host, key));
        }

        Assert.Equal([1, 1, 2, 1], values);
        await host.AdvanceAsync(Hour - TimeSpan.FromSeconds(1));
        Assert.Equal(1, await RunAsync(host, 7));
        await host.AdvanceAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(3, await RunAsync(host, 7));
        Assert.Equal(3, ran());
        RunId hit = await host.StartRunAsync("f", 7);
        await host.EndAsync(hit);
        Assert.Equal(["block/lookup"], (await host.EventsAsync(hit)).Where(e => e.Type == RunEventTypes.StepCompleted).Select(e => e.Step!));
    }

    [Fact]
    public async Task A_value_is_found_by_its_tenant_flow_block_and_key_and_items_and_iterations_of_a_block_share_it()
    {
        await using ActorsTestHost host = new(Rewalk);
        int ran = 0;
        Task<int> Cached<TKey>(IFlowContext ctx, string name, TKey key) => ctx.Cached(name, key, Hour, c => c.Step("work", _ => Task.FromResult(Interlocked.Increment(ref ran))));
        host.Flow<int, int[]>("one", async (ctx, n) =>
        {
            int[] items = await ctx.Map("items", [1, 1, 2], (c, item, _) => Cached(c, "in", item), new MapOptions { Concurrency = 1 });
            int loop = await ctx.Loop("loop", 0, async (c, sum, i) => i < 2 ? Iteration.Next(sum + await Cached(c, "in", "same")) : Iteration.Done(sum));
            return
            [
                .. items, loop, await Cached(ctx, "in", 1), await Cached(ctx, "other", 1), await Cached<string?>(ctx, "in", null),
                await Cached(ctx, "record", new Question("x", 1)), await Cached(ctx, "record", JsonDocument.Parse("""{ "size": 1, "name": "x" }""").RootElement), await Cached(ctx, "record", new Question("y", 1)),
            ];
        });
        host.Flow<int, int>("two", (ctx, n) => Cached(ctx, "in", 1));
        await host.StartAsync();
        int[] expected = [1, 1, 2, 6, 4, 5, 6, 7, 7, 8];
        Assert.Equal(expected, (await host.RunAsync("one", 0)).Output.EnumerateArray().Select(e => e.GetInt32()));
        Assert.Equal(expected, (await host.RunAsync("one", 0)).Output.EnumerateArray().Select(e => e.GetInt32()));
        Assert.Equal(9, await RunAsync(host, 1, "two"));
        RunId foreign = (await host.Silo.StartRunAsync(new StartRun { Flow = "two", Input = JsonSerializer.SerializeToElement(1) }, new Caller("other", "eve"))).Run.Id;
        Assert.Equal(10, (await host.Silo.WaitForEndAsync(foreign, new Caller("other", "eve"), TimeSpan.FromSeconds(20))).Output.GetInt32());
    }

    [Fact]
    public async Task A_failure_is_not_kept_and_the_next_run_tries_again()
    {
        await using ActorsTestHost host = new(Rewalk);
        int ran = 0;
        host.Flow<int, int>("f", (ctx, n) => ctx.Cached("block", 1, Hour, c => c.Step("work", _ =>
            Interlocked.Increment(ref ran) == 1 ? Task.FromException<int>(new TaskException("not yet", "E1")) : Task.FromResult(ran))));
        await host.StartAsync();
        RunResult failed = await host.RunAsync("f", 1);
        Assert.Equal((RunStatus.Failed, "not yet", "E1"), (failed.Run.Status, failed.Error!.Message, failed.Error.Code));
        Assert.Equal(2, await RunAsync(host, 1));
        Assert.Equal(2, await RunAsync(host, 1));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task A_cache_that_cannot_be_read_or_written_costs_a_computation_and_no_run(bool read, bool write)
    {
        AwayStore store = new(new MemoryStore());
        (ActorsTestHost host, Func<int> ran) = HostOf(Rewalk with { Store = store });
        await using ActorsTestHost _ = host;
        await host.StartAsync();
        (store.NoRead, store.NoWrite) = (read, write);
        Assert.Equal(1, await RunAsync(host, 7));
        (store.NoRead, store.NoWrite) = (false, false);
        Assert.Equal(write ? 2 : 1, await RunAsync(host, 7));
        Assert.Equal(write ? 2 : 1, ran());
    }

    [Fact]
    public async Task Bytes_that_are_damaged_or_of_another_type_are_a_miss_and_replaced()
    {
        AwayStore store = new(new MemoryStore());
        (ActorsTestHost host, Func<int> ran) = HostOf(Rewalk with { Store = store });
        await using ActorsTestHost _ = host;
        await host.StartAsync();
        await RunAsync(host, 7);
        byte[][] wrong = [[], [1, 0, 0], [9, 9, 9, 9], Payload.Encode("\"text\""u8).ToArray(), Payload.Encode("{ broken"u8).ToArray(), Payload.Encode("null"u8).ToArray()];
        foreach (byte[] bytes in wrong)
        {
            await store.WriteCacheAsync(host.Silo.LifeNo, store.Last! with { Payload = bytes }, default);
            int before = ran();
            Assert.Equal(before + 1, await RunAsync(host, 7));
            Assert.Equal(before + 1, await RunAsync(host, 7));
        }
    }

    [Fact]
    public async Task What_a_run_found_or_computed_is_its_own_for_good_over_crashes_and_the_end_of_the_values_time()
    {
        (ActorsTestHost host, Func<int> ran) = HostOf(new ActorsTestOptions(), async (ctx, n, body) =>
        {
            int value = await ctx.Cached("block", 1, Hour, async c =>
            {
                int made = await body(c);
                if (n == 1)
                {
                    await c.Ask("inside", new HumanQuestion("?"));
                }

                return made;
            });
            await ctx.Ask("outside", new HumanQuestion("?"));
            return value;
        });
        await using ActorsTestHost _ = host;
        await host.StartAsync();
        RunId first = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(first, "block/body/inside");
        await host.CrashAsync();
        await host.AnswerAsync(first, step: "block/body/inside");
        await host.WhenAskedAsync(first, "outside");
        RunId second = await host.StartRunAsync("f", 2);
        await host.WhenAskedAsync(second, "outside");
        await host.CrashAsync();
        await host.AdvanceAsync(Hour * 2);
        await host.AnswerAsync(first, step: "outside");
        await host.AnswerAsync(second, step: "outside");
        Assert.Equal((1, 1), ((await host.EndAsync(first)).Output.GetInt32(), (await host.EndAsync(second)).Output.GetInt32()));
        Assert.Equal(1, ran());
    }

    [Fact]
    public async Task A_block_that_is_cancelled_or_comes_to_its_limit_keeps_nothing()
    {
        (ActorsTestHost host, Func<int> ran) = HostOf(Rewalk, async (ctx, n, body) =>
        {
            try
            {
                return await ctx.Scope(
                    "limited",
                    s => s.Cached("block", 1, Hour, async c =>
                    {
                        int made = await body(c);
                        if (n > 0)
                        {
                            await c.Ask("q", new HumanQuestion("?"));
                        }

                        return made;
                    }),
                    new ScopeOptions { Timeout = TimeSpan.FromMinutes(1) });
            }
            catch (StepFailedException e) when (e.Error.Type == ErrorTypes.Timeout)
            {
                return -1;
            }
        });
        await using ActorsTestHost _ = host;
        await host.StartAsync();
        RunId cancelled = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(cancelled);
        await host.CancelAsync(cancelled);
        Assert.Equal(RunStatus.Cancelled, (await host.EndAsync(cancelled)).Run.Status);
        RunId limited = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(limited);
        await host.AdvanceAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(-1, (await host.EndAsync(limited)).Output.GetInt32());
        Assert.Equal((3, 3), (await RunAsync(host, 0), ran()));
    }

    [Fact]
    public async Task A_value_that_is_as_large_as_may_be_is_given_and_not_kept_and_a_smaller_one_is()
    {
        await using ActorsTestHost host = new(Rewalk with { Silo = new SiloOptions { PayloadBytesMax = 2_000 } });
        int ran = 0;
        host.Flow<int, int>("f", async (ctx, n) => (await ctx.Cached("block", n, Hour, c => c.Step("work", _ => Task.FromResult(new string('x', n - 2) + Interlocked.Increment(ref ran) % 1)))).Length);
        await host.StartAsync();
        foreach (int length in new[] { 1_997, 1_900 })
        {
            Assert.Equal(length - 1, await RunAsync(host, length));
            Assert.Equal(length - 1, await RunAsync(host, length));
        }

        Assert.Equal(3, ran);
    }

    [Fact]
    public async Task A_time_of_nothing_is_refused_and_one_without_end_is_not()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            foreach (TimeSpan ttl in new[] { TimeSpan.Zero, TimeSpan.FromTicks(-1) })
            {
                await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ctx.Cached("no", 1, ttl, c => Task.FromResult(1)));
            }

            await Assert.ThrowsAsync<ArgumentException>(() => ctx.Cached("a/b", 1, Hour, c => Task.FromResult(1)));
            return await ctx.Cached("block", 1, TimeSpan.MaxValue, c => c.Step<string?>("work", _ => Task.FromResult<string?>(null))) ?? "nothing";
        });
        await host.StartAsync();
        Assert.Equal("nothing", (await host.RunAsync("f", 1)).Output.GetString());
        await host.AdvanceAsync(TimeSpan.FromDays(30));
        RunId again = await host.StartRunAsync("f", 1);
        Assert.Equal("nothing", (await host.EndAsync(again)).Output.GetString());
        Assert.DoesNotContain(await host.EventsAsync(again), e => e.Step == "block/body/work");
    }

    [Fact]
    public async Task The_silo_deletes_what_has_expired_also_when_it_keeps_its_runs()
    {
        AwayStore store = new(new MemoryStore());
        (ActorsTestHost host, Func<int> ran) = HostOf(new ActorsTestOptions { Store = store }, (ctx, n, body) => ctx.Cached("block", n, TimeSpan.FromMinutes(n), body));
        await using ActorsTestHost _ = host;
        await host.StartAsync();
        DateTimeOffset before = host.Time.GetUtcNow();
        await RunAsync(host, 600);
        CacheRow kept = store.Last!;
        await RunAsync(host, 15);
        CacheRow gone = store.Last!;
        Assert.Equal(2, ran());
        await host.AdvanceAsync(TimeSpan.FromMinutes(30));
        Assert.NotNull(await store.ReadCacheAsync(kept.Tenant, kept.Key, before, default));
        Assert.Null(await store.ReadCacheAsync(gone.Tenant, gone.Key, before, default));
    }

    private sealed class AwayStore(IStore inner) : DelegatingStore(inner)
    {
        public bool NoRead { get; set; }

        public bool NoWrite { get; set; }

        public CacheRow? Last { get; private set; }

        public override ValueTask<CacheRow?> ReadCacheAsync(string tenant, string key, DateTimeOffset now, CancellationToken cancellationToken) =>
            NoRead ? throw new StoreException(StoreFailure.Transient, "The database is away.") : base.ReadCacheAsync(tenant, key, now, cancellationToken);

        public override ValueTask WriteCacheAsync(long silo, CacheRow row, CancellationToken cancellationToken)
        {
            Last = row;
            return NoWrite ? ValueTask.FromException(new StoreException(StoreFailure.UnknownOutcome, "The database is away.")) : base.WriteCacheAsync(silo, row, cancellationToken);
        }
    }
}
