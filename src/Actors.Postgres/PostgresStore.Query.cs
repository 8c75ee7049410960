using System.Globalization;
using System.Text;
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

    public async ValueTask<IReadOnlyList<RunRow>> ListRunsAsync(RunQuery query, CancellationToken cancellationToken)
    {
        StoreRules.Check(query);
        Conditions conditions = new();
        conditions.Add("tenant = ", Columns.Of(query.Tenant));
        conditions.AddIf(query.BeforeNo is not null, "no < ", () => Columns.Of(query.BeforeNo!.Value));
        conditions.AddIf(query.Flow is not null, "flow = ", () => Columns.Of(query.Flow));
        conditions.AddIf(query.Parent is not null, "parent_no = (SELECT no FROM runs WHERE id = ", () => Columns.Of(query.Parent!.Value.Value), ")");
        if (query.Statuses.Count > 0)
        {
            IEnumerable<string> numbers = query.Statuses.Select(status => ((int)status).ToString(CultureInfo.InvariantCulture));
            conditions.Add($"status IN ({string.Join(", ", numbers)})");
        }

        conditions.AddIf(query.Metadata is { Count: > 0 }, "metadata @> ", () => Columns.Of(Columns.ToJson(query.Metadata)), "::jsonb");
        NpgsqlBatchCommand list = conditions.Command($"SELECT {Statements.RunColumns} FROM runs WHERE", "ORDER BY no DESC LIMIT", query.Limit);
        return await ReadAsync(list, RowReader.Run, cancellationToken).ConfigureAwait(false);
    }

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

        NpgsqlBatchCommand list = conditions.Command($"SELECT {Statements.HumanTaskColumns} FROM human_tasks WHERE", "ORDER BY created_at, id LIMIT", query.Limit);
        return await ReadAsync(list, RowReader.HumanTask, cancellationToken).ConfigureAwait(false);
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

    // The parts of a query that the caller chose. Values are always bound; only our own text becomes SQL.
    private sealed class Conditions
    {
        private readonly StringBuilder _sql = new();
        private readonly List<NpgsqlParameter> _values = [];

        /// <param name="parts">SQL as text, and values, in their order.</param>
        public void Add(params ReadOnlySpan<object> parts)
        {
            _sql.Append(_sql.Length == 0 ? " " : " AND ");
            foreach (object part in parts)
            {
                if (part is NpgsqlParameter value)
                {
                    _values.Add(value);
                    _sql.Append(CultureInfo.InvariantCulture, $"${_values.Count}");
                }
                else
                {
                    _sql.Append((string)part);
                }
            }
        }

        public void AddIf(bool given, string before, Func<NpgsqlParameter> value, string after = "")
        {
            if (given)
            {
                Add(before, value(), after);
            }
        }

        public NpgsqlBatchCommand Command(string select, string order, int limit)
        {
            _values.Add(Columns.Of((long)limit));
            return PostgresStore.Command(string.Create(CultureInfo.InvariantCulture, $"{select}{_sql} {order} ${_values.Count}"), [.. _values]);
        }
    }
}
