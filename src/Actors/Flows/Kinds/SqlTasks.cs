using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Actors.Flows;

/// <summary>
/// Tasks that work on the step's <c>connection</c>, for flows that are written with tasks in place of the <c>sql</c> kind, as <c>pg_…</c> for PostgreSQL and <c>sqlite_…</c>:
/// <list type="bullet">
/// <item><c>query</c> {query, parameters, max_rows} gives {rows, count};</item>
/// <item><c>execute</c> {query, parameters} gives {rows_affected};</item>
/// <item><c>transaction</c> {queries: [{query, parameters}]} commits them together and gives {results, count};</item>
/// <item><c>batch_insert</c> {table, rows, batch_size} gives {inserted_count, batches, table};</item>
/// <item><c>batch_update</c> {table, key, rows, batch_size} gives {updated_count, batches, table}: each row has the key's columns and those to set.</item>
/// </list>
/// A task of the same name that a host registers goes before. Values are parameters, names of tables and columns are quoted, and a batch is one transaction.
/// </summary>
internal sealed class SqlTasks
{
    private const int RowsMax = 100_000;
    private const int BatchDefault = 1000;
    private const int StatementsMax = 1000;

    private static readonly (string Prefix, string Type)[] Databases = [("pg", "postgres"), ("sqlite", "sqlite")];

    private readonly FlowResources _resources;
    private readonly Dictionary<string, TaskHandler> _tasks = new(StringComparer.Ordinal);

    public SqlTasks(FlowResources resources)
    {
        _resources = resources;
        foreach ((string prefix, string type) in Databases)
        {
            Add($"{prefix}_query", type, "Gives the rows of a query.", QueryAsync);
            Add($"{prefix}_execute", type, "Runs SQL and gives how many rows it has changed.", ExecuteAsync);
            Add($"{prefix}_transaction", type, "Commits several statements together.", TransactAsync);
            Add($"{prefix}_batch_insert", type, "Inserts many rows in one transaction.", InsertAsync);
            Add($"{prefix}_batch_update", type, "Updates many rows in one transaction.", UpdateAsync);
        }
    }

    public IEnumerable<string> Names => _tasks.Keys;

    public TaskHandler? Find(string name) => _tasks.GetValueOrDefault(name);

    private void Add(string name, string type, string description, Func<Call, Task<JsonElement>> run) =>
        _tasks.Add(name, new TaskHandler(name, description, typeof(JsonElement), (input, step) => run(new Call(name, type, input, step))));

    private Task<JsonElement> QueryAsync(Call call)
    {
        SettingsReader read = call.Read("query", "sql", "parameters", "params", "max_rows");
        SqlStatement statement = call.Statement(read, isQuery: true);
        int maxRows = read.Whole("max_rows", 1, SqlCall.RowsMax) ?? SqlCall.RowsDefault;
        call.Require();
        return RunAsync(call, true, true, runner => SqlKind.WriteAsync(runner, [statement], false, maxRows));
    }

    private Task<JsonElement> ExecuteAsync(Call call)
    {
        SettingsReader read = call.Read("query", "sql", "execute", "parameters", "params");
        SqlStatement statement = call.Statement(read, isQuery: false);
        call.Require();
        return RunAsync(call, statement.HasSeveral, false, runner => SqlKind.WriteAsync(runner, [statement], false, 1));
    }

    private Task<JsonElement> TransactAsync(Call call)
    {
        SettingsReader read = call.Read("queries", "statements", "operations");
        JsonElement list = read.Find("queries") ?? read.Find("statements") ?? read.Find("operations") ?? default;
        List<SqlStatement> statements = [];
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > StatementsMax)
        {
            read.Fault(string.Create(CultureInfo.InvariantCulture, $"'queries' must be a list of one to {StatementsMax} statements, each a mapping with 'query' and 'parameters'"));
        }
        else
        {
            foreach (JsonElement item in list.EnumerateArray())
            {
                SettingsReader one = call.ReadItem(item, "query", "sql", "execute", "parameters", "params");
                statements.Add(call.Statement(one, isQuery: GivesRows(item)));
            }
        }

