using System.Net;
using System.Text.Json;
using Actors.Client;
using Actors.Protocol;

namespace Actors.Chaos.World;

/// <summary>
/// A caller that means it: it spreads what it asks over the silos and asks elsewhere when one is away. Each call goes through the typed client once; what may be repeated is repeated here.
/// </summary>
internal sealed class Driver(ChaosWorld world, int seed)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan QuietMax = TimeSpan.FromSeconds(5);

    private readonly Random _chance = new(seed);
    private int _repeats;

    /// <summary>A call that gets no answer for so long is given up.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How often something had to be asked again.</summary>
    public int Repeats => Volatile.Read(ref _repeats);

    public Task<RunView> StartAsync(string flow, object input, string key, SiloNode? at = null) =>
        AskAsync(client => client.StartRunAsync(flow, JsonSerializer.SerializeToElement(input), key), at);

    public Task<RunView> GetAsync(string run, SiloNode? at = null) => AskAsync(client => client.GetRunAsync(run), at);

    /// <summary>Answers a human task; an answer whose acknowledgement was lost is found out about, and not given twice.</summary>
    public Task AnswerAsync(string task, SiloNode? at = null) => AskAsync(
        async client =>
        {
            try
            {
                await client.AnswerHumanTaskAsync(task, new AnswerRequest { Decision = "approve" });
            }
            catch (ActorsApiException e) when (e.Code == "task_closed")
            {
                HumanTaskView view = await client.GetHumanTaskAsync(task);
                Assert.Equal((HumanTaskStatus.Answered, "approve"), (view.Status, view.Decision));
            }

            return true;
        },
        at);

    /// <summary>Watches a run from silo to silo to its end, answering what it asks.</summary>
    public async Task<RunView> FollowAsync(string run)
    {
        long last = 0;
        for (DateTimeOffset until = TimeProvider.System.GetUtcNow() + Patience; ;)
        {
            // A stream of a silo that hangs says nothing, not even that it is broken.
            using CancellationTokenSource quiet = new();
            try
            {
                quiet.CancelAfter(QuietMax);
                await foreach (RunEventView happened in Any().Client.WatchRunAsync(run, last, quiet.Token))
                {
                    quiet.CancelAfter(QuietMax);
                    Assert.True(happened.Seq > last, $"Run {run}: the stream gave event {happened.Seq} after {last}.");
                    last = happened.Seq;
                    until = TimeProvider.System.GetUtcNow() + Patience;
                    if (happened.Type == RunEventTypes.HumanTaskOpened)
                    {
                        await AnswerAsync(happened.Detail!);
                    }
                }

                return await GetAsync(run);
            }
            catch (Exception e) when (IsAway(e) || e is OperationCanceledException)
            {
                if (TimeProvider.System.GetUtcNow() > until)
                {
                    throw new TimeoutException($"Run {run} said nothing for {Patience.TotalSeconds} s after event {last}: {e.Message}", e);
                }

                await AgainAsync();
            }
        }
    }

    /// <summary>Asks until it is answered: of one silo, or of any.</summary>
    public async Task<T> AskAsync<T>(Func<ActorsClient, Task<T>> call, SiloNode? at = null)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            SiloNode node = at ?? Any();
            try
            {
                return await call(node.Client);
            }
            catch (Exception e) when (IsAway(e) && TimeProvider.System.GetElapsedTime(began) < Patience)
            {
                await AgainAsync();
            }
        }
    }

    /// <summary>A silo by chance.</summary>
    public SiloNode Any()
    {
        lock (_chance)
        {
            SiloNode[] nodes = [.. world.Nodes.Where(static node => !node.IsFrozen)];
            return nodes[_chance.Next(nodes.Length)];
        }
    }

    /// <summary>True when the same may be asked again: nothing answered, or the answer says so.</summary>
    private static bool IsAway(Exception e) => e is ActorsUnreachableException
        || e is ActorsApiException { Status: HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout };

    private async Task AgainAsync()
    {
        Interlocked.Increment(ref _repeats);
        await Task.Delay(Pause);
    }
}
