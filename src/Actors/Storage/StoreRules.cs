namespace Actors.Storage;

/// <summary>
/// What every store checks before it touches a row. A breach is a bug of the caller, so it is an <see cref="ArgumentException"/>, not a
/// <see cref="StoreException"/>: sending the same again can never help.
/// </summary>
public static class StoreRules
{
    /// <summary>
    /// Checks the shape of a batch: one silo, no run twice as the writer, entries numbered from the gate on, rows that belong to the run.
    /// </summary>
    /// <exception cref="ArgumentException">The batch breaks a rule of <see cref="Transition"/>; the message names the run and the rule.</exception>
    public static void Check(IReadOnlyList<Transition> batch)
    {
        HashSet<long>? seen = batch.Count > 1 ? new(batch.Count) : null;
        for (int i = 0; i < batch.Count; i++)
        {
            Transition transition = batch[i];
            if (transition.Silo != batch[0].Silo)
            {
                throw new ArgumentException(
                    $"A batch has transitions of the silos {batch[0].Silo} and {transition.Silo}; one batch is of one silo.", nameof(batch));
            }

            if (seen is not null && !seen.Add(transition.RunNo))
            {
                throw Breach(transition, "occurs twice in one batch");
            }

            Check(transition);
        }
    }

    /// <exception cref="ArgumentOutOfRangeException">The limit is not in range.</exception>
    public static void Check(RunQuery query)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 1, nameof(query));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Limit, RunQuery.LimitMax, nameof(query));
    }

    /// <exception cref="ArgumentOutOfRangeException">The limit is not in range.</exception>
    public static void Check(HumanTaskQuery query)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 1, nameof(query));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Limit, HumanTaskQuery.LimitMax, nameof(query));
    }

    private static void Check(Transition transition)
    {
        IReadOnlyList<JournalEntry> entries = transition.Entries;
        for (int i = 0; i < entries.Count; i++)
        {
            if (entries[i].Seq != transition.ExpectedSeq + 1 + i)
            {
                throw Breach(transition, $"has the entry {entries[i].Seq} where {transition.ExpectedSeq + 1 + i} comes next");
            }
        }

        if (transition.ExpectedSeq < 0 || (transition.ExpectedSeq == 0) != (transition.Start is not null))
        {
            string has = transition.Start is null ? "has no" : "has a";
            throw Breach(transition, $"expects the entry {transition.ExpectedSeq} and {has} start; a start expects 0 and nothing else does");
        }

        if (transition.Start is { } start && (start.Id != transition.Run || start.No != transition.RunNo || entries.Count == 0))
        {
            throw Breach(transition, "starts without a first entry, or with the row of another run");
        }

        if (entries.Count == 0 && HasMoreThanTheRow(transition))
        {
            throw Breach(transition, "has no entries but changes more than the run's row");
        }

        CheckRows(transition);
    }

    private static bool HasMoreThanTheRow(Transition transition) =>
        transition.Children.Count + transition.RemindersSet.Count + transition.RemindersCleared.Count + transition.HumanTasksOpened.Count
        + transition.HumanTasksClosed.Count + transition.Messages.Count + transition.MessagesConsumed.Count > 0;

    private static void CheckRows(Transition transition)
    {
        foreach (Reminder reminder in transition.RemindersSet)
        {
            if (reminder.RunNo != transition.RunNo || reminder.Run != transition.Run)
            {
                throw Breach(transition, $"sets a reminder of the run {reminder.Run}");
            }
        }

        foreach (HumanTaskRow task in transition.HumanTasksOpened)
        {
            if (task.RunNo != transition.RunNo || task.Run != transition.Run || task.Status != HumanTaskStatus.Open)
            {
                throw Breach(transition, $"opens the human task {task.Id}, which is of another run or not open");
            }
        }

        for (int i = 0; i < transition.HumanTasksClosed.Count; i++)
        {
            HumanTaskClosing closing = transition.HumanTasksClosed[i];
            for (int j = 0; j < i; j++)
            {
                if (transition.HumanTasksClosed[j].Id == closing.Id)
                {
                    throw Breach(transition, $"closes the human task {closing.Id} twice");
                }
            }

            if (closing.Status == HumanTaskStatus.Open)
            {
                throw Breach(transition, $"closes the human task {closing.Id} with the status open");
            }
        }

        foreach (ChildStart child in transition.Children)
        {
            if (child.First.Seq != 1)
            {
                throw Breach(transition, $"starts the child {child.Row.Id} with the entry {child.First.Seq}; the first is 1");
            }
        }
    }

    private static ArgumentException Breach(Transition transition, string what) =>
        new($"The transition {transition.Id} of the run {transition.Run} {what}.", "batch");
}
