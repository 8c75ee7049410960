using System.Text.Json;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;
using Actors.Tests.Storage;

namespace Actors.Tests.Runs;

/// <summary>More signals from flows than their receiver takes: what waits for it is bounded, and each signal is taken in once or told as not sent.</summary>
public sealed class SignalFloodTests
{
    private const int MailboxMax = 5;
    private const int KeptMax = 3;

    private static readonly SiloOptions Narrow = new() { MailboxMax = MailboxMax, SignalsKeptMax = KeptMax };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Senders_wait_while_the_inbox_is_full_and_every_signal_arrives_once(bool sqlite)
    {
        await using SqliteFixture fixture = new();
        await using IStore store = sqlite ? await fixture.OpenAsync() : new MemoryStore();
        await using ActorsTestHost host = await HostAsync(store, virtualTime: !sqlite);
        RunId receiver = await host.StartRunAsync("receiver", 40);
        await host.WhenAskedAsync(receiver);
        RunId[] senders = [await host.StartRunAsync("sender", new Flood(receiver.Value, 0, 20)), await host.StartRunAsync("sender", new Flood(receiver.Value, 20, 20))];
        await UntilAsync(host, async () => await SentAsync(host, senders) == MailboxMax + KeptMax && await InboxAsync(host, receiver) == MailboxMax);

        if (!sqlite)
        {
            // Also when it leaves memory and comes back.
            await host.AdvanceAsync(TimeSpan.FromSeconds(15));
        }

        Assert.Equal(MailboxMax, await InboxAsync(host, receiver));
        Assert.Equal(KeptMax, (await host.EventsAsync(receiver)).Count(static e => e.Type == RunEventTypes.SignalReceived));
        Assert.Equal(MailboxMax + KeptMax, await SentAsync(host, senders));

        await host.AnswerAsync(receiver);
        await UntilAsync(host, async () => (await host.Store.GetRunAsync("default", receiver, default))!.Status == RunStatus.Completed);

        Assert.Equal(Enumerable.Range(0, 40), (await TakenAsync(host, receiver)).Order());
        Assert.All(await Task.WhenAll(senders.Select(host.EndAsync)), static end => Assert.Equal("20 sent", end.Output.GetString()));
    }

    [Fact]
    public async Task A_silo_that_dies_while_senders_wait_loses_and_doubles_nothing()
    {
        await using MemoryStore store = new();
        await using ActorsTestHost host = await HostAsync(store);
        RunId receiver = await host.StartRunAsync("receiver", 20);
        await host.WhenAskedAsync(receiver);
        RunId sender = await host.StartRunAsync("sender", new Flood(receiver.Value, 0, 20));
        await host.AdvanceAsync(TimeSpan.FromSeconds(5));

        await host.CrashAsync();
        await host.AdvanceAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(MailboxMax, await InboxAsync(host, receiver));
        await host.AnswerAsync(receiver);
        await host.AdvanceAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(Enumerable.Range(0, 20), (await TakenAsync(host, receiver)).Order());
        Assert.Equal("20 sent", (await host.EndAsync(sender)).Output.GetString());
    }

    [Fact]
    public async Task What_found_no_room_in_time_is_told_as_not_sent_and_can_be_sent_again()
    {
        await using MemoryStore store = new();
        await using ActorsTestHost host = await HostAsync(store);
        RunId receiver = await host.StartRunAsync("receiver", 20);
        await host.WhenAskedAsync(receiver);
        RunId sender = await host.StartRunAsync("stubborn", new Flood(receiver.Value, 0, 20));
        await host.AdvanceAsync(TimeSpan.FromSeconds(100));
        RunEvent[] refused = [.. (await host.EventsAsync(sender)).Where(static e => e.Type == RunEventTypes.SignalNotSent)];
        Assert.Equal(3, refused.Length);
        Assert.All(refused, static e => Assert.Equal(ErrorTypes.Overloaded, e.Error!.Type));
        Assert.Contains("has 5 messages waiting already (SiloOptions.MailboxMax)", refused[0].Error!.Message, StringComparison.Ordinal);

        await host.AnswerAsync(receiver);
        await host.AdvanceAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(Enumerable.Range(0, 20), await TakenAsync(host, receiver));
        Assert.Equal("20 sent", (await host.EndAsync(sender)).Output.GetString());
    }

    [Fact]
    public async Task A_run_that_floods_itself_is_told_instead_of_waiting_for_itself_for_ever()
    {
        await using MemoryStore store = new();
        await using ActorsTestHost host = await HostAsync(store);
        host.Flow<int, string>("own", static async (ctx, n) =>
        {
            try
            {
                for (int i = 0; i < n; i++)
                {
                    await ctx.Signal("tell", ctx.Run.Id, "note", i);
                }

                return "all";
            }
            catch (StepFailedException e)
            {
                return $"{e.StepKey} {e.Error.Type}";
            }
        });
        RunId run = await host.StartRunAsync("own", 20);
        await host.AdvanceAsync(TimeSpan.FromMinutes(1));

        Assert.Equal($"tell#{MailboxMax + KeptMax + 1} {ErrorTypes.Overloaded}", (await host.EndAsync(run)).Output.GetString());
    }

