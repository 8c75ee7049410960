using System.Text.Json;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;

namespace Actors.Tests.Runs;

/// <summary>Signals that one run sends to another, and events of a flow's own.</summary>
public sealed class SendTests
{
    private static readonly ActorsTestOptions Rewalk = new() { RewalkEveryCommit = true };

    // A receiver gives what it got; a sender sends to it and gives what came of it.
    private static ActorsTestHost HostOf(ActorsTestOptions options)
    {
        ActorsTestHost host = new(options);
        host.Flow<int, string>("receiver", async (ctx, n) =>
        {
            List<string> got = [];
            for (int i = 0; i < n; i++)
            {
                Signal<JsonElement> signal = await ctx.WaitFor<JsonElement>("note");
                got.Add($"{signal.Value.GetRawText()} by {signal.By}");
            }

            // Whatever came twice would be here.
            return $"{string.Join(", ", got)}; {(await ctx.WaitFor<JsonElement>("note", TimeSpan.FromSeconds(30))).Received}";
        });
        host.Flow<string, string>("sender", async (ctx, to) =>
        {
            try
            {
                await ctx.Signal("tell", new RunId(to), "note", new { hello = 1 });
                await ctx.Sleep("nap", TimeSpan.FromSeconds(10));
                return "sent";
            }
            catch (StepFailedException e)
            {
                return $"{e.StepKey} {e.Error.Type}: {e.Error.Message}";
            }
        });
        return host;
    }

    [Fact]
    public async Task A_signal_reaches_a_run_that_waits_for_it_and_one_that_does_not_yet()
    {
        await using ActorsTestHost host = HostOf(Rewalk);
        host.Flow<int, string>("late", async (ctx, n) => { await ctx.Ask("q", new HumanQuestion("?")); return (await ctx.WaitFor<JsonElement>("note")).Value.GetRawText(); });
        await host.StartAsync();
        RunId receiver = await host.StartRunAsync("receiver", 1);
        RunId late = await host.StartRunAsync("late", 1);
        await host.WhenAskedAsync(late);
        RunId first = await host.StartRunAsync("sender", receiver.Value);
        RunId second = await host.StartRunAsync("sender", late.Value);
        await host.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal("sent", (await host.EndAsync(first)).Output.GetString());
        Assert.Equal("sent", (await host.EndAsync(second)).Output.GetString());
        Assert.Equal("""{"hello":1} by local; False""", (await host.EndAsync(receiver)).Output.GetString());
        await host.AnswerAsync(late);
        Assert.Equal("""{"hello":1}""", (await host.EndAsync(late)).Output.GetString());
        RunEvent sent = Assert.Single(await host.EventsAsync(first), e => e.Type == RunEventTypes.SignalSent);
        Assert.Equal(("tell", receiver.Value, """{"signal":"note","payload":{"hello":1}}"""), (sent.Step, sent.Detail, sent.Data.GetRawText()));
    }

    [Fact]
    public async Task A_run_that_is_not_there_or_has_ended_or_is_of_another_tenant_fails_the_signal_with_the_reason()
    {
        await using ActorsTestHost host = HostOf(Rewalk);
        await host.StartAsync();
        RunId ended = await host.StartRunAsync("receiver", 0);
        await host.AdvanceAsync(TimeSpan.FromMinutes(1));
        await host.EndAsync(ended);
        RunId foreign = (await host.Silo.StartRunAsync(new StartRun { Flow = "receiver", Input = JsonSerializer.SerializeToElement(1) }, new Caller("other", "eve"))).Run.Id;
        Assert.Equal("tell UnknownRun: There is no run 'nobody'.", (await host.RunAsync("sender", "nobody")).Output.GetString());
        Assert.Equal($"tell UnknownRun: There is no run '{foreign}'.", (await host.RunAsync("sender", foreign.Value)).Output.GetString());
        RunId late = await host.StartRunAsync("sender", ended.Value);
        Assert.StartsWith($"tell RunEnded: Run {ended} has ended: completed at ", (await host.EndAsync(late)).Output.GetString());
        RunEvent notSent = Assert.Single(await host.EventsAsync(late), e => e.Type == RunEventTypes.SignalNotSent);
        Assert.Equal((ended.Value, ErrorTypes.RunEnded), (notSent.Detail, notSent.Error!.Type));
    }

