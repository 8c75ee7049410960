using System.Globalization;
using System.Text;
using Actors.Storage;
using Npgsql;

namespace Actors.Postgres;

// Pages of runs. The callers choose the conditions, so each list is planned for its own values: the sessions that lists run in keep no plans, and forbid the planner nothing.
public sealed partial class PostgresStore
{
    private static readonly RunStatus[] AllStatuses = Enum.GetValues<RunStatus>();

    public async ValueTask<IReadOnlyList<RunRow>> ListRunsAsync(RunQuery query, CancellationToken cancellationToken)
    {
        StoreRules.Check(query);
        Conditions conditions = new();
        string[] branches = query switch
        {
            { Metadata.Count: > 0 } => [ByLabels(conditions, query)],

            // The indexes have the numbers in order behind a tenant, a flow and one status; so a page of several statuses is the first of some pages of one.
            { Parent: null } when query.Flow is not null || query.Statuses.Count > 0 =>
                [.. (query.Statuses.Count == 0 ? AllStatuses : query.Statuses.Distinct()).Select(status => Plain(conditions, query, [status]))],
            _ => [Plain(conditions, query, query.Statuses)],
        };
        string limit = conditions.Bind(Columns.Of((long)query.Limit));
        string each = string.Join(" UNION ALL ", branches.Select(branch => $"({branch} ORDER BY no DESC LIMIT {limit})"));
        NpgsqlBatchCommand list = conditions.Command(branches.Length == 1 ? each : $"SELECT * FROM ({each}) AS found ORDER BY no DESC LIMIT {limit}");
        return await ListAsync(list, RowReader.Run, cancellationToken).ConfigureAwait(false);
    }

    private ValueTask<List<T>> ListAsync<T>(NpgsqlBatchCommand command, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken) =>
        RunAsync(_lists, (command, read), static (connection, ask, cancellationToken) => AllAsync(connection, ask.command, ask.read, cancellationToken), cancellationToken);

    private static string Plain(Conditions conditions, RunQuery query, IReadOnlyCollection<RunStatus> statuses)
    {
        conditions.Begin();
        Add(conditions, query, statuses);
        return conditions.Of($"SELECT {Statements.RunColumns} FROM runs r");
    }

    // The label with the fewest runs leads, as far as the statistics know; the others are looked up for each of its runs.
    private static string ByLabels(Conditions conditions, RunQuery query)
    {
        conditions.Begin();
        StringBuilder from = new("runs r");
        int count = 0;
        foreach ((string name, string value) in query.Metadata!)
        {
            string label = string.Create(CultureInfo.InvariantCulture, $"l{++count}");
            from.Append(CultureInfo.InvariantCulture, $" JOIN run_labels {label} ON {label}.run_no = r.no");
            conditions.Add($"{label}.tenant = ", Columns.Of(query.Tenant), $" AND {label}.name = ", Columns.Of(name), $" AND {label}.value = ", Columns.Of(value));
            conditions.AddIf(query.BeforeNo is not null, $"{label}.run_no < ", () => Columns.Of(query.BeforeNo!.Value));
        }

        Add(conditions, query, query.Statuses);
        string columns = string.Join(", ", Statements.RunColumns.Split(',').Select(static column => "r." + column.Trim()));
        return conditions.Of($"SELECT {columns} FROM {from}");
    }

    private static void Add(Conditions conditions, RunQuery query, IReadOnlyCollection<RunStatus> statuses)
    {
        conditions.Add("r.tenant = ", Columns.Of(query.Tenant));
        conditions.AddIf(query.BeforeNo is not null, "r.no < ", () => Columns.Of(query.BeforeNo!.Value));
        conditions.AddIf(query.Flow is not null, "r.flow = ", () => Columns.Of(query.Flow));
        conditions.AddIf(query.Parent is not null, "r.parent_no = (SELECT no FROM runs WHERE id = ", () => Columns.Of(query.Parent!.Value.Value), ")");
        if (statuses.Count > 0)
        {
            // As literals: our own numbers, which the planner knows the shares of.
            IEnumerable<string> numbers = statuses.Select(static status => ((int)status).ToString(CultureInfo.InvariantCulture));
            conditions.Add(statuses.Count == 1 ? $"r.status = {numbers.First()}" : $"r.status IN ({string.Join(", ", numbers)})");
        }
    }

    // The parts of a query that the caller chose. Values are always bound; only our own text becomes SQL.
    private sealed class Conditions
    {
        private readonly StringBuilder _sql = new();
        private readonly List<NpgsqlParameter> _values = [];

        /// <summary>Another branch of the same statement: its conditions are its own, the values are numbered on.</summary>
        public void Begin() => _sql.Clear();

        /// <param name="parts">SQL as text, and values, in their order.</param>
        public void Add(params ReadOnlySpan<object> parts)
        {
            _sql.Append(_sql.Length == 0 ? "" : " AND ");
            foreach (object part in parts)
            {
                _sql.Append(part is NpgsqlParameter value ? Bind(value) : (string)part);
            }
        }

        public void AddIf(bool given, string before, Func<NpgsqlParameter> value, string after = "")
        {
            if (given)
            {
                Add(before, value(), after);
            }
        }

        /// <summary>The value's place in the text.</summary>
        public string Bind(NpgsqlParameter value)
        {
            _values.Add(value);
            return string.Create(CultureInfo.InvariantCulture, $"${_values.Count}");
        }

        public string Of(string select) => $"{select} WHERE {_sql}";

        public NpgsqlBatchCommand Command(string sql) => PostgresStore.Command(sql, [.. _values]);
    }
}
