using Actors.Storage;

namespace Actors.Cli.Storage;

/// <summary>What each kind of broken row means, and what an operator does about it.</summary>
internal static class Findings
{
    private const string Damage = "Rows were changed or lost outside of Actors, or this is a bug of it. Restore a backup beside it and compare the run; report it if nobody touched the tables.";

    public static (string Means, string Do) Explain(BrokenKind kind) => kind switch
    {
        BrokenKind.NoJournal => ("The run has lost everything it did; it can neither go on nor be shown.", Damage),
        BrokenKind.JournalWithoutRun => ("Entries are left of a run that is gone. They take space and do nothing.", "If runs were deleted by hand, delete their journal rows, too. " + Damage),
        BrokenKind.JournalGap => ("An outcome is missing: the run would do a finished step again.", "Cancel or park the run before it goes on. " + Damage),
        BrokenKind.FinalEntries => ("The run's row says that it has ended, its journal does not say so exactly once.", Damage),
        BrokenKind.FinalEntryNotLast => ("Something was written to the run after it had ended.", Damage),
        BrokenKind.LiveWithFinalEntry => ("The run has ended, but lists show it as live, and silos will take it into memory again.", Damage),
        BrokenKind.StatusDiffers => ("Lists show another end than the one that happened; the journal is right.", Damage),
        BrokenKind.ParkedDiffers => ("The run stands still, but lists do not show it as parked, so nobody looks after it.", "Resume it with 'actors runs resume'. " + Damage),
        BrokenKind.NothingWakes => ("The run waits for ever.", "Resume it with 'actors runs resume', or cancel it; then report it, since this must not happen."),
        BrokenKind.OwnerNotAlive => (
            "The silo that had the run in memory is gone, and no other has gone on with it.",
            "See that a silo runs, and that one has the run's flow in the run's version ('actors runs show' says what is missing). A silo that runs takes it over within seconds."),
        BrokenKind.Reminder => ("An alarm is left of a run that needs none any more. Firing it does nothing.", "It is harmless. " + Damage),
        BrokenKind.Message => ("A message is left for a run that cannot read it any more.", "Who sent it was told that it was accepted, so look at what it says. " + Damage),
        BrokenKind.OpenHumanTask => ("People are asked something whose answer changes nothing any more.", "Tell them not to answer. " + Damage),
        BrokenKind.HumanTaskWithoutRun => ("What people decided is left of a run that is gone.", "If runs were deleted by hand, delete their human tasks, too. " + Damage),
        BrokenKind.ParentDoesNotKnow => ("The child's end will reach nobody.", Damage),
        BrokenKind.ChildMissing => ("The parent waits for the end of a run that is not there.", "Cancel the parent. " + Damage),
        _ => ("It breaks a promise.", Damage),
    };
}