    [Fact]
    public async Task Hostile_names_and_payloads_are_refused_and_the_run_goes_on()
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { Silo = new SiloOptions { PayloadBytesMax = 1_000 }, RewalkEveryCommit = true });
        host.Flow<int, string[]>("f", async (ctx, n) =>
        {
            RunId self = ctx.Run.Id;
            JsonElement deep = JsonSerializer.SerializeToElement(1);
            for (int i = 0; i < 63; i++)
            {
                deep = JsonSerializer.SerializeToElement(new[] { deep }, FlowJson.Options);
            }

            List<string> errors = [];
            async Task TryAsync(Func<Task> act)
            {
                try
                {
                    await act();
                    errors.Add("ok");
                }
                catch (StepFailedException e)
                {
                    errors.Add($"{e.StepKey} {e.Error.Type}");
                }
                catch (Exception e)
                {
                    errors.Add(e.GetType().Name);
                }
            }

            await TryAsync(() => ctx.Signal("s1", self, "a/b", 1));
            await TryAsync(() => ctx.Signal("s2", default, "ok", 1));
            await TryAsync(() => ctx.Signal("s3", self, "ok", new string('x', 1_000)));
            await TryAsync(() => ctx.Signal("s4", self, "ok", new[] { deep, deep }));
            await TryAsync(() => ctx.Signal("s5", self, "ok", (Action)(() => { })));
            await TryAsync(() => ctx.Emit("e1", "", 1));
            await TryAsync(() => ctx.Emit("e2", new string('x', 201), 1));
            await TryAsync(() => ctx.Emit("e3", "a\nb", 1));
            await TryAsync(() => ctx.Emit("e4", "half \ud800", 1));
            await TryAsync(() => ctx.Emit("e5", "big", new string('x', 64 * 1024)));
            await TryAsync(() => ctx.Emit("e6", "deep", new[] { deep, deep }));
            await TryAsync(() => ctx.Emit("e7", "order/paid \u00fc", (string?)null));
            return [.. errors];
        });
        await host.StartAsync();
        Assert.Equal(
            [
                "ArgumentException", "ArgumentException", "s3 PayloadTooLarge", "s4 InvalidInput", "NotSupportedException",
                "ArgumentException", "ArgumentException", "ArgumentException", "ArgumentException", "e5 PayloadTooLarge", "JsonException", "ok",
            ],
            (await host.RunAsync("f", 1)).Output.EnumerateArray().Select(e => e.GetString()!.Replace("JsonReaderException", "JsonException")));
    }

    [Fact]
    public async Task A_run_can_send_itself_a_signal_and_several_keep_their_order()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, string>("f", async (ctx, n) =>
        {
            await ctx.Signal("first", ctx.Run.Id, "own", "one");
            await ctx.Signal("second", ctx.Run.Id, "own", "two");
            return $"{(await ctx.WaitFor<string>("own")).Value} {(await ctx.WaitFor<string>("own")).Value}";
        });
        await host.StartAsync();
        Assert.Equal("one two", (await host.RunAsync("f", 1)).Output.GetString());
    }

    [Theory]
    [InlineData(CommitFault.None)]
    [InlineData(CommitFault.FailBefore)]
    [InlineData(CommitFault.LoseAnswer)]
    public async Task A_signal_is_taken_in_once_when_its_commit_fails_or_its_sender_dies(CommitFault fault)
    {
        MemoryStore store = new();
        await using ActorsTestHost host = HostOf(Rewalk with { Store = store });
        int faults = 0;
        store.OnCommit = batch => batch.Any(t => t.Entries.Any(e => e.Kind == EntryKind.SignalSent)) && faults++ == 0 ? fault : CommitFault.None;
        await host.StartAsync();
        RunId receiver = await host.StartRunAsync("receiver", 1);
        RunId sender = await host.StartRunAsync("sender", receiver.Value);
        if (fault == CommitFault.None)
        {
            // Committed: it is in the receiver's inbox, whether it was told of that or not.
            await host.WhenAsync(sender, e => e.Type == RunEventTypes.SignalSent);
            await host.CrashAsync();
        }

        await host.AdvanceAsync(TimeSpan.FromMinutes(2));
        Assert.Equal("sent", (await host.EndAsync(sender)).Output.GetString());
        Assert.Equal("""{"hello":1} by local; False""", (await host.EndAsync(receiver)).Output.GetString());
        Assert.Single(await host.EventsAsync(receiver), e => e.Type == RunEventTypes.SignalReceived);
    }

    [Fact]
    public async Task A_silo_that_dies_before_the_commit_of_a_signal_sends_it_in_its_next_life()
    {
        MemoryStore store = new();
        await using ActorsTestHost host = HostOf(Rewalk with { Store = store });
        bool dead = false;
        store.OnCommit = batch => dead || batch.Any(t => t.Entries.Any(e => e.Kind == EntryKind.SignalSent)) && (dead = true) ? CommitFault.FailBefore : CommitFault.None;
        await host.StartAsync();
        RunId receiver = await host.StartRunAsync("receiver", 1);
        RunId sender = await host.StartRunAsync("sender", receiver.Value);
        while (!Volatile.Read(ref dead))
        {
            await Task.Yield();
        }

        await host.CrashAsync(() => store.OnCommit = null);
        await host.AdvanceAsync(TimeSpan.FromMinutes(2));
        Assert.Equal("sent", (await host.EndAsync(sender)).Output.GetString());
        Assert.Equal("""{"hello":1} by local; False""", (await host.EndAsync(receiver)).Output.GetString());
    }

    [Fact]
    public async Task A_store_that_cannot_be_read_delays_a_signal_and_a_cancel_or_a_limit_ends_its_waiting()
    {
        RefusingStore store = new(new MemoryStore());
        await using ActorsTestHost host = HostOf(new ActorsTestOptions { Store = store });
        host.Flow<string, string>("limited", async (ctx, to) =>
        {
            try
            {
                await ctx.Scope("s", c => c.Signal("tell", new RunId(to), "note", 1), new ScopeOptions { Timeout = TimeSpan.FromSeconds(20) });
                return "sent";
            }
            catch (StepFailedException e)
            {
                return e.Error.Type;
            }
        });
        await host.StartAsync();
        RunId receiver = await host.StartRunAsync("receiver", 1);
        await host.WhenAsync(receiver, e => e.Type == RunEventTypes.SignalWaiting);
        store.Refused = receiver;
        RunId sender = await host.StartRunAsync("sender", receiver.Value);
        RunId cancelled = await host.StartRunAsync("sender", receiver.Value);
        RunId limited = await host.StartRunAsync("limited", receiver.Value);
        await host.AdvanceAsync(TimeSpan.FromSeconds(10));
        Assert.True(store.Refusals > 3);
        await host.CancelAsync(cancelled);
        await host.AdvanceAsync(TimeSpan.FromSeconds(15));
        Assert.Equal(RunStatus.Cancelled, (await host.EndAsync(cancelled)).Run.Status);
        Assert.Equal(ErrorTypes.Timeout, (await host.EndAsync(limited)).Output.GetString());
        store.Refused = default;
        await host.AdvanceAsync(TimeSpan.FromMinutes(2));
        Assert.Equal("sent", (await host.EndAsync(sender)).Output.GetString());
        Assert.Equal("""{"hello":1} by local; False""", (await host.EndAsync(receiver)).Output.GetString());
    }

    [Fact]
    public async Task A_receiver_that_keeps_as_many_signals_as_it_may_takes_the_rest_when_it_has_room()
    {
        await using ActorsTestHost host = new(new ActorsTestOptions { Silo = new SiloOptions { SignalsKeptMax = 2 }, RewalkEveryCommit = true });
        host.Flow<int, int>("receiver", async (ctx, n) =>
        {
            await ctx.Ask("q", new HumanQuestion("?"));
            return await ctx.Loop("take", 0, async (c, sum, i) =>
            {
                int next = sum + (await c.WaitFor<int>("n")).Value;
                return i < n - 1 ? Iteration.Next(next) : Iteration.Done(next);
            });
        });
        host.Flow<string, int>("sender", async (ctx, to) =>
        {
            await ctx.Map("m", Enumerable.Range(1, 7).ToArray(), async (c, n, _) => { await c.Signal("s", new RunId(to), "n", n); return n; });
            return 1;
        });
        await host.StartAsync();
        RunId receiver = await host.StartRunAsync("receiver", 7);
        await host.RunAsync("sender", receiver.Value);
        await host.AnswerAsync(receiver);
        Assert.Equal(28, (await host.EndAsync(receiver)).Output.GetInt32());
    }

    [Fact]
    public async Task An_emitted_event_is_in_the_stream_once_with_its_name_and_data()
    {
        await using ActorsTestHost host = new(Rewalk);
        host.Flow<int, int>("f", async (ctx, n) =>
        {
            await ctx.Emit("started", "order.started", new { Total = 3 });
            await ctx.Scope("s", c => c.Emit("inside", "order.inside", "x"));
            await ctx.Ask("q", new HumanQuestion("?"));
            return 1;
        });
        await host.StartAsync();
        RunId run = await host.StartRunAsync("f", 1);
        await host.WhenAskedAsync(run);
        await host.CrashAsync();
        await host.AnswerAsync(run);
        await host.EndAsync(run);
        Assert.Equal(
            [("started", "order.started", """{"total":3}"""), ("s/inside", "order.inside", "\"x\"")],
            (await host.EventsAsync(run)).Where(e => e.Type == RunEventTypes.EventEmitted).Select(e => (e.Step!, e.Detail!, e.Data.GetRawText())));
    }

    [Fact]
    public async Task A_cancelled_run_emits_and_sends_nothing_more_but_in_its_clean_up()
    {
        await using ActorsTestHost host = HostOf(Rewalk);
        host.Flow<string, int>("f", async (ctx, to) =>
        {
            ctx.CleanUp("bye", async c =>
            {
                await c.Emit("emit", "cleaned", 1);
                await c.Signal("tell", new RunId(to), "note", "bye");
            });
            try
            {
                await ctx.Ask("q", new HumanQuestion("?"));
            }
            catch (FlowCancelledException)
            {
                await Assert.ThrowsAsync<FlowCancelledException>(() => ctx.Emit("emit", "late", 1));
                await Assert.ThrowsAsync<FlowCancelledException>(() => ctx.Signal("tell", new RunId(to), "note", "late"));
            }

            return 1;
        });
        await host.StartAsync();
        RunId receiver = await host.StartRunAsync("receiver", 1);
        RunId run = await host.StartRunAsync("f", receiver.Value);
        await host.WhenAskedAsync(run);
        await host.CancelAsync(run);
        Assert.Equal(RunStatus.Cancelled, (await host.EndAsync(run)).Run.Status);
        await host.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal("\"bye\" by local; False", (await host.EndAsync(receiver)).Output.GetString());
        Assert.Equal(["cleaned"], (await host.EventsAsync(run)).Where(e => e.Type == RunEventTypes.EventEmitted).Select(e => e.Detail!));
    }

    private sealed class RefusingStore(IStore inner) : DelegatingStore(inner)
    {
        public RunId Refused { get; set; }

        public int Refusals { get; private set; }

        public override ValueTask<RunRow?> GetRunAsync(string tenant, RunId id, CancellationToken cancellationToken)
        {
            if (id != Refused || Refused == default)
            {
                return base.GetRunAsync(tenant, id, cancellationToken);
            }

            Refusals++;
            return ValueTask.FromException<RunRow?>(new StoreException(StoreFailure.Transient, "The database is away."));
        }
    }
}