        call.Require();
        return RunAsync(call, true, false, runner => SqlKind.WriteAsync(runner, statements, true, SqlCall.RowsDefault));
    }

    private Task<JsonElement> InsertAsync(Call call)
    {
        SettingsReader read = call.Read("table", "rows", "records", "data", "batch_size");
        string table = read.RequiredText("table") ?? "";
        List<JsonElement> rows = Rows(call, read);
        int size = read.Whole("batch_size", 1, RowsMax) ?? BatchDefault;
        call.Require();
        return RunAsync(call, true, false, async runner =>
        {
            int inserted = 0;
            int batches = 0;
            if (rows.Count > 0)
            {
                string[] columns = Columns(call, rows);
                string head = $"INSERT INTO {SqlText.QuoteTable(table)} ({string.Join(", ", columns.Select(SqlText.Quote))}) VALUES ";
                int most = Math.Max(1, Math.Min(size, runner.ParametersMax / columns.Length));
                foreach (JsonElement[] batch in rows.Chunk(most))
                {
                    inserted += await runner.ExecuteAsync(InsertStatement(head, columns, batch)).ConfigureAwait(false);
                    batches++;
                }
            }

            return Result(("inserted_count", inserted), batches, table);
        });
    }

    private Task<JsonElement> UpdateAsync(Call call)
    {
        SettingsReader read = call.Read("table", "key", "keys", "key_columns", "rows", "records", "data", "updates", "batch_size");
        string table = read.RequiredText("table") ?? "";
        List<string> keys = Keys(read);
        List<JsonElement> rows = Rows(call, read);
        int size = read.Whole("batch_size", 1, RowsMax) ?? BatchDefault;
        call.Require();
        return RunAsync(call, true, false, async runner =>
        {
            int updated = 0;
            foreach (JsonElement row in rows)
            {
                updated += await runner.ExecuteAsync(UpdateStatement(call, table, keys, row)).ConfigureAwait(false);
            }

            return Result(("updated_count", updated), (rows.Count + size - 1) / size, table);
        });
    }

    private async Task<JsonElement> RunAsync(Call call, bool inTransaction, bool toRead, Func<SqlRunner, Task<JsonElement>> work)
    {
        IStepConnection connection = call.Step.Connection
            ?? throw call.Wrong($"the step needs 'connection': the name of a connection of type {call.Type}");
        return connection.Type == call.Type
            ? await SqlRunner.RunAsync(_resources, connection, call.Step, inTransaction, toRead, work).ConfigureAwait(false)
            : throw call.Wrong($"the connection '{connection.Name}' is of type {connection.Type}, and must be of type {call.Type}");
    }

    private static SqlStatement InsertStatement(string head, string[] columns, JsonElement[] batch)
    {
        StringBuilder text = new(head);
        Dictionary<string, JsonElement> values = [];
        for (int row = 0; row < batch.Length; row++)
        {
            text.Append(row == 0 ? "(" : ", (");
            for (int column = 0; column < columns.Length; column++)
            {
                string name = string.Create(CultureInfo.InvariantCulture, $"v{values.Count}");
                text.Append(column == 0 ? "@" : ", @").Append(name);
                values.Add(name, batch[row].GetProperty(columns[column]));
            }

            text.Append(')');
        }

        return new SqlStatement(text.ToString(), false, JsonSerializer.SerializeToElement(values, FlowJson.Options));
    }

    private static SqlStatement UpdateStatement(Call call, string table, List<string> keys, JsonElement row)
    {
        List<string> sets = [];
        List<string> wheres = [];
        Dictionary<string, JsonElement> values = [];
        foreach (string key in keys)
        {
            if (!row.TryGetProperty(key, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            {
                throw call.Wrong($"a row has no value for its key '{Text.Shorten(key, 60)}'");
            }

            wheres.Add($"{SqlText.Quote(key)} = @{Add(value)}");
        }

        foreach (JsonProperty column in row.EnumerateObject().Where(column => !keys.Contains(column.Name, StringComparer.Ordinal)))
        {
            sets.Add($"{SqlText.Quote(column.Name)} = @{Add(column.Value)}");
        }

        return sets.Count > 0
            ? new SqlStatement(
                $"UPDATE {SqlText.QuoteTable(table)} SET {string.Join(", ", sets)} WHERE {string.Join(" AND ", wheres)}", false, JsonSerializer.SerializeToElement(values, FlowJson.Options))
            : throw call.Wrong("a row has nothing but its key");

        string Add(JsonElement value)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"v{values.Count}");
            values.Add(name, value);
            return name;
        }
    }

    private static string[] Columns(Call call, List<JsonElement> rows)
    {
        string[] columns = [.. rows[0].EnumerateObject().Select(static column => column.Name).Distinct(StringComparer.Ordinal)];
        if (columns.Length == 0)
        {
            throw call.Wrong("a row has no columns");
        }

        int at = rows.FindIndex(row => row.EnumerateObject().Count() != columns.Length || !Array.TrueForAll(columns, column => row.TryGetProperty(column, out _)));
        return at < 0 ? columns : throw call.Wrong(string.Create(CultureInfo.InvariantCulture, $"row {at} has other columns than the first one. Give all rows the same, with null where there is nothing"));
    }

    private static List<string> Keys(SettingsReader read)
    {
        JsonElement keys = read.Find("key") ?? read.Find("keys") ?? read.Find("key_columns") ?? default;
        JsonElement[] items = keys.ValueKind == JsonValueKind.Array ? [.. keys.EnumerateArray()] : [keys];
        List<string> names = [.. items.Where(static item => item.ValueKind == JsonValueKind.String).Select(static item => item.GetString()!)];
        if (names.Count == 0 || names.Count != items.Length)
        {
            read.Fault("'key' must be the name of the key's column, or a list of names");
        }

        return names;
    }

    private static List<JsonElement> Rows(Call call, SettingsReader read)
    {
        JsonElement rows = read.Find("rows") ?? read.Find("records") ?? read.Find("data") ?? read.Find("updates") ?? default;
        if (rows.ValueKind != JsonValueKind.Array || rows.GetArrayLength() > RowsMax)
        {
            read.Fault(string.Create(CultureInfo.InvariantCulture, $"'rows' must be a list of at most {RowsMax} mappings"));
            return [];
        }

        List<JsonElement> all = [.. rows.EnumerateArray()];
        return all.TrueForAll(static row => row.ValueKind == JsonValueKind.Object) ? all : throw call.Wrong("each of 'rows' must be a mapping of columns to values");
    }

    // What a statement of a list gives is told by its first word; one that is taken for no query gives the number of rows.
    private static bool GivesRows(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object || item.TryGetProperty("execute", out _))
        {
            return false;
        }

        string text = item.EnumerateObject().FirstOrDefault(static p => p.Name is "query" or "sql").Value is { ValueKind: JsonValueKind.String } value ? value.GetString()!.TrimStart() : "";
        return text.StartsWith("SELECT", StringComparison.OrdinalIgnoreCase) || text.StartsWith("WITH", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("VALUES", StringComparison.OrdinalIgnoreCase) || text.Contains("RETURNING", StringComparison.OrdinalIgnoreCase);
    }

    private static JsonElement Result((string Name, int Count) count, int batches, string table) =>
        JsonSerializer.SerializeToElement(new Dictionary<string, object> { [count.Name] = count.Count, ["batches"] = batches, ["table"] = table }, FlowJson.TaskOptions);

    /// <summary>One call of a task, and what is wrong with its input.</summary>
    private sealed class Call(string task, string type, JsonElement input, IStepContext step)
    {
        private readonly List<InputFault> _faults = [];

        public string Type => type;

        public IStepContext Step => step;

        public SettingsReader Read(params string[] known) => ReadItem(input, known);

        public SettingsReader ReadItem(JsonElement item, params string[] known) => new(item, isDraft: false, _faults, "the input", known);

        public SqlStatement Statement(SettingsReader read, bool isQuery)
        {
            string text = read.Word("query") ?? read.Word("sql") ?? read.Word("execute") ?? "";
            if (text.Length == 0)
            {
                read.Fault("'query' is missing");
            }

            if (isQuery && SqlText.HasSeveralStatements(text))
            {
                read.Fault("'query' has several statements, of which only one could give the rows");
            }

            JsonElement parameters = read.Find("parameters") ?? read.Find("params") ?? default;
            if (parameters.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Array or JsonValueKind.Object))
            {
                read.Fault("'parameters' must be a mapping of names to values, or a list");
            }

            return new SqlStatement(text, isQuery, parameters);
        }

        public void Require() => SettingsReader.Require(_faults, task);

        public TaskException Wrong(string message) => new($"{task}: {message}.", "invalid_input") { Type = ErrorTypes.InvalidInput, Retryable = false };
    }
}
