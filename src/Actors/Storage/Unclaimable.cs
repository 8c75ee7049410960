namespace Actors.Storage;

/// <summary>Why a run that should go on is in no silo's memory although silos are alive: the sentence that its row says.</summary>
public static class Unclaimable
{
    /// <param name="label">The flow's version, as people read it.</param>
    /// <param name="isStored">True when the definition itself is in the database, so that only its tasks can be missing.</param>
    public static string Why(string flow, string label, bool isStored) => isStored
        ? $"No silo has all the tasks that {flow} {label} calls, or its build is older than the run's journal. Start a silo that has them; the run goes on by itself."
        : $"No silo has {flow} {label}. Start a silo with this version of the flow; the run goes on by itself.";
}
