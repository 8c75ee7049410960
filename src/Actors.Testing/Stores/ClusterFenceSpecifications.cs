using Actors.Storage;
using Xunit;

namespace Actors.Testing.Stores;

/// <summary>Nothing that a dead life still asks for is written, on any path.</summary>
public abstract class ClusterFenceSpecifications(StoreFixture fixture) : ClusterSpecifications(fixture)
{
    private static readonly string[] Paths =
    [
        "start", "step", "row only", "several", "closing", "send again", "claim", "claim runnable", "reserve", "publish", "open session", "tick", "end silent life", "post", "post an answer",
        "count trial", "take trial back", "explain", "delete ended", "write cache", "delete expired",
    ];

    public static TheoryData<string> All => [.. Paths];

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_life_that_was_ended_is_refused(string path) => await RefusedAsync(path, async () =>
    {
        long silo = await BeginLifeAsync("dead");
        return silo;
    });

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_life_that_never_began_is_refused(string path)
    {
        if (path is not "tick" and not "send again")
        {
            await RefusedAsync(path, () => Task.FromResult(Silo + 1000));
        }
    }

    private async Task RefusedAsync(string path, Func<Task<long>> beginAsync)
    {
        long dead = await beginAsync();
        bool began = dead < Silo + 1000;
        RunRow mine = await StartAsync("mine", row => row with { Owner = began ? dead : Silo });
        RunRow another = await StartAsync("another");
        RunRow free = await StartUnownedAsync("free", static row => row with { FlowVersion = "v9" });
        await CommittedAsync(Next(another, 1, opened: [HumanTask(another, "h1")]));
        long peer = await BeginLifeAsync("peer");
        RunRow begins = await RowAsync("begins");
        await Cluster.PublishAsync(Silo, Can(["v1"]), default);
        await Cluster.PublishAsync(peer, Can(["v1"]), default);
        Transition step = Next(mine, 1, silo: dead);
        Listening? listening = null;
        if (path == "send again")
        {
            await CommittedAsync(step);
        }

        if (path == "tick")
        {
            listening = await ListenAsync(dead);
        }

        await Store.EndLifeAsync(dead, At(), default);
        RunRow[] runs = [mine, another, free];
        string before = await LookAsync(runs);

        await FailsAsync(StoreFailure.Fenced, () => AskAsync(path, dead, peer, mine, another, free, begins, step, listening));

        Assert.Equal(before, await LookAsync(runs));
        Assert.Null(await Store.GetRunAsync(Tenant, begins.Id, default));
        Assert.Empty(await Cluster.FindMessagesAsync(["m1"], default));
        if (listening is not null)
        {
            await listening.DisposeAsync();
        }

        // Nor was anything of it left half done: the living go on as if it had not been there. What can be run shows that nothing was published for them.
        await Cluster.PublishAsync(peer, Can(["v1", "v9"]), default);
        Assert.Contains("free", await ClaimRunnableAsync(peer));
        LoadedRun? taken = await ClaimAsync(mine, began ? peer : Silo);
        Assert.Equal((began ? 1 : 0, 0), (taken!.Adoptions, taken.Trials));
    }

    private async Task<string> LookAsync(RunRow[] runs) =>
        string.Concat(await Task.WhenAll(runs.Select(SeeAsync))) + string.Join(',', await Cluster.ListSilosAsync(default));

    private Task AskAsync(string path, long dead, long peer, RunRow mine, RunRow another, RunRow free, RunRow begins, Transition step, Listening? listening) => path switch
    {
        "start" => Store.CommitAsync([Begin(begins with { Owner = null }, dead)], default).AsTask(),
        "step" or "send again" => Store.CommitAsync([step], default).AsTask(),
        "row only" => Store.CommitAsync([RowOnly(mine, 1, Becomes(RunStatus.Waiting, "for ever", release: true), dead)], default).AsTask(),
        "several" => Store.CommitAsync(
            [step, Next(another, 2, Becomes(RunStatus.Waiting), set: [Reminder(another, "t", 1)], messages: [Message(mine, "m1")], silo: dead), Begin(begins, dead)], default).AsTask(),
        "closing" => Store.CommitAsync([Next(another, 2, closed: [Answer("h1")], silo: dead), Next(mine, 1, closed: [Answer("h1")], silo: dead)], default).AsTask(),
        "claim" => Store.ClaimAsync(dead, [free.Id, mine.Id], default).AsTask(),
        "claim runnable" => Cluster.ClaimRunnableAsync(dead, 10, default).AsTask(),
        "reserve" => Store.ReserveRunNumbersAsync(dead, 1, default).AsTask(),
        "publish" => Cluster.PublishAsync(dead, Can(["v1", "v9"], ["charge"]), default).AsTask(),
        "open session" => Cluster.OpenSessionAsync(dead, static _ => { }, default).AsTask(),
        "tick" => listening!.Session.TickAsync(default).AsTask(),
        "end silent life" => Cluster.EndSilentLifeAsync(dead, peer, 0, At(), default).AsTask(),
        "post" => Cluster.PostAsync(dead, [new PostedMessage(Message(another, "m1"))], 10, default).AsTask(),
        "post an answer" => Cluster.PostAsync(dead, [new PostedMessage(Message(another, "m1"), Answer("h1"))], 10, default).AsTask(),
        "count trial" => Cluster.CountTrialAsync(dead, mine.Id, true, default).AsTask(),
        "take trial back" => Cluster.CountTrialAsync(dead, mine.Id, false, default).AsTask(),
        "explain" => Cluster.ExplainUnclaimableAsync(dead, 10, default).AsTask(),
        "delete ended" => Store.DeleteEndedAsync(dead, At(1000), 10, default).AsTask(),
        "write cache" => Store.WriteCacheAsync(dead, new CacheRow(Tenant, "k", new byte[] { 1 }, At(1000)), default).AsTask(),
        "delete expired" => Store.DeleteExpiredAsync(dead, At(1000), 10, default).AsTask(),
        _ => throw new ArgumentOutOfRangeException(nameof(path), path, "No such path."),
    };
}
