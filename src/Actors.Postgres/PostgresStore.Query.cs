using System.Globalization;
using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

public sealed partial class PostgresStore
{
    private readonly Gathered<(string Tenant, string Key), RunRow> _runs;
    private readonly Gathered<(string Tenant, string Key), RunRow> _runsByKey;
    private readonly Gathered<(string Tenant, string Key), Kept<JournalEntry>> _lastEntries;
    private readonly Gathered<(string Tenant, string Key), HumanTaskRow> _humanTasks;

    public ValueTask<RunRow?> GetRunAsync(string tenant, RunId id, CancellationToken cancellationToken) =>
        new(_runs.GetAsync((tenant, id.Value), cancellationToken));

    public ValueTask<RunRow?> GetRunByIdempotencyKeyAsync(string tenant, string key, CancellationToken cancellationToken) =>
        new(_runsByKey.GetAsync((tenant, key), cancellationToken));

    public async ValueTask<IReadOnlyList<JournalEntry>> ReadJournalAsync(
        string tenant, RunId id, long afterSeq, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return await ReadAsync(
            Command(Statements.ReadJournal, Columns.Of(id.Value), Columns.Of(tenant), Columns.Of(afterSeq), Columns.Of((long)limit)),
            RowReader.Entry, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<JournalEntry?> ReadLastEntryAsync(string tenant, RunId id, CancellationToken cancellationToken) =>
        (await _lastEntries.GetAsync((tenant, id.Value), cancellationToken).ConfigureAwait(false))?.Value;

    public async ValueTask<int> CountMessagesAsync(long runNo, int max, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        List<int> counted = await ReadAsync(
            Command(Statements.CountMessages, Columns.Of(runNo), Columns.Of((long)max)), static row => (int)row.GetInt64(0), cancellationToken).ConfigureAwait(false);
        return counted[0];
    }

    public ValueTask<HumanTaskRow?> GetHumanTaskAsync(string tenant, HumanTaskId id, CancellationToken cancellationToken) =>
        new(_humanTasks.GetAsync((tenant, id.Value), cancellationToken));

    public async ValueTask<IReadOnlyList<HumanTaskRow>> ListHumanTasksAsync(HumanTaskQuery query, CancellationToken cancellationToken)
    {
        StoreRules.Check(query);
        Conditions conditions = new();
        conditions.Add("tenant = ", Columns.Of(query.Tenant));
        if (query.Status is { } status)
        {
            // As a literal: only then does the planner take the index of the open ones.
            conditions.Add($"status = {((int)status).ToString(CultureInfo.InvariantCulture)}");
        }

        conditions.AddIf(query.Run is not null, "run_no = (SELECT no FROM runs WHERE id = ", () => Columns.Of(query.Run!.Value.Value), ")");
        conditions.AddIf(query.Candidate is not null, "(candidates = '[]' OR candidates ? ", () => Columns.Of(query.Candidate), ")");
        if (query.After is { } after)
        {
            conditions.Add("(created_at, id) > (", Columns.Of(after.CreatedAt), ", ", Columns.Of(after.Id.Value), ")");
        }

        string all = conditions.Of($"SELECT {Statements.HumanTaskColumns} FROM human_tasks");
        NpgsqlBatchCommand list = conditions.Command($"{all} ORDER BY created_at, id LIMIT {conditions.Bind(Columns.Of((long)query.Limit))}");
        return await ListAsync(list, RowReader.HumanTask, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Dictionary<(string Tenant, string Key), T>> LookUpAsync<T>(
        string sql, int columns, IReadOnlyList<(string Tenant, string Key)> keys, Func<NpgsqlDataReader, T> read)
    {
        string[] tenants = new string[keys.Count];
        string[] values = new string[keys.Count];
        for (int i = 0; i < keys.Count; i++)
        {
            (tenants[i], values[i]) = keys[i];
        }

        List<(int Place, T Row)> rows = await ReadAsync(
            Command(sql, Columns.Of(tenants), Columns.Of(values)), row => ((int)row.GetInt64(columns) - 1, read(row)), CancellationToken.None).ConfigureAwait(false);
        return rows.ToDictionary(row => keys[row.Place], static row => row.Row);
    }

    private sealed record Kept<T>(T Value);
}
