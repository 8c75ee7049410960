using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

public sealed partial class PostgresStore
{
    public async ValueTask<IReadOnlyList<CommitOutcome>> CommitAsync(IReadOnlyList<Transition> batch, CancellationToken cancellationToken)
    {
        StoreRules.Check(batch);
        cancellationToken.ThrowIfCancellationRequested();
        if (batch.Count == 0)
        {
            return [];
        }

        return await RunAsync(_commits, batch, CommitAsync, cancellationToken).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<CommitOutcome>> CommitAsync(NpgsqlConnection connection, IReadOnlyList<Transition> batch, CancellationToken cancellationToken)
    {
        bool sent = false;
        try
        {
            List<List<Transition>> waves = Waves(batch);
            if (waves.Count == 1)
            {
                // Not to be cancelled from here on: what was sent may be committed.
                NpgsqlBatchCommand[] commands = [.. Fence(batch[0].Silo), .. Locks(batch), .. Gates(batch, all: true), .. Writes(batch), new(Statements.Commit)];
                sent = true;
                if (await PassesAsync(connection, commands).ConfigureAwait(false))
                {
                    CommitOutcome[] outcomes = new CommitOutcome[batch.Count];
                    Array.Fill(outcomes, CommitOutcome.Committed);
                    return outcomes;
                }

                sent = false;
            }

            Dictionary<long, CommitOutcome> careful = [];
            await SendAsync(connection, Fence(batch[0].Silo), CancellationToken.None).ConfigureAwait(false);
            foreach (List<Transition> wave in waves)
            {
                await CommitWaveAsync(connection, wave, careful).ConfigureAwait(false);
            }

            sent = true;
            await SendAsync(connection, [new(Statements.Commit)], CancellationToken.None).ConfigureAwait(false);
            return [.. batch.Select(transition => careful[transition.RunNo])];
        }
        catch (Exception e) when (PostgresErrors.IsOurs(e))
        {
            await RollbackAsync(connection).ConfigureAwait(false);
            throw e is PostgresException told && IsFence(told) ? Fenced(batch[0].Silo, e) : PostgresErrors.From(e, _place, sent);
        }
    }

    // False when a gate did not let all through; then nothing was written.
    private static async Task<bool> PassesAsync(NpgsqlConnection connection, NpgsqlBatchCommand[] commands)
    {
        try
        {
            await SendAsync(connection, commands, CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (PostgresException e) when (
            e.SqlState == PostgresErrors.DivisionByZero && e.BatchCommand?.CommandText is Statements.GateAll or Statements.StartAll or Statements.ChangeRowAll)
        {
            // Nothing was committed, but without a connection there is nobody to ask why.
            return await RollbackAsync(connection).ConfigureAwait(false) ? false : throw new NpgsqlException("The connection was lost.", e);
        }
    }

    // Transitions that close the same human task go one after the other, so that the second sees what the first did.
    private static List<List<Transition>> Waves(IReadOnlyList<Transition> batch)
    {
        List<List<Transition>> waves = [[]];
        List<HashSet<HumanTaskId>> closed = [[]];
        foreach (Transition transition in batch)
        {
            int wave = transition.HumanTasksClosed.Count == 0 ? 0 : closed.FindIndex(tasks => !transition.HumanTasksClosed.Any(closing => tasks.Contains(closing.Id)));
            if (wave < 0)
            {
                wave = waves.Count;
                waves.Add([]);
                closed.Add([]);
            }

            waves[wave].Add(transition);
            closed[wave].UnionWith(transition.HumanTasksClosed.Select(static closing => closing.Id));
        }

        return waves;
    }

    private static async Task CommitWaveAsync(NpgsqlConnection connection, List<Transition> wave, Dictionary<long, CommitOutcome> outcomes)
    {
        NpgsqlBatchCommand[] locks = [.. Locks(wave)];
        if (locks.Length > 0)
        {
            await SendAsync(connection, locks, CancellationToken.None).ConfigureAwait(false);
        }

        HashSet<long> passed = [];
        foreach (NpgsqlBatchCommand gate in Gates(wave, all: false))
        {
            passed.UnionWith(await AllAsync(connection, gate, static row => row.GetInt64(0), CancellationToken.None).ConfigureAwait(false));
        }

        await AnswerRefusedAsync(connection, [.. wave.Where(transition => !passed.Contains(transition.RunNo))], outcomes).ConfigureAwait(false);
        List<Transition> accepted = [.. wave.Where(transition => passed.Contains(transition.RunNo))];
        foreach (Transition transition in accepted)
        {
            outcomes[transition.RunNo] = CommitOutcome.Committed;
        }

        NpgsqlBatchCommand[] writes = [.. Writes(accepted)];
        if (writes.Length > 0)
        {
            await SendAsync(connection, writes, CancellationToken.None).ConfigureAwait(false);
        }
    }

    // Says of each whether it was committed before, or why it must not be.
    private static async Task AnswerRefusedAsync(NpgsqlConnection connection, List<Transition> refused, Dictionary<long, CommitOutcome> outcomes)
    {
        if (refused.Count == 0)
        {
            return;
        }

        NpgsqlBatchCommand ask = Command(
            Statements.Refusals, Columns.Longs(refused, static transition => transition.RunNo), Columns.Longs(refused, static transition => transition.ExpectedSeq + 1));
        Dictionary<long, Stored> stored = (await AllAsync(connection, ask, Stored.Read, CancellationToken.None).ConfigureAwait(false)).ToDictionary(static row => row.RunNo);
        string[] tasks = [.. refused.SelectMany(static transition => transition.HumanTasksClosed).Select(static closing => closing.Id.Value)];
        Dictionary<string, HumanTaskStatus> statuses = tasks.Length == 0
            ? []
            : (await AllAsync(
                connection, Command(Statements.HumanTaskStatuses, Columns.Of(tasks)), static row => (Id: row.GetString(0), Status: (HumanTaskStatus)row.GetInt16(1)), CancellationToken.None)
                .ConfigureAwait(false)).ToDictionary(static row => row.Id, static row => row.Status);
        foreach (Transition transition in refused)
        {
            outcomes[transition.RunNo] = Refusal(transition, stored[transition.RunNo], statuses)
                ?? (transition.Start is { } start ? await ExistsAsync(connection, transition, start).ConfigureAwait(false) : Conflict("Another writer was faster."));
        }
    }

    private static CommitOutcome? Refusal(Transition transition, Stored stored, Dictionary<string, HumanTaskStatus> tasks)
    {
        bool rowOnly = transition.Entries.Count == 0;
        bool exists = stored.Id == transition.Run.Value;
        if (rowOnly ? exists && stored.RowChange == transition.Id : stored.Transition == transition.Id)
        {
            return CommitOutcome.Committed;
        }

        if (rowOnly && (!exists || stored.Owner != transition.Silo))
        {
            return Conflict(exists ? $"The run is not owned by the silo {transition.Silo}." : "There is no such run.");
        }

        if (transition.Start is null && stored.Last != transition.ExpectedSeq)
        {
            return Conflict(stored.Last == 0 ? "There is no such run." : $"The run's last entry is {stored.Last}, not {transition.ExpectedSeq}.");
        }

        foreach (HumanTaskClosing closing in transition.HumanTasksClosed)
        {
            HumanTaskStatus status = tasks.GetValueOrDefault(closing.Id.Value);
            if (status != HumanTaskStatus.Open)
            {
                return Conflict(status == 0 ? $"There is no human task {closing.Id}." : $"The human task {closing.Id} is not open: it is {status}.");
            }
        }

        return null;
    }

    // Somebody has the start's id, its key or its number.
    private static async Task<CommitOutcome> ExistsAsync(NpgsqlConnection connection, Transition transition, RunRow start)
    {
        List<RunRow> existing = await AllAsync(connection, Command(Statements.RunById, Columns.Of(start.Id.Value)), RowReader.Run, CancellationToken.None).ConfigureAwait(false);
        if (existing.Count == 0 && start.IdempotencyKey is { } key)
        {
            existing = await AllAsync(
                connection, Command(Statements.RunByKey, Columns.Of(start.Tenant), Columns.Of(key)), RowReader.Run, CancellationToken.None).ConfigureAwait(false);
        }

        return existing.Count == 0
            ? Conflict($"The run number {transition.RunNo} is taken by another run.")
            : new CommitOutcome(CommitStatus.Exists, existing[0]);
    }

    private static CommitOutcome Conflict(string reason) => new(CommitStatus.Conflict, Reason: reason);

    // What the database has where a refused transition wanted to write.
    private sealed record Stored(long RunNo, long Last, long? Transition, long? Owner, long? RowChange, string? Id)
    {
        public static Stored Read(NpgsqlDataReader row) => new(
            row.GetInt64(0), RowReader.LongOrNull(row, 1) ?? 0, RowReader.LongOrNull(row, 2), RowReader.LongOrNull(row, 3), RowReader.LongOrNull(row, 4), RowReader.TextOrNull(row, 5));
    }
}
