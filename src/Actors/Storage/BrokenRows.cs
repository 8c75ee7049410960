namespace Actors.Storage;

/// <summary>
/// The sentences of <see cref="IStore.CheckInvariantsAsync"/>, in one place so that every store says the same. Each names the row and what is
/// wrong with it; a store returns at most <see cref="Max"/>, since a damage that large needs a backup, not a list.
/// </summary>
public static class BrokenRows
{
    public const int Max = 100;

    public static string NoJournal(string run) => $"Run {run} has no journal.";

    public static string JournalWithoutRun(long runNo) => $"The journal of run number {runNo} has no run.";

    public static string JournalGap(string run, long entries, long last) =>
        $"The journal of run {run} has gaps: it has {entries} entries and the last is number {last}.";

    public static string FinalEntries(string run, long count) => $"Run {run} has ended with {count} final entries; exactly one is right.";

    public static string FinalEntryNotLast(string run) => $"Run {run} has ended, but its final entry is not its last.";

    public static string LiveWithFinalEntry(string run) => $"Run {run} has not ended, but its journal has a final entry.";

    public static string NothingWakes(string run, string? why) =>
        $"Run {run} waits{(string.IsNullOrEmpty(why) ? "" : $" ({why})")}, "
        + "but it has no reminder, open human task, awaited signal, running child or message that could wake it.";

    public static string Reminder(string run, string key) => $"Reminder '{key}' is of run {run}, which has ended or does not exist.";

    public static string OpenHumanTask(string task, string run) => $"Human task {task} is open, but its run {run} has ended or does not exist.";

    public static string Message(string message, string run) => $"Message '{message}' is for run {run}, which has ended or does not exist.";

    public static string ParentDoesNotKnow(string child, string parent, string key) =>
        $"Run {child} is a child of run {parent}, whose journal has no start of a child under '{key}'.";

    public static string ChildMissing(string parent, string key) => $"Run {parent} started a child under '{key}', but no run has it as its parent.";
}
