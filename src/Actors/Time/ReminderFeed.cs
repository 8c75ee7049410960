using Actors.Silos;
using Actors.Storage;
using Microsoft.Extensions.Logging;

namespace Actors.Time;

/// <summary>
/// Keeps the reminders of the near future as alarms in memory and wakes the run when one is due. Late ones ring at once, none is skipped: a row stays until its run has recorded the firing.
/// </summary>
/// <param name="find">Reminders before a time and after another one, in order: all of them, or this silo's share.</param>
internal sealed class ReminderFeed(
    EngineServices services, Func<DateTimeOffset, Reminder?, int, CancellationToken, ValueTask<IReadOnlyList<Reminder>>> find, Action<RunId> wake)
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

    // Each reload begins another; loads and alarms of an earlier one end without a trace.
    private int _generation;

    public void Start() => _ = LoadAsync(0);

    /// <summary>The share is another one now: everything that is due in it is loaded anew. What was loaded before may ring as well, which only wakes.</summary>
    public void Reload()
    {
        lock (_lock)
        {
            (_loadedUntil, _loadAfter) = (DateTimeOffset.MinValue, null);
            _generation++;
        }

        Again(TimeSpan.Zero);
    }

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

    private async Task LoadAsync(int generation)
    {
        try
        {
            DateTimeOffset now = services.Time.GetUtcNow();
            DateTimeOffset until = now + Horizon;
            DateTimeOffset from;
            lock (_lock)
            {
                if (_stopped || generation != _generation)
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
                foreach (Reminder late in await find(now, longAgo, Page, CancellationToken.None).ConfigureAwait(false))
                {
                    Set(late);
                }
            }

            // The pages before ended below this time, or after a certain reminder of it: none of it may be skipped.
            Reminder? last;
            lock (_lock)
            {
                last = _loadAfter ?? (from == DateTimeOffset.MinValue ? null : new Reminder(default, 0, "", from));
                _loadAfter = null;
            }

            for (int kept = 0; kept < KeptMax; kept += Page)
            {
                IReadOnlyList<Reminder> page = await find(until, last, Page, CancellationToken.None).ConfigureAwait(false);
                foreach (Reminder reminder in page)
                {
                    Set(reminder);
                }

                if (page.Count < Page)
                {
                    Again(Every, generation);
                    return;
                }

                last = page[^1];
            }

            lock (_lock)
            {
                if (generation != _generation)
                {
                    return;
                }

                _loadedUntil = last!.Value.DueAt;
                _loadAfter = last;
            }

            Again(TimeSpan.FromSeconds(1), generation);
        }
#pragma warning disable CA1031 // The store did not answer: load again, from where it was.
        catch (Exception e)
#pragma warning restore CA1031
        {
            services.Log.StoreReadRetried(e.Message);
            lock (_lock)
            {
                if (generation != _generation)
                {
                    return;
                }

                (_loadedUntil, _loadAfter) = (DateTimeOffset.MinValue, null);
            }

            Again(TimeSpan.FromSeconds(1), generation);
        }
    }

    private void Again(TimeSpan after, int? generation = null)
    {
        lock (_lock)
        {
            if (!_stopped && (generation ?? _generation) == _generation)
            {
                services.Alarms.Set(services.Time.GetUtcNow() + after, static state => ((NextLoad)state!).Begin(), new NextLoad(this, _generation));
            }
        }
    }

    private void Set(Reminder reminder) =>
        services.Alarms.Set(reminder.DueAt, static state => ((Due)state!).Ring(), new Due(this, reminder.Run));

    private sealed record NextLoad(ReminderFeed Feed, int Generation)
    {
        public void Begin() => _ = Feed.LoadAsync(Generation);
    }

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
