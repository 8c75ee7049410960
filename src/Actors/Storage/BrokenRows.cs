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

    public static string StatusDiffers(string run, RunStatus status, EntryKind final) => $"Run {run} is {Name(status)} in its row, but its journal ends with {final}.";

    public static string ParkedDiffers(string run, RunStatus status) => $"Run {run} was parked by the last word of its journal, but is {Name(status)} in its row.";

    public static string NothingWakes(string run, string? why) =>
        $"Run {run} waits{(string.IsNullOrEmpty(why) ? "" : $" ({why})")}, "
        + "but it has no reminder, open human task, awaited signal, running child or message that could wake it.";

    public static string OwnerNotAlive(string run, long life) =>
        $"Run {run} is held by the life {life} of a silo, which ended more than a minute ago or never began, and no silo has taken it over.";

    public static string Reminder(string run, string key) => $"Reminder '{key}' is of run {run}, which has ended or does not exist.";

    public static string OpenHumanTask(string task, string run) => $"Human task {task} is open, but its run {run} has ended or does not exist.";

    public static string HumanTaskWithoutRun(string task, string run) => $"Human task {task} is of run {run}, which does not exist.";

    public static string Message(string message, string run) => $"Message '{message}' is for run {run}, which has ended or does not exist.";

    public static string ParentDoesNotKnow(string child, string parent, string key) =>
        $"Run {child} is a child of run {parent}, whose journal has no start of a child under '{key}'.";

    public static string ChildMissing(string parent, string key) => $"Run {parent} started a child under '{key}', but no run has it as its parent.";

    /// <summary>A row of the queries as its sentence.</summary>
    /// <param name="kind">A name of <see cref="BrokenKind"/>; what the other values are depends on it.</param>
    /// <exception cref="InvalidOperationException">The kind has no sentence.</exception>
    public static BrokenRow Of(string kind, string? one, string? two, long? a, long? b, string? three) =>
        Enum.TryParse(kind, out BrokenKind known)
            ? new BrokenRow(known, Says(known, one ?? "", two ?? "", a ?? 0, b ?? 0, three ?? ""))
            : throw new InvalidOperationException($"The query of broken rows gives the kind {kind}, which has no sentence.");

    private static string Says(BrokenKind kind, string one, string two, long a, long b, string three) => kind switch
    {
        BrokenKind.NoJournal => NoJournal(one),
        BrokenKind.JournalWithoutRun => JournalWithoutRun(a),
        BrokenKind.JournalGap => JournalGap(one, a, b),
        BrokenKind.FinalEntries => FinalEntries(one, a),
        BrokenKind.FinalEntryNotLast => FinalEntryNotLast(one),
        BrokenKind.LiveWithFinalEntry => LiveWithFinalEntry(one),
        BrokenKind.StatusDiffers => StatusDiffers(one, (RunStatus)a, (EntryKind)b),
        BrokenKind.ParkedDiffers => ParkedDiffers(one, (RunStatus)a),
        BrokenKind.NothingWakes => NothingWakes(one, two),
        BrokenKind.OwnerNotAlive => OwnerNotAlive(one, a),
        BrokenKind.Reminder => Reminder(one, two),
        BrokenKind.Message => Message(two, one),
        BrokenKind.OpenHumanTask => OpenHumanTask(two, one),
        BrokenKind.HumanTaskWithoutRun => HumanTaskWithoutRun(two, one),
        BrokenKind.ParentDoesNotKnow => ParentDoesNotKnow(one, two, three),
        BrokenKind.ChildMissing => ChildMissing(one, two),
        _ => throw new InvalidOperationException($"{kind} has no sentence."),
    };

    private static string Name(RunStatus status) => status.ToString().ToLowerInvariant();
}
