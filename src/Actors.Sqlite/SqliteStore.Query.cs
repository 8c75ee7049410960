using System.Globalization;
using System.Text;
using Actors.Storage;

namespace Actors.Sqlite;

public sealed partial class SqliteStore
{
    public ValueTask<RunRow?> GetRunAsync(string tenant, RunId id, CancellationToken cancellationToken) =>
        ReadAsync((tenant, id), static (database, ask) =>
            RowReader.First(database[Statements.RunOfTenant].Bind(1, ask.id.Value).Bind(2, ask.tenant), RowReader.Run), cancellationToken);

    public ValueTask<RunRow?> GetRunByIdempotencyKeyAsync(string tenant, string key, CancellationToken cancellationToken) =>
        ReadAsync((tenant, key), static (database, ask) =>
            RowReader.First(database[Statements.RunByKey].Bind(1, ask.tenant).Bind(2, ask.key), RowReader.Run), cancellationToken);

    public ValueTask<IReadOnlyList<RunRow>> ListRunsAsync(RunQuery query, CancellationToken cancellationToken)
    {
        StoreRules.Check(query);
        return ReadAsync(query, static IReadOnlyList<RunRow> (database, query) =>
        {
            Conditions conditions = new();
            conditions.Add("tenant = ?", query.Tenant);
            conditions.AddIf(query.BeforeNo is not null, "no < ?", query.BeforeNo);
            conditions.AddIf(query.Flow is not null, "flow = ?", query.Flow);
            conditions.AddIf(query.Parent is not null, "parent_no = (SELECT no FROM runs WHERE id = ?)", query.Parent?.Value);
            if (query.Statuses.Count > 0)
            {
                IEnumerable<string> numbers = query.Statuses.Select(status => ((int)status).ToString(CultureInfo.InvariantCulture));
                conditions.Add($"status IN ({string.Join(", ", numbers)})");
            }

            foreach ((string name, string value) in query.Metadata ?? NoLabels)
            {
                conditions.Add("no IN (SELECT run_no FROM run_labels WHERE tenant = ? AND name = ? AND value = ?)", query.Tenant, name, value);
            }

            using SqliteStatement list = conditions.Prepare(
                database, $"SELECT {Statements.RunColumns} FROM runs WHERE", "ORDER BY no DESC LIMIT ?", query.Limit);
            return RowReader.All(list, RowReader.Run);
        }, cancellationToken);
    }

    public ValueTask<IReadOnlyList<JournalEntry>> ReadJournalAsync(
        string tenant, RunId id, long afterSeq, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return ReadAsync((tenant, id, afterSeq, limit), static IReadOnlyList<JournalEntry> (database, ask) => RowReader.All(
            database[Statements.ReadJournal].Bind(1, ask.id.Value).Bind(2, ask.tenant).Bind(3, ask.afterSeq).Bind(4, ask.limit),
            RowReader.Entry), cancellationToken);
    }

    public ValueTask<JournalEntry?> ReadLastEntryAsync(string tenant, RunId id, CancellationToken cancellationToken) =>
        ReadAsync((tenant, id), static (database, ask) => RowReader.First<JournalEntry?>(
            database[Statements.ReadLastEntry].Bind(1, ask.id.Value).Bind(2, ask.tenant), static row => RowReader.Entry(row)), cancellationToken);

    public ValueTask<int> CountMessagesAsync(long runNo, int max, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        return ReadAsync((runNo, max), static (database, ask) =>
            RowReader.First(database[Statements.CountMessages].Bind(1, ask.runNo).Bind(2, (long)ask.max), static row => row.Int(0)), cancellationToken);
    }

    public ValueTask<HumanTaskRow?> GetHumanTaskAsync(string tenant, HumanTaskId id, CancellationToken cancellationToken) =>
        ReadAsync((tenant, id), static (database, ask) =>
            RowReader.First(database[Statements.HumanTaskOfTenant].Bind(1, ask.id.Value).Bind(2, ask.tenant), RowReader.HumanTask), cancellationToken);

    public ValueTask<IReadOnlyList<HumanTaskRow>> ListHumanTasksAsync(HumanTaskQuery query, CancellationToken cancellationToken)
    {
        StoreRules.Check(query);
        return ReadAsync(query, static IReadOnlyList<HumanTaskRow> (database, query) =>
        {
            Conditions conditions = new();
            conditions.Add("tenant = ?", query.Tenant);
            if (query.Status is { } status)
            {
                // As a literal: only then does the planner take the index of the open ones.
                conditions.Add($"status = {((int)status).ToString(CultureInfo.InvariantCulture)}");
            }

            conditions.AddIf(query.Run is not null, "run_no = (SELECT no FROM runs WHERE id = ?)", query.Run?.Value);
            conditions.AddIf(
                query.Candidate is not null, "(candidates = '[]' OR EXISTS (SELECT 1 FROM json_each(candidates) WHERE value = ?))", query.Candidate);
            if (query.After is { } after)
            {
                conditions.Add("(created_at, id) > (?, ?)", after.CreatedAt.ToUnixTimeMilliseconds(), after.Id.Value);
            }

            using SqliteStatement list = conditions.Prepare(
                database, $"SELECT {Statements.HumanTaskColumns} FROM human_tasks WHERE", "ORDER BY created_at, id LIMIT ?", query.Limit);
            return RowReader.All(list, RowReader.HumanTask);
        }, cancellationToken);
    }

    // The parts of a query that the caller chose. Values are always bound; only our own text becomes SQL.
    private sealed class Conditions
    {
        private readonly StringBuilder _sql = new();
        private readonly List<object?> _values = [];

        public void Add(string condition, params ReadOnlySpan<object?> values)
        {
            _sql.Append(_sql.Length == 0 ? " " : " AND ").Append(condition);
            _values.AddRange(values);
        }

        public void AddIf(bool given, string condition, object? value)
        {
            if (given)
            {
                Add(condition, value);
            }
        }

        public SqliteStatement Prepare(SqliteDatabase database, string select, string order, int limit)
        {
            SqliteStatement statement = database.Prepare($"{select}{_sql} {order}");
            for (int i = 0; i < _values.Count; i++)
            {
                if (_values[i] is string text)
                {
                    statement.Bind(i + 1, text);
                }
                else
                {
                    statement.Bind(i + 1, (long)_values[i]!);
                }
            }

            return statement.Bind(_values.Count + 1, limit);
        }
    }
}
