using System.Reflection;
using Actors.Silos;
using Actors.Storage;
using Actors.Testing;
using Actors.Time;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors.Tests.Silos;

/// <summary>Places in the inbox of a run that has room for ten messages.</summary>
public sealed class InboxRoomTests : IDisposable
{
    private const int Max = 10;

    private readonly VirtualTime _time = new();
    private readonly QueuedScheduler _scheduler = new();
    private readonly Alarms _alarms;
    private readonly CountedStore _store;
    private readonly InboxRoom _room;

    public InboxRoomTests()
    {
        _alarms = new Alarms(_time, _scheduler);
        IStore store = DispatchProxy.Create<IStore, CountedStore>();
        _store = (CountedStore)(object)store;
        _room = new InboxRoom(store, _scheduler, _alarms, _time, NullLogger.Instance, Max);
    }

    public void Dispose() => _alarms.Dispose();

    [Fact]
    public void Of_many_who_ask_at_once_as_many_as_there_is_room_for_are_let_in_in_their_order()
    {
        InboxPlace[] places = Ask(100);

        AssertGranted(places, Max);
        Assert.Equal(1, _store.Asked);
    }

    [Fact]
    public void What_is_in_the_inbox_already_takes_room()
    {
        _store.Messages = 7;

        AssertGranted(Ask(100), 3);
    }

    [Fact]
    public void A_place_whose_message_is_committed_is_in_the_inbox_from_then_on()
    {
        InboxPlace[] places = Ask(30);
        AssertGranted(places, Max);
        places[0].GiveBack();
        _store.Messages = 1;

        Later();

        AssertGranted(places, Max);
    }

    [Fact]
    public void When_the_run_has_taken_messages_the_next_are_let_in_at_once()
    {
        _store.Messages = Max;
        InboxPlace[] places = Ask(5);
        AssertGranted(places, 0);

        _store.Messages = Max - 2;
        _room.OnConsumed(1);

        AssertGranted(places, 2);
    }

    [Fact]
    public void When_another_silo_has_the_run_the_inbox_is_looked_at_again_and_not_too_often()
    {
        _store.Messages = Max;
        InboxPlace[] places = Ask(1);
        AssertGranted(places, 0);
        for (int i = 0; i < 60; i++)
        {
            Later();
        }

        Assert.InRange(_store.Asked, 60, 70);
        _store.Messages = 0;
        Later();
        AssertGranted(places, 1);
        int asked = _store.Asked;
        Later();
        Assert.Equal(asked, _store.Asked);
    }

    [Fact]
    public void An_error_of_the_store_lets_nobody_in_until_it_answers()
    {
        _store.Fails = true;
        InboxPlace[] places = Ask(2);
        AssertGranted(places, 0);

        _store.Fails = false;
        Later();

        AssertGranted(places, 2);
    }

    [Fact]
    public void Who_waits_no_longer_gets_no_place_and_takes_none_away()
    {
        _store.Messages = Max - 1;
        InboxPlace[] places = Ask(3);
        AssertGranted(places, 1);
        Assert.False(places[0].TryWithdraw());
        Assert.True(places[1].TryWithdraw());
        Assert.False(places[1].TryWithdraw());

        places[0].GiveBack();
        places[0].GiveBack();
        Later();

        AssertGranted([places[0], places[2], places[1]], 2);
    }

    [Fact]
    public void Runs_have_inboxes_of_their_own()
    {
        InboxPlace[] one = Ask(Max + 1);
        InboxPlace other = _room.Ask(2);

        AssertGranted(one, Max);
        Assert.True(other.Granted.IsCompleted);
    }

    private InboxPlace[] Ask(int count) => [.. Enumerable.Range(0, count).Select(_ => _room.Ask(1))];

    private void Later() => _scheduler.Run(() => _time.Advance(TimeSpan.FromSeconds(1)));

    private void AssertGranted(InboxPlace[] places, int count)
    {
        _scheduler.Run();
        Assert.Equal([.. places.Select((_, i) => i < count)], places.Select(static p => p.Granted.IsCompleted));
    }

    /// <summary>A store of which only the messages of an inbox are counted.</summary>
    private class CountedStore : DispatchProxy
    {
        public int Messages { get; set; }

        public bool Fails { get; set; }

        public int Asked { get; private set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            Assert.Equal(nameof(IStore.CountMessagesAsync), targetMethod!.Name);
            Asked++;
            return Fails ? throw new StoreException(StoreFailure.Transient, "The database is away.") : new ValueTask<int>(Messages);
        }
    }
}