    [Fact]
    public async Task A_sender_that_is_cancelled_while_it_waits_leaves_its_turn_to_the_others()
    {
        await using MemoryStore store = new();
        await using ActorsTestHost host = await HostAsync(store);
        RunId receiver = await host.StartRunAsync("receiver", 10);
        await host.WhenAskedAsync(receiver);
        RunId first = await host.StartRunAsync("sender", new Flood(receiver.Value, 0, MailboxMax + KeptMax));
        await host.EndAsync(first);
        RunId cancelled = await host.StartRunAsync("sender", new Flood(receiver.Value, 100, 10));
        await host.AdvanceAsync(TimeSpan.FromSeconds(2));
        RunId last = await host.StartRunAsync("sender", new Flood(receiver.Value, 200, 2));
        await host.AdvanceAsync(TimeSpan.FromSeconds(2));

        await host.CancelAsync(cancelled);
        Assert.Equal(RunStatus.Cancelled, (await host.EndAsync(cancelled)).Run.Status);
        await host.AnswerAsync(receiver);
        await host.AdvanceAsync(TimeSpan.FromMinutes(1));

        Assert.Equal([.. Enumerable.Range(0, MailboxMax + KeptMax), 200, 201], (await TakenAsync(host, receiver)).Order());
        Assert.Equal("2 sent", (await host.EndAsync(last)).Output.GetString());
    }

    [Fact]
    public async Task Signals_that_had_to_wait_keep_their_order()
    {
        await using MemoryStore store = new();
        await using ActorsTestHost host = await HostAsync(store);
        RunId receiver = await host.StartRunAsync("receiver", 20);
        await host.WhenAskedAsync(receiver);
        RunId sender = await host.StartRunAsync("stubborn", new Flood(receiver.Value, 0, 20));
        await host.AdvanceAsync(TimeSpan.FromSeconds(1));

        await host.AnswerAsync(receiver);
        await host.AdvanceAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(Enumerable.Range(0, 20), await TakenAsync(host, receiver));
        Assert.Equal(0, (await host.EventsAsync(sender)).Count(static e => e.Type == RunEventTypes.SignalNotSent));
    }

    private static async Task<ActorsTestHost> HostAsync(IStore store, bool virtualTime = true)
    {
        ActorsTestHost host = new(new ActorsTestOptions { Store = store, Silo = Narrow, VirtualTime = virtualTime });
        host.Flow<int, int[]>("receiver", static async (ctx, n) =>
        {
            await ctx.Ask("q", new HumanQuestion("?"));
            List<int> taken = [];
            for (int i = 0; i < n; i++)
            {
                taken.Add((await ctx.WaitFor<int>("note")).Value);
            }

            // Whatever came twice would come now.
            return (await ctx.WaitFor<int>("note", TimeSpan.FromSeconds(1))).Received ? [] : [.. taken];
        });
        host.Flow<Flood, string>("sender", static async (ctx, flood) =>
        {
            int[] all = await ctx.Map("m", Enumerable.Range(flood.From, flood.Count).ToArray(), async (c, n, _) =>
            {
                await c.Signal("tell", new RunId(flood.To), "note", n);
                return n;
            });
            return $"{all.Length} sent";
        });
        host.Flow<Flood, string>("stubborn", static async (ctx, flood) =>
        {
            for (int sent = 0; sent < flood.Count;)
            {
                try
                {
                    await ctx.Signal("tell", new RunId(flood.To), "note", flood.From + sent);
                    sent++;
                }
                catch (StepFailedException e) when (e.Error.Type == ErrorTypes.Overloaded)
                {
                }
            }

            return $"{flood.Count} sent";
        });
        return await host.StartAsync();
    }

    // The threads of a database are not the engine's: what they do takes its own time, so that the clock is the real one there.
    private static async Task UntilAsync(ActorsTestHost host, Func<Task<bool>> holds)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(30));
        while (!await holds())
        {
            limit.Token.ThrowIfCancellationRequested();
            await (host.VirtualTime is null ? Task.Delay(20, limit.Token) : host.AdvanceAsync(TimeSpan.FromMilliseconds(50)));
        }
    }

    private static async Task<int> InboxAsync(ActorsTestHost host, RunId run) =>
        await host.Store.CountMessagesAsync((await host.Store.GetRunAsync("default", run, default))!.No, 1_000, default);

    private static async Task<int> SentAsync(ActorsTestHost host, RunId[] senders) =>
        (await Task.WhenAll(senders.Select(host.EventsAsync))).Sum(static events => events.Count(static e => e.Type == RunEventTypes.SignalSent));

    private static async Task<int[]> TakenAsync(ActorsTestHost host, RunId receiver) => (await host.EndAsync(receiver)).Output.Deserialize<int[]>()!;

    private sealed record Flood(string To, int From, int Count);
}
