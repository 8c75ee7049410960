using System.Data.Common;
using System.Text.Json;
using Actors.Flows;
using Actors.Sqlite;

namespace Actors.Tests.Flows;

public sealed class SqlKindTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actors-sql-").FullName;
    private readonly FlowResources _resources = new();

    public async Task InitializeAsync()
    {
        _resources.Connections.AddSqlite().Add("db", "sqlite", new Dictionary<string, object?> { ["database"] = Path.Combine(_folder, "a.db") });
        await RunAsync("""{"connection":"db","execute":"CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE, amount REAL, doc JSON, raw BLOB); CREATE INDEX i ON t (amount)"}""");
    }

    public async Task DisposeAsync()
    {
        await _resources.DisposeAsync();

        // Nothing holds the file any more.
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Values_go_in_as_parameters_and_come_out_as_they_were()
    {
        JsonElement changed = await RunAsync(
            """{"connection":"db","execute":"INSERT INTO t (id, name, amount, doc) VALUES (@id, @name, @amount, @doc)","parameters":{"id":1,"name":"Ann'; DROP TABLE t; --","amount":1.25,"doc":{"a":[1,null]}}}""");
        JsonElement read = await RunAsync("""{"connection":"db","query":"SELECT *, id = $1 AS same, NULL AS none FROM t WHERE name = $2","parameters":[1,"Ann'; DROP TABLE t; --"]}""");

        Assert.Equal("""{"rows_affected":1}""", changed.GetRawText());
        Assert.Equal(1, read.GetProperty("count").GetInt32());
        Assert.Equal(
            """{"id":1,"name":"Ann'; DROP TABLE t; --","amount":1.25,"doc":{"a":[1,null]},"raw":null,"same":1,"none":null}""",
            read.GetProperty("rows")[0].GetRawText());
    }

    [Theory]
    [InlineData("9007199254740993", "9007199254740993", "integer")]
    [InlineData("-1", "-1", "integer")]
    [InlineData("0.1", "0.1", "real")]
    [InlineData("0.0", "0", "real")]
    [InlineData("1e300", "1E+300", "real")]
    [InlineData("true", "1", "integer")]
    [InlineData("null", "null", "null")]
    [InlineData("\"ü\\n\"", "\"ü\\n\"", "text")]
    [InlineData("\"\"", "\"\"", "text")]
    [InlineData("[1]", "\"[1]\"", "text")]
    public async Task Each_kind_of_value_has_its_type(string given, string read, string type)
    {
        JsonElement output = await RunAsync($$$"""{"connection":"db","query":"SELECT @v AS v, typeof(@v) AS t","parameters":{"v":{{{given}}} } }""");

        Assert.Equal((read, type), (output.GetProperty("rows")[0].GetProperty("v").GetRawText(), output.GetProperty("rows")[0].GetProperty("t").GetString()));
    }

    [Theory]
    [InlineData("SELECT x'ff00' AS v", "\"/wA=\"")]
    [InlineData("SELECT 1e999 AS v", "\"Infinity\"")]
    [InlineData("SELECT 'it''s; fine' AS v -- ; really", "\"it's; fine\"")]
    [InlineData("SELECT /* ; */ 1 AS v;", "1")]
    public async Task What_the_database_gives_is_JSON(string query, string value)
    {
        JsonElement output = await RunAsync(JsonSerializer.Serialize(new { connection = "db", query }));

        Assert.Equal(value, output.GetProperty("rows")[0].GetProperty("v").GetRawText());
    }

    [Fact]
    public async Task Too_many_rows_are_an_error_and_what_the_query_has_changed_is_undone()
    {
        const string Insert = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001) INSERT INTO t (id) SELECT i FROM n WHERE true RETURNING id";
        TaskException e = await FailAsync(JsonSerializer.Serialize(new { connection = "db", query = Insert }));

        Assert.Equal(("SqlError", "too_many_rows", false), (e.Type, e.Code, e.Retryable));
        Assert.Contains("more than 1000 rows", e.Message, StringComparison.Ordinal);
        Assert.Equal(0, await CountAsync());
        Assert.Equal(1001, (await RunAsync(JsonSerializer.Serialize(new { connection = "db", query = Insert, max_rows = 1001 }))).GetProperty("count").GetInt32());
        Assert.Equal(1001, await CountAsync());
    }

    [Fact]
    public async Task Rows_that_are_too_large_together_are_an_error() => Assert.Equal(
        "result_too_large",
        (await FailAsync("""{"connection":"db","query":"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT hex(zeroblob(500000)) AS v FROM n"}""")).Code);

    [Fact]
    public async Task A_transaction_is_committed_as_a_whole_or_not_at_all()
    {
        JsonElement output = await RunAsync(
            """{"connection":"db","transaction":[{"execute":"INSERT INTO t (id, name) VALUES ($1, $2)","parameters":[1,"a"]},{"query":"SELECT count(*) AS n FROM t"}]}""");
        Assert.Equal("""{"results":[{"rows_affected":1},{"rows":[{"n":1}],"count":1}],"count":2}""", output.GetRawText());

        TaskException e = await FailAsync(
            """{"connection":"db","transaction":[{"execute":"INSERT INTO t (id, name) VALUES (2, 'b')"},{"execute":"INSERT INTO t (id, name) VALUES (3, @n)","parameters":{"n":"a"}}]}""");
        Assert.Equal(("SqlError", "SQLITE_CONSTRAINT_UNIQUE", false), (e.Type, e.Code, e.Retryable));
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task Several_statements_of_one_text_are_whole_as_well()
    {
        await FailAsync("""{"connection":"db","execute":"INSERT INTO t (id) VALUES (1); INSERT INTO t (id) VALUES (1)"}""");

        Assert.Equal(0, await CountAsync());
    }

    [Theory]
    [InlineData("SELEC 1", "SQLITE_ERROR")]
    [InlineData("SELECT @a + @b", "parameters")]
    [InlineData("SELECT 1 AS a, 2 AS a", "duplicate_column")]
    [InlineData("SELECT * FROM nowhere", "SQLITE_ERROR")]
    public async Task A_wrong_statement_is_told_and_not_tried_again(string query, string code)
    {
        TaskException e = await FailAsync(JsonSerializer.Serialize(new { connection = "db", query, parameters = query.Contains("@a", StringComparison.Ordinal) ? new { a = 1 } : null }));

        Assert.Equal(("SqlError", code, false), (e.Type, e.Code, e.Retryable));
    }

    [Fact]
    public async Task A_database_that_another_one_writes_to_is_worth_another_attempt()
    {
        _resources.Connections.Add("hasty", "sqlite", new Dictionary<string, object?> { ["database"] = Path.Combine(_folder, "a.db"), ["timeout"] = 1 });
        await using DbConnection other = await _resources.Connections.Find("db").Database!.OpenConnectionAsync();
        await using DbTransaction writing = await other.BeginTransactionAsync();

        TaskException e = await FailAsync("""{"connection":"hasty","execute":"INSERT INTO t (id) VALUES (1)"}""");

        Assert.Equal(("SQLITE_BUSY", true), (e.Code, e.Retryable));
    }

    [Fact]
    public async Task Whoever_is_told_to_stop_interrupts_the_database()
    {
        using CancellationTokenSource stop = new();
        Task<JsonElement> endless = Task.Run(() => new KindStepContext(_resources, stop.Token).RunAsync(
            "sql", JsonDocument.Parse("""{"connection":"db","query":"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"}""").RootElement));

        stop.CancelAfter(100);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endless);
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task The_journal_needs_a_transactional_step()
    {
        TaskException e = await FailAsync("""{"connection":"journal","execute":"DELETE FROM t"}""");

        Assert.Equal((ErrorTypes.NotTransactional, false), (e.Type, e.Retryable));
        Func<JsonElement, bool> isTransactional = _resources.Kinds.Find("sql")!.IsTransactional!;
        Assert.True(isTransactional(JsonDocument.Parse("""{"connection":"journal"}""").RootElement));
        Assert.False(isTransactional(JsonDocument.Parse("""{"connection":"db"}""").RootElement));
        Assert.False(isTransactional(JsonDocument.Parse("[]").RootElement));
    }

    [Fact]
    public async Task A_connection_to_something_else_is_refused()
    {
        _resources.Connections.Add("web", "http", new Dictionary<string, object?> { ["base_url"] = "https://a.b" });

        TaskException e = await FailAsync("""{"connection":"web","query":"SELECT 1"}""");

        Assert.Contains("is of type http, and is no database", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"connection":"db","query":"SELECT 1","parameters":"${inputs.p}","max_rows":"${inputs.m}"}""")]
    [InlineData("""{"connection":"db","query":"SELECT @a","parameters":{"a":"${inputs.a}"}}""")]
    [InlineData("""{"connection":"journal","execute":"DELETE FROM t; DELETE FROM u","transactional":true}""")]
    [InlineData("""{"connection":"db","transaction":[{"execute":"DELETE FROM t"}],"transactional":"auto"}""")]
    public void Settings_that_can_be_meant_have_no_faults(string settings) => Assert.Empty(Check(settings));

    [Theory]
    [InlineData("""{"connection":"db","query":"SELECT * FROM t WHERE name = '${inputs.name}'"}""", "/query", "@name")]
    [InlineData("""{"connection":"db","execute":"DELETE FROM {{ inputs.table }}"}""", "/execute", "read as SQL")]
    [InlineData("""{"connection":"db","transaction":[{"execute":"DELETE FROM t"},{"execute":"DELETE FROM ${inputs.table}"}]}""", "/transaction/1/execute", "read as SQL")]
    [InlineData("""{"connection":"${inputs.db}","query":"SELECT 1"}""", "/connection", "stands in the file")]
    [InlineData("\"${inputs.all}\"", "", "must stand in the file")]
    [InlineData("""{"query":"SELECT 1"}""", "", "'connection' is missing")]
    [InlineData("""{"connection":"db"}""", "", "'query' or 'execute' is missing")]
    [InlineData("""{"connection":"db","query":"SELECT 1","execute":"SELECT 1"}""", "", "only one of")]
    [InlineData("""{"connection":"db","query":"SELECT 1; DROP TABLE t"}""", "/query", "several statements")]
    [InlineData("""{"connection":"db","qurey":"SELECT 1","execute":"x"}""", "/qurey", "Did you mean 'query'?")]
    [InlineData("""{"connection":"db","query":"SELECT 1","parameters":3}""", "/parameters", "a mapping")]
    [InlineData("""{"connection":"db","query":"SELECT 1","parameters":{"a b":3}}""", "/parameters", "cannot be a parameter")]
    [InlineData("""{"connection":"db","query":"SELECT 1","max_rows":0}""", "/max_rows", "100000")]
    [InlineData("""{"connection":"db","query":"SELECT 1","transactional":true}""", "/transactional", "journal")]
    [InlineData("""{"connection":"journal","query":"SELECT 1","transactional":false}""", "/transactional", "always")]
    [InlineData("""{"connection":"db","transaction":[]}""", "/transaction", "list of one")]
    [InlineData("""{"connection":"db","transaction":[{"parameters":{}}]}""", "/transaction/0", "either")]
    [InlineData("""{"connection":"db","transaction":[{"execute":"x"}],"parameters":{}}""", "/parameters", "each statement")]
    public void Mistakes_are_found_when_a_flow_is_read(string settings, string pointer, string says)
    {
        InputFault fault = Assert.Single(Check(settings));

        Assert.Equal(pointer, fault.Pointer);
        Assert.Contains(says, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SELECT 1;  -- end", false)]
    [InlineData("SELECT ';' || \";\" || $$;$$ || $a$ ; $$ $a$", false)]
    [InlineData("SELECT $1; SELECT $2", true)]
    [InlineData("SELECT 1; /* */ DELETE FROM t", true)]
    [InlineData("SELECT 'open ; ", false)]
    [InlineData(";;", false)]
    [InlineData("", false)]
    public void Several_statements_are_seen(string sql, bool several) => Assert.Equal(several, SqlText.HasSeveralStatements(sql));

    [Fact]
    public async Task A_batch_is_inserted_and_updated_with_quoted_names()
    {
        await RunAsync("""{"connection":"db","execute":"CREATE TABLE \"odd \"\"one\" (id INTEGER PRIMARY KEY, \"a\"\"b; DROP TABLE t\" TEXT)"}""");
        object[] rows = [.. Enumerable.Range(0, 2500).Select(static i => new Dictionary<string, object?> { ["id"] = i, ["a\"b; DROP TABLE t"] = i == 7 ? null : $"x{i}" })];

        JsonElement inserted = await TaskAsync("sqlite_batch_insert", new { table = "odd \"one", rows, batch_size = 1000 });
        JsonElement updated = await TaskAsync("sqlite_batch_update", new
        {
            table = "odd \"one",
            key = "id",
            rows = (object[])[new Dictionary<string, object?> { ["id"] = 1, ["a\"b; DROP TABLE t"] = "new" }, new Dictionary<string, object?> { ["id"] = 99999, ["a\"b; DROP TABLE t"] = "none" }],
        });

        Assert.Equal("""{"inserted_count":2500,"batches":3,"table":"odd \"one"}""", inserted.GetRawText());
        Assert.Equal("""{"updated_count":1,"batches":1,"table":"odd \"one"}""", updated.GetRawText());
        JsonElement read = await TaskAsync("sqlite_query", new { query = "SELECT \"a\"\"b; DROP TABLE t\" AS v FROM \"odd \"\"one\" WHERE id IN (@a, @b) ORDER BY id", parameters = new { a = 1, b = 7 } });
        Assert.Equal("""{"rows":[{"v":"new"},{"v":null}],"count":2}""", read.GetRawText());
    }

    [Fact]
    public async Task The_other_tasks_give_what_the_kind_gives()
    {
        Assert.Equal("""{"rows_affected":1}""", (await TaskAsync("sqlite_execute", new { query = "INSERT INTO t (id) VALUES ($1)", parameters = (int[])[5] })).GetRawText());
        JsonElement output = await TaskAsync("sqlite_transaction", new { queries = (object[])[new { query = "DELETE FROM t" }, new { query = "SELECT count(*) AS n FROM t" }] });
        Assert.Equal("""{"results":[{"rows_affected":1},{"rows":[{"n":0}],"count":1}],"count":2}""", output.GetRawText());
    }

    [Theory]
    [InlineData("sqlite_batch_insert", """{"table":"t","rows":[{"id":1},{"id":1}]}""", "SQLITE_CONSTRAINT_PRIMARYKEY")]
    [InlineData("sqlite_batch_insert", """{"table":"t","rows":[{"id":1},{"name":"a"}]}""", "other columns")]
    [InlineData("sqlite_batch_insert", """{"table":"t; DROP TABLE t","rows":[{"id":1}]}""", "SQLITE_ERROR")]
    [InlineData("sqlite_batch_insert", """{"table":"t","rows":[{}]}""", "no columns")]
    [InlineData("sqlite_batch_insert", """{"table":"t","rows":[1]}""", "mapping of columns")]
    [InlineData("sqlite_batch_insert", """{"table":"t"}""", "'rows' must be a list")]
    [InlineData("sqlite_batch_update", """{"table":"t","rows":[{"id":1}]}""", "'key' must be")]
    [InlineData("sqlite_batch_update", """{"table":"t","key":"id","rows":[{"name":"a"}]}""", "no value for its key")]
    [InlineData("sqlite_batch_update", """{"table":"t","key":"id","rows":[{"id":1}]}""", "nothing but its key")]
    [InlineData("sqlite_query", """{"query":"SELECT 1; SELECT 2"}""", "several statements")]
    [InlineData("sqlite_query", """{"qurey":"SELECT 1"}""", "Did you mean 'query'?")]
    [InlineData("sqlite_query", "null", "must be a mapping")]
    [InlineData("pg_query", """{"query":"SELECT 1"}""", "must be of type postgres")]
    public async Task Wrong_inputs_of_tasks_are_told_and_change_nothing(string task, string input, string says)
    {
        TaskException e = await Assert.ThrowsAsync<TaskException>(() => TaskAsync(task, JsonDocument.Parse(input).RootElement));

        Assert.Contains(says, $"{e.Code} {e.Message}", StringComparison.Ordinal);
        Assert.False(e.Retryable);
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task A_task_without_a_connection_says_so_and_a_registered_one_goes_before()
    {
        TaskRegistry tasks = new();
        TaskException e = await Assert.ThrowsAsync<TaskException>(() => tasks.Find("pg_query")!.Run(JsonDocument.Parse("""{"query":"SELECT 1"}""").RootElement, new KindStepContext(_resources)));
        Assert.Contains("the step needs 'connection'", e.Message, StringComparison.Ordinal);

        tasks.Add<JsonElement, int>("pg_query", static (_, _) => Task.FromResult(1));
        Assert.Equal(["pg_query"], tasks.Names);
        Assert.Equal(1, (await tasks.Find("pg_query")!.Run(JsonSerializer.SerializeToElement(1), new KindStepContext(_resources))).GetInt32());
        await tasks.Resources.DisposeAsync();
    }

    private async Task<int> CountAsync() => (await RunAsync("""{"connection":"db","query":"SELECT count(*) AS n FROM t"}""")).GetProperty("rows")[0].GetProperty("n").GetInt32();

    private Task<JsonElement> RunAsync(string settings) => new KindStepContext(_resources).RunAsync("sql", JsonDocument.Parse(settings).RootElement);

    private Task<TaskException> FailAsync(string settings) => Assert.ThrowsAsync<TaskException>(() => RunAsync(settings));

    private Task<JsonElement> TaskAsync(string task, object input)
    {
        FlowConnections connections = new(_resources.Connections, new Dictionary<string, Func<JsonElement>>());
        return _resources.SqlTasks.Find(task)!.Run(JsonSerializer.SerializeToElement(input), connections.Attach(new KindStepContext(_resources), "db"));
    }

    private IReadOnlyList<InputFault> Check(string settings) => _resources.Kinds.Find("sql")!.Check!(JsonDocument.Parse(settings).RootElement);
}
