using Actors.Storage;
using Actors.Time;
using Microsoft.Extensions.Logging;

namespace Actors.Silos;

/// <summary>
/// Bounds what flows of this silo send to one run: each signal gets a place in the run's inbox first, and waits when there is none. The store is asked how many messages are there, for all who wait at once;
/// what has a place and is not committed yet counts as well. Other silos count for themselves, so that an inbox may hold up to the limit for each silo that sends at the same moment. Thread-safe.
/// </summary>
/// <param name="inboxMax">A run with so many messages gets no more.</param>
internal sealed class InboxRoom(IStore store, EngineScheduler scheduler, Alarms alarms, TimeProvider time, ILogger log, int inboxMax)
{
    // A full inbox of a run that another silo holds is looked at again and again; of a run that is here, its commits tell.
    private static readonly TimeSpan LookDelayMin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LookDelayMax = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<long, Inbox> _inboxes = [];

    /// <summary>Asks for a place, behind those who have asked before. It is given back when the message is committed, or not sent after all.</summary>
    public InboxPlace Ask(long runNo)
    {
        lock (_lock)
        {
            if (!_inboxes.TryGetValue(runNo, out Inbox? inbox))
            {
                _inboxes.Add(runNo, inbox = new Inbox(runNo));
            }

            InboxPlace place = new(this, inbox);
            place.Waiting = inbox.Waiting.AddLast(place);
            if (inbox.Alarm is null)
            {
                Look(inbox);
            }

            return place;
        }
    }

    /// <summary>A run of this silo has taken messages in, or has ended.</summary>
    public void OnConsumed(long runNo)
    {
        lock (_lock)
        {
            if (_inboxes.TryGetValue(runNo, out Inbox? inbox) && inbox.Waiting.Count > 0)
            {
                inbox.Delay = LookDelayMin;
                Look(inbox);
            }
        }
    }

    /// <summary>True: nobody got the place, and nobody will.</summary>
    internal bool TryWithdraw(InboxPlace place)
    {
        lock (_lock)
        {
            if (place.Waiting is not { } node)
            {
                return false;
            }

            place.Inbox.Waiting.Remove(node);
            place.Waiting = null;
            Forget(place.Inbox);
            return true;
        }
    }

    internal void GiveBack(InboxPlace place)
    {
        lock (_lock)
        {
            if (!TryWithdraw(place) && place.IsGranted)
            {
                place.IsGranted = false;
                place.Inbox.Granted--;
                Forget(place.Inbox);
            }
        }
    }

    // Under the lock.
    private void Look(Inbox inbox)
    {
        inbox.Alarm?.Cancel();
        inbox.Alarm = null;
        if (inbox.IsLooking)
        {
            inbox.LookAgain = true;
            return;
        }

        inbox.IsLooking = true;
        scheduler.Post(static state => _ = ((Looking)state!).RunAsync(), new Looking(this, inbox));
    }

    private async Task LookAsync(Inbox inbox)
    {
        int granted;
        lock (_lock)
        {
            // Before the store is asked: what is committed meanwhile is counted twice rather than not at all.
            granted = inbox.Granted;
            inbox.LookAgain = false;
        }

        int there = inboxMax;
        try
        {
            there = await store.CountMessagesAsync(inbox.RunNo, inboxMax, CancellationToken.None).ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            log.StoreReadRetried(e.Message);
        }

        lock (_lock)
        {
            inbox.IsLooking = false;
            for (int room = inboxMax - there - granted; room > 0 && inbox.Waiting.First is { Value: var place }; room--)
            {
                inbox.Waiting.RemoveFirst();
                place.Waiting = null;
                place.IsGranted = true;
                inbox.Granted++;
                inbox.Delay = LookDelayMin;
                scheduler.Complete(place.Source);
            }

            if (inbox.Waiting.Count == 0)
            {
                Forget(inbox);
            }
            else if (inbox.LookAgain)
            {
                Look(inbox);
            }
            else
            {
                inbox.Alarm = alarms.Set(time.GetUtcNow() + inbox.Delay, static state => ((Looking)state!).OnAlarm(), new Looking(this, inbox));
                inbox.Delay = inbox.Delay * 2 < LookDelayMax ? inbox.Delay * 2 : LookDelayMax;
            }
        }
    }

    private void OnAlarm(Inbox inbox)
    {
        lock (_lock)
        {
            inbox.Alarm = null;
            if (inbox.Waiting.Count > 0)
            {
                Look(inbox);
            }
        }
    }

    // Under the lock.
    private void Forget(Inbox inbox)
    {
        if (inbox is { Granted: 0, Waiting.Count: 0, IsLooking: false })
        {
            inbox.Alarm?.Cancel();
            _inboxes.Remove(inbox.RunNo);
        }
    }

    /// <summary>What is known of one run's inbox; under the lock.</summary>
    internal sealed class Inbox(long runNo)
    {
        public long RunNo => runNo;

        public LinkedList<InboxPlace> Waiting { get; } = [];

        /// <summary>Places that are not given back yet.</summary>
        public int Granted { get; set; }

        public bool IsLooking { get; set; }

        public bool LookAgain { get; set; }

        /// <summary>When it is looked at next; null when that needs no time, or nobody waits.</summary>
        public Alarms.Alarm? Alarm { get; set; }

        public TimeSpan Delay { get; set; } = LookDelayMin;
    }

    private sealed record Looking(InboxRoom Room, Inbox Inbox)
    {
        public Task RunAsync() => Room.LookAsync(Inbox);

        public void OnAlarm() => Room.OnAlarm(Inbox);
    }
}

/// <summary>A place in the inbox of a run for one message, or the wish for one.</summary>
internal sealed class InboxPlace(InboxRoom room, InboxRoom.Inbox inbox)
{
    /// <summary>Completes when the message may be sent; never when the place was withdrawn or given back before.</summary>
    public Task Granted => Source.Task;

    internal TaskCompletionSource Source { get; } = new();

    internal InboxRoom.Inbox Inbox => inbox;

    // Under the lock of the room.
    internal LinkedListNode<InboxPlace>? Waiting { get; set; }

    internal bool IsGranted { get; set; }

    /// <summary>Waits no longer. False when the place is granted already.</summary>
    public bool TryWithdraw() => room.TryWithdraw(this);

    /// <summary>The message is committed, or is not sent. Doing it again does nothing.</summary>
    public void GiveBack() => room.GiveBack(this);
}
