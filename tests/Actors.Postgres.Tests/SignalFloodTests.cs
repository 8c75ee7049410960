using System.Text.Json;
using Actors.Flows;
using Actors.Runs;
using Actors.Silos;
using Actors.Storage;

namespace Actors.Postgres.Tests;

/// <summary>More signals than a run takes that another silo holds.</summary>
public sealed class SignalFloodTests
{
    private const int MailboxMax = 5;
    private const int KeptMax = 3;
    private const int Count = 40;

    private static readonly SiloOptions Narrow = Cluster.Quick with { MailboxMax = MailboxMax, SignalsKeptMax = KeptMax, RemoteCommandLimit = TimeSpan.FromMilliseconds(100) };

    [Theory]
    [MemberData(nameof(Cluster.Stores), MemberType = typeof(Cluster))]
    public async Task Senders_on_another_silo_wait_while_the_inbox_is_full_and_every_signal_arrives_once(string store)
    {
        await using Cluster cluster = new(store);
        Silo receives = await cluster.StartAsync(Register, Narrow);
        Silo sends = await cluster.StartAsync(Register, Narrow);
        RunId receiver = await Cluster.StartRunAsync(receives, "receiver", Count);
        HumanTaskId question = await Cluster.WhenAskedAsync(receives, receiver);
        RunId sender = await Cluster.StartRunAsync(sends, "sender", receiver.Value);
        long no = (await cluster.RowAsync(receiver)).No;

        // The receiver keeps three; five more wait in its inbox.
        await WhenAsync(async () => (await sends.ReadEventsAsync(sender, Caller.Local, 0, 1000)).Count(static e => e.Type == RunEventTypes.SignalSent) == MailboxMax + KeptMax);
        long beat = receives.Living[0].Beat;
        await WhenAsync(() => Task.FromResult(receives.Living[0].Beat > beat + 3));
        Assert.Equal(MailboxMax, await cluster.Store.CountMessagesAsync(no, 1000, default));

        await receives.AnswerAsync(question, new TaskAnswer("approve"), Caller.Local);
        RunResult received = await receives.WaitForEndAsync(receiver, Caller.Local, Cluster.Limit);
        Assert.Equal(Enumerable.Range(0, Count), received.Output.Deserialize<int[]>()!.Order());
        Assert.Equal(RunStatus.Completed, (await sends.WaitForEndAsync(sender, Caller.Local, Cluster.Limit)).Run.Status);
    }

    [Theory]
    [MemberData(nameof(Cluster.Stores), MemberType = typeof(Cluster))]
    public async Task Messages_that_a_busy_run_has_not_taken_are_told_again_and_again_and_fill_its_mailbox_once(string store)
    {
        await using Cluster cluster = new(store);
        using ManualResetEventSlim busy = new();
        using ManualResetEventSlim free = new();
        void Blocking(FlowRegistry flows) => flows.Add(new CodeFlow<int, int>("blocks", async (ctx, _) =>
        {
            busy.Set();
            free.Wait(Cluster.Limit);
            int sum = 0;
            for (int i = 0; i < 4; i++)
            {
                sum += (await ctx.WaitFor<int>("note")).Value;
            }

            return sum;
        }));
        SiloOptions options = Narrow with { SignalsKeptMax = 100 };
        Silo holds = await cluster.StartAsync(Blocking, options);
        Silo other = await cluster.StartAsync(Blocking, options);
        RunId run = await Cluster.StartRunAsync(holds, "blocks", 1);
        Assert.True(busy.Wait(Cluster.Limit));
        for (int i = 1; i <= 3; i++)
        {
            await other.SignalRunAsync(run, "note", JsonSerializer.SerializeToElement(i), null, Caller.Local);
        }

        long beat = holds.Living[0].Beat;
        await WhenAsync(() => Task.FromResult(holds.Living[0].Beat > beat + 4));

        // There is still room for those who ask here.
        Task signalled = holds.SignalRunAsync(run, "note", JsonSerializer.SerializeToElement(4), null, Caller.Local);
        Assert.False(signalled.IsFaulted);
        free.Set();
        await signalled.WaitAsync(Cluster.Limit);
        Assert.Equal(10, (await holds.WaitForEndAsync(run, Caller.Local, Cluster.Limit)).Output.GetInt32());
    }

    private static void Register(FlowRegistry flows)
    {
        flows.Add(new CodeFlow<int, int[]>("receiver", static async (ctx, n) =>
        {
            await ctx.Ask("q", new HumanQuestion("?"));
            List<int> taken = [];
            for (int i = 0; i < n; i++)
            {
                taken.Add((await ctx.WaitFor<int>("note")).Value);
            }

            return (await ctx.WaitFor<int>("note", TimeSpan.FromMilliseconds(500))).Received ? [] : [.. taken];
        }));
        flows.Add(new CodeFlow<string, int>("sender", static async (ctx, to) =>
        {
            int[] all = await ctx.Map("m", Enumerable.Range(0, Count).ToArray(), async (c, n, _) =>
            {
                await c.Signal("tell", new RunId(to), "note", n);
                return n;
            });
            return all.Length;
        }));
    }

    private static async Task WhenAsync(Func<Task<bool>> holds)
    {
        using CancellationTokenSource limit = new(Cluster.Limit);
        while (!await holds())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
