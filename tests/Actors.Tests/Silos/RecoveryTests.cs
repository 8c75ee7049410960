using System.Threading.Channels;
using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Tests.Silos;

/// <summary>Rounds that the test ends by hand. Whoever waits in the queue must be found: by the round that follows, or by the next place that becomes free.</summary>
public sealed class RecoveryTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly RecoveryRound Nothing = new(0, IsLast: true, MayBeMore: false);
    private static readonly RecoveryRound Full = new(200, IsLast: false, MayBeMore: true);
    private static readonly StoreException Broken = new(StoreFailure.Transient, "The connection is lost.");

    private readonly QueuedScheduler _scheduler = new();
    private readonly Recovery _recovery;
    private readonly Channel<TaskCompletionSource<RecoveryRound>> _begun = Channel.CreateUnbounded<TaskCompletionSource<RecoveryRound>>();
    private int _rounds;

    public RecoveryTests() => _recovery = new Recovery(_scheduler, NullLogger.Instance, () =>
    {
        TaskCompletionSource<RecoveryRound> round = new();
        Interlocked.Increment(ref _rounds);
        _begun.Writer.TryWrite(round);
        return round.Task;
    });

    [Fact]
    public async Task A_place_that_becomes_free_while_a_round_finds_no_room_is_taken_by_another_round()
    {
        Task first = _recovery.RunAsync();
        _recovery.OnRoom();
        await EndAsync(first, RecoveryRound.NoRoom);

        Assert.Equal(2, RunAsked());
    }

    [Fact]
    public async Task A_place_that_becomes_free_while_a_round_finds_all_there_is_needs_no_other()
    {
        Task first = _recovery.RunAsync();
        _recovery.OnRoom();
        await EndAsync(first, Nothing);

        Assert.Equal(1, RunAsked());
    }

    [Fact]
    public async Task A_run_that_is_queued_during_a_round_that_finds_nothing_gets_the_next_free_place()
    {
        Task first = _recovery.RunAsync();
        _recovery.OnQueued();
        await EndAsync(first, Nothing);
        Assert.Equal(1, RunAsked());

        _recovery.OnRoom();

        Assert.Equal(2, RunAsked());
    }

    [Fact]
    public async Task A_run_and_a_free_place_that_both_come_during_a_round_are_brought_together()
    {
        Task first = _recovery.RunAsync();
        _recovery.OnQueued();
        _recovery.OnRoom();
        await EndAsync(first, Nothing);

        Assert.Equal(2, RunAsked());
    }

    [Fact]
    public async Task A_run_that_was_queued_before_a_round_that_found_it_is_not_looked_for_again()
    {
        _recovery.OnQueued();
        await EndAsync(_recovery.RunAsync(), new RecoveryRound(1, IsLast: true, MayBeMore: false));

        _recovery.OnRoom();

        Assert.Equal(1, RunAsked());
    }

    [Fact]
    public async Task Runs_that_found_no_room_get_the_next_free_place()
    {
        await EndAsync(_recovery.RunAsync(), RecoveryRound.NoRoom);
        Assert.Equal(1, RunAsked());

        _recovery.OnRoom();

        Assert.Equal(2, RunAsked());
    }

    [Fact]
    public async Task Rounds_follow_each_other_as_long_as_there_is_more()
    {
        Task all = _recovery.RunAsync();
        (await BegunAsync()).SetResult(Full);
        (await BegunAsync()).SetResult(Full);
        (await BegunAsync()).SetResult(Nothing);
        await all.WaitAsync(Limit);

        Assert.Equal(3, RunAsked());
    }

    [Fact]
    public async Task Asked_during_a_round_it_begins_no_second_one_beside_it()
    {
        Task first = _recovery.RunAsync();
        _recovery.Ask();
        Assert.Equal(1, RunAsked());
        await EndAsync(first, RecoveryRound.NoRoom);

        Assert.Equal(2, RunAsked());
    }

    [Fact]
    public async Task Stopped_during_a_round_it_begins_no_other()
    {
        Task all = _recovery.RunAsync();
        _recovery.OnQueued();
        _recovery.OnRoom();
        _recovery.Stop();
        await EndAsync(all, Full);

        _recovery.OnRoom();
        _recovery.Ask();

        Assert.Equal(1, RunAsked());
    }

    [Fact]
    public async Task After_an_error_of_the_store_it_does_not_ask_in_a_circle_and_the_next_free_place_does()
    {
        Task first = _recovery.RunAsync();
        await FailAsync(first, Broken);
        Assert.Equal(1, RunAsked());

        _recovery.OnRoom();

        Assert.Equal(2, RunAsked());
    }

    [Fact]
    public async Task After_an_error_of_the_store_a_place_that_became_free_meanwhile_is_tried_once_more()
    {
        Task first = _recovery.RunAsync();
        _recovery.OnRoom();
        await FailAsync(first, Broken);
        Assert.Equal(1, _scheduler.Waiting);

        await FailAsync(_recovery.RunAsync(), Broken);

        Assert.Equal(1, _scheduler.Waiting);
    }

    [Fact]
    public async Task When_the_life_is_over_it_asks_no_more()
    {
        Task first = _recovery.RunAsync();
        _recovery.OnQueued();
        _recovery.OnRoom();
        await FailAsync(first, new StoreException(StoreFailure.Fenced, "The life is over."));

        _recovery.OnRoom();
        _recovery.Ask();

        Assert.Equal(1, RunAsked());
    }

    private async Task EndAsync(Task recovery, RecoveryRound found)
    {
        (await BegunAsync()).SetResult(found);
        await recovery.WaitAsync(Limit);
    }

    private async Task FailAsync(Task recovery, StoreException error)
    {
        (await BegunAsync()).SetException(error);
        await recovery.WaitAsync(Limit);
    }

    private Task<TaskCompletionSource<RecoveryRound>> BegunAsync() => _begun.Reader.ReadAsync().AsTask().WaitAsync(Limit);

    /// <summary>Runs what was asked for; gives how many rounds have begun until now.</summary>
    private int RunAsked()
    {
        _scheduler.Run();
        return _rounds;
    }
}
