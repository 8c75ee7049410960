using Actors.Storage;

namespace Actors.Sqlite;

public sealed partial class SqliteStore
{
    public ValueTask<IReadOnlyList<CommitOutcome>> CommitAsync(IReadOnlyList<Transition> batch, CancellationToken cancellationToken)
    {
        StoreRules.Check(batch);
        return batch.Count == 0
            ? new ValueTask<IReadOnlyList<CommitOutcome>>([])
            : WriteAsync(batch, static IReadOnlyList<CommitOutcome> (database, batch) => Commit(database, batch), cancellationToken);
    }

    // One writer, one transaction: a gate that is read before it is passed cannot change in between.
    private static CommitOutcome[] Commit(SqliteDatabase database, IReadOnlyList<Transition> batch)
    {
        RequireAlive(database, batch[0].Silo);
        CommitOutcome[] outcomes = new CommitOutcome[batch.Count];
        for (int i = 0; i < outcomes.Length; i++)
        {
            Transition transition = batch[i];
            CommitOutcome? answer = Refusal(database, transition) ?? (transition.Start is { } start ? Start(database, transition, start) : null);
            if (answer is null)
            {
                Apply(database, transition);
            }

            outcomes[i] = answer ?? CommitOutcome.Committed;
        }

        return outcomes;
    }

    // The answer to a transition that was committed before, or that must not be; null when the gate and the expectations hold.
    private static CommitOutcome? Refusal(SqliteDatabase database, Transition transition)
    {
        if (transition.Start is null)
        {
            if (transition.Entries.Count == 0 && RowOnlyRefusal(database, transition) is { } refusal)
            {
                return refusal;
            }

            long last = RowReader.First(database[Statements.LastSeq].Bind(1, transition.RunNo), static row => row.Long(0));
            if (last != transition.ExpectedSeq)
            {
                return last > transition.ExpectedSeq && transition.Entries.Count > 0 && IsOwnAt(database, transition, transition.ExpectedSeq + 1)
                    ? CommitOutcome.Committed
                    : Conflict(last == 0 ? "There is no such run." : $"The run's last entry is {last}, not {transition.ExpectedSeq}.");
            }
        }
        else if (IsOwnAt(database, transition, 1))
        {
            return CommitOutcome.Committed;
        }

        foreach (HumanTaskClosing closing in transition.HumanTasksClosed)
        {
            var status = (HumanTaskStatus)RowReader.First(database[Statements.HumanTaskStatusOf].Bind(1, closing.Id.Value), static row => row.Int(0));
            if (status != HumanTaskStatus.Open)
            {
                return Conflict(status == 0 ? $"There is no human task {closing.Id}." : $"The human task {closing.Id} is not open: it is {status}.");
            }
        }

        return null;
    }

    private static CommitOutcome? RowOnlyRefusal(SqliteDatabase database, Transition transition)
    {
        SqliteStatement find = database[Statements.RowChange].Bind(1, transition.RunNo).Bind(2, transition.Run.Value);
        (bool exists, long? owner, long? change) = RowReader.First(find, static row => (true, row.LongOrNull(0), row.LongOrNull(1)));
        if (exists && change == transition.Id)
        {
            return CommitOutcome.Committed;
        }

        return exists && owner == transition.Silo
            ? null
            : Conflict(exists ? $"The run is not owned by the silo {transition.Silo}." : "There is no such run.");
    }

    private static bool IsOwnAt(SqliteDatabase database, Transition transition, long seq) =>
        RowReader.First(database[Statements.TransitionAt].Bind(1, transition.RunNo).Bind(2, seq), static row => row.LongOrNull(0)) == transition.Id;

    // Null when the row was inserted. Otherwise somebody has its id, its key or its number.
    private static CommitOutcome? Start(SqliteDatabase database, Transition transition, RunRow start)
    {
        if (InsertRun(database, start))
        {
            return null;
        }

        RunRow? existing = RowReader.First(database[Statements.RunById].Bind(1, start.Id.Value), RowReader.Run);
        if (existing is null && start.IdempotencyKey is { } key)
        {
            existing = RowReader.First(database[Statements.RunByKey].Bind(1, start.Tenant).Bind(2, key), RowReader.Run);
        }

        return existing is null
            ? Conflict($"The run number {transition.RunNo} is taken by another run.")
            : new CommitOutcome(CommitStatus.Exists, existing);
    }

    private static CommitOutcome Conflict(string reason) => new(CommitStatus.Conflict, Reason: reason);

    private static bool InsertRun(SqliteDatabase database, RunRow row)
    {
        SqliteStatement insert = database[Statements.InsertRun];
        RowReader.BindRun(insert, row);
        if (insert.Run() == 0)
        {
            return false;
        }

        foreach ((string name, string value) in row.Metadata ?? NoLabels)
        {
            database[Statements.InsertLabel].Bind(1, row.Tenant).Bind(2, name).Bind(3, value).Bind(4, row.No).Run();
        }

        return true;
    }
}
