using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging;

namespace Actors.Time;

/// <summary>
/// Keeps the reminders of the near future as alarms in memory and wakes the run when one is due. Late ones ring at once, none is skipped: a row stays until its run has recorded the firing.
/// </summary>
internal sealed class ReminderFeed(EngineServices services, Action<RunId> wake)
{
    private static readonly TimeSpan Horizon = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    // How far back each round looks; longer than a round and a horizon, so that nothing falls between.
    private static readonly TimeSpan Overdue = TimeSpan.FromMinutes(5);

    // Bounds the memory of a minute in which very many are due: the rest is loaded when these have rung.
    private const int KeptMax = 100_000;
    private const int Page = 2_000;

    private readonly Lock _lock = new();
    private DateTimeOffset _loadedUntil = DateTimeOffset.MinValue;
    private Reminder? _loadAfter;
    private bool _stopped;

    public void Start() => _ = LoadAsync();

    public void Stop()
    {
        lock (_lock)
        {
            _stopped = true;
        }
    }

    /// <summary>Reminders that this silo has just committed; those beyond what is loaded are found later.</summary>
    public void OnCommitted(IReadOnlyList<Reminder> reminders)
    {
        foreach (Reminder reminder in reminders)
        {
            bool near;
            lock (_lock)
            {
                near = reminder.DueAt <= _loadedUntil;
            }

            if (near)
            {
                Set(reminder);
            }
        }
    }

    private async Task LoadAsync()
    {
        try
        {
            DateTimeOffset now = services.Time.GetUtcNow();
            DateTimeOffset until = now + Horizon;
            DateTimeOffset from;
            lock (_lock)
            {
                if (_stopped)
                {
                    return;
                }

                from = _loadedUntil;
                // From now on commits up to the new horizon are announced; what was committed before is in the pages below.
                _loadedUntil = until;
            }

            if (from != DateTimeOffset.MinValue)
            {
                // Due within what was loaded, but set by a silo that is not there any more to ring them.
                Reminder longAgo = new(default, 0, "", now - Overdue);
                foreach (Reminder late in await services.Store.FindRemindersAsync(now, longAgo, Page, CancellationToken.None).ConfigureAwait(false))
                {
                    Set(late);
                }
            }

            // The pages before ended below this time, or after a certain reminder of it: none of it may be skipped.
            Reminder? last = _loadAfter ?? (from == DateTimeOffset.MinValue ? null : new Reminder(default, 0, "", from));
            _loadAfter = null;
            for (int kept = 0; kept < KeptMax; kept += Page)
            {
                IReadOnlyList<Reminder> page = await services.Store.FindRemindersAsync(until, last, Page, CancellationToken.None).ConfigureAwait(false);
                foreach (Reminder reminder in page)
                {
                    Set(reminder);
                }

                if (page.Count < Page)
                {
                    Again(Every);
                    return;
                }

                last = page[^1];
            }

            lock (_lock)
            {
                _loadedUntil = last!.Value.DueAt;
                _loadAfter = last;
            }

            Again(TimeSpan.FromSeconds(1));
        }
#pragma warning disable CA1031 // The store did not answer: load again, from where it was.
        catch (Exception e)
#pragma warning restore CA1031
        {
            services.Log.StoreReadRetried(e.Message);
            lock (_lock)
            {
                _loadedUntil = DateTimeOffset.MinValue;
                _loadAfter = null;
            }

            Again(TimeSpan.FromSeconds(1));
        }
    }

    private void Again(TimeSpan after)
    {
        lock (_lock)
        {
            if (!_stopped)
            {
                services.Alarms.Set(services.Time.GetUtcNow() + after, static self => _ = ((ReminderFeed)self!).LoadAsync(), this);
            }
        }
    }

    private void Set(Reminder reminder) =>
        services.Alarms.Set(reminder.DueAt, static state => ((Due)state!).Ring(), new Due(this, reminder.Run));

    private sealed record Due(ReminderFeed Feed, RunId Run)
    {
        public void Ring()
        {
            lock (Feed._lock)
            {
                if (Feed._stopped)
                {
                    return;
                }
            }

            Feed.Wake(Run);
        }
    }

    private void Wake(RunId run) => wake(run);
}
