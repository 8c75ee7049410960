namespace Actors.Storage;

/// <summary>A store whose rows lie outside the process and can be proven sound while silos work on them: what <c>actors doctor</c> asks.</summary>
public interface ICheckedStore : IStore
{
    /// <summary>
    /// Looks at everything, a range of runs at a time, each in one consistent view. It locks nothing, keeps at most <see cref="BrokenRows.Max"/> findings, and takes the memory of one range.
    /// </summary>
    /// <param name="limit">Stops after so long, at the latest in the middle of a range. Null: goes to the end.</param>
    /// <exception cref="StoreException">It cannot be read.</exception>
    ValueTask<DatabaseCheck> CheckAsync(TimeSpan? limit, CancellationToken cancellationToken);
}

/// <summary>What a look at everything came to.</summary>
public sealed record DatabaseCheck
{
    /// <summary>How many runs are looked at in one consistent view.</summary>
    public const int RangeRuns = 10_000;

    /// <summary>How long a life must be over before a run that it still holds is broken: whoever could have taken it over has done so in a few seconds.</summary>
    public static readonly TimeSpan TakeOverLimit = TimeSpan.FromMinutes(1);

    /// <summary>At most <see cref="BrokenRows.Max"/>.</summary>
    public IReadOnlyList<BrokenRow> Broken { get; init; } = [];

    /// <summary>False: it stopped at the limit of time or of findings, and what comes behind is not known.</summary>
    public bool IsComplete { get; init; }

    public long Runs { get; init; }
    public long LiveRuns { get; init; }
    public long Reminders { get; init; }
    public long Messages { get; init; }
    public long HumanTasks { get; init; }

    /// <summary>This and what the next range came to.</summary>
    public DatabaseCheck Plus(DatabaseCheck range)
    {
        ArgumentNullException.ThrowIfNull(range);
        return new DatabaseCheck
        {
            Broken = [.. Broken, .. range.Broken],
            Runs = Runs + range.Runs,
            LiveRuns = LiveRuns + range.LiveRuns,
            Reminders = Reminders + range.Reminders,
            Messages = Messages + range.Messages,
            HumanTasks = HumanTasks + range.HumanTasks,
        };
    }
}

/// <summary>A row that breaks a promise.</summary>
/// <param name="Says">One of the sentences of <see cref="BrokenRows"/>.</param>
public sealed record BrokenRow(BrokenKind Kind, string Says);

/// <summary>What can be wrong with rows. The names are those of the queries.</summary>
public enum BrokenKind
{
    NoJournal,
    JournalWithoutRun,
    JournalGap,
    FinalEntries,
    FinalEntryNotLast,
    LiveWithFinalEntry,
    StatusDiffers,
    ParkedDiffers,
    NothingWakes,
    OwnerNotAlive,
    Reminder,
    Message,
    OpenHumanTask,
    HumanTaskWithoutRun,
    ParentDoesNotKnow,
    ChildMissing,
}
